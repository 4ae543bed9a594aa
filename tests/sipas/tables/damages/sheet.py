"""A table on its way to a file: what stands in it, and how it is written."""

from __future__ import annotations

import csv
import datetime as dt
import io
import random
import unicodedata
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import openpyxl

CODE, LABEL, NUMBER, COUNT, LEVEL, MONTH, DAY = "code", "label", "number", "count", "level", "month", "day"
NAMES = ("Phường Tô Hiệu", "Xã Chiềng Đông", "Xã Mường Hoà", "Thị trấn Thuỷ Điện")
CODES = ("03646", "03664", "03670", "03688")


@dataclass
class Sheet:
    """A table on its way to a file: names, the kind of each column, rows of texts, and how it will be written."""

    names: list[str]
    kinds: list[str]
    rows: list[list[str]]
    workbook: bool
    draw: random.Random
    separator: str = ","
    encoding: str = "utf-8"
    before: list[str] = field(default_factory=list)  # lines of text, or titles of a workbook
    second_header: list[str] | None = None
    after: list[list[str]] = field(default_factory=list)
    line_end: str = "\n"
    blank_after: int = 0  # an empty row after this one
    spare: bool = False  # a separator too many at each line's end
    cut: int = -1  # a row that lacks its last cell
    as_text: bool = False  # numbers of a workbook as texts
    days_as_cells: int | None = None  # a column whose days a workbook keeps as dates
    zip: bool = False
    html: bool = False
    edits: list[Callable[[openpyxl.Workbook], None]] = field(default_factory=list)
    done: list[str] = field(default_factory=list)

    def column(self, *kinds: str) -> int | None:
        """The place of a column of these kinds, drawn among them."""
        places = [place for place, kind in enumerate(self.kinds) if kind in kinds]
        return self.draw.choice(places) if places else None

    def rewrite(self, *kinds: str, to: Callable[[str], str], part: int = 1) -> bool:
        """Write a column of these kinds otherwise, in one of `part` rows; False where there is none."""
        place = self.column(*kinds)
        if place is None:
            return False
        for row in self.rows if part == 1 else self.draw.sample(self.rows, len(self.rows) // part):
            row[place] = to(row[place])
        return True

    def write(self, folder: Path) -> Path:
        """Lay it down as a file."""
        if self.html:
            cells = "".join(f"<tr>{''.join(f'<td>{c}</td>' for c in row)}</tr>" for row in [self.names, *self.rows])
            return _bytes(folder / "t.xls", f"<html><table>{cells}</table></html>".encode())
        return self._workbook(folder) if self.workbook else self._text(folder)

    def _text(self, folder: Path) -> Path:
        out = io.StringIO()
        writer = csv.writer(out, delimiter=self.separator, lineterminator=self.line_end)
        out.write("".join(line + self.line_end for line in self.before))
        for number, row in enumerate([self.names, *filter(None, [self.second_header]), *self.rows, *self.after]):
            writer.writerow([*(row[:-1] if number == self.cut else row), *([""] if self.spare else [])])
            if number and number == self.blank_after:
                out.write(self.line_end)
        text = out.getvalue()
        data = _tcvn3(text) if self.encoding == "tcvn3" else _encoded(text, self.encoding)
        if not self.zip:
            return _bytes(folder / "t.csv", data)
        with zipfile.ZipFile(folder / "t.zip", "w") as archive:
            archive.writestr("t.csv", data)
        return folder / "t.zip"

    def _workbook(self, folder: Path) -> Path:
        book = openpyxl.Workbook()
        sheet = book.active
        for title in self.before:
            sheet.append([title])
        sheet.append(self.names)
        if self.second_header:
            sheet.append([name or None for name in self.second_header])
        for number, row in enumerate(self.rows, 1):
            cells = [self._cell(value, kind) for value, kind in zip(row, self.kinds, strict=True)]
            if self.days_as_cells is not None:
                cells[self.days_as_cells] = _as_day(row[self.days_as_cells])
            sheet.append(cells)
            if number == self.blank_after:
                sheet.append([None])
                sheet.append([])
        for row in self.after:
            sheet.append([value or None for value in row])
        for edit in self.edits:
            edit(book)
        book.save(folder / "t.xlsx")
        return folder / "t.xlsx"

    def _cell(self, value: str, kind: str) -> object:
        if not value:
            return None
        if kind in (NUMBER, COUNT, LEVEL) and not self.as_text:
            try:
                return float(value) if "." in value else int(value)
            except ValueError:
                return value
        return value


def _as_day(text: str) -> object:
    """The date that a program takes a text for, or the text where it is none to it."""
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError:
        return text or None


def _bytes(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def _encoded(text: str, encoding: str) -> bytes:
    if encoding != "cp1258":
        return text.encode(encoding)
    kept = [c if c in "ăâđêôơưĂÂĐÊÔƠƯ" else unicodedata.normalize("NFD", c) for c in unicodedata.normalize("NFC", text)]
    return unicodedata.normalize("NFC", "".join(kept)).encode("cp1258", errors="replace")


def _tcvn3(text: str) -> bytes:
    from sipas.tables.old_fonts import TCVN3

    back = str.maketrans({letter: sign for sign, letter in TCVN3.items()})
    return text.translate(back).encode("latin-1", errors="replace")
