"""Which mark stands before the decimals: a point or a comma, judged for a column as a whole and never guessed.

“1.250” is a thousand and more in Vietnam, one and a quarter in England. One value that can mean one thing only settles
its column: 12.5, 0.125 and 1234.567 have a decimal point. Where no value does, other columns of the file may; where
they say nothing, whoever hands the file in has to.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sipas.errors import N_

if TYPE_CHECKING:
    from sipas.tables.table import Table

NOT_A_NUMBER = N_("“{value}” is not a number; correct it, or leave the cell empty")
WITH_GROUPS = N_("“{value}” has a separator of thousands; write the number with digits and one decimal mark only")
DOUBTFUL = N_(
    "“{value}” may mean {whole} or {part}, and no number of this column tells which. Write the numbers without a "
    "separator of thousands, or say what the decimal mark is: `decimal: comma` or `decimal: point` in the design file, "
    "--decimal comma or --decimal point where there is none"
)
DOUBTFUL_HERE = N_("“{value}” may mean {whole} or {part}; write it without a separator of thousands")
MIXED = N_("“{value}” has a decimal comma, but other cells of this column have a decimal point; use one of them")
MIXED_POINT = N_("“{value}” has a decimal point, but the decimal mark of this column is the comma; use one of them")

POINT, COMMA = "point", "comma"
MARKS = {POINT: ".", COMMA: ","}
# a number with one mark that may group thousands: not after 0, nor after more than three digits, nor before a power
TWO_WAYS = {mark: re.compile(rf"[+-]?[1-9]\d{{0,2}}\{sign}\d{{3}}") for mark, sign in MARKS.items()}
WITH_MARK = {mark: re.compile(rf"[+-]?(\d+\{sign}\d*|\{sign}\d+)([eE][+-]?\d+)?") for mark, sign in MARKS.items()}
NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?")
# 1.250, 1.234.567,5, 1 234: groups of three under one sign, and decimals after the other mark
GROUPED = re.compile(r"[+-]?\d{1,3}(?P<sign>[.,'\u0020\u00a0\u2009\u202f])\d{3}((?P=sign)\d{3})*([.,]\d+)?")
MOST = 2_000  # distinct values of a neighbour that are looked at


def settled_by(words: Iterable[str]) -> set[str]:
    """The marks that some of these texts show beyond doubt, as decimal marks; empty where one is no number.

    >>> settled_by(["1.250", "980"]), settled_by(["1.250", "12.5"]), settled_by(["0,125"]), settled_by(["12.5", "x"])
    (set(), {'point'}, {'comma'}, set())
    """
    found = set()
    for word in words:
        if not NUMBER.fullmatch(word):
            return set()
        for mark, shape in WITH_MARK.items():
            if shape.fullmatch(word) and not TWO_WAYS[mark].fullmatch(word):
                found.add(mark)
    return found


def settled_by_neighbours(table: Table, column: str) -> str | None:
    """The decimal mark of the file's other columns of text, where they agree on one; None where they do not."""
    found: set[str] = set()
    for other in table.columns:
        if other == column or other in table.stored_as_numbers:
            continue
        raw = table.raw(other)
        if pa.types.is_string(raw.type) or pa.types.is_large_string(raw.type):
            found |= settled_by(word for word in pc.unique(raw.slice(0, MOST)).to_pylist() if word and word.strip())
    return found.pop() if len(found) == 1 else None


def mark_of(words: Iterable[str], said: str = "", separator: str = "") -> tuple[str, bool]:
    """The decimal mark of texts that stand together ("" in doubt), and whether the other sign may group thousands.

    said       the mark, where somebody said it
    separator  of the file: a semicolon is written where the comma stands before decimals

    >>> mark_of(["5.100", "4.900"]), mark_of(["5.100", "4.900"], "comma"), mark_of(["0,03"]), mark_of(["5.100", "12.5"])
    (('', False), ('comma', True), ('comma', False), ('point', False))
    """
    if said:
        return said, True
    words = [word for word in words if NUMBER.fullmatch(word)]
    settled = settled_by(words)
    if settled:
        return (POINT if POINT in settled else COMMA), False
    signs = {sign for word in words for sign in MARKS.values() if sign in word}
    if not signs:
        return POINT, False
    return (COMMA if signs == {","} and separator == ";" and written_throughout(COMMA, words) else ""), False


def written_throughout(mark: str, words: Iterable[str]) -> bool:
    """Whether every number has the mark: whoever writes 1.250 for one and a quarter does not write 980 beside it."""
    return all(MARKS[mark] in word for word in words if NUMBER.fullmatch(word))


def number_of(word: str, mark: str, thousands: bool) -> float | str:
    """A text as a number, or the template that says why it is none; `thousands` may stand under the other sign.

    >>> number_of("1.250", "comma", True), number_of("1.250,5", "comma", True), number_of("0,5", "comma", False)
    (1250.0, 1250.5, 0.5)
    """
    other = MARKS[POINT if mark == COMMA else COMMA]
    if NUMBER.fullmatch(word) and other not in word:
        value = float(word.replace(",", "."))
        return value if np.isfinite(value) else NOT_A_NUMBER
    grouped = GROUPED.fullmatch(word)
    if grouped and thousands and grouped["sign"] == other:
        return float(word.replace(other, "").replace(",", "."))
    if NUMBER.fullmatch(word):
        return MIXED if other == "," else MIXED_POINT
    return WITH_GROUPS if grouped else NOT_A_NUMBER


def is_two_ways(word: str) -> bool:
    """Whether a text may be thousands or decimals: 1.250, 12,500."""
    return any(shape.fullmatch(word) for shape in TWO_WAYS.values())


def both_ways(word: str) -> dict[str, str]:
    """What such a text may mean, for a complaint.

    >>> both_ways("1.250")
    {'value': '1.250', 'whole': '1250', 'part': '1.25'}
    """
    return {"value": word, "whole": re.sub("[.,]", "", word), "part": f"{float(word.replace(',', '.')):.10g}"}


def all_two_ways(raw: pa.ChunkedArray, numbers: NDArray[np.float64]) -> bool:
    """Whether a column of text that reads as numbers has points, and none of them can mean decimals only.

    A column of weights with more decimals is passed by its numbers alone: it costs a hundredth of reading it.
    """
    with np.errstate(invalid="ignore"):
        thousandfold = numbers * 1000
        if not np.isclose(np.nan_to_num(thousandfold), np.round(np.nan_to_num(thousandfold)), rtol=1e-9).all():
            return False
    pointed = raw.filter(pc.match_substring(raw, "."))
    if not len(pointed):
        return False
    shape = TWO_WAYS[POINT].pattern
    return bool(pc.all(pc.match_substring_regex(pc.utf8_trim_whitespace(pointed), f"^{shape}$")).as_py())
