"""The frame: how many dossiers each unit handled per service field and month, with its source."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from sipas.errors import N_
from sipas.fieldwork.handling import handling_in
from sipas.fieldwork.models import PopulationCount
from sipas.i18n.code_labels import column_names
from sipas.registry.models import Service, Unit
from sipas.tables import Heads, Problems, Record, Table, read_table

COLUMNS = ("unit", "field", "month", "dossiers")
MONTH = re.compile(r"(19|20)\d\d-(0[1-9]|1[0-2])")
SHOWN = 5  # lines without a count that are named
FIRST_DAY = re.compile(rf"({MONTH.pattern})-01")  # how Excel keeps a month that it took for a date
NO_UNIT = N_(
    "There is no unit “{value}” in the registry; write its code, as text, with its zeros. `sipas registry list units` "
    "shows them."
)
NO_FIELD = N_("There is no service field “{value}” in the registry; `sipas registry list services` shows them.")
FUTURE = N_("{value} lies in the future; dossiers are counted once the month has begun (now: {now}).")
ELSEWHERE = N_(
    "{field} at {unit} is handled by {instead}, so that answers name that office; write its code, or correct "
    "competence.csv. A wrong row that is loaded already goes when it is loaded again with 0."
)
NO_COUNT = N_(
    "Rows without a number of dossiers: {count} ({lines}). Write 0 where no dossier was handled, or delete the row."
)
NOBODY = N_("{field} is handled by nobody in {month}, by the registry; correct the row, or competence.csv.")


@dataclass(frozen=True)
class Loaded:
    """What a file brought: rows that are new, rows in place of earlier ones, and their months in order."""

    new: int
    replaced: int
    months: tuple[str, ...]

    @property
    def rows(self) -> int:
        return self.new + self.replaced


def load_frame(session: Session, counts: Table | Path, today: dt.date, source: str = "") -> Loaded:
    """Reads columns unit, field, month, dossiers; a cell that exists is replaced. All or nothing.

    A file that is long to read is read before the transaction begins, and given as its table.

    Raises BadTable with every bad line: unknown unit or field, a month not like 2026-03 or in the future, a count below
    0 or not whole, the same cell twice, dossiers at an office that does not handle the field in that month.
    """
    table = (read_table(counts) if isinstance(counts, Path) else counts).under(Heads(column_names(COLUMNS)))
    table.require(*COLUMNS)
    problems = Problems(table)
    found = _read(session, table, problems, today)
    _ask_the_registry(session, found, problems)
    problems.refuse()
    known = {(cell.unit, cell.field, cell.month): cell for cell in session.scalars(select(PopulationCount))}
    for (unit, field, month), (_, dossiers) in found.items():
        cell = known.get((unit, field, month)) or PopulationCount(unit=unit, field=field, month=month)
        cell.dossiers, cell.source = dossiers, source or table.name
        session.add(cell)
    replaced = len(found.keys() & known.keys())
    return Loaded(len(found) - replaced, replaced, tuple(sorted({month for _, _, month in found})))


Key = tuple[str, str, str]  # unit, field, month


def _read(session: Session, table: Table, problems: Problems, today: dt.date) -> dict[Key, tuple[Record, int]]:
    """The rows by what they count, each with its number of dossiers."""
    units, fields = set(session.scalars(select(Unit.code))), set(session.scalars(select(Service.code)))
    now = f"{today:%Y-%m}"
    found: dict[Key, tuple[Record, int]] = {}
    empty: list[Record] = []
    for record in table.records():
        is_date = FIRST_DAY.fullmatch(record["month"])
        unit, field, month = key = (record["unit"], record["field"], is_date[1] if is_date else record["month"])
        if unit not in units:
            problems.add(record.row, "unit", NO_UNIT)
        if field not in fields:
            problems.add(record.row, "field", NO_FIELD)
        if not MONTH.fullmatch(month):
            problems.add(record.row, "month", N_("“{value}” is no month; write it as 2026-03."))
        elif month > now:
            problems.add(record.row, "month", FUTURE, now=now)
        if key in found:
            told = N_("The same unit, field and month stand in line {line} already.")
            problems.add(record.row, "", told, line=found[key][0].line)
        text = record["dossiers"]
        if not text:
            empty.append(record)
            text = "0"
        elif not re.fullmatch(r"\d{1,9}", text):
            problems.add(record.row, "dossiers", N_("“{value}” is no count; write a whole number without separators."))
            text = "0"
        found[key] = (record, int(text))
    if empty:
        lines = ", ".join(str(one.line) for one in empty[:SHOWN]) + (", …" if len(empty) > SHOWN else "")
        problems.add(empty[0].row, "dossiers", NO_COUNT, count=len(empty), lines=lines)
    return found


def _ask_the_registry(session: Session, found: dict[Key, tuple[Record, int]], problems: Problems) -> None:
    """Notes dossiers at an office that answers for this field will never name."""
    units, fields = set(session.scalars(select(Unit.code))), set(session.scalars(select(Service.code)))
    counted = {key: record for key, (record, dossiers) in found.items() if dossiers and MONTH.fullmatch(key[2])}
    handling = handling_in(session, (month for _, _, month in counted))
    for (unit, field, month), record in counted.items():
        if unit in units and field in fields and not handling[month].fits(unit, field):
            instead = ", ".join(handling[month].instead(unit, field))
            template = ELSEWHERE if instead else NOBODY
            problems.add(record.row, "unit", template, field=field, unit=unit, instead=instead, month=month)


def frame_between(session: Session, first: str, last: str) -> list[PopulationCount]:
    """The cells of the months from `first` to `last`, in a fixed order."""
    return list(
        session.scalars(
            select(PopulationCount)
            .where(PopulationCount.month >= first, PopulationCount.month <= last)
            .order_by(PopulationCount.unit, PopulationCount.field, PopulationCount.month)
        )
    )
