"""Takes the order of arrival out of the database files.

Databases keep traces of who came after whom: SQLite in the place of a row within its page and in the write-ahead log,
PostgreSQL in `ctid` and `xmin` of every row (neither VACUUM FULL nor CLUSTER repairs that). So once a day the public's
tables are written anew in the order of their random keys: on SQLite by VACUUM and a truncated log, on PostgreSQL into a
new table in one transaction. Writers wait at the same lock meanwhile; none fails.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from sipas.database import Database
from sipas.intake.models import Comment, Response

TABLES = (Response.__tablename__, Comment.__tablename__)
MARK = "maintained"  # in the home folder: how many rows there were when it was last done


def maintain(database: Database, home: Path) -> bool:
    """Rewrites the public's tables where rows came since the last time; False where nothing was due."""
    rows = _rows(database)
    mark = home / MARK
    if mark.exists() and mark.read_text() == str(rows):
        return False
    if database.engine.dialect.name == "sqlite":
        _rewrite_sqlite(database)
    else:
        _rewrite_postgresql(database)
    mark.write_text(str(rows))
    return True


def _rows(database: Database) -> int:
    with database.engine.connect() as connection:
        return sum(connection.execute(text(f"select count(*) from {table}")).scalar_one() for table in TABLES)  # noqa: S608


def _rewrite_sqlite(database: Database) -> None:
    with database.queue(), database.engine.connect() as connection:
        for statement in ("VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
            connection.connection.driver_connection.execute(statement)  # type: ignore[union-attr]


def _rewrite_postgresql(database: Database) -> None:
    with database.engine.begin() as connection:
        for table in TABLES:
            for statement in (
                f"lock table {table} in access exclusive mode",
                f"create table {table}_new (like {table} including all)",
                f"insert into {table}_new select * from {table} order by key",  # noqa: S608 - our own names
                f"drop table {table}",
                f"alter table {table}_new rename to {table}",
                f"alter index {table}_new_pkey rename to pk_{table}",
            ):
                connection.execute(text(statement))
    with database.engine.connect() as connection:
        alone = connection.execution_options(isolation_level="AUTOCOMMIT")
        for statement in ("checkpoint", "select pg_switch_wal()"):
            try:
                alone.execute(text(statement))
            except DBAPIError:  # needs a right that the operator may keep to herself; the old segments then age out
                break
