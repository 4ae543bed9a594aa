"""A table of answers as the statistics want it: items as levels, design columns filled, each bad cell named.

A Parquet file that already is so is left on disk and streamed; everything else is brought into that form here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sipas.errors import N_
from sipas.estimating.columns import crossed, distinct, places, rows_by_combination
from sipas.estimating.totals import Totals
from sipas.tables import Problems, Table
from sipas.tables.looks import as_seen

if TYPE_CHECKING:
    from sipas.estimating.design_file import DesignFile

NOT_APPLICABLE = -1
EMPTY = -2
OUTSIDE = -3

NO_LEVEL = N_(
    "“{value}” is no level of the scale {scale}; correct it, or list it in the design file under `missing` or "
    "`not_applicable`, or state `levels`"
)
NO_WEIGHT = N_("the weight is empty; give every row a weight, 0 or more, or leave the row out")
BAD_WEIGHT = N_("the weight {value} is below 0; correct it, or leave the row out")
NO_REPLICATE = N_("the replicate weight is empty; each replicate gives every row a weight, 0 or more")
ALL_ZERO = N_("all weights of this replicate are zero; leave the column out, or correct it")
EMPTY_DESIGN = N_("this cell is empty, and the design needs {role} in every row; fill it, or leave the row out")
MARKED_DESIGN = N_(
    "“{value}” is listed under `missing`, and the design needs {role} in every row; correct the cell, leave the row "
    "out, or take the mark off the list"
)
BAD_COUNT = N_("the population count {value} is below 1; `fpc` takes counts, never fractions")
NO_TOTAL = N_("“{value}” has no total in {file}, line {totals_line}; add it there, or correct the cell")
ZEROS_LOST = N_(
    "“{value}” has no total in {file}, line {totals_line}; Excel keeps this column as numbers, so codes may have lost "
    "their zeros: format the column as text and enter them again"
)


def may_stream(table: Table, design: DesignFile, by: Sequence[Sequence[str]] = ()) -> bool:
    """Whether the pass can read the file itself: Parquet with whole-number items, scales of 1, 2, 3, ..., and no mark
    of `missing` in the columns of the design and of the domains.
    """
    if table.parquet is None:
        return False
    schema = table.parquet.schema_arrow
    return (
        design.scale.counted
        and all(scale.counted for scale in design.scales.values())
        and all(re.fullmatch(r"-?\d{1,4}", word) for word in (*design.not_applicable, *design.missing))
        and all(pa.types.is_signed_integer(schema.field(item).type) for item in design.items)
        and not any(_marked(table, design, column) for column in (*design.group_columns, *(c for f in by for c in f)))
    )


def _marked(table: Table, design: DesignFile, column: str) -> bool:
    """Whether a mark of `missing` stands in a column."""
    return bool(design.missing) and not set(design.missing).isdisjoint(distinct(table, column).dictionary.to_pylist())


def answers_of(table: Table, design: DesignFile, by: Sequence[Sequence[str]], keep: Sequence[str] = ()) -> pa.Table:
    """The answers in form: items as levels 1..k with -1 for not applicable and null for not answered, numbers, codes.

    Raises `BadTable` with every cell that the design forbids.
    """
    numbers = _number_columns(design)
    codes = [*design.strata, *design.psu, *design.ssu, *design.calibration_columns, *(c for f in by for c in f), *keep]
    items = check_answers(table, design)
    columns = {item: items[item] for item in design.items}
    columns.update((column, pa.array(table.numbers(column))) for column in numbers)
    columns.update((column, _without_marks(table, design, column)) for column in codes if column not in columns)
    return pa.table(columns)


def _without_marks(table: Table, design: DesignFile, column: str) -> pa.ChunkedArray:
    """A column of codes, empty where a mark of `missing` stands."""
    text = table.text(column)
    if not design.missing:
        return text
    return pc.if_else(pc.is_in(text, value_set=pa.array(design.missing)), pa.scalar(None, text.type), text)


def check_answers(table: Table, design: DesignFile) -> dict[str, pa.Array]:
    """Look at every cell that the design uses; raises `BadTable` with all bad ones, else gives the items' levels."""
    numbers = _number_columns(design)
    table.load([*numbers, *design.strata, *design.psu, *design.ssu, *design.calibration_columns, *design.items])
    problems = Problems(table)
    counted = {column: table.numbers(column, problems) for column in numbers}
    _check_weights(design, counted, problems)
    _check_design(table, design, counted, problems)
    for margin in (design.poststratify,) if design.poststratify else design.rake:
        _check_totals(table, margin, design.file, problems)
    items = {item: _levels(table, item, design, problems) for item in design.items}
    problems.refuse()
    return items


def _number_columns(design: DesignFile) -> list[str]:
    weights = [design.weights] if design.weights else []
    replicates = design.replicates.columns if design.replicates else ()
    return [*weights, *(column for column in design.fpc if isinstance(column, str)), *replicates]


def _levels(table: Table, item: str, design: DesignFile, problems: Problems) -> pa.Array:
    """An item's answers as levels 1..k, -1 for not applicable, null for not answered."""
    encoded, scale = distinct(table, item), design.scale_of(item)
    meaning = {code: place for place, code in enumerate(scale.levels, start=1)}
    meaning.update(dict.fromkeys(design.not_applicable, NOT_APPLICABLE))
    meaning.update(dict.fromkeys(design.missing, EMPTY))
    meaning.update({as_seen(code): state for code, state in meaning.items()})
    found = [meaning.get(_canonical(word, meaning), OUTSIDE) for word in encoded.dictionary.to_pylist()]
    states = np.array([*found, EMPTY], np.int16)[places(encoded)]
    if OUTSIDE in found:
        problems.add_rows(np.flatnonzero(states == OUTSIDE), item, NO_LEVEL, scale=scale.span)
    levels = states.astype(np.int8) if len(scale.levels) < 128 else states
    return pa.array(levels, mask=states == EMPTY)


def _canonical(word: str, meaning: dict[str, int]) -> str:
    """`5.0`, `5,0` and `05` are the level 5, as other programs write it; `4.5` is none."""
    if word in meaning:
        return word
    if as_seen(word) in meaning:
        return as_seen(word)
    whole = re.fullmatch(r"(-?)0*(\d+)(?:[.,]0*)?", word)
    return whole[1] + whole[2] if whole else word


def _check_weights(design: DesignFile, counted: dict[str, NDArray[np.float64]], problems: Problems) -> None:
    if design.weights is None:
        return
    weights = counted[design.weights]
    problems.add_rows(np.flatnonzero(np.isnan(weights)), design.weights, NO_WEIGHT)
    problems.add_rows(np.flatnonzero(weights < 0), design.weights, BAD_WEIGHT)
    for column in design.replicates.columns if design.replicates else ():
        problems.add_rows(np.flatnonzero(np.isnan(counted[column])), column, NO_REPLICATE)
        problems.add_rows(np.flatnonzero(counted[column] < 0), column, BAD_WEIGHT)
        if len(counted[column]) and not counted[column].any():
            problems.add(0, column, ALL_ZERO)


def _check_design(
    table: Table, design: DesignFile, counted: dict[str, NDArray[np.float64]], problems: Problems
) -> None:
    for role in ("strata", "psu", "ssu"):
        for column in getattr(design, role):
            problems.add_rows(_empty_rows(table, column), column, EMPTY_DESIGN, role=f"`{role}`")
            if _marked(table, design, column):
                marked = pc.is_in(table.text(column), value_set=pa.array(design.missing)).to_numpy()
                problems.add_rows(np.flatnonzero(marked), column, MARKED_DESIGN, role=f"`{role}`")
    for column in design.fpc:
        if isinstance(column, str):
            counts = counted[column]
            problems.add_rows(np.flatnonzero(np.isnan(counts)), column, EMPTY_DESIGN, role="`fpc`")
            problems.add_rows(np.flatnonzero(counts < 1), column, BAD_COUNT)


def _empty_rows(table: Table, column: str) -> NDArray[np.int64]:
    raw = table.raw(column)
    text = raw if pa.types.is_integer(raw.type) else table.text(column)
    return np.flatnonzero(pc.is_null(text).to_numpy()) if text.null_count else np.zeros(0, np.int64)


def _check_totals(table: Table, totals: Totals, file: str, problems: Problems) -> None:
    """Each row must fall into a cell whose total is known."""
    numbers, combinations = crossed(table, totals.by)
    template = ZEROS_LOST if table.stored_as_numbers.intersection(totals.by) else NO_TOTAL
    for combination, rows in zip(combinations, rows_by_combination(numbers), strict=True):
        if combination not in totals.cells:
            column, value = "+".join(totals.by), " + ".join(combination)
            problems.add_rows(rows, column, template, value=value, file=file, totals_line=totals.line)
