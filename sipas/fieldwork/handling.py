"""Who handles what in a month, by the registry: whether a row of the frame names the office that answers will name."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from sipas.fieldwork.models import Point, PopulationCount
from sipas.registry.units import Receipt, changes, receipts
from sipas.tables.periods import months_in

Pair = tuple[str, str]  # unit, field
Cell: TypeAlias = PopulationCount | Row[tuple[str, str, str, int]]


@dataclass(frozen=True)
class Handling:
    """Of one month, or quarter: `by` are the offices that handle a field for anybody, `at` those that handle it for a
    receiver, and `throughout` the pairs of office and field that hold from its first day to its last."""

    by: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    at: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    throughout: frozenset[Pair] = frozenset()

    def fits(self, unit: str, service: str) -> bool:
        """Whether answers can name this office for this field; a registry without rules for the month says nothing."""
        return not self.by or unit in self.by.get(service, ())

    def holds(self, unit: str, service: str) -> bool:
        """Whether the office handles the field from the first day to the last; without rules, as `fits`."""
        return not self.by or (unit, service) in self.throughout

    def instead(self, unit: str, service: str) -> list[str]:
        """The offices that handle what is handed in at `unit`; else those that handle the field at all."""
        return sorted(self.at.get((unit, service)) or self.by.get(service, set()))


def handling_in(session: Session, months: Iterable[str]) -> dict[str, Handling]:
    """Each month, by the rules that hold on any of its days."""
    asked = {month: ends_of(month) for month in sorted(set(months))}
    if not asked:
        return {}
    first, last = min(first for first, _ in asked.values()), max(last for _, last in asked.values())
    points = [(row.code, row.unit) for row in session.execute(select(Point.code, Point.unit))]
    starts = changes(session, first, last)
    taken: dict[dt.date, set[Receipt]] = {}
    found = {}
    for month, (begins, ends) in asked.items():
        found[month] = _of(taken, session, points, _within(starts, begins, ends))
    return found


def _of(
    taken: dict[dt.date, set[Receipt]], session: Session, points: list[tuple[str, str]], days: list[dt.date]
) -> Handling:
    """What holds on these days; `taken` remembers what was looked up for other months."""
    by: dict[str, set[str]] = defaultdict(set)
    at: dict[tuple[str, str], set[str]] = defaultdict(set)
    each: list[set[Pair]] = []
    for day in days:
        if day not in taken:
            taken[day] = receipts(session, points, day)
        for receiver, _, unit, service in taken[day]:
            by[service].add(unit)
            at[receiver, service].add(unit)
        each.append({(unit, service) for _, _, unit, service in taken[day]})
    return Handling(by, at, frozenset(set.intersection(*each)))


def ends_of(period: str) -> tuple[dt.date, dt.date]:
    """The first and the last day of a month, or of a quarter.

    >>> [str(day) for period in ("2026-02", "2026-Q1") for day in ends_of(period)]
    ['2026-02-01', '2026-02-28', '2026-01-01', '2026-03-31']
    """
    months = [dt.date(int(month[:4]), int(month[5:]), 1) for month in months_in(period)]
    first, last = months[0], months[-1]
    return first, (last + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1)


def _within(starts: list[dt.date], first: dt.date, last: dt.date) -> list[dt.date]:
    """The starts of all that holds on some day from `first` to `last`; each holds until the next."""
    before = [start for start in starts if start <= first]
    return before[-1:] + [start for start in starts if first < start <= last]


def misplaced(session: Session, cells: Iterable[Cell]) -> list[tuple[Cell, list[str]]]:
    """The cells with dossiers at an office that does not handle the field, each with the offices that do."""
    counted = [cell for cell in cells if cell.dossiers]
    handling = handling_in(session, (cell.month for cell in counted))
    return [
        (cell, handling[cell.month].instead(cell.unit, cell.field))
        for cell in counted
        if not handling[cell.month].fits(cell.unit, cell.field)
    ]
