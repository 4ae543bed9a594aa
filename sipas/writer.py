"""Group commit: the writes that wait while one transaction ends share the next one, and one `fsync`.

A disk takes some milliseconds to promise anything, so one commit for each answer limits an office's server to some
hundred answers a second. One thread of each process collects what waits, lane by lane: deeds of different lanes never
share a transaction, and within one they are shuffled. Whoever asked is told only after the commit.
"""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from sqlalchemy.engine import Connection

from sipas.errors import NotStored

IDLE = 10.0  # seconds without work after which the thread ends; the next write starts another
LARGEST = 64  # deeds in one transaction


class Waiting:
    """A deed in the queue, and what became of it."""

    def __init__(self, deed: Callable[[Connection], Any], lane: str) -> None:
        self.deed, self.lane = deed, lane
        self.done = threading.Event()
        self.result: Any = None
        self.error: BaseException | None = None


class Writer:
    """The one who writes for a process. `turn` is the queue of all, `transaction` a connection that commits."""

    def __init__(
        self,
        turn: Callable[[], AbstractContextManager[None]],
        transaction: Callable[[], AbstractContextManager[Connection]],
    ) -> None:
        self._turn, self._transaction = turn, transaction
        self._fresh()

    def _fresh(self) -> None:
        self._process = os.getpid()
        self._news = threading.Condition()
        self._queue: list[Waiting] = []
        self._thread: threading.Thread | None = None

    def do(self, deed: Callable[[Connection], Any], lane: str, patience: float) -> Any:
        """Runs the deed in a transaction that is durable on return; raises what the deed raised.

        Raises NotStored where it was not done within `patience` seconds. A deed may run twice (where a batch failed,
        each of it is tried alone), so it must be one that can be repeated.
        """
        if self._process != os.getpid():  # a fork takes no threads along
            self._fresh()
        waiting = Waiting(deed, lane)
        with self._news:
            self._queue.append(waiting)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
                self._thread.start()
            self._news.notify()
        if not waiting.done.wait(patience) and not self._withdrawn(waiting) and not waiting.done.wait(patience):
            raise NotStored("busy")  # begun and not ended: in doubt, and settled by the same submission sent again
        if waiting.error is not None:
            raise waiting.error
        return waiting.result

    def _withdrawn(self, waiting: Waiting) -> bool:
        """Takes back a deed that nobody began; False where it is being done."""
        with self._news:
            if waiting not in self._queue:
                return False
            self._queue.remove(waiting)
        waiting.error = NotStored("busy")
        return True

    def _run(self) -> None:
        try:
            while self._has_work():
                try:
                    with self._turn():
                        self._write(self._next())  # collected only now: whoever came while we waited is in it
                except OSError as error:  # the turn itself cannot be had, as on a disk that turned read-only
                    _end(self._next(), error=error)
        finally:
            self._thread = None  # whatever ended us, the next write starts another

    def _has_work(self) -> bool:
        with self._news:
            if not self._queue and not self._news.wait_for(lambda: self._queue, IDLE):
                self._thread = None  # said under the lock, so that no deed waits for a thread that goes
                return False
            return True

    def _next(self) -> list[Waiting]:
        """The deeds of the lane that waits longest, shuffled."""
        with self._news:
            lane = self._queue[0].lane if self._queue else ""
            batch = [one for one in self._queue if one.lane == lane][:LARGEST]
            self._queue = [one for one in self._queue if one not in batch]
        random.SystemRandom().shuffle(batch)
        return batch

    def _write(self, batch: list[Waiting]) -> None:
        try:
            with self._transaction() as connection:
                results = [one.deed(connection) for one in batch]
        except Exception as error:
            if len(batch) == 1:
                _end(batch, error=error)
            else:  # one of them fails, or the disk has no room for all: nobody pays for another
                for one in batch:
                    self._write([one])
        else:
            _end(batch, results)


def _end(batch: list[Waiting], results: list[Any] | None = None, error: Exception | None = None) -> None:
    for number, one in enumerate(batch):
        one.result, one.error = results[number] if results else None, error
        one.done.set()
