"""What a visit needs to know: what is asked at this point today, which services it takes, who is responsible."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from sipas.database import Database
from sipas.errors import N_, NoOpenWave, UnknownCode
from sipas.fieldwork.models import CHANNELS, FORMS, Point, Wave
from sipas.fieldwork.waves import open_wave_at
from sipas.registry.models import Service, Unit
from sipas.registry.units import services_of


@dataclass(frozen=True)
class Visit:
    """A point on a day: its wave, and each service field it takes with the responsible unit's number."""

    wave: Wave
    point: Point
    services: tuple[tuple[Service, int], ...]

    def codes(self, service: str, channel: str = "", form: str = "") -> dict[str, int]:
        """The small numbers that an answer carries; raises UnknownCode for a service that this point does not take."""
        for one, responsible in self.services:
            if one.code == service:
                return {
                    "wave": self.wave.id,
                    "point": self.point.id,
                    "unit": responsible,
                    "field": one.id,
                    "channel": CHANNELS[channel or self.point.channel],
                    "form": FORMS[form or self.point.form],
                }
        raise UnknownCode(
            N_("Point {point} takes no service field “{service}”."), point=self.point.code, service=service
        )

    def still_open(self, session: Session) -> None:
        """Raises NoOpenWave where the wave was closed since this visit was looked up."""
        if session.scalar(select(Wave.state).where(Wave.id == self.wave.id)) != "open":
            raise NoOpenWave(
                N_("This survey has just been closed, so this answer could not be taken. Thank you all the same.")
            )


class Visits:
    """What is asked where, remembered for a moment: looking it up costs more than storing an answer.

    A change (a wave opened, a point added) is seen after `seconds`, later only while the database is away; a wave that
    closes takes no answer from the moment on, for `Visit.still_open` is asked inside the answer's transaction.
    """

    def __init__(self, database: Database, seconds: float = 1.0) -> None:
        self._database, self._seconds = database, seconds
        self._known: dict[tuple[str, dt.date], tuple[float, Visit]] = {}

    def at(self, point_code: str, on: dt.date) -> Visit:
        """What is asked at a point on a day; raises UnknownPoint or NoOpenWave, which are never remembered."""
        now = time.monotonic()
        until, visit = self._known.get((point_code, on), (0.0, None))
        if visit is None or until < now:
            try:
                with self._database.reading() as session:
                    visit = visit_at(session, point_code, on)
            except OperationalError:  # a database that is away just now: what was last known serves the page
                if visit is None:
                    raise
            if len(self._known) > 1000:
                self._known.clear()
            self._known[point_code, on] = (now + self._seconds, visit)
        return visit


def visit_at(session: Session, point_code: str, on: dt.date) -> Visit:
    """What is asked at a point on a day; raises UnknownPoint or NoOpenWave."""
    wave, place = open_wave_at(session, point_code, on)
    pairs = services_of(session, place.code, place.unit, on)
    numbers = {
        unit.code: unit.id for unit in session.scalars(select(Unit).where(Unit.code.in_({who for _, who in pairs})))
    }
    if not pairs:
        raise NoOpenWave(
            N_("{point} has no service field to ask about yet; please tell the staff of the survey."), point=place.name
        )
    return Visit(wave, place, tuple((service, numbers[who]) for service, who in pairs))
