"""One door for all kinds of tables: the content says what a file is, not its name."""

from __future__ import annotations

import os
import re
import zipfile
from dataclasses import replace
from pathlib import Path

from sipas.errors import N_, BadFile, SipasError, first_few
from sipas.tables.account import note_reading
from sipas.tables.table import Table

NOT_THERE = N_("{file} does not exist")
IS_FOLDER = N_("{file} is a folder; name a file in it")
NOT_READABLE = N_("{file} cannot be opened: {reason}")
NO_ROWS = N_("{file} has a header and no rows")
WEB_PAGE = N_("{file} is a web page, whatever its name ends in; open it in Excel and save it as .xlsx")
XML_SHEET = N_("{file} is a workbook in the XML form of 2003; open it in Excel and save it as .xlsx")
DOCUMENT = N_("{file} is no table but {kind}; save the table in it as .xlsx or as “CSV UTF-8”")
MANY_FILES = N_("{file} is a ZIP archive of {count} files ({names}); unpack it and give the one that is meant")
NO_FILE = N_("{file} is a ZIP archive without a table in it; unpack it and look what it holds")
SHEET_OF_TEXT = N_("{file} is no workbook and has no sheet “{sheet}”; leave out --sheet")
PDF, WORD, PICTURE = N_("a PDF document"), N_("a Word or PowerPoint document"), N_("a picture")
WORKBOOKS = ("workbook", "xls", "ods")
STARTS = ((b"%PDF", PDF), (b"{\\rtf", WORD), (b"\x89PNG", PICTURE), (b"\xff\xd8\xff", PICTURE))


def read_table(path: str | os.PathLike[str], *, rows_needed: bool = True, sheet: str = "", decimal: str = "") -> Table:
    """Read a CSV file (or a ZIP archive of one), a sheet of a workbook (.xlsx, .xls, .ods), or a Parquet file.

    sheet    of a workbook; the first that is not hidden where nothing is said
    decimal  "point" or "comma", the mark before decimals; judged by the numbers where nothing is said

    Raises `BadFile` when the file as a whole is unusable (absent, empty, not UTF-8, columns without a name or with
    the same one; header without rows unless `rows_needed` is false) and `BadTable` for single lines. The account of
    the reading stands in the table's `reading`, and among those of `gathered_readings`.
    """
    path = Path(path)
    kind = kind_of(path)
    if sheet and kind not in WORKBOOKS:
        raise BadFile(SHEET_OF_TEXT, file=path.name, sheet=sheet)
    if kind == "parquet":
        from sipas.tables.parquet import open_parquet

        table = open_parquet(path, path.name)
    elif kind == "workbook":
        from sipas.tables.workbook import read_workbook

        table = read_workbook(path, sheet=sheet)
    elif kind in ("xls", "ods"):
        from sipas.tables.old_workbook import read_old_workbook

        table = read_old_workbook(path, kind, sheet)
    elif kind == "archive":
        from sipas.tables.archive import read_archive

        table = read_archive(path)
    else:
        from sipas.tables.delimited import read_delimited, refuse_long_lines

        refuse_long_lines(path)
        table = read_delimited(path.read_bytes(), path.name)
    if rows_needed and not table.rows:
        raise BadFile(NO_ROWS, file=path.name)
    note_reading(table.reading)
    return replace(table, decimal=decimal)


def column_names(path: str | os.PathLike[str], sheet: str = "") -> tuple[str, ...]:
    """The names of a file's columns; of text and Parquet nothing but the header is read."""
    path = Path(path)
    kind = kind_of(path)
    if kind == "parquet":
        from sipas.tables.parquet import open_parquet

        return open_parquet(path, path.name).columns
    if kind != "delimited":
        return read_table(path, rows_needed=False, sheet=sheet if kind in WORKBOOKS else "").columns
    from sipas.tables.delimited import head_names

    return head_names(path)


def kind_of(path: Path) -> str:
    """Whether it is `parquet`, a `workbook`, `xls`, `ods`, an `archive` or `delimited` text; refuses all else."""
    if path.is_dir():
        raise BadFile(IS_FOLDER, file=str(path))
    try:
        with path.open("rb") as stream:
            start = stream.read(2048)
    except FileNotFoundError:
        raise BadFile(NOT_THERE, file=str(path)) from None
    except OSError as error:
        raise BadFile(NOT_READABLE, file=str(path), reason=error.strerror or str(error)) from error
    if start.startswith(b"PAR1"):
        return "parquet"
    if start.startswith(b"PK\x03\x04"):
        return _kind_of_archive(path)
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        return "xls"
    for mark, kind in STARTS:
        if start.startswith(mark):
            raise BadFile(DOCUMENT, file=path.name, kind=SipasError(kind))
    begins = start.removeprefix(b"\xef\xbb\xbf").replace(b"\0", b"").lstrip(b"\xff\xfe \t\r\n").lower()
    if re.match(rb"<(!doctype html|html|head|body|table|meta)\b|mime-version:", begins):
        raise BadFile(WEB_PAGE, file=path.name)
    if begins.startswith(b"<?xml"):
        raise BadFile(XML_SHEET if b"spreadsheet" in begins else WEB_PAGE, file=path.name)
    return "delimited"


def _kind_of_archive(path: Path) -> str:
    """What a ZIP archive is, by the names of its parts; a damaged one is taken for a workbook, whose reader says so."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return "workbook"
    if "[Content_Types].xml" in names or any(name.startswith("xl/") for name in names):
        if any(name.startswith(("word/", "ppt/")) for name in names):
            raise BadFile(DOCUMENT, file=path.name, kind=SipasError(WORD))
        return "workbook"
    if "mimetype" in names and "content.xml" in names:
        return "ods"
    inside = [name for name in names if not name.endswith("/") and not name.startswith("__MACOSX/")]
    if not inside:
        raise BadFile(NO_FILE, file=path.name)
    if len(inside) > 1:
        shown = first_few(inside, 5)
        raise BadFile(MANY_FILES, file=path.name, count=len(inside), names=shown)
    return "archive"
