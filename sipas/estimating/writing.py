"""Tables into a file by its suffix: CSV that Excel reads, a workbook, or Parquet; never half a file."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sipas.errors import N_, BadFile
from sipas.files.destinations import whole_file
from sipas.files.disk_space import is_full
from sipas.files.formula_marks import CODE, marked

if TYPE_CHECKING:
    import pyarrow as pa


_SHARES = (
    "estimate",
    "other_estimate",
    "difference",
    "se",
    "low",
    "high",
    "target",
    "response",
    "composition",
    "overlap",
)
SHARES = {*_SHARES, *(f"margin_{name}" for name in _SHARES)}
TRIED = "at_"
"""Columns of shares, which a workbook shows in percent: by name, adjusted, and what a trial of self-selection makes."""

CODES = frozenset(
    (
        "unit",
        "field",
        "point",
        "month",
        "stratum",
        "psu",
        "channel",
        "form",
        "language",
        "sex",
        "age",
        "wave",
        "of",
        "with",
    )
)
"""Columns that hold codes where they hold a word by itself: such a word bears no mark, though it begin with - or @."""


def flat(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Rows for scripts as a table for files: a domain becomes a column for each of its keys, a list one text.

    >>> flat([{"domain": {"unit": "03646"}, "n": 3, "flags": ["edge", "review"]}, {"domain": {}, "n": 4, "flags": []}])[
    ...     "unit"
    ... ].to_pylist()
    ['03646', None]
    """
    import pyarrow as pa

    plain = [key for key in rows[0] if not key.endswith("domain")] if rows else []
    columns: dict[str, list[Any]] = {}
    for key in rows[0] if rows else []:
        if key.endswith("domain"):
            prefix = key.removesuffix("domain").replace("_", ".")
            for name in dict.fromkeys(name for row in rows for name in row[key]):
                free = f"{prefix}{name}" if prefix or name not in plain else f"domain.{name}"
                columns[free] = [row[key].get(name) for row in rows]
        else:
            columns[key] = ["; ".join(row[key]) if isinstance(row[key], list) else row[key] for row in rows]
    return pa.table(columns)


def write_table(table: pa.Table, path: str | os.PathLike[str], notes: Sequence[str] = ()) -> None:
    """Write a table; the file appears complete or not at all, an older one of that name is replaced.

    Columns of the domains hold codes as text, so `03646` keeps its zero in a workbook and in Parquet. What a careful
    reader should be told goes along: as a second sheet of a workbook, as metadata `notes` (a JSON list) of Parquet. CSV
    has no place for it. In CSV and workbooks labels that a spreadsheet would take for formulas are marked
    (`sipas.files.formula_marks`).
    """
    path = Path(path)
    write = WRITERS[path.suffix.lower()]
    try:
        with whole_file(path) as partial:
            write(table, partial, notes)
    except OSError as error:
        if is_full(error):
            raise  # said alike by every command
        raise BadFile(
            N_("{file} cannot be written: {reason}"), file=str(path), reason=error.strerror or str(error)
        ) from error


def _write_csv(table: pa.Table, path: Path, _notes: Sequence[str]) -> None:
    """UTF-8 with a byte order mark, without which Excel garbles Vietnamese."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(map(marked, table.column_names))
        for row in _marked_rows(table):
            writer.writerow(
                ["" if value is None else repr(value) if isinstance(value, float) else value for value in row]
            )


def _write_workbook(table: pa.Table, path: Path, notes: Sequence[str]) -> None:
    import xlsxwriter

    with path.open("wb") as file, xlsxwriter.Workbook(file, {"constant_memory": True}) as book:
        sheet = book.add_worksheet("estimates")
        share = book.add_format({"num_format": "0.0%"})
        bold = book.add_format({"bold": True})
        sheet.freeze_panes(1, 0)
        for column, name in enumerate(table.column_names):
            sheet.write_string(0, column, marked(name), bold)
        formats = [share if name in SHARES or name.startswith(TRIED) else None for name in table.column_names]
        for line, row in enumerate(_marked_rows(table), start=1):
            for column, value in enumerate(row):
                if isinstance(value, str):
                    sheet.write_string(line, column, value)
                elif value is not None:
                    sheet.write_number(line, column, value, formats[column])
        sheet.autofilter(0, 0, table.num_rows, table.num_columns - 1)
        if notes:
            beside = book.add_worksheet("notes")
            beside.set_column(0, 0, 120, book.add_format({"text_wrap": True}))
            for line, note in enumerate(notes):
                beside.write_string(line, 0, note)


def _write_parquet(table: pa.Table, path: Path, notes: Sequence[str]) -> None:
    import pyarrow.parquet as pq

    if notes:
        told = json.dumps(list(notes), ensure_ascii=False)
        table = table.replace_schema_metadata({**(table.schema.metadata or {}), "notes": told})
    pq.write_table(table, path, compression="zstd")


def _marked_rows(table: pa.Table) -> Iterator[list[Any]]:
    """The rows as plain values, with labels marked."""
    holds_codes = [name.rpartition(".")[2] in CODES for name in table.column_names]
    for row in _rows(table):
        yield [
            marked(value) if isinstance(value, str) and not (is_code and CODE.fullmatch(value)) else value
            for value, is_code in zip(row, holds_codes, strict=True)
        ]


def _rows(table: pa.Table) -> Any:
    """The rows as plain values; lists of words become one text."""
    columns = [column.to_pylist() for column in table.columns]
    for row in zip(*columns, strict=True):
        yield ["; ".join(value) if isinstance(value, list) else value for value in row]


WRITERS: dict[str, Callable[[pa.Table, Path, Sequence[str]], None]] = {
    ".csv": _write_csv,
    ".xlsx": _write_workbook,
    ".parquet": _write_parquet,
}
