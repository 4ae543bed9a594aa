"""The names of the columns: each present, each once."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence

import pyarrow as pa

from sipas.errors import N_, BadFile

NAMELESS = N_("{file}: column {number} has values but no name; name it in the header, or delete it")
TWICE = N_("{file}: the column name {names} stands more than once in the header; give each column its own name")


def check_header(
    names: Sequence[str], columns: Sequence[pa.ChunkedArray], file: str
) -> tuple[tuple[str, ...], list[pa.ChunkedArray]]:
    """Clean names beside their columns; columns that have neither a name nor a value are left out."""
    kept = []
    for number, (name, column) in enumerate(zip(names, columns, strict=True), start=1):
        name = unicodedata.normalize("NFC", name or "").strip()
        if name:
            kept.append((name, column))
        elif column.null_count < len(column):
            raise BadFile(NAMELESS, file=file, number=number)
    twice = [name for name, count in Counter(name for name, _ in kept).items() if count > 1]
    if twice:
        raise BadFile(TWICE, file=file, names=", ".join(twice))
    return tuple(name for name, _ in kept), [column for _, column in kept]
