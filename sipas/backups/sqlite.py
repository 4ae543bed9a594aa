"""Backups of SQLite: a compact copy, and the way back page by page into the file that is in use.

Where that file cannot be read it is put aside whole, with its log, and the backup takes its name. Whoever still has the
old one open notices before the next statement, and again after each answer's commit
(`sipas.storage.write_ahead_log.Connection`).
"""

from __future__ import annotations

import datetime as dt
import glob
import os
import re
import shutil
import sqlite3
from pathlib import Path

from sipas.backups.pending import Day
from sipas.errors import N_, BadFile
from sipas.files.disk_space import sync_folder
from sipas.intake.models import StoredComment
from sipas.intake.record import insert_once, values_of
from sipas.storage.database import Database
from sipas.storage.sqlite_files import copy_into, replace, scratch

ASIDE = ".damaged-"
BESIDE = ("-wal", "-shm", "-journal")  # what SQLite keeps beside a database


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
        copy.execute(insert_once("sqlite", StoredComment.__tablename__), tuple(values_of(comment).values()))
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
    except (sqlite3.DatabaseError, TypeError):  # no such table, or no row in it
        raise BadFile(N_("{file} is no backup of an SQLite database."), file=file.name) from None


def is_there(database: Database) -> bool:
    """Whether SQLite has something to look into that holds tables of ours; raises what SQLite says of a damaged one."""
    file = _file(database)
    if not file.is_file() or not file.stat().st_size:
        return False
    return database.exists()


def load(database: Database, file: Path) -> None:
    """Replaces all pages in one transaction of its own; what stood in them is overwritten in place."""
    with database.driver() as connection:
        connection.execute("pragma journal_mode=wal")
        replace(connection, _file(database), lambda copy: shutil.copyfile(file, copy))
        connection.execute("pragma journal_mode=wal")


def put_in_place(database: Database, file: Path, today: dt.date) -> Path | None:
    """Gives a copy of the backup the database's name, and gives back where what had that name was put aside.

    The old file goes first, its log next: nobody can ever open the one beside the other's log. A power cut in between
    leaves no database, with the old one aside; the same command goes on. Whoever calls keeps others from writing.
    """
    target = _file(database).resolve()
    database.engine.dispose()
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with scratch(target) as copy:
        shutil.copyfile(file, copy)
        fresh = sqlite3.connect(copy, isolation_level=None)
        try:
            fresh.execute("pragma journal_mode=wal")
        finally:
            fresh.close()
        with copy.open("rb") as written:
            os.fsync(written.fileno())
        aside = _put_aside(target, today)
        sync_folder(target.parent)
        os.rename(copy, target)
        sync_folder(target.parent)
    return aside


def aside(database: Database) -> list[Path]:
    """The databases that were put aside and lie there still, each by its main name."""
    if not database.file:
        return []
    target = database.file.resolve()
    found = target.parent.glob(f"{glob.escape(target.name)}{ASIDE}*")
    return sorted({Path(re.sub(f"({'|'.join(BESIDE)})$", "", str(path))) for path in found})


def _put_aside(target: Path, today: dt.date) -> Path | None:
    there = [ending for ending in ("", *BESIDE) if os.path.lexists(f"{target}{ending}")]
    if there == [""] and target.is_file() and not target.stat().st_size:
        target.unlink()
        return None
    if not there:
        return None
    aside, number = target.with_name(f"{target.name}{ASIDE}{today}"), 1
    while any(os.path.lexists(f"{aside}{ending}") for ending in ("", *BESIDE)):
        number += 1
        aside = target.with_name(f"{target.name}{ASIDE}{today}-{number}")
    for ending in there:
        os.rename(f"{target}{ending}", f"{aside}{ending}")
    if aside.is_file() and not aside.is_symlink():
        aside.chmod(0o600)  # another program may have left it open to others
    return aside


def _file(database: Database) -> Path:
    return Path(database.engine.url.database or "")


def _opened(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(file.absolute().as_uri() + "?mode=ro&immutable=1", uri=True)
