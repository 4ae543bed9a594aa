"""How a wave's answers came, as the desk shows it: of each point from ten answers on, as of the last night."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from sipas.fieldwork.models import Device, Point, Wave
from sipas.intake.ways import TOGETHER, Way, ways_of
from sipas.registry.models import Unit

MANY = 0.2  # of a point's answers by its open address, although it has a screen


@dataclass(frozen=True)
class Came:
    """Answers at a point, or for an office whose answers do not say at which point they were given."""

    place: Point | Unit
    screen: int
    code: int
    open: int
    has_screen: bool = False

    @property
    def counted(self) -> int:
        """All that were counted here."""
        return self.screen + self.code + self.open

    @property
    def beside_the_screen(self) -> bool:
        """Whether many came by the open address of a point at which a screen stands."""
        return self.has_screen and self.open >= MANY * self.counted


def ways_by_place(session: Session, wave: Wave) -> tuple[Came, ...]:
    """Every place with ten answers or more, most by the open address first."""
    points = {place.id: place for place in session.scalars(select(Point))}
    units = {unit.id: unit for unit in session.scalars(select(Unit))}
    screens = set(session.scalars(select(Device.point).where(Device.revoked.is_(False))))
    found: dict[Point | Unit, Counter[Way]] = {}
    for (_, point, unit, way), number in ways_of(session.connection(), wave.id).items():
        found.setdefault(points[point] if point else units[unit], Counter())[Way(way)] += number
    came = [
        Came(
            place,
            screen=ways[Way.SCREEN],
            code=ways[Way.CODE],
            open=ways[Way.OPEN],
            has_screen=isinstance(place, Point) and place.id in screens,
        )
        for place, ways in found.items()
        if ways.total() >= TOGETHER
    ]
    return tuple(sorted(came, key=lambda one: (-one.open, -one.counted, one.place.code)))
