"""Excel workbooks (.xlsx): one sheet, read as text, with codes shown as the sheet shows them.

What Excel shows is what is meant: rows that it hides, cells that it merges, errors, and dates beside texts like dates
are named by their place and refused, for no reader can tell what whoever hid or merged them had in mind.

The sheet is read as a stream and kept as packed columns, so that a million rows of thirty columns need little memory
and a file that was made to need much is refused (`package.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sipas.errors import N_, BadFile, SipasError, first_few
from sipas.tables.account import Reading
from sipas.tables.book import Book, find_book, find_formats
from sipas.tables.cells import Numbers, Sheet, letter, read_cells
from sipas.tables.header import kept_columns
from sipas.tables.package import LIMITS, Limits, Package, Refused, opened_workbook
from sipas.tables.problems import BadTable
from sipas.tables.shape import TWO_ROWS, refuse_misplaced_header, refuse_sum_below
from sipas.tables.table import Packed, Table
from sipas.tables.template import of_templates
from sipas.tables.texts import MUCH, read_texts

SHOWN = 5  # rows or ranges that are named
EMPTY = N_("{file} is empty")
EMPTY_SHEET = N_("{file}: the sheet “{sheet}” is empty; say by --sheet which of the others is meant: {sheets}")
FIRST_SHEET = N_("{file}: the sheet “{sheet}” is read; the others are not ({others})")
HIDDEN_COLUMNS = N_(
    "{file}, sheet “{sheet}”: hidden columns are read as well as the others: {columns}; show them in Excel, and delete "
    "those that do not belong to the table"
)
HIDDEN = N_(
    "{file}: {count} rows are hidden or filtered out in Excel (rows {rows}); show all rows, or delete those that do "
    "not belong to the table, and save again"
)
MERGED = N_(
    "{file}: merged cells stand in the table ({ranges}; {count} in all), and only the first cell of each holds a "
    "value; unmerge them, fill in every row, and save again"
)
MIXED_DATES = N_(
    "{file}, column {column}: some cells are dates to Excel, others are texts such as “{value}” (row {line}), so that "
    "day and month may be swapped in some of them; format the whole column as text and write each day as 2026-03-31"
)


class Columns:
    """Columns of text, packed as they come; `file` gives them back one by one."""

    def __init__(self, most: int) -> None:
        self._most = most  # bytes, packed
        self._out = pa.BufferOutputStream()
        self._writer: pq.ParquetWriter | None = None

    def add(self, columns: list[list[str | None]], rows: int) -> None:
        """Some rows more; raises Refused once it is too much to hold."""
        self._write({str(place): pa.array(column[:rows], pa.string()) for place, column in enumerate(columns)})
        if self._out.tell() > self._most:
            raise Refused(MUCH, megabytes=self._most >> 20)

    def file(self, width: int) -> pq.ParquetFile:
        """All of them, by their number."""
        self._write({str(place): pa.array([], pa.string()) for place in range(width)}).close()
        return pq.ParquetFile(pa.BufferReader(self._out.getvalue()))

    def _write(self, columns: dict[str, pa.Array]) -> pq.ParquetWriter:
        rows = pa.table(columns)
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._out, rows.schema, compression="zstd", write_statistics=False)
        self._writer.write_table(rows)
        return self._writer


def read_workbook(path: Path, limits: Limits = LIMITS, sheet: str = "") -> Table:
    """Read the sheet of that name, or the first that is not hidden; empty rows are passed over, lines are Excel's rows.

    Raises BadFile where the file passes a limit, is none, or has its header elsewhere, hidden rows, merged cells or a
    sum below; BadTable for values without a column, formulas without a result, and errors where they are asked for.
    """
    columns = Columns(limits.packed)
    with opened_workbook(path, limits) as package:
        book = find_book(package, sheet, path.name)
        found = _cells(package, book, path.name, columns) if book else Sheet()
    if book is None or not found.names:
        others = [title for title in book.visible if title != book.title] if book else []
        if book and others:
            raise BadFile(EMPTY_SHEET, file=path.name, sheet=book.title, sheets=_quoted(others))
        raise BadFile(EMPTY, file=path.name)
    _judge(found, path.name)
    try:
        kept = kept_columns(found.names, [index in found.filled for index in range(len(found.names))], path.name)
    except BadFile:
        refuse_misplaced_header(path.name, found.first)
        raise
    names = {index: name for name, index in kept.items()}
    lines = np.array(found.lines, np.int64)
    reading = Reading(path.name, "XLSX", len(lines), found.header, sheet=book.title, sheets=len(book.visible))
    reading.blank = int(lines[-1]) - found.header - len(lines) if len(lines) else 0
    others = [title for title in book.visible if title != book.title and title not in of_templates()]
    if others and not sheet:
        reading.doubt(SipasError(FIRST_SHEET, file=path.name, sheet=book.title, others=_quoted(others)))
    out_of_sight = [f"{letter(at)} ({names[at]})" for at in sorted(found.hidden_columns & names.keys())]
    if out_of_sight:
        shown = first_few(out_of_sight, SHOWN)
        reading.doubt(SipasError(HIDDEN_COLUMNS, file=path.name, sheet=book.title, columns=shown))
    numeric = frozenset(names[index] for index in found.numeric if index in names)
    return Table(
        name=path.name,
        columns=tuple(kept),
        rows=len(lines),
        stored_as_numbers=numeric,
        half_text={names[at]: where for at, where in found.grouped.items() if names.get(at) in numeric},
        dated=frozenset(names[index] for index in found.dated if index in names),
        broken={names[at]: (errors.kept, errors.count) for at, errors in found.errors.items() if at in names},
        reading=reading,
        first_rows=tuple(found.first),
        packed=Packed(columns.file(len(found.names)), {name: str(index) for name, index in kept.items()}),
        _lines=lambda: lines,
    )


def _judge(found: Sheet, file: str) -> None:
    """Refuse what Excel shows otherwise than it stores it. Raises BadFile or BadTable, one sentence for each cause."""
    last = max(found.lines, default=found.header)
    inside = [(name, *range_boundaries(name)) for name in found.merged]
    of_header = [name for name, _, top, _, bottom in inside if top <= found.header < bottom <= last]
    if of_header and len(found.first) > 1:
        raise BadFile(TWO_ROWS, file=file, first=found.header, second=found.first[1].line)
    if found.outside.count:
        refuse_misplaced_header(file, found.first)
    if found.hidden:
        raise BadFile(HIDDEN, file=file, count=len(found.hidden), rows=first_few(found.hidden, SHOWN))
    merged = [name for name, left, top, _, _ in inside if found.header < top <= last and left <= len(found.names)]
    if merged:
        raise BadFile(MERGED, file=file, count=len(merged), ranges=first_few(merged, SHOWN))
    refuse_sum_below(file, found.last)
    if found.formulas.count:  # such a cell would read as empty, and a weight or an answer would silently be lost
        raise BadTable(found.formulas.kept, found.formulas.count)
    if found.outside.count:
        raise BadTable(found.outside.kept, found.outside.count)
    for index in sorted(found.dated & found.days.keys()):
        row, value = found.days[index]
        raise BadFile(MIXED_DATES, file=file, column=letter(index), line=row, value=value)


def range_boundaries(name: str) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of a range of cells, counted from 1; all 0 where it is none."""
    from openpyxl.utils import range_boundaries as boundaries

    try:
        left, top, right, bottom = boundaries(name)
    except (ValueError, TypeError):
        return 0, 0, 0, 0
    return left or 0, top or 0, right or 0, bottom or 0


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f"“{name}”" for name in names)


def _cells(package: Package, book: Book, file: str, columns: Columns) -> Sheet:
    numbers = Numbers(find_formats(package, book.styles), book.from_1904)
    return read_cells(package, book.sheet, read_texts(package, book.texts), numbers, file, columns.add)
