"""Issuing codes, finding what they invite to, and letting them run out."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select, text

from sipas import clock
from sipas.cli import group
from sipas.expiry.gate import Gate
from sipas.fieldwork import invitation_codes
from sipas.fieldwork.points import BadPoint, set_invitation
from sipas.fieldwork.waves import close_wave
from sipas.intake.invitations import Invitation, InvitationBatch
from sipas.inviting import CodeExpired, UnknownInvitation, batches, expire, invited, issue
from sipas.inviting.book import BadIssue
from sipas.keyring import wave_keys
from tests.make import a_point, a_wave, some_codes

DAY = dt.date(2026, 11, 20)


@pytest.fixture
def point(database, settings):
    a_point(database, "to-hieu-phone", form="short", channel="phone")
    a_wave(database, settings)
    return "to-hieu-phone"


def find(database, settings, typed, today=DAY):
    with database.reading() as session:
        return invited(session, settings.home, typed, today)


def test_a_code_leads_to_its_wave_and_point_however_it_is_typed(database, settings, point):
    (code,) = some_codes(database, settings, today=DAY)
    for typed in (code, code.lower(), invitation_codes.spaced(code)):
        found = find(database, settings, typed)
        assert (found.code, found.wave, found.point) == (code, "w1", point)


def test_a_code_that_was_never_issued_is_unknown(database, settings, point):
    issued = set(some_codes(database, settings, count=20, today=DAY))
    for code in invitation_codes.fresh(50):
        if code not in issued:
            with pytest.raises(UnknownInvitation, match="compare"):
                find(database, settings, code)


def test_the_database_holds_no_code_and_nothing_of_when_or_for_whom(database, settings, point):
    issued = some_codes(database, settings, count=50, today=DAY)
    with database.engine.connect() as connection:
        connection.connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = (settings.home / "sipas.sqlite").read_bytes()
    assert not any(code.encode() in data or invitation_codes.spaced(code).encode() in data for code in issued)
    assert {column.key for column in Invitation.__table__.columns} == {"key", "batch", "spent"}
    assert {column.key for column in InvitationBatch.__table__.columns} == {"id", "wave", "point", "expires"}
    assert wave_keys.load(settings.home, "w1", "invitation") not in data


def test_codes_that_end_together_are_one_batch_whenever_they_were_issued(database, settings, point):
    for day in (DAY, DAY + dt.timedelta(days=3)):
        some_codes(database, settings, count=5, today=day)
    some_codes(database, settings, count=2, today=DAY, months=0)
    with database.reading() as session:
        assert [(b.point, b.expires, b.codes, b.spent) for b in batches(session)] == [
            (point, 202611, 2, 0),
            (point, 202702, 10, 0),
        ]


def test_a_code_holds_to_the_end_of_its_last_month(database, settings, point):
    (code,) = some_codes(database, settings, today=DAY, months=1)
    assert find(database, settings, code, dt.date(2026, 12, 31))
    with pytest.raises(CodeExpired, match="over"):
        find(database, settings, code, dt.date(2027, 1, 1))


def test_a_month_later_expired_codes_are_gone_and_with_the_last_of_a_wave_its_key(database, settings, point):
    for months in (0, 1):
        some_codes(database, settings, count=3, today=DAY, months=months)

    def left(today):
        with database.writing() as session:
            expire(session, settings.home, Gate(today))
        with database.reading() as session:
            count = session.scalar(select(func.count()).select_from(Invitation))
        return count, (settings.home / "keys" / "w1.invitation.key").exists()

    assert left(dt.date(2026, 12, 31)) == (6, True)
    assert left(dt.date(2027, 1, 1)) == (3, True)
    assert left(dt.date(2027, 2, 1)) == (0, False)
    with database.reading() as session:
        assert session.scalar(text("select count(*) from invitation_batch")) == 0


def test_a_closed_wave_takes_no_code(database, settings, point):
    (code,) = some_codes(database, settings, today=DAY)
    with database.writing() as session:
        close_wave(session, "w1", DAY)
    with pytest.raises(CodeExpired):
        find(database, settings, code)


def test_two_waves_keep_their_codes_apart(database, settings):
    for unit, (wave, place) in zip(("03646", "03664"), (("w1", "a-phone"), ("w2", "b-phone")), strict=True):
        a_point(database, place, unit, form="short", channel="phone")
        with database.writing() as session:  # a new point joins the newest open wave
            session.execute(text("delete from wave_point"))
        a_wave(database, settings, wave, at=[place])
    with database.writing() as session:
        session.execute(text("insert into wave_point (wave_id, point_id) values (1, 1)"))
    one, two = (some_codes(database, settings, place, today=DAY)[0] for place in ("a-phone", "b-phone"))
    assert (find(database, settings, one).wave, find(database, settings, two).wave) == ("w1", "w2")
    assert wave_keys.load(settings.home, "w1", "invitation") != wave_keys.load(settings.home, "w2", "invitation")


@pytest.mark.parametrize(("count", "months"), [(0, 3), (100_001, 3), (1, 25), (1, -1)])
def test_codes_without_sense_are_refused(database, settings, point, count, months):
    with database.writing() as session:
        set_invitation(session, point, "optional")
        with pytest.raises(BadIssue):
            issue(session, settings.home, point, count, DAY, months)


def test_a_point_says_first_that_it_asks_for_codes(database, settings, point):
    with database.writing() as session, pytest.raises(BadIssue, match="sipas point set"):
        issue(session, settings.home, point, 1, DAY)


def test_a_kiosk_requires_no_code_and_no_point_is_called_like_one(database, settings):
    a_point(database, "to-hieu-1")
    with database.writing() as session:
        set_invitation(session, "to-hieu-1", "optional")
        with pytest.raises(BadPoint, match="--channel phone"):
            set_invitation(session, "to-hieu-1", "required")
        with pytest.raises(BadPoint, match="required"):
            set_invitation(session, "to-hieu-1", "perhaps")
    with pytest.raises(BadPoint, match="mistaken"):
        a_point(database, "2345cfhm")


def test_by_command_codes_go_into_a_file_that_excel_leaves_alone(database, settings, point, tmp_path, monkeypatch):
    monkeypatch.setenv("SIPAS_HOME", str(settings.home))
    monkeypatch.setenv("SIPAS_ADDRESS", "https://sonla.example.vn")
    runner, file = CliRunner(), tmp_path / "codes.csv"
    words = ["invitations", "issue", "--point", point, "--count", "30", "--out", str(file)]
    assert runner.invoke(group, ["point", "set", point, "--invitation", "required"]).exit_code == 0
    assert runner.invoke(group, words).exit_code == 0
    lines = file.read_text(encoding="utf-8-sig").splitlines()
    assert lines[0] == "code,link,point,until"
    assert len(lines) == 31
    for line in lines[1:]:
        code, link, place, _until = line.split(",")
        assert len(code) == 14  # three groups: no program takes it for a number
        assert link == "https://sonla.example.vn/q/" + code.replace(" ", "")
        assert find(database, settings, code, clock.today()).point == place
    assert file.stat().st_mode & 0o077 == 0
    before = file.read_bytes()
    again = runner.invoke(group, words)  # never over a file that is there
    assert again.exit_code == 1
    assert file.read_bytes() == before
    (batch,) = json.loads(runner.invoke(group, ["invitations", "list", "--json"]).stdout)
    assert (batch["point"], batch["codes"], batch["spent"]) == (point, 30, 0)


def test_where_codes_cannot_be_issued_no_file_is_left(database, settings, point, tmp_path, monkeypatch):
    monkeypatch.setenv("SIPAS_HOME", str(settings.home))
    file = tmp_path / "codes.csv"
    words = ["invitations", "issue", "--point", "nowhere", "--count", "3", "--out", str(file)]
    assert CliRunner().invoke(group, words).exit_code == 1
    assert not file.exists()


def test_the_doctor_warns_of_a_missing_address_and_of_guessing(database, settings, point, monkeypatch):
    from sipas.web.rate_limits import PASSWORDS, UNKNOWN_CODES, Budget, RateLimits

    monkeypatch.setenv("SIPAS_HOME", str(settings.home))
    monkeypatch.delenv("SIPAS_ADDRESS", raising=False)

    def told():
        return CliRunner().invoke(group, ["doctor"]).output

    assert "no address is set" not in told()
    some_codes(database, settings)
    assert "no address is set" in told()
    monkeypatch.setenv("SIPAS_ADDRESS", "https://sonla.example.vn")
    assert "guessing" not in told()
    counters = RateLimits(settings.home)
    for _ in range(100):
        counters.failed(UNKNOWN_CODES, Budget.of_failures(1000, 0), "", clock.today())
    assert "100 invitation codes" in told()
    assert "wrong passwords" not in told()
    for _ in range(100):
        counters.failed(PASSWORDS, Budget.of_failures(1000, 0), "", clock.today())
    assert "100 wrong passwords" in told()
    assert "no address is set" not in told()


@pytest.mark.parametrize(("address", "told"), [("", True), ("https://sonla.example.vn", False)])
def test_a_list_whose_links_lead_nowhere_says_so(database, settings, point, tmp_path, monkeypatch, address, told):
    monkeypatch.setenv("SIPAS_HOME", str(settings.home))
    monkeypatch.setenv("SIPAS_LANGUAGE", "en")
    if address:
        monkeypatch.setenv("SIPAS_ADDRESS", address)
    assert CliRunner().invoke(group, ["point", "set", point, "--invitation", "required"]).exit_code == 0
    file = str(tmp_path / "codes.csv")
    done = CliRunner().invoke(group, ["invitations", "issue", "--point", point, "--count", "3", "--out", file])
    assert done.exit_code == 0
    assert ("lead nowhere when printed. Run `sipas config set address" in done.stderr) is told
