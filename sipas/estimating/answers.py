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

from sipas.errors import N_, BadFile, ManyErrors, SipasError
from sipas.estimating.totals import Totals
from sipas.tables import Problems, Table

if TYPE_CHECKING:
    from sipas.estimating.design_file import DesignFile

NOT_APPLICABLE = -1
EMPTY = -2
OUTSIDE = -3

NO_LEVEL = N_(
    "“{value}” is no level of the scale {scale}; correct it, or list it in the design file under `missing` or "
    "`not_applicable`, or state `levels`"
)
NO_WEIGHT = N_("the weight is empty; give every row a weight above 0, or leave the row out")
BAD_WEIGHT = N_("the weight {value} is not above 0; correct it, or leave the row out")
EMPTY_DESIGN = N_("this cell is empty, and the design needs {role} in every row; fill it, or leave the row out")
BAD_COUNT = N_("the population count {value} is below 1; `fpc` takes counts, never fractions")
LONELY = N_(
    "the stratum “{value}” has a single PSU, so its variance is unknown; merge it with a similar stratum, or choose "
    "`lonely: remove`, `centre` or `average` in the design file"
)
NO_TOTAL = N_("“{value}” has no total in {file}, line {totals_line}; add it there, or correct the cell")
ZEROS_LOST = N_(
    "“{value}” has no total in {file}, line {totals_line}; Excel keeps this column as numbers, so codes may have lost "
    "their zeros: format the column as text and enter them again"
)


def require_columns(table: Table, design: DesignFile, by: Sequence[Sequence[str]]) -> None:
    """Refuse with every column that the design or a family of domains names and the file lacks, and who named it."""
    named = [
        *(("items", column) for column in design.items),
        *(("weights", column) for column in ([design.weights] if design.weights else [])),
        *(("strata", column) for column in design.strata),
        *(("psu", column) for column in design.psu),
        *(("ssu", column) for column in design.ssu),
        *(("fpc", column) for column in design.fpc if isinstance(column, str)),
        *(("poststratify" if design.poststratify else "rake", column) for column in design.calibration_columns),
        *(("--by", column) for family in by for column in family),
    ]
    absent = [(role, column) for role, column in dict.fromkeys(named) if column not in table]
    if not absent:
        return
    errors = []
    for role, column in absent:
        near = table.nearest(column)
        if near:
            template = N_("{column} (named under {role}); did you mean {near}?")
            errors.append(SipasError(template, column=column, role=role, near=near))
        else:
            errors.append(SipasError(N_("{column} (named under {role})"), column=column, role=role))
    errors.append(SipasError(N_("its columns are: {present}"), present=", ".join(table.columns)))
    raise MissingColumns(SipasError(N_("{file} lacks these columns:"), file=table.name), errors)


class MissingColumns(ManyErrors, BadFile):
    """The design or `--by` names columns that the file does not have."""


def may_stream(table: Table, design: DesignFile) -> bool:
    """Whether the pass can read the file itself: Parquet with whole-number items and a scale of 1, 2, 3, ..."""
    if table.parquet is None:
        return False
    schema = table.parquet.schema_arrow
    return (
        design.scale.counted
        and all(re.fullmatch(r"-?\d{1,4}", word) for word in (*design.not_applicable, *design.missing))
        and all(pa.types.is_signed_integer(schema.field(item).type) for item in design.items)
    )


def answers_of(table: Table, design: DesignFile, by: Sequence[Sequence[str]]) -> pa.Table:
    """The answers in form: items as levels 1..k with -1 for not applicable and null for not answered, numbers, codes.

    Raises `BadTable` with every cell that the design forbids.
    """
    numbers = _number_columns(design)
    codes = [*design.strata, *design.psu, *design.ssu, *design.calibration_columns, *(c for f in by for c in f)]
    items = check(table, design)
    columns = {item: items[item] for item in design.items}
    columns.update((column, pa.array(table.numbers(column))) for column in numbers)
    columns.update((column, table.text(column)) for column in codes if column not in columns)
    return pa.table(columns)


def check(table: Table, design: DesignFile) -> dict[str, pa.Array]:
    """Look at every cell that the design uses; raises `BadTable` with all bad ones, else gives the items' levels."""
    numbers = _number_columns(design)
    table.load([*numbers, *design.strata, *design.psu, *design.ssu, *design.calibration_columns, *design.items])
    problems = Problems(table)
    counted = {column: table.numbers(column) for column in numbers}
    _check_weights(design, counted, problems)
    _check_design(table, design, counted, problems)
    for margin in (design.poststratify,) if design.poststratify else design.rake:
        _check_totals(table, margin, design.file, problems)
    items = {item: _levels(table, item, design, problems) for item in design.items}
    problems.refuse()
    return items


def _number_columns(design: DesignFile) -> list[str]:
    weights = [design.weights] if design.weights else []
    return [*weights, *(column for column in design.fpc if isinstance(column, str))]


def check_lonely(table: Table, design: DesignFile) -> None:
    """Name the strata with a single PSU, each at its first row; returns when there are none."""
    stratum, _ = _crossed(table, design.strata)
    psu, _ = _crossed(table, design.strata + design.psu) if design.psu else (np.arange(table.rows), [])
    pairs = np.unique(np.stack([stratum, psu]), axis=1)[0]
    found, first = np.unique(stratum, return_index=True)
    count = design.fpc[0] if design.fpc else 0
    counts = table.numbers(count)[first] if isinstance(count, str) else np.full(len(first), count)
    problems = Problems(table)
    for row in first[(np.bincount(np.searchsorted(found, pairs)) == 1) & (counts != 1)]:
        cells = [table.shown(int(row), column) for column in design.strata]
        problems.add(int(row), "+".join(design.strata), LONELY, value=" + ".join(cells))
    problems.refuse()


def _levels(table: Table, item: str, design: DesignFile, problems: Problems) -> pa.Array:
    """An item's answers as levels 1..k, -1 for not applicable, null for not answered."""
    encoded = _encoded(table, item)
    meaning = {code: place for place, code in enumerate(design.scale.levels, start=1)}
    meaning.update(dict.fromkeys(design.not_applicable, NOT_APPLICABLE))
    meaning.update(dict.fromkeys(design.missing, EMPTY))
    found = [meaning.get(_canonical(word, meaning), OUTSIDE) for word in encoded.dictionary.to_pylist()]
    states = np.array([*found, EMPTY], np.int16)[_indices(encoded)]
    if OUTSIDE in found:
        problems.add_rows(np.flatnonzero(states == OUTSIDE), item, NO_LEVEL, scale=design.scale.span)
    levels = states.astype(np.int8) if len(design.scale.levels) < 128 else states
    return pa.array(levels, mask=states == EMPTY)


def _encoded(table: Table, column: str) -> pa.DictionaryArray:
    """The distinct texts of a column, and which of them stands in each row."""
    raw = table.raw(column)
    if not pa.types.is_integer(raw.type):
        return pc.dictionary_encode(table.text(column).combine_chunks())
    encoded = pc.dictionary_encode(raw.combine_chunks())
    return pa.DictionaryArray.from_arrays(encoded.indices, pc.cast(encoded.dictionary, pa.string()))


def _indices(encoded: pa.DictionaryArray) -> NDArray[np.int64]:
    return pc.fill_null(encoded.indices, len(encoded.dictionary)).to_numpy(zero_copy_only=False)


def _canonical(word: str, meaning: dict[str, int]) -> str:
    """`5.0`, `5,0` and `05` are the level 5, as other programs write it; `4.5` is none."""
    if word in meaning:
        return word
    whole = re.fullmatch(r"(-?)0*(\d+)(?:[.,]0*)?", word)
    return whole[1] + whole[2] if whole else word


def _check_weights(design: DesignFile, counted: dict[str, NDArray[np.float64]], problems: Problems) -> None:
    if design.weights is None:
        return
    weights = counted[design.weights]
    problems.add_rows(np.flatnonzero(np.isnan(weights)), design.weights, NO_WEIGHT)
    problems.add_rows(np.flatnonzero(weights <= 0), design.weights, BAD_WEIGHT)


def _check_design(
    table: Table, design: DesignFile, counted: dict[str, NDArray[np.float64]], problems: Problems
) -> None:
    for role in ("strata", "psu", "ssu"):
        for column in getattr(design, role):
            problems.add_rows(_empty_rows(table, column), column, EMPTY_DESIGN, role=f"`{role}`")
    for column in design.fpc:
        if isinstance(column, str):
            counts = counted[column]
            problems.add_rows(np.flatnonzero(np.isnan(counts)), column, EMPTY_DESIGN, role="`fpc`")
            problems.add_rows(np.flatnonzero(counts < 1), column, BAD_COUNT)


def _empty_rows(table: Table, column: str) -> NDArray[np.int64]:
    raw = table.raw(column)
    text = raw if pa.types.is_integer(raw.type) else table.text(column)
    return np.flatnonzero(pc.is_null(text).to_numpy()) if text.null_count else np.zeros(0, np.int64)


def _crossed(table: Table, columns: Sequence[str]) -> tuple[NDArray[np.int64], list[list[str]]]:
    """One number per row for its combination of codes, and the codes of each column ("" for an empty cell)."""
    number = np.zeros(table.rows, np.int64)
    words: list[list[str]] = []
    for column in columns:
        encoded = _encoded(table, column)
        words.append([*encoded.dictionary.to_pylist(), ""])
        number = number * len(words[-1]) + _indices(encoded)
    return number, words


def _check_totals(table: Table, totals: Totals, file: str, problems: Problems) -> None:
    """Each row must fall into a cell whose total is known."""
    code, words = _crossed(table, totals.by)
    present, first = np.unique(code, return_inverse=True)
    unknown = np.zeros(len(present), bool)
    shown = []
    for place, value in enumerate(present.tolist()):
        cell: list[str] = []
        for known in reversed(words):
            value, index = divmod(value, len(known))
            cell.insert(0, known[index])
        shown.append(" + ".join(cell))
        unknown[place] = tuple(cell) not in totals.cells
    for place in np.flatnonzero(unknown):
        rows, column = np.flatnonzero(first == place), "+".join(totals.by)
        template = ZEROS_LOST if table.stored_as_numbers.intersection(totals.by) else NO_TOTAL
        problems.add_rows(rows, column, template, value=shown[place], file=file, totals_line=totals.line)
