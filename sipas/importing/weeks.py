"""The labels of a wave's weeks, for a file that names them in place of days: what `sipas responses export` writes.

A row keeps no day, only its month and the opaque label of its point's week. Whoever holds the key of the wave's weeks
can lay each label to a day of that week again, in memory, and so send the line through the first door as any other;
the file itself says nothing of weeks.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from sipas import clock
from sipas.errors import N_, SipasError
from sipas.fieldwork.models import Wave, WavePoint
from sipas.intake import cluster_label

NOWHERE = -1  # stands last, where a label that could not be read points to


class Weeks:
    """Every week of every point of a wave until a day, by its label."""

    def __init__(self, session: Session, wave: Wave, until: dt.date, key: bytes) -> None:
        last = min(wave.closes_on or until, until)
        first_days: dict[str, dt.date] = {}
        for number in range((last - wave.opens_on).days + 1):
            day = wave.opens_on + dt.timedelta(number)
            first_days.setdefault(clock.cluster_week(day), day)
        points = session.scalars(select(WavePoint.point_id).where(WavePoint.wave_id == wave.id)).all()
        found = [
            (cluster_label(key, point, week, coarse).hex(), point, (day - dt.date(1970, 1, 1)).days)
            for point in (0, *points)  # 0: answers that do not say at which point they were given
            for week, day in first_days.items()
            for coarse in (False, True)
        ]
        self._places: Mapping[str, int] = {label: place for place, (label, _, _) in enumerate(found)}
        self.points = np.array([*(point for _, point, _ in found), NOWHERE], np.int64)
        self.days = np.array([*(day for _, _, day in found), NOWHERE], np.int64)

    def read(self, text: str) -> int:
        """Where a label stands in `points` and `days`; raises SipasError for one that is no week's of this wave."""
        place = self._places.get(text)
        if place is None:
            raise SipasError(
                N_(
                    "“{value}” is the label of no week of this wave. Labels mean something only beside the key under "
                    "which they were made: bring the wave's files of the folder `keys` along, or give the column date."
                ),
                value=text,
            )
        return place


def months_of_days(days: NDArray[np.int64]) -> list[str]:
    """The month of each day since 1970.

    >>> months_of_days(np.array([0, 20000]))
    ['1970-01', '2024-10']
    """
    return np.datetime_as_string(days.astype("datetime64[D]").astype("datetime64[M]")).tolist()
