"""Every label that a wave's key can have made; without PyArrow, for the desk's sign of a foreign key."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select
from sqlalchemy.orm import Session

from sipas import clock
from sipas.fieldwork.models import Wave, WavePoint
from sipas.intake import cluster_label

AROUND = dt.timedelta(31)


def cluster_labels(session: Session, wave: Wave, key: bytes | None, today: dt.date) -> dict[str, dt.date]:
    """Every label that the key can have made, and the first day that it stands for; some days before the wave and
    after it too, so that no answer on its edge seems to be of another key."""
    if key is None:
        return {}
    first, last = wave.opens_on - AROUND, max(today, wave.closes_on or today) + AROUND
    weeks: dict[str, dt.date] = {}
    for number in range((last - first).days + 1):
        day = first + dt.timedelta(number)
        weeks.setdefault(clock.cluster_week(day), day)
    points = session.scalars(select(WavePoint.point_id).where(WavePoint.wave_id == wave.id))
    return {
        cluster_label(key, point, week, coarse).hex(): day
        for point in (0, *points)
        for week, day in weeks.items()
        for coarse in (False, True)
    }
