"""Who was responsible on a day on which a wave asked stays as it was: answers and dossier counts name that office."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from sipas.errors import N_, ManyErrors, SipasError
from sipas.fieldwork.models import Point, Wave, WavePoint
from sipas.fieldwork.waves import waves
from sipas.intake.models import Response
from sipas.registry.models import Service, Unit
from sipas.registry.units import changes, receipts

HEADING = N_(
    "Wave {wave} has asked from {first} to {last}. Its answers name the office that was responsible on their "
    "day, the dossier counts of those months too, so that the past stays as it is. Nothing was changed. Who is "
    "responsible from now on begins with a row of its own, its valid_from {earliest} or later; leave the earlier row "
    "as it was:"
)
MOVED = N_("{point}, {field}: {before} was responsible on {day}; now it would be {after}")
NOBODY = N_("nobody")
SHOWN = 10

Taken = Mapping[tuple[str, str], str]  # point, field -> responsible unit


class PastChange(ManyErrors):
    """A change of who was responsible while a wave asked."""


@dataclass(frozen=True)
class Timeline:
    """What each point takes in for whom, from each day on which that changes to the next."""

    starts: tuple[dt.date, ...]
    taken: tuple[Taken, ...]

    @classmethod
    def of(cls, session: Session, first: dt.date, last: dt.date) -> Timeline:
        """From `first` to `last`."""
        points = [(row.code, row.unit) for row in session.execute(select(Point.code, Point.unit))]
        starts = changes(session, first, last)
        return cls(
            tuple(starts),
            tuple(
                {(point, field): unit for _, point, unit, field in receipts(session, points, day) if point}
                for day in starts
            ),
        )

    def on(self, day: dt.date) -> Taken:
        """What holds on that day."""
        return self.taken[max(bisect_right(self.starts, day) - 1, 0)]


def past(session: Session, today: dt.date) -> Timeline | None:
    """From the first day of the first wave until today; None where nobody was asked yet."""
    first = min((one.opens_on for one in waves(session)), default=None)
    return None if first is None or first > today else Timeline.of(session, first, today)


def refuse_change(session: Session, before: Timeline | None, today: dt.date) -> None:
    """Raise PastChange where what was taken in on a day of a wave is now another unit's, or nobody's.

    What nobody was responsible for may be given to somebody, for no answer can have named anybody else; and a past
    that contradicts the stored answers, as earlier programs let it be overwritten, may be put right.
    """
    after = past(session, today)
    if before is None or after is None:
        return
    for wave in waves(session):
        last = min(wave.closes_on or today, today)
        moved = list(_moved(session, wave, last, before, after))
        if moved and not _puts_right(session, wave, before, after):
            told: list[SipasError] = moved[:SHOWN]
            if len(moved) > SHOWN:
                told.append(SipasError(N_("... and {more} more"), more=len(moved) - SHOWN))
            heading = SipasError(
                HEADING,
                wave=wave.code,
                first=wave.opens_on,
                last=last,
                earliest=next_month(today),
            )
            raise PastChange(heading, told)


def next_month(today: dt.date) -> dt.date:
    """The first day of a month that is still to come.

    >>> str(next_month(dt.date(2026, 9, 30))), str(next_month(dt.date(2026, 10, 1)))
    ('2026-10-01', '2026-11-01')
    """
    return (today.replace(day=1) + dt.timedelta(days=31)).replace(day=1)


def _moved(session: Session, wave: Wave, last: dt.date, before: Timeline, after: Timeline) -> Iterator[SipasError]:
    """What would be another unit's, each once with the first day."""
    places = session.scalars(select(Point).join(WavePoint).where(WavePoint.wave_id == wave.id))
    asked = {one.code: one.closed_on or last for one in places}
    told: set[tuple[str, str]] = set()
    days = {wave.opens_on, *before.starts, *after.starts}
    for day in sorted(one for one in days if wave.opens_on <= one <= last):
        now = after.on(day)
        for pair, unit in sorted(before.on(day).items()):
            if day <= asked.get(pair[0], dt.date.min) and pair not in told and now.get(pair) != unit:
                told.add(pair)
                instead = now.get(pair) or SipasError(NOBODY)
                yield SipasError(MOVED, point=pair[0], field=pair[1], before=unit, after=instead, day=day)


def _puts_right(session: Session, wave: Wave, before: Timeline, after: Timeline) -> bool:
    """Whether the stored answers contradict the rules as they were, and not as they are now."""
    units = {row.id: row.code for row in session.execute(select(Unit.code, Unit.id))}
    fields = {row.id: row.code for row in session.execute(select(Service.code, Service.id))}
    points = {row.id: row.code for row in session.execute(select(Point.code, Point.id))}
    rows = session.execute(
        select(Response.point, Response.unit, Response.field, Response.month)
        .where(Response.wave == wave.id, Response.field != 0, Response.point != 0, Response.month != 0)
        .distinct()
    ).all()
    said = {
        (points[row.point], fields[row.field], units[row.unit], f"{row.month // 100}-{row.month % 100:02}")
        for row in rows
    }
    return any(_contradicts(before, one) for one in said) and not any(_contradicts(after, one) for one in said)


def _contradicts(rules: Timeline, said: tuple[str, str, str, str]) -> bool:
    point, field, unit, month = said
    first = dt.date.fromisoformat(f"{month}-01")
    days = [first, *(day for day in rules.starts if f"{day:%Y-%m}" == month)]
    return all(rules.on(day).get((point, field)) != unit for day in days)
