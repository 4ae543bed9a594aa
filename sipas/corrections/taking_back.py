"""A mistaken import is taken back: the one way in which answers leave a wave that is not frozen yet.

Only the very same bytes take it back, only all of its lines, at least `LEAST`, and two people say it; it stands in the
log. So nobody's single answer can be taken out: not one that came by a screen or a telephone, whose key no file makes,
and of a file never some lines.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from sipas.errors import N_, NotReady, SamePerson, SipasError, WaveState
from sipas.fieldwork.ended import refuse_frozen
from sipas.fieldwork.models import Wave
from sipas.fieldwork.waves import hold, wave_of
from sipas.importing.stored_files import digest_of, kept_file, keys_of_file
from sipas.intake.maintenance import make_due
from sipas.intake.models import Response
from sipas.keyring import wave_keys
from sipas.logs import keep
from sipas.publishing.people import person, same_person
from sipas.storage.database import Database

LEAST = 10  # lines
AT_ONCE = 500  # keys in one statement
EVENT = "import taken back"
UNKNOWN = N_(
    "No import of these very bytes into wave {wave} is known. Only the file itself, as it was when it was brought in, "
    "takes it back: not one that was saved again, nor one that an earlier version imported."
)


class NotWhole(SipasError):
    """An import that cannot be taken back whole."""


def take_back(database: Database, home: Path, file: Path, code: str, people: Sequence[str], today: dt.date) -> int:
    """Take the answers of a file's import out of its wave, all or nothing; gives how many they were.

    Their ids are free again: the mended file may be brought in. Raises SamePerson where it is not two people, WaveState
    once the wave is frozen, NotReady for bytes of which no import is known, NotWhole where the lines are fewer than
    `LEAST`, came with another file in part, or are not all there any more.
    """
    first, second = (person(name) for name in people)
    if same_person(first, second):
        raise SamePerson(N_("“{first}” and “{second}” are one person; two must say it."), first=first, second=second)
    digest = digest_of(file)
    with database.reading() as session:
        wave = wave_of(session, code)
        _refuse_ended(home, wave)
        id_key = wave_keys.load(home, wave.code, "id")
        if kept_file(session, id_key, digest) is None:
            raise NotReady(UNKNOWN, wave=wave.code)
        keys = np.concatenate([*keys_of_file(file, wave, id_key, digest)])
    with database.writing() as session:
        wave = wave_of(session, code)
        hold(session.connection(), wave.id, alone=True)
        _refuse_ended(home, wave)
        kept = kept_file(session, id_key, digest)
        if kept is None:  # somebody else took it back meanwhile
            raise NotReady(UNKNOWN, wave=wave.code)
        _refuse_parts(session, wave, keys, kept.lines)
        for some in _parts(keys):
            session.execute(delete(Response).where(Response.wave == wave.id, Response.key.in_(some)))
        session.delete(kept)
        make_due(home)
    keep(home, EVENT, today, wave=code, answers=len(keys), by=[first, second])
    return len(keys)


def _refuse_ended(home: Path, wave: Wave) -> None:
    refuse_frozen(home, wave)
    if wave.state == "frozen" or wave.freezing_on is not None:
        raise WaveState(
            N_("Wave {wave} is {state}; an import is taken back before the freeze only."),
            wave=wave.code,
            state=wave.stage,
        )


def _refuse_parts(session: Session, wave: Wave, keys: NDArray[np.void], new: int) -> None:
    """Raise NotWhole unless the file's lines are enough, came all with it, and are all there."""
    if len(keys) < LEAST:
        raise NotWhole(
            N_(
                "The file has {lines} lines; only an import of at least {least} is taken back, for single answers stay."
            ),
            lines=len(keys),
            least=LEAST,
        )
    if new != len(keys):
        raise NotWhole(
            N_(
                "Of the {lines} lines of the file {new} came with it and the others with another file before; so it "
                "cannot be taken back whole, and nothing was changed."
            ),
            lines=len(keys),
            new=new,
        )
    there = select(func.count()).select_from(Response).where(Response.wave == wave.id)
    found = sum(session.scalar(there.where(Response.key.in_(some))) or 0 for some in _parts(keys))
    if found != len(keys):
        raise NotWhole(
            N_("Of the {lines} lines of the file {found} are stored; what is not whole is not taken back."),
            lines=len(keys),
            found=found,
        )


def _parts(keys: NDArray[np.void]) -> Iterator[list[bytes]]:
    """The keys in their own order, some at a time, so that nothing of the file's order is left in any log."""
    ordered = sorted(one.tobytes() for one in keys)
    for start in range(0, len(ordered), AT_ONCE):
        yield ordered[start : start + AT_ONCE]
