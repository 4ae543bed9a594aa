"""What each test costs: processor seconds of the run and of all processes under it, and wall seconds.

    python -m pytest -p tests.costs --costs costs.csv tests/sipas/kiosk    # one row a test: cpu, wall, test
    python -m tests.costs costs.csv                                        # per folder, and the dearest tests

A test that is the first to use a shared fixture carries its cost, and a test that shares a browser or a server carries
what these did while it ran. The rows "(start)" and "(end)" hold imports and collection, and what is put away.
Alone (`-n 0`) only, for workers of pytest-xdist are one another's neighbours, not children.
"""

from __future__ import annotations

import csv
import os
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

TICKS = os.sysconf("SC_CLK_TCK")


def used() -> float:
    """CPU seconds of this process, its descendants that live, and those they have waited for."""
    times: dict[int, tuple[int, int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                words = Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()
            except OSError:  # it ended meanwhile
                continue
            times[int(name)] = int(words[1]), sum(map(int, words[11:15]))
    children = defaultdict(list)
    for process, (parent, _) in times.items():
        children[parent].append(process)
    total, waiting = 0, [os.getpid()]
    while waiting:
        process = waiting.pop()
        total += times.get(process, (0, 0))[1]
        waiting += children[process]
    return total / TICKS


class Account:
    """Rows of processor and wall seconds, written as tests end."""

    def __init__(self, path: Path) -> None:
        self.file = path.open("w", newline="", encoding="utf-8")
        self.rows = csv.writer(self.file)
        self.rows.writerow(["cpu", "wall", "test"])
        self.cpu, self.wall = 0.0, time.perf_counter()

    def row(self, name: str) -> None:
        """All that was used since the row before is this one's."""
        cpu, wall = used(), time.perf_counter()
        self.rows.writerow([f"{cpu - self.cpu:.2f}", f"{wall - self.wall:.2f}", name])
        self.file.flush()
        self.cpu, self.wall = cpu, wall

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self) -> None:
        self.row("(start)")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        given = yield
        self.row(item.nodeid)
        return given  # type: ignore[return-value]

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        self.row("(end)")
        self.file.close()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--costs", type=Path, help="a CSV file to write each test's processor and wall seconds to")


def pytest_configure(config: pytest.Config) -> None:
    if path := config.getoption("--costs"):
        config.pluginmanager.register(Account(path), "costs")


def told(path: Path, top: int = 40) -> Iterator[str]:
    """The costs of each folder, then the dearest tests."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = [(float(row["cpu"]), float(row["wall"]), row["test"]) for row in csv.DictReader(file)]
    folders: dict[str, list[float]] = defaultdict(lambda: [0, 0.0, 0.0])
    for cpu, wall, test in rows:
        for name in ("(all)", test.partition("::")[0].rpartition("/")[0] or test):
            folders[name] = [folders[name][0] + 1, folders[name][1] + cpu, folders[name][2] + wall]
    yield f"{'tests':>6} {'cpu':>8} {'wall':>8}"
    for name, (tests, cpu, wall) in sorted(folders.items(), key=lambda one: -one[1][1]):
        yield f"{tests:6} {cpu:8.1f} {wall:8.1f}  {name}"
    yield ""
    for cpu, wall, test in sorted(rows, reverse=True)[:top]:
        yield f"{'':6} {cpu:8.2f} {wall:8.2f}  {test}"


if __name__ == "__main__":
    print("\n".join(told(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 40)))
