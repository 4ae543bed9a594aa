"""What was not to be asked is never stored as an answer, whatever was sent: any questionnaire, one visit or many."""

import datetime as dt

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sipas.intake import Answers
from sipas.intake.answers import as_written, byte_of, route_many, to_be_asked
from sipas.kiosk.forms import nothing_said
from surveys import NOT_ANSWERED, NOT_APPLICABLE, NOT_ASKED, Condition, Instrument, Item, Option, Scale, load

SCALE = Scale("s", ("a", "b", "c", "d"), (3, 4), not_applicable="n/a")
KINDS = ("rating", "choice", "several", "count")


@st.composite
def instruments(draw):
    """Up to nine items of any kind; each may wait for answers of items before it."""
    items: list[Item] = []
    for number in range(draw(st.integers(2, 9))):
        kind = draw(st.sampled_from(KINDS))
        options = tuple(Option(f"o{n}", "") for n in range(draw(st.integers(2, 4))))
        conditions = []
        for gate in items:
            if gate.kind != "count" and draw(st.integers(0, 3)) == 0:
                known = [one.code for one in gate.options] or [str(n) for n in range(1, gate.levels + 1)]
                some = st.lists(st.sampled_from(known), min_size=1, unique=True)
                conditions.append(Condition(gate.code, tuple(draw(some))))
        items.append(
            Item(
                f"q{number}",
                "",
                kind,
                scale=SCALE if kind == "rating" else None,
                options=options if kind in ("choice", "several") else (),
                most=5 if kind == "count" else 0,
                allows_not_applicable=kind == "rating" and draw(st.booleans()),
                asked_if=tuple(conditions),
            )
        )
    return Instrument("x", 1, "", "", "", "vi", dt.date(2026, 1, 1), None, tuple(items), (), ())


def answers(item: Item):
    """What a form posts for an item, nothing among it."""
    given = [one.code for one in item.options] or [str(n) for n in range(1, item.levels + 1)]
    if item.kind == "several":
        return st.none() | st.lists(st.sampled_from(given), unique=True)
    if item.kind == "count":
        given = [str(n) for n in range(item.most + 1)]
    return st.none() | st.sampled_from(given + (["na"] if item.allows_not_applicable else []))


@st.composite
def visits(draw):
    instrument = draw(instruments())
    return instrument, draw(st.fixed_dictionaries({item.code: answers(item) for item in instrument.items}))


def said_by(instrument, packed, condition):
    """Whether a stored row has one of the answers of a condition, told from the row as files write it."""
    place = [item.code for item in instrument.items].index(condition.item)
    written = as_written(instrument.items[place], packed[place]).split()
    return bool(set(written) & set(condition.answers))


@given(visits())
def test_a_stored_row_never_has_an_answer_where_a_condition_fails(visit):
    instrument, said = visit
    packed = Answers.of(instrument, "full", said).packed
    for item, byte in zip(instrument.items, packed, strict=True):
        is_asked = all(said_by(instrument, packed, one) for one in item.asked_if)
        assert byte == (byte_of(item, said[item.code]) if is_asked else NOT_ASKED), item.code
    left = to_be_asked(instrument, said)
    assert set(left) == {i.code for i, byte in zip(instrument.items, packed, strict=True) if byte != NOT_ASKED}


@given(visits())
def test_a_form_says_nothing_where_nothing_of_it_would_be_stored(visit):
    instrument, said = visit
    assert nothing_said(instrument, said) == (Answers.of(instrument, "full", said).given == 0)


@st.composite
def files(draw):
    instrument = draw(instruments())
    line = st.fixed_dictionaries({item.code: answers(item) for item in instrument.items})
    return instrument, draw(st.lists(line, min_size=1, max_size=6))


@given(files())
def test_many_rows_leave_what_each_leaves_by_itself_and_the_dropped_are_counted(many):
    instrument, lines = many
    sent = [bytes(byte_of(item, line[item.code]) for item in instrument.items) for line in lines]
    packed = np.array([list(one) for one in sent], np.uint8)
    dropped = route_many(instrument, packed)
    one_by_one = [Answers.of(instrument, "full", line).packed for line in lines]
    assert [bytes(row) for row in packed] == one_by_one
    lost = {
        item.code: sum(
            before[k] != NOT_ANSWERED and after[k] == NOT_ASKED for before, after in zip(sent, one_by_one, strict=True)
        )
        for k, item in enumerate(instrument.items)
    }
    assert dropped == {code: count for code, count in lost.items() if count}


def test_what_was_not_asked_is_apart_from_what_was_passed_over_and_what_does_not_apply():
    demo = load("demo")

    def stored(**said):
        packed = Answers.of(demo, "short", {"O": "3", **said}).packed
        return packed[[item.code for item in demo.items].index("heard")]

    assert stored(gave="yes") == NOT_ANSWERED
    assert stored(gave="yes", heard="5") == 5
    assert stored(gave="no", heard="5") == stored(gave="no") == stored(heard="5") == NOT_ASKED
    assert NOT_ASKED not in (NOT_ANSWERED, NOT_APPLICABLE)
    assert as_written(demo.item("heard"), NOT_ASKED) == "not-asked"
    assert as_written(demo.item("A1"), NOT_ASKED) == ""  # the other form's item has no column in a file
