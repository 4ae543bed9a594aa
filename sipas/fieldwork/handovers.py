"""Who becomes responsible on the way: what a wave's points take in for another office from a day on."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from itertools import pairwise

from sqlalchemy import select
from sqlalchemy.orm import Session

from sipas.errors import N_, SipasError
from sipas.fieldwork.models import Point, Wave, WavePoint
from sipas.fieldwork.small_cells.fields import kept
from sipas.registry.models import Service, Unit
from sipas.registry.units import changes, receipts

HANDOVER = N_("{point}, {field}: from {day} on {after} is responsible, until then {before}")
COARSER = N_(
    "{point}, {field}: from {day} on {after} is responsible, until then {before}; wave {wave} stores the answers for "
    "{after} without field, month and profile, for no dossiers of that office were counted when it opened"
)
NOBODY = N_("nobody")
SHOWN = 4


def handovers(session: Session, wave: Wave, after: dt.date | None = None) -> list[SipasError]:
    """Each that the registry knows within the wave, or those later than a day."""
    here = WavePoint.point_id == Point.id
    rows = session.execute(select(Point.code, Point.unit).join(WavePoint, here).where(WavePoint.wave_id == wave.id))
    places = [(row.code, row.unit) for row in rows]
    days = changes(session, wave.opens_on, wave.closes_on)
    taken = [
        {(point, field): unit for _, point, unit, field in receipts(session, places, day) if point} for day in days
    ]
    fine = kept(session, wave)
    units = {row.code: row.id for row in session.execute(select(Unit.code, Unit.id))}
    fields = {row.code: row.id for row in session.execute(select(Service.code, Service.id))}
    moved: dict[tuple[dt.date, str, str | None], dict[str, str | None]] = defaultdict(dict)
    for (_, before), (day, now) in pairwise(zip(days, taken, strict=True)):
        for point, field in sorted(before.keys() | now.keys()):
            was, unit = before.get((point, field)), now.get((point, field))
            if was != unit and (after is None or day > after):
                moved[day, field, unit][point] = was
    found = []
    for (day, field, unit), at in moved.items():
        is_coarse = unit is not None and fine is not None and (units[unit], fields[field]) not in fine
        found.append(
            SipasError(
                COARSER if is_coarse and wave.detail == "frame" else HANDOVER,
                point=_some(list(at)),
                field=field,
                day=day,
                wave=wave.code,
                before=_some(sorted({was for was in at.values() if was})) or SipasError(NOBODY),
                after=unit or SipasError(NOBODY),
            )
        )
    return found


def _some(codes: list[str]) -> str:
    """Some of them, and how many they are.

    >>> _some(list("abc")), _some(list("abcdef"))
    ('a, b, c', 'a, b, c, d … (6)')
    """
    return ", ".join(codes) if len(codes) <= SHOWN else f"{', '.join(codes[:SHOWN])} … ({len(codes)})"
