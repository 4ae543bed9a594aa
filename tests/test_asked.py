"""What tests remember of what is asked is never older than the database."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import delete, update

from sipas.errors import NoOpenWave
from sipas.fieldwork.models import Detail, Point, Wave
from sipas.registry.models import Service
from tests import asked
from tests.make import OPENING, a_point, a_response, a_wave

CHANGES = {
    "the point's form": (update(Point).values(form="short"), lambda one: one.point.form),
    "a field's name": (update(Service).values(name="Khác"), lambda one: one.services[0][0].name),
    "the details kept": (delete(Detail), lambda one: one.detail),
    "the wave's last day": (update(Wave).values(closes_on=dt.date(2026, 12, 1)), lambda one: one.wave.closes_on),
}


@pytest.fixture
def wave(database, settings):
    a_point(database)
    a_wave(database, settings)


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_seen_at_once(database, wave, change):
    statement, told = CHANGES[change]
    before = asked.asked(database, "to-hieu-1", OPENING)
    assert asked.asked(database, "to-hieu-1", OPENING) is before, "nothing has changed"
    with database.writing() as session:
        session.execute(statement)
    after = asked.asked(database, "to-hieu-1", OPENING)
    assert told(after) != told(before)


def test_a_wave_that_has_closed_takes_nothing(database, settings, wave):
    a_response(database, settings)
    with database.writing() as session:
        session.execute(update(Wave).values(state="closed"))
    with pytest.raises(NoOpenWave):
        a_response(database, settings)


def test_it_is_seen_where_a_look_up_reads_a_table_that_is_not_compared(database, wave, monkeypatch):
    monkeypatch.setattr(asked, "TABLES", tuple(name for name in asked.TABLES if name != "competence"))
    with pytest.raises(AssertionError, match=r"what is asked depends on {'competence'} too"):
        asked.asked(database, "to-hieu-1", OPENING)
