"""`desk.sqlite`: opened at first use, made for its owner alone, written by one at a time. Knows no Flask."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Engine, create_engine, event, select
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from sipas.accounts.models import VERSION, Account, DeskBase
from sipas.errors import N_, NotReady, SchemaMismatch
from sipas.files.home_paths import HomePaths
from sipas.files.state_files import private_file, write_new

PATIENCE = 10.0  # seconds for which a writer waits for another


NOBODY = N_("There is no account yet; `sipas user add` makes them.")
GONE = N_(
    "desk.sqlite, which holds accounts and the log, is missing from SIPAS_HOME. Restore it from a backup; if there is "
    "none, `sipas log restored` begins anew and says so in the log."
)


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
        """A session whose block is one transaction, one writer at a time; raises DamagedStore. The first makes the
        store."""
        self.begin()
        with (
            _said(),
            Session(self._opened(), expire_on_commit=False, info={"home": self.home}) as session,
            session.begin(),
        ):
            session.connection().exec_driver_sql("BEGIN IMMEDIATE")
            yield session

    def begin(self) -> None:
        """Make an empty store where none is; raises NotReady where one is known to have been there."""
        if self.file.exists() and self.file.stat().st_size:
            return
        if HomePaths(self.home).log_head.exists():
            raise NotReady(GONE)
        private_file(self.file)

    def forget(self) -> None:
        """The file is another one from now on."""
        self._engine = None

    def _opened(self) -> Engine:
        if self._engine is None:
            if not self.exists():
                raise NotReady(GONE if HomePaths(self.home).log_head.exists() else NOBODY)
            where = f"sqlite:///file:{quote(str(self.file))}?mode=rw&uri=true"  # a file that went is not made anew
            engine = create_engine(where, poolclass=NullPool, connect_args={"timeout": PATIENCE})
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
                "desk.sqlite in SIPAS_HOME, which holds accounts and the log, cannot be used: {reason}. Restore "
                "it from a backup; if there is none, `sipas log restored` puts it aside, begins anew and says so."
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
    """Puts a backup's copy where no account is: one with accounts stays, for its log says more. What it replaces is put
    aside. Tells whether it did."""
    if has_accounts(home):
        return False
    put_store_aside(home)
    write_new(HomePaths(home).desk_store, data)
    return True


def has_accounts(home: Path) -> bool:
    """Whether the home's store can be read and holds an account."""
    store = store_of(home)
    if not store.exists():
        return False
    try:
        with store.reading() as session:
            return session.scalar(select(Account.name).limit(1)) is not None
    except NotReady:
        return False


def put_store_aside(home: Path) -> Path | None:
    """Renames a store that cannot be used, or is to be replaced; gives its new name, None where none lay there."""
    file = HomePaths(home).desk_store
    store_of(home).forget()
    if not file.exists():
        return None
    number = 1
    while (aside := file.with_name(f"{file.name}.aside-{number}")).exists():
        number += 1
    file.rename(aside)
    return aside


@lru_cache(maxsize=8)
def store_of(home: Path) -> Store:
    """The store of a home, one for each process."""
    return Store(home)
