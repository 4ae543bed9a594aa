"""Who handles what in a month, by the registry: whether a row of the frame names the office that answers will name."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from sipas.fieldwork.models import FrameCell, Point
from sipas.registry.units import receipts


@dataclass(frozen=True)
class Handling:
    """Of one month: `by` are the offices that handle a field for anybody, `at` those that handle it for a receiver."""

    by: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    at: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))

    def fits(self, unit: str, service: str) -> bool:
        """Whether answers can name this office for this field; a registry without rules for the month says nothing."""
        return not self.by or unit in self.by.get(service, ())

    def instead(self, unit: str, service: str) -> list[str]:
        """The offices that handle what is handed in at `unit`; else those that handle the field at all."""
        return sorted(self.at.get((unit, service)) or self.by.get(service, ()))


def handling_in(session: Session, months: Iterable[str]) -> dict[str, Handling]:
    """Each month, by the rules that hold on its first or on its last day."""
    points = [(row.code, row.unit) for row in session.execute(select(Point.code, Point.unit))]
    found = {}
    for month in sorted(set(months)):
        found[month] = handling = Handling()
        first = dt.date(int(month[:4]), int(month[5:]), 1)
        last = (first + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1)
        for receiver, _, unit, service in receipts(session, points, first) | receipts(session, points, last):
            handling.by[service].add(unit)
            handling.at[receiver, service].add(unit)
    return found


def misplaced(session: Session, cells: Iterable[FrameCell]) -> list[tuple[FrameCell, list[str]]]:
    """The cells with dossiers at an office that does not handle the field, each with the offices that do."""
    counted = [cell for cell in cells if cell.dossiers]
    handling = handling_in(session, (cell.month for cell in counted))
    return [
        (cell, handling[cell.month].instead(cell.unit, cell.field))
        for cell in counted
        if not handling[cell.month].fits(cell.unit, cell.field)
    ]
