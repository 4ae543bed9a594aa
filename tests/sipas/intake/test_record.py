"""What is counted as an answer: of a person, finished, of this wave, where it says it was given."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from sipas.fieldwork.asking import asking_at
from sipas.intake import Outcome, Visit, receive
from sipas.intake.anonymise import row_type
from sipas.intake.bulk import record_many
from sipas.intake.record import (
    late_by_point,
    live_by_month,
    probes,
    stored,
    stored_by_point,
    unfinished,
    without_point,
)
from tests.make import A_MORNING, OPENING, PACKED, a_point, a_response, a_wave


@pytest.fixture
def some(database, settings):
    """Three answers at one point, one at another, two unfinished forms and one synthetic answer."""
    a_point(database, form="short")
    a_point(database, "quyet-thang-1", "03664", form="short")
    a_wave(database, settings)
    later = dt.datetime(2026, 10, 2, 3, tzinfo=dt.timezone.utc)
    for moment in (A_MORNING, A_MORNING, later):
        assert a_response(database, settings, moment=moment) is Outcome.STORED
    assert a_response(database, settings, point="quyet-thang-1") is Outcome.STORED
    for _ in range(2):
        assert a_response(database, settings, unfinished=True) is Outcome.STORED
    with database.reading() as session:
        codes = asking_at(session, "to-hieu-1", OPENING).codes("ho-tich")
    receive(database, settings.home, Visit("w1", codes.synthetic(), PACKED, A_MORNING, "vi"), submission="")


def test_unfinished_forms_and_synthetic_answers_are_counted_apart(database, some):
    with database.reading() as session:
        assert stored(session, 1) == 4
        assert unfinished(session, 1) == 2
        assert probes(session, 1) == 1
        assert stored_by_point(session, 1) == {1: 3, 2: 1}
        assert without_point(session, 1) == 0
        assert late_by_point(session, 1) == {}


def test_another_wave_has_none_of_them(database, some):
    with database.reading() as session:
        assert [count(session, 2) for count in (stored, unfinished, probes, without_point)] == [0, 0, 0, 0]
        assert stored_by_point(session, 2) == {}


def test_what_people_sent_themselves_is_counted_by_month(database, some):
    with database.reading() as session:
        found = live_by_month(session)
    assert {(wave, point): found[wave, point, month] for wave, point, month in found if month == 202610} == {(1, 1): 1}
    assert found[1, 2, 202609] == 1
    assert found[1, 1, 202609] == 4  # with the two unfinished forms, without the synthetic answer


def test_of_no_rows_none_is_stored(database):
    with database.writing() as session:
        assert record_many(session, np.empty(0, row_type(3))) == 0
