"""`sipas probe`: the whole way is walked, and nothing ever counts it."""

from __future__ import annotations

import secrets
import threading

import pytest
from click.testing import CliRunner
from sqlalchemy import select
from werkzeug.serving import make_server

from sipas import clock
from sipas.cli import group
from sipas.desk.progress import of_wave
from sipas.fieldwork.models import CHANNELS
from sipas.fieldwork.waves import close_wave, wave_of
from sipas.intake import late_by_point, stored
from sipas.intake.models import PROBE, Comment, Response
from sipas.kiosk.probe import mark_of
from sipas.publishing.freeze import NothingToFreeze, freeze
from tests.make import a_point, a_response, a_wave

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
    (row,) = rows(database)
    assert (row.channel, row.point) == (PROBE, 1)
    with database.reading() as session:
        assert session.scalar(select(Comment)) is None


def test_the_way_is_walked_over_the_line(probes, database, app):
    served = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=served.serve_forever, daemon=True).start()
    told = probes("to-hieu-1", "--at", f"http://127.0.0.1:{served.port}")
    served.shutdown()
    assert told.exit_code == 0, told.output
    assert [row.channel for row in rows(database)] == [PROBE]
    served.server_close()
    told = probes("to-hieu-1", "--at", f"http://127.0.0.1:{served.port}")
    assert told.exit_code != 0


def test_a_broken_way_is_told_by_its_step(probes, database, settings):
    assert "shows no questionnaire" in str(probes("nowhere").exception)
    (settings.home / "keys" / "w1.id.key").unlink()
    assert "did not take the answer" in str(probes("to-hieu-1").exception)
    assert rows(database) == []


@pytest.mark.parametrize("shown", ["", "1", "probe", "0" * 64, "of another form"])
def test_no_browser_can_send_a_synthetic_answer(client, database, settings, shown):
    submission = secrets.token_hex(16)
    shown = mark_of(settings, secrets.token_hex(16)) if shown == "of another form" else shown
    said = {"id": submission, "service": "ho-tich", "O": "5", "channel": "probe"}
    assert client.post(PAGE, data=said, headers={"X-Probe": shown}).status_code == 303
    (row,) = rows(database)
    assert row.channel == CHANNELS["kiosk"]


def test_progress_and_the_snapshot_leave_it_out(probes, database, settings):
    a_response(database, settings, moment=clock.now(), submission="ab" * 16)
    for _ in range(3):
        assert probes("to-hieu-1").exit_code == 0
    assert len(rows(database)) == 4
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
        client.post(PAGE, data=said, headers={"X-Probe": mark_of(settings, submission)} if sign else {})
    with database.reading() as session:
        assert late_by_point(session, 1) == {1: 1}


def test_no_point_and_no_file_can_have_its_channel():
    assert "probe" not in CHANNELS
    assert PROBE not in CHANNELS.values()
