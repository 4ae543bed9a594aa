"""How far a wave has come: answers per unit of the receiving point. Never per official, never per week.

Answers that do not say where they were given are one number for the whole wave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from sipas.fieldwork.models import Point, Wave, WavePoint
from sipas.fieldwork.small_cells.points import told_points


@dataclass(frozen=True)
class PointProgress:
    """A point, and how many answers of a wave name it; none ever does where `told` is false."""

    point: Point
    responses: int
    told: bool = True

    @property
    def silent(self) -> bool:
        """Whether answers should name it, and none does."""
        return self.told and not self.responses


def progress(session: Session, wave: Wave, counts: Mapping[int, int]) -> list[PointProgress]:
    """Every point of the wave with its count; `counts` comes from the first door (point id -> answers)."""
    places = session.scalars(select(Point).join(WavePoint).where(WavePoint.wave_id == wave.id).order_by(Point.id))
    told = told_points(session, wave)
    return [PointProgress(one, counts.get(one.id, 0), told is None or one.id in told) for one in places]
