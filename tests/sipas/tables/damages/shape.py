"""What stands around the table, and rows and columns that are no part of it."""

from __future__ import annotations

from tests.sipas.tables.damages.kinds import damage
from tests.sipas.tables.damages.sheet import CODE, COUNT, LABEL, LEVEL, MONTH, NUMBER, Sheet


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
def a_missing_cell(sheet: Sheet) -> bool:
    sheet.cut = 3
    return not sheet.workbook


@damage
def a_row_twice(sheet: Sheet) -> bool:
    if MONTH not in sheet.kinds:
        return False
    sheet.rows.append(list(sheet.rows[0]))
    return True


@damage
def error_cells(sheet: Sheet) -> bool:
    place = sheet.column(CODE, LABEL, NUMBER, COUNT, LEVEL)
    if place is None:
        return False
    for row in sheet.draw.sample(sheet.rows, 2):
        row[place] = sheet.draw.choice(["#N/A", "#REF!", "#DIV/0!"])
    return True
