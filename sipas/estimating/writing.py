"""Estimates into a file by its suffix: CSV that Excel reads, a workbook, or Parquet; never half a file."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sipas.errors import N_, BadFile

if TYPE_CHECKING:
    import pyarrow as pa


def write_estimates(table: pa.Table, path: str | os.PathLike[str]) -> None:
    """Write the estimates; the file appears complete or not at all, an older one of that name is replaced.

    Columns of the domains hold codes as text, so `03646` keeps its zero in a workbook and in Parquet.
    """
    path = Path(path)
    write = WRITERS[path.suffix.lower()]
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        write(table, partial)
        os.replace(partial, path)
    except OSError as error:
        raise BadFile(
            N_("{file} cannot be written: {reason}"), file=str(path), reason=error.strerror or str(error)
        ) from error
    finally:
        partial.unlink(missing_ok=True)


def _write_csv(table: pa.Table, path: Path) -> None:
    """UTF-8 with a byte order mark, without which Excel garbles Vietnamese."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(table.column_names)
        for row in _rows(table):
            writer.writerow(
                ["" if value is None else repr(value) if isinstance(value, float) else value for value in row]
            )


def _write_workbook(table: pa.Table, path: Path) -> None:
    import xlsxwriter

    with path.open("wb") as file, xlsxwriter.Workbook(file, {"constant_memory": True}) as book:
        sheet = book.add_worksheet("estimates")
        share = book.add_format({"num_format": "0.0%"})
        bold = book.add_format({"bold": True})
        sheet.freeze_panes(1, 0)
        for column, name in enumerate(table.column_names):
            sheet.write_string(0, column, name, bold)
        shares = {"estimate", "se", "low", "high"} & set(table.column_names)
        formats = [share if name in shares else None for name in table.column_names]
        for line, row in enumerate(_rows(table), start=1):
            for column, value in enumerate(row):
                if isinstance(value, str):
                    sheet.write_string(line, column, value)
                elif value is not None:
                    sheet.write_number(line, column, value, formats[column])
        sheet.autofilter(0, 0, table.num_rows, table.num_columns - 1)


def _write_parquet(table: pa.Table, path: Path) -> None:
    import pyarrow.parquet as pq

    pq.write_table(table, path, compression="zstd")


def _rows(table: pa.Table) -> Any:
    """The rows as plain values; lists of words become one text."""
    columns = [column.to_pylist() for column in table.columns]
    for row in zip(*columns, strict=True):
        yield ["; ".join(value) if isinstance(value, list) else value for value in row]


WRITERS: dict[str, Callable[[pa.Table, Path], None]] = {
    ".csv": _write_csv,
    ".xlsx": _write_workbook,
    ".parquet": _write_parquet,
}
