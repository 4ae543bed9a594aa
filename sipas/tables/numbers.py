"""Numbers as offices write them: decimal point or decimal comma, never a guess between the two."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sipas.errors import N_, SipasError
from sipas.tables.decimal_marks import (
    COMMA,
    DOUBTFUL,
    MARKS,
    NOT_A_NUMBER,
    POINT,
    all_two_ways,
    both_ways,
    is_two_ways,
    mark_of,
    number_of,
    settled_by_neighbours,
    written_throughout,
)
from sipas.tables.problems import Problems

if TYPE_CHECKING:
    from sipas.tables.table import Table

HALF_TEXT = N_(
    "“{value}” is text, while other cells of this column are numbers, so it may mean {whole} or {part}; format the "
    "whole column as numbers in Excel and enter it again"
)
THOUSANDS = N_(
    "{file}, column {column}: “{value}” was read as {whole}, a number with a separator of thousands, because other "
    "numbers of the file have a decimal comma"
)
ENGLISH_THOUSANDS = N_(
    "{file}, column {column}: “{value}” was read as {whole}, a number with a separator of thousands, because other "
    "numbers of the file have a decimal point"
)


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
    if column in table.half_text:
        line, value = table.half_text[column]
        problems.add_at(line, column, HALF_TEXT, **both_ways(value))
        return np.full(table.rows, np.inf)
    try:
        if pa.types.is_string(kind) and table.decimal != COMMA:
            numbers = _finite(column, pc.cast(raw, pa.float64()), problems)
            sure = table.decimal == POINT or column in table.stored_as_numbers
            if sure or not all_two_ways(raw, numbers):
                return numbers
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
    """The slower way, by distinct values, for decimal commas, doubtful marks and for naming what is no number."""
    encoded = pc.dictionary_encode(table.text(column).combine_chunks())
    words = encoded.dictionary.to_pylist()
    which = np.asarray(pc.fill_null(encoded.indices, len(words)).to_numpy(zero_copy_only=False))
    doubtful = [word for word in words if is_two_ways(word)]
    mark, thousands = mark_of(words, table.decimal, table.separator)
    if not mark and len({sign for word in doubtful for sign in ".," if sign in word}) == 1:
        mark, thousands = settled_by_neighbours(table, column) or "", True
        if mark and MARKS[mark] in doubtful[0] and not written_throughout(mark, words):
            mark = ""
    if not mark:
        first = int(np.flatnonzero(np.isin(which, [words.index(word) for word in doubtful]))[0])
        problems.add(first, column, DOUBTFUL, **both_ways(words[which[first]]))
        return np.full(table.rows, np.inf)
    table.reading.decimals[column] = mark
    numbers = np.full(len(words) + 1, np.nan)
    wrong: dict[int, str] = {}
    for index, word in enumerate(words):
        found = number_of(word, mark, thousands)
        if isinstance(found, str):
            wrong[index] = found
        else:
            numbers[index] = found
    grouped = [word for word in doubtful if MARKS[mark] not in word]
    if grouped and thousands and not table.decimal:
        template = THOUSANDS if mark == COMMA else ENGLISH_THOUSANDS
        whole = both_ways(grouped[0])["whole"]
        note = SipasError(template, file=table.name, column=table.called(column), value=grouped[0], whole=whole)
        table.reading.doubt(note)
    if wrong:
        numbers[list(wrong)] = np.inf
        for template in dict.fromkeys(wrong.values()):
            words_so = [index for index, said in wrong.items() if said == template]
            problems.add_rows(np.flatnonzero(np.isin(which, words_so)), column, template)
    return numbers[which]
