"""SQLite's transaction for a visitor's deed, by the driver itself. Knows no Flask.

The way through SQLAlchemy (a connection of its own, its events, a context for each statement) costs 0.15 ms an answer,
which is more than the storing.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

from sqlalchemy import Engine, event
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import PoolProxiedConnection

MILLISECONDS = 30_000  # that a connection waits where another program holds the database
PATIENCE = 5.0  # seconds for a write under way, where the connections are closed


class DriverTransaction:
    """What a deed writes with: statements as the driver takes them, or, for what needs more, a whole connection."""

    def __init__(self, engine: Engine, pooled: PoolProxiedConnection) -> None:
        self._engine, self._pooled = engine, pooled
        self._driver: sqlite3.Connection = pooled.driver_connection  # type: ignore[assignment]

    @property
    def dialect(self) -> Dialect:
        """As a connection of SQLAlchemy has it."""
        return self._engine.dialect

    def exec_driver_sql(self, statement: str, values: tuple[object, ...] = ()) -> sqlite3.Cursor:
        """Runs a statement; what is wrong is raised as SQLAlchemy raises it."""
        try:
            return self._driver.execute(statement, values)
        except sqlite3.Error as error:
            raise _of_sqlalchemy(statement, error) from error

    @cached_property
    def whole(self) -> Connection:
        """The same transaction as SQLAlchemy sees one."""
        made = Connection(self._engine, connection=self._pooled)
        made.begin()
        return made

    @property
    def is_current(self) -> bool:
        """Whether what was written went into the file that lies under the database's name."""
        return _is_current(self._pooled)

    def commit(self) -> None:
        """The end; durable when this returns."""
        if "whole" in vars(self):
            self.whole.commit()
            return
        try:
            self._driver.commit()
        except sqlite3.Error as error:
            raise _of_sqlalchemy("COMMIT", error) from error


Short = Connection | DriverTransaction
"""What runs the statements of a visitor's deed: PostgreSQL's connection, or SQLite's driver."""


def whole(short: Short) -> Connection:
    """A connection that takes all that SQLAlchemy can say."""
    return short.whole if isinstance(short, DriverTransaction) else short


class PinnedConnection:
    """The one connection by which a process writes what visitors send; taken out of the pool for each answer, and put
    back, it would cost 0.04 ms more. Whoever uses it sees to it that nobody else does: `sipas.storage.group_commit`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._pooled: PoolProxiedConnection | None = None
        self._process = os.getpid()
        self._in_use = threading.RLock()
        event.listen(engine, "engine_disposed", lambda _engine: self._let_go_when_idle())

    @contextmanager
    def transaction(self, wait: bool) -> Iterator[DriverTransaction]:
        """All of the block is stored, or nothing. It begins as a writer at once, so that nothing it read can be
        outdated; where another program holds the database it waits, or, with `wait` False, raises OperationalError, as
        it does where somebody removed or replaced the file before the commit was done."""
        with self._lock():
            plain = DriverTransaction(self._engine, self._taken())
            try:
                if wait:
                    plain.exec_driver_sql(f"PRAGMA busy_timeout={MILLISECONDS}")
                plain.exec_driver_sql("BEGIN IMMEDIATE")
                if wait:
                    plain.exec_driver_sql("PRAGMA busy_timeout=0")
                yield plain
                plain.commit()
                if not plain.is_current:
                    raise _of_sqlalchemy("COMMIT", _replaced())
            except BaseException:
                self._let_go()  # closed, it has committed nothing; the next answer opens another
                raise

    def _taken(self) -> PoolProxiedConnection:
        if self._pooled is not None and self._process == os.getpid() and not _is_current(self._pooled):
            self._let_go()
        if self._pooled is None or self._process != os.getpid():  # a fork must not write through its parent's
            try:
                self._pooled, self._process = self._engine.raw_connection(), os.getpid()
            except sqlite3.Error as error:  # the file or its folder is gone, as a disk that is no longer there
                raise _of_sqlalchemy("", error) from error
            self._pooled.driver_connection.execute("PRAGMA busy_timeout=0")  # type: ignore[union-attr]
        return self._pooled

    def _let_go_when_idle(self) -> None:
        """As a process ends a thread may still be writing: what it uses is not closed under its hands."""
        lock = self._lock()
        if lock.acquire(timeout=PATIENCE):
            try:
                self._let_go()
            finally:
                lock.release()

    def _lock(self) -> threading.RLock:
        if self._process != os.getpid():  # a fork takes the lock along, but not the thread that holds it
            self._in_use = threading.RLock()
        return self._in_use

    def _let_go(self) -> None:
        pooled, self._pooled = self._pooled, None
        if pooled is not None:
            pooled.invalidate()
            pooled.close()


def _is_current(pooled: PoolProxiedConnection) -> bool:
    return pooled.driver_connection.is_current()  # type: ignore[union-attr]


def _replaced() -> sqlite3.Error:
    return sqlite3.OperationalError("the database file was removed or replaced")


def _of_sqlalchemy(statement: str, error: sqlite3.Error) -> Exception:
    return DBAPIError.instance(statement, None, error, sqlite3.Error, hide_parameters=True)
