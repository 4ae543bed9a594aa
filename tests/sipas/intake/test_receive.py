"""The first door: once, anonymous, apart."""

import datetime as dt
import unicodedata
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from sipas import clock
from sipas.fieldwork.asking import asking_at
from sipas.intake import (
    LANGUAGE_CODES,
    STORED,
    Answers,
    Outcome,
    Visit,
    VisitCodes,
    Visits,
    anonymise,
    anonymise_many,
    keys_of_submissions,
    receive,
)
from sipas.intake.models import Response, StoredComment
from sipas.intake.receive import identity_of
from surveys import load
from tests.make import A_MORNING, a_response, a_visit, a_wave, all_comments


def rows(database, model=Response):
    with database.reading() as session:
        return list(session.scalars(select(model)))


def test_a_resent_answer_is_counted_once(database, settings):
    a_wave(database, settings)
    assert a_response(database, settings, submission="ab" * 16) is Outcome.STORED
    assert a_response(database, settings, submission="ab" * 16) is Outcome.RESENT
    assert a_response(database, settings, submission="cd" * 16) is Outcome.STORED
    assert len(rows(database)) == 2


def test_an_answer_leaves_its_month_and_a_label_and_no_day(database, settings):
    a_wave(database, settings)
    for day in (14, 16, 24):
        a_response(database, settings, moment=dt.datetime(2026, 9, day, 3, tzinfo=dt.timezone.utc))
    found = rows(database)
    assert {row.month for row in found} == {202609}
    assert len({row.cluster for row in found}) == 2  # two of the three days share a week


def test_the_month_is_the_one_that_the_province_lives_in(database, settings):
    """Half past one in the night of 1 October in Sơn La is 30 September in Greenwich."""
    a_wave(database, settings)
    a_response(database, settings, moment=dt.datetime(2026, 9, 30, 18, 30, tzinfo=dt.timezone.utc), comment="Chờ lâu")
    a_response(database, settings, moment=dt.datetime(2026, 9, 30, 16, 30, tzinfo=dt.timezone.utc), comment="Nhanh")
    assert {row.month for row in rows(database)} == {202610, 202609}
    told = {comment.text: comment.month for comment in all_comments(database, settings)}
    assert told == {"Chờ lâu": 202610, "Nhanh": 202609}


def test_a_comment_shares_no_key_with_its_answer(database, settings):
    a_wave(database, settings)
    a_response(database, settings, submission="ab" * 16, comment="Cán bộ nhiệt tình 😊, gọi tôi 0912345678")
    (answer,), (comment,) = rows(database), all_comments(database, settings)
    assert (len(answer.key), len(comment.key)) == (15, 16)
    assert answer.key != comment.key[:15]
    assert comment.text == "Cán bộ nhiệt tình 😊, gọi tôi […]"
    shared = set(StoredComment.__table__.columns.keys()) & set(Response.__table__.columns.keys())
    assert shared == {"key", "wave", "unit", "field", "month"}


def test_an_empty_comment_is_no_row(database, settings):
    a_wave(database, settings)
    a_response(database, settings, comment="  \n ")
    assert all_comments(database, settings) == []


A_VISIT = st.fixed_dictionaries(
    {
        "point": st.integers(1, 32767),
        "unit": st.integers(1, 32767),
        "field": st.integers(1, 400),
        "moment": st.integers(0, 380 * 24).map(lambda hours: A_MORNING + dt.timedelta(hours=hours)),
        "channel": st.integers(1, 6),
        "language": st.sampled_from(sorted(LANGUAGE_CODES)),
        "form": st.sampled_from((1, 2)),
        "sex": st.integers(0, 2),
        "age": st.integers(0, 4),
        "coarse": st.sampled_from((0, 1)),
        "several": st.sampled_from((0, 1)),
        "submission": st.text(min_size=1),
        "said": st.fixed_dictionaries({}, optional={"A1": st.integers(1, 5), "trips": st.integers(0, 9)}),
    }
)


@given(st.lists(A_VISIT, min_size=1, max_size=30))
def test_both_widths_of_the_door_leave_equal_rows(visits):
    instrument = load("demo")
    secret = {"cluster_key": b"c" * 32}
    visits = [dict(visit) for visit in visits]
    packed = [Answers.of(instrument, "full", visit.pop("said")) for visit in visits]
    keys = keys_of_submissions(b"i" * 32, [visit.pop("submission") for visit in visits])
    narrow = [
        anonymise(a_visit(given, wave=7, **visit), key=key.item(), **secret)
        for given, visit, key in zip(packed, visits, keys, strict=True)
    ]
    columns = {name: [visit[name] for visit in visits] for name in visits[0]}
    days = np.array([clock.local(moment).date() for moment in columns.pop("moment")], "datetime64[D]")
    language = np.array([LANGUAGE_CODES[word] for word in columns.pop("language")])
    told = {name: np.array(column) for name, column in columns.items()}
    sex, age = told.pop("sex"), told.pop("age")
    given = np.array([list(one.packed) for one in packed], np.uint8)
    wide = anonymise_many(Visits(VisitCodes(wave=7, **told), given, days, language, sex, age), key=keys, **secret)
    assert wide.dtype.names == tuple(STORED) == tuple(column.key for column in Response.__table__.columns)
    assert wide.tolist() == [tuple(getattr(row, name) for name in STORED) for row in narrow]


@pytest.mark.parametrize("column", ["point", "unit", "wave"])
def test_a_number_too_large_for_its_column_is_refused_not_wrapped(column):
    one, none = np.array([1]), np.array([0])
    codes = VisitCodes(wave=1, point=one, unit=one, field=one, channel=one, form=one, coarse=none, several=none)
    codes = replace(codes, **{column: 40_000 if column == "wave" else np.array([40_000])})
    visits = Visits(codes, np.ones((1, 1), np.uint8), np.array(["2026-03-02"], "datetime64[D]"), one, one, one)
    with pytest.raises(OverflowError):
        anonymise_many(visits, key=keys_of_submissions(b"i", [""]), cluster_key=b"c")


@pytest.mark.parametrize("text", ["👩‍👩‍👧", "Hẹn đúng ngày", "He\u0323n \u0111u\u0301ng nga\u0300y", "Z̴̢a̵l̷g̶o̴", "نعم"])
def test_text_of_any_script_is_kept(database, settings, text):
    a_wave(database, settings)
    a_response(database, settings, comment=text)
    (comment,) = all_comments(database, settings)
    assert len(comment.text) > 0
    assert comment.text == unicodedata.normalize("NFC", text)


def test_what_is_settled_beside_an_answer_does_not_make_it_another(database, settings):
    a_wave(database, settings)
    with database.reading() as session:
        asking = asking_at(session, "to-hieu-1", A_MORNING.date())
    answers = Answers.of(load("service-2024"), "full", {"O": 4})

    def comes(service="ho-tich", **settled):
        visit = Visit("w1", replace(asking.codes(service), **settled), answers, A_MORNING, "vi")
        return receive(database, settings.home, visit, submission="ab" * 16)

    assert comes() is Outcome.STORED
    for settled in ({"unit": 1}, {"coarse": 1}, {"several": 1}):
        assert comes(**settled) is Outcome.RESENT, settled
    assert comes(service="chung-thuc") is Outcome.STORED  # what she chose herself does


def test_what_makes_an_answer_the_same_never_changes_while_a_wave_is_open():
    """A server that is renewed in the middle of a wave recognises what was sent to the one before."""
    visit = a_visit(Answers(b"\x05\x04"), sex=1, age=4, wave=3, point=7, unit=11, field=13, channel=2, form=1)
    heard = "0504|[('channel', 2), ('field', 13), ('form', 1), ('point', 7), ('wave', 3)]|1|4"
    assert identity_of(visit) == heard
    assert identity_of(replace(visit, moment=A_MORNING + dt.timedelta(days=9), language="en")) == heard
    assert identity_of(replace(visit, codes=replace(visit.codes, unit=12, coarse=1, several=1))) == heard
    assert identity_of(replace(visit, answers=Answers(b"\x05\x03"))) != heard
