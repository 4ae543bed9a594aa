"""There and back: a backup is whole, says what it is, and replaces everything or nothing; on both databases."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import threading
from dataclasses import replace

import pytest
from sqlalchemy import inspect, select, text
from sqlalchemy.exc import DatabaseError

from sipas import backups
from sipas.backups import NotEmpty, backup, restore
from sipas.config.settings import Settings
from sipas.errors import BadFile, NotReady, NotStored, SchemaMismatch
from sipas.fieldwork.points import points
from sipas.intake import stored
from sipas.intake.comment_spool import CommentSpool
from sipas.intake.invitations import CodeSpent, Invitation, code_hash, flush_redemptions, redeeming
from sipas.intake.maintenance import maintain
from sipas.intake.models import StoredComment
from sipas.intake.ways import settle_ways
from sipas.keyring import wave_keys
from sipas.migrations import downgrade, migrate
from sipas.storage.condition import Unusable, check
from sipas.storage.database import HEAD, Database, is_away
from tests import postgres
from tests.go_down_and_up import set_version
from tests.make import a_point, a_response, a_wave, all_comments, some_codes
from tests.repeated import home_once

POSTGRES = pytest.mark.skipif(postgres.programs() is None, reason="PostgreSQL's programs are not installed")


@pytest.fixture(scope="module")
def address():
    with postgres.cluster() as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=[pytest.mark.postgres, POSTGRES])])
def where(request, settings):
    """Settings of an installation on each database."""
    if request.param == "sqlite":
        yield settings
        return
    settings = replace(settings, database_url=request.getfixturevalue("address"))
    postgres.installed(settings).engine.dispose()
    yield settings


@pytest.fixture
def full(where):
    """A database with a wave and some answers."""
    database = Database.of(where)

    def filling():
        a_wave(database, where)
        for number in range(30):
            a_response(database, where, submission=f"{number:032x}", comment="Tốt 😊\t\\n" if number == 7 else "")
        all_comments(database, where)
        settle_ways(database, where.home)

    home_once(database, where, filling) if database.file else filling()
    yield database
    database.engine.dispose()


def content(database):
    """Every row of every table."""
    with database.engine.connect() as connection:
        return {
            name: sorted(map(repr, connection.execute(text(f'select * from "{name}"')).all()))
            for name in inspect(connection).get_table_names()
        }


def test_a_database_comes_back_row_by_row_and_goes_on(where, full):
    before = content(full)
    assert len(before["response"]) == 30
    file = backup(where, full, "monday")
    a_response(full, where)
    with pytest.raises(NotEmpty, match="--force"):
        restore(where, full, file)
    kept = restore(where, full, file, force=True)
    assert content(full) == before
    assert a_response(full, where, submission=f"{3:032x}").value == "resent"
    a_point(full, "muong-la-1", "03808")  # numbers go on where they were
    restore(where, full, kept, force=True)
    with full.reading() as session:
        assert stored(session, 1) == 31
        assert [place.code for place in points(session)] == ["to-hieu-1"]


def test_no_backup_shows_the_order_in_which_people_came(where, full):
    keys = [bytes.fromhex(row) for row in _keys_in_order(backup(where, full, "monday"))]
    assert len(keys) == 30
    assert keys == sorted(keys)


def _keys_in_order(file):
    if file.suffix == ".sqlite":
        copy = sqlite3.connect(file)
        found = [row[0].hex() for row in copy.execute("select key from response not indexed")]
        copy.close()
        return found
    import tarfile

    with tarfile.open(file) as archive:
        lines = archive.extractfile("response.copy").read().decode().splitlines()
    return [line.split("\t")[0].removeprefix("\\\\x") for line in lines]


def test_a_backup_that_was_changed_or_lost_its_digest_is_refused_and_nothing_is_touched(where, full):
    before, file = content(full), backup(where, full, "monday")
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    with pytest.raises(BadFile, match="digest differs"):
        restore(where, full, file, force=True)
    file.with_name(file.name + ".sha256").unlink()
    with pytest.raises(BadFile, match="lacks its digest"):
        restore(where, full, file, force=True)
    with pytest.raises(BadFile, match="no file"):
        restore(where, full, file.with_name("gone"), force=True)
    assert content(full) == before


def test_a_backup_of_a_newer_program_is_refused(where, full):
    from sipas.storage.database import HEAD

    set_version(full, "9999")
    file = backup(where, full, "monday")
    set_version(full, HEAD)
    before = content(full)
    with pytest.raises(SchemaMismatch, match="9999"):
        restore(where, full, file, force=True)
    assert content(full) == before


def test_a_backup_replaces_a_database_that_lacks_tables_or_has_none(where, full):
    before, file = content(full), backup(where, full, "monday")
    for gone in (["way_count", "device"], ["response", "wave_point", "release"], sorted(before)):
        with full.engine.begin() as connection:
            if full.file:
                connection.exec_driver_sql("pragma defer_foreign_keys=on")
            for name in gone:
                cascade = "" if full.file else " cascade"
                connection.execute(text(f'drop table "{name}"{cascade}'))
        full.engine.dispose()
        words = "is empty" if gone == sorted(before) else f"lacks tables of ours: {sorted(gone)[0]}"
        with pytest.raises(Unusable, match=words) as refused:
            check(where, full)
        assert f"sipas restore {file}" in str(refused.value)
        if gone[0] == "response":  # a visitor is told to send again
            with pytest.raises((NotStored, DatabaseError)) as away:
                a_response(full, where)
            assert not isinstance(away.value, DatabaseError) or is_away(away.value)
        restore(where, full, file, force=True, name="before-restore")
        assert content(full) == before
    assert a_response(full, where, submission=f"{3:032x}").value == "resent"


def test_a_backup_of_an_older_version_comes_back_as_that_version_and_is_migrated(where, full):
    file = backup(where, full, "new")
    downgrade(where, "0009")
    full.engine.dispose()
    older = backup(where, full, "older")
    for there in (file, older):  # over a newer database, and over its like
        restore(where, full, there, force=True)
        restore(where, full, older, force=True)
        assert full.version() == "0009"
        with pytest.raises(SchemaMismatch, match="sipas migrate"):
            check(where, full)
    migrate(where, dt.date(2026, 9, 16), backed_up=not full.file)
    full.engine.dispose()
    with full.reading() as session:
        assert stored(session, 1) == 30


@pytest.mark.parametrize("where", [pytest.param("postgresql", marks=[pytest.mark.postgres, POSTGRES])], indirect=True)
def test_another_programs_tables_are_never_touched(where, full):
    before, file = content(full), backup(where, full, "monday")
    with full.engine.begin() as connection:
        connection.execute(text("create table bookmark (address text)"))
        connection.execute(text("insert into bookmark values ('here')"))
    restore(where, full, file, force=True)
    assert content(full) == {**before, "bookmark": ["('here',)"]}
    with full.engine.begin() as connection:
        connection.execute(text("update alembic_version set version_num = 'ae1027a6acf'"))
    with pytest.raises(NotReady, match=r"is another program's .bookmark.; nothing was changed"):
        restore(where, full, file, force=True)
    with full.engine.begin() as connection:
        connection.execute(text(f"update alembic_version set version_num = '{HEAD}'"))
        connection.execute(text("drop table bookmark"))


@pytest.mark.parametrize("where", [pytest.param("postgresql", marks=[pytest.mark.postgres, POSTGRES])], indirect=True)
def test_a_backup_that_does_not_fit_its_version_changes_nothing(where, full, tmp_path):
    before, file = content(full), backup(where, full, "monday")
    for name, spoil in {
        "a table too many": lambda parts: {**parts, "bookmark.copy": b""},
        "a table missing": lambda parts: {key: value for key, value in parts.items() if key != "wave.copy"},
        "rows of another shape": lambda parts: {**parts, "wave.copy": b"1\t2\n"},
        "a row twice": lambda parts: {**parts, "unit.copy": parts["unit.copy"] * 2},
        "no version": lambda parts: {**parts, "version.json": b'{"version": null}'},
    }.items():
        other = _changed(file, where.home / "backups" / f"{name}.pgcopy".replace(" ", "-"), spoil)
        with pytest.raises(BadFile, match="is no backup of a PostgreSQL database"):
            restore(where, full, other, force=True)
        assert content(full) == before, name


def _changed(file, other, change):
    """A backup with other parts, and a digest that fits it."""
    with tarfile.open(file) as archive:
        parts = {name: archive.extractfile(name).read() for name in archive.getnames()}
    with tarfile.open(other, "w") as archive:
        for name, data in change(parts).items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    digest = hashlib.sha256(other.read_bytes()).hexdigest()
    other.with_name(other.name + ".sha256").write_text(f"{digest}  {other.name}\n", encoding="utf-8")
    return other


def test_a_backup_goes_into_an_empty_folder(settings, tmp_path):
    database = Database.of(settings)
    a_wave(database, settings)
    a_response(database, settings)
    file = backup(settings, database, "monday")
    other = Settings(home=tmp_path / "other")
    assert restore(other, Database.of(other), file) is None
    assert content(Database.of(other)) == content(database)
    with Database.of(other).reading() as session:
        assert session.execute(text("pragma journal_mode")).scalar_one() == "wal"


def test_what_waits_for_the_night_comes_back_from_a_backup_into_an_empty_folder(where, full, tmp_path):
    day = [a_response(full, where, submission=f"{number:032x}", comment=f"Lời {number} 😊 \\n") for number in (50, 51)]
    codes = some_codes(full, where, count=3)
    key = wave_keys.load(where.home, "w1", "invitation")
    for number, code in enumerate(codes[:2]):
        with redeeming(full, where.home, key, code, f"visit {number}"):
            pass
    assert len(day) == len(CommentSpool(where.home).waiting()) == 2
    file = backup(where, full, "monday")
    assert len(CommentSpool(where.home).waiting()) == 2  # nothing was carried over: the log says nothing of it
    assert not _spent(full)

    other = replace(where, home=tmp_path / "other")
    shutil.copytree(where.home / "keys", other.home / "keys")
    anew = Database.of(other)
    restore(other, anew, file, force=True)
    assert sorted(one.text for one in all_comments(anew, other)) == ["Lời 50 😊 \\n", "Lời 51 😊 \\n", "Tốt 😊 \\n"]
    assert _spent(anew) == {code_hash(key, code) for code in codes[:2]}
    with pytest.raises(CodeSpent), redeeming(anew, other.home, key, codes[0], "another visit"):
        pass
    with redeeming(anew, other.home, key, codes[2], "another visit"):
        pass
    assert a_response(anew, other, submission=f"{50:032x}", comment="Lời 50 😊 \\n").value == "resent"
    assert len(all_comments(anew, other)) == 3
    anew.engine.dispose()


def test_comments_that_wait_for_a_wave_which_a_backup_lacks_fall_to_no_other_wave(where, full):
    file = backup(where, full, "monday")
    a_response(full, where, submission=f"{60:032x}", comment="của đợt này")
    stranger = StoredComment(key=b"s" * 16, wave=2, unit=1, field=1, month=202609, text="của đợt sau")
    assert CommentSpool(where.home).put(stranger)
    before = restore(where, full, file, force=True)
    assert "của đợt sau".encode() in before.read_bytes()
    assert [one.text for one in CommentSpool(where.home).waiting()] == ["của đợt này"]


def _spent(database):
    with database.reading() as session:
        return set(session.scalars(select(Invitation.key).where(Invitation.spent)))


def test_a_backup_by_day_is_byte_by_byte_the_one_that_the_night_leaves(where, full):
    """So it does not say what is of this day: neither which comments, nor which codes."""
    codes = some_codes(full, where, count=40)
    key = wave_keys.load(where.home, "w1", "invitation")
    for number, code in enumerate(codes[:30]):
        a_response(full, where, submission=f"{100 + number:032x}", comment=f"Lời {number}")
        with redeeming(full, where.home, key, code, f"visit {number}"):
            pass
    by_day = backup(where, full, "day")
    assert maintain(full, where.home)
    after = backup(where, full, "night")
    assert _plain(by_day) == _plain(after)


def _plain(file):
    """Its bytes, without what SQLite counts in the head of a file (changes, shapes)."""
    data = bytearray(file.read_bytes())
    if file.suffix == ".sqlite":
        for start, length in ((24, 4), (40, 4), (92, 8)):
            data[start : start + length] = bytes(length)
    return bytes(data)


def test_restoring_while_the_night_carries_codes_over_keeps_neither_waiting(where, full, monkeypatch):
    (code,) = some_codes(full, where, count=1)
    file = backup(where, full, "one")
    with redeeming(full, where.home, wave_keys.load(where.home, "w1", "invitation"), code, "a visit"):
        pass
    before, nights = backups._before, []

    def while_the_night_begins(*arguments):
        nights.append(threading.Thread(target=flush_redemptions, args=(full, where.home), daemon=True))
        nights[0].start()
        nights[0].join(0.5)  # it waits for us now
        return before(*arguments)

    monkeypatch.setattr(backups, "_before", while_the_night_begins)
    day = threading.Thread(target=restore, args=(where, full, file), kwargs={"force": True}, daemon=True)
    day.start()
    day.join(30)
    assert not day.is_alive()
    nights[0].join(30)
    assert not nights[0].is_alive()
    assert len(_spent(full)) == 1


CUT = """
import os, sys
from pathlib import Path
import sipas.backups as backups
import sipas.storage.sqlite_files as pages
from sipas.storage.database import HEAD, Database, is_away
from sipas.config.settings import Settings

class Cut:
    def __init__(self, real): self.real = real
    def __getattr__(self, name): return getattr(self.real, name)
    def backup(self, target):
        self.real.backup(target, pages=5, progress=lambda *_: os._exit(9))

real = pages.sqlite3.connect
pages.sqlite3 = type("s", (), {"connect": staticmethod(lambda *a, **k: Cut(real(*a, **k)))})
where = Settings(home=Path(sys.argv[1]))
backups.restore(where, Database.of(where), Path(sys.argv[2]), force=True)
"""


def test_a_power_cut_in_the_middle_of_restoring_leaves_what_was_there(settings):
    database = Database.of(settings)
    file = backup(settings, database, "empty")
    a_wave(database, settings)
    a_response(database, settings)
    before = content(database)
    database.engine.dispose()
    run = subprocess.run([sys.executable, "-c", CUT, str(settings.home), str(file)], check=False)
    assert run.returncode == 9
    assert content(database) == before
    with database.reading() as session:
        assert session.execute(text("pragma integrity_check")).scalar_one() == "ok"


def test_nothing_is_thanked_between_the_backup_and_the_replacing(settings, monkeypatch):
    database = Database(Database.of(settings).engine, settings.home / "write.lock", patience=0.2)
    a_wave(database, settings)
    file = backup(settings, database, "one")
    load = backups.sqlite.load

    def answers_first(*arguments):
        with pytest.raises(NotStored):
            a_response(database, settings)
        load(*arguments)

    monkeypatch.setattr(backups.sqlite, "load", answers_first)
    restore(settings, database, file, force=True)
    a_response(database, settings)
    database.engine.dispose()
