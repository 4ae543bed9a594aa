"""The counters of all processes of an installation, in one small file beside the database (`sipas.web.rate_limits`).

A hash table with places of a fixed size, probed one after the other: for each key its hash, what is left, and since
when, with a checksum. A file that is cut short, or a record that fails its checksum, is told in the log. Where the file
cannot be had (a full disk), each process counts for itself: counting must never be what stops an answer.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import secrets
import struct
import threading
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from sipas.files.home_paths import HomePaths
from sipas.logs import EVENTS

RECORD = struct.Struct("<8sdddiiI")  # hash of the key; tokens, pool, at which moment; day, used on it; checksum
SLOTS = 4096
NOBODY = bytes(8)


@dataclass(frozen=True)
class Counter:
    """What is known of a key: what is left in its two buckets at a moment, and how much it used on a day."""

    name: bytes = NOBODY
    tokens: float = 0.0
    pool: float = 0.0
    since: float = 0.0
    day: int = 0
    used: int = 0

    @classmethod
    def of(cls, data: bytes) -> Counter | None:
        """The counter in the file's bytes, an empty one where none is; None where it is damaged."""
        if not any(data) and len(data) == RECORD.size:
            return cls()
        if len(data) != RECORD.size or int.from_bytes(data[-4:], "little") != zlib.crc32(data[:-4]):
            return None
        return cls(*RECORD.unpack(data)[:-1])

    def packed(self) -> bytes:
        """The bytes in the file."""
        data = RECORD.pack(self.name, self.tokens, self.pool, self.since, self.day, self.used, 0)[:-4]
        return data + zlib.crc32(data).to_bytes(4, "little")


class CounterFile:
    """The file, one value for each process: its lock is the process's. Ask and write within `locked`."""

    def __init__(self, home: Path) -> None:
        self._path = HomePaths(home).rate_limits
        self._threads = threading.Lock()
        self._file = -1
        self._memory: bytearray | None = None

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """The block in which no other thread or process counts."""
        with self._threads:
            is_new = self._file < 0 and self._memory is None
            if is_new:
                self._open()
            if self._file < 0:
                yield
                return
            fcntl.lockf(self._file, fcntl.LOCK_EX)  # of a process, so that a fork does not inherit it
            try:
                if is_new and any(Counter.of(self._bytes(place)) is None for place in range(SLOTS)):
                    self._mend()
                yield
            finally:
                fcntl.lockf(self._file, fcntl.LOCK_UN)

    def was_used(self) -> bool:
        """Tell whether anything was ever counted. Asking makes no file: `sipas doctor` may run as somebody else."""
        return self._path.exists() or self._file >= 0 or self._memory is not None

    def is_mended(self) -> bool:
        """Tell whether counters were lost since the night: whoever is not known may have used much."""
        return self.slot(DAMAGED, 0)[1].name == DAMAGED

    def forget(self, but: Iterable[bytes]) -> None:
        """Wipe all counters except those of the keys whose hashes are in `but`; the file of November 2026 goes."""
        kept = [known for name in but if (known := self.slot(name, 0)[1]).name == name]
        for place in range(SLOTS):
            self.write(place, Counter())
        for counter in kept:
            self.write(self.slot(counter.name, 0)[0], counter)
        self._path.with_name("budgets").unlink(missing_ok=True)

    def slot(self, name: bytes, day: int) -> tuple[int, Counter]:
        """Where the key's counter lies: its own place, else the next one that nobody used today."""
        free = None
        first = int.from_bytes(name, "big") % SLOTS
        for step in range(SLOTS):
            place = (first + step) % SLOTS
            counter = self._read(place)
            if counter.name == name:
                return place, counter
            if free is None and (counter.name == NOBODY or counter.day < day):
                free = place, counter
            if counter.name == NOBODY:
                break
        return free or (first, replace(self._read(first), name=name))  # more keys in a day than places: they share

    def write(self, place: int, counter: Counter) -> None:
        """Put a counter into its place; an empty one wipes it."""
        data = bytes(RECORD.size) if counter.name == NOBODY else counter.packed()
        if self._memory is None:
            try:
                os.pwrite(self._file, data, place * RECORD.size)
                return
            except OSError:  # the file was cut short, and now the disk is full
                self._memory = bytearray(SLOTS * RECORD.size)
        self._memory[place * RECORD.size : (place + 1) * RECORD.size] = data

    def _read(self, place: int) -> Counter:
        found = Counter.of(self._bytes(place))
        if found is None:
            self._mend()
            found = Counter.of(self._bytes(place)) or Counter()
        return found

    def _mend(self) -> None:
        """Damaged counters go, and that there were some is noted: until the night keys that are not known count as half
        spent."""
        for place in range(SLOTS):
            if Counter.of(self._bytes(place)) is None:
                self.write(place, Counter())
        self.write(self.slot(DAMAGED, 0)[0], Counter(DAMAGED))
        EVENTS.warning("rate limits were damaged", extra={"facts": {"file": "run/rate_limits"}})

    def _bytes(self, place: int) -> bytes:
        if self._memory is not None:
            return bytes(self._memory[place * RECORD.size : (place + 1) * RECORD.size])
        return os.pread(self._file, RECORD.size, place * RECORD.size)

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


def key_hash(key: str) -> bytes:
    """The hash under which the counter of a key lies."""
    return hashlib.blake2b(key.encode(), digest_size=8).digest()


DAMAGED = key_hash("damaged")
