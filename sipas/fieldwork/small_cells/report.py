"""What the rule for few people does to a wave: how many fields keep their detail, which offices lose all, and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from sipas.errors import N_, SipasError
from sipas.fieldwork.models import Point, PopulationCount, Wave, WavePoint
from sipas.fieldwork.small_cells.fields import FEWEST, Counts, Pair, kept, lowest, newest_months
from sipas.registry.models import Service, Unit
from sipas.registry.units import receipts
from sipas.tables.periods import months_in

NO_COUNTS = N_("no dossier counts are loaded for it")
GAP = N_("nothing is loaded for {months}, between its first month and its last, which counts as no dossiers")
FEW = N_("none of its fields counts {fewest} dossiers in every month from {first} to {last}")
JOINED = N_(
    "its small fields together count fewer than {fewest} in some month from {first} to {last}, and every other field "
    "had to join them"
)
ROWS_MISSING = N_(
    "{unit}, field {field}: no row for {months}, which counts as no dossiers; without that it would keep its detail"
)
ENDS_EARLY = N_("{unit}: its counts end with {month}, others reach {newest}")


@dataclass(frozen=True)
class Bare:
    """An office none of whose fields keeps detail, and why."""

    code: str
    name: str
    name_en: str
    reason: SipasError


@dataclass(frozen=True)
class Settled:
    """Of `fields` that the wave's points take in, each counted once for the office that handles it, `kept` keep detail.

    `remarks` name rows of the frame that are missing.
    """

    fields: int
    kept: int
    bare: tuple[Bare, ...] = ()
    remarks: tuple[SipasError, ...] = ()


def settled(session: Session, wave: Wave) -> Settled | None:
    """As the wave's detail was settled, the reasons by the dossier counts of now; None where all answers keep all."""
    fine = kept(session, wave)
    if fine is None:
        return None
    here = WavePoint.point_id == Point.id
    rows = session.execute(select(Point.code, Point.unit).join(WavePoint, here).where(WavePoint.wave_id == wave.id))
    taken = receipts(session, [(row.code, row.unit) for row in rows], wave.opens_on)
    offered = {(unit, field) for _, point, unit, field in taken if point}
    units = {one.code: one for one in session.scalars(select(Unit).order_by(Unit.id))}
    fields = {one.code: one.id for one in session.scalars(select(Service))}
    keeping = {(unit, field) for unit, field in offered if (units[unit].id, fields[field]) in fine}
    if wave.detail == "coarsest":
        return Settled(len(offered), len(keeping))
    counts, loaded = newest_months(session, wave), _loaded(session)
    bare = {unit for unit, _ in offered} - {unit for unit, _ in keeping}
    return Settled(
        len(offered),
        len(keeping),
        tuple(
            Bare(code, one.name, one.name_en, _reason(code, offered, counts, loaded))
            for code, one in units.items()
            if code in bare
        ),
        tuple(_remarks(offered - keeping, bare, counts, loaded)),
    )


def _reason(unit: str, offered: set[Pair], counts: Counts, loaded: Mapping[Pair, set[str]]) -> SipasError:
    months = sorted({month for (owner, _), cell in counts.items() if owner == unit for month in cell})
    if not months:
        return SipasError(NO_COUNTS)
    there = {month for (owner, _), found in loaded.items() if owner == unit for month in found}
    absent = [month for month in months if month not in there]
    if absent:
        return SipasError(GAP, months=", ".join(absent))
    fields = {field for owner, field in {*counts, *offered} if owner == unit}
    enough = any(lowest(counts, unit, [field]) >= FEWEST for field in fields)
    return SipasError(JOINED if enough else FEW, fewest=FEWEST, first=months[0], last=months[-1])


def _remarks(coarse: set[Pair], bare: set[str], counts: Counts, loaded: Mapping[Pair, set[str]]) -> list[SipasError]:
    """Single rows that are missing, and offices whose counts are behind."""
    found = []
    for unit, field in sorted(coarse & set(counts)):
        cells = counts[unit, field]
        absent = sorted({month for month in cells if cells[month] is not None} - loaded[unit, field])
        present = [cell for month, cell in cells.items() if cell is not None and month not in absent]
        if unit not in bare and absent and present and min(present) >= FEWEST:
            found.append(SipasError(ROWS_MISSING, unit=unit, field=field, months=", ".join(absent)))
    last: defaultdict[str, str] = defaultdict(str)
    for (unit, _), months in loaded.items():
        last[unit] = max(last[unit], *months)
    behind = {unit: month for unit, month in sorted(last.items()) if month < max(last.values())}
    return found + [
        SipasError(ENDS_EARLY, unit=unit, month=month, newest=max(last.values())) for unit, month in behind.items()
    ]


def _loaded(session: Session) -> dict[Pair, set[str]]:
    """Pair -> the months that have a row."""
    found: dict[Pair, set[str]] = defaultdict(set)
    for unit, field, month in session.execute(
        select(PopulationCount.unit, PopulationCount.field, PopulationCount.month)
    ):
        found[unit, field].update(months_in(month))
    return found
