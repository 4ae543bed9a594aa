"""A database that is damaged, missing or not ours: every command says so in one sentence, and restore repairs it."""

from __future__ import annotations

import json
import os
import sqlite3
import sys

import pytest
from sqlalchemy.exc import OperationalError

from sipas import cli, clock
from sipas.backups import backup
from sipas.backups.sqlite import aside
from sipas.errors import NotStored
from sipas.storage.database import Database
from tests.go_down_and_up import set_version
from tests.make import a_response, a_wave
from tests.repeated import home_once

UNFORESEEN = "Something unforeseen"


@pytest.fixture
def home(settings, monkeypatch):
    """A home with a wave, 30 answers and a backup of yesterday."""
    database = Database.of(settings)

    def filling():
        a_wave(database, settings)
        for _ in range(30):
            a_response(database, settings)
        backup(settings, database, "2026-09-15")

    home_once(database, settings, filling)
    database.engine.dispose()
    for name, value in {"SIPAS_HOME": str(settings.home), "SIPAS_LANGUAGE": "en"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("SIPAS_DEBUG", raising=False)
    return settings.home


@pytest.fixture
def sipas(monkeypatch, capsys):
    """Types a command: exit status, standard output, standard error."""

    def typed(*words):
        monkeypatch.setattr(sys, "argv", ["sipas", *map(str, words)])
        try:
            cli.main()
            status = 0
        except SystemExit as end:
            status = int(end.code or 0)
        told = capsys.readouterr()
        return status, told.out, told.err

    return typed


def overwrite(start, end):
    """Random bytes over a part of the file; `end` counts from its end."""

    def done(file):
        with file.open("r+b") as stream:
            stream.seek(start)
            stream.write(os.urandom(file.stat().st_size - start - end))

    return done


def another_programs(file):
    file.unlink()
    other = sqlite3.connect(file)
    other.execute("create table bookmark (address)")
    other.close()


def without_a_table(file):
    ours = sqlite3.connect(file)
    ours.execute("drop table wave")
    ours.close()


def of_another_version(version):
    def done(file):
        ours = sqlite3.connect(file)
        ours.execute("update alembic_version set version_num = ?", (version,))
        ours.commit()
        ours.close()

    return done


def a_folder(file):
    file.unlink()
    file.mkdir()


DAMAGES = {
    "its middle is overwritten": (overwrite(4096 * 3, 4096 * 3), "is damaged"),
    "its head is overwritten": (overwrite(0, 4096 * 20), "is no database"),
    "its list of tables is overwritten": (overwrite(100, 4096 * 4), "is damaged"),
    "it is cut to 0 bytes": (lambda file: os.truncate(file, 0), "is empty"),
    "it is cut to 100 bytes": (lambda file: os.truncate(file, 100), "is damaged"),
    "it is cut in half": (lambda file: os.truncate(file, file.stat().st_size // 2 // 4096 * 4096), "is damaged"),
    "it is a text": (lambda file: file.write_text("Xin chào\n" * 5000, encoding="utf-8"), "is no database"),
    "it is another program's": (another_programs, "another program's: it holds bookmark"),
    "it is gone": (lambda file: file.unlink(), "is missing"),
    "a table is gone": (without_a_table, "lacks tables of ours: wave"),
    "it is a folder": (a_folder, "is no file"),
    "its version is no version": (of_another_version("ae1027a6acf"), "which no version of this program ever had"),
}


READABLE = {"its version is no version", "a table is gone"}  # so that it shows that it holds answers


@pytest.mark.parametrize("damage", DAMAGES)
def test_every_command_says_what_the_database_is_and_restore_repairs_it(home, sipas, damage):
    do, words = DAMAGES[damage]
    do(home / "sipas.sqlite")
    newest = home / "backups" / "2026-09-15.sqlite"
    for command in (["wave", "list"], ["backup"], ["maintain"], ["release", "list"], ["migrate"], ["init"]):
        status, out, err = sipas(*command)
        assert (status, out) == (1, ""), command
        assert err.count("\n") == 1, (command, err)
        assert words in err, (command, err)
        assert f"sipas restore {newest}" in err, command
        assert UNFORESEEN not in err
    status, out, err = sipas("doctor")
    assert status == 1
    assert words in out
    assert f"sipas restore {newest}" in out
    assert "No answer can be stored" not in out  # the damaged database is named once
    assert "PostgreSQL" not in out
    assert "snapshots and releases are as they say of themselves" in out or "Not walked" in out  # it looked on
    assert "Keys, secrets and marks are whole." in out

    status, out, err = sipas("restore", newest, *(["--force"] if damage in READABLE else []))
    assert (status, UNFORESEEN in err) == (0, False), err
    status, out, _ = sipas("wave", "list", "--json")
    assert (status, json.loads(out)[0]["responses"]) == (0, 30)
    assert sipas("doctor")[0] == 0


def test_what_could_not_be_read_is_put_aside_whole_and_named_until_it_is_destroyed(home, sipas):
    file = home / "sipas.sqlite"
    overwrite(4096 * 3, 4096 * 3)(file)
    broken = file.read_bytes()
    status, _, err = sipas("restore", home / "backups" / "2026-09-15.sqlite")
    there = home / f"sipas.sqlite.damaged-{clock.today()}"
    assert status == 0
    assert str(there) in err
    assert "shred -u" in err
    assert there.read_bytes() == broken
    assert f"[ !] {there} was put aside" in sipas("doctor")[1]
    for path in home.glob("*.damaged-*"):
        path.unlink()
    assert "was put aside" not in sipas("doctor")[1]


def test_a_second_damaged_one_takes_no_other_place(home, sipas, settings):
    for _ in range(2):
        (home / "sipas.sqlite").write_text("not a database", encoding="utf-8")
        assert sipas("restore", home / "backups" / "2026-09-15.sqlite")[0] == 0
    assert [path.read_text(encoding="utf-8") for path in aside(Database.of(settings))] == ["not a database"] * 2


def test_a_log_left_beside_a_missing_database_is_never_read_into_the_restored_one(home, sipas):
    (home / "sipas.sqlite").unlink()
    log = os.urandom(100_000)
    (home / "sipas.sqlite-wal").write_bytes(log)
    (home / "sipas.sqlite-shm").write_bytes(os.urandom(32_768))
    assert sipas("restore", home / "backups" / "2026-09-15.sqlite")[0] == 0
    assert json.loads(sipas("wave", "list", "--json")[1])[0]["responses"] == 30
    assert (home / f"sipas.sqlite.damaged-{clock.today()}-wal").read_bytes() == log


def test_without_a_backup_the_sentence_says_where_one_comes_from(home, sipas):
    for path in (home / "backups").iterdir():
        path.unlink()
    (home / "sipas.sqlite").unlink()
    _, _, err = sipas("wave", "list")
    assert "No backup lies in the folder backups" in err
    assert "with its .sha256" in err


def test_a_home_that_nobody_used_is_told_how_to_begin(tmp_path, monkeypatch, sipas):
    monkeypatch.setenv("SIPAS_HOME", str(tmp_path / "new"))
    monkeypatch.setenv("SIPAS_LANGUAGE", "en")
    assert "There is no database yet. Make one with your province's files" in sipas("wave", "list")[2]


def test_an_older_database_is_told_to_migrate_and_a_newer_one_to_install(home, sipas, settings):
    for version, words in (("0009", "Run `sipas migrate`"), ("9999", "newer than this program")):
        set_version(Database.of(settings), version)
        status, _, err = sipas("wave", "list")
        assert (status, words in err) == (1, True)
        assert words in sipas("doctor")[1]


def test_over_a_readable_database_that_holds_waves_force_is_still_asked_for(home, sipas):
    status, _, err = sipas("restore", home / "backups" / "2026-09-15.sqlite")
    assert (status, "--force" in err) == (1, True)


def test_damaged_backups_are_refused_in_one_sentence_and_touch_nothing(home, sipas):
    import hashlib

    before = (home / "sipas.sqlite").read_bytes()
    for content in (b"", b"text" * 2000, (home / "sipas.sqlite").read_bytes()[:4096]):
        file = home / "backups" / "other.sqlite"
        file.write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        file.with_name("other.sqlite.sha256").write_text(f"{digest}  other.sqlite\n", encoding="utf-8")
        status, _, err = sipas("restore", file, "--force")
        assert status == 1
        assert err.count("\n") == 1
        assert "other.sqlite" in err
        assert UNFORESEEN not in err
    assert (home / "sipas.sqlite").read_bytes() == before


def test_the_server_never_makes_a_database_where_somebody_removed_it(settings):
    database = Database.of(settings)
    a_wave(database, settings)
    a_response(database, settings)
    (settings.home / "sipas.sqlite").unlink()
    with pytest.raises(OperationalError, match="unable to open database file"):
        a_response(database, settings)
    with pytest.raises(NotStored):
        database.write(lambda connection: None)
    database.engine.dispose()
    assert not (settings.home / "sipas.sqlite").exists()


def test_the_tables_that_must_be_there_are_those_of_the_newest_version(settings):
    from sqlalchemy import inspect

    from sipas.storage.condition import VERSION, our_tables

    assert set(inspect(Database.of(settings).engine).get_table_names()) == {*our_tables(), VERSION}
