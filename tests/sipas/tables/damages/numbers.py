"""Numbers as the marks of a country or a program write them."""

from __future__ import annotations

from tests.sipas.tables.damages.kinds import damage
from tests.sipas.tables.damages.sheet import COUNT, LEVEL, NUMBER, Sheet


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
    if not sheet.rewrite(NUMBER, to=lambda number: number.replace(".", ",")):
        return False
    sheet.separator = ";"
    return True


@damage
def levels_with_decimals(sheet: Sheet) -> bool:
    place = sheet.column(LEVEL)
    if place is None:
        return False
    mark = sheet.draw.choice([".0", ",0"])
    for row in sheet.draw.sample(sheet.rows, 5):
        row[place] += mark if row[place].isdigit() else ""
    return True
