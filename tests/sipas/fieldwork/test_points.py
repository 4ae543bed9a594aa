"""A point's form is one setting away."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner

from sipas import clock, i18n
from sipas.cli import group
from tests.make import a_point, a_wave


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
    app.config["VISITS"]._known.clear()
    page = app.test_client().get("/k/to-hieu-1").text
    assert re.search(r"22 questions, about \d minutes", page)
    assert app.test_client().get("/k/to-hieu-1/vi").text.count("<section id=") == 24


def test_a_form_that_does_not_exist_is_refused_and_so_is_a_command_that_changes_nothing(database, runs):
    a_point(database, "to-hieu-1", form="short")
    assert "give one of short, full" in str(runs("to-hieu-1", "--form", "long").exception)
    assert runs("to-hieu-1").exit_code == 2
