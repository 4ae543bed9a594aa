"""After a freeze nothing is added: what comes late is counted and nothing else, and in the end refused unopened."""

from __future__ import annotations

import datetime as dt
import errno

import pytest
from sqlalchemy import select

from sipas import clock
from sipas.errors import NoOpenWave, NotStored
from sipas.expiry.gate import Gate
from sipas.fieldwork.asking import asking_in
from sipas.fieldwork.waves import close_wave
from sipas.intake import Outcome, keys_of_submissions, late_by_point, stored
from sipas.intake.comment_spool import CommentSpool
from sipas.intake.models import LateCount, LateMark
from sipas.intake.submission_keys import late_mark
from sipas.keyring import wave_keys
from sipas.publishing.freeze import freeze
from sipas.publishing.retention import end_grace
from tests.make import A_MORNING, a_response, a_wave, all_comments
from tests.people import Visitor, text_of

ONE, TWO, THREE = "aa" * 16, "bb" * 16, "cc" * 16
FROZEN = dt.date(2026, 10, 1)
LAST_OF_GRACE = dt.date(2026, 10, 31)


@pytest.fixture
def on(monkeypatch):
    """Sets the province's day."""

    def day(when: dt.date) -> dt.date:
        noon = dt.datetime.combine(when, dt.time(5), dt.timezone.utc)
        monkeypatch.setattr(clock, "now", lambda: noon)
        return when

    day(dt.date(2026, 9, 16))
    return day


@pytest.fixture
def frozen(database, settings, on):
    """A wave with one answer, frozen on the first of October with thirty days of grace."""
    a_wave(database, settings)
    assert a_response(database, settings, submission=ONE) is Outcome.STORED
    with database.writing() as session:
        close_wave(session, "w1", on(dt.date(2026, 9, 30)))
    freeze(database, settings.home, "w1", on(FROZEN), grace=30)


def kept(database, settings):
    comments = len(all_comments(database, settings))
    with database.reading() as session:
        return stored(session, 1), late_by_point(session, 1), comments


def test_a_late_answer_is_counted_at_its_point_and_nothing_of_it_is_kept(database, settings, frozen):
    assert a_response(database, settings, wave="w1", submission=TWO, comment="Chờ lâu") is Outcome.LATE
    assert a_response(database, settings, wave="w1", submission=THREE) is Outcome.LATE
    assert a_response(database, settings, wave="w1", submission="dd" * 16, unfinished=True) is Outcome.LATE
    assert kept(database, settings) == (1, {1: 2}, 0)  # an unfinished form is no late answer
    assert set(LateCount.__table__.columns.keys()) == {"wave", "point", "number"}  # no time, no content
    assert set(LateMark.__table__.columns.keys()) == {"key", "wave"}


def test_a_late_answer_that_is_sent_again_counts_once_and_its_mark_goes_with_the_days_of_grace(
    database, settings, frozen, on
):
    for _ in range(2):
        assert a_response(database, settings, wave="w1", submission=TWO) is Outcome.LATE
    assert a_response(database, settings, wave="w1", submission=THREE, answers={"O": "1"}) is Outcome.LATE
    assert kept(database, settings) == (1, {1: 2}, 0)
    key = wave_keys.load(settings.home, "w1", "id")
    with database.reading() as session:
        found = {row.key for row in session.scalars(select(LateMark))}
    assert found == {late_mark(key, TWO), late_mark(key, THREE)}  # the id alone: nothing that was said
    assert not found & {one.tobytes() for one in keys_of_submissions(key, [TWO, THREE])}
    wave_keys.destroy(settings.home, "w1", ["id"])  # as in a night that a power cut ended
    assert end_grace(database, settings.home, Gate(on(LAST_OF_GRACE + dt.timedelta(days=1)))) == ["w1"]
    with database.reading() as session:
        assert session.scalars(select(LateMark)).all() == []
    assert kept(database, settings) == (1, {1: 2}, 0)


def test_an_answer_that_was_stored_in_time_is_a_resend_even_after_the_freeze(database, settings, frozen):
    for _ in range(2):
        assert a_response(database, settings, wave="w1", submission=ONE) is Outcome.RESENT
    assert kept(database, settings) == (1, {}, 0)


@pytest.mark.parametrize("until", ["closed", "frozen"])
def test_a_comment_that_had_no_room_beside_its_stored_answer_comes_with_the_resend_even_after_the_freeze(
    database, settings, on, monkeypatch, until
):
    """Answer stored, comment refused, the page kept, the wave frozen, the page sent again: both are there, once."""
    a_wave(database, settings)
    a_response(database, settings, submission=TWO)
    said = {"wave": "w1", "submission": ONE, "comment": "Chờ lâu 😊"}

    def full(_self, _comment):
        raise OSError(errno.ENOSPC, "no space")

    with monkeypatch.context() as context:
        context.setattr(CommentSpool, "put", full)
        with pytest.raises(NotStored):
            a_response(database, settings, **said)
    assert kept(database, settings) == (2, {}, 0)
    with database.writing() as session:
        close_wave(session, "w1", on(dt.date(2026, 9, 30)))
    on(FROZEN)
    if until == "frozen":
        freeze(database, settings.home, "w1", FROZEN)
    october = dt.datetime(2026, 10, 2, 3, tzinfo=dt.timezone.utc)
    for _ in range(2):
        assert a_response(database, settings, moment=october, **said) is Outcome.RESENT
    (comment,) = all_comments(database, settings)
    assert (comment.text, comment.month) == ("Chờ lâu 😊", 202609)  # the month of its answer
    assert kept(database, settings) == (2, {}, 1)
    late = {**said, "submission": THREE}
    if until == "frozen":
        assert a_response(database, settings, moment=october, **late) is Outcome.LATE
    else:
        with pytest.raises(NoOpenWave):
            a_response(database, settings, moment=october, **late)
    assert len(all_comments(database, settings)) == 1


def test_after_grace_the_keys_die_and_an_answer_is_refused_unopened(database, settings, frozen, on):
    assert end_grace(database, settings.home, Gate(on(LAST_OF_GRACE))) == []
    assert a_response(database, settings, wave="w1", submission=TWO) is Outcome.LATE
    on(LAST_OF_GRACE + dt.timedelta(days=1))
    with pytest.raises(NoOpenWave, match="not opened"):  # by the date, also before the night's upkeep
        a_response(database, settings, wave="w1", submission=TWO)
    assert end_grace(database, settings.home, Gate(clock.today())) == ["w1"]
    assert wave_keys.held(settings.home, "w1") == ()
    assert end_grace(database, settings.home, Gate(clock.today())) == []
    for submission in (ONE, TWO):  # not even a resend is recognised: the key that could is gone
        with pytest.raises(NoOpenWave, match="not opened"):
            a_response(database, settings, wave="w1", submission=submission)
    assert kept(database, settings) == (1, {1: 1}, 0)


def test_a_closed_wave_takes_what_a_kiosk_heard_in_its_days_until_it_is_frozen(database, settings, on):
    a_wave(database, settings)
    with database.writing() as session:
        close_wave(session, "w1", on(dt.date(2026, 9, 30)))
    on(FROZEN)
    with database.reading() as session:
        asking = asking_in(session, "to-hieu-1", "w1", A_MORNING.date())
        assert asking.still_open(session.connection(), said_on=dt.date(2026, 9, 30))
        with pytest.raises(NoOpenWave, match="just been closed"):
            asking.still_open(session.connection(), said_on=FROZEN)
        with pytest.raises(NoOpenWave, match="just been closed"):
            asking.still_open(session.connection())


def test_what_arrives_on_the_last_day_is_taken_where_its_turn_to_be_written_comes_after_midnight(
    database, settings, on
):
    last = on(dt.date(2026, 9, 30))
    a_wave(database, settings, closes_on=last)
    with database.reading() as session:
        asking = asking_in(session, "to-hieu-1", "w1", last)
    on(FROZEN)
    with database.reading() as session:
        assert asking.still_open(session.connection(), today=last)
        with pytest.raises(NoOpenWave, match="just been closed"):
            asking.still_open(session.connection())
    with database.writing() as session:
        close_wave(session, "w1", last)
    with database.reading() as session, pytest.raises(NoOpenWave, match="just been closed"):
        asking.still_open(session.connection(), today=last)


@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_page_that_was_open_when_its_wave_was_frozen_is_told_so_politely(app, database, settings, on, language):
    a_wave(database, settings)
    before, after = (Visitor(app.test_client(), "to-hieu-1", language) for _ in range(2))
    for visitor in (before, after):
        visitor.opens_the_questionnaire()
        visitor.answers_everything(4)
    before.sends()
    with database.writing() as session:
        close_wave(session, "w1", on(dt.date(2026, 9, 30)))
    freeze(database, settings.home, "w1", on(FROZEN))
    a_wave(database, settings, "w2", opens_on=FROZEN)  # the same point asks anew; nothing slips into the new wave
    app.extensions["sipas.kiosk"]._known.clear()
    assert before.reads_thanks(before.sends()) == {"vi": "Cảm ơn Ông/Bà!", "en": "Thank you!"}[language]
    reply = after.sends()
    assert reply.status_code == 303
    page = text_of(after.client.get(reply.headers["Location"]).text)
    assert ("could not be counted" in page) if language == "en" else ("không tính được" in page)
    with database.reading() as session:
        assert (stored(session, 1), stored(session, 2), late_by_point(session, 1)) == (1, 0, {1: 1})
