"""Workbooks: a million rows of thirty columns, and small files that unpack to much, each in a process of its own.

How long openpyxl takes for such rows, at a twentieth of the length, stands beside ours.
Run as `python -m tests.bench.workbooks FILE` it is the reading process.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

from tests.workbooks import a_workbook, again

COLUMNS = [*(chr(65 + place) for place in range(26)), "AA", "AB", "AC", "AD"]
MEBIBYTES, SECONDS = 600, 10.0
OF_AN_OFFICE, PATIENCE = 100_000, 30.0  # rows of a long workbook, and seconds that somebody waits for them
OPENPYXL = """
import sys, time, openpyxl
start = time.process_time()
for row in openpyxl.load_workbook(sys.argv[1], read_only=True, data_only=True).worksheets[0].iter_rows():
    pass
print(time.process_time() - start)
"""


def rows(count: int) -> Iterator[str]:
    """Codes, words, days and levels, as a half-year of paper forms has them."""
    for row in range(2, count + 2):
        texts = "".join(
            f'<c r="{one}{row}" t="s"><v>{row % (7 + 90 * at)}</v></c>' for at, one in enumerate(COLUMNS[1:5])
        )
        levels = "".join(f'<c r="{one}{row}"><v>{1 + (row * at) % 5}</v></c>' for at, one in enumerate(COLUMNS[5:], 3))
        yield f'<row r="{row}"><c r="A{row}" t="str"><v>p{row:08}</v></c>{texts}{levels}</row>'


def write(path: Path, count: int) -> Path:
    """A workbook of that many rows."""
    header = "".join(f'<c r="{one}1" t="str"><v>h{one}</v></c>' for one in COLUMNS)
    texts = (f"<si><t>Thủ tục hành chính số {number}</t></si>" for number in range(400))
    return a_workbook(path, rows(count), texts, header=f'<row r="1">{header}</row>')


BOMBS: dict[str, dict[str, object]] = {
    "20 million shared texts in 830 kB": {"texts": again("<si><t>x</t></si>", 20_000_000, 10_000)},
    "a text of 400 MB in 390 kB": {"texts": chain(["<si><t>"], again("x" * 1000, 400_000), ["</t></si>"])},
    "160 million empty cells in 680 kB": {"rows": again("<row>" + "<c/>" * 16_000 + "</row>", 10_000, 10)},
    "a million empty rows with a style": {"rows": (f'<row r="{n}" s="1"/>' for n in range(2, 1_048_577))},
    "a million cells far out": {"rows": (f'<row r="{n}"><c r="XFD{n}"><v>1</v></c></row>' for n in range(2, 10**6))},
    "a million formulas without a result": {"rows": (f'<row r="{n}"><c><f>1</f></c></row>' for n in range(2, 10**6))},
}  # fmt: skip


def measured(path: Path) -> dict[str, float]:
    """Reading a file in a process of its own: rows (-1: refused), CPU seconds, peak MiB."""
    run = subprocess.run(
        [sys.executable, "-m", "tests.bench.workbooks", path], check=True, capture_output=True, text=True
    )
    return dict(json.loads(run.stdout))


def main(count: int) -> int:
    """Prints the table; the number of limits that were missed."""
    missed = 0

    def line(what: str, ours: float, other: float, limit: str, met: bool) -> None:
        nonlocal missed
        missed += not met
        print(
            f"{what:66} {ours:>9.2f} {other:>9.2f} {ours / other:>9.2f}  {limit}{'' if met else '  MISSED'}", flush=True
        )

    print(f"\n{'workbooks':66} {'ours':>9} {'other':>9} {'ratio':>9}  limit")
    with tempfile.TemporaryDirectory() as folder:
        found = measured(write(Path(folder) / "office.xlsx", OF_AN_OFFICE))
        what = f"{OF_AN_OFFICE:,} rows of 30 columns: CPU s / {PATIENCE:.0f} s"
        line(what, found["cpu"], PATIENCE, "at most 1", found["cpu"] <= PATIENCE)
        long(Path(folder), count, line)
        for what, made in BOMBS.items():
            found = measured(a_workbook(Path(folder) / "bomb.xlsx", **made))  # type: ignore[arg-type]
            line(f"{what}: CPU s / {SECONDS:.0f} s", found["cpu"], SECONDS, "at most 1", found["cpu"] <= SECONDS)
            met = found["mebibytes"] <= MEBIBYTES
            line(f"{what}: peak MiB / {MEBIBYTES}", found["mebibytes"], MEBIBYTES, "at most 1", met)
    return missed


def long(folder: Path, count: int, line: Callable[..., None]) -> None:
    """The long workbook: memory, and time beside openpyxl's."""
    found = measured(write(folder / "long.xlsx", count))
    met = found["mebibytes"] <= MEBIBYTES and found["rows"] == count
    line(f"{count:,} rows of 30 columns: peak MiB / {MEBIBYTES}", found["mebibytes"], MEBIBYTES, "at most 1", met)
    part = write(folder / "part.xlsx", count // 20)
    run = subprocess.run([sys.executable, "-c", OPENPYXL, part], check=True, capture_output=True, text=True)
    rival = 20 * float(run.stdout)
    line(
        "the same: CPU s / openpyxl, a twentieth of it times 20",
        found["cpu"],
        rival,
        "at most 1",
        found["cpu"] <= rival,
    )


def read(path: Path) -> dict[str, float]:
    """What the reading process says of itself."""
    from sipas.errors import BadFile
    from sipas.tables import read_table

    start = time.process_time()
    try:
        found = read_table(path).rows
    except BadFile:
        found = -1
    return {"rows": found, "cpu": time.process_time() - start, "mebibytes": peak()}


def peak() -> float:
    """The most memory of this very process, in MiB; what `getrusage` says begins with that of its parent."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s*(\d+)", status)[1]) / 1024  # type: ignore[index]


if __name__ == "__main__":
    json.dump(read(Path(sys.argv[1])), sys.stdout)
