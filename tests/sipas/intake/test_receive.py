"""The first door: once, anonymous, apart."""

import datetime as dt
import unicodedata

import pytest
from sqlalchemy import select

from sipas import clock
from sipas.intake import LANGUAGE_CODES, Answers, anonymise, anonymise_many
from sipas.intake.models import Comment, Response
from surveys import load
from tests.make import A_MORNING, a_response, a_wave


def rows(database, model=Response):
    with database.reading() as session:
        return list(session.scalars(select(model)))


def test_a_resent_answer_is_counted_once(database, settings):
    a_wave(database, settings)
    assert a_response(database, settings, submission="ab" * 16)
    assert not a_response(database, settings, submission="ab" * 16)
    assert a_response(database, settings, submission="cd" * 16)
    assert len(rows(database)) == 2


def test_an_answer_leaves_its_month_and_a_label_and_no_day(database, settings):
    a_wave(database, settings)
    for day in (14, 16, 24):
        a_response(database, settings, moment=dt.datetime(2026, 9, day, 3, tzinfo=dt.timezone.utc))
    found = rows(database)
    assert {row.month for row in found} == {202609}
    assert len({row.cluster for row in found}) == 2  # two of the three days share a week


def test_a_comment_shares_no_key_with_its_answer(database, settings):
    a_wave(database, settings)
    a_response(database, settings, submission="ab" * 16, comment="Cán bộ nhiệt tình 😊, gọi tôi 0912345678")
    (answer,), (comment,) = rows(database), rows(database, Comment)
    assert answer.key != comment.key
    assert comment.text == "Cán bộ nhiệt tình 😊, gọi tôi […]"
    shared = set(Comment.__table__.columns.keys()) & set(Response.__table__.columns.keys())
    assert shared == {"key", "wave", "unit", "field", "month"}


def test_an_empty_comment_is_no_row(database, settings):
    a_wave(database, settings)
    a_response(database, settings, comment="  \n ")
    assert rows(database, Comment) == []


def test_both_widths_of_the_door_leave_equal_rows():
    instrument = load("demo")
    packed = Answers.of(instrument, "full", {}).packed
    keys_ = {"cluster_key": b"c" * 32, "id_key": b"i" * 32}
    one = anonymise(
        Answers(packed),
        wave=1,
        point=2,
        unit=3,
        field=4,
        moment=A_MORNING,
        channel=1,
        language="vi",
        form=2,
        sex=1,
        age=2,
        submission="x",
        **keys_,
    )
    (row,) = anonymise_many(
        [packed],
        wave=1,
        point=[2],
        unit=[3],
        field=[4],
        day=[clock.local(A_MORNING).date()],
        channel=[1],
        language=[LANGUAGE_CODES["vi"]],
        form=[2],
        sex=[1],
        age=[2],
        submission=["x"],
        **keys_,
    )
    assert row == {column.key: getattr(one, column.key) for column in Response.__table__.columns}


@pytest.mark.parametrize("text", ["👩‍👩‍👧", "Hẹn đúng ngày", "He\u0323n \u0111u\u0301ng nga\u0300y", "Z̴̢a̵l̷g̶o̴", "نعم"])
def test_text_of_any_script_is_kept(database, settings, text):
    a_wave(database, settings)
    a_response(database, settings, comment=text)
    (comment,) = rows(database, Comment)
    assert len(comment.text) > 0
    assert comment.text == unicodedata.normalize("NFC", text)
