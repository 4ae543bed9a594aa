"""`desk.sqlite`: opened at first use, made for its owner alone, written by one at a time. Knows no Flask."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from sipas.accounts.models import VERSION, DeskBase
from sipas.errors import N_, NotReady, SchemaMismatch
from sipas.files.home_paths import HomePaths
from sipas.files.state_files import private_file, write_new

PATIENCE = 10.0  # seconds for which a writer waits for another


class DamagedStore(NotReady):
    """`desk.sqlite` cannot be read."""

    status = 503


class Store:
    """Accounts, sessions and the log of one home."""

    def __init__(self, home: Path) -> None:
        self.home, self.file = home, HomePaths(home).desk_store
        self._engine: Engine | None = None

    def exists(self) -> bool:
        """Whether the home has one: not before its first account, or its first logged command."""
        return self.file.exists()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that sees one moment and writes nothing; raises DamagedStore."""
        with _said(), Session(self._opened(), info={"home": self.home}) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session whose block is one transaction, one writer at a time; raises DamagedStore."""
        with (
            _said(),
            Session(self._opened(), expire_on_commit=False, info={"home": self.home}) as session,
            session.begin(),
        ):
            session.connection().exec_driver_sql("BEGIN IMMEDIATE")
            yield session

    def _opened(self) -> Engine:
        if self._engine is None:
            private_file(self.file)
            engine = create_engine(f"sqlite:///{self.file}", poolclass=NullPool, connect_args={"timeout": PATIENCE})
            event.listen(engine, "connect", _tune)
            _fit(engine)
            self._engine = engine
        return self._engine


@contextmanager
def _said() -> Iterator[None]:
    try:
        yield
    except (DatabaseError, sqlite3.DatabaseError) as error:
        if isinstance(getattr(error, "orig", error), sqlite3.IntegrityError):
            raise
        raise DamagedStore(
            N_(
                "desk.sqlite in SIPAS_HOME, which holds accounts and the log, cannot be used: {reason}. See `sipas "
                "doctor`."
            ),
            reason=str(getattr(error, "orig", error)),
        ) from None


def _tune(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # transactions begin where we say so
    connection.execute("pragma secure_delete = on")
    connection.execute("pragma synchronous = full")


def _fit(engine: Engine) -> None:
    """Makes the tables where there are none; two processes that do it at once end with one set of tables."""
    with engine.connect() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        version = connection.exec_driver_sql("pragma user_version").scalar_one()
        if version > VERSION:
            raise SchemaMismatch(
                N_("desk.sqlite was made by a newer version of this program; update the program first.")
            )
        if version == 0:
            DeskBase.metadata.create_all(connection)
            connection.exec_driver_sql(f"pragma user_version = {VERSION}")
        connection.commit()


def packed(home: Path) -> bytes | None:
    """A whole copy for a backup, without sessions; None where the home has no accounts yet."""
    file = HomePaths(home).desk_store
    if not file.exists():
        return None
    with _said(), tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / file.name
        source = sqlite3.connect(file)
        try:
            source.execute("vacuum into ?", (str(copy),))
        finally:
            source.close()
        other = sqlite3.connect(copy)
        try:
            other.execute("delete from desk_session")
            other.commit()
            other.execute("vacuum")
        finally:
            other.close()
        return copy.read_bytes()


def restore_copy(home: Path, data: bytes) -> bool:
    """Puts a backup's copy where none lies; one that is there stays, for its log says more. Tells whether it did."""
    file = HomePaths(home).desk_store
    if file.exists():
        return False
    write_new(file, data)
    return True


@lru_cache(maxsize=8)
def store_of(home: Path) -> Store:
    """The store of a home, one for each process."""
    return Store(home)
