"""Old units carried over to new ones."""

import pytest

from analysis.data.crosswalk import APPORTIONED, EXACT, IMPOSSIBLE, BadCrosswalk, Crosswalk


def lines(text):
    return [dict(zip(("old", "new", "share"), line.split(), strict=False)) for line in text.splitlines()]


def test_units_that_went_over_whole_are_added_exactly():
    carried = Crosswalk.of(lines("a X 1\nb X 1\nc Y")).carry({"a": 3, "b": 4, "c": 5})
    assert {new: (each.value, each.how) for new, each in carried.items()} == {"X": (7, EXACT), "Y": (5, EXACT)}
    assert carried["X"].sources == ("a", "b")


def test_a_split_unit_marks_everything_it_touches():
    carried = Crosswalk.of(lines("a X 1\nb X 0,4\nb Y 0,6")).carry({"a": 10, "b": 10})
    assert {new: (each.value, each.how) for new, each in carried.items()} == {
        "X": (14, APPORTIONED),
        "Y": (6, APPORTIONED),
    }


def test_a_split_by_unknown_shares_makes_the_figure_impossible():
    walk = Crosswalk.of(lines("a X 1\nb X\nb Y\nc Z 1"))
    carried = walk.carry({"a": 10, "b": 10, "c": 1})
    assert [(each.value, each.how) for each in carried.values()] == [(None, IMPOSSIBLE), (None, IMPOSSIBLE), (1, EXACT)]
    assert walk.how("nowhere") == IMPOSSIBLE


def test_a_part_without_a_value_makes_the_sum_impossible_not_smaller():
    assert Crosswalk.of(lines("a X\nb X")).carry({"a": 10})["X"].value is None


def test_totals_are_kept():
    walk = Crosswalk.of(lines("a X 0.3\na Y 0.7\nb Y 1\nc X 0.5\nc Z 0.5"))
    assert sum(each.value for each in walk.carry({"a": 11, "b": 22, "c": 33}).values()) == pytest.approx(66)


def test_without_answers_there_is_no_share_and_without_a_numerator_neither():
    walk = Crosswalk.of(lines("a X\nb X\nc Y"))
    assert walk.carry_shares({"a": 9, "c": 1}, {"a": 10, "b": 10, "c": 2})["X"].value is None
    assert walk.carry_shares({"a": 9, "b": 0, "c": 1}, {"a": 10, "b": 10, "c": 2})["X"].value == 0.45


def test_a_share_is_carried_as_numerator_and_denominator():
    shares = Crosswalk.of(lines("a X\nb X\nc Y")).carry_shares({"a": 90, "b": 1, "c": 0}, {"a": 100, "b": 10, "c": 0})
    assert shares["X"].value == pytest.approx(91 / 110)
    assert shares["Y"].value is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a X 0.5\na Y 0.4", "add up to 0.9"),
        ("a X 0.5", "add up to 0.5"),
        ("a X 0.6\na Y 0.402", "add up to 1.002"),
        ("a X 1.1", "share 1.1 is not"),
        ("a X 1\na X 1", "goes to X twice"),
        ("a X 0", "share 0 is not"),
        ("a X half", "share half is not"),
    ],
)
def test_a_crosswalk_that_contradicts_itself_is_refused(text, message):
    with pytest.raises(BadCrosswalk, match=message):
        Crosswalk.of(lines(text))


def test_a_unit_that_is_not_listed_is_not_lost_in_silence():
    with pytest.raises(BadCrosswalk, match="says nothing of b"):
        Crosswalk.of(lines("a X")).carry({"a": 1, "b": 2})
