"""Parquet files: columns keep their type and are fetched when asked for."""

from __future__ import annotations

import unicodedata
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq

from sipas.errors import N_, BadFile, SipasError
from sipas.tables.delimited import COLUMNS, MANY_COLUMNS
from sipas.tables.header import TWICE
from sipas.tables.table import DAMAGED, Table, refusing_damage

UNLIKE = N_("it claims {rows} rows, and its parts have others")
MANY_ROWS = N_("{file} has {rows} rows; at most {most} are read as a table")
NOT_NFC = N_("{file}: the column name {name} is not in Unicode's composed form (NFC); rename the column")
MOST_ROWS = 50_000_000  # a few bytes can say that one value stands in as many rows as they like


def open_parquet(path: Path, file: str) -> Table:
    """Open a Parquet file; nothing but its description is read yet."""
    with refusing_damage(file):
        parquet = pq.ParquetFile(path, memory_map=True)
        names = parquet.schema_arrow.names
    rows = parquet.metadata.num_rows
    if rows != sum(parquet.metadata.row_group(place).num_rows for place in range(parquet.num_row_groups)):
        raise BadFile(DAMAGED, file=file, reason=SipasError(UNLIKE, rows=rows))
    if rows > MOST_ROWS:
        raise BadFile(MANY_ROWS, file=file, rows=rows, most=MOST_ROWS)
    if len(names) > COLUMNS:
        raise BadFile(MANY_COLUMNS, file=file, count=len(names), most=COLUMNS)
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise BadFile(TWICE, file=file, names=", ".join(twice))
    for name in names:
        if not unicodedata.is_normalized("NFC", name):
            raise BadFile(NOT_NFC, file=file, name=name)
    return Table(name=file, columns=tuple(names), rows=rows, counts_rows=True, parquet=parquet)
