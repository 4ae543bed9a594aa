"""An officer with a table of sentences: exports it, fills it in, hands it back."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Callable
from pathlib import Path

from openpyxl import load_workbook

import surveys
from sipas.wordings.importing import ImportedWording, import_wording
from sipas.wordings.table import COLUMNS, write_wording_table

TODAY = dt.date(2026, 12, 1)
Row = dict[str, str]


def official(address: str) -> Row:
    """What an officer writes for an item."""
    return {"sentence": f"Câu chính thức về {address}", "place": f"Phụ lục I, {address}"}


def exported(folder: Path, code: str = "service-2024", version: int | None = None, suffix: str = ".csv") -> Path:
    path = folder / f"sentences-{version}{suffix}"
    path.unlink(missing_ok=True)
    write_wording_table(path, surveys.load(code, version))
    return path


def rows_of(path: Path) -> list[Row]:
    """The rows as the file holds them, under the columns' own names."""
    if path.suffix == ".xlsx":
        lines = [["" if cell is None else str(cell) for cell in row] for row in load_workbook(path).active.values]
    else:
        lines = list(csv.reader(path.read_text("utf-8-sig").splitlines(), delimiter=";"))
    return [dict(zip(COLUMNS, line, strict=True)) for line in lines[1:]]


def filled_in(path: Path, change: Callable[[Row], None] = lambda _row: None) -> Path:
    """The file with an official sentence in every row that waits for one, then with `change` for each row."""
    rows = rows_of(path)
    for row in rows:
        if not row["sentence"]:
            row |= official(row["address"])
        change(row)
    return put(path, [row for row in rows if row])


def put(path: Path, rows: list[Row]) -> Path:
    """Write the rows into the file under the heads that it has."""
    if path.suffix == ".xlsx":
        book = load_workbook(path)
        sheet = book.active
        sheet.delete_rows(2, sheet.max_row)
        for row in rows:
            sheet.append([value or None for value in row.values()])
        book.save(path)
        return path
    head = path.read_text("utf-8-sig").splitlines()[0]
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        file.write(head + "\r\n")
        csv.writer(file, delimiter=";", lineterminator="\r\n").writerows(list(row.values()) for row in rows)
    return path


def made(home: Path, path: Path) -> ImportedWording:
    return import_wording(home, path, by="Nguyễn Thị A", basis="Quyết định 1001/QĐ-BNV, phụ lục I", today=TODAY)


def a_wording(home: Path, folder: Path, change: Callable[[Row], None] = lambda _row: None, **of) -> ImportedWording:
    """A new version with official sentences, in the home and found from now on."""
    surveys.also_from(home / "instruments")
    return made(home, filled_in(exported(folder, **of), change))
