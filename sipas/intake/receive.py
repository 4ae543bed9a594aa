"""The whole deed of taking one visit's answers: the answer in its transaction, its comment apart until the night."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Mapping
from enum import Enum
from pathlib import Path

from sipas import clock
from sipas.errors import NotReady, SipasError
from sipas.intake.anonymise import anonymise, comment_of
from sipas.intake.answers import Answers
from sipas.intake.comment_spool import spool_comment
from sipas.intake.models import PROBE, UNFINISHED, Unopened
from sipas.intake.record import count_late, month_of_stored, record
from sipas.intake.redaction import redact
from sipas.intake.submission_keys import late_mark, submission_key
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


def said(codes: Mapping[str, int], answers: Answers, sex: int = 0, age: int = 0) -> str:
    """All that makes an answer the same answer when it is sent again, but for its comment.

    Only what the visitor chose and where: which office is responsible, and so how finely the answer is stored, may have
    changed while it waited, and must not make another answer of it.
    """
    chosen = [(name, codes[name]) for name in SAME]
    return "|".join(map(str, (answers.packed.hex(), chosen, sex, age)))


def receive(
    database: Database,
    home: Path,
    *,
    wave: str,
    codes: Mapping[str, int],
    answers: Answers,
    moment: dt.datetime,
    language: str,
    submission: str,
    sex: int = 0,
    age: int = 0,
    comment: str = "",
    unfinished: bool = False,
    way: Way = Way.OPEN,
    still_open: Callable[[Short], bool] = lambda _connection: True,
) -> Outcome:
    """Takes a visit; only after the return may a page say thank you.

    `codes` are the small numbers of wave, point, unit, field, channel and form, `coarse` and `several`, as
    `Visit.codes` gives them; `wave` is its code, for its keys. `unfinished` marks a form that was left in the middle.
    By which `way` it came is counted once it is stored, in memory and apart from it (`ways.py`).
    `still_open` is asked inside the answer's transaction: True where the wave takes answers, False where it is frozen
    and this one is late; it raises where the wave takes nothing any more. What was stored before is a resend even then,
    and its comment is still taken: that may have been what had no room the first time.
    """
    try:
        id_key = wave_keys.load(home, wave, "id")
    except NotReady:
        with database.reading() as session:
            still_open(session.connection())  # says it where the days of grace are over
        raise
    if unfinished:
        codes = {**codes, "form": codes["form"] + UNFINISHED}
    # only the same answers under the same id are a resend: whoever read the id from the screen cannot take its place
    heard, late = said(codes, answers, sex, age), late_mark(id_key, submission)
    submission = wave_keys.label(id_key, "resend", submission, heard).hex() if submission else ""
    cluster_key = wave_keys.find(home, wave, "cluster")
    row = None
    if cluster_key:
        row = anonymise(
            answers,
            **codes,
            moment=moment,
            language=language,
            sex=sex,
            age=age,
            submission=submission,
            cluster_key=cluster_key,
            id_key=id_key,
        )
    key = row.key if row else submission_key(id_key, submission)

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
        if codes["channel"] != PROBE and not unfinished:
            count_late(connection, codes["wave"], codes["point"], late)
        return Outcome.LATE, None

    outcome, month = database.write_plainly(keep, "answer")
    if row and outcome is Outcome.STORED and row.channel != PROBE and not unfinished:
        held(home).add((row.wave, row.point, row.unit), way)
    text = redact(comment)
    if text and outcome is not Outcome.LATE:
        place = {name: codes[name] for name in ("wave", "unit", "field", "coarse")}
        if month:  # the comment's month is its answer's, not that of a wave to come
            moment = dt.datetime(month // 100, month % 100, 1, 12, tzinfo=clock.ZONE)
        apart = comment_of(text, **place, moment=moment, submission=submission, id_key=id_key)
        spool_comment(database, home, apart)
    return outcome


def receive_comment(
    database: Database,
    home: Path,
    text: str,
    *,
    wave: str,
    codes: Mapping[str, int],
    moment: dt.datetime,
    submission: str,
    still_open: Callable[[Short], bool] = lambda _connection: True,
) -> Outcome:
    """Takes a comment that came by itself, apart from its answer and later. An empty one, which a device makes so that
    nobody sees who wrote, leaves nothing. A late one is dropped; its answer is what is counted."""
    text = redact(text)
    if not text:
        return Outcome.STORED
    place = {name: codes[name] for name in ("wave", "unit", "field", "coarse")}
    row = comment_of(text, **place, moment=moment, submission=submission, id_key=wave_keys.load(home, wave, "id"))
    with database.reading() as session:
        if not still_open(session.connection()):
            return Outcome.LATE
    return Outcome.STORED if spool_comment(database, home, row) else Outcome.RESENT


def keep_sealed(database: Database, sealed: bytes, *, wave: str, point: int, reason: str) -> bool:
    """Puts a message that could not be opened or read aside, as it came. False where it lies there already."""
    row = Unopened(key=hashlib.sha256(sealed).digest(), wave=wave[:40], point=point, reason=reason, sealed=sealed)
    return database.write_plainly(lambda connection: record(connection, row), "sealed")
