"""The cells of a worksheet as a stream: row by row into columns of text, and what is wrong with single cells.

Thirty million cells pass here; so this is one function with plain variables, and each cell costs some five calls.
"""

from __future__ import annotations

import datetime as dt
import re
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field

from sipas.errors import N_, SipasError
from sipas.tables.book import Formats
from sipas.tables.package import LONG_CELL, TOO_DEEP, DamagedWorkbook, Package, Refused, local, parse_xml
from sipas.tables.problems import KEPT, CellProblem
from sipas.tables.shape import FIRST, SheetRow
from sipas.tables.table import number_as_text
from sipas.tables.texts import Texts, plain

ERROR = N_("cell {cell} holds the error {value}; correct it in Excel, or leave the cell empty")
FORMULA = N_("the formula in cell {cell} has no stored result; open the workbook in Excel and save it again")
OUTSIDE = N_("“{value}” stands outside the named columns; name its column in the header, or delete it")
BLANKS = N_("it has more than {most} cells without a value; delete the empty rows and columns around the table")
PLACES = N_("its table has more than {most} cells, rows times columns")
COLUMNS = N_("it has more than {most} columns")

ROWS, LAST_COLUMN = 1_048_576, 16_384  # as many as Excel has
LAST = 3  # rows that are looked at for a sum
REMEMBERED = 200_000
FEW_ROWS = 1_024  # at once, of a table without names
SHOWN = 40  # letters of a value in a complaint
# The elements that count; all others are passed over.
DATA, ROW, CELL, VALUE, FORMULA_OF, TEXT, SOUND, MERGED, COLUMN = range(1, 10)
KINDS = {"sheetData": DATA, "row": ROW, "c": CELL, "v": VALUE, "f": FORMULA_OF, "t": TEXT, "rPh": SOUND}
KINDS |= {"mergeCell": MERGED, "col": COLUMN}
MERGES = 10_000  # that are kept
GROUP = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}")
DAY = re.compile(r"\d{1,2}[/.-]\d{1,2}[/.-](\d\d|\d{4})")


@dataclass
class Found:
    """Complaints of one kind: the first thousand, and how many there are."""

    kept: list[CellProblem] = field(default_factory=list)
    count: int = 0

    def add(self, file: str, row: int, column: str, template: str, **values: object) -> None:
        """One more."""
        self.count += 1
        if len(self.kept) < KEPT:
            self.kept.append(CellProblem(file, row, column, SipasError(template, **values)))


@dataclass
class Sheet:
    """What was found beside the values, which are handed on as they come."""

    names: list[str] = field(default_factory=list)
    header: int = 0  # the row of the names
    lines: array = field(default_factory=lambda: array("q"))
    first: list[SheetRow] = field(default_factory=list)  # the rows that come first, the header among them
    last: list[SheetRow] = field(default_factory=list)
    numeric: set[int] = field(default_factory=set)  # columns in which a number stands
    filled: set[int] = field(default_factory=set)  # columns in which anything stands
    dated: set[int] = field(default_factory=set)  # columns in which a cell is a date to Excel
    grouped: dict[int, tuple[int, str]] = field(default_factory=dict)  # row and value of a text like 1.250
    days: dict[int, tuple[int, str]] = field(default_factory=dict)  # row and value of a text like 02/03/2026
    hidden: list[int] = field(default_factory=list)  # rows with something in them
    hidden_columns: set[int] = field(default_factory=set)
    merged: list[str] = field(default_factory=list)  # A2:A61
    errors: dict[int, Found] = field(default_factory=dict)  # by column
    formulas: Found = field(default_factory=Found)  # without results
    outside: Found = field(default_factory=Found)


Sink = Callable[[list[list[str | None]], int], None]
"""Takes columns of cells and how many rows of them count; the lists are not touched again."""


class Numbers:
    """The text of a stored number, as the sheet shows it."""

    def __init__(self, formats: Formats, from_1904: bool) -> None:
        self._formats, self._from_1904 = formats, from_1904
        self._known: dict[str, str] = {}
        self.dates = formats.dates
        self._special = formats.dates | formats.zeros.keys()

    def text(self, written: str, style: int) -> tuple[str, bool]:
        """The text, and whether it stays a number in the eyes of a reader: a code with its zeros and a day are none."""
        if style in self._special:
            return self._shown(written, style), False
        text = self._known.get(written)
        if text is None:
            text = number_as_text(_number(written))
            if len(self._known) < REMEMBERED:
                self._known[written] = text
        return text, True

    def _shown(self, written: str, style: int) -> str:
        digits = self._formats.zeros.get(style)
        if digits:
            return number_as_text(_number(written)).zfill(digits)
        from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH, from_excel

        epoch = MAC_EPOCH if self._from_1904 else WINDOWS_EPOCH
        try:
            return day_or_time(from_excel(_number(written), epoch, timedelta=style in self._formats.durations))
        except (OverflowError, ValueError):
            return "#VALUE!"  # as Excel shows it


def _number(written: str) -> float:
    """As precise as it is written: an integer stays one."""
    return float(written) if any(mark in written for mark in ".eE") or len(written) > SHOWN else int(written)


def day_or_time(value: object) -> str:
    """2026-03-02 for the midnight that Excel stores for a day."""
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, dt.date | dt.time) else str(value)


def read_cells(
    package: Package, part: str, texts: Texts, numbers: Numbers, file: str, sink: Sink, width: int = 0
) -> Sheet:
    """Read a worksheet: the first row that holds anything names the columns, each further one is a row of the table.

    With `width`, every row is one of a table of so many columns without names (`grid.py`).

    Raises Refused at a limit, Damaged where rows or cells do not follow each other.
    """
    from openpyxl.utils.datetime import from_ISO8601

    limits, sheet = package.limits, Sheet()
    kinds: dict[str, int] = {}
    places: dict[str, int] = {}  # "AB" -> 27
    said: list[str] = []
    over: list[tuple[int, int, str]] = []  # row, place and value of cells beyond the header, in the first rows
    dates = numbers.dates
    header: dict[int, str] = {}
    room = FEW_ROWS if width else 0
    columns: list[list[str | None]] = [[None] * room for _ in range(width)]
    at = 0
    row = place = letters = blanks = given = depth = style = 0
    in_data = in_row = in_cell = hears = is_silent = has_formula = has_value = filled = is_hidden = False
    kind_of_cell = ""
    tail: tuple[list[list[str | None]], int] = ([], 0)

    def start(name: str, values: list[str]) -> None:
        nonlocal row, place, depth, style, kind_of_cell
        nonlocal in_data, in_row, in_cell, hears, is_silent, has_formula, has_value, filled, is_hidden
        kind = kinds.get(name)
        if kind is None:
            kind = kinds[name] = KINDS.get(local(name), 0)
        depth += 1
        if depth > limits.depth:
            raise DamagedWorkbook(TOO_DEEP)
        if kind == VALUE:
            hears = has_value = in_cell
        elif kind == CELL and in_row and not in_cell:
            in_cell, has_formula, has_value, style, kind_of_cell = True, False, False, 0, "n"
            before, place = place, place + 1
            for index in range(0, len(values), 2):
                key = values[index]
                if key == "r":
                    word = values[index + 1].rstrip("0123456789")
                    known = places.get(word)
                    place = known if known is not None else places.setdefault(word, _place(word))
                elif key == "s":
                    style = int(values[index + 1])
                elif key == "t":
                    kind_of_cell = values[index + 1]
            if not before < place <= LAST_COLUMN:
                raise DamagedWorkbook(N_("the cells of row {row} do not follow each other"), row=row)
        elif kind == ROW and in_data and not in_row:
            in_row, filled, is_hidden, place, before = True, False, False, 0, row
            row += 1
            for index in range(0, len(values), 2):
                if values[index] == "r":
                    row = int(values[index + 1])
                elif values[index] == "hidden":
                    is_hidden = values[index + 1] in ("1", "true")
            if not before < row <= ROWS:
                raise DamagedWorkbook(N_("row {row} comes after row {before}"), row=row, before=before)
        elif kind == FORMULA_OF:
            has_formula = True
        elif kind == TEXT:
            hears = in_cell and kind_of_cell == "inlineStr" and not is_silent
        elif kind == SOUND:
            is_silent = True
        elif kind == DATA:
            in_data = True
        elif kind == COLUMN and not in_data:
            sheet.hidden_columns |= _hidden_columns(dict(zip(values[::2], values[1::2], strict=True)))
        elif kind == MERGED and not in_data:
            if len(sheet.merged) < MERGES:
                sheet.merged += (values[index + 1] for index in range(0, len(values), 2) if values[index] == "ref")
        elif kind and in_data:
            raise DamagedWorkbook(N_("its cells lie in each other"))

    def text(words: str) -> None:
        nonlocal letters
        if hears:
            said.append(words)
            letters += len(words)
            if letters > limits.cell:
                raise Refused(LONG_CELL, most=limits.cell)

    def end(name: str) -> None:
        nonlocal depth, in_data, in_row, in_cell, hears, is_silent
        depth -= 1
        kind = kinds[name]
        if kind == VALUE:
            hears = False
        elif kind == CELL and in_cell:
            in_cell = False
            take()
        elif kind == ROW and in_row:
            in_row = False
            if filled:
                close()
        elif kind == TEXT:
            hears = False
        elif kind == SOUND:
            is_silent = False
        elif kind == DATA:
            in_data = False

    def take() -> None:
        """What stands in the cell that ends here."""
        nonlocal letters, blanks, given, filled
        value: str | None = None
        is_number = False
        if said:
            written = said[0] if len(said) == 1 else "".join(said)
            said.clear()
            letters = 0
            if kind_of_cell == "s":
                value = texts[int(written)]
            elif kind_of_cell == "n":
                value, is_number = numbers.text(written, style)
            elif kind_of_cell == "b":
                value = "TRUE" if int(written) else "FALSE"
            elif kind_of_cell == "d":
                value = day_or_time(from_ISO8601(written))
            elif written.strip():
                value = plain(written)
        if value is None:
            blanks += 1
            if blanks > limits.blanks and blanks > 4 * given:
                raise Refused(BLANKS, most=limits.blanks)
            if has_formula and not (kind_of_cell == "str" and has_value):
                sheet.formulas.add(file, row, "", FORMULA, cell=f"{letter(place - 1)}{row}")
            return
        given += 1
        filled = True
        index = place - 1
        if kind_of_cell == "e":
            found = sheet.errors.setdefault(index, Found())
            found.add(file, row, "", ERROR, cell=f"{letter(index)}{row}", value=value)
        if not width:
            header[index] = value
        elif index >= width:
            shown = value if len(value) <= SHOWN else value[: SHOWN - 1] + "…"
            if len(sheet.first) < FIRST:
                over.append((row, index, shown))
            sheet.outside.add(file, row, letter(index), OUTSIDE, value=shown)
        else:
            columns[index][at] = value
            sheet.filled.add(index)
            if is_number:
                sheet.numeric.add(index)
            elif kind_of_cell == "n" or kind_of_cell == "d":
                if style in dates or kind_of_cell == "d":
                    sheet.dated.add(index)
            elif len(value) <= 10 and value[-1:].isdecimal():
                if index not in sheet.grouped and GROUP.fullmatch(value):
                    sheet.grouped[index] = row, value
                elif index not in sheet.days and DAY.fullmatch(value):
                    sheet.days[index] = row, value

    def close() -> None:
        """A row with something in it ends: the header, or a row of the table."""
        nonlocal width, room, at, columns, tail
        if is_hidden:
            sheet.hidden.append(row)
        if width:
            sheet.lines.append(row)
            if len(sheet.first) < FIRST:
                beyond = {place: said for at_row, place, said in over if at_row == row}
                sheet.first.append(SheetRow(row, cells_of(columns, at) | beyond))
            if len(sheet.lines) * width > limits.places:
                raise Refused(PLACES, most=limits.places)
            at += 1
            if at < room:
                return
            sink(columns, at)
            tail = columns, at
        else:
            sheet.header = row
            sheet.first.append(SheetRow(row, dict(header)))
            width = max(header) + 1
            if width > limits.columns:
                raise Refused(COLUMNS, most=limits.columns)
            sheet.names = [header.get(index, "") for index in range(width)]
            room = max(16, min(32_768, 2_000_000 // width))
        at = 0
        columns = [[None] * room for _ in range(width)]

    parse_xml(package, part, start, end, text, limits.part)
    if at:
        sink(columns, at)
        tail = columns, at
    sheet.last = [
        SheetRow(sheet.lines[-back], cells_of(tail[0], tail[1] - back)) for back in range(1, min(LAST, tail[1]) + 1)
    ]
    return sheet


def _hidden_columns(said: dict[str, str]) -> set[int]:
    """The places of the columns that one element hides."""
    if said.get("hidden") not in ("1", "true"):
        return set()
    first, last = int(said.get("min", 1)), int(said.get("max", 1))
    return set(range(max(first, 1) - 1, min(last, LAST_COLUMN)))


def cells_of(columns: list[list[str | None]], at: int) -> dict[int, str]:
    """The filled cells of a row by place."""
    return {place: value for place, column in enumerate(columns) if (value := column[at]) is not None}


def _place(word: str) -> int:
    """1 for A, 27 for AA."""
    number = 0
    for character in word:
        if not "A" <= character <= "Z" or number > LAST_COLUMN:
            raise DamagedWorkbook(N_("a cell stands in column {column}"), column=word[:8])
        number = 26 * number + ord(character) - 64
    return number


def letter(index: int) -> str:
    """The letters of a column counted from 0: "A", "AB"."""
    from openpyxl.utils import get_column_letter

    return get_column_letter(index + 1)
