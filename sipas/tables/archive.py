"""A ZIP archive of one text file, as forms on the web hand out their answers."""

from __future__ import annotations

from pathlib import Path

from sipas.errors import N_, BadFile, SipasError
from sipas.tables.delimited import read_delimited
from sipas.tables.package import opened_workbook
from sipas.tables.table import Table

MOST = 1 << 30  # bytes unpacked
INSIDE = N_("{file}: the file {inside} in it is read")
NOT_TEXT = N_("{file} is a ZIP archive of one file, {inside}; unpack it and give that file")


def read_archive(path: Path) -> Table:
    """Read the one text file of an archive. Raises BadFile where it is another kind of file, or too large unpacked."""
    with opened_workbook(path) as package:
        (inside,) = (
            name for name in package.archive.namelist() if not name.endswith("/") and not name.startswith("__MACOSX/")
        )
        if not inside.lower().endswith((".csv", ".txt", ".tsv")):
            raise BadFile(NOT_TEXT, file=path.name, inside=inside)
        data = b"".join(package.chunks(inside, MOST))
    table = read_delimited(data, path.name)
    table.reading.doubt(SipasError(INSIDE, file=path.name, inside=inside))
    return table
