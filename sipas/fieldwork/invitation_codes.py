"""Invitation codes as people print, read and type them: twelve characters, the last of which checks the others.

Those issued until November 2026 have eight and are read as well. How long a code must be follows from how fast one can
try (`inviting/README.md`); twelve in groups of four are typed as the number of a bank card is.

The alphabet has 23 characters. Of each group that looks alike in print one is left, and what was typed for it is read
as it (O as 0, S as 5). It has no vowel, no D and no W, so that neither Telex nor VNI, the two ways in which a
Vietnamese keyboard makes letters with marks, can change a code under the fingers, and no code spells a word.
"""

from __future__ import annotations

import math
import secrets
import unicodedata
from collections.abc import Iterator

from sipas.errors import N_, SipasError

ALPHABET = "0123456789CFHJKLMNPRTVX"
LENGTH, SHORT = 12, 8
ENTROPY = (LENGTH - 1) * math.log2(len(ALPHABET))  # 49.8 bits, of a short one 31.7; the check character adds none
READ_AS = str.maketrans("OQIZSGBU", "0012568V")
BETWEEN = " \u00a0-–—.,_/"  # what people put between groups
ALIKE = (
    "0C",
    "17",
    "1L",
    "38",
    "49",
    "56",
    "68",
    "FP",
    "HN",
    "KX",
    "MN",
    "PR",
    "TJ",
    "VX",
)  # in haste, or badly printed


class Misread(SipasError):
    """What was typed cannot be a code; the sentence says where to look again."""

    status = 422


def read(typed: str) -> str:
    """The code that was meant, in the form in which it is kept. Raises Misread.

    >>> read(" 2345-cfhj 678-l"), read("2345 cfhm")
    ('2345CFHJ678L', '2345CFHM')
    """
    code = "".join(c for c in unicodedata.normalize("NFKC", typed).upper() if c not in BETWEEN).translate(READ_AS)
    for place, character in enumerate(code[:LENGTH], 1):
        if character not in ALPHABET:
            raise Misread(
                N_("Please look again at character {place} of your code, “{character}”: no code has it."),
                place=place,
                character=character,
            )
    if len(code) not in (LENGTH, SHORT):
        raise Misread(
            N_("A code has {length} characters, an older one {short}; you typed {typed}. Please look again."),
            length=LENGTH,
            short=SHORT,
            typed=len(code),
        )
    if code[-1] != check(code[:-1]):
        raise _slip(code)
    return code


def is_code(typed: str) -> bool:
    """Whether this reads as a code at all."""
    try:
        return bool(read(typed))
    except Misread:
        return False


def check(first: str) -> str:
    """The check character for the others: any one wrong character and any two changed about are noticed.

    Weights 1, 2, 3 ... modulo the prime 23: the whole code's weighted sum is 0. That holds for up to 22 characters.

    >>> check("2345CFH")
    'M'
    """
    others = sum(weight * ALPHABET.index(character) for weight, character in enumerate(first, 1))
    return ALPHABET[-others * pow(len(first) + 1, -1, len(ALPHABET)) % len(ALPHABET)]


def fresh(count: int) -> list[str]:
    """So many different codes, from the system's random numbers."""
    codes: set[str] = set()
    while len(codes) < count:
        first = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH - 1))
        codes.add(first + check(first))
    return sorted(codes)


def spaced(code: str) -> str:
    """As it is printed: in groups of four.

    >>> spaced("2345CFHJ678L")
    '2345 CFHJ 678L'
    """
    return " ".join(code[start : start + 4] for start in range(0, len(code), 4))


def _slip(code: str) -> Misread:
    """Where the slip probably is: where one likely change makes the code right."""
    places = {at + 1 for at, likely in _neighbours(code) if likely[-1] == check(likely[:-1])}
    if len(code) == SHORT:
        return Misread(
            N_(
                "One character of this code is not as printed, or a group of four is missing. Please compare it with "
                "your slip once more."
            )
        )
    if places:
        return Misread(
            N_("One character of this code is not as printed. Please look again, first at character {places}."),
            places=", ".join(map(str, sorted(places))),
        )
    return Misread(N_("One character of this code is not as printed. Please compare it with your slip once more."))


def _neighbours(code: str) -> Iterator[tuple[int, str]]:
    for at, character in enumerate(code):
        for pair in ALIKE:
            if character in pair:
                yield at, code[:at] + pair.replace(character, "") + code[at + 1 :]
    for at in range(len(code) - 1):
        yield at, code[:at] + code[at + 1] + code[at] + code[at + 2 :]
