"""What nothing uses may go; what is used is named with what uses it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlalchemy import Table, delete, func, or_, select
from sqlalchemy.orm import Session

from sipas.corrections.closing import named
from sipas.errors import N_, ManyErrors, SipasError, UnknownCode
from sipas.fieldwork.models import Point, PopulationCount, Wave
from sipas.files.home_paths import HomePaths
from sipas.publishing.models import SnapshotRecord
from sipas.registry.models import EVER, Competence, Crosswalk, Service, Unit
from sipas.storage.database import Base

USED = N_("{code} is used, so it stays. Close it (`sipas registry close`) or rename it (`sipas registry rename`):")
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


def remove(session: Session, home: Path, what: str, keys: Sequence[str]) -> None:
    """Takes one row out of the registry. Raises UnknownCode, and InUse where a unit or service is used by anything.

    Who was responsible while a wave asked is not judged here; see `correcting`.
    """
    if what in ("unit", "service"):
        found = named(session, what, keys[0])
        if uses := list(_uses(session, home, found)):
            raise InUse(SipasError(USED, code=found.code), uses)
        session.delete(found)
        return
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
    for model in (Crosswalk, Competence, Service, Unit):
        session.execute(delete(model))
    return units


def _row(session: Session, what: str, keys: Sequence[str]) -> Competence | Crosswalk | None:
    if what == "crosswalk":
        return session.get(Crosswalk, tuple(keys[:2]))
    first = dt.date.fromisoformat(keys[2]) if len(keys) > 2 else EVER
    return session.get(Competence, (*keys[:2], first))


def _uses(session: Session, home: Path, found: Unit | Service) -> Iterator[SipasError]:
    """Every table that refers to the row by a foreign key, by its number or by its code, and every snapshot."""
    own, kind = found.__table__, "unit" if isinstance(found, Unit) else "service"
    for table in Base.metadata.sorted_tables:
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


def _holds(path: Path, columns: Sequence[str], code: str) -> bool:
    table = pq.read_table(path, columns=list(columns))
    return any(code in pc.unique(table[column]).to_pylist() for column in columns)
