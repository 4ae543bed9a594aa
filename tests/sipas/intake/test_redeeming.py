"""A code is spent by the answer that was stored with it, by no other, and known as spent after the night."""

from __future__ import annotations

import pytest
from sqlalchemy import insert, select

from sipas.errors import NoOpenWave, NotStored
from sipas.intake.invitations import CodeInUse, CodeSpent, Invitation, code_hash, flush_redemptions, redeeming
from sipas.intake.redemption_journal import RedemptionJournal
from sipas.keyring import wave_keys

KEY, CODE, OTHER = b"k" * 32, "2345CFHJ678L", "2345CFHJ678M"


@pytest.fixture
def issued(database):
    """Two codes that were given out."""
    with database.writing() as session:
        for code in (CODE, OTHER):
            session.execute(insert(Invitation).values(key=code_hash(KEY, code), batch=1, spent=False))


def spent(database):
    with database.reading() as session:
        return {row.key: row.spent for row in session.scalars(select(Invitation))}


def redeem(database, settings, code=CODE, submission="one", error=None):
    with redeeming(database, settings.home, KEY, code, submission):
        if error:
            raise error


def test_a_code_counts_once_and_its_own_resend_goes_through_until_the_night(database, settings, issued):
    redeem(database, settings)
    redeem(database, settings)
    with pytest.raises(CodeSpent, match="Each code counts once"):
        redeem(database, settings, submission="two")
    redeem(database, settings, OTHER, "two")
    assert not any(spent(database).values())
    assert flush_redemptions(database, settings.home) == 2
    assert all(spent(database).values())
    for submission in ("one", "two"):
        with pytest.raises(CodeSpent):
            redeem(database, settings, submission=submission)
    assert flush_redemptions(database, settings.home) == 0


def test_a_code_that_nobody_gave_out_is_as_good_as_spent(database, settings, issued):
    with pytest.raises(CodeSpent):
        redeem(database, settings, "2345CFHJ678K")
    assert RedemptionJournal(settings.home).spent() == []


def test_while_one_page_is_sent_another_with_the_same_code_waits(database, settings, issued):
    with redeeming(database, settings.home, KEY, CODE, "one"):
        with pytest.raises(CodeInUse, match="send again in 10 minutes"):
            redeem(database, settings, submission="two")
        redeem(database, settings, OTHER, "two")


def test_a_refused_answer_frees_its_code_and_one_that_may_have_been_stored_does_not(database, settings, issued):
    with pytest.raises(NoOpenWave):
        redeem(database, settings, error=NoOpenWave("closed"))
    with pytest.raises(NotStored):
        redeem(database, settings, submission="two", error=NotStored("disk"))
    assert (NoOpenWave("x").status < 500, NotStored("x").status >= 500) == (True, True)
    with pytest.raises(CodeInUse):
        redeem(database, settings, submission="three")
    redeem(database, settings, submission="two")


def test_hundreds_of_codes_are_carried_over_at_once(database, settings):
    many = [f"{number:012}" for number in range(1203)]
    with database.writing() as session:
        session.execute(
            insert(Invitation), [{"key": code_hash(KEY, code), "batch": 1, "spent": False} for code in many]
        )
    for code in many[:1202]:
        RedemptionJournal(settings.home).spend(code_hash(KEY, code), wave_keys.label(KEY, "visit", code, "x"))
    assert flush_redemptions(database, settings.home) == 1202
    found = spent(database)
    assert {code for code in many if not found[code_hash(KEY, code)]} == {many[1202]}
