"""The look-ups and the form agree on every post: what is in order, what was said, and what the page says is wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from sipas.intake import Answers
from sipas.kiosk.fast_validation import Sent
from sipas.kiosk.forms import form_for
from surveys import catalogue, load

SERVICES = (("ho-tich", (("vi", "Hộ tịch"),)), ("dat-dai", (("vi", "Đất đai"),)))
WORDS = [
    "",
    "1",
    "3",
    "5",
    "9",
    "na",
    "f",
    "m",
    "over-60",
    "a",
    "0",
    "00",
    " 2 ",
    "12345",
    "ho-tich",
    "dat-dai",
    "x",
    "½",
    "٣",
]


def posts(instrument, form):
    asked = [load(instrument).item(code) for code in load(instrument).forms[form]]
    right = {
        item.code: [str(n) for n in range(1, item.levels + 1)]
        if item.kind == "rating"
        else [o.code for o in item.options]
        for item in asked
    }
    right |= {question.code: [option.code for option in question.options] for question in load(instrument).profile}
    right["service"] = [code for code, _ in SERVICES]
    pairs = st.sampled_from(sorted(right)).flatmap(
        lambda name: st.tuples(st.just(name), st.sampled_from((right[name] or ["4"]) * 6 + WORDS))
    )
    others = st.tuples(st.sampled_from(["id", "comment", "stray"]), st.text(max_size=600) | st.just("ab" * 16))
    said = st.lists(pairs | others, max_size=12)
    return st.builds(lambda more, here: [*here, *more], said, st.sampled_from([[], [("service", "ho-tich")]]))


@pytest.mark.parametrize(("instrument", "form"), [(code, form) for code in catalogue() for form in ("full", "short")])
@given(st.data())
def test_what_was_posted_is_judged_and_read_as_the_form_would(instrument, form, data):
    posted = MultiDict(data.draw(posts(instrument, form)))
    made = form_for(instrument, load(instrument).version, form, "vi")
    quick, slow = Sent(made, SERVICES, posted), made(posted)
    slow.offer(SERVICES)
    sound = slow.validate()
    assert quick.validate() == sound
    if not sound:
        assert quick.errors == slow.errors
        return
    assert quick.service.data == slow.service.data
    assert quick.profile() == slow.profile()
    assert quick.comment() == slow.comment()
    assert Answers.of(quick.instrument, form, quick.answers()) == Answers.of(slow.instrument, form, slow.answers())
    if "id" in posted and slow.submission == posted["id"]:
        assert quick.submission == slow.submission


def test_a_form_in_order_is_read_without_its_fields():
    made = form_for("service-2024", load("service-2024").version, "full", "vi")
    sent = Sent(made, SERVICES, MultiDict({"service": "ho-tich", "O": "4", "comment": " tốt\r\n "}))
    assert sent.validate()
    assert (sent.answers()["O"], sent.comment(), sent.service.data) == ("4", "tốt", "ho-tich")
    assert "whole" not in vars(sent)
