"""The kinds of damage, each under its name."""

from __future__ import annotations

from collections.abc import Callable

from tests.sipas.tables.damages.sheet import Sheet

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
