"""The province's own time, while the server keeps UTC."""

import datetime as dt

import pytest

from sipas import clock


@pytest.mark.parametrize("hour", range(17, 24))
def test_the_hours_after_midnight_in_son_la_belong_to_the_new_day_although_utc_has_the_old_one(hour):
    moment = dt.datetime(2026, 3, 31, hour, 59, tzinfo=dt.timezone.utc)  # 00:59 to 06:59 of 1 April
    assert clock.local(moment).date() == dt.date(2026, 4, 1)
    assert clock.month_of(moment) == "2026-04"


def test_the_iso_week_turns_at_midnight_in_son_la():
    sunday_late = dt.datetime(2026, 3, 29, 16, 59, tzinfo=dt.timezone.utc)
    monday_early = dt.datetime(2026, 3, 29, 17, 0, tzinfo=dt.timezone.utc)
    assert clock.week_of(clock.local(sunday_late).date()) == "2026-W13"
    assert clock.week_of(clock.local(monday_early).date()) == "2026-W14"


def test_a_moment_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="zone"):
        clock.local(dt.datetime(2026, 3, 29, 17, 0))  # noqa: DTZ001


def test_weeks_cover_every_day_once_over_a_year_end():
    weeks = clock.weeks_between(dt.date(2026, 12, 20), dt.date(2027, 1, 10))
    assert weeks == ["2026-W51/12", "2026-W52/12", "2026-W53/12", "2026-W53/01", "2027-W01/01"]
