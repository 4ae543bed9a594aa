"""An SQLite database replaced by a copy of itself, or by a backup, so that its file gives no block back.

VACUUM writes all rows into a nameless temporary file, copies them back and cuts the file off: the blocks behind the
cut, those of the pages that were filled last, keep their rows in the order in which they came. So the copy is a file of
our own, lengthened to what the database has by free pages of noise; copied back in one transaction it overwrites every
page in place, and is overwritten itself once nobody waits. A crash leaves the old database or the new one, and a copy
that the next night finds.
"""

from __future__ import annotations

import contextlib
import glob
import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sipas.files.overwriting import discard

CHUNK = 25_000  # pages of noise in one statement


def replace(connection: sqlite3.Connection, database: Path, write: Callable[[Path], object]) -> None:
    """Replace all pages by those of the copy that `write` makes, under the conditions of `scratch`."""
    with scratch(database) as copy:
        write(copy)
        source = sqlite3.connect(copy, isolation_level=None)
        try:
            _lengthen(source, _pages(connection, database))
            source.backup(connection)
        finally:
            source.close()
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")  # else the next visitor's commit would do it


def pack(connection: sqlite3.Connection, database: Path) -> None:
    """Write all rows anew, in the order of their keys and without gaps, under the conditions of `scratch`."""
    replace(connection, database, lambda copy: copy_into(connection, copy))


def copy_into(connection: sqlite3.Connection, copy: Path) -> None:
    """Copy the database without gaps into an empty file that nobody needs after a crash."""
    connection.execute("PRAGMA synchronous=OFF")
    try:
        connection.execute("VACUUM INTO ?", (str(copy),))
    finally:
        connection.execute("PRAGMA synchronous=FULL")


@contextmanager
def scratch(database: Path) -> Iterator[Path]:
    """An empty file beside the database for the length of a block.

    Whoever calls keeps all others from writing meanwhile, and lets `discard_copies` follow when they go on.
    """
    put_aside(database)
    copy = _copy_of(database)
    try:
        os.close(os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        yield copy
    finally:
        put_aside(database)


def put_aside(database: Path) -> None:
    """Give up the copy, which nobody needs any more or a crash has left; whoever calls keeps others from making one."""
    with contextlib.suppress(FileNotFoundError):
        _copy_of(database).rename(database.with_name(f"{database.name}.gone-{secrets.token_hex(8)}"))


def discard_copies(database: Path) -> None:
    """Overwrite and remove what was put aside."""
    for one in database.parent.glob(f"{glob.escape(database.name)}.gone-*"):
        discard(one)


def _copy_of(database: Path) -> Path:
    return database.with_name(database.name + ".copy")


def _pages(connection: sqlite3.Connection, database: Path) -> int:
    """How many pages the file has, or will have once the log is in it."""
    (size,), (count,) = (connection.execute(f"PRAGMA {name}").fetchone() for name in ("page_size", "page_count"))
    return max(int(count), -(-database.stat().st_size // int(size)))


def _lengthen(copy: sqlite3.Connection, pages: int) -> None:
    """Append free pages, full of noise, until there are that many."""
    for pragma in ("journal_mode=OFF", "synchronous=OFF", "secure_delete=OFF"):
        copy.execute(f"PRAGMA {pragma}")
    if _count(copy) >= pages:
        return
    (size,) = copy.execute("PRAGMA page_size").fetchone()
    copy.execute("CREATE TABLE noise (noise BLOB)")  # its first page; each of the others holds all but four bytes
    while (missing := pages - _count(copy)) > 0:
        copy.execute("INSERT INTO noise VALUES (randomblob(?))", (min(missing, CHUNK) * (size - 4),))
    copy.execute("DROP TABLE noise")


def _count(copy: sqlite3.Connection) -> int:
    return int(copy.execute("PRAGMA page_count").fetchone()[0])
