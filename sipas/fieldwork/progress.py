"""How far a wave has come: answers per unit of the receiving point. Never per official, never per week."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from sipas.fieldwork.models import Point, Wave, WavePoint


@dataclass(frozen=True)
class PointProgress:
    """A point, and how many answers of a wave came from it."""

    point: Point
    responses: int


def progress(session: Session, wave: Wave, counts: Mapping[int, int]) -> list[PointProgress]:
    """Every point of the wave with its count; `counts` comes from the first door (point id -> answers)."""
    places = session.scalars(select(Point).join(WavePoint).where(WavePoint.wave_id == wave.id).order_by(Point.id))
    return [PointProgress(place, counts.get(place.id, 0)) for place in places]
