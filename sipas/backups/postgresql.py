"""Backups of PostgreSQL: every table as COPY writes it, in the order of its key, within one moment of the data.

Where the database's tables are not those of the backup (some are missing, there are none, they are of another version)
they are made anew in the transaction that fills them. Tables of other programs are never touched.
"""

from __future__ import annotations

import json
import re
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, MetaData, Table, func, inspect, select, text
from sqlalchemy.exc import OperationalError

from sipas.backups.pending import Day
from sipas.errors import N_, BadFile, NotReady
from sipas.files.overwriting import discard
from sipas.intake.models import StoredComment
from sipas.intake.record import values_of
from sipas.storage import schema
from sipas.storage.condition import VERSION as VERSION_TABLE
from sipas.storage.condition import listed, our_tables
from sipas.storage.database import Database

VERSION, ENDING = "version.json", ".copy"
TRIES = 20  # a second each: two who wait for each other are told so after one
DEADLOCK = "40P01"


@contextmanager
def alone(database: Database) -> Iterator[Connection]:
    """A transaction in which nobody else reads or writes any table: whoever posts waits, or is told to send again.

    The table that an answer looks at first is taken first, so that answers under way come to their end. Where somebody
    else holds one table and waits for another that we hold, one of the two is refused; then we begin again.
    """
    for last in (*[False] * TRIES, True):
        with database.engine.begin() as connection:
            found = sorted((table.name for table in _tables(connection)), key=lambda name: name != "wave")
            names = ", ".join(map(_quoted, found))
            try:
                with connection.begin_nested():
                    if found:
                        connection.execute(text(f"lock table {names} in access exclusive mode"))
            except OperationalError as error:
                if last or getattr(error.orig, "sqlstate", "") != DEADLOCK:
                    raise
                continue
            yield connection
            return


def dump(connection: Connection, path: Path, day: Day) -> None:
    """Writes every table as the connection's transaction sees it, with what waits for the night in its places."""
    _lay_aside(connection, day)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder, tarfile.open(path, "w") as archive:
        made = Path(folder) / VERSION
        number = _version(connection)
        columns = {table.name: table.columns.keys() for table in _tables(connection)}
        made.write_text(json.dumps({"version": number, "columns": columns}), encoding="utf-8")
        archive.add(made, VERSION, filter=_plain)
        cursor = _cursor(connection)
        for table in _tables(connection):
            part = Path(folder) / table.name
            order = ", ".join(_quoted(column.name) for column in table.primary_key)
            source = (_WITH_THE_DAY if day else {}).get(table.name, _quoted(table.name))
            rows = f"copy (select {_columns(table)} from {source} as kept order by {order}) to stdout"  # noqa: S608
            with part.open("wb") as stream, cursor.copy(rows) as copy:
                for block in copy:
                    stream.write(block)
            archive.add(part, table.name + ENDING, filter=_plain)
            discard(part)


def version(file: Path) -> str:
    """The migration at which a backup was made; raises BadFile where it is none."""
    try:
        with tarfile.open(file) as archive:
            made = str(_head(archive)["version"])
    except (tarfile.TarError, LookupError, TypeError, ValueError):
        made = ""
    if not re.fullmatch(r"\d{4}", made):
        raise _no_backup(file)
    return made


def refuse_foreign(connection: Connection) -> None:
    """Raises NotReady where the database is another program's: nothing of that is ever dropped."""
    there, ours = set(inspect(connection).get_table_names()), our_tables()
    strangers = there - ours - {VERSION_TABLE}
    has_version = VERSION_TABLE in there
    if (strangers and not has_version) or (has_version and not re.fullmatch(r"(\d{4})?", _version(connection))):
        raise NotReady(
            N_(
                "The PostgreSQL database {name} is another program's ({tables}); nothing was changed. Make an empty "
                "one (`createdb`), name it in SIPAS_DATABASE_URL, and restore into that."
            ),
            name=connection.engine.url.database,
            tables=listed(strangers or there),
        )


def load(connection: Connection, file: Path, made: str) -> None:
    """Replaces every row of every table by those of a backup of version `made`, in the transaction of the connection.

    Raises BadFile where the backup's tables or rows are not those of its version.
    """
    from psycopg.errors import DataError, IntegrityError  # here, for offices on SQLite never need the driver

    try:
        with tarfile.open(file) as archive:
            names = {name.removesuffix(ENDING) for name in archive.getnames() if name.endswith(ENDING)}
            _make_fitting(connection, names, made)
            _fill(connection, archive, names, file)
    except (tarfile.TarError, DataError, IntegrityError):
        raise _no_backup(file) from None


def _make_fitting(connection: Connection, names: set[str], made: str) -> None:
    """The tables of that version, made anew where those that are there are others."""
    there = {table.name for table in _tables(connection)}
    if there == names and _version(connection) == made:
        return
    gone = ", ".join(_quoted(name) for name in sorted({*there, VERSION_TABLE}))
    connection.execute(text(f"drop table if exists {gone} cascade"))
    schema.make_tables(connection, made)


def _fill(connection: Connection, archive: tarfile.TarFile, names: set[str], file: Path) -> None:
    cursor, tables = _cursor(connection), _tables(connection)
    if {table.name for table in tables} != names:
        raise _no_backup(file)
    order = _head(archive).get("columns", {})  # what a downgrade made anew has its columns in another order
    cursor.execute(f"truncate {', '.join(_quoted(table.name) for table in tables)}")
    for table in tables:
        stream = archive.extractfile(table.name + ENDING)
        if stream is None:
            raise _no_backup(file)
        with cursor.copy(f"copy {_quoted(table.name)} ({_listed(table, order)}) from stdin") as copy:
            shutil.copyfileobj(stream, _Into(copy), 1 << 20)
        for column in table.primary_key:
            sequence = connection.scalar(select(func.pg_get_serial_sequence(table.name, column.name)))
            if sequence:
                highest = select(func.coalesce(func.max(column), 0) + 1)
                connection.execute(select(func.setval(sequence, highest.scalar_subquery(), False)))


def _head(archive: tarfile.TarFile) -> dict[str, Any]:
    found = archive.extractfile(VERSION)
    return dict(json.loads(found.read())) if found else {}


def _listed(table: Table, order: dict[str, list[str]]) -> str:
    """The columns in the order of the backup; those of before December 2026 do not say it."""
    named = order.get(table.name, [])
    return ", ".join(map(_quoted, named)) if {*named} == {*table.columns.keys()} else _columns(table)


def _no_backup(file: Path) -> BadFile:
    return BadFile(N_("{file} is no backup of a PostgreSQL database."), file=file.name)


def _version(connection: Connection) -> str:
    """The migration that the database stands at, "" where it does not say."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return ""
    return str(connection.scalar(text("select version_num from alembic_version")) or "")


# Tables of the transaction's own are not in the log, and what goes in by COPY is in no statement that could be logged.
_WITH_THE_DAY = {
    "comment": "(select * from comment union all select * from pg_temp.waiting as late where not exists "
    "(select from comment where comment.key = late.key))",
    "invitation": "(select key, batch, spent or exists (select from pg_temp.used where used.key = invitation.key) "
    "as spent from invitation)",
    "way_count": "(select wave, point, unit, way, max(number) as number from (select * from way_count union all "
    "select * from pg_temp.ways) as either group by wave, point, unit, way)",
}


def _lay_aside(connection: Connection, day: Day) -> None:
    if not day:
        return
    cursor, columns = _cursor(connection), StoredComment.__table__.columns.keys()
    cursor.execute("create temporary table waiting (like comment) on commit drop")
    cursor.execute("create temporary table used (key bytea) on commit drop")
    cursor.execute("create temporary table ways (like way_count) on commit drop")
    with cursor.copy(f"copy pg_temp.waiting ({', '.join(columns)}) from stdin") as copy:
        for comment in day.comments:
            copy.write_row(tuple(values_of(comment).values()))
    with cursor.copy("copy pg_temp.used from stdin") as copy:
        for code in day.codes:
            copy.write_row((code,))
    with cursor.copy("copy pg_temp.ways (wave, point, unit, way, number) from stdin") as copy:
        for row in day.ways:
            copy.write_row(row)


def _tables(connection: Connection) -> list[Table]:
    """Every table of ours that is there, whoever refers to another after it."""
    found, ours = MetaData(), our_tables()
    found.reflect(connection, only=lambda name, _: name in ours)
    return list(found.sorted_tables)


class _Into:
    """A COPY as a file to write to."""

    def __init__(self, copy: Any) -> None:
        self.write = copy.write


def _cursor(connection: Any) -> Any:
    return connection.connection.driver_connection.cursor()


def _columns(table: Table) -> str:
    return ", ".join(_quoted(column.name) for column in table.columns)


def _quoted(name: str) -> str:
    return f'"{name}"'


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Without the time, user and mode of a temporary file."""
    member.mtime, member.uid, member.gid, member.uname, member.gname, member.mode = 0, 0, 0, "", "", 0o600
    return member
