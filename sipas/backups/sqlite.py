"""Backups of SQLite: a compact copy, and the way back page by page into the file that is in use."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

from sipas.backups.day import Day
from sipas.database import Database
from sipas.errors import N_, BadFile
from sipas.in_place import copy_into, replace, scratch
from sipas.intake.models import Comment
from sipas.intake.record import insert_once, values_of


def dump(database: Database, path: Path, day: Day) -> None:
    """Writes a copy with what waits for the night in its places; whoever calls keeps others from writing."""
    with database.driver() as connection:
        if not day:
            connection.execute("VACUUM INTO ?", (str(path),))
            return
        with scratch(_file(database)) as rough:
            copy_into(connection, rough)
            copy = sqlite3.connect(rough, isolation_level=None)
            try:
                _add(copy, day)
                copy.execute("VACUUM INTO ?", (str(path),))  # what was added now lies among the others
            finally:
                copy.close()


def _add(copy: sqlite3.Connection, day: Day) -> None:
    copy.execute("pragma journal_mode=off")
    copy.execute("begin")
    for comment in day.comments:
        copy.execute(insert_once("sqlite", Comment.__tablename__), tuple(values_of(comment).values()))
    copy.executemany("update invitation set spent = 1 where key = ?", [(code,) for code in day.codes])
    copy.executemany(
        "insert into way_count values (?, ?, ?, ?, ?) on conflict do update set number = max(number, excluded.number)",
        day.ways,
    )
    copy.execute("commit")


def version(file: Path) -> str:
    """The migration at which a backup was made; raises BadFile where it is none or damaged inside."""
    try:
        source = _opened(file)
        try:
            if source.execute("pragma integrity_check").fetchone() != ("ok",):
                raise BadFile(N_("{file} is damaged inside; take another backup."), file=file.name)
            return str(source.execute("select version_num from alembic_version").fetchone()[0])
        finally:
            source.close()
    except sqlite3.DatabaseError:
        raise BadFile(N_("{file} is no backup of an SQLite database."), file=file.name) from None


def load(database: Database, file: Path) -> None:
    """Replaces all pages in one transaction of its own; what stood in them is overwritten in place."""
    with database.driver() as connection:
        connection.execute("pragma journal_mode=wal")
        replace(connection, _file(database), lambda copy: shutil.copyfile(file, copy))
        connection.execute("pragma journal_mode=wal")


def _file(database: Database) -> Path:
    return Path(database.engine.url.database or "")


def _opened(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(file.absolute().as_uri() + "?mode=ro&immutable=1", uri=True)
