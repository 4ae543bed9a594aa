"""The whole deed of taking one visit's answers: the answer in one transaction, its comment in another."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from pathlib import Path

from sqlalchemy.orm import Session

from sipas import keys
from sipas.database import Database
from sipas.intake.anonymise import anonymise, comment_of
from sipas.intake.answers import Answers
from sipas.intake.record import record
from sipas.intake.screen import screen


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
    still_open: Callable[[Session], None] = lambda _session: None,
) -> bool:
    """Stores a visit; only after the return may a page say thank you. False where it was stored before (a resend).

    `codes` are the small numbers of wave, point, unit, field, channel and form; `wave` is its code, for its keys.
    `still_open` is asked inside the answer's transaction and raises where the wave was closed meanwhile: nothing is
    added to a wave that somebody is freezing.
    """
    id_key = keys.load(home, wave, "id")
    # only the same answers under the same id are a resend: whoever read the id from the screen cannot take its place
    said = "|".join(map(str, (answers.packed.hex(), sorted(codes.items()), sex, age)))
    submission = keys.label(id_key, "resend", submission, said).hex() if submission else ""
    row = anonymise(
        answers,
        **codes,
        moment=moment,
        language=language,
        sex=sex,
        age=age,
        submission=submission,
        cluster_key=keys.load(home, wave, "cluster"),
        id_key=id_key,
    )

    def keep(session: Session) -> bool:
        still_open(session)
        return record(session, row)

    is_new = database.write(keep, "answer")
    text = screen(comment)
    if text:
        apart = comment_of(
            text, wave=row.wave, unit=row.unit, field=row.field, moment=moment, submission=submission, id_key=id_key
        )
        database.write(lambda session: record(session, apart), "comment")
    return is_new
