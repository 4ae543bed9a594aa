"""The database: one engine, read and write blocks, and the base of all tables. Knows no Flask.

SQLite waits badly (a waiter sleeps up to 100 ms and is overtaken), so writers of all processes queue at one file lock
before they begin; measured, this turns waits of seconds into hundredths. Those of one process share commits
(`sipas.storage.group_commit`). PostgreSQL queues and groups by itself.
"""

from __future__ import annotations

import atexit
import errno
import fcntl
import os
import sqlite3
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Engine, MetaData, create_engine, event, inspect, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DatabaseError, DisconnectionError, OperationalError
from sqlalchemy.orm import DeclarativeBase, Session

from sipas.config.settings import Settings
from sipas.errors import N_, NotReady, NotStored, SchemaMismatch
from sipas.storage import write_ahead_log
from sipas.storage.group_commit import Writer
from sipas.storage.pinned_connection import MILLISECONDS, DriverTransaction, PinnedConnection, Short, whole
from sipas.storage.write_outcomes import Outcomes

T = TypeVar("T")

HEAD = "0019"  # the newest migration; a test compares it with the folder


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
    """An engine and the lock of its writers; a visitor's write may wait `patience` seconds."""

    engine: Engine
    lock: Path | None
    patience: float = 2.0

    @classmethod
    def of(cls, settings: Settings) -> Database:
        """The database that the settings name; nothing is opened yet."""
        if not _is_sqlite(settings.url):
            engine = create_engine(settings.url, connect_args={"connect_timeout": max(2, round(settings.patience))})
            return cls(engine, None, settings.patience)
        engine = create_engine(
            settings.url, connect_args={"timeout": MILLISECONDS / 1000, "factory": write_ahead_log.Connection}
        )
        event.listen(engine, "connect", _tune)
        event.listen(engine, "checkout", _refuse_replaced)
        event.listen(engine, "begin", _begin)
        atexit.register(_close_idle, weakref.ref(engine))  # so that the last of all processes overwrites the log
        return cls(engine, settings.paths.write_lock, settings.patience)

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

    def write(self, deed: Callable[[Connection], T], lane: str = "answer") -> T:
        """A visitor's short deed, durable when this returns; raises NotStored where that was not to be had in time.

        On SQLite it shares its transaction with the deeds that wait in the same lane, never with another lane's. It
        may run twice, so it must be one that can be repeated, such as a row that is stored once under its key.
        """
        return self.write_plainly(lambda short: deed(whole(short)), lane)

    def write_plainly(self, deed: Callable[[Short], T], lane: str = "answer") -> T:
        """The same for a deed that is plain statements: it costs a third of what SQLAlchemy's ways cost."""
        try:
            done: T = self._writer.do(deed, lane, self.patience) if self.lock else self._write_alone(deed)
        except NotStored as refused:
            self.outcomes.failed(refused.reason)
            raise
        except (DatabaseError, OSError) as error:
            if isinstance(error, DatabaseError) and not is_away(error):
                raise
            reason = why_not_stored(error)
            self.outcomes.failed(reason.reason)
            raise reason from error
        self.outcomes.stored()
        return done

    def _write_alone(self, deed: Callable[[Short], T]) -> T:
        """PostgreSQL groups commits by itself. A connection that broke leaves the commit in doubt: once more, anew."""
        for again in (True, False):
            try:
                with self.engine.begin() as connection:
                    connection.execute(HURRY, {"wait": f"{round(self.patience * 1000)}ms"})
                    return deed(connection)
            except OperationalError as error:
                if not (again and error.connection_invalidated):
                    raise
        raise AssertionError

    @cached_property
    def outcomes(self) -> Outcomes:
        """How the last of this process's short deeds ended."""
        return Outcomes()

    @cached_property
    def _writer(self) -> Writer[DriverTransaction]:
        return Writer(self.queue, PinnedConnection(self.engine).transaction)

    @contextmanager
    def queue(self, wait: bool = True) -> Iterator[bool]:
        """Waits for its turn to write; other processes wait for the end of the block. With `wait` False it does not
        wait; then it gives False where it is somebody else's turn."""
        if self.lock is None:
            yield True
            return
        file = os.open(self.lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
        finally:
            os.close(file)

    @contextmanager
    def driver(self) -> Iterator[sqlite3.Connection]:
        """SQLite's own connection, in no transaction, for what SQLAlchemy has no words for."""
        with self.engine.connect() as connection:
            yield connection.connection.driver_connection  # type: ignore[misc]

    @property
    def file(self) -> Path | None:
        """SQLite's file, None on PostgreSQL."""
        return Path(self.engine.url.database or "") if self.engine.dialect.name == "sqlite" else None

    def exists(self) -> bool:
        """Whether a database of ours is there at all."""
        if self.file and not self.file.is_file():
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
            raise NotReady(
                N_(
                    "There is no database yet. Make one with your province's files, `sipas init --registry FOLDER` "
                    "(`sipas registry template FOLDER` writes empty ones), or try `sipas demo`."
                )
            )
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


UNDEFINED_TABLE = "42P01"
HURRY = text("select set_config('lock_timeout', :wait, true), set_config('statement_timeout', :wait, true)")
_REASONS = {
    "SQLITE_FULL": "full",
    "SQLITE_BUSY": "busy",
    "SQLITE_CORRUPT": "damaged",
    "SQLITE_NOTADB": "damaged",
    "53100": "full",
    "55P03": "busy",
    "57014": "busy",
    "40P01": "busy",
    UNDEFINED_TABLE: "damaged",
}


def is_away(error: DatabaseError) -> bool:
    """Whether the database cannot be used at all: it does not answer, or is damaged. (A driver's plain DatabaseError is
    SQLite's “malformed” and “not a database”; its kinds, such as IntegrityError, are the statement's own fault, but for
    PostgreSQL's word that a table is missing.)"""
    is_gone = getattr(error.orig, "sqlstate", None) == UNDEFINED_TABLE
    return is_gone or isinstance(error, OperationalError) or type(error) is DatabaseError


def why_not_stored(error: DatabaseError | OSError) -> NotStored:
    """What a failure of the database or the disk means: full, busy, damaged, or away."""
    if isinstance(error, OSError):
        return NotStored("full" if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) else "away")
    name = getattr(error.orig, "sqlite_errorname", None) or getattr(error.orig, "sqlstate", None) or ""
    return NotStored(_REASONS.get(name, "away"))


def _is_sqlite(url: str) -> bool:
    return url.startswith("sqlite")


def _close_idle(found: weakref.ref[Engine]) -> None:
    engine = found()
    if engine is not None:
        engine.dispose()


def _tune(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    cursor = connection.cursor()
    for pragma in ("foreign_keys=ON", "synchronous=FULL", "secure_delete=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _refuse_replaced(connection: write_ahead_log.Connection, _record: object, _proxy: object) -> None:
    """A pooled connection to a file that is no longer there is given up, and another one opened."""
    if not connection.is_current():
        raise DisconnectionError("the database file was removed or replaced")


def _begin(connection: Connection) -> None:
    if (
        not connection.connection.driver_connection.in_transaction  # type: ignore[union-attr]
    ):  # as one that `sipas.storage.pinned_connection` began
        connection.exec_driver_sql("BEGIN")
