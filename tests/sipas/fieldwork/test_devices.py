"""Enrolling a screen: a code that serves once, a key that is held, a device that can be revoked."""

from __future__ import annotations

import datetime as dt

import pytest
from click.testing import CliRunner

from sipas import clock
from sipas.cli import group
from sipas.fieldwork.devices import NotEnrolled, devices, enrol, make_code, revoke
from tests.make import a_point
from tests.sealing import Device

KEY = Device(client=None).public


@pytest.fixture(autouse=True)
def points(database):
    a_point(database, "to-hieu-1", "03646")
    a_point(database, "chieng-an-1", "03664")
    a_point(database, "web-1", "03646", channel="web")


def code_for(database, point="to-hieu-1", now=None):
    with database.writing() as session:
        return make_code(session, point, now or clock.now())


def test_a_code_enrols_one_device_at_its_own_point(database):
    code = code_for(database)
    with database.writing() as session:
        with pytest.raises(NotEnrolled, match="does not hold"):
            enrol(session, "chieng-an-1", code, KEY, clock.now())
        made = enrol(session, "to-hieu-1", code.lower().replace("-", " "), KEY, clock.now())
        assert enrol(session, "to-hieu-1", code, KEY, clock.now()).id == made.id  # its reply was lost
        with pytest.raises(NotEnrolled, match="used already"):
            enrol(session, "to-hieu-1", code, Device(client=None).public, clock.now())
        assert [one.point.code for one in devices(session)] == ["to-hieu-1"]


def test_a_code_holds_for_a_day(database):
    code = code_for(database, now=clock.now() - dt.timedelta(hours=25))
    with database.writing() as session, pytest.raises(NotEnrolled, match="does not hold"):
        enrol(session, "to-hieu-1", code, KEY, clock.now())


def test_the_code_itself_is_not_kept(database, settings):
    code = code_for(database)
    data = (settings.home / "sipas.sqlite").read_bytes() + (settings.home / "sipas.sqlite-wal").read_bytes()
    assert code.replace("-", "").encode() not in data
    assert code.encode() not in data


def test_only_a_kiosks_screen_can_be_enrolled(database):
    with pytest.raises(NotEnrolled, match="no kiosk"):
        code_for(database, "web-1")


@pytest.mark.parametrize(
    "key", [b"", KEY[:-1], bytes(65), b"\x04" + bytes(64)], ids=["empty", "short", "zeros", "no point"]
)
def test_a_key_that_is_none_enrols_nobody(database, key):
    code = code_for(database)
    with database.writing() as session, pytest.raises(NotEnrolled, match="usable key"):
        enrol(session, "to-hieu-1", code, key, clock.now())


def test_revoking_names_one_device_or_nobody(database):
    made = []
    for _ in range(2):
        code = code_for(database)
        with database.writing() as session:
            made.append(enrol(session, "to-hieu-1", code, Device(client=None).public, clock.now()).id)
    with database.writing() as session:
        for unclear in ("", "zz"):
            with pytest.raises(NotEnrolled, match="sipas device list"):
                revoke(session, unclear)
        revoke(session, made[0])
        assert {one.device.id: one.device.revoked for one in devices(session)} == {made[0]: True, made[1]: False}


def test_the_commands_tell_the_same(database, settings):
    run = CliRunner()
    environment = {"SIPAS_HOME": str(settings.home), "SIPAS_LANGUAGE": "en"}
    code = run.invoke(group, ["device", "enrol-code", "to-hieu-1"], env=environment)
    assert code.exit_code == 0, code.output
    with database.writing() as session:
        made = enrol(session, "to-hieu-1", code.stdout.strip(), KEY, clock.now()).id
    listed = run.invoke(group, ["device", "list", "--json"], env=environment)
    assert made in listed.stdout
    checked = run.invoke(group, ["doctor"], env={**environment, "SIPAS_ADDRESS": "http://sipas.example.vn"}).stdout
    assert "Screens enrolled: 1" in checked
    assert "not heard of" in checked
    assert "not HTTPS" in checked
    assert run.invoke(group, ["device", "revoke", made[:8]], env=environment).exit_code == 0
    assert "revoked" in run.invoke(group, ["device", "list"], env=environment).stdout
