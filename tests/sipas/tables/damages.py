"""Tables as they should be, and the ways in which offices damage them, so that doors can be tried with any mixture."""

from __future__ import annotations

import csv
import io
import random
import unicodedata
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import openpyxl

CODE, LABEL, NUMBER, COUNT, LEVEL, MONTH = "code", "label", "number", "count", "level", "month"
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
    zip: bool = False
    html: bool = False
    edits: list[Callable[[openpyxl.Workbook], None]] = field(default_factory=list)
    done: list[str] = field(default_factory=list)

    def column(self, *kinds: str) -> int | None:
        """The place of a column of these kinds, drawn among them."""
        places = [place for place, kind in enumerate(self.kinds) if kind in kinds]
        return self.draw.choice(places) if places else None

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
            sheet.append([self._cell(value, kind) for value, kind in zip(row, self.kinds, strict=True)])
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


Damage = Callable[[Sheet], bool]
"""Changes the sheet, or returns False where it does not fit."""
DAMAGES: dict[str, Damage] = {}


def damage(change: Damage) -> Damage:
    """Notes a kind of damage under its name."""
    DAMAGES[change.__name__] = change
    return change


def damaged(sheet: Sheet, count: int) -> Sheet:
    """The sheet after so many kinds of damage that fit, drawn among all."""
    for name in sheet.draw.sample(sorted(DAMAGES), len(DAMAGES)):
        if len(sheet.done) == count:
            break
        if DAMAGES[name](sheet):
            sheet.done.append(name)
    return sheet


@damage
def title_above(sheet: Sheet) -> bool:
    sheet.before += ["UBND TỈNH SƠN LA", "BẢNG TỔNG HỢP"][: sheet.draw.randint(1, 2)]
    return True


@damage
def sum_below(sheet: Sheet) -> bool:
    word = sheet.draw.choice(["Tổng cộng", "TỔNG", "Cộng", "Total"])
    sheet.after.append([word, *("999" if kind in (NUMBER, COUNT) else "" for kind in sheet.kinds[1:])])
    return True


@damage
def header_of_two_rows(sheet: Sheet) -> bool:
    if len(sheet.names) < 3:
        return False
    below = sheet.names[-2:]
    sheet.second_header = ["" for _ in sheet.names[:-2]] + below
    sheet.names = [*sheet.names[:-2], "Mức độ hài lòng", ""]
    return True


@damage
def merged_cells(sheet: Sheet) -> bool:
    place = sheet.column(CODE, LABEL)
    if not sheet.workbook or place is None:
        return False
    top = len(sheet.before) + 2 + bool(sheet.second_header)
    sheet.edits.append(
        lambda book: book.active.merge_cells(
            start_row=top + 1, end_row=top + 4, start_column=place + 1, end_column=place + 1
        )
    )
    return True


@damage
def hidden_rows(sheet: Sheet) -> bool:
    def hide(book: openpyxl.Workbook) -> None:
        for row in (5, 8):
            book.active.row_dimensions[row].hidden = True

    sheet.edits.append(hide)
    return sheet.workbook


@damage
def another_sheet_first(sheet: Sheet) -> bool:
    def add(book: openpyxl.Workbook) -> None:
        other = book.create_sheet("Nháp", 0)
        other.append(sheet.names)
        other.append(sheet.rows[0])
        book.active = 1

    sheet.edits.append(add)
    return sheet.workbook and not sheet.edits[:-1]


@damage
def hidden_sheet_first(sheet: Sheet) -> bool:
    def add(book: openpyxl.Workbook) -> None:
        other = book.create_sheet("Cũ", 0)
        other.append(sheet.names)
        other.append(sheet.rows[0])
        other.sheet_state = "hidden"
        book.active = 1

    sheet.edits.append(add)
    return sheet.workbook and not sheet.edits[:-1]


@damage
def error_cells(sheet: Sheet) -> bool:
    place = sheet.column(CODE, LABEL, NUMBER, COUNT, LEVEL)
    if place is None:
        return False
    for row in sheet.draw.sample(sheet.rows, 2):
        row[place] = sheet.draw.choice(["#N/A", "#REF!", "#DIV/0!"])
    return True


@damage
def thousands_with_points(sheet: Sheet) -> bool:
    return _grouped(sheet, ".", ";")


@damage
def thousands_with_commas(sheet: Sheet) -> bool:
    return _grouped(sheet, ",", ",")


@damage
def thousands_with_blanks(sheet: Sheet) -> bool:
    return _grouped(sheet, "\u00a0", ";")


def _grouped(sheet: Sheet, sign: str, separator: str) -> bool:
    """Whole numbers as Excel shows them, 1250 as 1.250; those below a thousand as they are."""
    place = sheet.column(NUMBER, COUNT)
    if place is None or any("." in row[place] for row in sheet.rows):
        place = sheet.column(COUNT)
    if place is None or not any(len(row[place]) > 3 for row in sheet.rows):
        return False
    for row in sheet.rows:
        row[place] = f"{int(row[place]):,}".replace(",", sign) if row[place].isdigit() else row[place]
    sheet.separator, sheet.as_text = separator, True
    return True


@damage
def decimal_commas(sheet: Sheet) -> bool:
    place = sheet.column(NUMBER)
    if place is None:
        return False
    for row in sheet.rows:
        row[place] = row[place].replace(".", ",")
    sheet.separator = ";"
    return True


@damage
def blanks_nobody_sees(sheet: Sheet) -> bool:
    sign = sheet.draw.choice(["\u00a0", "\u200b", "  "])
    return _spelt(sheet, lambda text: text.replace(" ", sign if sign != "\u200b" else " \u200b", 1))


@damage
def letters_in_parts(sheet: Sheet) -> bool:
    return _spelt(sheet, lambda text: unicodedata.normalize("NFD", text))


@damage
def another_letter_d(sheet: Sheet) -> bool:
    return _spelt(sheet, lambda text: text.replace("Đ", "Ð"))


@damage
def tones_in_new_places(sheet: Sheet) -> bool:
    return _spelt(sheet, lambda text: text.replace("Hoà", "Hòa").replace("Thuỷ", "Thủy"))


@damage
def blanks_around(sheet: Sheet) -> bool:
    return _spelt(sheet, lambda text: f" {text} ")


def _spelt(sheet: Sheet, change: Callable[[str], str]) -> bool:
    """Some rows spell their labels otherwise."""
    place = sheet.column(LABEL)
    if place is None:
        return False
    for row in sheet.draw.sample(sheet.rows, len(sheet.rows) // 2):
        row[place] = change(row[place])
    return True


@damage
def codes_without_zeros(sheet: Sheet) -> bool:
    place = sheet.column(CODE)
    if place is None:
        return False
    for row in sheet.draw.sample(sheet.rows, len(sheet.rows) // 3):
        row[place] = row[place].lstrip("0")
    return True


@damage
def another_encoding(sheet: Sheet) -> bool:
    sheet.encoding = sheet.draw.choice(["utf-16", "cp1258", "tcvn3", "utf-8-sig"])
    return not sheet.workbook and LABEL in sheet.kinds


@damage
def another_line_end(sheet: Sheet) -> bool:
    sheet.line_end = sheet.draw.choice(["\r\n", "\r"])
    return not sheet.workbook


@damage
def another_separator(sheet: Sheet) -> bool:
    if sheet.workbook or sheet.separator != ",":
        return False
    sheet.separator = sheet.draw.choice(";\t")
    return True


@damage
def a_declared_separator(sheet: Sheet) -> bool:
    if sheet.workbook or sheet.before:
        return False
    sheet.before, sheet.separator = ["sep=;"], ";"
    return True


@damage
def separators_at_the_end(sheet: Sheet) -> bool:
    sheet.spare = True
    return not sheet.workbook


@damage
def an_empty_row(sheet: Sheet) -> bool:
    sheet.blank_after = sheet.draw.randint(2, len(sheet.rows) - 1)
    return True


@damage
def a_name_twice(sheet: Sheet) -> bool:
    if sheet.second_header:
        return False
    sheet.names = [*sheet.names, sheet.names[0]]
    sheet.kinds = [*sheet.kinds, LABEL]
    for row in sheet.rows:
        row.append("x")
    return True


@damage
def a_column_without_a_name(sheet: Sheet) -> bool:
    if sheet.second_header:
        return False
    sheet.names = [*sheet.names, ""]
    sheet.kinds = [*sheet.kinds, "other"]
    for row in sheet.rows:
        row.append("ghi chú")
    return True


@damage
def formulas_without_values(sheet: Sheet) -> bool:
    place = sheet.column(NUMBER, COUNT, LEVEL)
    if not sheet.workbook or place is None:
        return False
    sheet.rows[1][place] = "=1+1"
    return True


@damage
def a_web_page(sheet: Sheet) -> bool:
    sheet.html = True
    return True


@damage
def an_archive(sheet: Sheet) -> bool:
    sheet.zip = True
    return not sheet.workbook


@damage
def numbers_as_texts(sheet: Sheet) -> bool:
    sheet.as_text = True
    return sheet.workbook


@damage
def some_numbers_as_texts(sheet: Sheet) -> bool:
    place = sheet.column(COUNT)
    if not sheet.workbook or place is None or sheet.as_text or sheet.before or sheet.second_header:
        return False

    def change(book: openpyxl.Workbook) -> None:
        for line, row in enumerate(sheet.rows[: len(sheet.rows) // 2], 2):
            if row[place].isdigit():
                book.worksheets[-1].cell(line, place + 1).value = f"{int(row[place]):,}".replace(",", ".")

    sheet.edits.append(change)
    return len(sheet.edits) == 1 and not sheet.blank_after and any(len(row[place]) > 3 for row in sheet.rows[:10])


@damage
def a_missing_cell(sheet: Sheet) -> bool:
    sheet.cut = 3
    return not sheet.workbook


@damage
def levels_with_decimals(sheet: Sheet) -> bool:
    place = sheet.column(LEVEL)
    if place is None:
        return False
    mark = sheet.draw.choice([".0", ",0"])
    for row in sheet.draw.sample(sheet.rows, 5):
        row[place] += mark if row[place].isdigit() else ""
    return True


@damage
def short_months(sheet: Sheet) -> bool:
    place = sheet.column(MONTH)
    if place is None:
        return False
    for row in sheet.rows:
        row[place] = row[place].replace("-0", "-")
    return True


@damage
def months_as_dates(sheet: Sheet) -> bool:
    place = sheet.column(MONTH)
    if place is None or "-" not in sheet.rows[0][place]:
        return False
    for row in sheet.rows:
        row[place] += "-01"
    return True


@damage
def a_row_twice(sheet: Sheet) -> bool:
    if MONTH not in sheet.kinds:
        return False
    sheet.rows.append(list(sheet.rows[0]))
    return True
