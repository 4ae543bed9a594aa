"""CSV as spreadsheets write it: comma, semicolon or tab; quoted fields; any line end; an optional `sep=` line."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
from numpy.typing import NDArray

from sipas.errors import N_, BadFile, SipasError
from sipas.tables.encoding import body_of_utf8
from sipas.tables.header import check_header
from sipas.tables.problems import KEPT, BadTable, CellProblem
from sipas.tables.table import Table

SEPARATORS = ",;\t"
LINE_END = re.compile(rb"\r\n|\n|\r")
BLOCK = 1 << 23

EMPTY = N_("{file} is empty")
UNCLOSED = N_('a quotation mark (") opens here and is never closed')
TOO_FEW = N_("{found} cells where the header has {expected}; is a separator missing?")
TOO_MANY = N_("{found} cells where the header has {expected}; put a text that holds “{separator}” in quotation marks")
UNREADABLE = N_("{file} cannot be read as a table: {reason}")


def read_delimited(data: bytes, file: str) -> Table:
    """Read the bytes of a CSV file; every column is text."""
    data = body_of_utf8(data, file)
    if not data.strip():
        raise BadFile(EMPTY, file=file)
    separator, start = declared_separator(data)
    first = re.compile(rb"[^\r\n]").search(data, start)
    start = first.start() if first else start
    header, after = header_of(data, start, separator)
    if not separator:
        separator = likeliest_separator(header)
        header, after = header_of(data, start, separator)
    names = next(csv.reader(io.StringIO(header, newline=""), delimiter=separator))
    if data.count(b'"') % 2:
        raise BadTable(_unclosed(data, file, start, separator))
    raw = _read(data, after, len(names), separator, file, start)
    rows = len(raw[0])
    filled = filled_rows(raw)
    if filled is not None:
        raw = [column.filter(filled) for column in raw]
    columns, raw = check_header(names, raw, file)

    @cache
    def lines() -> NDArray[np.int64]:
        found = _lines_of_rows(data, after, rows)
        if found is None:
            found = np.array([line for line, _ in _records(data, start, separator)][1:], np.int64)
        return found if filled is None else found[filled.to_numpy()]

    return Table(
        name=file,
        columns=columns,
        rows=len(raw[0]) if raw else 0,
        separator=separator,
        _raw=dict(zip(columns, raw, strict=True)),
        _lines=lines,
    )


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


def declared_separator(data: bytes) -> tuple[str, int]:
    """Excel reads, and some programs write, a first line `sep=;`."""
    declared = re.match(rb'"?sep=([,;\t])"?(\r\n|\n|\r)', data)
    return (declared[1].decode(), declared.end()) if declared else ("", 0)


def likeliest_separator(header: str) -> str:
    counts = Counter(re.sub(r'"[^"]*"', "", header))
    best = max(SEPARATORS, key=lambda separator: counts[separator])
    return best if counts[best] else ","


def header_of(data: bytes, start: int, separator: str) -> tuple[str, int]:
    """The text of the header, which may span lines inside quotation marks, and where the next line begins."""
    end = start
    while True:
        line_end = LINE_END.search(data, end)
        end = line_end.end() if line_end else len(data)
        header = data[start:end]
        if header.count(b'"') % 2 == 0 or line_end is None:
            return header.decode(), end


def _read(data: bytes, after: int, width: int, separator: str, file: str, start: int) -> list[pa.ChunkedArray]:
    if not data[after:].strip():
        return [pa.chunked_array([], pa.string())] * width
    try:
        options = options_of(width, separator, quotes=b'"' in data, block=BLOCK)
        table = pacsv.read_csv(pa.BufferReader(pa.py_buffer(data).slice(after)), **options)
    except pa.ArrowInvalid as error:
        ragged = _ragged(data, file, start, separator, width)
        if ragged:
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
    line = len(LINE_END.findall(data, 0, start)) + 1
    text = io.TextIOWrapper(io.BytesIO(data[start:]), encoding="utf-8", newline="")
    reader = csv.reader(text, delimiter=separator)
    read = 0
    for record in reader:
        if record:
            yield line + read, record
        read = reader.line_num


def _ragged(data: bytes, file: str, start: int, separator: str, width: int) -> list[CellProblem]:
    found = []
    for line, record in _records(data, start, separator):
        if len(record) != width and len(found) < KEPT:
            template = TOO_FEW if len(record) < width else TOO_MANY
            shown = {"\t": "Tab"}.get(separator, separator)
            reason = SipasError(template, found=len(record), expected=width, separator=shown)
            found.append(CellProblem(file, line, "", reason))
    return found


def _unclosed(data: bytes, file: str, start: int, separator: str) -> list[CellProblem]:
    last = 1
    for line, _ in _records(data, start, separator):
        last = line
    return [CellProblem(file, last, "", SipasError(UNCLOSED))]
