"""One door for all kinds of tables: the content says what a file is, not its name."""

from __future__ import annotations

import os
from pathlib import Path

from sipas.errors import N_, BadFile
from sipas.tables.table import Table

NOT_THERE = N_("{file} does not exist")
IS_FOLDER = N_("{file} is a folder; name a file in it")
NOT_READABLE = N_("{file} cannot be opened: {reason}")
OLD_EXCEL = N_("{file} is an old .xls workbook or is locked with a password; save it in Excel as .xlsx without one")
NO_ROWS = N_("{file} has a header and no rows")


def read_table(path: str | os.PathLike[str], *, rows_needed: bool = True) -> Table:
    """Read a CSV file, the first sheet of an Excel workbook, or a Parquet file.

    Raises `BadFile` when the file as a whole is unusable (absent, empty, not UTF-8, columns without a name or with
    the same one; header without rows unless `rows_needed` is false) and `BadTable` for single lines.
    """
    path = Path(path)
    file = path.name
    kind = kind_of(path)
    if kind == "parquet":
        from sipas.tables.parquet import open_parquet

        table = open_parquet(path, file)
    elif kind == "workbook":
        from sipas.tables.workbook import read_workbook

        table = read_workbook(path)
    else:
        from sipas.tables.delimited import read_delimited, refuse_long_lines

        refuse_long_lines(path)
        table = read_delimited(path.read_bytes(), file)
    if rows_needed and not table.rows:
        raise BadFile(NO_ROWS, file=file)
    return table


def kind_of(path: Path) -> str:
    """Whether it is a `parquet` file, a `workbook` or `delimited` text; refuses what cannot be opened."""
    if path.is_dir():
        raise BadFile(IS_FOLDER, file=str(path))
    try:
        with path.open("rb") as stream:
            start = stream.read(8)
    except FileNotFoundError:
        raise BadFile(NOT_THERE, file=str(path)) from None
    except OSError as error:
        raise BadFile(NOT_READABLE, file=str(path), reason=error.strerror or str(error)) from error
    if start.startswith(b"PAR1"):
        return "parquet"
    if start.startswith(b"PK\x03\x04"):
        return "workbook"
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        raise BadFile(OLD_EXCEL, file=path.name)
    return "delimited"
