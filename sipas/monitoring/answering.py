"""Whether an answer could be stored now: the way of a visitor's answer is gone up to its commit, and taken back.

On SQLite that is the turn of the writers, a transaction, and pages that are really written into the log; a rollback
makes them room for the next answer, so nothing stays that would tell when somebody asked. On PostgreSQL it is the lock
of the answers' table and a commit, for its log notes the time of every commit anyhow.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from sqlite3 import Connection as Driver

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError

from sipas import clock
from sipas.config.settings import Settings
from sipas.errors import NotStored, SipasError
from sipas.fieldwork.ended import was_frozen
from sipas.fieldwork.waves import asks, waves
from sipas.files.disk_space import is_out_of_room
from sipas.keyring import wave_keys
from sipas.storage.database import HURRY, Database, why_not_stored
from sipas.storage.pinned_connection import MILLISECONDS

FRESH = 1.0  # seconds for which a result is given again
STALE = 30.0  # seconds after which nobody is given an old result while somebody else looks
ROOM = 32 * 1024  # bytes written: more than an answer with its indexes takes

FULL, BUSY, AWAY, KEY, VERSION = "full", "busy", "away", "key", "version"


class Rehearsals:
    """The results of a process: one look a second at most, by one thread at a time, however many ask."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database, self._settings = database, settings
        self._looking = threading.Lock()
        self._result: tuple[float, str] | None = None

    def reason(self) -> str:
        """Why no answer can be stored: full, busy, away, key or version; "" where one can."""
        known = self._known(FRESH)
        if known is not None:
            return known
        if not self._looking.acquire(blocking=(older := self._known(STALE)) is None):
            return older or ""
        try:
            known = self._known(FRESH)  # by whoever we waited for
            if known is not None:
                return known
            found = why_no_answer(self._database, self._settings)
            self._result = time.monotonic(), found
            return found
        finally:
            self._looking.release()

    def _known(self, seconds: float) -> str | None:
        result = self._result
        return result[1] if result and time.monotonic() - result[0] < seconds else None


def why_no_answer(database: Database, settings: Settings) -> str:
    """Why no answer can be stored now; "" where one can. Stores nothing."""
    try:
        database.check()
        with database.reading() as session:
            open_ones = [wave for wave in waves(session) if asks(wave, clock.today())]
        asking = [wave.code for wave in open_ones if not was_frozen(settings.home, wave)]
    except SipasError:
        return VERSION
    except (DBAPIError, OSError) as error:
        return _reason(error, settings)
    if any(not _has_keys(settings, wave) for wave in asking):
        return KEY
    if database.outcomes.stored_within(FRESH):
        return ""
    try:
        if database.file:
            _rehearse(database)
        else:
            _commit_a_note(database)
    except NotStored as error:
        return error.reason
    except (DBAPIError, sqlite3.Error, OSError) as error:
        return _reason(error, settings)
    return "" if database.file else database.outcomes.failed_within(STALE)


def _has_keys(settings: Settings, wave: str) -> bool:
    try:
        return all(wave_keys.find(settings.home, wave, kind) for kind in wave_keys.KINDS)
    except OSError:  # not ours to read
        return False


def _reason(error: DBAPIError | sqlite3.Error | OSError, settings: Settings) -> str:
    if is_out_of_room(error, settings.home):
        return FULL
    if isinstance(error, sqlite3.Error):
        error = OperationalError("", None, error)
    return why_not_stored(error).reason if isinstance(error, OperationalError | OSError) else AWAY


def _rehearse(database: Database) -> None:
    end = time.monotonic() + database.patience
    while True:
        with database.queue(wait=False) as is_ours:
            if is_ours:
                with database.driver() as driver:
                    _write_and_take_back(driver, max(0.0, end - time.monotonic()))
                return
        if time.monotonic() >= end:
            raise NotStored(BUSY)
        time.sleep(0.01)


def _write_and_take_back(driver: Driver, patience: float) -> None:
    """A cache of few pages makes SQLite write to its log before the commit, which never comes."""
    (cache,) = driver.execute("pragma cache_size").fetchone()
    driver.execute(f"pragma busy_timeout={round(patience * 1000)}")
    driver.execute("pragma cache_size=2")
    try:
        driver.execute("begin immediate")
        driver.execute("create table rehearsal (filler)")
        driver.execute("insert into rehearsal values (zeroblob(?))", (ROOM,))
    finally:
        if driver.in_transaction:
            driver.execute("rollback")
        driver.execute(f"pragma cache_size={cache}")
        driver.execute(f"pragma busy_timeout={MILLISECONDS}")


def _commit_a_note(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.execute(HURRY, {"wait": f"{round(database.patience * 1000)}ms"})
        connection.execute(text("lock table response in row exclusive mode"))
        connection.execute(text("select pg_logical_emit_message(true, 'sipas', 'rehearsal')"))
