"""The texts that cells of a workbook share, by number."""

from __future__ import annotations

import re
from array import array

from sipas.errors import N_
from sipas.tables.package import LONG_CELL, TOO_DEEP, DamagedWorkbook, Package, Refused, local, parse_xml

MANY = N_("it has more than {most} different texts")
MUCH = N_("its texts take more than {megabytes} MB")

ESCAPED = re.compile("_x((?![dD][89a-fA-F])[0-9A-Fa-f]{4})_")  # halves of a character are none
REMEMBERED = 200_000


class Texts:
    """All texts in one run of bytes, for a list of a million would take several times that; a blank one is None."""

    def __init__(self) -> None:
        self._run = bytearray()
        self._ends = array("Q", [0])
        self._known: dict[int, str | None] = {}

    def __len__(self) -> int:
        return len(self._ends) - 1

    @property
    def size(self) -> int:
        """Bytes of text."""
        return len(self._run)

    def add(self, text: str) -> None:
        """Append a text."""
        if text.strip():
            self._run += text.encode()
        self._ends.append(len(self._run))

    def __getitem__(self, number: int) -> str | None:
        if number in self._known:
            return self._known[number]
        if not 0 <= number < len(self):
            raise DamagedWorkbook(N_("a cell names text {number} of {count}"), number=number, count=len(self))
        text = self._run[self._ends[number] : self._ends[number + 1]].decode() or None
        if len(self._known) < REMEMBERED:
            self._known[number] = text
        return text


def plain(text: str) -> str:
    """A text as people see it; the format writes `_x000D_` for a character that XML cannot hold.

    >>> plain("a_x005F_b")
    'a_b'
    """
    return ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


def read_texts(package: Package, part: str) -> Texts:
    """The shared texts: of each its runs, without what stands above East Asian letters to say how they sound.

    Raises Refused where they are too many or too long.
    """
    found, limits = Texts(), package.limits
    said: list[str] = []
    inside = silent = False
    depth = letters = 0

    def start(name: str, _values: list[str]) -> None:
        nonlocal inside, silent, depth
        depth += 1
        if depth > limits.depth:
            raise DamagedWorkbook(TOO_DEEP)
        name = local(name)
        inside = name == "t" and not silent
        silent = silent or name == "rPh"

    def text(words: str) -> None:
        nonlocal letters
        if inside:
            said.append(words)
            letters += len(words)
            if letters > limits.cell:
                raise Refused(LONG_CELL, most=limits.cell)

    def end(name: str) -> None:
        nonlocal inside, silent, depth, letters
        depth -= 1
        inside = False
        name = local(name)
        if name == "rPh":
            silent = False
        elif name == "si":
            found.add(plain("".join(said)))
            said.clear()
            letters = 0
            if len(found) > limits.texts:
                raise Refused(MANY, most=limits.texts)
            if found.size > limits.text:
                raise Refused(MUCH, megabytes=limits.text >> 20)

    if part:
        parse_xml(package, part, start, end, text, limits.part)
    return found
