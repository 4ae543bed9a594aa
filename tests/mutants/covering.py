"""Which test runs which line, and for how long: the tests once under coverage.py, in a copy of the tree.

What is known of a file of tests is kept until it, or anything below the folders that are mutated, changes.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from .copies import Copy
from .operators import Mutant

MARKS = "not long and not browser and not postgres"


@dataclass
class Covering:
    """The tests of each line of each file, and the processor seconds of each test."""

    seconds: dict[str, float] = field(default_factory=dict)
    lines: dict[str, dict[int, list[str]]] = field(default_factory=dict)
    imported: list[str] = field(default_factory=list)  # modules of others that were loaded in the end
    failed: list[str] = field(default_factory=list)

    def tests_of(self, mutant: Mutant, near: str, *, budget: float) -> list[str]:
        """Return the tests that run the mutant's lines, until `budget` seconds are planned.

        The fastest of each file of tests comes first, then the second of each, for tests of one file see much the same.

        Where a constant of a module stands alone, so that no test runs a line around it, those below the folder
        `near` are asked.
        """
        of_file = self.lines.get(mutant.path, {})
        found = {test for line, tests in of_file.items() if mutant.first <= line <= mutant.last for test in tests}
        if not found and mutant.at_import:
            found = {test for test in self.seconds if test.startswith(f"{near}/")}
        chosen, spent = [], 0.0
        for test in self._in_turn(found):
            spent += self.seconds[test] + 0.01
            if chosen and spent > budget:
                break
            chosen.append(test)
        return chosen

    def _in_turn(self, tests: Iterable[str]) -> list[str]:
        taken: Counter[str] = Counter()
        order = []
        for test in sorted(tests, key=lambda test: (self.seconds[test], test)):
            file = test.split("::")[0]
            order.append((taken[file], self.seconds[test], test))
            taken[file] += 1
        return [test for _, _, test in sorted(order)]


class _Recorder:
    """Tells coverage.py which test is running, and writes down what each one cost."""

    def __init__(self, coverage) -> None:
        self.coverage = coverage
        self.seconds: dict[str, float] = {}
        self.failed: set[str] = set()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item) -> Iterator[None]:
        begun = time.process_time()
        self.coverage.switch_context(item.nodeid)
        try:
            return (yield)
        finally:
            self.coverage.switch_context("")
            self.seconds[item.nodeid] = round(time.process_time() - begun, 3)

    def pytest_runtest_logreport(self, report) -> None:
        if not report.passed:
            self.failed.add(report.nodeid)


def learn(copy: Copy, folders: list[str], suites: list[str], kept: Path) -> Covering:
    """Return what the tests below `suites` run of `folders`; asks only those whose file is new since `kept`."""
    sources = _digest(copy.root / name for name in _files(copy.root, folders))
    known = json.loads(kept.read_text()) if kept.exists() else {}
    if known.get("sources") != sources:
        known = {"sources": sources, "files": {}}
    files = {name: _digest([copy.root / name]) for name in _files(copy.root, suites) if _holds_tests(name, folders)}
    new = [name for name, digest in files.items() if known["files"].get(name, {}).get("digest") != digest]
    if new:
        answer = kept.with_suffix(".new")
        answer.unlink(missing_ok=True)
        copy.run(lambda: _record(new, folders, answer), log=kept.with_suffix(".log"))
        if not answer.exists():
            raise SystemExit(f"the tests could not be run under coverage: see {kept.with_suffix('.log')}")
        learnt = json.loads(answer.read_text())
        known["imported"] = sorted({*known.get("imported", []), *learnt["imported"]})
        for name in new:
            known["files"][name] = {"digest": files[name], **learnt["files"].get(name, _NOTHING)}
        kept.write_text(json.dumps(known))
    return _joined(known, files)


_NOTHING: dict = {"seconds": {}, "lines": {}, "failed": []}


def _joined(known: dict, files: Iterable[str]) -> Covering:
    covering = Covering(imported=known.get("imported", []))
    for name in files:
        part = known["files"][name]
        covering.failed += part["failed"]
        covering.seconds |= {test: cost for test, cost in part["seconds"].items() if test not in part["failed"]}
        for path, lines in part["lines"].items():
            of_file = covering.lines.setdefault(path, {})
            for line, tests in lines.items():
                of_file.setdefault(int(line), []).extend(test for test in tests if test not in part["failed"])
    return covering


def _record(files: list[str], folders: list[str], answer: Path) -> None:
    """Run the tests of `files` in this process and write what they ran to `answer`."""
    import coverage

    root = Path.cwd()
    watched = coverage.Coverage(data_file=None, config_file=False, include=[f"{root}/{name}/*" for name in folders])
    recorder = _Recorder(watched)
    watched.start()
    pytest.main([*files, "-q", "-p", "no:cacheprovider", "-m", MARKS, "--rootdir", str(root)], plugins=[recorder])
    watched.stop()
    parts: dict[str, dict] = defaultdict(lambda: {"seconds": {}, "lines": defaultdict(dict), "failed": []})
    for test, cost in recorder.seconds.items():
        parts[test.split("::")[0]]["seconds"][test] = cost
    for test in recorder.failed & recorder.seconds.keys():
        parts[test.split("::")[0]]["failed"].append(test)
    data = watched.get_data()
    for measured in data.measured_files():
        path = Path(measured).relative_to(root).as_posix()
        for line, tests in data.contexts_by_lineno(measured).items():
            for test in tests:
                if test:
                    parts[test.split("::")[0]]["lines"][path].setdefault(line, []).append(test)
    ours = ("analysis", "sipas", "surveys", "tests", "translations", "__main__", "coverage")
    imported = [
        name
        for name, module in sys.modules.items()
        if name.split(".")[0] not in ours and "site-packages" in str(getattr(module, "__file__", ""))
    ]
    answer.write_text(json.dumps({"imported": imported, "files": parts}))


def _files(root: Path, names: Iterable[str]) -> list[str]:
    """Return the Python files at or below `names`, as paths from the root."""
    found = set()
    for name in names:
        found |= {root / name} if (root / name).is_file() else set((root / name).rglob("*.py"))
    return sorted(path.relative_to(root).as_posix() for path in found)


def _holds_tests(name: str, folders: list[str]) -> bool:
    return os.path.basename(name).startswith("test_") or any(name.startswith(f"{one}/") for one in folders)


def _digest(paths: Iterable[Path]) -> str:
    whole = hashlib.sha256()
    for path in paths:
        whole.update(path.read_bytes())
    return whole.hexdigest()
