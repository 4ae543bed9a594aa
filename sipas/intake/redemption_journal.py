"""The codes spent since the last night, in a file that remembers no order.

A database writes down what happened after what, in its log and in the marks of its transactions; a code spent there
beside an answer tells whose answer it was. So the marks of a day lie in a file of fixed pages: a code's page follows
from its hash, the marks of a page are sorted by it, and a change overwrites its page in place. The same codes give
the same bytes in whatever order they came. Every night `flush_redemptions` carries them into the database at once.

A mark is a code's keyed hash, the keyed hash of (code, submission) for which it is reserved or was spent, and the
minute of a reservation, 0 once it is spent.
"""

from __future__ import annotations

import fcntl
import os
import struct
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sipas.errors import N_
from sipas.files.disk_space import sync_folder
from sipas.files.home_paths import HomePaths
from sipas.files.state_files import Damaged

PAGES, PAGE = 256, 4096
MARK = struct.Struct(">16s16sI")
ROOM = PAGE // MARK.size  # marks in a page
PATIENCE = 10  # minutes for which a code stays reserved to a visit that has not ended

FREE, OURS, TAKEN, SPENT = "free", "ours", "taken", "spent"


class PageFull(Exception):
    """No room for another mark: time to settle."""


class RedemptionJournal:
    """The file, shared by all processes; one of them at a time."""

    def __init__(self, home: Path) -> None:
        self._path = HomePaths(home).redemption_journal

    def reserve(self, code: bytes, visit: bytes, now: int | None = None) -> str:
        """Reserves a code for a visit: OURS where it is (again) this visit's, TAKEN where another's, SPENT. Raises
        PageFull."""
        minute = _minute(now)
        with self._page(code) as marks:
            state = _state(marks.get(code), visit, minute)
            if state in (FREE, OURS):
                _, _, before = marks.get(code, (code, visit, minute))
                marks[code] = (code, visit, before and minute)
                for each in [one for one in marks if _is_old(marks[one], minute)]:
                    del marks[each]
                return OURS
            return state

    def spend(self, code: bytes, visit: bytes) -> None:
        """The visit's answer is stored: its code is spent, and stays so if the power fails."""
        with self._page(code, durable=True) as marks:
            marks[code] = (code, visit, 0)

    def release(self, code: bytes, visit: bytes) -> None:
        """The visit came to nothing: its code is free again."""
        with self._page(code) as marks:
            _, holder, minute = marks.get(code, (code, b"", 0))
            if holder == visit and minute:
                del marks[code]

    def spent(self) -> list[bytes]:
        """The codes that were spent since the last night, sorted."""
        if not self._path.exists():
            return []
        with self._locked() as file:
            pages = [_unpack(os.pread(file, PAGE, number * PAGE)) for number in range(PAGES)]
        return sorted(code for page in pages for code, mark in page.items() if mark[2] == 0)

    def check(self) -> None:
        """Raises Damaged where the file is not what this class writes; a short one becomes whole at its next use."""
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            data = file.read()
        pages = [data[place : place + PAGE] for place in range(0, len(data), PAGE)]
        if len(data) not in (0, PAGES * PAGE) or any(_pack(_unpack(page)) != page for page in pages):
            raise Damaged(
                N_(
                    "The file {file} in SIPAS_HOME is damaged: codes that were spent today may be taken once more. The "
                    "next night, or `sipas maintain`, writes it anew."
                ),
                file=self._path.name,
            )

    def settle(self, keep: Callable[[Sequence[bytes]], None], now: int | None = None) -> int:
        """Hands all spent codes over, sorted, then forgets them and every reservation that ran out.

        Nobody waits at the file while they are handed over: that may take long, and whoever makes us wait for the
        database may need the file, as `restore` does."""
        minute, spent = _minute(now), self.spent()
        if spent:
            keep(spent)  # a crash after this hands them over once more, which changes nothing
        gone = set(spent)
        with self._locked() as file:
            for number in range(PAGES):
                before = os.pread(file, PAGE, number * PAGE)
                page = _unpack(before)
                left = {code: mark for code, mark in page.items() if code not in gone and not _is_old(mark, minute)}
                if (after := _pack(left)) != before:
                    os.pwrite(file, after, number * PAGE)
            os.ftruncate(file, PAGES * PAGE)
            os.fdatasync(file)
        return len(spent)

    @contextmanager
    def _page(self, code: bytes, durable: bool = False) -> Iterator[dict[bytes, tuple[bytes, bytes, int]]]:
        with self._locked() as file:
            place = code[0] * PAGE
            before = os.pread(file, PAGE, place)
            marks = _unpack(before)
            yield marks
            if len(marks) > ROOM:
                raise PageFull
            after = _pack(marks)
            if after != before:
                os.pwrite(file, after, place)
            if durable:
                fcntl.flock(file, fcntl.LOCK_UN)  # others need not wait for the disk
                os.fdatasync(file)

    @contextmanager
    def _locked(self) -> Iterator[int]:
        file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            if os.fstat(file).st_size < PAGES * PAGE:  # made whole or not at all, and what is there stays
                os.posix_fallocate(file, 0, PAGES * PAGE)
                os.fsync(file)
                sync_folder(self._path.parent)
            yield file
        finally:
            os.close(file)


def _minute(now: int | None) -> int:
    return int(time.time() // 60) if now is None else now


def _state(mark: tuple[bytes, bytes, int] | None, visit: bytes, minute: int) -> str:
    if mark is None:
        return FREE
    if mark[1] == visit:
        return OURS
    if mark[2] == 0:
        return SPENT
    return FREE if _is_old(mark, minute) else TAKEN


def _is_old(mark: tuple[bytes, bytes, int], minute: int) -> bool:
    return mark[2] != 0 and not 0 <= minute - mark[2] < PATIENCE


def _unpack(page: bytes) -> dict[bytes, tuple[bytes, bytes, int]]:
    marks = (MARK.unpack_from(page, place * MARK.size) for place in range(ROOM))
    return {mark[0]: mark for mark in marks if any(mark[0])}


def _pack(marks: dict[bytes, tuple[bytes, bytes, int]]) -> bytes:
    return b"".join(MARK.pack(*marks[code]) for code in sorted(marks)).ljust(PAGE, b"\0")
