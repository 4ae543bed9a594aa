"""A database written anew within its own file."""

from __future__ import annotations

import sqlite3

import pytest
from sqlalchemy import text

from sipas.backups import backup, restore
from sipas.intake.maintenance import maintain
from sipas.storage import sqlite_files
from tests.boundaries.test_order_of_arrival import arrive
from tests.make import a_response, a_wave


@pytest.mark.parametrize("size", [512, 4096, 65536])
@pytest.mark.parametrize("pages", [1, 3, 4, 5, 9, 100, 2000])
def test_a_copy_is_lengthened_to_the_page(tmp_path, size, pages):
    copy = sqlite3.connect(tmp_path / "copy", isolation_level=None)
    copy.execute(f"pragma page_size={size}")
    copy.execute("create table one (two)")
    sqlite_files._lengthen(copy, pages)
    assert copy.execute("pragma page_count").fetchone() == (max(2, pages),)
    assert copy.execute("pragma integrity_check").fetchone() == ("ok",)
    copy.close()
    assert (tmp_path / "copy").stat().st_size == size * max(2, pages)


def test_the_file_gives_no_page_back_and_uses_the_free_ones_first(database, settings):
    arrive(database, 1000)
    with database.writing() as session:
        session.execute(text("delete from response"))  # as when a wave is dropped
    with database.driver() as connection:
        connection.execute("pragma wal_checkpoint(full)")
        size = database.file.stat().st_size
        assert maintain(database, settings.home) is False  # no row is there, and none was
        (settings.home / "maintained").write_text("1000")
        assert maintain(database, settings.home)
        assert connection.execute("pragma freelist_count").fetchone()[0] > 10
    assert database.file.stat().st_size == size
    arrive(database, 500, 5000)
    assert maintain(database, settings.home)
    assert database.file.stat().st_size == size


def test_a_smaller_backup_leaves_the_file_as_long_as_it_was(database, settings):
    a_wave(database, settings)
    kept = backup(settings, database, "small")
    arrive(database, 1000)
    maintain(database, settings.home)
    size = database.file.stat().st_size
    restore(settings, database, kept, force=True)
    assert database.file.stat().st_size == size > kept.stat().st_size
    with database.driver() as connection:
        assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
        assert connection.execute("select count(*) from response").fetchone() == (0,)


def test_copies_that_a_crash_left_go_even_when_nothing_is_due(database, settings):
    a_wave(database, settings)
    a_response(database, settings)
    assert maintain(database, settings.home)
    for name in ("sipas.sqlite.copy", "sipas.sqlite.gone-0"):
        (settings.home / name).write_bytes(b"rows")
    assert not maintain(database, settings.home)
    assert not list(settings.home.glob("sipas.sqlite.*"))


def test_a_night_that_fails_leaves_the_database_and_no_copy(database, settings, monkeypatch):
    a_wave(database, settings)
    a_response(database, settings)

    def full(*_arguments):
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(sqlite_files, "_lengthen", full)
    with pytest.raises(sqlite3.OperationalError):
        maintain(database, settings.home)
    monkeypatch.undo()
    assert maintain(database, settings.home)  # due still
    assert not list(settings.home.glob("sipas.sqlite.*"))
