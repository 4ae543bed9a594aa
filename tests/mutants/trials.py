"""One mutant against the tests that cover it."""

from __future__ import annotations

import re
import shutil
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from .copies import Copy, Run
from .covering import Covering
from .operators import Mutant

BUDGET = 20.0  # seconds of tests, as they took under coverage.py, that are planned for one mutant


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant."""

    killed: bool
    by: str  # the test that failed, or "time" where it ran without end; else why it lives
    seconds: float


@dataclass
class _Trial:
    mutant: Mutant
    tests: list[str]
    run: Run
    log: Path
    begun: float
    change: ExitStack


def tried(
    room: str, mutants: Iterable[Mutant], covering: Covering, copies: list[Copy], logs: Path
) -> Iterator[tuple[Mutant, Verdict]]:
    """Try the mutants, one in each copy at a time, and yield each with its verdict as it comes."""
    waiting, running, free = list(mutants)[::-1], dict[Path, _Trial](), list(copies)
    try:
        while waiting or running:
            while waiting and free:
                mutant = waiting.pop()
                tests = covering.tests_of(mutant, f"tests/{room}", budget=BUDGET)
                if tests:
                    copy = free.pop()
                    running[copy.root] = _begun(mutant, tests, covering, copy, logs)
                else:
                    yield mutant, Verdict(False, "no test runs this line", 0.0)
            time.sleep(0.02)
            for root, trial in list(running.items()):
                if (code := trial.run.poll()) is not None:
                    del running[root]
                    verdict = _verdict(trial, code)
                    trial.change.close()
                    free.append(Copy(root))
                    yield trial.mutant, verdict
    finally:
        for trial in running.values():
            trial.run.stop()
            trial.change.close()


def _begun(mutant: Mutant, tests: list[str], covering: Covering, copy: Copy, logs: Path) -> _Trial:
    change = ExitStack()
    source = (copy.root / mutant.path).read_bytes()
    change.enter_context(copy.changed(mutant.path, mutant.applied(source)))
    scratch = copy.root.with_name(f"{copy.root.name}-scratch")
    change.callback(shutil.rmtree, scratch, ignore_errors=True)
    log = logs / f"{copy.root.name}.log"
    change.callback(log.unlink, missing_ok=True)
    planned = sum(covering.seconds[test] for test in tests)
    arguments = [*tests, "-x", "-q", "-rfE", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:playwright"]
    arguments += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # plugins are loaded before the fork
    arguments += ["--rootdir", str(copy.root), "--basetemp", str(scratch)]
    patience = {"processor": 5 + 1.2 * planned, "wall": 60 + 20 * planned}
    run = copy.start(lambda: _pytest(arguments), log=log, **patience)
    return _Trial(mutant, tests, run, log, time.monotonic(), change)


def _pytest(arguments: list[str]) -> int:
    import pytest

    sys.dont_write_bytecode = True
    return pytest.main(arguments)


def _verdict(trial: _Trial, code: int) -> Verdict:
    seconds = round(time.monotonic() - trial.begun, 1)
    if code == 0:
        return Verdict(False, f"{len(trial.tests)} tests stayed green", seconds)
    if code < 0:
        return Verdict(True, "time", seconds)
    said = trial.log.read_text(errors="replace")
    named = re.findall(r"^(?:FAILED|ERROR) (.*?)(?: - .*)?$", said, re.MULTILINE)
    if code not in (1, 2, 4):  # 4: a module cannot be imported, or a test is not there any more
        raise RuntimeError(f"a trial broke off with {code}: {said[-2000:]}")
    return Verdict(True, named[0] if named else "import", seconds)
