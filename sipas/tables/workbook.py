"""Excel workbooks (.xlsx): the first sheet, read as text, with codes shown as the sheet shows them.

The sheet is read as a stream and kept as packed columns, so that a million rows of thirty columns need little memory
and a file that was made to need much is refused (`package.py`).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sipas.errors import N_, BadFile, SipasError
from sipas.tables.book import Book, find_book, find_formats
from sipas.tables.cells import Numbers, Sheet, read_cells
from sipas.tables.header import kept_columns
from sipas.tables.package import LIMITS, Limits, Package, Refused, opened
from sipas.tables.problems import BadTable
from sipas.tables.table import Packed, Table
from sipas.tables.texts import MUCH, read_texts

EMPTY = N_("{file} is empty")
FIRST_SHEET = N_("{file}: only the first sheet, “{sheet}”, is read; the workbook has {count} sheets")


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


def read_workbook(path: Path, limits: Limits = LIMITS) -> Table:
    """Read the first sheet of a workbook; empty rows are passed over, lines are the rows that Excel counts.

    Raises BadFile where the file passes a limit or is none, BadTable for values without a column and for formulas
    without a result.
    """
    columns = Columns(limits.packed)
    with opened(path, limits) as package:
        book = find_book(package)
        sheet = _cells(package, book, path.name, columns) if book else Sheet()
    if book is None or not sheet.names:
        raise BadFile(EMPTY, file=path.name)
    if sheet.formulas.count:  # such a cell would read as empty, and a weight or an answer would silently be lost
        raise BadTable(sheet.formulas.kept, sheet.formulas.count)
    if sheet.outside.count:
        raise BadTable(sheet.outside.kept, sheet.outside.count)
    kept = kept_columns(sheet.names, [index in sheet.filled for index in range(len(sheet.names))], path.name)
    lines = np.array(sheet.lines, np.int64)
    notes = [SipasError(FIRST_SHEET, file=path.name, sheet=book.title, count=book.sheets)] if book.sheets > 1 else []
    return Table(
        name=path.name,
        columns=tuple(kept),
        rows=len(lines),
        stored_as_numbers=frozenset(name for name, index in kept.items() if index in sheet.numeric),
        notes=tuple(notes),
        packed=Packed(columns.file(len(sheet.names)), {name: str(index) for name, index in kept.items()}),
        _lines=lambda: lines,
    )


def _cells(package: Package, book: Book, file: str, columns: Columns) -> Sheet:
    numbers = Numbers(find_formats(package, book.styles), book.from_1904)
    return read_cells(package, book.sheet, read_texts(package, book.texts), numbers, file, columns.add)
