"""Where the header of a sheet stands, and whether a sum stands below its rows, told from a few rows at either end.

A table hands its first row over as the header. What offices add for the eye (a letterhead above, a header of two rows,
a line “Tổng cộng” below) is named with its place, in one sentence; nothing is cut away by a guess.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sipas.errors import N_, BadFile, first_few
from sipas.tables.heads import folded

FIRST = 16  # rows that are looked at for the header
WIDE = 0.6  # of the widest of them: as full a row may be the header

LETTERHEAD = N_(
    "{file}: the header seems to stand in row {header} ({names}), and rows {first} to {last} above it are a title; "
    "delete the rows above the header and save again"
)
LETTERHEAD_ROW = N_(
    "{file}: the header seems to stand in row {header} ({names}), and row {first} above it is a title; delete that row "
    "and save again"
)
TWO_ROWS = N_(
    "{file}: the header seems to take two rows, {first} and {second}; make it one row with a name over every column, "
    "without merged cells, and save again"
)
SUM = N_("{file}: row {line} seems to be a sum (“{value}”), not a row of the table; delete it and save again")
SUMS = re.compile(r"(tong|tong cong|tong so|cong|total|grand total|sum|toan tinh cong)( (ca|chung|tat ca))?")


@dataclass(frozen=True)
class SheetRow:
    """One row near an end of the sheet: its line, and its filled cells by place."""

    line: int
    cells: Mapping[int, str]


def refuse_misplaced_header(file: str, rows: Sequence[SheetRow]) -> None:
    """Say where the header seems to stand, once the first row is known to be none.

    Raises BadFile; returns where the first rows do not tell.
    """
    if len(rows) < 2:
        return
    first = rows[0]
    widest = max(len(row.cells) for row in rows)
    if len(first.cells) >= WIDE * widest and not _complete_each_other(first, rows[1], widest):
        return  # as full as the others: a header, whatever else is wrong
    if len(first.cells) >= 2 and _complete_each_other(first, rows[1], widest):
        raise BadFile(TWO_ROWS, file=file, first=first.line, second=rows[1].line)
    for place, row in enumerate(rows[1:], 1):
        names = list(row.cells.values())
        if len(names) < max(2, WIDE * widest) or len(set(names)) < len(names) or _has_numbers(row):
            continue
        above = rows[place - 1].line
        shown = first_few(names, 4)
        template = LETTERHEAD_ROW if above == first.line else LETTERHEAD
        raise BadFile(template, file=file, header=row.line, names=shown, first=first.line, last=above)


def refuse_header_below(file: str, rows: Sequence[SheetRow], wanted: Sequence[str]) -> None:
    """Say where the header seems to stand, when the names that are asked for stand in a later row than the first."""
    for place, row in enumerate(rows[1:], 1):
        names = {" ".join(name.split()) for name in row.cells.values()}
        if wanted and all(name in names for name in wanted):
            above = rows[place - 1].line
            template = LETTERHEAD_ROW if above == rows[0].line else LETTERHEAD
            shown = first_few(wanted, 4)
            raise BadFile(template, file=file, header=row.line, names=shown, first=rows[0].line, last=above)


def refuse_sum_below(file: str, rows: Sequence[SheetRow]) -> None:
    """Refuse a sum among the last rows. Raises BadFile."""
    for row in rows:
        if is_sum(row):
            raise BadFile(SUM, file=file, line=row.line, value=row.cells[min(row.cells)])


def is_sum(row: SheetRow) -> bool:
    """Whether a row begins with a word for a sum."""
    return bool(row.cells) and bool(SUMS.fullmatch(folded(row.cells[min(row.cells)])))


def _complete_each_other(first: SheetRow, second: SheetRow, widest: int) -> bool:
    """Whether the second row names columns that the first leaves open, and nothing else: a header of two rows."""
    added = second.cells.keys() - first.cells.keys()
    both = first.cells.keys() | second.cells.keys()
    return bool(added) and len(first.cells) < widest <= len(both) and not _has_numbers(second)


def _has_numbers(row: SheetRow) -> bool:
    return any(re.fullmatch(r"[+-]?[\d.,\s]+", value) for value in row.cells.values())
