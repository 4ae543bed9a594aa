"""What nothing uses may go; what is used is named with what uses it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlalchemy import Table, delete, func, or_, select
from sqlalchemy.orm import Session

from sipas.corrections.closing import named
from sipas.corrections.counts import ReleaseOnCounts, Removed, made_with_these, releases_on, remove_counts
from sipas.errors import N_, ManyErrors, SipasError, UnknownCode
from sipas.fieldwork.models import Point, PopulationCount, Wave
from sipas.files.home_paths import HomePaths
from sipas.publishing.models import SnapshotRecord
from sipas.registry.models import EVER, Competence, CrosswalkRow, Service, Unit
from sipas.storage.database import Base

USED = N_("{code} is used, so it stays. Close it (`sipas registry close`) or rename it (`sipas registry rename`):")
USED_SEVERAL = N_("{count} of these are used, so nothing was removed; leave them out, or close or rename them:")
USE_OF = N_("{code}: {use}")
USES = {
    "point": N_("receiving points ({count}): {some}"),
    "unit": N_("units below it ({count}): {some}"),
    "frame": N_("rows of dossier counts ({count}): {some}"),
    "competence": N_("rules of competence ({count}): {some}"),
    "crosswalk": N_("crosswalk rows ({count}): {some}"),
    "response": N_("stored answers ({count})"),
    "comment": N_("stored comments ({count})"),
    "detail": N_("what waves settled of how finely answers are stored ({count})"),
    "kept_point": N_("what waves settled of which answers keep their point ({count})"),
}
OTHERWISE = N_("rows of the table {table} ({count})")
SNAPSHOT = N_("the snapshot of wave {wave}")
IN_USE = N_(
    "The registry is used by {points} receiving points, {waves} waves and {cells} rows of dossier counts; it is not "
    "emptied. Correct its files and load them (`sipas registry load FOLDER`), or begin in a new SIPAS_HOME."
)
SHOWN = 5


class InUse(ManyErrors):
    """Something that others refer to."""


def remove_owned(session: Session, home: Path, what: str, codes: Sequence[str]) -> Removed:
    """Takes units or services out of the registry, all or none; a unit's dossier counts go with it where no wave has
    settled on them. Raises UnknownCode, and InUse with what uses each.

    Who was responsible while a wave asked is not judged here; see `correcting`.
    """
    found = [named(session, what, code) for code in dict.fromkeys(codes)]
    made = made_with_these(session, home)
    refused = [(one, uses) for one in found if (uses := list(uses_of(session, home, one, made)))]
    if len(refused) == 1:
        raise InUse(SipasError(USED, code=refused[0][0].code), refused[0][1])
    if refused:
        told = [SipasError(USE_OF, code=one.code, use=use) for one, uses in refused[:SHOWN] for use in uses]
        if len(refused) > SHOWN:
            told.append(SipasError(N_("... and {more} more"), more=len(refused) - SHOWN))
        raise InUse(SipasError(USED_SEVERAL, count=len(refused)), told)
    gone = Removed()
    for one in found:
        if isinstance(one, Unit):
            gone += remove_counts(session, made, one.code)
        session.delete(one)
    return gone


def remove_rule(session: Session, what: str, keys: Sequence[str]) -> None:
    """Takes one rule of competence or row of the crosswalk out. Raises UnknownCode; for the rest see `correcting`."""
    row = _row(session, what, keys)
    if row is None:
        raise UnknownCode(
            N_("There is no row {keys} in {what}; `sipas registry list {what}` shows them."),
            keys=" ".join(keys),
            what=what,
        )
    session.delete(row)


def clear(session: Session) -> int:
    """Empties a registry that nothing uses yet; gives how many units it had. Raises SipasError where it is in use."""
    used = {table: session.scalar(select(func.count()).select_from(table)) for table in (Point, Wave, PopulationCount)}
    if any(used.values()):
        raise SipasError(IN_USE, points=used[Point], waves=used[Wave], cells=used[PopulationCount])
    units = session.scalar(select(func.count()).select_from(Unit)) or 0
    for one in session.scalars(select(Unit).where(Unit.parent.is_not(None))):
        one.parent = None
    session.flush()
    for model in (CrosswalkRow, Competence, Service, Unit):
        session.execute(delete(model))
    return units


def _row(session: Session, what: str, keys: Sequence[str]) -> Competence | CrosswalkRow | None:
    if what == "crosswalk":
        return session.get(CrosswalkRow, tuple(keys[:2]))
    first = dt.date.fromisoformat(keys[2]) if len(keys) > 2 else EVER
    return session.get(Competence, (*keys[:2], first))


def uses_of(
    session: Session, home: Path, found: Unit | Service, made: Sequence[ReleaseOnCounts]
) -> Iterator[SipasError]:
    """What a row of the registry cannot go for: every table that refers to it by a foreign key, by its number or by its
    code, every snapshot, and of a unit's dossier counts those that a release of `made` stands for.

    A wave that settled on counts says so in its `detail`, which refers to the unit.
    """
    own, kind = found.__table__, "unit" if isinstance(found, Unit) else "service"
    for table in Base.metadata.sorted_tables:
        if table is PopulationCount.__table__ and kind == "unit":
            yield from releases_on(session, made, found.code)
            continue
        columns = [
            (column, found.id if key.column.name == "id" else found.code)
            for column in table.columns
            for key in column.foreign_keys
            if key.column.table is own
        ] + [(table.columns[name], found.id) for name in _numbers(table, kind)]
        columns += [(table.columns[name], found.code) for name in _CODES.get((table.name, kind), ())]
        if columns and (error := _told(session, table, columns)):
            yield error
    places = {row.id: row.code for row in session.execute(select(Wave.id, Wave.code))}
    for record in session.scalars(select(SnapshotRecord)):
        path = HomePaths(home).snapshots / record.file
        if path.is_file() and _holds(path, ("unit", "stratum") if kind == "unit" else ("field",), found.code):
            yield SipasError(SNAPSHOT, wave=places[record.wave_id])


_CODES = {
    ("competence", "unit"): ("receiver", "responsible"),
    ("competence", "service"): ("service",),
    ("crosswalk", "unit"): ("old", "new"),
}


def _numbers(table: Table, kind: str) -> tuple[str, ...]:
    """Columns of the public's tables, which know units and fields by their number and have no foreign keys."""
    name = "unit" if kind == "unit" else "field"
    has = name in table.columns and "wave" in table.columns and not table.columns[name].foreign_keys
    return (name,) if has else ()


def _told(session: Session, table: Table, columns: Sequence[tuple[object, object]]) -> SipasError | None:
    condition = or_(*(column == value for column, value in columns))  # type: ignore[arg-type]
    count = session.scalar(select(func.count()).select_from(table).where(condition))
    if not count:
        return None
    if table.name not in USES:
        return SipasError(OTHERWISE, count=count, table=table.name)
    shown = [table.columns["code"]] if "code" in table.columns else list(table.primary_key.columns)
    rows = session.execute(select(*shown).where(condition).limit(SHOWN)).all()
    some = ", ".join(" ".join("" if cell == EVER else str(cell) for cell in row).strip() for row in rows)
    return SipasError(USES[table.name], count=count, some=some + (", …" if count > SHOWN else ""))


def _holds(path: Path, columns: tuple[str, ...], code: str) -> bool:
    return code in _codes(path, columns, path.stat().st_mtime_ns)


@lru_cache(maxsize=32)
def _codes(path: Path, columns: tuple[str, ...], _changed: int) -> frozenset[str]:
    """The codes in columns of a snapshot; many rows of the registry are asked about one after the other."""
    table = pq.read_table(path, columns=list(columns))
    return frozenset(code for column in columns for code in pc.unique(table[column]).to_pylist())
