"""What only workbooks have: merged and hidden cells, further sheets, formulas, numbers that are texts."""

from __future__ import annotations

import openpyxl
from openpyxl.utils import get_column_letter

from tests.sipas.tables.damages.kinds import damage
from tests.sipas.tables.damages.sheet import CODE, COUNT, LABEL, LEVEL, NUMBER, Sheet


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
def formulas_without_values(sheet: Sheet) -> bool:
    place = sheet.column(NUMBER, COUNT, LEVEL)
    if not sheet.workbook or place is None:
        return False
    sheet.rows[1][place] = "=1+1"
    return True


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
def hidden_columns(sheet: Sheet) -> bool:
    place = sheet.column(*sheet.kinds)

    def hide(book: openpyxl.Workbook) -> None:
        book.worksheets[-1].column_dimensions[get_column_letter(1 + (place or 0))].hidden = True

    sheet.edits.append(hide)
    return sheet.workbook
