"""Opening, closing, and what is asked where on which day."""

import datetime as dt

import pytest

from sipas.errors import NoOpenWave, UnknownPoint, WaveState
from sipas.fieldwork.asking import AskingPoints, asking_at
from sipas.fieldwork.points import BadPoint, add_point
from sipas.fieldwork.waves import BadWave, close_wave, open_wave_at, open_weeks, wave_of, waves
from tests.make import OPENING, a_point, a_wave


def test_a_visit_knows_wave_point_and_services(database, settings, today):
    a_wave(database, settings)
    with database.reading() as session:
        asking = asking_at(session, "to-hieu-1", today)
        assert asking.wave.code == "w1"
        assert asking.codes("ho-tich").unit == asking.codes("dat-dai").unit
        assert asking.codes("giao-thong").unit != asking.codes("dat-dai").unit


def test_an_unknown_point_is_told_apart_from_a_point_without_a_wave(database, settings, today):
    a_point(database)
    with database.reading() as session:
        with pytest.raises(UnknownPoint):
            open_wave_at(session, "nowhere", today)
        with pytest.raises(NoOpenWave):
            open_wave_at(session, "to-hieu-1", today)


def test_late_answer_goes_to_no_wave(database, settings):
    a_wave(database, settings, closes_on=dt.date(2026, 9, 30))
    with database.reading() as session:
        open_wave_at(session, "to-hieu-1", dt.date(2026, 9, 30))
        with pytest.raises(NoOpenWave):
            open_wave_at(session, "to-hieu-1", dt.date(2026, 10, 1))


def test_a_point_asks_in_one_wave_at_a_time(database, settings, today):
    a_wave(database, settings)
    with pytest.raises(BadWave, match="to-hieu-1"):
        a_wave(database, settings, "w2")
    with database.writing() as session:
        close_wave(session, "w1", today)
    a_wave(database, settings, "w2")


def test_a_new_point_joins_the_open_wave(database, settings, today):
    a_wave(database, settings)
    a_point(database, "muong-la-1", "03808")
    with database.reading() as session:
        assert open_wave_at(session, "muong-la-1", today)[0].code == "w1"


def test_closing_twice_is_refused(database, settings, today):
    a_wave(database, settings)
    with database.writing() as session:
        close_wave(session, "w1", today)
    with pytest.raises(WaveState, match="closed"), database.writing() as session:
        close_wave(session, "w1", today)


def test_a_wave_belongs_to_the_main_series_unless_it_opens_in_another(database, settings):
    a_wave(database, settings)
    a_point(database, "muong-la-1", "03808", opened_on=dt.date(2027, 1, 1))
    with database.writing() as session:
        close_wave(session, "w1", OPENING)
    a_wave(database, settings, "w2", series="trial")
    with pytest.raises(BadWave, match="no series “test”; give one of main, trial, other"):
        a_wave(database, settings, "w3", series="test")
    with database.reading() as session:
        assert [wave.series for wave in waves(session)] == ["main", "trial"]


def test_open_weeks_list_every_week_of_every_point_with_or_without_answers(database, settings):
    a_wave(database, settings, closes_on=dt.date(2026, 9, 30))
    with database.writing() as session:
        late = add_point(session, "muong-la-1", "03808", opened_on=dt.date(2026, 9, 28))
        weeks = open_weeks(session, wave_of(session, "w1"), dt.date(2026, 12, 1))
    assert [week for place, week in weeks if place.code == "to-hieu-1"] == [f"2026-W{n}/09" for n in range(36, 41)]
    assert [week for place, week in weeks if place.code == late.code] == ["2026-W40/09"]
    assert OPENING.isocalendar().week == 36


@pytest.mark.parametrize(
    ("code", "more", "word"),
    [
        ("Tô Hiệu", {}, "small letters"),
        ("../etc", {}, "small letters"),
        ("ok-1", {"channel": "pigeon"}, "pigeon"),
        ("ok-1", {"form": "long"}, "long"),
    ],
)
def test_a_bad_point_is_refused(database, code, more, word):
    with pytest.raises(BadPoint, match=word), database.writing() as session:
        add_point(session, code, "03646", **more)


def test_a_wave_that_closes_during_a_visit_takes_no_answer(database, settings, today):
    a_wave(database, settings)
    known = AskingPoints(database)
    asking = known.at("to-hieu-1", today)
    with database.writing() as session:
        close_wave(session, "w1", today)
    assert known.at("to-hieu-1", today) is asking  # remembered for a moment
    with pytest.raises(NoOpenWave, match="closed"), database.reading() as session:
        asking.still_open(session.connection())
    with pytest.raises(NoOpenWave):
        AskingPoints(database).at("to-hieu-1", today)
