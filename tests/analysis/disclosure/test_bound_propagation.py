"""The attacker who reasons from bounds: what she finds by hand, and what is withheld for her sake."""

import numpy as np
import pytest

from analysis.disclosure.attacker import FeasibilityInterval, IntervalAttacker
from analysis.disclosure.bound_propagation import LinearConstraint, propagate_bounds
from analysis.disclosure.policy import Policy
from analysis.disclosure.secondary_suppression import Sum
from analysis.disclosure.suppress import suppress


def a_row(of, n, answers=None, **domain):
    return {"domain": domain, "of": of, "n": n, "answers": n if answers is None else answers, "estimate": 0.8}


def withheld(rows, **policy):
    table = suppress(rows, Policy(**policy), parts={"F": ["F.1", "F.2"]})
    return {(row["of"], row["domain"].get("unit", "")) for row in table.records() if row["withheld"]}


ROWS = [
    a_row("F.1", 11), a_row("F.1", 10, unit="a"), a_row("F.1", 1, unit="b"),
    a_row("F.2", 14), a_row("F.2", 10, unit="a"), a_row("F.2", 4, unit="b"),
    a_row("F", 41, 25), a_row("F", 22, 20, unit="a"), a_row("F", 19, 5, unit="b"),
]  # fmt: skip


def test_five_answers_to_two_questions_leave_each_at_most_four_so_the_factor_goes_too():
    """In office b one person answered the first question and four the second: five answers of nineteen people. Sums of
    people alone ask for both questions of both offices; the answers to the factor would leave 1 to 4 for each."""
    by_sums = {("F.1", "a"), ("F.1", "b"), ("F.2", "a"), ("F.2", "b")}
    assert withheld(ROWS, rounding=1, spread=1) == by_sums
    assert withheld(ROWS) == by_sums | {("F", "a"), ("F", "b")}


@pytest.mark.parametrize(
    ("low", "high", "constraint", "narrower"),
    [
        # 60 people in two offices, 20 to 30 in one: 30 to 40 in the other
        ([60, 20, 1], [60, 30, np.inf], LinearConstraint(0, (1, 2)), ([60, 20, 30], [60, 30, 40])),
        # the total of 3 to 5 and 4 to 6 is 7 to 11
        ([1, 3, 4], [np.inf, 5, 6], LinearConstraint(0, (1, 2)), ([7, 3, 4], [11, 5, 6])),
        # at most as many answered an item as its factor, and the factor at least as many as the item
        ([8, 1], [np.inf, 12], LinearConstraint(0, (1,), equal=False), ([8, 8], [12, 12])),
        # at most three answers a person: 10 answers are of four people or more
        ([10, 1], [10, 20], LinearConstraint(0, (1,), equal=False, times=3), ([10, 4], [10, 20])),
        ([1, 1], [100, 20], LinearConstraint(0, (1,), equal=False, times=3), ([1, 1], [60, 20])),
        # with two parts unknown upwards nothing follows for either from below
        ([60, 1, 1, 5], [60, np.inf, np.inf, 5], LinearConstraint(0, (1, 2, 3)), ([60, 1, 1, 5], [60, 54, 54, 5])),
        # what contradicts itself is left as it was
        ([9, 1, 1, 5], [9, 2, 2, 5], LinearConstraint(0, (1, 2)), ([9, 1, 1, 5], [9, 2, 2, 5])),
    ],
)
def test_what_follows_from_one_constraint(low, high, constraint, narrower):
    found = propagate_bounds(low, high, [constraint])
    assert (found[0].tolist(), found[1].tolist()) == narrower


def test_what_follows_from_one_constraint_narrows_the_next():
    """Two offices of 30 share a field each with the other: 12 hidden in one row and column fix the opposite corner."""
    rows = [LinearConstraint(0, (4, 5)), LinearConstraint(1, (6, 7))]
    columns = [LinearConstraint(2, (4, 6)), LinearConstraint(3, (5, 7))]
    low, high = [30, 30, 25, 35, 12, 1, 1, 1], [30, 30, 25, 35, 12, 40, 40, 40]
    found = propagate_bounds(low, high, rows + columns)
    assert found[0].tolist() == found[1].tolist() == [30, 30, 25, 35, 12, 18, 13, 17]


def test_a_round_that_raises_only_lower_bounds_is_not_the_last():
    """25 of 30 are in the first office, since so many answered one of its items: five are left for the second."""
    constraints = [LinearConstraint(0, (1, 2)), LinearConstraint(3, (1,), equal=False)]
    low, high = propagate_bounds([30, 1, 1, 25], [30, 29, 29, 25], constraints)
    assert (low.tolist(), high.tolist()) == ([30, 25, 1, 25], [30, 29, 5, 25])


@pytest.mark.parametrize(
    ("constraint", "low", "high", "holds"),
    [
        (LinearConstraint(0, (1, 2)), [10, 4, 6], [10, 4, 6], True),
        (LinearConstraint(0, (1, 2)), [11, 4, 6], [11, 4, 6], False),
        (LinearConstraint(0, (1, 2)), [9, 4, 6], [9, 4, 6], False),
        (LinearConstraint(0, (1, 2), equal=False), [9, 4, 6], [9, 4, 6], True),
        (LinearConstraint(0, (1, 2), equal=False, times=2), [20, 4, 6], [20, 4, 6], True),
        (LinearConstraint(0, (1, 2), equal=False, times=2), [21, 4, 6], [21, 4, 6], False),
    ],
)
def test_a_constraint_holds_or_does_not(constraint, low, high, holds):
    assert constraint.holds(low, high) is holds


@pytest.mark.parametrize(
    ("row", "pooled", "true", "people", "answers"),
    [
        ({"withheld": True, "n": None}, False, None, (1, np.inf), (1, np.inf)),
        # rounded to fives, never below ten
        ({"withheld": False, "n": 20}, False, None, (18, 22), (0, np.inf)),
        ({"withheld": False, "n": 10}, False, None, (10, 12), (0, np.inf)),
        ({"withheld": False, "n": 0, "answers": 0}, True, None, (0, 0), (0, 0)),
        # digits of a share tell the number of people of an item
        ({"withheld": False, "n": 20, "estimate": 0.8}, False, {"n": 19, "answers": 19}, (19, 19), (19, 19)),
        ({"withheld": False, "n": 20, "estimate": 0.8}, False, None, (18, 22), (0, np.inf)),
        # pooled answers are rounded to fifties
        ({"withheld": False, "n": 20, "answers": 100}, True, None, (18, 22), (75, 125)),
        # as many answers as people: rounded together
        ({"withheld": False, "n": 20, "answers": 20}, True, None, (18, 22), (18, 25)),
        # with three decimals of a pooled share only some numbers of answers fit, here 40 to 60 of the form 7 k
        ({"withheld": False, "n": 60, "answers": 50, "estimate": 0.143}, True, {"answers": 49}, (58, 62), (28, 70)),
    ],
)
def test_what_a_published_row_tells_by_itself(row, pooled, true, people, answers):
    told = FeasibilityInterval.of(row, 5, 10, pooled, true)
    assert told.people == people
    assert told.answers == answers


def test_exact_counts_tell_themselves():
    row = {"withheld": False, "n": 17, "answers": 33}
    assert FeasibilityInterval.of(row, 1, 10, True, None) == FeasibilityInterval((17, 17), (33, 33))


def test_of_two_tables_the_narrower_bounds_count():
    one, other = FeasibilityInterval((3, 9), (1, 40)), FeasibilityInterval((5, 20), (0, 30))
    assert one & other == FeasibilityInterval((5, 9), (1, 30))


def an_attacker(spans):
    """Office a and b, together 30, of one question."""
    keys = [("O", ()), ("O", (("unit", "a"),)), ("O", (("unit", "b"),))]
    shown = {cell: FeasibilityInterval(span, (0, np.inf)) for cell, span in enumerate(spans)}
    return IntervalAttacker(keys, [Sum(0, (1, 2), table="O")], {}, shown, {})


def test_a_withheld_count_is_what_the_others_leave():
    attacker = an_attacker([(28, 32), (18, 22), (10, 12)])
    low, high = attacker.possible({2})
    assert (low[2], high[2]) == (6, 14)
    assert attacker.underprotected({2}, 9) == []
    assert attacker.underprotected({2}, 10) == [2]
    low, high = attacker.possible({1, 2})
    assert ((low[1], high[1]), (low[2], high[2])) == ((1, 31), (1, 31))


def test_an_item_has_at_most_the_people_of_its_factor_and_need_not_have_all():
    keys = [("F", ()), ("F.1", ()), ("F.2", ())]
    shown = {0: FeasibilityInterval((28, 32), (0, np.inf)), 2: FeasibilityInterval((18, 22), (18, 22))}
    shown[1] = FeasibilityInterval((30, 30), (30, 30))
    attacker = IntervalAttacker(keys, [Sum(0, (1, 2), disjoint=False)], {"F": ["F.1", "F.2"]}, shown, {})
    true = {0: FeasibilityInterval((30, 30), (50, 50)), 1: shown[1], 2: FeasibilityInterval((20, 20), (20, 20))}
    low, high = attacker.checked(true).possible({1})
    assert (low[1], high[1]) == (6, 32)  # at least six: every one of 28 answered one of the two


def test_of_a_factor_whose_items_are_not_all_there_nothing_follows_from_those_that_are():
    keys = [("F", ()), ("F.1", ())]
    shown = {cell: FeasibilityInterval((20, 20), (20, 20)) for cell in (0, 1)}
    attacker = IntervalAttacker(keys, [Sum(0, (1,), disjoint=False)], {"F": ["F.1", "F.2"]}, shown, {}).checked(shown)
    low, high = attacker.possible({0})
    assert (low[0], high[0]) == (20, np.inf)  # whoever answered F.1 answered F, and others may have answered F.2


def test_a_constraint_that_the_true_counts_break_misleads_nobody():
    true = {cell: FeasibilityInterval((n, n), (n, n)) for cell, n in enumerate([30, 20, 4])}
    attacker = an_attacker([(30, 30), (20, 20), (4, 4)]).checked(true)
    assert attacker.possible({2})[1][2] == np.inf


def test_the_cheapest_free_neighbour_helps():
    attacker = an_attacker([(28, 32), (18, 22), (10, 12)])
    assert attacker.secondary_cell(2, {0, 1}, [(True, 30), (True, 20), (True, 10)]) == 1
    assert attacker.secondary_cell(2, {0, 1}, [(False, 30), (True, 20), (True, 10)]) == 0
    assert attacker.secondary_cell(2, set(), [(True, 30), (True, 20), (True, 10)]) is None
