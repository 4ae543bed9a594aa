"""Numbers as offices write them: decimal point or decimal comma, never a guess between the two."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sipas.errors import N_
from sipas.tables.problems import Problems

if TYPE_CHECKING:
    from sipas.tables.table import Table

PLAIN = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?")
GROUPED = re.compile(r"[+-]?\d{1,3}([.,   ']\d{3})+([.,]\d+)?")
THOUSANDS_OR_DECIMALS = re.compile(r"[+-]?\d{1,3},\d{3}")

NOT_A_NUMBER = N_("“{value}” is not a number; correct it, or leave the cell empty")
WITH_GROUPS = N_("“{value}” has a separator of thousands; write the number with digits and one decimal mark only")
TWO_WAYS = N_("“{value}” may mean thousands or decimals; write it without a separator, or with a decimal point")
MIXED = N_("“{value}” has a decimal comma, but other cells of this column have a decimal point; use one of them")


def read_numbers(table: Table, column: str, problems: Problems | None = None) -> NDArray[np.float64]:
    """The column as float64, NaN where empty; see `Table.numbers`."""
    gathered = Problems(table) if problems is None else problems
    numbers = _read(table, column, gathered)
    if problems is None:
        gathered.refuse()
    return numbers


def _read(table: Table, column: str, problems: Problems) -> NDArray[np.float64]:
    raw = table.raw(column)
    kind = raw.type
    if pa.types.is_floating(kind) or pa.types.is_integer(kind):
        values = pc.cast(raw, pa.float64(), safe=False)
        return _finite(column, values, problems, nan_is_empty=pa.types.is_floating(kind))
    try:
        if pa.types.is_string(kind):
            return _finite(column, pc.cast(raw, pa.float64()), problems)
    except pa.ArrowInvalid:
        pass
    return _read_each(table, column, problems)


def _finite(
    column: str, values: pa.ChunkedArray, problems: Problems, nan_is_empty: bool = False
) -> NDArray[np.float64]:
    numbers = np.asarray(values.to_numpy(), np.float64)
    if not np.isfinite(numbers).all():
        empty = np.asarray(pc.is_null(values, nan_is_null=nan_is_empty).to_numpy(), bool)
        wrong = ~np.isfinite(numbers) & ~empty
        problems.add_rows(np.flatnonzero(wrong), column, NOT_A_NUMBER)
        numbers = np.where(wrong, np.inf, numbers)
    return numbers


def _read_each(table: Table, column: str, problems: Problems) -> NDArray[np.float64]:
    """The slower way, by distinct values, for decimal commas and for naming what is no number."""
    encoded = table.text(column).combine_chunks()
    encoded = pc.dictionary_encode(encoded)
    words = encoded.dictionary.to_pylist()
    commas = [word for word in words if PLAIN.fullmatch(word) and "," in word]
    points = any(PLAIN.fullmatch(word) and "." in word for word in words)
    doubtful = table.separator == "," and all(THOUSANDS_OR_DECIMALS.fullmatch(word) for word in commas)
    numbers = np.full(len(words) + 1, np.nan)
    wrong: dict[int, str] = {}
    for index, word in enumerate(words):
        if not PLAIN.fullmatch(word):
            wrong[index] = WITH_GROUPS if GROUPED.fullmatch(word) else NOT_A_NUMBER
        elif "," in word and points:
            wrong[index] = MIXED
        elif "," in word and doubtful:
            wrong[index] = TWO_WAYS
        else:
            numbers[index] = float(word.replace(",", "."))
            if not np.isfinite(numbers[index]):
                wrong[index] = NOT_A_NUMBER
    which = np.asarray(pc.fill_null(encoded.indices, len(words)).to_numpy(zero_copy_only=False))
    if wrong:
        numbers[list(wrong)] = np.inf
        for template in dict.fromkeys(wrong.values()):
            words_so = [index for index, said in wrong.items() if said == template]
            problems.add_rows(np.flatnonzero(np.isin(which, words_so)), column, template)
    return numbers[which]
