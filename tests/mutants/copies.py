"""Copies of the tree in which mutants live; the tree itself is never touched.

A run forks this process, in which the libraries are loaded already but nothing of the project, so that a trial costs
the project's own imports and its tests. Servers and commands that a test starts find the copy, too.
"""

from __future__ import annotations

import os
import resource
import shutil
import signal
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

LEFT_OUT = (".git", ".venv", "build", "dist", ".hypothesis", ".pytest_cache", ".mypy_cache", ".ruff_cache")
MEMORY = 6 << 30  # bytes; a fault may ask for any number of rows
OURS = ("analysis", "sipas", "surveys", "tests", "translations")


@dataclass(frozen=True)
class Run:
    """A forked process that works in a copy."""

    pid: int
    patience: float  # the moment after which it is stopped, by time.monotonic()

    def poll(self) -> int | None:
        """Return its exit code, negative for a signal, or None while it runs; stops it when its time is over."""
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if pid:
            self._end_children()
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > self.patience:
            os.killpg(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            return -signal.SIGKILL
        return None

    def stop(self) -> None:
        """End it and whatever it started."""
        self._end_children()
        with suppress(ChildProcessError):
            os.waitpid(self.pid, 0)

    def _end_children(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)


@dataclass(frozen=True)
class Copy:
    """One copy of the tree."""

    root: Path

    @classmethod
    def of(cls, tree: Path, root: Path) -> Copy:
        """Return a fresh copy at `root`, times included; what was compiled in an earlier one stays good."""
        for path in root.rglob("*"):
            if path.parent.name != "__pycache__" and not path.is_dir():
                path.unlink()
        shutil.copytree(tree, root, ignore=shutil.ignore_patterns(*LEFT_OUT), symlinks=True, dirs_exist_ok=True)
        return cls(root)

    def remove(self) -> None:
        """Take the copy away."""
        shutil.rmtree(self.root, ignore_errors=True)

    @contextmanager
    def changed(self, path: str, text: bytes):
        """Let the file at `path` hold `text` for a while."""
        file = self.root / path
        before, times = file.read_bytes(), file.stat()
        file.write_bytes(text)
        later = times.st_mtime + 86_400  # a compiled file of the same second would pass for this one's
        os.utime(file, (later, later))
        try:
            yield
        finally:
            file.write_bytes(before)
            os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))

    def start(self, deed: Callable[[], object], *, log: Path, processor: float = 3600, wall: float = 7200) -> Run:
        """Begin `deed` in a process of its own within the copy; its exit code is what `deed` returns, or 0."""
        sys.stdout.flush()
        pid = os.fork()
        if pid:
            return Run(pid, time.monotonic() + wall)
        code = 70
        try:
            os.setsid()
            self._enter(log, processor)
            code = int(deed() or 0)  # type: ignore[call-overload]
        except BaseException as error:
            print(repr(error))
        finally:
            sys.stdout.flush()
            os._exit(code)

    def run(self, deed: Callable[[], object], *, log: Path) -> int:
        """Do `deed` in a process of its own and wait for it."""
        run = self.start(deed, log=log)
        while (code := run.poll()) is None:
            time.sleep(0.05)
        return code

    def _enter(self, log: Path, processor: float) -> None:
        with log.open("wb") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        sys.stdout, sys.stderr = (os.fdopen(number, "w", closefd=False) for number in (1, 2))
        os.chdir(self.root)
        here = str(Path(__file__).parents[2])
        sys.path[:] = [str(self.root), *(entry for entry in sys.path if entry not in ("", here, str(self.root)))]
        os.environ["PYTHONPATH"] = str(self.root)
        for name in [name for name in sys.modules if name.split(".")[0] in OURS]:
            del sys.modules[name]
        limit = int(time.process_time() + processor) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
