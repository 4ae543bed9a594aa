"""What stands in an item's column, as states: not answered, a level, not applicable, not asked.

All else is refused by its row.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from analysis.data.codebook import Codebook, CodebookItem
from analysis.errors import N_, BadData

_EMPTY = -32768
_INVALID = 255


def item_states(column: pa.Array, item: CodebookItem, codebook: Codebook, before: int = 0) -> NDArray[np.uint8]:
    """Encode each row's answer: 0 not answered, 1..levels, levels + 1 not applicable, levels + 2 not asked; raises
    BadData for others."""
    values = column
    if pa.types.is_dictionary(column.type):
        values = column = column.cast(column.type.value_type)
    if is_text(column.type):
        trimmed = pc.utf8_trim_whitespace(column)
        values = pc.if_else(pc.equal(trimmed, ""), None, trimmed)
    empty = pa.scalar(_EMPTY, pa.int16())
    try:
        if pa.types.is_floating(values.type):
            values = pc.if_else(pc.is_nan(values), None, values)
        if values.type == pa.int8():
            empty = pa.scalar(-128, pa.int8())
        else:
            values = (
                values.cast(pa.float64()).cast(pa.int16())
                if pa.types.is_string(values.type)
                else values.cast(pa.int16())
            )
    except pa.ArrowInvalid as problem:
        raise _outside(column, item, codebook, before) from problem
    plain = (values.fill_null(empty) if values.null_count else values).to_numpy(zero_copy_only=False)
    table = _translation(item, codebook)
    if plain.dtype == np.int8:
        states, invalid = _states_of_bytes(plain.view(np.uint8), _narrow(table))
    else:
        states = table[plain.view(np.uint16)]
        invalid = int(np.argmax(states == _INVALID)) if (states == _INVALID).any() else -1
    if invalid >= 0:
        raise _outside(column, item, codebook, before, invalid)
    return states


def _translation(item: CodebookItem, codebook: Codebook) -> NDArray[np.uint8]:
    """State by the 16-bit pattern of the value."""
    table = np.full(1 << 16, _INVALID, dtype=np.uint8)
    table[np.arange(1, item.levels + 1)] = np.arange(1, item.levels + 1)
    for value in codebook.not_applicable:
        table[value & 0xFFFF] = item.levels + 1
    for value in codebook.not_asked or ():
        table[value & 0xFFFF] = item.levels + 2
    for value in codebook.missing:
        table[value & 0xFFFF] = 0
    table[_EMPTY & 0xFFFF] = 0
    return table


def _states_of_bytes(values: NDArray[np.uint8], table: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], int]:
    """States of 8-bit values by a table of 256 places, and the place of the first value that has none (-1: all have).

    Levels are their own states; what else the table knows is a few values, each compared with all rows: processors
    compare many bytes at once, and look them up one by one.
    """
    own = table[1:128] == np.arange(1, 128)
    highest = len(own) if own.all() else int(np.argmin(own))
    level = values - np.uint8(1) < np.uint8(highest)
    states, known = values * level.view(np.uint8), np.count_nonzero(level)
    for value in np.flatnonzero(table != _INVALID).astype(np.uint8):
        if 1 <= value <= highest or known == len(values):
            continue
        here = values == value
        known += np.count_nonzero(here)
        if table[value]:
            states += here.view(np.uint8) * table[value]
    return states, -1 if known == len(values) else int(np.argmax(table[values] == _INVALID))


def _narrow(table: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The same by the 8-bit pattern; -128 stands for empty."""
    narrow = np.concatenate([table[:128], table[-128:]])
    narrow[128] = 0
    return narrow


def _outside(
    column: pa.Array, item: CodebookItem, codebook: Codebook, before: int, place: int | None = None
) -> BadData:
    allowed = [*range(1, item.levels + 1), *codebook.not_applicable, *(codebook.not_asked or ()), *codebook.missing]
    if place is None:
        for position, value in enumerate(column.to_pylist()):
            try:
                known = value is None or str(value).strip() in ("", "nan") or float(value) in allowed
            except ValueError:
                known = False
            if not known:
                place = position
                break
    return BadData(
        N_("item {item}, row {row}: the value {value} is not one of the levels 1 to {levels}"),
        item=item.code,
        row=before + (place or 0) + 1,
        value=repr(column[place or 0].as_py()),
        levels=item.levels,
    )


def is_text(kind: pa.DataType) -> bool:
    """Say whether a column holds text."""
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)
