"""The frozen data set: one Parquet file that explains itself.

The codebook lies in the file's metadata, and so does a digest that says *which* data set this is. A file may say
anything of itself: whoever relies on the digest computes it anew (`content_digest`), or has it compared (`verified`).
"""

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from analysis.data.codebook import NOT_APPLICABLE, Codebook
from analysis.data.snapshot_digest import BATCH, NEWEST, VERSIONS, digest_of_rows
from analysis.errors import N_, AlteredSnapshot, BadData, NotASnapshot

CODEBOOK = b"codebook"
DIGEST = b"digest"
DIGEST_VERSION = b"digest-version"  # absent in snapshots of version 1, frozen until November 2026


@dataclass(frozen=True)
class Snapshot:
    """A frozen data set on disk: where it lies, what its columns mean, which data it says it is, and how many rows."""

    path: Path
    codebook: Codebook
    digest: str
    rows: int

    def table(self) -> pa.Table:
        """Read all rows as an Arrow table."""
        return pq.read_table(self.path)


def write_snapshot(path: str | os.PathLike[str], table: pa.Table, codebook: Codebook) -> Snapshot:
    """Write a table and its codebook as one Parquet file; never half a file.

    Item columns must hold whole numbers: 1..levels, -1 for "not applicable", null for "not answered", and where the
    codebook knows `not_asked`, that (-2).
    """
    table = _typed(table, codebook)
    stored = codebook.to_json().encode()
    digest = digest_of_rows(lambda: table.to_batches(max_chunksize=BATCH), table.schema, stored)
    metadata = {CODEBOOK: stored, DIGEST: digest.encode(), DIGEST_VERSION: NEWEST.encode()}
    path = Path(path)
    partial = path.with_name(path.name + ".partial")
    try:
        with partial.open("wb") as file:
            pq.write_table(table.replace_schema_metadata(metadata), file, compression="zstd")
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    return Snapshot(path, codebook, digest, table.num_rows)


def _typed(table: pa.Table, codebook: Codebook) -> pa.Table:
    """The table with its item columns checked against the codebook, each in its narrowest type."""
    lowest = min((NOT_APPLICABLE, *(codebook.not_asked or ())))
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
        if low is not None and (low < lowest or high > item.levels or pc.any(pc.equal(column, 0)).as_py()):
            raise BadData(
                N_(
                    "column {column} holds values from {low} to {high}; allowed are 1 to {levels}, "
                    "-1 for not applicable, -2 for not asked where the codebook says so, and empty"
                ),
                column=item.code,
                low=low,
                high=high,
                levels=item.levels,
            )
        place = table.column_names.index(item.code)
        table = table.set_column(place, item.code, column.cast(pa.int8() if item.levels < 128 else pa.int16()))
    return table


def holds_the_same(snapshot: Snapshot, table: pa.Table) -> bool:
    """Compare a table's rows, under the codebook stored in the file, with the data set that lies in the file."""
    metadata = pq.read_metadata(snapshot.path).metadata
    typed = _typed(table, snapshot.codebook)
    digest = digest_of_rows(
        lambda: typed.to_batches(max_chunksize=BATCH),
        typed.schema,
        metadata[CODEBOOK],
        metadata.get(DIGEST_VERSION, b"1").decode(),
    )
    return digest == content_digest(snapshot.path)


def holds_all_of(snapshot: Snapshot, table: pa.Table, but: Collection[str] = ()) -> bool:
    """Say whether each row of a table is among those of the file, as often as in the table, but for some columns.

    Of a million rows it takes some seconds and a few hundred bytes each.
    """
    whole = snapshot.table()
    names = [name for name in whole.column_names if name not in but]
    if not set(names) <= set(table.column_names):
        return False
    if not table.num_rows:
        return True
    columns = []
    for name in names:
        kind = pa.string() if pa.types.is_dictionary(whole[name].type) else whole[name].type
        both = pa.chunked_array([*table[name].cast(kind).chunks, *whole[name].cast(kind).chunks])
        places = both.combine_chunks().dictionary_encode().indices
        columns.append(places.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32))
    rows = np.ascontiguousarray(np.column_stack(columns)).view(np.dtype((np.void, 4 * len(columns))))[:, 0]
    _, which = np.unique(rows, return_inverse=True)
    counts = [np.bincount(part, minlength=which.max() + 1) for part in np.split(which, [table.num_rows])]
    return bool((counts[0] <= counts[1]).all())


def read_snapshot(path: str | os.PathLike[str]) -> Snapshot:
    """Open a snapshot: read the codebook and the counts, not the rows."""
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
    try:
        codebook = Codebook.from_json(metadata[CODEBOOK].decode())
        return Snapshot(path, codebook, metadata.get(DIGEST, b"").decode(), found.num_rows)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as problem:
        raise NotASnapshot(N_("the codebook in {path} cannot be read"), path=str(path)) from problem


def content_digest(path: str | os.PathLike[str]) -> str:
    """Compute the digest of the rows and the codebook that lie in a file; what the file says it is does not count.

    Streams the file: constant memory, for snapshots of version 1 and 32 bytes a row. Raises NotASnapshot.
    """
    snapshot = read_snapshot(path)
    with pq.ParquetFile(snapshot.path) as file:
        schema, metadata = file.schema_arrow, file.schema_arrow.metadata
    version = metadata.get(DIGEST_VERSION, b"1").decode(errors="replace")
    if version not in VERSIONS:
        raise NotASnapshot(
            N_("{path} has a digest of version {version}, which this program does not know"),
            path=str(path),
            version=version,
        )
    texts = [field.name for field in schema if pa.types.is_string(field.type) or pa.types.is_dictionary(field.type)]

    def batches() -> Iterator[pa.RecordBatch]:
        with pq.ParquetFile(snapshot.path, read_dictionary=texts) as file:
            yield from file.iter_batches(batch_size=BATCH)

    try:
        return digest_of_rows(batches, schema, metadata[CODEBOOK], version)
    except (pa.ArrowException, OSError, ValueError, LookupError, OverflowError) as problem:
        raise NotASnapshot(
            N_("{path} cannot be read as a Parquet file: {problem}"),
            path=str(path),
            problem=(str(problem) or type(problem).__name__).splitlines()[0],
        ) from problem


def verified(snapshot: Snapshot, digest: str | None = None) -> Snapshot:
    """Return the snapshot if its content has this digest (default: the one it names), else raise AlteredSnapshot."""
    named = snapshot.digest if digest is None else digest
    found = content_digest(snapshot.path)
    if found != named:
        raise AlteredSnapshot(
            N_("{path} was changed: its content has the digest {found}, and should have {named}"),
            path=str(snapshot.path),
            found=found[:16],
            named=named[:16] or "–",
        )
    return snapshot
