"""Which answers may say at which point they were given: the frame counts who handles a dossier, not who takes it in.

So a point is stored only where the counts of office and field speak of the people at that point: nobody else in the
province takes in that field for that office, by the registry, and where the receiving unit has several points, enough
dossiers come for each. Settled when a wave opens; a point that joins later can only take the mark from others. Whatever
is not listed keeps no point: a competence that changes on the way errs on the side of silence, and takes the mark from
whoever would no longer be alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from sipas.fieldwork.models import KeptPoint, Point, Wave, WavePoint
from sipas.fieldwork.small_cells.fields import FEWEST, Counts, Pair, kept, lowest, newest_months
from sipas.registry.models import Service, Unit
from sipas.registry.units import Receipt, changes, receipts

Kept = tuple[str, str, str]  # point, responsible unit, field


@dataclass(frozen=True)
class Fineness:
    """Of the fields `taken` in at a wave's points, each counted at each point, `unplaced` lose the point."""

    taken: int
    unplaced: int


def fineness(session: Session, wave: Wave) -> Fineness:
    """What was settled when the wave opened, by the competence of its first day."""
    here = WavePoint.point_id == Point.id
    rows = session.execute(select(Point.code, Point.unit).join(WavePoint, here).where(WavePoint.wave_id == wave.id))
    places = [(row.code, row.unit) for row in rows]
    taken = {receipt[1:] for receipt in receipts(session, places, wave.opens_on) if receipt[1]}
    points = {row.code: row.id for row in session.execute(select(Point.code, Point.id))}
    units, fields = _numbers(session)
    told = kept_in(session, wave)
    return Fineness(
        taken=len(taken),
        unplaced=0
        if wave.points_kept == "all"
        else sum((points[point], units[unit], fields[field]) not in told for point, unit, field in taken),
    )


def settle_points(
    session: Session, wave: Wave, joining: Point | None = None, *, taking_away_only: bool = False
) -> None:
    """Writes down which answers of the wave keep their point; where a point joins, or (`taking_away_only`) another unit
    becomes responsible on the way, who loses that."""
    places = {place.code: place for place in session.scalars(select(Point))}
    standing = [(code, place.unit) for code, place in places.items() if not _closed_before(place, wave)]
    days = changes(session, wave.opens_on, wave.closes_on)
    taken: set[Receipt] = set().union(*(receipts(session, standing, day) for day in days))
    units, fields = _numbers(session)
    fine = kept(session, wave) or frozenset()
    detailed = {(u, f) for u in units for f in fields if (units[u], fields[f]) in fine}
    asked = set(
        session.scalars(
            select(Point.code).join(WavePoint, WavePoint.point_id == Point.id).where(WavePoint.wave_id == wave.id)
        )
    )
    found = {
        (places[point].id, units[unit], fields[field])
        for point, unit, field in kept_points(taken, newest_months(session, wave), detailed)
        if point in asked
    }
    if joining is not None or taking_away_only:
        found &= kept_in(session, wave) | {one for one in found if joining is not None and one[0] == joining.id}
        session.execute(delete(KeptPoint).where(KeptPoint.wave_id == wave.id))
    rows = [{"wave_id": wave.id, "point_id": p, "unit_id": u, "field_id": f} for p, u, f in sorted(found)]
    if rows:
        session.execute(insert(KeptPoint), rows)


def kept_points(
    taken: Iterable[Receipt],
    counts: Counts,
    detailed: Collection[Pair],
    fewest: int = FEWEST,
) -> set[Kept]:
    """The point, unit and field of every answer that keeps its point.

    A unit's fields without detail are one group, as they are stored: all of them keep their point, or none.

    >>> wards = [("w1", "k1", "w1", "civil"), ("w1", "k1", "health", "care"), ("w2", "", "health", "care")]
    >>> kept_points(wards, {}, {("w1", "civil"), ("health", "care")})
    {('k1', 'w1', 'civil')}
    """
    receiving: dict[Pair, set[str]] = defaultdict(set)
    pointed: dict[Pair, set[Kept]] = defaultdict(set)
    fields: dict[Pair, set[str]] = defaultdict(set)
    fine = set(detailed)
    for unit, field in {*counts, *((unit, field) for _, _, unit, field in taken)}:
        fields[_group(unit, field, fine)].add(field)
    for receiver, point, unit, field in taken:
        group = _group(unit, field, fine)
        receiving[group].add(receiver)
        if point:
            pointed[group].add((point, unit, field))
    found: set[Kept] = set()
    for group, marks in pointed.items():
        points = len({point for point, _, _ in marks})
        enough = points == 1 or lowest(counts, group[0], fields[group]) >= fewest * points
        if len(receiving[group]) == 1 and enough:
            found |= marks
    return found


def kept_in(session: Session, wave: Wave) -> set[tuple[int, int, int]]:
    """Point, unit and field (their numbers) of the answers that keep their point, as they were settled."""
    rows = select(KeptPoint.point_id, KeptPoint.unit_id, KeptPoint.field_id).where(KeptPoint.wave_id == wave.id)
    return {(row.point_id, row.unit_id, row.field_id) for row in session.execute(rows)}


def keeping(session: Session, wave: Wave, place: Point) -> frozenset[tuple[int, int]] | None:
    """The pairs of unit and field (their numbers) whose answers keep this point; None where all do."""
    if wave.points_kept == "all":
        return None
    rows = session.execute(
        select(KeptPoint.unit_id, KeptPoint.field_id).where(
            KeptPoint.wave_id == wave.id, KeptPoint.point_id == place.id
        )
    )
    return frozenset((row.unit_id, row.field_id) for row in rows)


def told_points(session: Session, wave: Wave) -> frozenset[int] | None:
    """The points (their numbers) that at least some answers name; None where all do."""
    if wave.points_kept == "all":
        return None
    return frozenset(session.scalars(select(KeptPoint.point_id).where(KeptPoint.wave_id == wave.id).distinct()))


def _numbers(session: Session) -> tuple[dict[str, int], dict[str, int]]:
    """Units and fields: code -> number."""
    units = {row.code: row.id for row in session.execute(select(Unit.code, Unit.id))}
    return units, {row.code: row.id for row in session.execute(select(Service.code, Service.id))}


def _group(unit: str, field: str, detailed: set[Pair]) -> Pair:
    return (unit, field) if (unit, field) in detailed else (unit, "")


def _closed_before(place: Point, wave: Wave) -> bool:
    return place.closed_on is not None and place.closed_on < wave.opens_on
