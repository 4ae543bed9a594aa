"""Which columns a design and its families of domains need, and the codes that stand in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sipas.errors import N_, BadFile, ManyErrors, SipasError
from sipas.tables import Table

if TYPE_CHECKING:
    from sipas.estimating.design_file import DesignFile


KEPT = "--adjust, --modes, --within"  # the options whose columns are kept beside those of --by


class MissingColumns(ManyErrors, BadFile):
    """The design or `--by` names columns that the file does not have."""


def require_columns(table: Table, design: DesignFile, by: Sequence[Sequence[str]], keep: Sequence[str] = ()) -> None:
    """Refuse with every column that the design, a family of domains or an option names and the file lacks, and who
    named it."""
    named = [
        *(("items", column) for column in design.items),
        *(("weights", column) for column in ([design.weights] if design.weights else [])),
        *(("strata", column) for column in design.strata),
        *(("psu", column) for column in design.psu),
        *(("ssu", column) for column in design.ssu),
        *(("fpc", column) for column in design.fpc if isinstance(column, str)),
        *(("replicates", column) for column in (design.replicates.columns if design.replicates else ())),
        *(("poststratify" if design.poststratify else "rake", column) for column in design.calibration_columns),
        *(("--by", column) for family in by for column in family),
        *((KEPT, column) for column in keep),
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


def distinct(table: Table, column: str) -> pa.DictionaryArray:
    """The distinct codes of a column as text, and which of them stands in each row."""
    raw = table.raw(column)
    if not pa.types.is_integer(raw.type):
        return pc.dictionary_encode(table.text(column).combine_chunks())
    encoded = pc.dictionary_encode(raw.combine_chunks())
    return pa.DictionaryArray.from_arrays(encoded.indices, pc.cast(encoded.dictionary, pa.string()))


def places(encoded: pa.DictionaryArray) -> NDArray[np.int64]:
    """For each row the place of its code among the distinct ones; the place after the last for an empty cell."""
    return pc.fill_null(encoded.indices, len(encoded.dictionary)).to_numpy(zero_copy_only=False)


def crossed(table: Table, columns: Sequence[str]) -> tuple[NDArray[np.int64], list[tuple[str, ...]]]:
    """For each row the number of its combination of codes, and these combinations ("" for an empty cell)."""
    number = np.zeros(table.rows, np.int64)
    known: list[tuple[str, ...]] = [()]
    for column in columns:
        encoded = distinct(table, column)
        codes = [*encoded.dictionary.to_pylist(), ""]
        found, number = np.unique(number * len(codes) + places(encoded), return_inverse=True)
        known = [(*known[pair // len(codes)], codes[pair % len(codes)]) for pair in found]
    return number, known


def rows_by_combination(number: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """The rows of each combination, in the order of the file."""
    order = np.argsort(number, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(number[order])) + 1)
