"""The sealing key in a second pair of hands."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from sipas import clock
from sipas.cli import group
from sipas.errors import BadFile
from sipas.fieldwork.waves import close_wave
from sipas.inviting import invited
from sipas.keyring import wave_keys
from sipas.keyring.escrow import KeyThere, copy, new_pair, opened_copy, restore_key
from sipas.publishing.freeze import freeze
from tests.make import a_response, a_wave, some_codes


@pytest.fixture
def pair(tmp_path):
    """The private file of a second office; its public half lies beside it."""
    new_pair(tmp_path / "office.key")
    return tmp_path / "office.key"


def test_a_copy_brings_the_sealing_key_back_and_shows_it_to_nobody_else(tmp_path, pair):
    home, new = tmp_path / "home", tmp_path / "new"
    wave_keys.make(home, "w1")
    copy(home, "w1", tmp_path / "office.key.pub", tmp_path / "w1.copy")
    key = wave_keys.load(home, "w1", "seal")
    assert key not in (tmp_path / "w1.copy").read_bytes()
    assert pair.stat().st_mode & 0o077 == 0
    assert opened_copy(tmp_path / "w1.copy", pair) == ("w1", {"seal": key})
    assert restore_key(new, "w1", key)
    assert not restore_key(new, "w1", key)
    assert wave_keys.seal_public(new, "w1") == wave_keys.seal_public(home, "w1")
    with pytest.raises(KeyThere, match="another seal key"):
        restore_key(new, "w1", bytes(32))
    new_pair(tmp_path / "stranger.key")
    with pytest.raises(BadFile, match="another office"):
        opened_copy(tmp_path / "w1.copy", tmp_path / "stranger.key")


def test_a_copy_that_says_another_wave_does_not_open(tmp_path, pair):
    wave_keys.make(tmp_path, "w1")
    copy(tmp_path, "w1", tmp_path / "office.key.pub", tmp_path / "w1.copy")
    words = json.loads((tmp_path / "w1.copy").read_text())
    (tmp_path / "w1.copy").write_text(json.dumps({**words, "wave": "w2"}))
    with pytest.raises(BadFile, match="damaged"):
        opened_copy(tmp_path / "w1.copy", pair)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": 1, "wave": "w1", "sealed": "?"}'])
def test_what_is_no_copy_is_told(tmp_path, pair, text):
    (tmp_path / "w1.copy").write_text(text)
    with pytest.raises(BadFile, match="no sealed copy"):
        opened_copy(tmp_path / "w1.copy", pair)


def test_the_wrong_half_of_a_pair_is_told_and_no_file_is_overwritten(tmp_path, pair):
    wave_keys.make(tmp_path, "w1")
    with pytest.raises(BadFile, match="sipas keypair"):
        copy(tmp_path, "w1", pair, tmp_path / "w1.copy")
    with pytest.raises(KeyThere, match="exists already"):
        new_pair(pair)


def test_a_copy_holds_what_nothing_can_replace_and_no_other_key(database, settings, pair, tmp_path, monkeypatch, today):
    """`cluster` must die at the freeze, as the privacy page promises; `id` would tell whose row is whose."""
    a_wave(database, settings)
    monkeypatch.setenv("SIPAS_HOME", str(settings.home))

    def run(*words):
        return CliRunner().invoke(group, ["wave", *map(str, words)])

    first, second = tmp_path / "first.copy", tmp_path / "second.copy"
    told = run("key-copy", "w1", "--to", f"{pair}.pub", "--out", first)
    assert set(opened_copy(first, pair)[1]) == {"seal"}
    assert "once you issue some, make another copy" in told.stderr
    assert "Not copied: cluster (it must die at the freeze) and id" in told.stderr
    code = some_codes(database, settings, today=today)[0]
    told = run("key-copy", "w1", "--to", f"{pair}.pub", "--out", second)
    assert "the key of its invitation codes too" in told.stderr
    held = {kind: wave_keys.load(settings.home, "w1", kind) for kind in ("seal", wave_keys.INVITATION)}
    assert opened_copy(second, pair) == ("w1", held)
    assert json.loads(first.read_text())["format"] == json.loads(second.read_text())["format"]
    wave_keys.destroy(settings.home, "w1", wave_keys.EVERY)
    told = run("key-restore", second, "--with", pair)
    assert told.exit_code == 0
    assert "Still missing: cluster, id" in told.stderr
    assert wave_keys.held(settings.home, "w1", wave_keys.EVERY) == ("seal", "invitation")
    with database.reading() as session:
        assert invited(session, settings.home, code, today).wave == "w1"
    wave_keys.destroy(settings.home, "w1", wave_keys.EVERY)
    refused = run("key-copy", "w1", "--to", f"{pair}.pub", "--out", tmp_path / "third.copy")
    assert "The invitation key of wave w1 is missing" in str(refused.exception)
    assert not (tmp_path / "third.copy").exists()


def test_a_copy_of_before_december_is_read(tmp_path, pair):
    wave_keys.make(tmp_path, "w1", wave_keys.EVERY)
    copy(tmp_path, "w1", tmp_path / "office.key.pub", tmp_path / "w1.copy")
    words = json.loads((tmp_path / "w1.copy").read_text())
    assert set(words) == {"format", "wave", "sealed", "sealed_invitation"}
    del words["sealed_invitation"]
    (tmp_path / "w1.copy").write_text(json.dumps(words))
    assert opened_copy(tmp_path / "w1.copy", pair) == ("w1", {"seal": wave_keys.load(tmp_path, "w1", "seal")})


def test_one_kind_of_key_cannot_be_put_in_the_place_of_another(tmp_path, pair):
    wave_keys.make(tmp_path, "w1", wave_keys.EVERY)
    copy(tmp_path, "w1", tmp_path / "office.key.pub", tmp_path / "w1.copy")
    words = json.loads((tmp_path / "w1.copy").read_text())
    (tmp_path / "w1.copy").write_text(json.dumps({**words, "sealed": words["sealed_invitation"]}))
    with pytest.raises(BadFile, match="damaged"):
        opened_copy(tmp_path / "w1.copy", pair)


def test_the_key_of_codes_that_have_run_out_does_not_come_back(database, settings, pair, tmp_path, monkeypatch, today):
    a_wave(database, settings)
    wave_keys.make(settings.home, "w1", wave_keys.EVERY)
    copy(settings.home, "w1", tmp_path / "office.key.pub", tmp_path / "w1.copy")
    wave_keys.destroy(settings.home, "w1", (wave_keys.INVITATION,))  # with the last code
    monkeypatch.setenv("SIPAS_HOME", str(settings.home))
    done = CliRunner().invoke(group, ["wave", "key-restore", str(tmp_path / "w1.copy"), "--with", str(pair)])
    assert done.exit_code == 0
    assert wave_keys.held(settings.home, "w1", wave_keys.EVERY) == wave_keys.KINDS


def test_two_offices_by_command_and_a_copy_that_outlived_its_wave_is_refused(
    database, settings, pair, tmp_path, monkeypatch, today
):
    a_wave(database, settings)
    a_response(database, settings)
    monkeypatch.setenv("SIPAS_HOME", str(settings.home))
    file = tmp_path / "w1.copy"

    def run(*words):
        return CliRunner().invoke(group, ["wave", *map(str, words)])

    assert run("key-copy", "w1", "--to", f"{pair}.pub", "--out", file).exit_code == 0
    for path in (settings.home / "keys").glob("w1.*"):  # the disk is lost; the database came from a backup
        path.unlink()
    told = run("key-restore", file, "--with", pair)
    assert told.exit_code == 0
    assert wave_keys.held(settings.home, "w1") == ("seal",)
    assert "cluster, id" in told.stderr
    assert run("key-restore", file, "--with", pair, "--renew").exit_code == 0
    assert wave_keys.held(settings.home, "w1") == wave_keys.KINDS
    with database.writing() as session:
        close_wave(session, "w1", today)
    (settings.home / "keys" / "w1.cluster.key").rename(settings.home / "aside")  # a closed wave gets no new one
    assert "`sipas freeze w1 --keys-lost --account" in run("key-restore", file, "--with", pair).stderr
    assert "is closed" in str(run("key-restore", file, "--with", pair, "--renew").exception)
    (settings.home / "aside").rename(settings.home / "keys" / "w1.cluster.key")
    freeze(database, settings.home, "w1", today, grace=0)
    monkeypatch.setattr(clock, "today", lambda: today.replace(day=today.day + 1))
    wave_keys.destroy(settings.home, "w1")
    refused = run("key-restore", file, "--with", pair)
    assert "must not come back" in str(refused.exception)
    assert wave_keys.held(settings.home, "w1") == ()
