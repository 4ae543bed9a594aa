"""The whole deed of taking one visit's answers: the answer in its transaction, its comment apart until the night."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable
from enum import Enum
from pathlib import Path

from sipas import clock
from sipas.errors import NotReady, SipasError
from sipas.intake.anonymise import anonymise, comment_of
from sipas.intake.comment_spool import spool_comment
from sipas.intake.models import Unopened
from sipas.intake.record import count_late, month_of_stored, record
from sipas.intake.redaction import redact
from sipas.intake.submission_keys import late_mark, submission_key
from sipas.intake.visit import Visit
from sipas.intake.ways import Way, held
from sipas.keyring import wave_keys
from sipas.storage.database import Database
from sipas.storage.pinned_connection import Short

SAME = ("channel", "field", "form", "point", "wave")


class Outcome(Enum):
    """What became of an answer."""

    STORED = "stored"
    RESENT = "resent"  # it had been stored before; nothing changed
    LATE = "late"  # its wave is frozen; it was counted once at its point, and nothing that was said is kept


def identity_of(visit: Visit) -> str:
    """All that makes an answer the same answer when it is sent again, but for its comment.

    Only what the visitor chose and where: which office is responsible, and so how finely the answer is stored, may have
    changed while it waited, and must not make another answer of it.
    """
    chosen = [(name, getattr(visit.codes, name)) for name in SAME]
    return "|".join(map(str, (visit.answers.packed.hex(), chosen, visit.sex, visit.age)))


def receive(
    database: Database,
    home: Path,
    visit: Visit,
    *,
    submission: str,
    comment: str = "",
    way: Way = Way.OPEN,
    still_open: Callable[[Short], bool] = lambda _connection: True,
) -> Outcome:
    """Takes a visit; only after the return may a page say thank you.

    `submission` is the random id that the browser holds. By which `way` it came is counted once it is stored, in memory
    and apart from it (`ways.py`). `still_open` is asked inside the answer's transaction: True where the wave takes
    answers, False where it is frozen and this one is late; it raises where the wave takes nothing any more. What was
    stored before is a resend even then, and its comment is still taken: that may have been what had no room the first
    time.
    """
    wave, codes = visit.wave, visit.codes
    try:
        id_key = wave_keys.load(home, wave, "id")
    except NotReady:
        with database.reading() as session:
            still_open(session.connection())  # says it where the days of grace are over
        raise
    # only the same answers under the same id are a resend: whoever read the id from the screen cannot take its place
    known = wave_keys.label(id_key, "resend", submission, identity_of(visit)).hex() if submission else ""
    key, cluster_key = submission_key(id_key, known), wave_keys.find(home, wave, "cluster")
    row = anonymise(visit, key=key, cluster_key=cluster_key) if cluster_key else None

    def keep(connection: Short) -> tuple[Outcome, int | None]:
        """What became of it, and the month of an answer that was stored before the wave ended."""
        try:
            takes = still_open(connection)
        except SipasError:
            month = month_of_stored(connection, key)
            if month is not None:
                return Outcome.RESENT, month
            raise
        if takes:
            if row is None:
                raise wave_keys.missing(home, wave, "cluster")  # the wave is open, and its key was lost
            return (Outcome.STORED if record(connection, row) else Outcome.RESENT), None
        month = month_of_stored(connection, key)
        if month is not None:
            return Outcome.RESENT, month
        if visit.is_counted:
            count_late(connection, codes.wave, codes.point, late_mark(id_key, submission))
        return Outcome.LATE, None

    outcome, month = database.write_plainly(keep, "answer")
    if row and outcome is Outcome.STORED and visit.is_counted:
        held(home).add((row.wave, row.point, row.unit), way)
    text = redact(comment)
    if text and outcome is not Outcome.LATE:
        moment = visit.moment
        if month:  # the comment's month is its answer's, not that of a wave to come
            moment = dt.datetime(month // 100, month % 100, 1, 12, tzinfo=clock.ZONE)
        spool_comment(database, home, comment_of(text, codes, moment=moment, submission=known, id_key=id_key))
    return outcome


def receive_comment(
    database: Database,
    home: Path,
    visit: Visit,
    text: str,
    *,
    submission: str,
    still_open: Callable[[Short], bool] = lambda _connection: True,
) -> Outcome:
    """Takes a comment that came by itself, apart from its visit's answers and later. An empty one, which a device makes
    so that nobody sees who wrote, leaves nothing. A late one is dropped; its answer is what is counted."""
    text = redact(text)
    if not text:
        return Outcome.STORED
    id_key = wave_keys.load(home, visit.wave, "id")
    row = comment_of(text, visit.codes, moment=visit.moment, submission=submission, id_key=id_key)
    with database.reading() as session:
        if not still_open(session.connection()):
            return Outcome.LATE
    return Outcome.STORED if spool_comment(database, home, row) else Outcome.RESENT


def keep_sealed(database: Database, sealed: bytes, *, wave: str, point: int, reason: str) -> bool:
    """Puts a message that could not be opened or read aside, as it came. False where it lies there already."""
    row = Unopened(key=hashlib.sha256(sealed).digest(), wave=wave[:40], point=point, reason=reason, sealed=sealed)
    return database.write_plainly(lambda connection: record(connection, row), "sealed")
