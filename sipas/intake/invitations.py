"""Invitation codes at the first door: each gives one answer, and nothing tells which.

A code is known by a keyed hash alone; whose it is, no table says. It is not spent in the answer's transaction, nor in
one beside it, for a database's log joins neighbours as well as partners: `redeeming` reserves it in a file without
order (`redemption_journal.py`), lets the answer be stored, and marks it spent there. The reasoning, and what an
attacker finds, stand in README.md, "Invitation codes".
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Boolean, Integer, LargeBinary, SmallInteger, bindparam, select, update
from sqlalchemy.orm import Mapped, mapped_column

from sipas.errors import N_, NotReady, SipasError
from sipas.intake.redemption_journal import OURS, PATIENCE, SPENT, PageFull, RedemptionJournal
from sipas.keyring import wave_keys
from sipas.storage.database import Base, Database


class InvitationBatch(Base):
    """All codes of a wave for one point that end in the same month."""

    __tablename__ = "invitation_batch"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    wave: Mapped[int] = mapped_column(SmallInteger)
    point: Mapped[int] = mapped_column(SmallInteger)
    expires: Mapped[int] = mapped_column(Integer, comment="the last month in which they hold: 202612")


class Invitation(Base):
    """One code. It has no time, and nothing in common with any answer."""

    __tablename__ = "invitation"
    __table_args__ = ({"sqlite_with_rowid": False},)

    key: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True, comment="keyed hash of the code")
    batch: Mapped[int] = mapped_column(SmallInteger)
    spent: Mapped[bool] = mapped_column(Boolean, default=False, comment="as of the last nightly rewrite")


_SPENT = select(Invitation.spent).where(Invitation.key == bindparam("mark"))


class CodeSpent(SipasError):
    """The code has given its one answer."""

    status = 409


class CodeInUse(SipasError):
    """Another page with the same code is being sent at this moment."""

    status = 409


def last_day_kept(expires: int) -> dt.date:
    """The last day on which a code is known whose last month is `expires`: a month later it is deleted.

    >>> last_day_kept(202612), last_day_kept(202610)
    (datetime.date(2027, 1, 31), datetime.date(2026, 11, 30))
    """
    months = expires // 100 * 12 + expires % 100 + 1  # of the month after the next, counted from 0
    return dt.date(months // 12, months % 12 + 1, 1) - dt.timedelta(days=1)


def code_hash(invitation_key: bytes, code: str) -> bytes:
    """What is kept of a code."""
    return wave_keys.label(invitation_key, "invitation", code)


@contextmanager
def redeeming(database: Database, home: Path, invitation_key: bytes, code: str, submission: str) -> Iterator[None]:
    """For the time in which an answer is stored: its code is reserved to this submission, and spent at the end.

    Raises CodeSpent or CodeInUse. Where the block refuses the answer the code is free again at once; where anything
    else ends it (the database, a crash), the same submission gets through at any time and any other after some minutes.
    """
    marks, mark = RedemptionJournal(home), code_hash(invitation_key, code)
    visit = wave_keys.label(invitation_key, "visit", code, submission)
    state = _with_room(database, home, lambda: marks.reserve(mark, visit))
    if state != OURS:
        raise _spent() if state == SPENT else _in_use()
    with database.reading() as session:  # after the reservation: what `settle` took out of the file stands here by now
        if session.execute(_SPENT, {"mark": mark}).scalar() is not False:
            marks.release(mark, visit)
            raise _spent()
    try:
        yield
    except SipasError as error:
        if error.status < 500:  # nothing was stored, for certain
            marks.release(mark, visit)
        raise
    _with_room(database, home, lambda: marks.spend(mark, visit))


def flush_redemptions(database: Database, home: Path) -> int:
    """Carries the codes spent since the last time into the database, all in one transaction; gives their number."""

    def keep(spent: Sequence[bytes]) -> None:
        with database.writing() as session:
            for start in range(0, len(spent), 500):
                some = spent[start : start + 500]
                session.execute(update(Invitation).where(Invitation.key.in_(some)).values(spent=True))

    return RedemptionJournal(home).settle(keep)


def _with_room(database: Database, home: Path, deed):  # type: ignore[no-untyped-def]
    try:
        return deed()
    except PageFull:  # thousands in one day: the night comes early
        flush_redemptions(database, home)
        return deed()
    except OSError as error:
        raise NotReady(N_("The file of spent codes cannot be written: {reason}."), reason=error.strerror) from error


def _spent() -> CodeSpent:
    return CodeSpent(
        N_("An answer has been given with this code. If it was yours: it is stored, thank you. Each code counts once.")
    )


def _in_use() -> CodeInUse:
    return CodeInUse(
        N_(
            "An answer with this code is on its way from another page. If nothing came of it, please send again in "
            "{minutes} minutes."
        ),
        minutes=PATIENCE,
    )
