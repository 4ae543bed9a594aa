"""The frame: how many dossiers each unit handled per service field and month, with its source."""

from __future__ import annotations

import re
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from sipas.errors import N_
from sipas.fieldwork.models import FrameCell
from sipas.registry.models import Service, Unit
from sipas.tables import Problems, read_table

MONTH = re.compile(r"(19|20)\d\d-(0[1-9]|1[0-2])")


def load_frame(session: Session, path: Path, source: str = "") -> int:
    """Reads columns unit, field, month, dossiers; a cell that exists is replaced. All or nothing.

    Raises BadTable with every bad line: unknown unit or field, a month not like 2026-03, a count below 0 or not whole,
    the same cell twice.
    """
    table = read_table(path)
    table.require("unit", "field", "month", "dossiers")
    problems = Problems(table)
    units, fields = set(session.scalars(select(Unit.code))), set(session.scalars(select(Service.code)))
    known = {(cell.unit, cell.field, cell.month): cell for cell in session.scalars(select(FrameCell))}
    seen: dict[tuple[str, str, str], int] = {}
    for record in table.records():
        key = (record["unit"], record["field"], record["month"])
        if key[0] not in units:
            problems.add(
                record.row,
                "unit",
                N_("There is no unit “{value}” in the registry; write its code, as text, with its zeros."),
            )
        if key[1] not in fields:
            problems.add(record.row, "field", N_("There is no service field “{value}” in the registry."))
        if not MONTH.fullmatch(key[2]):
            problems.add(record.row, "month", N_("“{value}” is no month; write it as 2026-03."))
        if key in seen:
            problems.add(
                record.row, "", N_("The same unit, field and month stand in line {line} already."), line=seen[key]
            )
        seen[key] = record.line
        text = record["dossiers"]
        dossiers = int(text) if re.fullmatch(r"\d{1,9}", text) else None
        if dossiers is None:
            problems.add(record.row, "dossiers", N_("“{value}” is no count; write a whole number without separators."))
            continue
        if not problems:
            cell = known.setdefault(key, FrameCell(unit=key[0], field=key[1], month=key[2]))
            cell.dossiers, cell.source = dossiers, source or path.name
            session.add(cell)
    problems.refuse()
    return table.rows


def frame_between(session: Session, first: str, last: str) -> list[FrameCell]:
    """The cells of the months from `first` to `last`, in a fixed order."""
    return list(
        session.scalars(
            select(FrameCell)
            .where(FrameCell.month >= first, FrameCell.month <= last)
            .order_by(FrameCell.unit, FrameCell.field, FrameCell.month)
        )
    )
