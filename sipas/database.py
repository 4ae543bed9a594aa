"""The database: one engine, read and write blocks, and the base of all tables. Knows no Flask.

SQLite waits badly (a waiter sleeps up to 100 ms and is overtaken), so writers of all processes queue at one file lock
before they begin; measured, this turns waits of seconds into hundredths. PostgreSQL queues by itself.
"""

from __future__ import annotations

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, MetaData, create_engine, event, inspect, text
from sqlalchemy.engine import Connection
from sqlalchemy.orm import DeclarativeBase, Session

from sipas.errors import N_, NotReady, SchemaMismatch
from sipas.settings import Settings

HEAD = "0001"  # the newest migration; a test compares it with the folder


class Base(DeclarativeBase):
    """Constraints have names, so that migrations can speak of them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


@dataclass(frozen=True)
class Database:
    """An engine and the lock of its writers."""

    engine: Engine
    lock: Path | None

    @classmethod
    def of(cls, settings: Settings) -> Database:
        """The database that the settings name; nothing is opened yet."""
        engine = create_engine(settings.url, connect_args={"timeout": 30} if _is_sqlite(settings.url) else {})
        if not _is_sqlite(settings.url):
            return cls(engine, None)
        event.listen(engine, "connect", _tune)
        event.listen(engine, "begin", _begin)
        return cls(engine, settings.home / "write.lock")

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that sees one moment of the data and writes nothing."""
        with Session(self.engine) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session whose block is one transaction: all of it is stored, or nothing."""
        with self.queue(), Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def queue(self) -> Iterator[None]:
        """Waits for its turn to write; other processes wait for the end of the block."""
        if self.lock is None:
            yield
            return
        with self.lock.open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def exists(self) -> bool:
        """Whether a database of ours is there at all."""
        if self.engine.dialect.name == "sqlite" and not Path(self.engine.url.database or "").is_file():
            return False
        return inspect(self.engine).has_table("alembic_version")

    def version(self) -> str:
        """The migration that the database stands at."""
        with self.engine.connect() as connection:
            found = connection.execute(text("select version_num from alembic_version")).scalar()
        if found is None:
            raise NotReady(N_("The database does not say its version; restore a backup."))
        return str(found)

    def check(self) -> None:
        """Raises NotReady without a database, SchemaMismatch where it is older or newer than this program."""
        if not self.exists():
            raise NotReady(N_("There is no database yet. Make one with `sipas init`, or try `sipas demo`."))
        version = self.version()
        if version < HEAD:
            raise SchemaMismatch(
                N_(
                    "The database is at version {version}, this program needs {head}. Run `sipas migrate`; it makes a "
                    "backup first."
                ),
                version=version,
                head=HEAD,
            )
        if version > HEAD:
            raise SchemaMismatch(
                N_(
                    "The database is at version {version}, newer than this program ({head}). Install the newer "
                    "program, or restore the backup that `sipas migrate` made."
                ),
                version=version,
                head=HEAD,
            )


def _is_sqlite(url: str) -> bool:
    return url.startswith("sqlite")


def _tune(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    cursor = connection.cursor()
    for pragma in ("foreign_keys=ON", "synchronous=FULL", "secure_delete=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")
