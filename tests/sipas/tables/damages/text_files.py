"""How text files are written, and files that are none."""

from __future__ import annotations

from tests.sipas.tables.damages.kinds import damage
from tests.sipas.tables.damages.sheet import LABEL, Sheet


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
def a_web_page(sheet: Sheet) -> bool:
    sheet.html = True
    return True


@damage
def an_archive(sheet: Sheet) -> bool:
    sheet.zip = True
    return not sheet.workbook
