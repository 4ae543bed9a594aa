"""The frame: how many dossiers each unit handled per service field and month, with its source."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from sipas.errors import N_
from sipas.fieldwork.handling import handling_in
from sipas.fieldwork.models import PopulationCount
from sipas.fieldwork.same_dossiers import superseded
from sipas.registry.models import Service, Unit
from sipas.registry.names import Names
from sipas.registry.rows import LOST_ZERO, same_but_zeros
from sipas.tables import Problems, Record, Table, read_table
from sipas.tables.causes import Causes
from sipas.tables.periods import MONTH, is_period, is_quarter, months_in
from sipas.tables.population_rows import Key, population_table, read_population_rows

NO_UNIT = N_(
    "There is no unit “{value}” in the registry; write its code, as text, with its zeros. `sipas registry list units` "
    "shows them."
)
NO_FIELD = N_("There is no service field “{value}” in the registry; `sipas registry list services` shows them.")
FUTURE = N_("{value} lies in the future; dossiers are counted once the month has begun (now: {now}).")
NOT_OVER = N_("{value} is not over; a quarter is counted once its last month has begun (now: {now}).")
ELSEWHERE = N_(
    "{field} at {unit} is handled by {instead}, so that answers name that office; write its code, or correct "
    "competence.csv. A wrong row that is loaded already goes when it is loaded again with 0."
)
NOBODY = N_("{field} is handled by nobody in {month}, by the registry; correct the row, or competence.csv.")


@dataclass(frozen=True)
class Loaded:
    """What a file brought: rows that are new, rows in place of earlier ones, and their months in order."""

    new: int
    replaced: int
    months: tuple[str, ...]
    removed: int = 0  # months or quarters that counted the same dossiers

    @property
    def rows(self) -> int:
        return self.new + self.replaced


def load_frame(
    session: Session, counts: Table | Path, today: dt.date, source: str = "", *, instead: bool = False
) -> Loaded:
    """Reads columns unit, field, month, dossiers; a cell that exists is replaced. All or nothing.

    A file that is long to read is read before the transaction begins, and given as its table. A month may be a quarter
    (2026-Q1) that nobody counted by months; what is loaded and counts the same dossiers goes with `instead`.

    Raises BadTable with every bad line: unknown unit or field, a month not like 2026-03 or in the future, a count below
    0 or not whole, the same cell twice, dossiers at an office that does not handle the field in that month, months
    of a quarter that is loaded, or a quarter of which months are.
    """
    table = population_table(read_table(counts) if isinstance(counts, Path) else counts)
    problems = Problems(table)
    found = _read(session, table, problems, today)
    _ask_the_registry(session, found, problems)
    past = superseded(session, [key for key in found if is_period(key[2])], instead)
    for key, sentence in past.refused.items():
        problems.add(found[key][0].row, "month", sentence.template, **sentence.values)
    problems.refuse()
    read = {key: (dossiers, source or table.name) for key, (_, dossiers) in found.items()}
    return store_counts(session, read, past.cells)


def store_counts(
    session: Session, counts: Mapping[Key, tuple[int, str]], past: Collection[PopulationCount] = ()
) -> Loaded:
    """Writes counts with their sources; what is loaded under a key is replaced, and the cells of `past` go."""
    for cell in past:
        session.delete(cell)
    known = {(cell.unit, cell.field, cell.month): cell for cell in session.scalars(select(PopulationCount))}
    for (unit, field, month), (dossiers, source) in counts.items():
        cell = known.get((unit, field, month)) or PopulationCount(unit=unit, field=field, month=month)
        cell.dossiers, cell.source = dossiers, source
        session.add(cell)
    replaced = len(counts.keys() & known.keys())
    months = tuple(sorted({month for _, _, month in counts}))
    return Loaded(len(counts) - replaced, replaced, months, len(past))


def _read(session: Session, table: Table, problems: Problems, today: dt.date) -> dict[Key, tuple[Record, int]]:
    """The rows by what they count, each with its number of dossiers."""
    all_units, all_fields = session.scalars(select(Unit)).all(), session.scalars(select(Service)).all()
    units, fields = {one.code for one in all_units}, {one.code for one in all_fields}
    longer = {same_but_zeros(code): code for code in sorted(units, key=len)}
    now, causes = f"{today:%Y-%m}", Causes()
    found = read_population_rows(table, problems, {"unit": Names(all_units).code, "field": Names(all_fields).code})
    for (unit, field, month), (record, _) in found.items():
        if unit and unit not in units:
            whole = longer.get(same_but_zeros(unit))
            if whole:
                causes.add(record, "unit", LOST_ZERO, code=whole)
            else:
                problems.add(record.row, "unit", NO_UNIT)
        if field and field not in fields:
            problems.add(record.row, "field", NO_FIELD)
        if MONTH.fullmatch(month) and month > now:
            problems.add(record.row, "month", FUTURE, now=now)
        if is_quarter(month) and months_in(month)[-1] > now:
            problems.add(record.row, "month", NOT_OVER, now=now)
    causes.settle(problems)
    return found


def _ask_the_registry(session: Session, found: dict[Key, tuple[Record, int]], problems: Problems) -> None:
    """Notes dossiers at an office that answers for this field will never name."""
    units, fields = set(session.scalars(select(Unit.code))), set(session.scalars(select(Service.code)))
    counted = {key: record for key, (record, dossiers) in found.items() if dossiers and is_period(key[2])}
    handling = handling_in(session, (month for _, _, month in counted))
    for (unit, field, month), record in counted.items():
        if unit in units and field in fields and not handling[month].fits(unit, field):
            instead = ", ".join(handling[month].instead(unit, field))
            template = ELSEWHERE if instead else NOBODY
            problems.add(record.row, "unit", template, field=field, unit=unit, instead=instead, month=month)
