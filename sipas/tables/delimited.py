"""CSV as spreadsheets write it: comma, semicolon or tab; quoted fields; any line end; an optional `sep=` line."""

from __future__ import annotations

import codecs
import csv
import io
import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
from numpy.typing import NDArray

from sipas.errors import N_, BadFile, SipasError
from sipas.tables.account import Reading
from sipas.tables.encoding import body_of_utf8
from sipas.tables.header import check_header
from sipas.tables.problems import KEPT, BadTable, CellProblem
from sipas.tables.separator import LOOK, declared_separator, likeliest_separator
from sipas.tables.shape import FIRST, SheetRow, is_sum, refuse_misplaced_header, refuse_sum_below
from sipas.tables.table import Table

LAST = 3  # rows that are looked at for a sum
LINE_END = re.compile(rb"\r\n|\n|\r")
BLOCK = 1 << 23
LONGEST, CHUNK = 1 << 22, 1 << 20  # bytes of a line; read at once to find its end
COLUMNS = 16_384  # as many as Excel has
csv.field_size_limit(LONGEST)  # letters of a cell; 131,072 where nobody asks for more

EMPTY = N_("{file} is empty")
UNCLOSED = N_('a quotation mark (") opens here and is never closed')
TOO_FEW = N_("{found} cells where the header has {expected}; is a separator missing?")
TOO_MANY = N_("{found} cells where the header has {expected}; put a text that holds “{separator}” in quotation marks")
LONG_LINE = N_(
    "{file}: line {line} is longer than {megabytes} MB, so this is no table with a row on each line; export it again"
)
LONG_CELL = N_("a cell that begins here is longer than {letters} letters; is a quotation mark missing?")
MANY_COLUMNS = N_("{file} has {count} columns; at most {most} are read. Leave out those that are not needed")
UNREADABLE = N_("{file} cannot be read as a table: {reason}")


def read_delimited(data: bytes, file: str) -> Table:
    """Read the bytes of a CSV file; every column is text."""
    data = body_of_utf8(data, file)
    if not data.strip():
        raise BadFile(EMPTY, file=file)
    declared, start = declared_separator(data)
    first = re.compile(rb"[^\r\n]").search(data, start)
    start = first.start() if first else start
    separator = declared or likeliest_separator(data, start)
    header, after = header_of(data, start)
    names = names_of(header, separator, file)
    if data.count(b'"') % 2:
        raise BadTable(_unclosed(data, file, start, separator))
    shape = first_rows(data, start, separator)
    raw = _read(data, after, len(names), separator, file, start, shape)
    rows = len(raw[0])
    filled = filled_rows(raw)
    if filled is not None:
        raw = [column.filter(filled) for column in raw]
    try:
        columns, raw = check_header(names, raw, file)
    except BadFile:
        refuse_misplaced_header(file, shape)
        raise

    @cache
    def lines() -> NDArray[np.int64]:
        found = _lines_of_rows(data, after, rows)
        if found is None:
            try:
                found = np.array([line for line, _ in _records(data, start, separator)][1:], np.int64)
            except _LongCell as long:
                raise _long_cell(file, long.line) from None
        return found if filled is None else found[filled.to_numpy()]

    kept = len(raw[0]) if raw else 0
    if kept and has_sum_below(raw):
        refuse_sum_below(
            file, [SheetRow(int(lines()[row]), cells_at(raw, row)) for row in range(max(kept - LAST, 0), kept)]
        )
    return Table(
        name=file,
        columns=columns,
        rows=kept,
        separator=separator,
        first_rows=tuple(shape),
        reading=Reading(file, "CSV", kept, line_at(data, start), "UTF-8", separator, blank=rows - kept),
        _raw=dict(zip(columns, raw, strict=True)),
        _lines=lines,
    )


def refuse_long_lines(path: Path) -> None:
    """Raises BadFile for a line that no table has, before the file is held in memory."""
    lines, length = 1, 0
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            ends = [at for at in (chunk.find(b"\n"), chunk.find(b"\r")) if at >= 0]
            if length + (min(ends) if ends else len(chunk)) > LONGEST:
                raise BadFile(LONG_LINE, file=path.name, line=lines, megabytes=LONGEST >> 20)
            length = len(chunk) - 1 - max(chunk.rfind(b"\n"), chunk.rfind(b"\r")) + (0 if ends else length)
            lines += chunk.count(b"\n") or chunk.count(b"\r")


def head_names(path: Path) -> tuple[str, ...]:
    """The names in the header of a CSV file, of which only the beginning is read."""
    with path.open("rb") as stream:
        data = stream.read(LOOK).removeprefix(codecs.BOM_UTF8)
    declared, start = declared_separator(data)
    separator = declared or likeliest_separator(data, start)
    names = csv.reader(io.StringIO(data[start:].decode(errors="replace"), newline=""), delimiter=separator)
    first = next((row for row in names if any(row)), [])
    return tuple(unicodedata.normalize("NFC", name).strip() for name in first)


def names_of(header: str, separator: str, file: str) -> list[str]:
    """The names in a header; raises BadFile where they are too many or too long."""
    try:
        names = next(csv.reader(io.StringIO(header, newline=""), delimiter=separator))
    except csv.Error:
        raise _long_cell(file, 1) from None
    if len(names) > COLUMNS:
        raise BadFile(MANY_COLUMNS, file=file, count=len(names), most=COLUMNS)
    return names


def filled_rows(columns: list[pa.ChunkedArray]) -> pa.ChunkedArray | None:
    """Which rows hold anything, or None when all do: Excel leaves rows of bare separators below a table."""
    empty = None
    for column in columns:
        null = pc.is_null(column)
        empty = null if empty is None else pc.and_(empty, null)
        if not pc.any(empty, min_count=0).as_py():
            return None
    return pc.invert(empty)


def _lines_of_rows(data: bytes, after: int, rows: int) -> NDArray[np.int64] | None:
    """The lines when each row is one line, as nearly always; None when blank lines or long cells stand between."""
    if len(LINE_END.findall(data, after)) != rows - (not data.endswith((b"\n", b"\r"))):
        return None
    first = len(LINE_END.findall(data, 0, after)) + 1
    return np.arange(first, first + rows)


def first_rows(data: bytes, start: int, separator: str) -> list[SheetRow]:
    """The first rows with their filled cells, the header among them."""
    found = []
    try:
        for line, record in _records(data[: start + LOOK], start, separator):
            cells = {place: cell.strip() for place, cell in enumerate(record) if cell.strip()}
            if cells:
                found.append(SheetRow(line, cells))
            if len(found) == FIRST:
                break
    except _LongCell:
        pass
    return found


def cells_at(columns: list[pa.ChunkedArray], row: int) -> dict[int, str]:
    """The filled cells of a row by place."""
    found = ((place, column[row].as_py()) for place, column in enumerate(columns))
    return {place: value.strip() for place, value in found if value and value.strip()}


def has_sum_below(columns: list[pa.ChunkedArray]) -> bool:
    """Whether a sum stands among the last rows."""
    rows = len(columns[0])
    return any(is_sum(SheetRow(0, cells_at(columns, row))) for row in range(max(rows - LAST, 0), rows))


def line_at(data: bytes, start: int) -> int:
    """The line on which a byte stands."""
    return len(LINE_END.findall(data, 0, start)) + 1


def header_of(data: bytes, start: int) -> tuple[str, int]:
    """The text of the header, which may span lines inside quotation marks, and where the next line begins."""
    end, quotes = start, 0
    while True:
        line_end = LINE_END.search(data, end)
        quotes += data.count(b'"', end, line_end.end() if line_end else len(data))
        end = line_end.end() if line_end else len(data)
        if quotes % 2 == 0 or line_end is None:
            return data[start:end].decode(), end


def _read(
    data: bytes, after: int, width: int, separator: str, file: str, start: int, shape: list[SheetRow]
) -> list[pa.ChunkedArray]:
    if not data[after:].strip():
        return [pa.chunked_array([], pa.string())] * width
    try:
        options = options_of(width, separator, quotes=b'"' in data, block=BLOCK)
        table = pacsv.read_csv(pa.BufferReader(pa.py_buffer(data).slice(after)), **options)
    except pa.ArrowInvalid as error:
        try:
            ragged = _ragged(data, file, start, separator, width)
        except _LongCell as found:
            raise _long_cell(file, found.line) from error
        if ragged:
            refuse_misplaced_header(file, shape)
            raise BadTable(ragged) from error
        raise BadFile(UNREADABLE, file=file, reason=str(error)) from error
    return table.columns


def options_of(width: int, separator: str, *, quotes: bool, block: int) -> dict[str, Any]:
    """How PyArrow is to read the lines below the header: every cell as text, an empty one as missing."""
    names = [str(index) for index in range(width)]
    return {
        "read_options": pacsv.ReadOptions(column_names=names, block_size=block),
        "parse_options": pacsv.ParseOptions(delimiter=separator, newlines_in_values=quotes),
        "convert_options": pacsv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), null_values=[""], strings_can_be_null=True
        ),
    }


def _records(data: bytes, start: int, separator: str) -> Iterator[tuple[int, list[str]]]:
    """The slow and exact reading: each record that is not blank, with the line on which it begins."""
    line = line_at(data, start)
    text = io.TextIOWrapper(io.BytesIO(data[start:]), encoding="utf-8", errors="replace", newline="")
    reader = csv.reader(text, delimiter=separator)
    read = 0
    try:
        for record in reader:
            if record:
                yield line + read, record
            read = reader.line_num
    except csv.Error:
        raise _LongCell(line + read) from None


class _LongCell(Exception):
    """A record has a cell longer than any table's; it begins on this line."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


def _long_cell(file: str, line: int) -> BadTable:
    return BadTable([CellProblem(file, line, "", SipasError(LONG_CELL, letters=LONGEST))])


def _ragged(data: bytes, file: str, start: int, separator: str, width: int) -> list[CellProblem]:
    found: list[CellProblem] = []
    for line, record in _records(data, start, separator):
        if len(record) != width and len(found) < KEPT:
            template = TOO_FEW if len(record) < width else TOO_MANY
            shown = {"\t": "Tab"}.get(separator, separator)
            reason = SipasError(template, found=len(record), expected=width, separator=shown)
            found.append(CellProblem(file, line, "", reason))
    return found


def _unclosed(data: bytes, file: str, start: int, separator: str) -> list[CellProblem]:
    last = 1
    try:
        for line, _ in _records(data, start, separator):
            last = line
    except _LongCell as found:
        last = found.line
    return [CellProblem(file, last, "", SipasError(UNCLOSED))]
