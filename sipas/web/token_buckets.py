"""How many answers a point or a device may send, and how many guesses are looked at: token buckets of all processes.

Each key has a quick bucket (so many a second, in bursts of so many), a slow one (the pool, which fills up over hours,
so that a flood of minutes cannot spend a day) and a count of the day. No address comes here: shares of addresses are
counted beside, in memory (`sipas.web.rate_limits`), and nothing of either is stored with answers.

The buckets are a small file beside the database: for each key its hash, what is left, and since when, with a checksum.
A file that is cut short, or a record that fails its checksum, is told in the log and counts as half spent: a flood is
not forgiven, and nobody is shut out for it. Where the file cannot be had (a full disk), each process counts for itself:
counting must never be what stops an answer.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import hashlib
import math
import os
import secrets
import struct
import threading
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sipas.config.settings import Settings
from sipas.errors import NotStored
from sipas.files.home_paths import HomePaths
from sipas.logs import EVENTS

RECORD = struct.Struct("<8sdddiiI")  # hash of the key; tokens, pool, at which moment; day, used on it; checksum
SLOTS = 4096
NOBODY = bytes(8)
SHORT_CODES, UNKNOWN_CODES, PASSWORDS = GUESSED = ("short codes", "unknown codes", "desk password")  # keys of guesses
LATER = 60  # seconds to wait where the day's budget is spent
REFILL = 12 * 3600  # seconds in which an empty pool of a point is full again


@dataclass(frozen=True)
class Budget:
    """`rate` a second in the long run, `burst` at once, `day` in a day; of a `pool` that gets `refill` a second.

    `share` is the fraction of what an address leaves in the pool that it may itself have taken.
    """

    rate: float
    burst: int
    day: int
    pool: float = math.inf
    refill: float = 0.0
    share: float = math.inf

    @classmethod
    def of_point(cls, settings: Settings) -> Budget:
        """What any browser together may send to one point.

        Half of a day can come at once, the rest over twelve hours: a flood's effect ends soon after the flood. One
        address may have half of what it leaves to others, an office behind one router as much as its people need.
        """
        half = max(1.0, settings.point_day / 2)
        return cls(settings.point_rate, settings.point_burst, settings.point_day, half, half / REFILL, 0.5)

    @classmethod
    def of_device(cls, settings: Settings) -> Budget:
        """What one enrolled device may send; it has gathered answers while the line was down, so it comes in bursts."""
        return cls(settings.point_rate, settings.point_burst, settings.device_day)

    @classmethod
    def of_failures(cls, at_once: int, a_day: int) -> Budget:
        """So many wrong guesses at first and so many more each day; an address may have a tenth of what it leaves."""
        return cls(1e9, 1 << 30, 1 << 30, at_once, a_day / 86_400, 0.1)


@dataclass(frozen=True)
class Record:
    """What is known of a key: what is left in its two buckets at a moment, and how much it used on a day."""

    name: bytes = NOBODY
    tokens: float = 0.0
    pool: float = 0.0
    since: float = 0.0
    day: int = 0
    used: int = 0

    @classmethod
    def of(cls, data: bytes) -> Record | None:
        """The record in the file's bytes, an empty one where none is; None where it is damaged."""
        if not any(data) and len(data) == RECORD.size:
            return cls()
        if len(data) != RECORD.size or int.from_bytes(data[-4:], "little") != zlib.crc32(data[:-4]):
            return None
        return cls(*RECORD.unpack(data)[:-1])

    def packed(self) -> bytes:
        """The bytes in the file."""
        data = RECORD.pack(self.name, self.tokens, self.pool, self.since, self.day, self.used, 0)[:-4]
        return data + zlib.crc32(data).to_bytes(4, "little")


class Budgets:
    """The counters of an installation. An instance for each process: its lock is the process's."""

    def __init__(self, home: Path) -> None:
        self._path = HomePaths(home).rate_limits
        self._threads = threading.Lock()
        self._file = -1
        self._memory: bytearray | None = None

    def take(self, key: str, budget: Budget, today: dt.date, count: int = 1) -> None:
        """Takes `count` from the budget of `key` ("point to-hieu-1"); raises NotStored where there is not so much."""
        with self._locked():
            place, now = self._now(key, budget, today)
            if now.used + count > budget.day or now.pool < count:
                raise NotStored("limit", LATER)
            if now.tokens < count:
                raise NotStored("limit")
            self._write(place, replace(now, tokens=now.tokens - count, pool=now.pool - count, used=now.used + count))

    def spend(self, key: str, budget: Budget, today: dt.date) -> int:
        """Takes one, or what is left of one; gives how many were spent today."""
        with self._locked():
            place, now = self._now(key, budget, today)
            self._write(place, replace(now, pool=max(0.0, now.pool - 1), used=now.used + 1))
            return now.used + 1

    def left(self, key: str, budget: Budget) -> float:
        """How much of the pool is left."""
        if not self._path.exists() and self._file < 0 and self._memory is None:
            return budget.pool
        with self._locked():
            return self._now(key, budget, dt.date.min)[1].pool

    def give_back(self, key: str, today: dt.date, count: int = 1) -> None:
        """What was taken for answers that had been stored before does not use up the day.

        It stays taken from the rate: whoever sent one form again and again would otherwise meet no limit at all.
        """
        with self._locked():
            place, known = self._slot(_name(key), today.toordinal())
            if known.name == _name(key) and known.day == today.toordinal():
                back = replace(known, pool=known.pool + count, used=max(0, known.used - count))
                self._write(place, back)

    def used(self, key: str, today: dt.date) -> int:
        """How much of a budget was taken on a day. Asking makes no file: `sipas doctor` may run as somebody else."""
        if not self._path.exists() and self._file < 0 and self._memory is None:
            return 0
        with self._locked():
            _, known = self._slot(_name(key), today.toordinal())
        return known.used if known.name == _name(key) and known.day == today.toordinal() else 0

    def forget(self, but: Sequence[str] = ()) -> None:
        """Wipes the counters, which say when somebody last answered where; those of the keys in `but` stay."""
        with self._locked():
            kept = [known for key in but if (known := self._slot(_name(key), 0)[1]).name == _name(key)]
            for place in range(SLOTS):
                self._write(place, Record())
            for record in kept:
                self._write(self._slot(record.name, 0)[0], record)
        self._path.with_name("budgets").unlink(missing_ok=True)  # of November 2026

    def _now(self, key: str, budget: Budget, today: dt.date) -> tuple[int, Record]:
        """The key's place, and its counter as of this moment."""
        name, moment, day = _name(key), time.monotonic(), today.toordinal()
        place, known = self._slot(name, day)
        if known.name != name:
            part = 0.5 if self._slot(DAMAGED, 0)[1].name == DAMAGED else 1.0
            used = int(budget.day * (1 - part)) if math.isinf(budget.pool) else 0
            return place, Record(name, budget.burst * part, budget.pool * part, moment, day, used)
        if known.since > moment:  # the machine started anew, and so did its clock: `moment` seconds ago
            known = replace(known, tokens=float(budget.burst), since=0.0)
            self._write(place, replace(known, pool=min(budget.pool, known.pool + moment * budget.refill), since=moment))
        passed = moment - known.since
        tokens = min(budget.burst, known.tokens + passed * budget.rate)
        pool = min(budget.pool, known.pool + passed * budget.refill)
        return place, Record(name, tokens, pool, moment, day, known.used if known.day == day else 0)

    def _slot(self, name: bytes, day: int) -> tuple[int, Record]:
        """Where the key's counter lies: its own place, else the next one that nobody used today."""
        free = None
        first = int.from_bytes(name, "big") % SLOTS
        for step in range(SLOTS):
            place = (first + step) % SLOTS
            record = self._read(place)
            if record.name == name:
                return place, record
            if free is None and (record.name == NOBODY or record.day < day):
                free = place, record
            if record.name == NOBODY:
                break
        return free or (first, replace(self._read(first), name=name))  # more keys in a day than places: they share

    def _read(self, place: int) -> Record:
        found = Record.of(self._bytes(place))
        if found is None:
            self._mend()
            found = Record.of(self._bytes(place)) or Record()
        return found

    def _mend(self) -> None:
        """Damaged records go, and that there were some is noted: until the night keys that are not known count as half
        spent."""
        for place in range(SLOTS):
            if Record.of(self._bytes(place)) is None:
                self._write(place, Record())
        self._write(self._slot(DAMAGED, 0)[0], Record(DAMAGED))
        EVENTS.warning("rate limits were damaged", extra={"facts": {"file": "run/rate_limits"}})

    def _bytes(self, place: int) -> bytes:
        if self._memory is not None:
            return bytes(self._memory[place * RECORD.size : (place + 1) * RECORD.size])
        return os.pread(self._file, RECORD.size, place * RECORD.size)

    def _write(self, place: int, record: Record) -> None:
        data = bytes(RECORD.size) if record.name == NOBODY else record.packed()
        if self._memory is None:
            try:
                os.pwrite(self._file, data, place * RECORD.size)
                return
            except OSError:  # the file was cut short, and now the disk is full
                self._memory = bytearray(SLOTS * RECORD.size)
        self._memory[place * RECORD.size : (place + 1) * RECORD.size] = data

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        with self._threads:
            is_new = self._file < 0 and self._memory is None
            if is_new:
                self._open()
            if self._file < 0:
                yield
                return
            fcntl.lockf(self._file, fcntl.LOCK_EX)  # of a process, so that a fork does not inherit it
            try:
                if is_new and any(Record.of(self._bytes(place)) is None for place in range(SLOTS)):
                    self._mend()
                yield
            finally:
                fcntl.lockf(self._file, fcntl.LOCK_UN)

    def _open(self) -> None:
        try:
            self._path.parent.mkdir(exist_ok=True, mode=0o700)
            if not self._path.exists():
                self._make()
            self._file = os.open(self._path, os.O_RDWR)
        except OSError:
            self._memory = bytearray(SLOTS * RECORD.size)

    def _make(self) -> None:
        """The file gets its name once all of it has its place on the disk; of two processes one makes it."""
        partial = self._path.with_name(f".{secrets.token_hex(8)}")
        file = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.posix_fallocate(file, 0, SLOTS * RECORD.size)
            with contextlib.suppress(FileExistsError):
                os.link(partial, self._path)
        finally:
            os.close(file)
            partial.unlink()


def _name(key: str) -> bytes:
    return hashlib.blake2b(key.encode(), digest_size=8).digest()


DAMAGED = _name("damaged")
