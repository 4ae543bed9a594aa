"""Labels and codes: how the columns that identify a cell are kept small and in one fixed order.

A key column is a sorted array of its distinct labels and, per row or cell, the place of its label (-1 = empty).
Labels sort by code point, numbers by size, never by appearance: so the order of cells never depends on the data's.
"""

import unicodedata
from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from analysis.errors import N_, BadData, BadWeights

Labels = NDArray
Codes = NDArray[np.int32]


def text_labels(values: Sequence[str]) -> Labels:
    """Return distinct labels, sorted, as an array of Python strings."""
    labels = np.empty(len(set(values)), dtype=object)
    labels[:] = sorted(set(values))
    return labels


def encode_text(column: pa.Array) -> tuple[Labels, Codes]:
    """Encode a column of texts, whole numbers or booleans as labels and codes; NFC; an empty text is empty."""
    if pa.types.is_dictionary(column.type):
        encoded = column
    else:
        if pa.types.is_floating(column.type):
            column = _whole_where_possible(column)
        encoded = column.dictionary_encode()
    raw = ["" if value is None else _as_text(value) for value in encoded.dictionary.to_pylist()]
    labels = text_labels([text for text in raw if text])
    places = {label: place for place, label in enumerate(labels)}
    ranks = pa.array([places.get(text, -1) for text in raw], pa.int32())
    codes = pc.take(ranks, encoded.indices, boundscheck=False)  # Arrow made the indices, or checked them
    return labels, (codes.fill_null(-1) if codes.null_count else codes).to_numpy(zero_copy_only=False)


def encode_numbers(column: pa.Array, name: str) -> tuple[Labels, Codes]:
    """Encode numbers as distinct values in ascending order, and codes; an empty value or NaN is empty."""
    values = _floats(column, name)
    known = ~np.isnan(values)
    labels, inverse = np.unique(values[known], return_inverse=True)
    codes = np.full(len(values), -1, dtype=np.int32)
    codes[known] = inverse
    return labels, codes


def encode_vectors(columns: Sequence[pa.Array], names: Sequence[str], before: int) -> tuple[Labels, Codes]:
    """Encode replicate weights: the distinct rows of numbers [vectors, columns] in ascending order, and codes.

    `before` counts the rows of earlier batches. Raises BadWeights with column and row of a value that is no weight.
    """
    vectors = np.empty((len(columns[0]), len(columns)))
    for place, (column, name) in enumerate(zip(columns, names, strict=True)):
        values = _floats(column, name)
        wrong = ~np.isfinite(values) | (values < 0)
        if wrong.any():
            row = int(np.argmax(wrong))
            raise BadWeights(
                N_("replicate weight {column} in row {row} is empty, negative or no finite number: {value}"),
                column=name,
                row=before + row + 1,
                value=str(values[row]),
            )
        vectors[:, place] = values + 0.0  # no -0
    return distinct_vectors(vectors)


def distinct_vectors(vectors: NDArray[np.float64]) -> tuple[Labels, Codes]:
    """Return the distinct rows, first column first, and each row's place among them; numbers of 0 or more.

    The bytes of such numbers, the highest first, sort as the numbers do.
    """
    width = vectors.shape[1]
    packed = np.ascontiguousarray(vectors, dtype=">f8").view(np.dtype((np.void, 8 * width))).ravel()
    distinct, inverse = np.unique(packed, return_inverse=True)
    labels = distinct.view(">f8").reshape(-1, width).astype(float)
    return labels, inverse.ravel().astype(np.int32)


def dense_span(length: int) -> int:
    """Return up to which span of keys a table of all keys is quicker than sorting them."""
    return max(4 * length, 1 << 20)


def combine_keys(codes: Sequence[Codes], sizes: Sequence[int], length: int) -> tuple[NDArray[np.int64], int]:
    """Combine codes to one key per row that sorts as they do, first column first; also one more than the largest."""
    small = prod(size + 1 for size in sizes) < 2**31  # half the memory to go through
    key: NDArray[Any] = np.zeros(length, dtype=np.int32 if small else np.int64)
    span = 1
    for column, size in zip(codes, sizes, strict=True):
        wide = span * (size + 1)
        if wide >= 2**62 or (1 < span <= dense_span(length) < wide):
            key, span = dense_rank(key, span)
        key *= size + 1
        key += column
        key += 1
        span *= size + 1
    return key.astype(np.int64), span


def dense_rank(key: NDArray[np.int64], span: int) -> tuple[NDArray[np.int64], int]:
    """Rank each key among the distinct keys; also how many there are."""
    if span <= dense_span(len(key)):
        present = np.zeros(span, dtype=bool)
        present[key] = True
        distinct = np.flatnonzero(present)
        places = np.empty(span, dtype=np.int32)  # narrow: what is looked up at random should be near
        places[distinct] = np.arange(len(distinct), dtype=np.int32)
        return places[key].astype(np.int64), len(distinct)
    distinct, inverse = np.unique(key, return_inverse=True)
    return inverse, len(distinct)


def first_of_each(ids: NDArray, size: int) -> NDArray[np.int64]:
    """Find for each group the first row that belongs to it."""
    first = np.empty(size, dtype=np.int64)
    first[ids[::-1]] = np.arange(len(ids) - 1, -1, -1)
    return first


def merge_labels(parts: Sequence[tuple[Labels, Codes]]) -> tuple[Labels, list[Codes]]:
    """Merge the labels of several parts in one order; also each part's codes in it."""
    numeric = any(labels.dtype != object for labels, _ in parts)
    if parts[0][0].ndim == 2:
        whole, places_of = distinct_vectors(np.concatenate([labels for labels, _ in parts]))
        ends = np.cumsum([len(labels) for labels, _ in parts])[:-1]
        maps = list(np.split(places_of.astype(np.int64), ends))
    elif numeric:
        whole = np.unique(np.concatenate([labels.astype(float) for labels, _ in parts]))
        maps = [np.searchsorted(whole, labels.astype(float)) for labels, _ in parts]
    else:
        whole = text_labels([label for labels, _ in parts for label in labels])
        places = {label: place for place, label in enumerate(whole)}
        maps = [np.array([places[label] for label in labels], dtype=np.int64) for labels, _ in parts]
    codes = [np.append(mapping, -1).astype(np.int32)[own] for mapping, (_, own) in zip(maps, parts, strict=True)]
    return whole, codes


def _floats(column: pa.Array, name: str) -> NDArray[np.float64]:
    """A column as floats, NaN where it is empty; raises BadData where it holds no numbers."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        column = pc.if_else(pc.equal(pc.utf8_trim_whitespace(column), ""), None, column)
    try:
        return pc.cast(column, pa.float64()).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid as problem:
        raise BadData(
            N_("column {column} must hold numbers: {problem}"), column=name, problem=str(problem).splitlines()[0]
        ) from problem


def label_text(label: object) -> str:
    """Format a label as it is shown: a number without a needless `.0`."""
    if isinstance(label, float | np.floating):
        return str(int(label)) if float(label).is_integer() else repr(float(label))
    return str(label)


def _as_text(value: object) -> str:
    return unicodedata.normalize("NFC", value.strip() if isinstance(value, str) else label_text(value))


def _whole_where_possible(column: pa.Array) -> pa.Array:
    column = pc.if_else(pc.is_nan(column), None, column)
    whole = pc.all(pc.equal(pc.floor(column), column)).as_py()
    return column.cast(pa.int64()) if whole or whole is None else column
