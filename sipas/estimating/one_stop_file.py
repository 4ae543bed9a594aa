"""What the one-stop system and an inspection know of each office: counts and points, one row an office.

2, 6, 8 and 9 come from the system, 5 from an inspection; 8 and 9 follow from counts, where no points are given.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

from sipas.errors import N_
from sipas.tables import Problems, read_table
from sipas.tables.table import Record

COUNTS = (
    "dossiers",
    "dossiers_online",
    "complaints",
    "complaints_in_time",
    "behaviour_complaints",
    "behaviour_refuted",
    "behaviour_upheld",
)
POINTS = {"points_2": 2, "points_5": 5, "points_6": 6, "points_8": 8, "points_9": 9}
COLUMNS = ("unit", *COUNTS, *POINTS, "source_5")
PARTS = (("dossiers", "dossiers_online"), ("complaints", "complaints_in_time"))


@dataclass(frozen=True)
class OfficeCounts:
    """One office: counts (None where the cell is empty), points by indicator, and who says so."""

    file: str
    dossiers: tuple[int | None, int | None]  # all, filed online
    complaints: tuple[int | None, int | None]  # all, handled in time
    behaviour: tuple[int | None, int | None, int | None]  # complaints about behaviour: all, refuted, upheld
    points: Mapping[int, Decimal]
    sources: Mapping[int, str]


def read_office_counts(path: Path, sheet: str = "", decimal: str = "") -> dict[str, OfficeCounts]:
    """Office -> what the file says of it. Raises BadTable with every cell that is not right, each cause once.

    Columns: `unit`, and any of the others; which are absent, nobody knows.
    """
    table = read_table(path, sheet=sheet, decimal=decimal)
    table.require("unit")
    problems = Problems(table)
    known = [column for column in COLUMNS if column in table]
    found: dict[str, OfficeCounts] = {}
    for record in table.records(*known):
        unit = record["unit"]
        if not unit:
            problems.add(record.row, "unit", N_("the code of the office is missing"))
        elif unit in found:
            problems.add(record.row, "unit", N_("“{value}” stands twice; keep one line"))
        counts = {column: _count(record, column, problems) for column in COUNTS}
        _check_parts(record, counts, problems)
        points = {number: _points(record, column, problems) for column, number in POINTS.items()}
        source = record.get("source_5")
        if points[5] is not None and not source:
            problems.add(record.row, "points_5", N_("say in source_5 who inspected the office, and when"))
        found[unit] = OfficeCounts(
            table.name,
            (counts["dossiers"], counts["dossiers_online"]),
            (counts["complaints"], counts["complaints_in_time"]),
            (counts["behaviour_complaints"], counts["behaviour_refuted"], counts["behaviour_upheld"]),
            {number: value for number, value in points.items() if value is not None},
            {5: source},
        )
    problems.refuse()
    return found


def _count(record: Record, column: str, problems: Problems) -> int | None:
    text = record.get(column)
    if not text:
        return None
    if not (text.isascii() and text.isdecimal()):
        problems.add(record.row, column, N_("“{value}” is no whole number; write digits alone, such as 1250"))
        return None
    return int(text)


def _points(record: Record, column: str, problems: Problems) -> Decimal | None:
    text = record.get(column).replace(",", ".")
    if not text:
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal(-1)
    if not 0 <= value <= 2 or value != value.quantize(Decimal("0.1")):
        problems.add(
            record.row, column, N_("“{value}” are no points; write a number from 0 to 2, with one decimal at most")
        )
        return None
    return value.quantize(Decimal("0.1"))


def _check_parts(record: Record, counts: Mapping[str, int | None], problems: Problems) -> None:
    """A part is no larger than the whole."""
    behaviour = [counts["behaviour_refuted"], counts["behaviour_upheld"]]
    decided = sum(one for one in behaviour if one is not None)
    for whole, part, size in (
        *((whole, part, counts[part]) for whole, part in PARTS),
        ("behaviour_complaints", "behaviour_refuted", decided),
    ):
        total = counts[whole]
        if total is not None and size is not None and size > total:
            problems.add(record.row, part, N_("this is more than {whole} ({total})"), whole=whole, total=total)
