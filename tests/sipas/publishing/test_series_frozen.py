"""A snapshot says of a wave outside the main series that it was one, so that nobody adds a trial to the year."""

import datetime as dt

import pytest

from analysis import read_snapshot
from sipas.errors import SipasError
from sipas.estimating.adding import period_source
from sipas.estimating.survey import DataSource
from sipas.fieldwork.waves import close_wave
from sipas.publishing.freeze import freeze
from tests.make import a_point, a_response, a_wave

ANSWERS = dict.fromkeys(("O", "B1.2", "B2.2", "B3.2", "B4.1"), "5")


def frozen(database, settings, code, month, **more):
    """A wave of one month with some answers, closed and frozen."""
    last = dt.date(2026, month + 1, 1) - dt.timedelta(1)
    a_wave(database, settings, code, opens_on=dt.date(2026, month, 1), **more)
    for day in (2, 9, 16):
        moment = dt.datetime(2026, month, day, 3, tzinfo=dt.timezone.utc)
        a_response(database, settings, "p-0", moment=moment, answers=ANSWERS)
    with database.writing() as session:
        close_wave(session, code, last)
    return freeze(database, settings.home, code, last).path


def test_the_platforms_own_waves_are_added_and_a_trial_is_refused(database, settings):
    a_point(database, "p-0", "03646", form="short")
    spring = frozen(database, settings, "w1", 3)
    summer = frozen(database, settings, "w2", 6)
    trial = frozen(database, settings, "w3", 9, series="trial")
    assert [read_snapshot(path).codebook.series for path in (spring, summer, trial)] == [None, None, "trial"]
    period, _ = period_source([DataSource(summer), DataSource(spring)])
    assert period.name == "2026-H1"
    with pytest.raises(SipasError, match="wave w3 was a trial; its answers are added to no others"):
        period_source([DataSource(spring), DataSource(summer), DataSource(trial)])
