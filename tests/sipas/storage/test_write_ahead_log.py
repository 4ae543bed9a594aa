"""SQLite's log at its end: what is overwritten, what stays, and who is waited for."""

from __future__ import annotations

import gc
import os
import sqlite3

import pytest
from sqlalchemy import text

from sipas.storage import write_ahead_log
from sipas.storage.database import Database
from sipas.storage.write_ahead_log import LogInUse, log_of, shorten
from tests.make import a_response, a_wave


@pytest.fixture
def connection(database):
    with database.driver() as found:
        found.execute("PRAGMA busy_timeout=0")
        yield found
        found.execute("PRAGMA busy_timeout=30000")


def answers(database):
    with database.reading() as session:
        return session.execute(text("select count(*) from response")).scalar_one()


def test_a_long_log_is_overwritten_part_by_part_from_its_end(database, settings, connection, monkeypatch):
    a_wave(database, settings)
    a_response(database, settings)
    size, parts = log_of(database.file).stat().st_size, 1
    monkeypatch.setattr(write_ahead_log, "SLICE", size // 4)
    while not shorten(connection, database.file):
        assert log_of(database.file).stat().st_size < size
        size, parts = log_of(database.file).stat().st_size, parts + 1
    assert 4 <= parts <= 5
    assert log_of(database.file).stat().st_size == 0
    assert answers(database) == 1


def test_what_is_written_between_two_parts_stays(database, settings, connection, monkeypatch):
    a_wave(database, settings)
    monkeypatch.setattr(write_ahead_log, "SLICE", 50_000)
    done, count = False, 0
    while not done:
        a_response(database, settings)
        done, count = shorten(connection, database.file), count + 1
    assert count > 2
    assert answers(database) == count
    assert connection.execute("pragma integrity_check").fetchone() == ("ok",)


def test_a_log_that_is_read_is_left_as_it_is(database, settings, connection):
    a_wave(database, settings)
    with database.engine.connect() as reader:
        reader.execute(text("select count(*) from response")).scalar_one()
        a_response(database, settings)
        before = log_of(database.file).read_bytes()
        with pytest.raises(LogInUse):
            shorten(connection, database.file)
        assert log_of(database.file).read_bytes() == before
        assert reader.execute(text("select count(*) from response")).scalar_one() == 0
    assert shorten(connection, database.file)


def test_a_log_to_which_another_program_writes_is_left_as_it_is(database, settings, connection):
    a_wave(database, settings)
    stranger = sqlite3.connect(database.file, isolation_level=None)
    stranger.execute("begin immediate")
    before = log_of(database.file).read_bytes()
    with pytest.raises(LogInUse):
        shorten(connection, database.file)
    assert log_of(database.file).read_bytes() == before
    stranger.close()


def test_a_database_without_a_log_has_nothing_to_shorten(database, connection, tmp_path):
    assert shorten(connection, tmp_path / "none.sqlite")


def test_the_last_connection_leaves_neither_log_nor_index_and_all_is_stored(database, settings):
    a_wave(database, settings)
    a_response(database, settings)
    database.engine.dispose()
    assert sorted(path.name for path in settings.home.glob("sipas.sqlite*")) == ["sipas.sqlite"]
    assert answers(database) == 1


def test_while_another_process_has_it_open_the_log_stays(database, settings):
    a_wave(database, settings)
    stranger = sqlite3.connect(database.file)
    stranger.execute("select count(*) from response").fetchone()
    before = log_of(database.file).read_bytes()
    database.engine.dispose()
    assert log_of(database.file).read_bytes() == before
    stranger.close()


def test_a_fork_that_lets_go_of_its_parents_connections_leaves_the_log(database, settings):
    a_wave(database, settings)
    before = log_of(database.file).read_bytes()
    child = os.fork()
    if not child:
        database.engine.dispose()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert log_of(database.file).read_bytes() == before
    a_response(database, settings)
    assert answers(Database.of(settings)) == 1


def test_a_connection_that_nobody_closes_is_closed_as_it_is_forgotten(database, settings):
    a_wave(database, settings)
    database.engine.dispose()
    forgotten = sqlite3.connect(str(database.file), factory=write_ahead_log.Connection, isolation_level=None)
    forgotten.execute("pragma user_version=0")
    assert log_of(database.file).exists()
    del forgotten
    gc.collect()
    assert not log_of(database.file).exists()
