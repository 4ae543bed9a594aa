"""Labels and codes that look alike, or lost their zeros."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

from tests.sipas.tables.damages.kinds import damage
from tests.sipas.tables.damages.sheet import CODE, LABEL, Sheet


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
    return sheet.rewrite(LABEL, to=change, part=2)


@damage
def codes_without_zeros(sheet: Sheet) -> bool:
    return sheet.rewrite(CODE, to=lambda code: code.lstrip("0"), part=3)
