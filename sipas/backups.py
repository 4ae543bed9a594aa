"""Backups of the database while it is in use, and the way back; on SQLite and on PostgreSQL.

No backup keeps a trace of the order of writing: SQLite's is made by `VACUUM INTO`, PostgreSQL's holds every table in
the order of its key. Beside each lies its digest, and a backup whose digest differs is not restored. What is restored
replaces everything in one transaction: a power cut leaves the old database or the new one.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import tarfile
import tempfile
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, MetaData, Table, func, select, text

from sipas.database import HEAD, Database
from sipas.errors import N_, BadFile, NotReady, SchemaMismatch
from sipas.settings import Settings

SUMS = ".sha256"
VERSION, ENDING = "version.json", ".copy"


class NotEmpty(NotReady):
    """A database that a restored one would replace."""

    status = 409


def backup(settings: Settings, database: Database, name: str, *, alone: bool = False) -> Path:
    """Writes a whole copy into the folder `backups`, with its digest beside it, and gives its path.

    `alone` says that nobody else can write now, for the caller holds the queue.
    """
    is_file = database.engine.dialect.name == "sqlite"
    path = _free(settings.home / "backups", name, ".sqlite" if is_file else ".pgcopy")
    partial = path.with_name(path.name + ".partial")
    try:
        if is_file:
            with nullcontext() if alone else database.queue(), database.engine.connect() as connection:
                connection.connection.driver_connection.execute("VACUUM INTO ?", (str(partial),))  # type: ignore[union-attr]
        else:
            _dump(database, partial)
        partial.chmod(0o600)
        sums = path.with_name(path.name + SUMS)
        sums.write_text(f"{_digest(partial)}  {path.name}\n", encoding="utf-8")
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    return path


def restore(
    settings: Settings, database: Database, file: Path, *, force: bool = False, name: str = "before"
) -> Path | None:
    """Replaces the database's content by a backup's; gives the backup that was made of what had been there, if any.

    Raises BadFile where the backup is damaged, SchemaMismatch where it is newer than this program, NotEmpty where the
    database holds waves or answers already, unless `force`.
    """
    check(file)
    is_file = database.engine.dialect.name == "sqlite"
    version = _version_of_sqlite(file) if is_file else _version_of_dump(file)
    if version > HEAD or (not is_file and version != HEAD):
        raise SchemaMismatch(
            N_(
                "{file} was made at version {version}, this program needs {head}. Restore it with the program that "
                "made it, then run `sipas migrate`."
            ),
            file=file.name,
            version=version,
            head=HEAD,
        )
    before = None
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with database.queue():  # what is thanked between the backup and the replacing would be in neither
        if database.exists() and _holds_something(database):
            if not force:
                raise NotEmpty(
                    N_(
                        "The database holds waves already. Give --force to replace all of it; a backup of it is made "
                        "first."
                    )
                )
            before = backup(settings, database, name, alone=True)
        if is_file:
            _load_sqlite(database, file)
        else:
            _load_dump(database, file)
    (settings.home / "maintained").unlink(missing_ok=True)  # the next night writes everything anew
    return before


def check(file: Path) -> None:
    """Raises BadFile where a backup lacks its digest or is not the file that was written."""
    sums = file.with_name(file.name + SUMS)
    if not file.is_file():
        raise BadFile(N_("There is no file {file}."), file=file.name)
    if not sums.is_file():
        raise BadFile(
            N_("{file} lacks its digest; copy {sums} from where the backup lies."), file=file.name, sums=sums.name
        )
    if sums.read_text(encoding="utf-8").split()[:1] != [_digest(file)]:
        raise BadFile(
            N_("{file} is not the backup that was made: its digest differs. Take another one."), file=file.name
        )


def _free(folder: Path, name: str, ending: str) -> Path:
    folder.mkdir(exist_ok=True, mode=0o700)
    path, number = folder / f"{name}{ending}", 1
    while path.exists():
        number += 1
        path = folder / f"{name}-{number}{ending}"
    return path


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _holds_something(database: Database) -> bool:
    with database.engine.connect() as connection:
        return any(connection.execute(text(f"select 1 from {name} limit 1")).first() for name in ("wave", "response"))  # noqa: S608


# SQLite: page by page into the file that is in use, in one transaction of its own


def _version_of_sqlite(file: Path) -> str:
    try:
        source = sqlite3.connect(file.absolute().as_uri() + "?mode=ro&immutable=1", uri=True)
        try:
            if source.execute("pragma integrity_check").fetchone() != ("ok",):
                raise BadFile(N_("{file} is damaged inside; take another backup."), file=file.name)
            return str(source.execute("select version_num from alembic_version").fetchone()[0])
        finally:
            source.close()
    except sqlite3.DatabaseError:
        raise BadFile(N_("{file} is no backup of an SQLite database."), file=file.name) from None


def _load_sqlite(database: Database, file: Path) -> None:
    source = sqlite3.connect(file.absolute().as_uri() + "?mode=ro&immutable=1", uri=True)
    target = sqlite3.connect(database.engine.url.database or "", timeout=30)
    try:
        target.execute("pragma journal_mode=wal")
        target.execute("pragma synchronous=full")
        source.backup(target)
        target.execute("pragma wal_checkpoint(truncate)")
        target.execute("pragma journal_mode=wal")
    finally:
        source.close()
        target.close()


# PostgreSQL: every table as COPY writes it, in the order of its key, within one moment of the data


def _tables(connection: Connection) -> list[Table]:
    """Every table that is there, whoever refers to another after it."""
    found = MetaData()
    found.reflect(connection)
    return [table for table in found.sorted_tables if table.name != "alembic_version"]


def _dump(database: Database, path: Path) -> None:
    with tempfile.TemporaryDirectory(dir=path.parent) as folder, tarfile.open(path, "w") as archive:
        version = Path(folder) / VERSION
        version.write_text(json.dumps({"version": database.version()}), encoding="utf-8")
        archive.add(version, VERSION, filter=_plain)
        with database.engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
            cursor = _cursor(connection)
            for table in _tables(connection):
                part = Path(folder) / table.name
                order = ", ".join(f'"{column.name}"' for column in table.primary_key)
                rows = f'copy (select {_columns(table)} from "{table.name}" order by {order}) to stdout'  # noqa: S608
                with part.open("wb") as stream, cursor.copy(rows) as copy:
                    for block in copy:
                        stream.write(block)
                archive.add(part, table.name + ENDING, filter=_plain)
                part.unlink()


def _version_of_dump(file: Path) -> str:
    try:
        with tarfile.open(file) as archive:
            found = archive.extractfile(VERSION)
            return str(json.loads(found.read())["version"]) if found else ""
    except (tarfile.TarError, KeyError, ValueError):
        raise BadFile(N_("{file} is no backup of a PostgreSQL database."), file=file.name) from None


def _load_dump(database: Database, file: Path) -> None:
    database.check()
    with tarfile.open(file) as archive, database.engine.begin() as connection:
        cursor = _cursor(connection)
        tables = _tables(connection)
        names = ", ".join(f'"{table.name}"' for table in tables)
        cursor.execute(f"truncate {names}")
        for table in tables:
            stream = archive.extractfile(table.name + ENDING)
            if stream is None:
                raise BadFile(N_("{file} is no backup of a PostgreSQL database."), file=file.name)
            with cursor.copy(f'copy "{table.name}" ({_columns(table)}) from stdin') as copy:
                shutil.copyfileobj(stream, _Into(copy), 1 << 20)
            for column in table.primary_key:
                sequence = connection.scalar(select(func.pg_get_serial_sequence(table.name, column.name)))
                if sequence:
                    highest = select(func.coalesce(func.max(column), 0) + 1)
                    connection.execute(select(func.setval(sequence, highest.scalar_subquery(), False)))


class _Into:
    """A COPY as a file to write to."""

    def __init__(self, copy: Any) -> None:
        self.write = copy.write


def _cursor(connection: Any) -> Any:
    return connection.connection.driver_connection.cursor()


def _columns(table: Table) -> str:
    return ", ".join(f'"{column.name}"' for column in table.columns)


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Without the time, user and mode of a temporary file."""
    member.mtime, member.uid, member.gid, member.uname, member.gname, member.mode = 0, 0, 0, "", "", 0o600
    return member
