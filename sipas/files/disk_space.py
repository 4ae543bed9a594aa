"""Room on the disk: when it runs short, and a reserve that can be deleted to get out of trouble.

A full disk stops the taking of answers, and even deleting rows needs room; so a file of 64 MB lies ready to be deleted.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sipas.errors import N_, NotReady
from sipas.files.home_paths import HomePaths

RESERVE = 64 * 2**20
ROOM = 2**20  # bytes free; below, what SQLite cannot open or write has no room
LEAST, LEAST_SHARE = 1e9, 0.1


@dataclass(frozen=True)
class Disk:
    """The file system of the home folder, in bytes."""

    free: int
    total: int

    @classmethod
    def of(cls, home: Path) -> Disk:
        """As it is now."""
        found = shutil.disk_usage(home)
        return cls(found.free, found.total)

    @property
    def is_low(self) -> bool:
        """Whether somebody should make room: under 1 GB, or under a tenth."""
        return self.free < LEAST or self.free < LEAST_SHARE * self.total


def is_full(error: BaseException) -> bool:
    """Whether something failed for want of room: said by the system, by SQLite or by PostgreSQL."""
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    if "No space left on device" in str(error):  # as Arrow says it, and XlsxWriter
        return True
    if getattr(error, "reason", "") == "full":  # NotStored
        return True
    found = getattr(error, "orig", None) or error
    return getattr(found, "sqlite_errorname", "") == "SQLITE_FULL" or getattr(found, "sqlstate", "") == "53100"


def is_out_of_room(error: BaseException, home: Path) -> bool:
    """The same, also where SQLite says no more than that it could not open or write a file."""
    kind = getattr(getattr(error, "orig", None) or error, "sqlite_errorname", "")
    is_unsaid = kind.startswith(("SQLITE_CANTOPEN", "SQLITE_IOERR"))
    return is_full(error) or (is_unsaid and home.is_dir() and Disk.of(home).free < ROOM)


def reserve(home: Path) -> Path:
    """Where the reserve lies."""
    return HomePaths(home).reserve


def is_reserved(home: Path) -> bool:
    """Whether the reserve is there, and as large as it should be."""
    path = reserve(home)
    return path.is_file() and path.stat().st_size >= RESERVE


def keep_reserve(home: Path) -> bool:
    """Makes the reserve where it is missing and there is room for it; whether it is there now."""
    path = reserve(home)
    if is_reserved(home):
        return True
    if Disk.of(home).is_low:
        return False
    fresh = path.with_suffix(".new")
    try:
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            os.posix_fallocate(file.fileno(), 0, RESERVE)
        fresh.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            fresh.unlink()
        return False
    return True


def sync_folder(folder: Path) -> None:
    """Makes the name of a new file durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def workshop(folder: Path) -> Iterator[None]:
    """A folder in which one process at a time makes things, under hidden names until they are whole. Raises NotReady
    while another process works in it."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise NotReady(
                N_("Another command is at work in the folder {folder}; wait for its end, then try again."),
                folder=folder.name,
            ) from None
        yield
    finally:
        os.close(handle)


def remove_leftover(path: Path) -> None:
    """Take away what a power cut left under a hidden name of ours, whatever it is."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
