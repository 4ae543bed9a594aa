"""A command line on a day in a wave, and a wave that has one answer: for tests of lost keys."""

from __future__ import annotations

import datetime as dt

import pytest
from click.testing import CliRunner

from sipas import clock, i18n
from sipas.cli import group
from sipas.errors import SipasError
from sipas.expiry import trusted_date
from sipas.fieldwork.waves import close_wave
from tests.make import a_response, a_wave

TODAY = dt.date(2026, 9, 16)


@pytest.fixture
def run(settings, monkeypatch):
    """The command line on this home, on a day in the wave."""
    monkeypatch.setenv("SIPAS_HOME", str(settings.home))
    monkeypatch.setattr(clock, "today", lambda: TODAY)
    monkeypatch.setattr(clock, "now", lambda: dt.datetime(2026, 9, 16, 3, tzinfo=dt.timezone.utc))
    trusted_date.believe(settings.home)

    def invoke(*words):
        done = CliRunner().invoke(group, list(words))
        refused = i18n.say(done.exception) if isinstance(done.exception, SipasError) else ""
        return done.exit_code, done.stdout + done.stderr + refused

    return invoke


@pytest.fixture
def open_wave(database, settings):
    a_wave(database, settings)
    a_response(database, settings)


@pytest.fixture
def closed_wave(database, settings, open_wave):
    with database.writing() as session:
        close_wave(session, "w1", TODAY)
