"""What a visitor said, checked against the instrument: "not applicable" is apart from "not answered"."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sipas.errors import N_, AnswerOutsideScale
from surveys import NOT_ANSWERED, NOT_APPLICABLE, NOT_ASKED, Condition, Instrument, Item

NA_WORD = "na"  # how forms and files write "not applicable"
NOT_ASKED_WORD = "not-asked"  # how files write that skip logic left an item out


@dataclass(frozen=True)
class Answers:
    """One byte per item in the instrument's order."""

    packed: bytes

    @classmethod
    def of(cls, instrument: Instrument, form: str, data: Mapping[str, object]) -> Answers:
        """Checks and packs `data`: item code -> level, "na", list of option codes, number, or nothing.

        A rating takes its level (1 = worst) as a number or numeral, a choice its option's code or number, several a
        list of option codes (or one text, separated by spaces). Items of the other form are stored as not asked, and so
        are those that skip logic left out, whatever `data` says of them. Raises AnswerOutsideScale, naming item and
        value.
        """
        asked = set(instrument.forms[form])
        packed = bytearray()
        for item, levels in zip(instrument.items, instrument.posted, strict=True):
            value = data.get(item.code)
            if item.code not in asked:
                packed.append(NOT_ASKED)
            else:  # most answers are levels as a form posts them, and need no more than a look-up
                known = levels.get(value) if isinstance(value, str) else None
                packed.append(byte_of(item, value) if known is None else known)
        return cls(instrument.routed(bytes(packed)))

    @property
    def given(self) -> int:
        """How many items got an answer."""
        return sum(byte not in (NOT_ANSWERED, NOT_APPLICABLE, NOT_ASKED) for byte in self.packed)


def to_be_asked(instrument: Instrument, said: Mapping[str, object]) -> dict[str, object]:
    """What is left of a visitor's words after skip logic: item code -> option, level or list, as a form posts them."""
    left = dict(said)
    for item in instrument.items if instrument.skips else ():
        if not all(_holds(left.get(one.item), one) for one in item.asked_if):
            left.pop(item.code, None)
    return left


def route_many(instrument: Instrument, packed: NDArray[np.uint8]) -> dict[str, int]:
    """Skip logic for many rows [visitor, item] in place, as `Answers.of` has it for one.

    Gives, for each item that any was dropped of, how many answers were there that were not to be asked for.
    """
    dropped: dict[str, int] = {}
    for skip in instrument.skips:
        closed = ~np.frombuffer(skip.passing, bool)[packed[:, skip.gate]]
        said = packed[closed, skip.place]
        if answers := int(np.count_nonzero((said != NOT_ANSWERED) & (said != NOT_ASKED))):
            code = instrument.items[skip.place].code
            dropped[code] = dropped.get(code, 0) + answers
        packed[closed, skip.place] = NOT_ASKED
    return dropped


def _holds(value: object, condition: Condition) -> bool:
    given = value if isinstance(value, list | tuple) else (value,)
    return any(str(one) in condition.answers for one in given)


def byte_of(item: Item, value: object) -> int:
    """The byte of one answer, before skip logic; raises AnswerOutsideScale."""
    if value is None or value == "" or value == []:
        return NOT_ANSWERED
    if value == NOT_ASKED_WORD and item.asked_if:  # skip logic has the last word
        return NOT_ANSWERED
    if value == NA_WORD:
        byte: int | None = NOT_APPLICABLE
    elif item.kind == "several":
        chosen = value if isinstance(value, list | tuple) else str(value).split()
        codes = [option.code for option in item.options]
        byte = (
            1 + sum(1 << codes.index(str(one)) for one in set(chosen)) if set(map(str, chosen)) <= set(codes) else None
        )
    elif item.kind == "choice" and str(value) in (codes := [option.code for option in item.options]):
        byte = 1 + codes.index(str(value))
    elif item.kind == "count":
        number = _whole(value)
        byte = None if number is None or number < 0 else 1 + min(number, item.most)
    else:
        byte = _whole(value)
        byte = None if byte == NOT_ANSWERED else byte
    if byte is None or not item.accepts(byte):
        raise AnswerOutsideScale(
            N_("Item {item}: “{value}” is not one of its answers; give {known}."),
            item=item.code,
            value=value,
            known=_known(item),
        )
    return byte


def as_written(item: Item, byte: int) -> str:
    """A stored byte as a file says it, the way `Answers.of` takes it; "" where there is no answer.

    What skip logic left out says so; of the items of the other form a file has no column.
    """
    if byte == NOT_APPLICABLE:
        return NA_WORD
    if byte == NOT_ASKED and item.asked_if:
        return NOT_ASKED_WORD
    if byte == NOT_ANSWERED or byte > item.levels:
        return ""
    match item.kind:
        case "several":
            return " ".join(one.code for place, one in enumerate(item.options) if byte - 1 >> place & 1)
        case "choice":
            return item.options[byte - 1].code
        case "count":
            return str(byte - 1)
    return str(byte)


def _whole(value: object) -> int | None:
    text = str(value).strip()
    if text.endswith(".0"):
        text = text[:-2]
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def _known(item: Item) -> str:
    match item.kind:
        case "rating":
            known = f"1–{item.levels}"
        case "count":
            known = f"0–{item.most}"
        case _:
            known = ", ".join(option.code for option in item.options)
    return known + (f", {NA_WORD}" if item.allows_not_applicable else "")
