"""The province's own survey has the structure of the present form, as far as the published counts let it be checked."""

from __future__ import annotations

import pytest

import surveys
from surveys import Instrument


@pytest.fixture(scope="module")
def instrument() -> Instrument:
    return surveys.load("sipas-2023", 1)


def criteria(items: int, factors: int, aspects: int) -> int:
    """How many criteria of satisfaction the ministry would count: each item, factor and aspect, and the whole."""
    return items + factors + aspects + 1


def test_it_asks_thirty_nine_items_of_satisfaction_in_nine_factors_of_two_aspects(instrument):
    assert {one.code: len(one.items) for one in instrument.factors.values()} == {
        "A1": 2, "A2": 2, "A3": 9, "A4": 10, "B1": 3, "B2": 4, "B3": 3, "B4": 3, "B5": 3
    }  # fmt: skip
    assert [item.code for item in instrument.items if item.satisfied] == [
        item.code for factor in instrument.factors.values() for item in factor.items
    ]
    assert [[factor.code for factor in aspect.factors] for aspect in instrument.aspects] == [
        ["A1", "A2", "A3", "A4"], ["B1", "B2", "B3", "B4", "B5"]
    ]  # fmt: skip


def test_it_has_the_51_criteria_published_for_2024_and_the_older_form_the_45_of_2022(instrument):
    items = sum(len(factor.items) for factor in instrument.factors.values())
    assert criteria(items, len(instrument.factors), len(instrument.aspects)) == 51
    older = {"policy": 14, "access": 4, "procedures": 4, "officials": 5, "result": 3, "feedback": 3}
    assert criteria(sum(older.values()), 9, 2) == 45


def test_what_counts_as_satisfied_is_levels_four_and_five_of_five(instrument):
    for factor in instrument.factors.values():
        for item in factor.items:
            assert (item.kind, item.levels, item.satisfied) == ("rating", 5, (4, 5)), item.code


def test_the_other_questions_have_the_numbers_and_answers_of_the_form(instrument):
    outside = [item for item in instrument.items if instrument.factor_of(item.code) is None]
    found: dict[str, list[tuple[str, int]]] = {}
    for item in outside:
        answers = len(item.options) or item.levels
        found.setdefault(item.code.partition(".")[0], []).append((item.kind, answers))
    assert found == {
        "Q1": [("rating", 4)] * 9,
        "Q2": [("several", 7)],
        "Q3": [("rating", 4)] * 7,
        "Q4": [("choice", 4)],
        "Q5": [("choice", 3)],
        "Q6": [("choice", 3)],
        "Q7": [("rating", 4)] * 3,
        "Q8": [("several", 7)],
        "Q10": [("rating", 4)] * 10,
    }
    assert list(found) == ["Q1", "Q2", "Q3", "Q4", "Q5", "Q6", "Q7", "Q8", "Q10"]
    assert not any(item.satisfied for item in outside)


def test_harassment_and_extra_money_are_never_read_out_and_all_else_may_be(instrument):
    assert [item.code for item in instrument.items if item.self_completed] == ["Q5", "Q6"]


def test_feedback_items_are_asked_of_those_who_sent_a_complaint_or_proposal_and_of_nobody_else(instrument):
    places = {item.code: place for place, item in enumerate(instrument.items)}
    gated = {item.code for item in instrument.factors["B5"].items}
    assert {item.code for item in instrument.items if item.asked_if} == gated
    options = [option.code for option in instrument.item("Q8").options]
    proposal = 1 << options.index("proposal")
    for chosen, asked in ((None, False), (0b0001111, False), (proposal, True), (proposal | 0b0001000, True)):
        row = bytearray(b"\1" * len(places))
        row[places["Q8"]] = 0 if chosen is None else 1 + chosen
        routed = instrument.routed(bytes(row))
        not_asked = {code for code in places if routed[places[code]] == surveys.NOT_ASKED}
        assert not_asked == (set() if asked else gated)


def test_whoever_had_no_procedure_can_say_so_of_each_item_about_services(instrument):
    for code in ("B1", "B2", "B3", "B4"):
        assert all(item.not_applicable for item in instrument.factors[code].items), code


def test_every_subject_is_from_the_copy_every_word_is_ours_and_both_forms_are_the_same(instrument):
    assert {(item.provenance, item.wording) for item in instrument.items} == {("copy", "ours")}
    assert instrument.forms["short"] == instrument.forms["full"]
    assert instrument.populations == ("visitors", "households")


def test_of_the_person_only_sex_and_age_are_asked(instrument):
    assert [question.code for question in instrument.profile] == ["sex", "age"]
    assert [one.code for one in instrument.profile[1].options] == ["18-24", "25-34", "35-49", "50-60", "over-60"]
