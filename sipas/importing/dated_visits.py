"""What the points of a file took in on the day of each line: who is responsible may change within a wave."""

from __future__ import annotations

import datetime as dt

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from analysis import SEVERAL
from sipas.errors import N_, NoOpenWave
from sipas.fieldwork.asking import AskingPoint, asking_anywhere, asking_at, asking_in
from sipas.fieldwork.models import Wave
from sipas.registry.units import changes

BAD = -1


class DatedVisits:
    """Each visit has a number that stands for a point and for the days between two changes of the registry."""

    def __init__(self, session: Session, wave: Wave, today: dt.date) -> None:
        self._session, self._wave, self._today = session, wave, today
        self._places: list[AskingPoint] = []  # as of today
        self._starts = changes(session, wave.opens_on, max(wave.opens_on, today))
        self._days = np.array([(day - dt.date(1970, 1, 1)).days for day in self._starts])
        self._known: dict[int, AskingPoint] = {}

    def read(self, code: str) -> int:
        """The place of a point in our list; raises UnknownPoint, and NoOpenWave where the wave does not ask there."""
        if code == SEVERAL:
            asking = asking_anywhere(self._session, self._wave, self._today)
        else:
            asking = asking_at(self._session, code, self._today)
        if asking.wave.code != self._wave.code:
            raise NoOpenWave(
                N_("Point {point} asks in wave {wave}; import its answers there."), point=code, wave=asking.wave.code
            )
        self._places.append(asking)
        return len(self._places) - 1

    @property
    def points(self) -> list[str]:
        """The codes of the points by their places in our list."""
        return [one.point.code for one in self._places]

    def numbers(self, place: NDArray[np.int64], day: NDArray[np.int64]) -> NDArray[np.int64]:
        """The number of each line's visit, BAD where its point is; days are counted from 1970."""
        since = np.clip(np.searchsorted(self._days, day, side="right") - 1, 0, None)
        return np.where(place == BAD, BAD, place * len(self._starts) + since)

    def of(self, number: int) -> AskingPoint:
        """What the point took in on those days; raises NoOpenWave where it took in nothing."""
        if number not in self._known:
            place, since = divmod(number, len(self._starts))
            now = self._places[place]
            if since == len(self._starts) - 1:
                self._known[number] = now
            elif now.point.code == SEVERAL:
                self._known[number] = asking_anywhere(self._session, self._wave, self._starts[since])
            else:
                self._known[number] = asking_in(self._session, now.point.code, self._wave.code, self._starts[since])
        return self._known[number]
