"""Months and days as people and programs write them."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.sipas.tables.damages.kinds import damage
from tests.sipas.tables.damages.sheet import DAY, MONTH, Sheet

ISO = re.compile(r"\d{4}-\d\d-\d\d")


@damage
def short_months(sheet: Sheet) -> bool:
    return sheet.rewrite(MONTH, to=lambda month: month.replace("-0", "-"))


@damage
def months_as_dates(sheet: Sheet) -> bool:
    place = sheet.column(MONTH)
    if place is None or "-" not in sheet.rows[0][place]:
        return False
    for row in sheet.rows:
        row[place] += "-01"
    return True


@damage
def days_with_the_day_first(sheet: Sheet) -> bool:
    return _days(sheet, lambda year, month, day: f"{day}/{month}/{year}")


@damage
def days_with_the_month_first(sheet: Sheet) -> bool:
    return _days(sheet, lambda year, month, day: f"{month}/{day}/{year}")


@damage
def days_with_points(sheet: Sheet) -> bool:
    return _days(sheet, lambda year, month, day: f"{int(day)}.{int(month)}.{year}")


@damage
def days_with_a_time(sheet: Sheet) -> bool:
    return _days(sheet, lambda year, month, day: f"{year}-{month}-{day} 00:00:00")


@damage
def days_swapped_by_a_program(sheet: Sheet) -> bool:
    """What an English Excel makes of 02/03/2026: the third of February; 31/03/2026 it leaves as a text."""
    place = sheet.column(DAY)
    if place is None or not all(ISO.fullmatch(row[place]) for row in sheet.rows):
        return False
    days = [row[place].split("-") for row in sheet.rows]
    if not any(int(day) > 12 for _, _, day in days):
        return False
    for row, (year, month, day) in zip(sheet.rows, days, strict=True):
        row[place] = f"{day}/{month}/{year}" if int(day) > 12 else f"{year}-{day}-{month}"
    return True


@damage
def days_as_cells(sheet: Sheet) -> bool:
    place = sheet.column(DAY)
    if place is None or not sheet.workbook or sheet.days_as_cells is not None:
        return False
    sheet.days_as_cells = place
    return True


def _days(sheet: Sheet, written: Callable[[str, str, str], str]) -> bool:
    place = sheet.column(DAY)
    if place is None or not all(ISO.fullmatch(row[place]) for row in sheet.rows):
        return False
    for row in sheet.rows:
        row[place] = written(*row[place].split("-"))
    return True
