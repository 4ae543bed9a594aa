"""How many answers a point or a device may send: so many a second, in bursts of so many, and so many a day.

No address is looked at, so an office behind one router is one office, and nothing of it is stored with answers. The
counters are a small file beside the database that all worker processes share in memory: for each key its hash, what is
left, and since when. Where the file cannot be had (a full disk), each process counts for itself: counting must never be
what stops an answer.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import hashlib
import mmap
import os
import struct
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sipas.errors import NotStored
from sipas.settings import Settings

RECORD = struct.Struct("=8sddii")  # hash of the key, tokens left, at which moment, day, used on that day
SLOTS = 4096
NOBODY = bytes(8)
LATER = 60  # seconds to wait where the day's budget is spent


@dataclass(frozen=True)
class Budget:
    """`rate` answers a second in the long run, `burst` at once, `day` in a day."""

    rate: float
    burst: int
    day: int

    @classmethod
    def of_point(cls, settings: Settings) -> Budget:
        """What any browser together may send to one point."""
        return cls(settings.point_rate, settings.point_burst, settings.point_day)

    @classmethod
    def of_device(cls, settings: Settings) -> Budget:
        """What one enrolled device may send; it has gathered answers while the line was down, so it comes in bursts."""
        return cls(settings.point_rate, settings.point_burst, settings.device_day)


class Budgets:
    """The counters of an installation."""

    def __init__(self, home: Path) -> None:
        self._path = home / "run" / "budgets"
        self._threads = threading.Lock()
        self._file: int | None = None
        self._memory: mmap.mmap | None = None

    def take(self, key: str, budget: Budget, today: dt.date, count: int = 1) -> None:
        """Takes `count` from the budget of `key` ("point to-hieu-1"); raises NotStored where there is not so much."""
        name = hashlib.blake2b(key.encode(), digest_size=8).digest()
        with self._counters() as memory:
            now, day = time.monotonic(), today.toordinal()
            place, (known, left, since, on, used) = self._slot(memory, name, day)
            used = used if (known, on) == (name, day) else 0
            if known == name and since <= now:  # the clock starts anew with the machine
                left = min(budget.burst, left + (now - since) * budget.rate)
            else:
                left = float(budget.burst)
            if used + count > budget.day:
                raise NotStored("limit", LATER)
            if left < count:
                raise NotStored("limit")
            RECORD.pack_into(memory, place, name, left - count, now, day, used + count)

    def give_back(self, key: str, today: dt.date, count: int = 1) -> None:
        """What was taken for answers that had been stored before does not use up the day.

        It stays taken from the rate: whoever sent one form again and again would otherwise meet no limit at all.
        """
        name = hashlib.blake2b(key.encode(), digest_size=8).digest()
        with self._counters() as memory:
            place, (known, left, since, on, used) = self._slot(memory, name, today.toordinal())
            if (known, on) == (name, today.toordinal()):
                RECORD.pack_into(memory, place, name, left, since, on, max(0, used - count))

    def used(self, key: str, today: dt.date) -> int:
        """How much of a budget was taken on a day."""
        name = hashlib.blake2b(key.encode(), digest_size=8).digest()
        with self._counters() as memory:
            _, (known, _, _, on, used) = self._slot(memory, name, today.toordinal())
        return used if known == name and on == today.toordinal() else 0

    def forget(self) -> None:
        """Wipes the counters, which say when somebody last answered where."""
        with self._counters() as memory:
            memory[:] = bytes(len(memory))

    def _slot(self, memory: mmap.mmap, name: bytes, day: int) -> tuple[int, tuple[bytes, float, float, int, int]]:
        """Where the key's counter lies: its own place, else the next one that nobody used today."""
        free = None
        first = int.from_bytes(name, "big") % SLOTS
        for step in range(SLOTS):
            place = (first + step) % SLOTS * RECORD.size
            record = RECORD.unpack_from(memory, place)
            if record[0] == name:
                return place, record
            if free is None and (record[0] == NOBODY or record[3] < day):
                free = place, record
            if record[0] == NOBODY:
                break
        if free is None:  # more keys in a day than places: the newcomer shares
            place = first * RECORD.size
            return place, (name, *RECORD.unpack_from(memory, place)[1:])
        return free

    @contextlib.contextmanager
    def _counters(self) -> Iterator[mmap.mmap]:
        with self._threads:
            memory = self._memory = self._memory or self._opened()
            if self._file is None:
                yield memory
                return
            fcntl.lockf(self._file, fcntl.LOCK_EX)  # of a process, so that a fork does not inherit it
            try:
                yield memory
            finally:
                fcntl.lockf(self._file, fcntl.LOCK_UN)

    def _opened(self) -> mmap.mmap:
        size = SLOTS * RECORD.size
        try:
            self._path.parent.mkdir(exist_ok=True, mode=0o700)
            file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                os.posix_fallocate(file, 0, size)  # writing to a page without a place on the disk would kill us
                memory = mmap.mmap(file, size)
            except OSError:
                os.close(file)
                raise
        except OSError:
            return mmap.mmap(-1, size)
        self._file = file
        return memory
