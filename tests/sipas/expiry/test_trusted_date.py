"""Whether a date is believed: what jumps, for how long it is doubted, what a night is."""

from __future__ import annotations

import datetime as dt

import pytest

from sipas.expiry import trusted_date
from sipas.expiry.trusted_date import ClockReading, Nights, after
from sipas.files.state_files import Damaged

NIGHT = dt.datetime(2026, 11, 29, 19, 30, tzinfo=dt.timezone.utc)  # half past two on 30 November in the province
DAY = 86400.0


def at(days: float, boot: str = "", seconds: float | None = None) -> ClockReading:
    """The night so many days later; with a `boot`, on a machine that counted `seconds` (default: as many days)."""
    return ClockReading(NIGHT + dt.timedelta(days=days), boot, days * DAY if seconds is None else seconds)


def through(known: Nights | None, *readings: ClockReading) -> list[int]:
    """For how many nights the clock is doubted after each."""
    waits = []
    for reading in readings:
        known = after(known, reading)
        waits.append(known.wait)
    return waits


KNOWN = Nights.sure(at(0))


@pytest.mark.parametrize("boot", ["", "same"])
def test_night_after_night_nothing_is_doubted(boot):
    assert through(Nights.sure(at(0, boot)), *(at(day, boot) for day in range(1, 40))) == [0] * 39


def test_a_night_that_fell_out_is_no_jump_and_three_are():
    assert through(KNOWN, at(2)) == [0]
    assert through(KNOWN, at(3)) == [2]
    assert through(KNOWN, at(4)) == [3]


@pytest.mark.parametrize("days", [730, 30, 15, -730, -20])
def test_a_far_jump_either_way_is_believed_after_fourteen_nights_and_not_before(days):
    waits = through(KNOWN, *(at(days + night) for night in range(15)))
    assert waits == [14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]


def test_a_short_jump_is_doubted_for_as_many_nights_as_were_lost():
    assert through(KNOWN, *(at(6 + night) for night in range(6))) == [5, 4, 3, 2, 1, 0]


def test_a_machine_that_ran_on_knows_that_three_weeks_passed():
    """Only `sipas serve` was stopped: the machine's own count says that the date is right."""
    assert through(Nights.sure(at(0, "same")), at(21, "same")) == [0]


def test_a_machine_that_was_off_for_three_weeks_waits_fourteen_nights():
    assert through(Nights.sure(at(0, "before")), at(21, "after", 60))[-1] == 14


def test_a_clock_that_is_set_while_the_machine_runs_is_seen_at_two_days():
    before = Nights.sure(at(0, "same"))
    assert through(before, at(1 + 1, "same", DAY)) == [0]
    assert through(before, at(1 + 2, "same", DAY)) == [2]
    assert through(before, at(1 - 2, "same", DAY)) == [2]


def test_five_runs_in_one_night_count_once():
    doubted = after(KNOWN, at(730))
    assert through(doubted, *(at(730 + hour / 24) for hour in range(5))) == [14] * 5
    assert through(doubted, *[at(731)] * 5) == [13] * 5


def test_a_date_that_is_set_on_by_hand_five_times_counts_no_night():
    doubted = after(Nights.sure(at(0, "same")), at(730, "same", DAY))
    readings = [at(730 + day, "same", DAY + day) for day in range(1, 6)]  # seconds apart by the machine's count
    assert all(wait == 14 for wait in through(doubted, *readings))


def test_a_clock_that_creeps_on_within_one_day_is_seen_too():
    """Each step is small; held against the last night they are a jump."""
    readings = [at(1 + step, "same", DAY + step) for step in range(4)]
    assert through(Nights.sure(at(0, "same")), *readings)[-1] > 0


@pytest.mark.parametrize("boot", ["", "same"])
def test_a_clock_that_comes_back_is_believed_at_once(boot):
    known = Nights.sure(at(0, boot))
    wrong = [at(day + 730, boot, day * DAY) for day in (1, 2, 3)]
    assert through(known, *wrong, at(4, boot)) == [14, 13, 12, 0]


def test_a_second_jump_begins_the_wait_anew():
    waits = through(KNOWN, *(at(730 + night) for night in range(13)), at(2000), at(2001))
    assert waits[-3:] == [2, 14, 13]


def test_a_wait_is_never_longer_than_fourteen_nights_after_the_last_jump():
    waits = through(KNOWN, at(100), at(-400), at(3000), *(at(3000 + night) for night in range(1, 15)))
    assert max(waits) == 14
    assert waits[-1] == 0


def test_a_server_that_is_off_each_weekend_comes_to_the_end_of_its_wait():
    known, day, waited = Nights.sure(at(0)), 30, 0
    while (known := after(known, at(day))).wait:
        waited += 1
        day += 3 if day % 7 == 4 else 1
        assert waited < 60


def test_without_a_last_night_nothing_is_known_and_fourteen_pass(tmp_path):
    assert trusted_date.look(tmp_path, at(0)).wait == 14
    assert not list(tmp_path.iterdir()), "who looks writes nothing"
    for day in range(14):
        assert trusted_date.end_a_night(tmp_path, at(day)).is_doubted
    assert not trusted_date.end_a_night(tmp_path, at(14)).is_doubted


@pytest.mark.parametrize(
    "left",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\x00" * 300,
        b'{"seen": null, "believed": null, "passed": 0, "wait": 0}',
        b'{"seen": {"moment": "2026-11-29T19:30:00+00:00", "boot": "", "seconds": 0}, "believed": null, "passed": 0, '
        b'"wait": 0}',
    ],
)
def test_a_damaged_last_night_is_none(tmp_path, left):
    (tmp_path / "nights.json").write_bytes(left)
    with pytest.raises(Damaged, match=r"nights\.json"):
        trusted_date.last_night(tmp_path)
    assert trusted_date.end_a_night(tmp_path, at(0)).wait == 14
    assert trusted_date.last_night(tmp_path).wait == 14


def test_what_is_kept_is_read_back_as_it_was(tmp_path):
    trusted_date.believe(tmp_path, at(0, "same"))
    known = trusted_date.end_a_night(tmp_path, at(400, "other", 60))
    assert trusted_date.last_night(tmp_path) == known == Nights(at(400, "other", 60), at(0, "same"), 0, 14)


def test_whoever_knows_ends_the_doubt(tmp_path):
    trusted_date.believe(tmp_path, at(0))
    assert trusted_date.end_a_night(tmp_path, at(400)).is_doubted
    trusted_date.believe(tmp_path, at(400))
    assert not trusted_date.end_a_night(tmp_path, at(401)).is_doubted


def test_the_machine_counts_by_itself():
    one, other = ClockReading.now(), ClockReading.now()
    assert one.boot == other.boot
    assert other.elapsed(one) is None or 0 <= other.elapsed(one) < 60
