"""Which further cells go, on small tables whose answer can be seen."""

import json

import pytest

from analysis.disclosure.policy import Policy
from analysis.disclosure.safe_table import NotASafeTable, SafeTable
from analysis.disclosure.secondary_suppression import Sum, Unprotectable, suppress_secondary
from analysis.disclosure.suppress import suppress


def test_a_hidden_cell_that_follows_from_published_ones_cannot_hide_another():
    """Cell 2 would hide cell 1, but 40 = cell 2 + 15 is public: so the total goes instead."""
    sums = [Sum(0, (1, 2)), Sum(3, (2, 4))]
    assert suppress_secondary([30, 5, 25, 40, 15], sums, [1], published=[3, 4]) == {0, 1}


def test_a_primary_cell_that_follows_from_published_ones_is_refused():
    with pytest.raises(Unprotectable) as seen:
        suppress_secondary([30, 5, 25], [Sum(0, (1, 2))], [1], published=[0, 2])
    assert seen.value.cell == 1


def test_sums_that_say_the_same_twice_determine_nothing():
    """T = a + b, U = T + x and V = a + b + x: with U = V public nobody can tell x from the rest."""
    t, a, b, x, u, v = range(6)
    sums = [Sum(t, (a, b)), Sum(u, (t, x)), Sum(v, (a, b, x))]
    assert suppress_secondary([25, 5, 20, 30, 55, 55], sums, [t, a, b, x]) == {t, a, b, x}


def test_a_hidden_total_needs_a_hidden_part_and_the_smallest_with_answers_goes():
    assert suppress_secondary([70, 40, 0, 30], [Sum(0, (1, 2, 3))], [0]) == {0, 3}


def test_hidden_parts_together_are_at_least_so_many_people():
    row = Sum(0, (1, 2, 3))
    assert suppress_secondary([60, 4, 6, 50], [row], [1, 2], minimum=10) == {1, 2}
    assert suppress_secondary([60, 4, 5, 51], [row], [1, 2], minimum=10) == {1, 2, 3}


@pytest.mark.parametrize(
    ("unanimity", "hidden"),
    [
        ([0, 1, 1, 0], {1, 2, 3}),  # twelve people who all agree
        ([0, -1, -1, 0], {1, 2, 3}),
        ([0, 1, -1, 0], {1, 2}),
        ([0, 1, 0, 0], {1, 2}),
    ],
)
def test_hidden_parts_do_not_all_say_the_same_where_they_are_few(unanimity, hidden):
    row = Sum(0, (1, 2, 3))
    found = suppress_secondary([60, 6, 6, 48], [row], [1, 2], minimum=10, unanimity=unanimity, unanimous=13)
    assert found == hidden
    assert suppress_secondary([60, 6, 6, 48], [row], [1, 2], minimum=10, unanimity=unanimity, unanimous=12) == {1, 2}


def test_items_of_one_factor_are_as_many_people_as_the_largest():
    """The same people answer both items: six and eight of one opinion are eight people, not fourteen."""
    row = Sum(0, (1, 2, 3), disjoint=False)
    asked = {"minimum": 10, "unanimity": [0, 1, 1, 0]}
    assert suppress_secondary([60, 6, 8, 46], [row], [1, 2], unanimous=9, **asked) == {1, 2, 3}
    assert suppress_secondary([60, 6, 8, 46], [row], [1, 2], unanimous=8, **asked) == {1, 2}


def test_the_audit_asks_for_more_until_it_is_content():
    asked = []

    def audit(hidden):
        asked.append(set(hidden))
        return {3} if len(asked) == 1 else set()

    assert suppress_secondary([60, 5, 20, 35], [Sum(0, (1, 2, 3))], [1], audit=audit) == {1, 2, 3}
    assert asked == [{1, 2}, {1, 2, 3}]


@pytest.mark.parametrize(
    ("people", "df", "enough"), [(100, 8, True), (99, 8, False), (100, 7, False), (100, None, False), (5000, 0, False)]
)
def test_a_hundred_people_and_eight_degrees_of_freedom_are_enough_for_a_release(people, df, enough):
    assert Policy().suffices(people, df) is enough


@pytest.mark.parametrize(
    ("n", "shown"), [(0, 0), (1, 10), (9, 10), (10, 10), (12, 10), (13, 15), (17, 15), (18, 20), (402, 400)]
)
def test_people_are_shown_to_the_nearest_five_and_never_fewer_than_ten(n, shown):
    assert Policy().people(n) == shown


@pytest.mark.parametrize(
    ("n", "answers", "shown"),
    [(40, 40, (40, 40)), (42, 42, (40, 40)), (40, 124, (40, 100)), (40, 125, (40, 150)), (40, 41, (40, 50)),
     (60, 61, (60, 60)), (40, 0, (40, 0)), (40, None, (40, None))],
)  # fmt: skip
def test_answers_are_shown_to_the_nearest_fifty_and_never_fewer_than_people(n, answers, shown):
    row = Policy().rounded({"n": n, "answers": answers, "estimate": 0.5})
    assert (row["n"], row["answers"]) == shown


@pytest.mark.parametrize(
    ("n", "estimate", "hidden"),
    [
        (0, None, False),
        (1, 0.5, True),
        (1, 1.0, True),
        (9, 0.5, True),
        (10, 0.5, False),
        (19, 1.0, True),
        (19, 0.0, True),
        (20, 1.0, False),
    ],
)
def test_fewer_than_ten_and_fewer_than_twenty_of_one_opinion_are_hidden(n, estimate, hidden):
    assert Policy().hides({"n": n, "estimate": estimate}) is hidden


def test_people_may_be_rounded_to_twos():
    assert [Policy(rounding=2).people(n) for n in (0, 9, 12, 13, 14)] == [0, 10, 12, 14, 14]
    assert [Policy(rounding=1).people(n) for n in (0, 9, 13)] == [0, 9, 13]


ROW = {"domain": {"unit": "a"}, "of": "O", "n": 40, "estimate": 0.8}


def test_a_table_is_one_line_of_text_that_does_not_change():
    small = {"domain": {"unit": "b"}, "of": "O", "n": 4, "estimate": 0.5}
    assert suppress([ROW, small], Policy(), source="x", about={"nơi": "Sơn La"}).to_json() == (
        '{"format":"sipas-safe-table","version":1,"policy":{"minimum":10,"unanimous":20,"decimals":3,"ro'
        'unding":5,"spread":5,"own_words":true,"least_people":100,"least_df":8,"name":"sipas-primary","v'
        'ersion":"3"},"source":"x","about":{"nơi":"Sơn La"},"columns":["domain","of","n","estimate","wit'
        'hheld"],"rows":[[{"unit":"a"},"O",40,0.8,false],[{"unit":"b"},"O",null,null,true]]}'
    )


def test_estimates_may_come_as_a_table_of_their_own():
    class Table:
        def records(self):
            return [ROW]

    assert suppress(Table()) == suppress([ROW])


@pytest.mark.parametrize(
    ("place", "change"),
    [
        (0, {"n": 9}), (0, {"n": 41}), (0, {"estimate": 0.80001}), (0, {"estimate": 1.0, "n": 15}),
        (1, {"n": 4}), (1, {"estimate": 0.5}), (1, {"withheld": False, "n": 4, "estimate": 0.5}),
    ],
)  # fmt: skip
def test_a_row_that_shows_what_the_policy_withholds_is_refused(place, change):
    small = {"domain": {"unit": "b"}, "of": "O", "n": 4, "estimate": 0.5}
    text = json.loads(suppress([ROW, small], Policy()).to_json())
    row = dict(zip(text["columns"], text["rows"][place], strict=True)) | change
    text["rows"][place] = [row[name] for name in text["columns"]]
    with pytest.raises(NotASafeTable, match="the row for O in"):
        SafeTable.from_json(json.dumps(text))


def test_the_domains_of_a_family():
    rows = [
        {"domain": domain, "of": of, "n": 40, "estimate": 0.8}
        for of in ("O", "P")
        for domain in ({}, {"unit": "a"}, {"unit": "b"}, {"unit": "a", "field": "x"})
    ]
    table = suppress(rows)
    assert table.domains() == [{}]
    assert table.domains("unit") == [{"unit": "a"}, {"unit": "b"}]
    assert table.domains("unit", "field") == [{"field": "x", "unit": "a"}]
    assert table.domains("field") == []
    assert len(table) == 8
    assert table.measures == ("O", "P")
