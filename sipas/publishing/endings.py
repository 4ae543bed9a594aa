"""What the nights to come will destroy, named before they do: the keys of a wave, its answers, its invitation codes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from sipas.fieldwork.models import Wave
from sipas.intake.invitations import InvitationBatch, last_day_kept
from sipas.intake.models import LateMark
from sipas.keyring import wave_keys
from sipas.publishing.models import DestructionStop, SnapshotRecord

AHEAD = 10  # days before the promised one


@dataclass(frozen=True)
class Ending:
    """Something of a wave that a night will destroy."""

    wave: str
    what: str  # keys, answers, codes
    day: dt.date  # on which the night comes that was promised
    stopped: dt.date | None = None  # the last day of a stop that holds it up

    @property
    def due(self) -> dt.date:
        """The day on which it goes, the stop included."""
        return max(self.day, self.stopped + dt.timedelta(days=1)) if self.stopped else self.day


def last_of_grace(wave: Wave) -> dt.date:
    """The last day on which a frozen wave keeps its keys; waves frozen before there were days of grace keep none."""
    return wave.grace_until or dt.date.min


def last_of_retention(wave: Wave, record: SnapshotRecord, days: int) -> dt.date:
    """The last day on which a frozen wave keeps its answers."""
    return max(record.frozen_on + dt.timedelta(days=days), last_of_grace(wave))


def endings(session: Session, home: Path, retention: int, today: dt.date, ahead: int = AHEAD) -> list[Ending]:
    """What goes within `ahead` days by its date, soonest first; what is overdue too."""
    stops = {
        one.wave_id: one.until for one in session.scalars(select(DestructionStop)) if one.made_on <= today <= one.until
    }
    found = [
        Ending(wave.code, what, last + dt.timedelta(days=1) if last > dt.date.min else today, stops.get(wave.id))
        for wave, what, last in _all(session, home, retention)
    ]
    return sorted(
        (one for one in found if one.day <= today + dt.timedelta(days=ahead)),
        key=lambda one: (one.day, one.wave, one.what),
    )


def _all(session: Session, home: Path, retention: int) -> Iterator[tuple[Wave, str, dt.date]]:
    """Every wave with what it still has, and the last day of that."""
    marked = set(session.scalars(select(LateMark.wave).distinct()))
    batches = session.execute(select(InvitationBatch.wave, InvitationBatch.expires).distinct()).all()
    for wave in session.scalars(select(Wave).order_by(Wave.id)):
        yield from ((wave, "codes", last_day_kept(expires)) for of, expires in batches if of == wave.id)
        record = session.get(SnapshotRecord, wave.id)
        if wave.state != "frozen" or record is None:
            continue
        if wave_keys.held(home, wave.code) or wave.id in marked:
            yield wave, "keys", last_of_grace(wave)
        if wave.dropped_on is None:
            yield wave, "answers", last_of_retention(wave, record, retention)
