"""A point's form is one setting away."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from sipas import clock, i18n
from sipas.cli import group
from sipas.fieldwork.devices import make_code, revoke
from sipas.fieldwork.models import CHANNELS
from sipas.fieldwork.points import point
from sipas.intake.models import Response
from tests.make import a_point, a_response, a_wave
from tests.sealing import Device


@pytest.fixture
def runs(settings, monkeypatch):
    monkeypatch.setenv("SIPAS_HOME", str(settings.home))
    i18n.speak("en")
    return lambda *words: CliRunner().invoke(group, ["point", "set", *words])


def test_by_command_a_point_asks_the_full_form_and_says_how_long_that_takes(app, database, settings, runs):
    a_point(database, "to-hieu-1", form="short")
    a_wave(database, settings, opens_on=clock.today())
    assert "6 questions" in app.test_client().get("/k/to-hieu-1").text
    assert runs("to-hieu-1", "--form", "full").exit_code == 0
    app.extensions["sipas.kiosk"]._known.clear()
    page = app.test_client().get("/k/to-hieu-1").text
    assert re.search(r"15 questions, about \d minutes", page)
    assert app.test_client().get("/k/to-hieu-1/vi").text.count("<section id=") == 20


def test_a_form_that_does_not_exist_is_refused_and_so_is_a_command_that_changes_nothing(database, runs):
    a_point(database, "to-hieu-1", form="short")
    assert "'short', 'full'" in runs("to-hieu-1", "--form", "long").output
    assert runs("to-hieu-1").exit_code == 2


def test_by_command_a_kiosk_becomes_a_point_for_phones_that_requires_codes_and_back(database, runs):
    a_point(database, "to-hieu-1", form="short")
    told = runs("to-hieu-1", "--channel", "phone", "--invitation", "required")
    assert told.exit_code == 0, told.exception
    assert "channel phone" in told.output
    with database.reading() as session:
        assert (point(session, "to-hieu-1").channel, point(session, "to-hieu-1").invitation) == ("phone", "required")
    assert "first say --invitation none" in str(runs("to-hieu-1", "--channel", "kiosk").exception)
    assert runs("to-hieu-1", "--channel", "kiosk", "--invitation", "none").exit_code == 0
    assert "'kiosk', 'phone'" in runs("to-hieu-1", "--channel", "post").output


def test_answers_carry_the_new_channel_and_earlier_ones_keep_theirs(database, settings, runs):
    a_point(database, "to-hieu-1", form="short")
    a_wave(database, settings, opens_on=clock.today())
    a_response(database, settings, moment=clock.now())
    assert runs("to-hieu-1", "--channel", "web").exit_code == 0
    a_response(database, settings, moment=clock.now())
    with database.reading() as session:
        assert sorted(session.scalars(select(Response.channel))) == [CHANNELS["kiosk"], CHANNELS["web"]]


def test_enrolled_screens_hold_a_point_to_being_a_kiosk_until_they_are_revoked(client, database, settings, runs):
    a_point(database, "to-hieu-1", form="short")
    a_wave(database, settings, opens_on=clock.today())
    with database.writing() as session:
        code = make_code(session, "to-hieu-1", clock.now())
    screen = Device(client)
    screen.enrols(code)
    assert "then revoke the screens" in str(runs("to-hieu-1", "--channel", "phone").exception)
    with database.writing() as session:
        revoke(session, screen.id)
    assert runs("to-hieu-1", "--channel", "phone").exit_code == 0
