"""Excel workbooks (.xlsx): the first sheet, read as text, with codes shown as the sheet shows them."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from sipas.errors import N_, BadFile, SipasError
from sipas.tables.header import check_header
from sipas.tables.problems import BadTable, CellProblem
from sipas.tables.table import Table, number_as_text

ZEROS = re.compile(r"0{2,}")

EMPTY = N_("{file} is empty")
DAMAGED = N_("{file} is no readable Excel workbook ({reason}); open it in Excel and save it again as .xlsx")
FORMULA = N_("the formula in cell {cell} has no stored result; open the workbook in Excel and save it again")
OUTSIDE = N_("“{value}” stands outside the named columns; name its column in the header, or delete it")
FIRST_SHEET = N_("{file}: only the first sheet, “{sheet}”, is read; the workbook has {count} sheets")


def read_workbook(data: bytes, file: str) -> Table:
    """Read the first sheet of a workbook; empty rows are passed over, lines are the rows that Excel counts."""
    try:
        names, columns, lines, numeric, notes = _first_sheet(data, file)
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, SyntaxError) as error:
        raise BadFile(DAMAGED, file=file, reason=str(error) or type(error).__name__) from error
    kept, arrays = check_header(names, [pa.chunked_array([pa.array(column, pa.string())]) for column in columns], file)
    found = np.array(lines, np.int64)
    return Table(
        name=file,
        columns=kept,
        rows=len(lines),
        stored_as_numbers=frozenset(numeric) & frozenset(kept),
        notes=tuple(notes),
        _raw=dict(zip(kept, arrays, strict=True)),
        _lines=lambda: found,
    )


def _first_sheet(
    data: bytes, file: str
) -> tuple[list[str], list[list[str | None]], list[int], set[str], list[SipasError]]:
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    sheets = book.worksheets
    if not sheets:
        raise BadFile(EMPTY, file=file)
    sheet = sheets[0]
    sheet.reset_dimensions()
    notes = []
    if len(sheets) > 1:
        notes.append(SipasError(FIRST_SHEET, file=file, sheet=sheet.title, count=len(sheets)))
    rows = _rows(sheet)
    header = next(rows, None)
    if header is None:
        raise BadFile(EMPTY, file=file)
    names = [text or "" for text, _ in header[1]]
    while names and not names[-1]:
        names.pop()
    columns: list[list[str | None]] = [[] for _ in names]
    lines: list[int] = []
    numeric: set[str] = set()
    outside: list[CellProblem] = []
    for line, cells in rows:
        lines.append(line)
        for index, (text, was_number) in enumerate(cells):
            if index < len(names):
                columns[index].append(text)
                if was_number:
                    numeric.add(names[index].strip())
            elif text is not None:
                outside.append(CellProblem(file, line, _letter(index), SipasError(OUTSIDE, value=text)))
        for column in columns[len(cells) :]:
            column.append(None)
    _refuse_formulas_without_results(data, file, book, sheet)
    book.close()
    if outside:
        raise BadTable(outside)
    return names, columns, lines, numeric, notes


def _rows(sheet: Any) -> Iterator[tuple[int, list[tuple[str | None, bool]]]]:
    for line, row in enumerate(sheet.iter_rows(), start=1):
        cells = [_cell(cell) for cell in row]
        if any(text is not None for text, _ in cells):
            yield line, cells


def _cell(cell: Any) -> tuple[str | None, bool]:
    """The text of a cell, and whether Excel stored it as a number; the format `00000` gives its zeros back."""
    value = cell.value
    if value is None:
        return None, False
    if isinstance(value, str):
        return (value if value.strip() else None), False
    if isinstance(value, bool):
        return ("TRUE" if value else "FALSE"), False
    if isinstance(value, int | float):
        text = number_as_text(value)
        if ZEROS.fullmatch(cell.number_format or ""):
            return text.zfill(len(cell.number_format)), False
        return text, True
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat(), False
    return (value.isoformat() if isinstance(value, dt.date | dt.time | dt.datetime) else str(value)), False


def _refuse_formulas_without_results(data: bytes, file: str, book: Any, sheet: Any) -> None:
    """Such a cell would read as empty, and a weight or an answer would silently be lost."""
    import openpyxl

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if b"<f" not in archive.read(sheet._worksheet_path):
            return
    formulas = openpyxl.load_workbook(io.BytesIO(data), read_only=True).worksheets[0]
    formulas.reset_dimensions()
    found = []
    for line, (written, shown) in enumerate(zip(formulas.iter_rows(), sheet.iter_rows(), strict=True), start=1):
        for asked, result in zip(written, shown, strict=True):
            if asked.data_type == "f" and result.value is None:
                found.append(CellProblem(file, line, "", SipasError(FORMULA, cell=asked.coordinate)))
    if found:
        raise BadTable(found)


def _letter(index: int) -> str:
    from openpyxl.utils import get_column_letter

    return get_column_letter(index + 1)
