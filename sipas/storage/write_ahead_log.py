"""SQLite's write-ahead log, and how it ends: the blocks that it gives back hold nothing of it.

The log holds pages in the order of commits. SQLite truncates it, or removes it with the last connection, and leaves the
old content in the freed blocks. So before either, what it holds is overwritten in place. That is safe at every step,
since only bytes are overwritten that SQLite itself counts as dead. Once all pages lie in the database file, the next
commit begins the log anew from its start, under new salts; every frame behind it with other salts is one that neither a
reader nor recovery after a crash ever looks at.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sipas.files.overwriting import SLICE, discard, overwrite

HEADER, FRAME_HEADER = 32, 24  # bytes; see https://www.sqlite.org/walformat.html


class LogInUse(Exception):
    """Somebody reads by way of the log, so it cannot begin anew."""


def log_of(database: Path) -> Path:
    """Where the log of a database file lies."""
    return database.with_name(database.name + "-wal")


def shorten(connection: sqlite3.Connection, database: Path) -> bool:
    """Overwrite the end of the log, `SLICE` bytes at most, and cut it off; whether nothing is left of any row.

    The connection is in no transaction and commits by itself; whoever calls keeps our own writers waiting meanwhile.
    Raises LogInUse where somebody else reads or writes, after the connection's own patience, and where the database was
    replaced since the connection was opened: the log by that name is another one's.
    """
    if isinstance(connection, Connection) and not connection.is_current():
        raise LogInUse
    try:
        file = os.open(log_of(database), os.O_RDWR)
    except FileNotFoundError:
        return True
    try:
        return os.fstat(file).st_size == 0 or _shorten(connection, file)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        raise LogInUse from error
    finally:
        os.close(file)


def _shorten(connection: sqlite3.Connection, log: int) -> bool:
    _begin_anew(connection)
    with _writing(connection):  # nobody adds to the log now, whatever program it is
        size, end = os.fstat(log).st_size, _end(log)
        start = max(end, size - SLICE)
        overwrite(log, start, size)
        os.ftruncate(log, min(start, size))
    if end > _first_end(log):  # a reader came before it could begin anew, or another program wrote after
        raise LogInUse
    if start > end:
        return False
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # where somebody reads now one frame stays, without any row
    return True


def _begin_anew(connection: sqlite3.Connection) -> None:
    """Bring all pages into the database file, and make the log begin anew with a page that holds no row."""
    busy, *_rest = connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
    if busy:
        raise LogInUse
    with _writing(connection):
        (number,) = connection.execute("PRAGMA user_version").fetchone()
        connection.execute(f"PRAGMA user_version={number}")  # writes the first page, which holds the tables' shapes


@contextmanager
def _writing(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _end(log: int) -> int:
    """Where the frames end that recovery could take: those that bear the salts of the log's header, without a gap."""
    header = os.pread(log, HEADER, 0)
    salts, frame = header[16:24], _first_end(log) - HEADER
    end = HEADER
    while len(salts) == 8 and os.pread(log, FRAME_HEADER, end)[8:16] == salts:
        end += frame
    return end


def _first_end(log: int) -> int:
    """Where the first frame ends."""
    return HEADER + FRAME_HEADER + int.from_bytes(os.pread(log, 4, 8), "big")


# The last connection of all removes the log. SQLite knows two ways to forbid that; Python 3.11 knows neither.

_OPEN: Counter[str] = Counter()  # how many connections of this process each database file has
_TURN = threading.RLock()


def _identity(database: str) -> tuple[int, int, bool] | None:
    """Which file lies under a name now (device and inode) and whether it holds anything, None where none does."""
    try:
        found = os.stat(database)
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size > 0


class Connection(sqlite3.Connection):
    """A connection at whose end the log is overwritten, where no other process has the database open.

    It never makes a database where there is none. It knows which file it has open: what is written into one that
    somebody removed, emptied, or put another in the place of, is lost, whatever SQLite says of the commit.
    """

    def __init__(self, database: str, *arguments: Any, **more: Any) -> None:
        self._file = _identity(database)  # before it is opened: at worst one that was current passes for replaced
        super().__init__(Path(database).absolute().as_uri() + "?mode=rw", *arguments, **{**more, "uri": True})
        self._path, self._process, self._is_open = database, os.getpid(), True
        with _TURN:
            _OPEN[database] += 1

    def is_current(self) -> bool:
        """Whether the file that it has open still lies under its name, and was not emptied."""
        now = _identity(self._path)
        return self._file is not None and now in (self._file, (*self._file[:2], True))

    def close(self) -> None:
        """Closes it; done twice it does nothing."""
        with _TURN:
            if self._is_open and self._process == os.getpid():  # else it is the parent's, and a fork lets it go
                self._is_open = False
                _OPEN[self._path] -= 1
                if not _OPEN[self._path] and log_of(Path(self._path)).exists():
                    self._close_as_last(Path(self._path))
            super().close()

    def _close_as_last(self, database: Path) -> None:
        with _kept_open(database):
            super().close()
        _overwrite_alone(database)

    def __del__(self) -> None:
        with contextlib.suppress(Exception):
            self.close()


@contextmanager
def _kept_open(database: Path) -> Iterator[None]:
    """A connection that only reads, so that another that is closed meanwhile is not the last; it removes no log."""
    watcher = None
    try:
        with contextlib.suppress(sqlite3.Error):
            watcher = sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)
            watcher.execute("select 1 from sqlite_schema limit 1").fetchall()
        yield
    finally:
        if watcher:
            watcher.close()


def _overwrite_alone(database: Path) -> None:
    """Overwrite the whole log where nobody else has the database open. Where somebody has, it is for the last of them;
    where the disk does not bear it, the log stays or goes as it is."""
    with contextlib.suppress(sqlite3.Error, OSError, LogInUse):
        alone = sqlite3.connect(
            f"{database.absolute().as_uri()}?mode=rw", timeout=0, isolation_level=None, uri=True
        )  # never made anew where somebody removed it
        try:
            for pragma in ("locking_mode=EXCLUSIVE", "synchronous=FULL"):
                alone.execute(f"PRAGMA {pragma}")
            alone.execute("select 1 from sqlite_schema limit 1").fetchall()  # refused where another has it open
            while not shorten(alone, database):
                pass
            discard(database.with_name(database.name + "-shm"))  # the log's index: which pages were written, in order
        finally:
            alone.close()


def _after_fork() -> None:
    global _TURN
    _TURN = threading.RLock()
    _OPEN.clear()


os.register_at_fork(after_in_child=_after_fork)
