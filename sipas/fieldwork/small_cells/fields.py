"""How finely a wave's answers may be stored: where few people come, month, field and profile would name them.

The rule, settled when a wave opens and kept until it ends: a unit's service field keeps its detail where each of the
unit's newest twelve months counts at least `FEWEST` dossiers in it. A quarter that nobody counted
by months counts a third of its dossiers in each, rounded down. The months are the unit's own, from the first that
is loaded for it to the last; one that is missing in between counts as none, and `report.py` tells it. Of a field that
the unit took over, only those months count in which it handled it from the first day to the last; a field that it
handles on no day of the wave counts nothing. The other fields of the unit are stored together; where they, all
together, have fewer dossiers than that in some month, the unit's next smallest field joins them, so that nobody is
alone in what was meant to hide her.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from sipas.errors import N_, NotReady
from sipas.fieldwork.handling import handling_in
from sipas.fieldwork.models import Detail, Point, PopulationCount, Wave
from sipas.registry.models import Service, Unit
from sipas.registry.units import changes, receipts, services_of
from sipas.tables.periods import months_in

FEWEST = 5  # dossiers of a unit and field in a month
NEWEST = 12  # months
Pair = tuple[str, str]  # unit, field
Counts = Mapping[Pair, Mapping[str, int | None]]  # by month; None where the unit did not handle the field all month


class NoFrame(NotReady):
    """Without dossier counts nobody can say where few people come."""


def settle_fields(session: Session, wave: Wave, places: Collection[Point], coarsest: bool) -> None:
    """Writes down which cells of the wave keep their detail; raises NoFrame where no counts are loaded."""
    if coarsest:
        wave.detail = "coarsest"
        return
    if session.scalar(select(PopulationCount.unit).limit(1)) is None:
        raise NoFrame(
            N_(
                "No dossier counts are loaded, so nobody can say where few people come. Load those of an earlier "
                "period with `sipas frame load`, or open the wave with --coarsest: then no answer keeps field, month "
                "or profile."
            )
        )
    wave.detail = "frame"
    offered = {
        (who, service.code)
        for day in changes(session, wave.opens_on, wave.closes_on)
        for place in places
        for service, who in services_of(session, place.code, place.unit, day)
    }
    counts = newest_months(session, wave)
    units = {unit.code: unit.id for unit in session.scalars(select(Unit))}
    fields = {service.code: service.id for service in session.scalars(select(Service))}
    found = sorted(detailed(counts, offered))
    if found:
        rows = [{"wave_id": wave.id, "unit_id": units[unit], "field_id": fields[field]} for unit, field in found]
        session.execute(insert(Detail), rows)


def kept(session: Session, wave: Wave) -> frozenset[tuple[int, int]] | None:
    """The pairs of unit and field (their numbers) that keep their detail; None where everything does."""
    if wave.detail == "all":
        return None
    rows = session.execute(select(Detail.unit_id, Detail.field_id).where(Detail.wave_id == wave.id)).all()
    return frozenset((row.unit_id, row.field_id) for row in rows)


def detailed(counts: Counts, offered: Collection[Pair] = (), fewest: int = FEWEST) -> set[Pair]:
    """The pairs of unit and field with enough dossiers in every month of their unit; one that is not counted has none.

    >>> big, mid, few = ({"2026-01": n, "2026-02": n + 2} for n in (90, 7, 4))
    >>> sorted(detailed({("a", "big"): big, ("a", "mid"): mid, ("a", "few"): few, ("b", "mid"): mid}))
    [('a', 'big'), ('b', 'mid')]
    """
    units: dict[str, set[str]] = defaultdict(set)
    for unit, field in {*counts, *offered}:
        units[unit].add(field)
    counted: dict[str, dict[Pair, Mapping[str, int | None]]] = defaultdict(dict)  # a province's cells, walked once
    for pair, cell in counts.items():
        counted[pair[0]][pair] = cell
    found: set[Pair] = set()
    for unit, fields in units.items():
        own = counted[unit]
        least = {field: lowest(own, unit, [field]) for field in fields}
        by_size = sorted(fields, key=lambda field: (least[field], field), reverse=True)
        keep = [field for field in by_size if least[field] >= fewest]
        while keep and len(keep) < len(fields) and lowest(own, unit, fields - set(keep)) < fewest:
            keep.pop()
        found |= {(unit, field) for field in keep}
    return found


def lowest(counts: Counts, unit: str, fields: Collection[str]) -> int:
    """The dossiers of these fields of a unit together, in that month of the unit in which they were fewest.

    >>> counts = {("a", "x"): {"1": 9, "2": 1}, ("a", "y"): {"1": None, "2": 7}}  # y was taken over in the second
    >>> lowest(counts, "a", "y"), lowest(counts, "a", "xy"), lowest(counts, "a", "z")
    (7, 8, 0)
    """
    months = {month for (owner, _), cell in counts.items() if owner == unit for month in cell}
    sums = []
    for month in months:
        cells = [counts.get((unit, field), {}).get(month, 0) for field in fields]
        known = [cell for cell in cells if cell is not None]
        if known or not cells:
            sums.append(sum(known))
    return min(sums, default=0)


def newest_months(session: Session, wave: Wave) -> dict[Pair, dict[str, int | None]]:
    """Pair -> month -> dossiers, over each unit's newest months; a month without a row has none.

    Pairs that the unit handles on no day of the wave are left out. None stands for a month in which it did not handle
    the field from the first day to the last: that says nothing of how many will come.
    """
    loaded: dict[str, dict[str, dict[str, int]]] = defaultdict(lambda: defaultdict(dict))
    for cell in session.scalars(select(PopulationCount)):
        each = months_in(cell.month)  # of a quarter each is taken for a third of it, rounded down
        loaded[cell.unit][cell.field] |= dict.fromkeys(each, cell.dossiers // len(each))
    months = {unit: window(month for cells in fields.values() for month in cells) for unit, fields in loaded.items()}
    handling = handling_in(session, {month for found in months.values() for month in found})
    taken = _taken(session, wave)
    found: dict[Pair, dict[str, int | None]] = {}
    for unit, fields in loaded.items():
        for field, cells in fields.items():
            own = {month: cells.get(month, 0) if handling[month].holds(unit, field) else None for month in months[unit]}
            if (not taken or (unit, field) in taken) and any(cell is not None for cell in own.values()):
                found[unit, field] = own
    return found


def _taken(session: Session, wave: Wave) -> set[Pair]:
    """Who handles what on some day of the wave, whoever takes it in."""
    points = [(row.code, row.unit) for row in session.execute(select(Point.code, Point.unit))]
    days = changes(session, wave.opens_on, wave.closes_on)
    return {(unit, field) for day in days for _, _, unit, field in receipts(session, points, day)}


def window(months: Iterable[str]) -> list[str]:
    """The months that a unit is judged by: the newest twelve of those from its first to its last.

    >>> window(["2026-02", "2025-11"])
    ['2025-11', '2025-12', '2026-01', '2026-02']
    """
    numbers = [12 * int(month[:4]) + int(month[5:]) - 1 for month in months]
    first, last = min(numbers), max(numbers)
    return [f"{one // 12}-{one % 12 + 1:02}" for one in range(max(first, last - NEWEST + 1), last + 1)]
