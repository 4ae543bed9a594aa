"""What a visit needs to know: what is asked at this point today, which services it takes, who is responsible."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

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
