"""Two people stop what the night would destroy of a wave: once, for 30 days at most, with a reason that stays.

The stop ends by itself. It stands in the database, in the log and in the manifest of every release that is built of the
wave afterwards. Until accounts exist the two are typed names, shown as they were typed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from sipas.errors import N_, NotReady, SamePerson, WaveState
from sipas.expiry.gate import Gate
from sipas.expiry.trusted_date import Nights
from sipas.fieldwork.waves import wave_of
from sipas.logs import keep
from sipas.publishing.endings import endings
from sipas.publishing.models import DestructionStop
from sipas.publishing.people import person, same_person

LONGEST = 30  # days
REASON = 500  # characters


def gate(session: Session, known: Nights, day: dt.date) -> Gate:
    """What may be destroyed by the date `day`, which `known` was learned with."""
    active = select(DestructionStop.wave_id).where(DestructionStop.made_on <= day, DestructionStop.until >= day)
    return Gate(day, known.is_doubted, frozenset(session.scalars(active)))


def stop(
    session: Session, home: Path, code: str, people: Sequence[str], reason: str, days: int, opened: Gate, retention: int
) -> DestructionStop:
    """From now on nothing of the wave is destroyed by the date, until `days` days from today are over.

    Raises SamePerson where it is not two people, NotReady without a reason, WaveState where the wave was stopped
    before, nothing would be destroyed in that time, or the date is in doubt, so that nobody knows when it would end.
    """
    wave, today = wave_of(session, code), opened.day
    first, second = (person(name) for name in people)
    if same_person(first, second):
        raise SamePerson(N_("“{first}” and “{second}” are one person; two must say it."), first=first, second=second)
    words = " ".join(reason.split())
    if not words or len(words) > REASON:
        raise NotReady(N_("Give the reason with --reason, in 1 to {most} characters."), most=REASON)
    if not 1 <= days <= LONGEST:
        raise NotReady(N_("A stop lasts 1 to {most} days."), most=LONGEST)
    if opened.doubted:
        raise WaveState(
            N_(
                "The clock is doubted, so nothing is destroyed now, and a stop would end on a wrong day. Set the "
                "clock, or say `sipas maintain --date-is-right`; see `sipas doctor`."
            )
        )
    before = session.get(DestructionStop, wave.id)
    if before is not None:
        raise WaveState(
            N_("The destruction of wave {wave} was stopped on {day} already, until {until}; that can be done once."),
            wave=wave.code,
            day=before.made_on,
            until=before.until,
        )
    until = today + dt.timedelta(days=days)
    if not any(one.wave == wave.code and one.day <= until for one in endings(session, home, retention, today, days)):
        raise WaveState(
            N_("Nothing of wave {wave} is destroyed until {until}; a stop would be spent for nothing."),
            wave=wave.code,
            until=until,
        )
    made = DestructionStop(
        wave_id=wave.id, made_on=today, until=until, first_person=first, second_person=second, reason=words
    )
    session.add(made)
    session.flush()
    facts = {"wave": wave.code, "until": str(until), "by": [first, second], "reason": words}
    keep(home, "destruction stopped", today, **facts)
    return made


def notes(session: Session, wave: int) -> list[dict[str, Any]]:
    """What the manifest of a wave's release says of its stop."""
    made = session.get(DestructionStop, wave)
    if made is None:
        return []
    return [
        {
            "kind": "destruction stopped",
            "from": str(made.made_on),
            "until": str(made.until),
            "by": [made.first_person, made.second_person],
            "reason": made.reason,
        }
    ]
