"""`sipas probe`: the whole way is walked, and nothing ever counts it."""

from __future__ import annotations

import secrets
import threading
from contextlib import nullcontext

import pytest
from click.testing import CliRunner
from sqlalchemy import delete, select, text
from werkzeug.serving import make_server

from sipas import clock, i18n
from sipas.cli import group
from sipas.desk.progress import of_wave
from sipas.fieldwork.devices import make_code
from sipas.fieldwork.models import CHANNELS, Device, EnrolCode, WavePoint
from sipas.fieldwork.waves import close_wave, wave_of
from sipas.intake import late_by_point, live_by_month, stored
from sipas.intake.invitations import Invitation, InvitationBatch, flush_redemptions
from sipas.intake.models import PROBE, Response, StoredComment
from sipas.inviting import batches
from sipas.kiosk import probe_ways
from sipas.kiosk.phone import Arrival
from sipas.kiosk.probe import probe_mark
from sipas.publishing.freeze import NothingToFreeze, freeze
from tests.make import a_point, a_response, a_wave, some_codes
from tests.sealing import Device as Sealing
from tests.sealing import said, sealed
from tests.serving import Server

PAGE = "/k/to-hieu-1/vi"


@pytest.fixture(autouse=True)
def kiosk(database, settings):
    a_point(database, "to-hieu-1", form="short")
    a_wave(database, settings, "w1", opens_on=clock.today())


@pytest.fixture
def probes(settings, monkeypatch):
    """`sipas probe` as an operator calls it."""
    monkeypatch.setenv("SIPAS_HOME", str(settings.home))
    monkeypatch.delenv("SIPAS_ADDRESS", raising=False)
    return lambda *words: CliRunner().invoke(group, ["probe", *words])


def rows(database):
    with database.reading() as session:
        return list(session.scalars(select(Response)))


def test_the_way_is_walked_inside_the_program(probes, database):
    told = probes("to-hieu-1")
    assert told.exit_code == 0, told.output
    assert "The way is whole" in told.output
    assert [row.channel for row in rows(database)] == [PROBE, PROBE]  # by the page, and sealed
    with database.reading() as session:
        assert session.scalar(select(StoredComment)) is None


def test_the_way_is_walked_over_the_line(probes, database, app):
    served = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=served.serve_forever, daemon=True).start()
    told = probes("to-hieu-1", "--at", f"http://127.0.0.1:{served.port}")
    served.shutdown()
    assert told.exit_code == 0, told.output
    assert [row.channel for row in rows(database)] == [PROBE, PROBE]
    served.server_close()
    told = probes("to-hieu-1", "--at", f"http://127.0.0.1:{served.port}")
    assert told.exit_code != 0


def test_a_broken_way_is_told_by_its_step(probes, database, settings):
    assert "shows no questionnaire" in str(probes("nowhere").exception)
    with database.writing() as session:
        session.execute(text("create trigger full before insert on response begin select raise(abort, 'full'); end"))
    assert "did not take the answer" in str(probes("to-hieu-1").exception)
    (settings.home / "keys" / "w1.id.key").unlink()
    assert "/k/to-hieu-1/vi shows no questionnaire" in str(probes("to-hieu-1").exception)
    assert rows(database) == []


@pytest.mark.parametrize("shown", ["", "1", "probe", "0" * 64, "of another form"])
def test_no_browser_can_send_a_synthetic_answer(client, database, settings, shown):
    submission = secrets.token_hex(16)
    shown = probe_mark(settings, secrets.token_hex(16)) if shown == "of another form" else shown
    said = {"id": submission, "service": "ho-tich", "O": "5", "channel": "probe"}
    assert client.post(PAGE, data=said, headers={"X-Probe": shown}).status_code == 303
    (row,) = rows(database)
    assert row.channel == CHANNELS["kiosk"]


def test_progress_and_the_snapshot_leave_it_out(probes, database, settings):
    a_response(database, settings, moment=clock.now(), submission="ab" * 16)
    for _ in range(3):
        assert probes("to-hieu-1").exit_code == 0
    assert len(rows(database)) == 1 + 3 * 2
    with database.writing() as session:
        assert stored(session, 1) == 1
        assert of_wave(session, wave_of(session, "w1"), clock.today()).summary.answers == 1
        close_wave(session, "w1", clock.today())
    assert freeze(database, settings.home, "w1", clock.today()).rows == 1


def test_a_wave_of_synthetic_answers_alone_has_nothing_to_freeze(probes, database, settings):
    probes("to-hieu-1")
    with database.writing() as session:
        close_wave(session, "w1", clock.today())
    with pytest.raises(NothingToFreeze):
        freeze(database, settings.home, "w1", clock.today())


def test_a_late_one_is_not_counted_as_late(client, database, settings):
    a_response(database, settings, moment=clock.now(), submission="ab" * 16)
    with database.writing() as session:
        close_wave(session, "w1", clock.today())
    freeze(database, settings.home, "w1", clock.today())
    for sign in (True, False):
        submission = secrets.token_hex(16)
        said = {"id": submission, "service": "ho-tich", "O": "5", "wave": "w1"}
        client.post(PAGE, data=said, headers={"X-Probe": probe_mark(settings, submission)} if sign else {})
    with database.reading() as session:
        assert late_by_point(session, 1) == {1: 1}


def test_no_point_and_no_file_can_have_its_channel():
    assert "probe" not in CHANNELS
    assert PROBE not in CHANNELS.values()


def everything_of_devices_and_codes(database):
    with database.reading() as session:
        return [list(session.scalars(select(table))) for table in (Device, EnrolCode, Invitation, InvitationBatch)]


def test_the_sealed_way_is_walked_and_leaves_no_screen(probes, database):
    told = probes("to-hieu-1")
    assert "enrolling, sealing, sending, storing" in told.output
    assert everything_of_devices_and_codes(database) == [[], [], [], []]


def test_a_screen_that_an_interrupted_probe_left_goes_with_the_next_one(probes, database, monkeypatch):
    def power_cut(*_args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(probe_ways, "_batch", power_cut)
        patched.setattr(probe_ways, "enrolled_key_gone", lambda *_: None)
        probes("to-hieu-1")
    assert len(everything_of_devices_and_codes(database)[0]) == 1
    assert probes("to-hieu-1").exit_code == 0
    assert everything_of_devices_and_codes(database)[0] == []


def test_a_screen_cannot_choose_the_channel(client, database, settings):
    with database.writing() as session:
        code = make_code(session, "to-hieu-1", clock.now())
    screen = Sealing(client)
    screen.enrols(code)
    mark = "ab" * 16
    for shown in ("", "1", f"{mark}.{mark}", f"{mark}.{probe_mark(settings, 'another')}"):
        screen.sends(sealed(settings.home, said(probe=shown)))
    screen.sends(sealed(settings.home, said(probe=f"{mark}.{probe_mark(settings, mark)}")))
    assert sorted(row.channel for row in rows(database)) == [CHANNELS["kiosk"]] * 4 + [PROBE]


def test_a_broken_seal_is_told(probes, settings):
    (settings.home / "keys" / "w1.seal.key").write_bytes(bytes(32))
    told = probes("to-hieu-1")
    assert told.exit_code != 0


@pytest.fixture
def phone(database, settings):
    """A point that asks for codes, with one real one."""
    return some_codes(database, settings, "to-hieu-phone")


def test_the_way_of_a_code_is_walked_and_no_list_knows_the_code(probes, phone, database, settings):
    told = probes("to-hieu-phone")
    assert told.exit_code == 0, (told.output, told.exception)
    assert "no second answer" in told.output
    assert [row.channel for row in rows(database)] == [PROBE]
    for _ in range(2):  # by day, and after the night has carried over what was spent
        with database.reading() as session:
            (batch,) = batches(session)
        assert (batch.codes, batch.spent) == (1, 0)
        flush_redemptions(database, settings.home)


def test_a_code_that_gives_two_answers_is_told(probes, phone, monkeypatch):
    monkeypatch.setattr(Arrival, "redeeming", lambda *_: nullcontext())
    assert "second answer with one code" in str(probes("to-hieu-phone").exception)


def test_where_codes_are_optional_both_ways_are_walked(probes, database, settings):
    some_codes(database, settings, "to-hieu-phone", invitation="optional")
    told = probes("to-hieu-phone")
    assert told.output.count("The way is whole") == 2


def test_every_way_of_a_real_server_as_the_operator_starts_it(probes, phone, database, settings):
    server = Server(settings.home)
    try:
        for point, answers in (("to-hieu-1", 2), ("to-hieu-phone", 1)):
            told = probes(point, "--at", f"http://127.0.0.1:{server.port}")
            assert told.exit_code == 0, (told.output, told.exception)
            assert told.output.count("The way is whole") == answers
    finally:
        server.kill()
    assert [row.channel for row in rows(database)] == [PROBE] * 3
    with database.reading() as session:
        assert stored(session, 1) == 0
        assert live_by_month(session) == {}


def test_doctor_walks_every_way_where_it_is_told_to_and_says_what_it_did_not(probes, phone, database, settings):
    i18n.speak("en")
    assert "Nobody walked the way" in CliRunner().invoke(group, ["doctor"]).output
    assert rows(database) == []
    a_point(database, "resting", "03664")
    with database.writing() as session:
        session.execute(delete(WavePoint).where(WavePoint.point_id == 3))
    told = CliRunner().invoke(group, ["doctor", "--probe"])
    assert told.exit_code == 0, told.output
    assert "Walked whole at 1 points: enrolling" in told.output
    assert "Walked whole at 1 points: code" in told.output
    assert "Not walked: 1 points" in told.output
    assert "no address is set" in told.output
    (settings.home / "keys" / "w1.id.key").unlink()
    told = CliRunner().invoke(group, ["doctor", "--probe"])
    assert told.exit_code == 1
    assert "Point to-hieu-1: /k/to-hieu-1/vi shows no questionnaire" in told.output
