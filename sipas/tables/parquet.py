"""Parquet files: columns keep their type and are fetched when asked for."""

from __future__ import annotations

import unicodedata
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from sipas.errors import N_, BadFile
from sipas.tables.header import TWICE
from sipas.tables.table import Table

DAMAGED = N_("{file} is no readable Parquet file ({reason}); write it again")
NOT_NFC = N_("{file}: the column name {name} is not in Unicode's composed form (NFC); rename the column")


def open_parquet(path: Path, file: str) -> Table:
    """Open a Parquet file; nothing but its description is read yet."""
    try:
        parquet = pq.ParquetFile(path, memory_map=True)
    except (pa.ArrowInvalid, OSError) as error:
        raise BadFile(DAMAGED, file=file, reason=str(error)) from error
    names = parquet.schema_arrow.names
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise BadFile(TWICE, file=file, names=", ".join(twice))
    for name in names:
        if not unicodedata.is_normalized("NFC", name):
            raise BadFile(NOT_NFC, file=file, name=name)
    return Table(name=file, columns=tuple(names), rows=parquet.metadata.num_rows, counts_rows=True, parquet=parquet)
