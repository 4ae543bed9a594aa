"""The book of codes: issuing them for a point, finding the point of one, and letting them run out.

Codes leave here once, as they are issued; what is kept is a keyed hash, the batch (wave, point and last month) and,
after the night, whether it is spent. Nothing says to whom a code was given: that stands on the receipt alone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import bindparam, case, delete, func, select
from sqlalchemy.orm import Session

from sipas.errors import N_, SipasError
from sipas.expiry.gate import Gate
from sipas.fieldwork import invitation_codes
from sipas.fieldwork.models import KeyLoss, Point, Wave
from sipas.fieldwork.waves import open_wave_at
from sipas.intake.invitations import Invitation, InvitationBatch, code_hash, last_day_kept
from sipas.intake.redemption_journal import RedemptionJournal
from sipas.keyring import wave_keys

KIND = (
    wave_keys.INVITATION
)  # of the wave's key under which codes are hashed; made with its first codes, gone with its last
MOST = 100_000  # codes issued at once
MONTHS = 3  # for which codes hold by default, after the month of issue


# prepared once, for they are asked at every look at a page
_WAVES = select(Wave.code, Wave.state).where(Wave.id.in_(select(InvitationBatch.wave)))
_FOUND = (
    select(Invitation.key, Point.code, InvitationBatch.expires)
    .join(InvitationBatch, InvitationBatch.id == Invitation.batch)
    .join(Point, Point.id == InvitationBatch.point)
    .where(Invitation.key.in_(bindparam("hashes", expanding=True)))
)


class UnknownInvitation(SipasError):
    """A code that was never issued, or whose time has long been over."""

    status = 404


class CodeExpired(SipasError):
    """A code of a month or a survey that is over."""

    status = 410


class BadIssue(SipasError):
    """Codes that cannot be issued as asked."""


@dataclass(frozen=True)
class Invited:
    """A code that holds: which wave and point it is for, and the key under which it is kept."""

    code: str
    wave: str
    point: str
    key: bytes


@dataclass(frozen=True)
class Issued:
    """Fresh codes, which nobody can read again, with what is printed beside them."""

    codes: tuple[str, ...]
    wave: str
    point: str
    expires: int


@dataclass(frozen=True)
class Batch:
    """How many codes end together, and how many of them were spent as of the last night."""

    wave: str
    point: str
    expires: int
    codes: int
    spent: int


def issue(session: Session, home: Path, point_code: str, count: int, today: dt.date, months: int = MONTHS) -> Issued:
    """Makes `count` codes for the open wave of a point. Raises BadIssue, UnknownPoint or NoOpenWave."""
    wave, place = open_wave_at(session, point_code, today, home)
    if place.invitation == "none":
        raise BadIssue(
            N_("Point {point} asks for no codes. First say `sipas point set {point} --invitation optional`."),
            point=place.code,
        )
    if not 1 <= count <= MOST:
        raise BadIssue(N_("Between 1 and {most} codes can be issued at once."), most=MOST)
    if not 0 <= months <= 24:
        raise BadIssue(N_("Codes can hold for 0 to 24 months after the month of issue."))
    if has_invitations(session, wave.code) and wave_keys.find(home, wave.code, KIND) is None:
        raise wave_keys.missing(home, wave.code, KIND)  # a new one in silence would make the codes handed out worthless
    wave_keys.make(home, wave.code, (KIND,))
    key, expires = wave_keys.load(home, wave.code, KIND), _months_later(today, months)
    batch = _batch(session, wave.id, place.id, expires)
    made: dict[bytes, str] = {}
    while len(made) < count:  # two equal codes in one wave: once in 950 million million
        some = {code_hash(key, code): code for code in invitation_codes.fresh(count - len(made))}
        made |= some
        for known in _known(session, list(some)):
            del made[known]
    session.add_all(Invitation(key=one, batch=batch, spent=False) for one in sorted(made))
    return Issued(tuple(sorted(made.values())), wave.code, place.code, expires)


def invited(session: Session, home: Path, typed: str, today: dt.date, opened_in: str = "") -> Invited:
    """What a code invites to, spent or not: whether somebody has answered is told to nobody who merely looks.

    `opened_in` is the wave that a page names which was opened before that wave ended.

    Raises codes.Misread, UnknownInvitation, CodeExpired, or KeyMissing where the code may be of a wave whose key is
    lost. Each wave costs one hash and all of them one look-up by hash, so that the time it takes says nothing about how
    near a guess was.
    """
    code = invitation_codes.read(typed)
    hashes: dict[bytes, tuple[str, str, bytes]] = {}
    lost = ""
    for wave, state in session.execute(_WAVES):
        key = wave_keys.find(home, wave, KIND)
        if key is None and state == "open":
            lost = wave
        if key is not None:
            hashes[code_hash(key, code)] = (wave, state, key)
    found = session.execute(_FOUND, {"hashes": list(hashes)}).first()
    if found is None:
        if lost:
            raise wave_keys.missing(home, lost, KIND)
        if _were_renewed(session):
            raise UnknownInvitation(
                N_(
                    "We do not know this code. Codes handed out earlier in this survey were lost on our side and no "
                    "longer work; we are sorry. The staff at the counter can give you a new one."
                )
            )
        raise UnknownInvitation(
            N_("We do not know this code. Please compare it with your slip; it may also be too old to be used.")
        )
    wave, state, key = hashes[bytes(found[0])]
    if found[2] < _months_later(today, 0) or (state != "open" and wave != opened_in):
        raise CodeExpired(N_("The time for answering with this code is over. Thank you for wanting to answer."))
    return Invited(code, wave, found[1], key)


def has_invitations(session: Session, wave_code: str) -> bool:
    """Whether codes of a wave are known here."""
    found = select(InvitationBatch.id).join(Wave, Wave.id == InvitationBatch.wave).where(Wave.code == wave_code)
    return session.scalar(found.limit(1)) is not None


def _were_renewed(session: Session) -> bool:
    """Whether the key of the codes of a wave that asks now was lost and replaced."""
    found = select(KeyLoss.id).join(Wave, Wave.id == KeyLoss.wave_id).where(Wave.state == "open", KeyLoss.kind == KIND)
    return session.scalar(found.limit(1)) is not None


def batches(session: Session) -> list[Batch]:
    """Every batch, by wave, point and month."""
    rows = session.execute(
        select(
            Wave.code,
            Point.code,
            InvitationBatch.expires,
            func.count(),
            func.sum(case((Invitation.spent, 1), else_=0)),
        )
        .join_from(InvitationBatch, Invitation, Invitation.batch == InvitationBatch.id)
        .join(Wave, Wave.id == InvitationBatch.wave)
        .join(Point, Point.id == InvitationBatch.point)
        .group_by(Wave.code, Point.code, InvitationBatch.expires)
        .order_by(Wave.code, Point.code, InvitationBatch.expires)
    )
    return [Batch(*row) for row in rows]


def expire(session: Session, home: Path, gate: Gate) -> int:
    """Deletes codes whose last month ended more than a month ago, with the key of a wave that has none left."""
    listed = session.scalars(select(InvitationBatch))
    over = [one for one in listed if gate.lets(one.wave, last_day_kept(one.expires))]
    gone = 0
    for batch in over:
        gone += session.execute(delete(Invitation).where(Invitation.batch == batch.id)).rowcount  # type: ignore[attr-defined]
        session.delete(batch)
    session.flush()
    left = select(InvitationBatch.wave)
    for wave in session.scalars(select(Wave).where(Wave.id.in_({one.wave for one in over}), Wave.id.not_in(left))):
        wave_keys.destroy(home, wave.code, (KIND,))
    return gone


def unspent(session: Session, home: Path, wave_code: str, some: Sequence[str]) -> list[str]:
    """Those of the codes that can still give an answer: neither spent by last night nor today."""
    key = wave_keys.find(home, wave_code, KIND)
    if key is None:
        return []
    hashes = {code_hash(key, invitation_codes.read(code)): code for code in some}
    free = session.scalars(select(Invitation.key).where(Invitation.key.in_(hashes), Invitation.spent.is_(False)))
    today = set(RedemptionJournal(home).spent())
    return sorted(hashes[bytes(one)] for one in free if bytes(one) not in today)


def withdraw(session: Session, home: Path, wave_code: str, code: str) -> None:
    """Takes a code back that a probe had issued, spent or not: no list counts it any more."""
    key = wave_keys.load(home, wave_code, KIND)
    row = session.get(Invitation, code_hash(key, invitation_codes.read(code)))
    if row is None:
        return
    batch = row.batch
    session.delete(row)
    session.flush()
    if session.scalar(select(Invitation.key).where(Invitation.batch == batch).limit(1)) is None:
        session.execute(delete(InvitationBatch).where(InvitationBatch.id == batch))


def _batch(session: Session, wave: int, point: int, expires: int) -> int:
    """One batch for all codes of a point that end together: which were issued together is nobody's business."""
    values = {"wave": wave, "point": point, "expires": expires}
    batch = session.scalar(select(InvitationBatch).filter_by(**values))
    if batch is None:
        batch = InvitationBatch(**values)
        session.add(batch)
        session.flush()
    return batch.id


def _known(session: Session, hashes: list[bytes]) -> list[bytes]:
    known: list[bytes] = []
    for start in range(0, len(hashes), 500):
        known += session.scalars(select(Invitation.key).where(Invitation.key.in_(hashes[start : start + 500])))
    return [bytes(one) for one in known]


def _months_later(day: dt.date, months: int) -> int:
    """The month so many months after that of `day`, as 202612.

    >>> _months_later(dt.date(2026, 11, 5), 3), _months_later(dt.date(2027, 1, 5), -1)
    (202702, 202612)
    """
    total = day.year * 12 + day.month - 1 + months
    return total // 12 * 100 + total % 12 + 1
