"""What a visitor said, checked against the instrument: "not applicable" is apart from "not answered"."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sipas.errors import N_, AnswerOutsideScale
from surveys import NOT_ANSWERED, NOT_APPLICABLE, NOT_ASKED, Instrument, Item

NA_WORD = "na"  # how forms and files write "not applicable"


@dataclass(frozen=True)
class Answers:
    """One byte per item in the instrument's order."""

    packed: bytes

    @classmethod
    def of(cls, instrument: Instrument, form: str, data: Mapping[str, object]) -> Answers:
        """Checks and packs `data`: item code -> level, "na", list of option codes, number, or nothing.

        A rating takes its level (1 = worst) as a number or numeral, a choice its option's code or number, several a
        list of option codes (or one text, separated by spaces). Items of the other form are stored as not asked.
        Raises AnswerOutsideScale, naming item and value.
        """
        asked = set(instrument.forms[form])
        packed = bytearray()
        for item, levels in zip(instrument.items, instrument.posted, strict=True):
            value = data.get(item.code)
            if item.code not in asked:
                packed.append(NOT_ASKED)
            else:  # most answers are levels as a form posts them, and need no more than a look-up
                known = levels.get(value) if isinstance(value, str) else None
                packed.append(_byte(item, value) if known is None else known)
        return cls(bytes(packed))

    @property
    def given(self) -> int:
        """How many items got an answer."""
        return sum(byte not in (NOT_ANSWERED, NOT_APPLICABLE, NOT_ASKED) for byte in self.packed)


def _byte(item: Item, value: object) -> int:
    if value is None or value == "" or value == []:
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
    """A stored byte as a file says it, the way `Answers.of` takes it; "" where there is no answer."""
    if byte == NOT_APPLICABLE:
        return NA_WORD
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
