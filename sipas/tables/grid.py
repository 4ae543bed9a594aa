"""Whole sheets as they stand, for forms with letterhead, merged heads and a sum: rows of cells, and what Excel hides.

Nothing is taken for a header here; whoever knows the form looks for its heads. The limits and refusals are those of the
other doors: formulas without a result, and workbooks that were made to need much.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sipas.errors import N_, BadFile
from sipas.tables import cells
from sipas.tables.account import Reading, note_reading
from sipas.tables.book import find_book, find_formats
from sipas.tables.cells import Numbers, Sheet, read_cells
from sipas.tables.encoding import body_of_utf8
from sipas.tables.old_workbook import old_sheets
from sipas.tables.package import opened_workbook
from sipas.tables.problems import BadTable
from sipas.tables.read import NOT_READABLE, kind_of
from sipas.tables.separator import SEPARATORS, declared_separator
from sipas.tables.texts import read_texts
from sipas.tables.workbook import range_boundaries

WIDTH = 64  # columns
ROWS = 5_000
LONG = N_("{file}: {rows} rows are too many for a form; is it another table?")
NO_TEXT = N_("{file} cannot be read as CSV ({reason}); save the form as .xlsx")
NO_FORM = N_("{file} is a Parquet file or an archive, and no sheet of an office's form")

Range = tuple[int, int, int, int]  # left, top, right, bottom, from 1


@dataclass(frozen=True)
class Grid:
    """One sheet: row -> column (from 0) -> text; only what is filled."""

    file: str
    title: str
    rows: Mapping[int, Mapping[int, str]]
    merged: tuple[Range, ...] = ()
    hidden_rows: frozenset[int] = frozenset()
    hidden_columns: frozenset[int] = frozenset()
    reading: Reading = field(default_factory=lambda: Reading(""))


def read_grids(path: Path) -> list[Grid]:
    """Every visible sheet of a workbook, or the one table of a text file.

    Raises BadFile where it cannot be read, BadTable for formulas without a stored result.
    """
    kind = kind_of(path)
    if kind == "workbook":
        grids = list(_of_workbook(path))
    elif kind in ("xls", "ods"):
        grids = [_of_rows(path.name, *sheet) for sheet in old_sheets(path, kind)]
    elif kind == "delimited":
        grids = [_of_rows(path.name, "", _text_rows(path), (), Reading(path.name, "CSV"))]
    else:
        raise BadFile(NO_FORM, file=path.name)
    for grid in grids:
        if len(grid.rows) > ROWS:
            raise BadFile(LONG, file=path.name, rows=len(grid.rows))
        note_reading(grid.reading)
    return grids


def _of_workbook(path: Path) -> Iterator[Grid]:
    with opened_workbook(path) as package:
        first = find_book(package, "", path.name)
        if first is None:
            return
        texts = read_texts(package, first.texts)
        numbers = Numbers(find_formats(package, first.styles), first.from_1904)
        for title in first.visible:
            book = find_book(package, title, path.name)
            if book is None:
                continue
            rows: list[dict[int, str]] = []

            def sink(columns: list[list[str | None]], count: int, into: list[dict[int, str]] = rows) -> None:
                into += (cells.cells_of(columns, at) for at in range(count))

            found = read_cells(package, book.sheet, texts, numbers, path.name, sink, WIDTH)
            for amiss in (found.formulas, found.outside):
                if amiss.count:
                    raise BadTable(amiss.kept, amiss.count)
            yield _of_sheet(path.name, title, found, rows, len(first.visible))


def _of_sheet(file: str, title: str, found: Sheet, rows: Iterable[dict[int, str]], sheets: int) -> Grid:
    filled = dict(zip(found.lines, rows, strict=True))
    return Grid(
        file,
        title,
        filled,
        tuple(range_boundaries(name) for name in found.merged),
        frozenset(found.hidden),
        frozenset(found.hidden_columns),
        Reading(file, "XLSX", len(filled), sheet=title, sheets=sheets),
    )


def _of_rows(
    file: str, title: str, rows: Iterable[Iterable[str | None]], merged: Iterable[Range], reading: Reading
) -> Grid:
    filled = {
        line: found
        for line, row in enumerate(rows, 1)
        if (found := {place: text.strip() for place, text in enumerate(row) if text and text.strip()})
    }
    reading.rows = len(filled)
    return Grid(file, title, filled, tuple(merged), reading=reading)


def _text_rows(path: Path) -> list[list[str]]:
    """The lines of a text file; of a form hardly two are as wide as each other, so the commonest separator is meant."""
    try:
        body = body_of_utf8(path.read_bytes(), path.name)
    except OSError as error:
        raise BadFile(NOT_READABLE, file=str(path), reason=error.strerror or "") from error
    declared, start = declared_separator(body)
    words = body[start:].decode()
    separator = declared or max(SEPARATORS, key=words.count)
    try:
        return list(csv.reader(io.StringIO(words, newline=""), delimiter=separator, strict=True))
    except csv.Error as error:
        raise BadFile(NO_TEXT, file=path.name, reason=str(error)) from error
