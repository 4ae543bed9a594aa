"""Answers against the scale: level, not applicable, not answered and not asked are four things."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipas.errors import AnswerOutsideScale
from sipas.intake import Answers
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
    assert byte(answers, "B1.0") == NOT_ASKED  # the short form's item
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


@given(st.dictionaries(st.sampled_from([item.code for item in SERVICE.items]), st.text() | st.integers()))
def test_whatever_is_posted_is_packed_or_refused(data):
    try:
        packed = Answers.of(SERVICE, "full", data).packed
    except AnswerOutsideScale:
        return
    assert all(item.accepts(value) or value == NOT_ASKED for item, value in zip(SERVICE.items, packed, strict=True))
