"""Comments until the night: a file beside the database, in which nobody came before anybody.

A comment written into the database beside its answer stands next to it in the log, and the log joins the two. So it
waits in a file of 2,048 places of 4 kB; its place follows from its key, which looks random, so the file shows no order,
and the database's log shows nothing at all. The nightly upkeep carries all of them over in one transaction, by key.
A comment is on the disk before the visitor is thanked.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sipas.files.disk_space import sync_folder
from sipas.files.home_paths import HomePaths
from sipas.intake.models import StoredComment
from sipas.intake.record import record, values_of
from sipas.storage.database import Database, why_not_stored

SLOT, SLOTS = 4096, 2048
TRIES = 64  # places looked at before the file counts as full
EMPTY = bytes(SLOT)
KEY = slice(16, 32)  # a place: digest of the rest, key, length, the row as JSON


class NoRoom(Exception):
    """The file is full or cannot be made, or the comment does not fit a place."""


class CommentSpool:
    """The file of an installation."""

    def __init__(self, home: Path) -> None:
        self._path = HomePaths(home).comment_spool

    def put(self, comment: StoredComment) -> bool:
        """Keeps a comment, durably; False where it waits here already. Raises NoRoom, or OSError from the disk."""
        data = _packed(comment)
        first = int.from_bytes(comment.key[:8], "big")
        places = [(first + step) % SLOTS * SLOT for step in range(TRIES)]
        with self._opened() as file:
            with _locked(file):
                found = [os.pread(file, SLOT, place) for place in places]
                known = any(_is_whole(one) and one[KEY] == comment.key for one in found)
                if not known:
                    free = next((place for place, one in zip(places, found, strict=True) if not _is_whole(one)), None)
                    if free is None:
                        raise NoRoom
                    os.pwrite(file, data, free)
            os.fdatasync(file)  # also for a known one: whoever wrote it may not have come so far yet
        return not known

    def waiting(self) -> list[StoredComment]:
        """What waits, in the order of keys."""
        if not self._path.exists() or self._path.stat().st_size < SLOT * SLOTS:
            return []
        with self._opened() as file, _locked(file):
            places = [os.pread(file, SLOT, number * SLOT) for number in range(SLOTS)]
        return sorted(map(_unpacked, filter(_is_whole, places)), key=lambda comment: comment.key)

    def remove(self, comments: Iterable[StoredComment]) -> None:
        """Overwrites what was carried over, and what a crash left half written."""
        gone = {comment.key for comment in comments}
        with self._opened() as file:
            with _locked(file):
                for number in range(SLOTS):
                    found = os.pread(file, SLOT, number * SLOT)
                    if found != EMPTY and (not _is_whole(found) or found[KEY] in gone):
                        os.pwrite(file, EMPTY, number * SLOT)
            os.fdatasync(file)

    @contextmanager
    def _opened(self) -> Iterator[int]:
        file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if os.fstat(file).st_size < SLOT * SLOTS:
                try:
                    os.posix_fallocate(file, 0, SLOT * SLOTS)
                except OSError as error:
                    raise NoRoom from error
                os.fsync(file)
                sync_folder(self._path.parent)
            yield file
        finally:
            os.close(file)


def spool_comment(database: Database, home: Path, comment: StoredComment) -> bool:
    """Keeps a comment apart from its answer; False where it was kept before. Raises NotStored."""
    try:
        return CommentSpool(home).put(comment)
    except NoRoom:  # as with thousands in one day: straight into the table, in a transaction of its own
        return database.write_plainly(lambda connection: record(connection, comment), "comment")
    except OSError as error:
        raise why_not_stored(error) from error


def flush_comments(database: Database, home: Path) -> int:
    """Carries what waits into the table, all in one transaction; how many there were."""
    inbox = CommentSpool(home)
    waiting = inbox.waiting()
    if waiting:
        with database.writing() as session:
            for comment in waiting:
                record(session.connection(), comment)
        inbox.remove(waiting)  # a crash before this carries them over once more, which changes nothing
    return len(waiting)


def _packed(comment: StoredComment) -> bytes:
    values = {name: value for name, value in values_of(comment).items() if name != "key"}
    text = json.dumps(values, ensure_ascii=False).encode()
    data = comment.key + len(text).to_bytes(4, "big") + text
    if len(data) > SLOT - 16:
        raise NoRoom
    return hashlib.blake2b(data, digest_size=16).digest() + data + bytes(SLOT - 16 - len(data))


def _is_whole(place: bytes) -> bool:
    """Whether a comment lies there; a place that a crash left half written is as good as empty."""
    length = int.from_bytes(place[32:36], "big")
    return 0 < length <= SLOT - 36 and hashlib.blake2b(place[16 : 36 + length], digest_size=16).digest() == place[:16]


def _unpacked(place: bytes) -> StoredComment:
    length = int.from_bytes(place[32:36], "big")
    return StoredComment(key=place[KEY], **json.loads(place[36 : 36 + length]))


@contextmanager
def _locked(file: int) -> Iterator[None]:
    fcntl.flock(file, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)
