"""The names of the columns: each present, each once."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence

import pyarrow as pa

from sipas.errors import N_, BadFile
from sipas.files.formula_marks import unmarked

NAMELESS = N_("{file}: column {number} has values but no name; name it in the header, or delete it")
TWICE = N_("{file}: the column name {names} stands more than once in the header; give each column its own name")


def check_header(
    names: Sequence[str], columns: Sequence[pa.ChunkedArray], file: str
) -> tuple[tuple[str, ...], list[pa.ChunkedArray]]:
    """Clean names beside their columns; columns that have neither a name nor a value are left out."""
    kept = kept_columns(names, [column.null_count < len(column) for column in columns], file)
    return tuple(kept), [columns[place] for place in kept.values()]


def kept_columns(names: Sequence[str], filled: Sequence[bool], file: str) -> dict[str, int]:
    """Clean names and the places of their columns, but for columns that have neither a name nor a value.

    Raises BadFile for a column with values and no name, and for a name that two columns have.
    """
    cleaned = [unmarked(unicodedata.normalize("NFC", name or "").strip()) for name in names]
    for place, name in enumerate(cleaned):
        if not name and filled[place]:
            raise BadFile(NAMELESS, file=file, number=place + 1)
    twice = [name for name, count in Counter(filter(None, cleaned)).items() if count > 1]
    if twice:
        raise BadFile(TWICE, file=file, names=", ".join(twice))
    return {name: place for place, name in enumerate(cleaned) if name}
