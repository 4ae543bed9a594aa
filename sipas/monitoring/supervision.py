"""The process that sees to the nights, started beside the server and started again whenever it ends.

Looked after by a timer's signal and not by a thread: the server forks its workers, and a fork beside a thread locks up.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from sipas.logs import EVENTS

TICK = 2.0  # seconds between two looks
STEADY = 60.0  # seconds after which a process that ends counts as one that had worked
LONGEST = 300.0  # seconds between two starts


class Supervised:
    """A process and its next start."""

    def __init__(self, command: Sequence[str], clock: Callable[[], float] = time.monotonic) -> None:
        self._command, self._clock = command, clock
        self._wait, self._due = 0.0, 0.0
        self.process: subprocess.Popen[bytes] | None = None
        self._start()

    def look(self) -> None:
        """Starts it again where it ended: at once, then after two seconds, four, and so on."""
        if self.process is not None:
            ended = self.process.poll()
            if ended is None:
                return
            self.process = None
            now = self._clock()
            self._wait = 0.0 if now - self._started >= STEADY else min(LONGEST, max(TICK, 2 * self._wait))
            self._due = now + self._wait
            EVENTS.error("upkeep ended, it is started again", extra={"facts": {"exit": ended, "after": self._wait}})
        if self._clock() >= self._due:
            self._start()

    def _start(self) -> None:
        self._started = self._clock()
        self.process = None
        try:
            self.process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL)  # noqa: S603 - our own words
        except OSError as error:  # no memory, too many processes: at the next look
            self._wait = min(LONGEST, max(TICK, 2 * self._wait))
            self._due = self._started + self._wait
            EVENTS.error("upkeep could not be started", extra={"facts": {"kind": type(error).__name__}})


@contextmanager
def every_night() -> Iterator[None]:
    """Within this block the nightly upkeep runs beside the server. Only a process's first thread may call this."""
    supervised = Supervised([sys.executable, "-m", "sipas.cli.operator.upkeep", str(os.getpid())])
    before = signal.signal(signal.SIGALRM, lambda _number, _frame: supervised.look())
    signal.setitimer(signal.ITIMER_REAL, TICK, TICK)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
