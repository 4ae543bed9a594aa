"""Takes the order of arrival out of the database files.

Databases keep traces of who came after whom: SQLite in the place of a row within its page and in the write-ahead log,
PostgreSQL in `ctid` and `xmin` of every row (neither VACUUM FULL nor CLUSTER repairs that). So once a day the public's
tables are written anew in the order of their random keys: on SQLite in place (`sipas.storage.sqlite_files`), with a log
that is overwritten before it is emptied (`sipas.storage.write_ahead_log`), on PostgreSQL into a new table in one
transaction. Writers wait at the same lock meanwhile; none fails. Codes spent, comments left and ways counted since the
last time come into the database here, each kind all at once, before the rewrite.
"""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from sipas.errors import N_, NotReady
from sipas.files.home_paths import HomePaths
from sipas.files.state_files import REMADE, Damaged, read_state, write_whole
from sipas.intake.comment_spool import CommentSpool, flush_comments
from sipas.intake.invitations import Invitation, flush_redemptions
from sipas.intake.models import ImportedFile, LateMark, Response, StoredComment, WayCount
from sipas.intake.ways import settle_ways
from sipas.storage.database import Base, Database
from sipas.storage.pinned_connection import MILLISECONDS
from sipas.storage.sqlite_files import discard_copies, pack, put_aside
from sipas.storage.write_ahead_log import LogInUse, shorten

TABLES = tuple(table.__tablename__ for table in (Response, StoredComment, Invitation, LateMark))
ENOUGH = 20  # new rows on PostgreSQL: fewer would tell one person by two backups
NEVER = -ENOUGH  # so that any number of rows is enough
TRIES, SWITCHES = 50, 5
PAUSE, TURN = 0.1, 0.01  # seconds: until we look again whether somebody reads; in which others may write


class FilesInUse(NotReady):
    """Somebody reads the database for so long that its log cannot be emptied."""


def maintain(database: Database, home: Path) -> bool:
    """Rewrites the public's tables where enough rows came since the last time; False where nothing was due.

    Raises FilesInUse where the log could not be emptied: then it is due still.
    """
    if database.file:
        _find_copies(database, database.file)
    spent, ways = flush_redemptions(database, home), settle_ways(database, home)
    rows, before = _rows(database) + len(CommentSpool(home).waiting()), _last_time(home)
    if (rows == before and not spent and not ways) or (not database.file and 0 < rows - before < ENOUGH):
        return False
    flush_comments(database, home)
    if database.file:
        _rewrite_sqlite(database, database.file)
    else:
        _rewrite_postgresql(database)
    write_whole(HomePaths(home).maintained, str(rows).encode())
    return True


def rows_at_last(home: Path) -> int:
    """How many rows there were when it was last done, 0 where it never was; raises Damaged."""
    return read_state(HomePaths(home).maintained, _count, REMADE) or 0


def make_due(home: Path) -> None:
    """Let the next night rewrite the tables whatever their number of rows: where rows went, as many may have come since
    as would hide it."""
    HomePaths(home).maintained.unlink(missing_ok=True)


def _count(data: bytes) -> int:
    if not data.isdigit():
        raise ValueError
    return int(data)


def _last_time(home: Path) -> int:
    """The same; where that cannot be known the rewrite is due."""
    try:
        return rows_at_last(home)
    except Damaged:
        return NEVER


def _rows(database: Database) -> int:
    with database.engine.connect() as connection:
        return sum(connection.execute(text(f"select count(*) from {table}")).scalar_one() for table in TABLES)  # noqa: S608


def _find_copies(database: Database, file: Path) -> None:
    """What a crash has left of a rewrite, or of a restoring, goes even where nothing else is due."""
    with database.queue():
        put_aside(file)
    discard_copies(file)


def _rewrite_sqlite(database: Database, file: Path) -> None:
    with database.driver() as connection:
        with database.queue():
            pack(connection, file)
        discard_copies(file)
        _empty_log(database, file, connection)


def _empty_log(database: Database, file: Path, connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA busy_timeout=100")
    tries = 0
    try:
        while tries < TRIES:  # whoever reads for long makes us wait outside the line of writers, and nobody else
            try:
                with database.queue():
                    if shorten(connection, file):
                        return
                time.sleep(TURN)
            except LogInUse:
                tries += 1
                time.sleep(PAUSE)
    finally:
        connection.execute(f"PRAGMA busy_timeout={MILLISECONDS}")
    raise FilesInUse(
        N_("The database's log could not be emptied, for somebody is reading it; run `sipas maintain` again.")
    )


def _rewrite_postgresql(database: Database) -> None:
    with database.engine.begin() as connection:
        for table in (*TABLES, WayCount.__tablename__, ImportedFile.__tablename__):
            order = ", ".join(Base.metadata.tables[table].primary_key.columns.keys())
            for statement in (
                f"lock table {table} in access exclusive mode",
                f"create table {table}_new (like {table} including all)",
                f"insert into {table}_new select * from {table} order by {order}",  # noqa: S608 - our own names
                f"drop table {table}",
                f"alter table {table}_new rename to {table}",
                f"alter index {table}_new_pkey rename to pk_{table}",
            ):
                connection.execute(text(statement))
    with database.engine.connect() as connection:
        _overwrite_postgresqls_log(connection.execution_options(isolation_level="AUTOCOMMIT"))


def _overwrite_postgresqls_log(connection: Connection) -> None:
    """Fill one segment of the log after the other with zeros, as often as there are segments: those that a checkpoint
    has renamed for the next use are overwritten in place."""
    try:
        files = connection.execute(text("select count(*) from pg_ls_waldir()")).scalar_one()
    except DBAPIError:  # needs the role `pg_monitor`
        files = 0
    try:
        for _ in range(max(SWITCHES, files + 1)):
            for statement in ("select pg_current_xact_id()", "select pg_switch_wal()", "checkpoint"):
                connection.execute(text(statement))
    except DBAPIError:  # needs rights that the operator may keep to herself; the old segments then age out
        return
