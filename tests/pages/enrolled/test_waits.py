"""When a screen sends what it holds."""

from __future__ import annotations

import pytest

from sipas import clock
from sipas.web.assets import assets
from tests.pages.device import Screen, stored, wait_until

pytestmark = pytest.mark.browser


# 2026-11-24, ten in the morning in the province; a wait that was over a minute ago
LANES = """async ([name, lane, count, at]) => (await import(name)).isDue(lane, count, at)"""
DRAWN = """async (name) => {
    const { wait } = await import(name);
    return Array.from({ length: 4000 }, () => wait(1e12, "2026-11-24").due - 1e12);
}"""
MORNING = {"time": 10_000_000, "hour": 10, "date": "2026-11-24"}
OVER = {"due": 9_940_000, "date": "2026-11-24"}
MINUTE = 60_000


def lanes() -> str:
    return f"/static/{assets()['js/device/lanes.js'].path}"


@pytest.mark.parametrize(
    ("lane", "count", "at", "due"),
    [
        (OVER, 5, {}, True),
        (OVER, 4, {}, False),  # too few, and the day goes on
        (OVER, 4, {"hour": 17}, False),
        (OVER, 4, {"hour": 18}, True),  # the day is over
        (OVER, 1, {"hour": 18}, True),
        (OVER, 1, {"date": "2026-11-25", "hour": 7}, True),  # left from the day before
        ({"due": 10_000_001, "date": "2026-11-24"}, 200, {}, False),  # however many there are: never at once
        ({"due": 10_000_001, "date": "2026-11-24"}, 200, {"hour": 18}, False),
        ({"due": 10_000_000, "date": "2026-11-24"}, 5, {}, True),
        ({"due": 10_000_000 + 60 * MINUTE, "date": "2026-11-24"}, 5, {}, False),
        ({"due": 10_000_001 + 60 * MINUTE, "date": "2026-11-24"}, 5, {}, True),  # no wait of ours: a clock set back
        (OVER, 0, {"hour": 18}, False),
        (None, 9, {"hour": 18}, False),
    ],
)
def test_a_lane_goes_after_its_wait_with_five_at_least_or_when_the_day_is_over(opens, lane, count, at, due):
    page = opens("/")
    assert page.evaluate(LANES, [lanes(), lane, count, {**MORNING, **at}]) is due


def test_waits_are_between_5_and_60_minutes_and_any_is_as_likely_as_any_other(opens):
    page = opens("/")
    drawn = [wait / MINUTE for wait in page.evaluate(DRAWN, lanes())]
    assert 5 <= min(drawn) < 6
    assert 59 < max(drawn) <= 60
    for quarter in range(4):  # a quarter each; five standard errors
        low, high = 5 + quarter * 13.75, 5 + (quarter + 1) * 13.75
        assert abs(sum(low <= wait < high for wait in drawn) - 1000) < 140


def test_what_was_just_made_is_not_sent_at_once_and_is_once_its_wait_is_over(opens, database):
    screen = Screen(opens("/"), database).enrols()
    screen.page.clock.install(time=clock.now())
    screen.makes(5)
    wait_until(lambda: screen.sends(now=False, patient=False) != "busy")  # its own timer may be at it
    assert len(screen.holds()) == 10
    assert stored(database) == []
    screen.page.clock.fast_forward(61 * MINUTE)
    wait_until(lambda: screen.sends(now=False, patient=False) != "busy")
    wait_until(lambda: len(stored(database)) == 5)
