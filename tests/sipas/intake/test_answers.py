"""Answers against the scale: level, not applicable, not answered and not asked are four things."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipas.errors import AnswerOutsideScale
from sipas.intake import Answers
from sipas.intake.answers import as_written
from surveys import NOT_ANSWERED, NOT_APPLICABLE, NOT_ASKED, load

SERVICE = load("service-2024")
NA_ITEM = next(item.code for item in SERVICE.items if item.allows_not_applicable and "full" in item.forms)


def byte(answers, code):
    return answers.packed[[item.code for item in SERVICE.items].index(code)]


def test_four_kinds_of_answers_are_told_apart():
    answers = Answers.of(SERVICE, "full", {"B1.1": "5", NA_ITEM: "na"})
    assert byte(answers, "B1.1") == 5
    assert byte(answers, NA_ITEM) == NOT_APPLICABLE
    assert byte(answers, "B1.2") == NOT_ANSWERED
    assert byte(Answers.of(SERVICE, "short", {"B1.2": "5"}), "B1.1") == NOT_ASKED  # the full form's item
    assert answers.given == 1


@pytest.mark.parametrize("value", ["0", "6", "-1", "4.5", "rất hài lòng", "５", "1e0", "999999999999"])
def test_a_level_outside_the_scale_is_refused_by_item_and_value(value):
    with pytest.raises(AnswerOutsideScale, match=r"B1\.1"):
        Answers.of(SERVICE, "full", {"B1.1": value})


def test_not_applicable_is_refused_where_the_item_does_not_offer_it():
    with pytest.raises(AnswerOutsideScale, match=r"B1\.1"):
        Answers.of(SERVICE, "full", {"B1.1": "na"})


def test_every_kind_of_question_of_the_demo_instrument_is_packed():
    demo = load("demo")
    kinds = {item.kind for item in demo.items}
    assert kinds == {"rating", "choice", "several", "count"}
    for item in demo.items:
        form = item.forms[0]
        if item.kind == "several":
            codes = [option.code for option in item.options]
            assert Answers.of(demo, form, {item.code: codes}).given == 1
            assert Answers.of(demo, form, {item.code: " ".join(codes)}).given == 1
            with pytest.raises(AnswerOutsideScale):
                Answers.of(demo, form, {item.code: ["?"]})
        if item.kind == "count":
            assert Answers.of(demo, form, {item.code: "0"}).given == 1
            with pytest.raises(AnswerOutsideScale):
                Answers.of(demo, form, {item.code: "-1"})


def test_whatever_is_stored_is_written_in_files_so_that_it_comes_back():
    for instrument in (SERVICE, load("demo")):
        for place, item in enumerate(instrument.items):
            form = item.forms[0]
            for value in (*range(min(item.levels, 250) + 1), NOT_APPLICABLE, NOT_ASKED):
                nothing_chosen = item.kind == "several" and value == 1  # which no answer is
                if nothing_chosen or not (item.accepts(value) or value == NOT_ASKED):
                    continue
                text = as_written(item, value)
                assert isinstance(text, str)
                gates = {one.item: one.answers[0] for one in item.asked_if} if value != NOT_ASKED else {}
                back = Answers.of(instrument, form, {**gates, item.code: text}).packed[place]
                unasked = NOT_ASKED if item.asked_if else NOT_ANSWERED  # of the other form's items files say nothing
                assert back == (unasked if value == NOT_ASKED else value), (item.code, value, text)


def test_each_kind_of_answer_has_its_byte():
    demo = load("demo")
    choice = next(item for item in demo.items if item.kind == "choice" and len(item.options) > 2)
    (several,) = (item for item in demo.items if item.kind == "several")
    (count,) = (item for item in demo.items if item.kind == "count")

    def said(item, value):
        return Answers.of(demo, item.forms[0], {item.code: value}).packed[demo.items.index(item)]

    codes = [option.code for option in choice.options]
    assert [said(choice, code) for code in codes] == list(range(1, len(codes) + 1))
    assert [said(choice, number) for number in (1, "2")] == [1, 2]  # by number, as files write it
    first, second, third = [option.code for option in several.options][:3]
    assert said(several, [first]) == 2
    assert (
        said(several, [third, first]) == said(several, f"{first} {third}") == said(several, (first, third, first)) == 6
    )
    assert said(several, [second, third]) == 7
    assert said(several, []) == said(several, "") == said(several, None) == NOT_ANSWERED
    assert [said(count, value) for value in (0, "0", "3", 3.0, " 2 ")] == [1, 1, 4, 4, 3]
    assert said(count, count.most) == said(count, count.most + 1) == said(count, "999999999") == 1 + count.most
    for item, wrong in ((choice, "?"), (choice, len(codes) + 1), (choice, 0), (several, ["?"]), (several, [first, "?"]),
                        (count, -1), (count, "x"), (count, "1.5"), (count, "1234567890")):  # fmt: skip
        with pytest.raises(AnswerOutsideScale, match=item.code):
            said(item, wrong)


def test_a_refusal_says_what_could_be_answered():
    demo = load("demo")
    for kind, known in (("count", "0–"), ("rating", "1–5")):
        item = next(item for item in demo.items if item.kind == kind)
        with pytest.raises(AnswerOutsideScale) as seen:
            Answers.of(demo, item.forms[0], {item.code: "?"})
        assert seen.value.values["known"].startswith(known)
        assert seen.value.values["known"].endswith(", na") is item.allows_not_applicable


@given(st.dictionaries(st.sampled_from([item.code for item in SERVICE.items]), st.text() | st.integers()))
def test_whatever_is_posted_is_packed_or_refused(data):
    try:
        packed = Answers.of(SERVICE, "full", data).packed
    except AnswerOutsideScale:
        return
    assert all(item.accepts(value) or value == NOT_ASKED for item, value in zip(SERVICE.items, packed, strict=True))
