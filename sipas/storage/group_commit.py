"""Group commit: the writes that wait while one transaction ends share the next one, and one `fsync`.

A disk takes some milliseconds to promise anything, so one commit for each answer limits an office's server to some
hundred answers a second. Where nobody else writes, whoever comes writes at once, in a thread of its own. Else it waits
in a line, and one thread of each process collects those that wait, lane by lane: deeds of different lanes never share a
transaction, and within one they are shuffled. Whoever asked is told only after the commit.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Generic, TypeVar

from sqlalchemy.exc import OperationalError

from sipas.errors import NotStored

C = TypeVar("C")  # what a deed writes with

IDLE = 10.0  # seconds without work after which the thread ends; the next write starts another
LARGEST = 64  # deeds in one transaction
SLOW = 0.25  # seconds of a transaction after which nobody writes in a thread of its own


class Waiting(Generic[C]):
    """A deed in the line, and what became of it."""

    def __init__(self, deed: Callable[[C], Any], lane: str) -> None:
        self.deed, self.lane = deed, lane
        self.done = threading.Event()
        self.result: Any = None
        self.error: BaseException | None = None


class Occupied(Exception):
    """Somebody else writes."""


class Writer(Generic[C]):
    """Who writes for a process. `turn` is the line of all processes, `transaction` commits at its end; both are told
    whether to wait. Where it should not and would have to, `turn` gives False."""

    def __init__(
        self,
        turn: Callable[[bool], AbstractContextManager[bool]],
        transaction: Callable[[bool], AbstractContextManager[C]],
    ) -> None:
        self._turn, self._transaction = turn, transaction
        self._fresh()

    def _fresh(self) -> None:
        self._process = os.getpid()
        self._pen = threading.Lock()  # whoever holds it writes for this process
        self._is_slow = False
        self._news = threading.Condition()
        self._queue: list[Waiting[C]] = []
        self._thread: threading.Thread | None = None

    def do(self, deed: Callable[[C], Any], lane: str, patience: float) -> Any:
        """Runs the deed in a transaction that is durable on return; raises what the deed raised.

        Raises NotStored where it was not done within `patience` seconds. A deed may run twice (where a batch failed,
        each of it is tried alone), so it must be one that can be repeated.
        """
        if self._process != os.getpid():  # a fork takes no threads along
            self._fresh()
        try:
            return self._at_once(deed)
        except Occupied:
            return self._in_line(deed, lane, patience)

    def _at_once(self, deed: Callable[[C], Any]) -> Any:
        """Writes in the thread of whoever asks: the way to another thread and back costs 0.1 ms. Raises Occupied where
        somebody else writes or waits, and where the disk is slow, for only who waits in line can lose patience."""
        if self._queue or self._is_slow or not self._pen.acquire(blocking=False):
            raise Occupied
        try:
            with self._turn(False) as is_ours:
                if not is_ours:
                    raise Occupied
                return self._one(deed)
        finally:
            self._pen.release()

    def _one(self, deed: Callable[[C], Any]) -> Any:
        begun, start = False, time.monotonic()
        try:
            with self._transaction(False) as connection:
                begun = True
                return deed(connection)
        except OperationalError:
            if begun:
                raise
            raise Occupied from None  # another program holds the database; in line it may hold us up for longer
        finally:
            self._is_slow = time.monotonic() - start > SLOW

    def _in_line(self, deed: Callable[[C], Any], lane: str, patience: float) -> Any:
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

    def _withdrawn(self, waiting: Waiting[C]) -> bool:
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
                    with self._pen, self._turn(True):
                        start = time.monotonic()
                        self._write(self._next())  # collected only now: whoever came while we waited is in it
                        self._is_slow = time.monotonic() - start > SLOW
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

    def _next(self) -> list[Waiting[C]]:
        """The deeds of the lane that waits longest, shuffled."""
        with self._news:
            lane = self._queue[0].lane if self._queue else ""
            batch = [one for one in self._queue if one.lane == lane][:LARGEST]
            self._queue = [one for one in self._queue if one not in batch]
        random.SystemRandom().shuffle(batch)
        return batch

    def _write(self, batch: list[Waiting[C]]) -> None:
        try:
            with self._transaction(True) as connection:
                results = [one.deed(connection) for one in batch]
        except Exception as error:
            if len(batch) == 1:
                _end(batch, error=error)
            else:  # one of them fails, or the disk has no room for all: nobody pays for another
                for one in batch:
                    self._write([one])
        else:
            _end(batch, results)


def _end(batch: list[Waiting[C]], results: list[Any] | None = None, error: Exception | None = None) -> None:
    for number, one in enumerate(batch):
        one.result, one.error = results[number] if results else None, error
        one.done.set()
