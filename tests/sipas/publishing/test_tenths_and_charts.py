"""What readers see of ways and intervals, from figures that fit on one line."""

from __future__ import annotations

from collections import Counter

import pytest

from analysis.disclosure.suppress import suppress
from sipas.files.state_files import Damaged
from sipas.i18n import speaking
from sipas.publishing.charts import Axis, agreeing, describe, spread, told
from sipas.publishing.release_codes import check, next_code, remember
from sipas.publishing.release_view import Figure, Group, NamedFigure
from sipas.publishing.ways import shares


def a_table(**units):
    counts = [({}, sum(units.values())), *(({"unit": unit}, n) for unit, n in units.items())]
    return suppress([{"domain": domain, "of": "overall", "n": n, "estimate": 0.8} for domain, n in counts])


def test_ways_are_told_in_tenths_by_the_largest_remainders():
    counted = {"a": Counter(screen=80, open=20), "b": Counter(code=40, open=10)}
    assert shares(counted, a_table(a=100, b=50)) == {
        "all": {"screen": 5, "code": 3, "open": 2},
        "units": {"a": {"screen": 8, "open": 2}, "b": {"code": 8, "open": 2}},
    }
    assert shares({}, a_table(a=100)) == {}


def test_ten_people_who_came_by_none_of_the_ways_are_a_part_of_their_own():
    counted = {"a": Counter(screen=80, open=20)}
    assert shares(counted, a_table(a=110))["units"]["a"] == {"screen": 7, "open": 2, "other": 1}
    assert shares(counted, a_table(a=105))["units"]["a"] == {"screen": 8, "open": 2}


def test_a_unit_of_which_a_way_or_all_people_are_withheld_says_nothing():
    counted = {"a": Counter(screen=80, open=4), "b": Counter(screen=60, open=40), "c": Counter(screen=70, open=50)}
    assert "a" not in shares(counted, a_table(a=84, b=100, c=120))["units"]
    small = {"a": Counter(screen=4), "b": Counter(screen=60), "c": Counter(screen=70)}
    assert "a" not in shares(small, a_table(a=4, b=60, c=70))["units"]
    unknown = {"z": Counter(screen=60), "b": Counter(screen=60)}
    assert shares(unknown, a_table(b=60))["units"] == {"b": {"screen": 10}}


def shown(low, value, high):
    return Figure("shown", 50, value, low, high)


@pytest.mark.parametrize(
    ("figures", "low", "high", "ticks"),
    [
        ([shown(0.72, 0.84, 0.91)], 0.7, 1.0, (0.7, 0.8, 0.9, 1.0)),
        ([shown(0.70, 0.75, 0.80)], 0.7, 1.0, (0.7, 0.8, 0.9, 1.0)),  # three steps at least
        ([shown(0.93, 0.95, 0.99)], 0.7, 1.0, (0.7, 0.8, 0.9, 1.0)),
        ([shown(0.01, 0.04, 0.09)], 0.0, 0.3, (0.0, 0.1, 0.2, 0.3)),
        ([shown(0.31, 0.4, 0.52), shown(0.6, 0.7, 0.88)], 0.3, 0.9, (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)),
        ([shown(0.21, 0.4, 0.52), shown(0.6, 0.7, 0.88)], 0.2, 0.9, (0.2, 0.4, 0.6, 0.8)),  # more than six: every other
        ([Figure("withheld")], 0.0, 1.0, (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)),
        ([], 0.0, 1.0, (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)),
    ],
)
def test_the_axis_is_the_shortest_of_whole_steps(figures, low, high, ticks):
    axis = Axis.over(figures)
    assert (axis.low, axis.high) == (pytest.approx(low), pytest.approx(high))
    assert axis.ticks == ticks


def test_places_on_an_axis_stay_on_it():
    axis = Axis(0.5, 1.0, ())
    assert [axis.across(share) for share in (0.5, 0.6, 1.0, 0.2, 1.2)] == ["0.0%", "20.0%", "100.0%", "0.0%", "100.0%"]
    assert [axis.down(share, 200) for share in (0.5, 0.6, 1.0)] == ["200.0", "160.0", "0.0"]


def test_rows_stand_side_by_side_and_groups_two_places_apart():
    one, two, three = (NamedFigure(code, code, shown(0.7, 0.8, 0.9)) for code in "abc")
    placed = spread([Group("g", (one, two)), Group("h", (three,))], start=10)
    assert [place for place, _ in placed] == ["17.50%", "32.50%", "77.50%"]  # six places of 15 percent: a b - - c -


def test_a_chart_in_words_and_how_many_intervals_hold_the_whole():
    rows = [NamedFigure("a", "Land", shown(0.802, 0.831, 0.857)), NamedFigure("b", "Health", Figure("none", 0))]
    with speaking("en"):
        assert told(rows[0].figure) == "83.1% (80.2–85.7%)"
        assert describe(rows) == f"Land: 83.1% (80.2–85.7%); Health: {rows[1].figure.word}."
    figures = [shown(0.7, 0.75, 0.8), shown(0.8, 0.85, 0.9), shown(0.81, 0.85, 0.9), Figure("withheld")]
    assert agreeing(figures, shown(0.75, 0.8, 0.85)) == (2, 3)
    assert agreeing(figures, Figure("withheld")) == (0, 0)


def test_no_code_of_a_release_is_given_twice(database, settings):
    home = settings.home

    def next_of(wave="2026-1"):
        with database.reading() as session:
            return next_code(session, home, wave)

    assert next_of() == "2026-1-r1"
    (home / "drafts" / "2026-1-r2.partial").mkdir(parents=True)
    assert next_of() == "2026-1-r3"
    (home / "releases" / "2026-1-r9").mkdir(parents=True)
    assert next_of() == "2026-1-r10"
    remember(home, "2026-1-r14")
    remember(home, "2026-10-r99")
    assert (next_of(), next_of("2026-10"), next_of("2026")) == ("2026-1-r15", "2026-10-r100", "2026-r1")
    check(home)
    (home / "release-codes").write_text("2026-1-r14\n!?\n2026-1-r20\n", encoding="utf-8")
    assert next_of() == "2026-1-r21"  # what is still readable counts
    with pytest.raises(Damaged, match="release-codes in SIPAS_HOME is damaged"):
        check(home)
