"""Which data set a snapshot holds: a digest recomputed from its content, never taken from what a file says of itself.

Version 2 is computed in one pass in constant memory. It covers the codebook's stored bytes and, column by column in
the order of their names, every value in the order of the rows; how the file is compressed or cut into row groups does
not enter. Version 1, of snapshots frozen until November 2026, ignores the order of the rows: it sorts their digests,
32 bytes each, and is kept so that those files verify for ever; it covers what the values are, not the types in which
their columns are stored.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Batches = Callable[[], Iterable[pa.RecordBatch]]  # starts anew with each call

NEWEST = "2"
BATCH = 65_536  # rows; large enough that a batch costs little beside its rows
_DOMAIN = b"sipas-snapshot 2"  # no digest of another version or purpose begins so


def digest_of_rows(batches: Batches, schema: pa.Schema, codebook: bytes, version: str = NEWEST) -> str:
    """Compute the digest of a data set, 64 hexadecimal digits.

    batches   gives the rows, from the first, each time it is called
    codebook  the bytes that are stored beside the rows, as they are: never what this version would write

    `version` is one of VERSIONS.
    """
    return VERSIONS[version](batches, schema, codebook)


def _version_2(batches: Batches, schema: pa.Schema, codebook: bytes) -> str:
    columns = {name: _Column() for name in sorted(schema.names)}
    rows = 0
    for batch in batches():
        rows += batch.num_rows
        for name, column in columns.items():
            column.add(batch.column(name))
    whole = hashlib.sha256(_framed(_DOMAIN) + _framed(codebook) + rows.to_bytes(8, "big"))
    for name, column in columns.items():
        whole.update(_framed(name.encode()) + _framed(str(_plain(schema.field(name).type)).encode()) + column.digest())
    return whole.hexdigest()


class _Column:
    """The values of one column so far: numbered as they first appear, and the SHA-256 of those numbers."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self.hash = hashlib.sha256()

    def add(self, values: pa.Array) -> None:
        labels, codes = _encoded(values)
        places = [self.numbers.setdefault(label, len(self.numbers)) for label in labels]
        self.hash.update(np.array([*places, -1], dtype="<i4")[codes].tobytes())

    def digest(self) -> bytes:
        for label in self.numbers:
            self.hash.update(_framed(label.encode()))
        return self.hash.digest()


def _version_1(batches: Batches, schema: pa.Schema, codebook: bytes) -> str:
    """SHA-256 over the codebook, the distinct values of each column in order, and the sorted digests of the rows."""
    names = sorted(schema.names)
    found: dict[str, set[str]] = {name: set() for name in names}
    rows = 0
    for batch in batches():
        rows += batch.num_rows
        for name in names:
            found[name].update(_encoded(batch.column(name))[0])
    places = {name: {label: place for place, label in enumerate(sorted(found[name]))} for name in names}
    whole = hashlib.sha256(codebook)
    for name in names:
        whole.update(repr((name, list(places[name]))).encode())
    if names and rows:
        for digest in _sorted(_row_digests(batches(), places), rows):
            whole.update(digest)
    return whole.hexdigest()


def _row_digests(batches: Iterable[pa.RecordBatch], places: Mapping[str, Mapping[str, int]]) -> Iterator[bytes]:
    """The digests of each batch's rows, one after the other."""
    for batch in batches:
        columns = []
        for name, place in places.items():
            labels, codes = _encoded(batch.column(name))
            columns.append(np.array([*(place[label] for label in labels), -1], dtype="<i4")[codes])
        packed = np.ascontiguousarray(np.column_stack(columns)).data.cast("B")
        width = 4 * len(columns)
        yield b"".join([hashlib.sha256(packed[at : at + width]).digest() for at in range(0, len(packed), width)])


def _sorted(digests: Iterable[bytes], rows: int) -> Iterator[bytes]:
    """All digests in order, in pieces."""
    whole, at = np.empty(rows, dtype="S32"), 0
    for piece in digests:
        part = np.frombuffer(piece, dtype="S32")
        whole[at : at + len(part)] = part
        at += len(part)
    whole.sort()
    for start in range(0, rows, BATCH):
        yield whole[start : start + BATCH].tobytes()


def _encoded(values: pa.Array) -> tuple[list[str], NDArray[np.int64]]:
    """The distinct values of an array as text, as they first appear, and for each row the place of its value among
    them. An empty value has the place after the last."""
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    encoded = values.dictionary_encode()
    texts = [str(value) for value in encoded.dictionary.to_pylist()]
    codes = encoded.indices.fill_null(len(texts)).to_numpy(zero_copy_only=False)
    return texts, codes


def _plain(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _framed(part: bytes) -> bytes:
    return len(part).to_bytes(8, "big") + part


VERSIONS = {"1": _version_1, "2": _version_2}
