"""Small files of state: whole or as they were, private, and never believed when they are damaged."""

from __future__ import annotations

import hmac
import json
import os
import stat
import subprocess
import sys
import time

import pytest
from click.testing import CliRunner

from sipas import create_app, i18n
from sipas.accounts import audit_log
from sipas.cli import group
from sipas.cli.operator.doctor.home_findings import state_files
from sipas.cli.operator.doctor.survey_findings import BAD, GOOD
from sipas.cli.operator.upkeep import upkeep
from sipas.config.settings import Settings
from sipas.errors import NotReady
from sipas.expiry import trusted_date
from sipas.fieldwork.dossier_form.meanings import Meanings, keep_meanings
from sipas.fieldwork.silence import last_look
from sipas.files.disk_space import RESERVE, keep_reserve, reserve
from sipas.files.state_files import Damaged, append, read_state, sweep, write_new, write_over, write_whole
from sipas.intake import stored
from sipas.intake.redemption_journal import RedemptionJournal
from sipas.intake.ways import File
from sipas.keyring import wave_keys
from sipas.kiosk.probe import is_probe
from sipas.publishing import release_codes
from tests.make import a_response, a_wave
from tests.officers import an_account

FORMER = "scrypt:1024:8:1$" + "s" * 16 + "$" + "a" * 128  # the desk's password of before accounts
LEFT = {"empty": b"", "short": b"1", "garbage": b"\xff\x00{]", "zeros": bytes(64), "null": b"null", "text": b"what?"}
SAY = {  # each file of its kind, and what the doctor says to do
    "maintained": "sipas maintain",
    "nights.json": "sipas maintain",
    "heard.json": "sipas maintain",
    "retention.json": "sipas maintain",
    "dossier-forms.json": "say the names again",
    "release-codes": "Restore the file from a copy",
    "ways.counts": "counted in it anew",
    "keys/desk.secret": "Else delete it and start again",
    "keys/probe.secret": "Else delete it and start again",
    "keys/desk.password": "sipas user add",
    "keys/log.head": "keys/log.head",
    "keys/w1.cluster.key": "copy it back",
    "keys/w1.id.key": "copy it back",
    "keys/w1.seal.key": "sipas wave key-restore",
    "keys/w1.invitation.key": "copy it back",
}


HARMLESS = {
    ("maintained", "short"),
    ("release-codes", "short"),
    ("release-codes", "null"),
    ("ways.counts", "empty"),
}  # such they might well hold


@pytest.fixture
def home(database, settings, client, monkeypatch):
    """An installation in which every kind of file was written."""
    monkeypatch.setenv("SIPAS_HOME", str(settings.home))
    a_wave(database, settings)
    a_response(database, settings)
    wave_keys.make(settings.home, "w1", ("invitation",))
    an_account(settings, "hoa", "leader", factor=False)
    audit_log.note(settings.home, "hoa", "sign in")
    (settings.home / "keys" / "desk.password").write_text(FORMER)
    settings.secret("probe")
    File(settings.home).add({(1, 1, 1, 3): 1})
    release_codes.remember(settings.home, "w1-r1")
    RedemptionJournal(settings.home).spend(b"\x01" * 16, b"\x02" * 16)
    keep_meanings(settings.home, Meanings(fields={"dat dai": "dat-dai"}))
    assert upkeep(settings)
    return settings.home


def doctor() -> str:
    return CliRunner().invoke(group, ["doctor"]).output


def test_the_doctor_finds_nothing_amiss_in_what_the_program_writes(home):
    assert "[ok] Keys, secrets and marks are whole." in doctor()
    for name in SAY:
        assert (home / name).is_file(), name


def test_the_doctor_tells_of_a_damaged_file_beside_all_else(home):
    (home / "keys" / "w1.id.key").write_bytes(b"1")
    told = CliRunner().invoke(group, ["doctor"])
    assert told.exit_code == 1
    assert "[ x] The id key of wave w1 is damaged" in told.output


@pytest.mark.parametrize("name", SAY)
def test_the_doctor_names_each_damaged_file_and_says_what_to_do(home, settings, name):
    for left, data in LEFT.items():
        (home / name).write_bytes(data)
        told = [said for sign, said in state_files(settings) if name.rpartition("/")[2] in said and sign == BAD]
        if (name, left) in HARMLESS:
            assert not told
        else:
            assert SAY[name] in told[0], left


@pytest.mark.parametrize("left", LEFT)
def test_what_the_night_writes_never_keeps_the_night_from_writing_it(home, settings, database, left):
    for name in ("maintained", "heard.json", "nights.json", "retention.json"):
        (home / name).write_bytes(LEFT[left])
    a_response(database, settings, submission="cc" * 16)
    assert upkeep(settings)
    assert [sign for sign, _ in state_files(settings)] == [GOOD]
    assert (home / "maintained").read_text() == "2"
    assert last_look(home) is not None
    assert trusted_date.last_night(home) is not None


def test_a_file_of_the_right_shape_outside_and_the_wrong_one_inside_is_damaged_too(home, settings):
    for points in ("5", '{"to-hieu-1": 5}', '{"to-hieu-1": ["w1", 1, "no day"]}', '{"x": [1]}'):
        (home / "heard.json").write_text(f'{{"points": {points}, "until": "2026-09-16", "watched": 1, "silent": []}}')
        assert "heard.json" in str(list(state_files(settings)))
        assert upkeep(settings)
        assert json.loads((home / "heard.json").read_text())["points"] != json.loads(points)


def test_no_stranger_is_a_probe_under_a_damaged_secret(tmp_path):
    settings, path = Settings(home=tmp_path), tmp_path / "keys" / "probe.secret"
    settings.secret("probe")
    for data in LEFT.values():
        path.write_bytes(data)
        forged = hmac.digest(data, b"ab" * 16, "sha256").hex()
        with pytest.raises(Damaged, match=r"probe\.secret"):
            is_probe(settings, forged, "ab" * 16)
        assert not is_probe(settings, None, "ab" * 16), "a visitor's answer is taken all the same"


def test_the_desk_says_in_a_sentence_that_its_former_password_is_damaged(home, client):
    (home / "desk.sqlite").unlink()
    (home / "keys" / "log.head").unlink()
    for data in LEFT.values():
        (home / "keys" / "desk.password").write_bytes(data)
        reply = client.get("/desk/login?lang=en")
        assert reply.status_code == 503
        assert "sipas user add" in reply.text


def test_the_desk_does_not_start_under_a_damaged_secret(home, settings):
    for data in LEFT.values():
        (home / "keys" / "desk.secret").write_bytes(data)
        with pytest.raises(Damaged, match=r"desk\.secret"):
            create_app(settings)
    (home / "keys" / "desk.secret").unlink()
    assert create_app(settings).secret_key


@pytest.mark.parametrize("kind", ["cluster", "id"])
def test_a_key_of_any_other_length_than_32_is_none(home, database, settings, kind):
    for length in (0, 1, 31, 33, 64, 100):
        (home / "keys" / f"w1.{kind}.key").write_bytes(b"\x07" * length)
        assert wave_keys.find(home, "w1", kind) is None
        with pytest.raises(Damaged, match="does not hold 32 bytes"):
            wave_keys.load(home, "w1", kind)
        with pytest.raises(Damaged):
            wave_keys.make(home, "w1")
        with pytest.raises(NotReady, match=f"{kind} key of wave w1 is damaged"):
            a_response(database, settings, submission="dd" * 16)
    with database.reading() as session:
        assert stored(session, 1) == 1


@pytest.mark.parametrize("length", [0, 1, 31, 33])
def test_nothing_but_a_key_is_put_in_a_keys_place(tmp_path, length):
    with pytest.raises(ValueError, match="32 bytes"):
        wave_keys.put(tmp_path, "w1", "seal", bytes(length))
    assert not (tmp_path / "keys").exists()


def test_a_damaged_key_is_destroyed_whole(tmp_path):
    wave_keys.make(tmp_path, "w1")
    (tmp_path / "keys" / "w1.id.key").write_bytes(b"\x07" * 500)
    wave_keys.destroy(tmp_path, "w1")
    assert list((tmp_path / "keys").iterdir()) == []


def test_garbage_among_the_marks_of_spent_codes_is_found_and_gone_after_the_night(home, settings):
    for place in (0, 4000, 100 * 4096 + 36, 256 * 4096):
        with (home / "invitations.marks").open("r+b") as file:
            file.seek(place)
            file.write(b"\xa7\x13" * 40)
        assert "invitations.marks in SIPAS_HOME is damaged" in str(list(state_files(settings)))
        assert upkeep(settings)
        assert [sign for sign, _ in state_files(settings)] == [GOOD]


def test_a_reserve_without_room_in_it_is_none(tmp_path):
    reserve(tmp_path).touch()
    assert keep_reserve(tmp_path)
    assert reserve(tmp_path).stat().st_size == RESERVE


def test_writing_leaves_the_old_file_or_the_new_one_at_every_step(tmp_path, monkeypatch):
    path = tmp_path / "state"
    write_whole(path, b"old")
    for step in ("fsync", "replace"):
        with monkeypatch.context() as patch:
            patch.setattr(os, step, lambda *_a, **_k: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                write_whole(path, b"new")
        assert path.read_bytes() == b"old"
        assert [one.name for one in tmp_path.iterdir()] == ["state"]
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"


CUT = """
import os, sys
from pathlib import Path
from sipas.files import state_files
from tests.officers import signs_in
from tests.officers import an_account
real, calls = os.{step}, []
def cut(*words, **more):
    os._exit(9)
os.{step} = cut
state_files.write_whole(Path(sys.argv[1]), b"new" * 1000)
"""


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_power_cut_leaves_the_old_file_and_a_rest_that_the_night_wipes(tmp_path, step):
    path = tmp_path / "state"
    write_whole(path, b"old")
    assert subprocess.run([sys.executable, "-c", CUT.replace("{step}", step), str(path)]).returncode == 9
    assert path.read_bytes() == b"old"
    (rest,) = (one for one in tmp_path.iterdir() if one != path)
    assert stat.S_IMODE(rest.stat().st_mode) == 0o600
    assert sweep(tmp_path) == 0, "somebody may still be writing it"
    assert sweep(tmp_path, now=time.time() + 7200) == 1
    assert [one.name for one in tmp_path.iterdir()] == ["state"]


def test_a_new_file_is_never_written_over_another(tmp_path):
    write_new(tmp_path / "a", b"1")
    with pytest.raises(FileExistsError):
        write_new(tmp_path / "a", b"2")
    assert (tmp_path / "a").read_bytes() == b"1"
    assert len(list(tmp_path.iterdir())) == 1


def test_writing_over_stays_in_the_same_place(tmp_path):
    path = tmp_path / "heard"
    write_over(path, b"a long line of old dates")
    before = path.stat().st_ino
    write_over(path, b"new")
    assert (path.read_bytes(), path.stat().st_ino) == (b"new", before)


def test_a_line_that_a_power_cut_left_without_its_end_spoils_no_other(tmp_path):
    append(tmp_path / "list", "w1-r1")
    with (tmp_path / "list").open("a") as file:
        file.write("w1-r")
    append(tmp_path / "list", "w1-r2")
    assert (tmp_path / "list").read_text().splitlines() == ["w1-r1", "w1-r", "w1-r2"]


def test_missing_and_damaged_are_told_apart(tmp_path):
    assert read_state(tmp_path / "n", int, "{file}!") is None
    (tmp_path / "n").write_bytes(b"x")
    with pytest.raises(Damaged) as told:
        read_state(tmp_path / "n", int, "{file}!")
    assert i18n.say(told.value) == "n!"


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_every_way_of_writing_makes_a_file_for_its_owner_alone(tmp_path, umask):
    before = os.umask(umask)
    try:
        write_whole(tmp_path / "deep" / "a", b"1") if umask != 0o777 else write_whole(tmp_path / "a", b"1")
        write_new(tmp_path / "b", b"1")
        write_over(tmp_path / "c", b"1")
    finally:
        os.umask(before)
    for path in tmp_path.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path
