"""The frozen data set: one Parquet file that explains itself.

The codebook lies in the file's metadata. The digest says *which* data set this is: it depends on the rows and the
codebook, not on the order of rows or on how the file is compressed.
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from analysis.codebook import NOT_APPLICABLE, Codebook
from analysis.errors import N_, BadData, NotASnapshot

CODEBOOK = b"codebook"
DIGEST = b"digest"


@dataclass(frozen=True)
class Snapshot:
    """A frozen data set on disk: where it lies, what its columns mean, which data they are, and how many rows."""

    path: Path
    codebook: Codebook
    digest: str
    rows: int

    def table(self) -> pa.Table:
        """All rows, as an Arrow table."""
        return pq.read_table(self.path)


def write_snapshot(path: str | os.PathLike[str], table: pa.Table, codebook: Codebook) -> Snapshot:
    """Write a table and its codebook as one Parquet file; never half a file.

    Item columns must hold whole numbers: 1..levels, -1 for "not applicable", null for "not answered".
    """
    for item in codebook.items:
        if item.code not in table.column_names:
            raise BadData(N_("column {column} is missing; the codebook describes it as an item"), column=item.code)
        column = table[item.code]
        if not pa.types.is_integer(column.type):
            raise BadData(
                N_("column {column} must hold whole numbers, and holds {type}"), column=item.code, type=str(column.type)
            )
        ends = pc.min_max(column).as_py()
        low, high = ends["min"], ends["max"]
        if low is not None and (low < NOT_APPLICABLE or high > item.levels or pc.any(pc.equal(column, 0)).as_py()):
            raise BadData(
                N_(
                    "column {column} holds values from {low} to {high}; allowed are 1 to {levels}, "
                    "-1 for not applicable, and empty"
                ),
                column=item.code,
                low=low,
                high=high,
                levels=item.levels,
            )
        place = table.column_names.index(item.code)
        table = table.set_column(place, item.code, column.cast(pa.int8() if item.levels < 128 else pa.int16()))
    digest = _digest(table, codebook)
    metadata = {CODEBOOK: codebook.to_json().encode(), DIGEST: digest.encode()}
    path = Path(path)
    partial = path.with_name(path.name + ".partial")
    try:
        pq.write_table(table.replace_schema_metadata(metadata), partial, compression="zstd")
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    return Snapshot(path, codebook, digest, table.num_rows)


def read_snapshot(path: str | os.PathLike[str]) -> Snapshot:
    """Open a snapshot: reads the codebook and the counts, not the rows."""
    path = Path(path)
    try:
        found = pq.read_metadata(path)
    except (pa.ArrowInvalid, OSError) as problem:
        raise NotASnapshot(
            N_("{path} cannot be read as a Parquet file: {problem}"),
            path=str(path),
            problem=str(problem).splitlines()[0],
        ) from problem
    metadata = found.metadata or {}
    if CODEBOOK not in metadata:
        raise NotASnapshot(
            N_("{path} is a Parquet file without a codebook; describe it with a design file"), path=str(path)
        )
    return Snapshot(
        path, Codebook.from_json(metadata[CODEBOOK].decode()), metadata.get(DIGEST, b"").decode(), found.num_rows
    )


def verify(snapshot: Snapshot) -> bool:
    """Whether the rows and the codebook in the file still have the digest written beside them."""
    return _digest(snapshot.table(), snapshot.codebook) == snapshot.digest


def _digest(table: pa.Table, codebook: Codebook) -> str:
    """SHA-256 over the codebook, the distinct values of each column, and the sorted digests of the rows."""
    whole = hashlib.sha256(codebook.to_json().encode())
    columns = []
    for name in sorted(table.column_names):
        labels, codes = _coded(table[name])
        whole.update(repr((name, labels)).encode())
        columns.append(codes)
    if columns and table.num_rows:
        rows = np.ascontiguousarray(np.column_stack(columns))
        width = rows.itemsize * rows.shape[1]
        packed = rows.tobytes()
        digests = sorted(
            hashlib.sha256(packed[start : start + width]).digest() for start in range(0, len(packed), width)
        )
        for digest in digests:
            whole.update(digest)
    return whole.hexdigest()


def _coded(column: pa.ChunkedArray) -> tuple[list[str], NDArray]:
    """The distinct values of a column as sorted text, and for each row the place of its value (-1 = empty)."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    encoded = column.combine_chunks().dictionary_encode()
    values = [str(value) for value in encoded.dictionary.to_pylist()]
    labels = sorted(set(values))
    places = {label: place for place, label in enumerate(labels)}
    ranks = np.array([places[value] for value in values] + [-1], dtype="<i4")
    indices = encoded.indices.fill_null(len(values)).to_numpy(zero_copy_only=False)
    return labels, ranks[indices]
