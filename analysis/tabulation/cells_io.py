"""Cells as a Parquet file: a column per key, count and sum; what they mean stands in the file's metadata."""

import json
from dataclasses import asdict
from math import prod

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analysis.data.codebook import Codebook
from analysis.data.design import Design
from analysis.data.replicate_weights import ReplicateWeights
from analysis.errors import N_, DifferentCells
from analysis.tabulation.cells import REPLICATES, Cells, narrowest_unsigned
from analysis.tabulation.key_encoding import combine_keys, distinct_vectors

FORMAT = b"cells-2"


def table_of(cells: Cells) -> pa.Table:
    """Write the cells as an Arrow table that explains itself."""
    columns: dict[str, pa.Array] = {}
    for key in cells.keys:
        codes = cells.codes[key]
        columns[f"key:{key}"] = _vectors_of(cells) if key == REPLICATES else pa.array(codes, mask=codes < 0)
    columns["rows"] = pa.array(cells.rows.astype(np.int64))
    for item, count in zip(cells.codebook.item_codes, cells.counts, strict=True):
        for state in range(count.shape[1]):
            columns[f"count:{item}:{state}"] = pa.array(count[:, state].astype(np.int64))
    for name, sums in cells.sums.items():
        for place, column in enumerate(sums.reshape(len(cells), -1).T):
            columns[f"sum:{name}:{place}"] = pa.array(column.astype(np.int64))
    plain = [key for key in cells.keys if key != REPLICATES]
    design = asdict(cells.design)
    if cells.design.replicates is None:  # cells without them keep the bytes they had before there were any
        del design["replicates"]
    about = {
        "by": cells.by,
        "keys": cells.keys,
        "labels": {
            key: [label if isinstance(label, str) else float(label) for label in cells.labels[key]] for key in plain
        },
        "numeric": [key for key in plain if cells.labels[key].dtype != object],
        "elements": cells.elements,
        "sums": {name: sums.shape[1:] for name, sums in cells.sums.items()},
        "design": design,
    }
    metadata = {
        b"format": FORMAT,
        b"codebook": cells.codebook.to_json().encode(),
        b"about": json.dumps(about, ensure_ascii=False, sort_keys=True).encode(),
    }
    return pa.table(columns).replace_schema_metadata(metadata)


def _vectors_of(cells: Cells) -> pa.Array:
    """The replicate weights of each cell, as lists of numbers."""
    vectors, codes = cells.vectors()
    return pa.FixedSizeListArray.from_arrays(pa.array(vectors[codes].ravel()), vectors.shape[1])


def cells_of(table: pa.Table, name: str) -> Cells:
    """Read cells that `table_of` wrote; raises DifferentCells for other formats, cells out of order or there twice."""
    metadata = table.schema.metadata or {}
    if metadata.get(b"format") != FORMAT:
        raise DifferentCells(N_("{path} does not hold cells that this version reads"), path=name)
    codebook = Codebook.from_json(metadata[b"codebook"].decode())
    about = json.loads(metadata[b"about"])
    design = about["design"]
    if design["sampled"] is not None:
        design["sampled"] = tuple(tuple(psu) for psu in design["sampled"])

    if design.get("replicates"):
        design["replicates"] = ReplicateWeights(**design["replicates"])

    def whole(column: str) -> NDArray[np.int64]:
        return table[column].to_numpy()

    labels = {}
    for key, values in about["labels"].items():
        labels[key] = np.array(values, dtype=float if key in about["numeric"] else object)
    codes = {key: table[f"key:{key}"].combine_chunks().fill_null(-1).to_numpy(zero_copy_only=False) for key in labels}
    if REPLICATES in about["keys"]:
        lists = table[f"key:{REPLICATES}"].combine_chunks()
        labels[REPLICATES], codes[REPLICATES] = distinct_vectors(lists.flatten().to_numpy().reshape(len(lists), -1))
    cells = Cells(
        codebook=codebook,
        design=Design(**{**design, "fpc": tuple(design["fpc"])}),
        by=tuple(tuple(family) for family in about["by"]),
        keys=tuple(about["keys"]),
        labels=labels,
        codes={key: codes[key] for key in about["keys"]},
        rows=narrowest_unsigned(whole("rows")),
        counts=tuple(
            narrowest_unsigned(
                np.column_stack([whole(f"count:{item.code}:{state}") for state in range(item.levels + 2)])
            )
            for item in codebook.items
        ),
        sums={
            name: narrowest_unsigned(
                np.column_stack([whole(f"sum:{name}:{place}") for place in range(prod(shape))])
            ).reshape(-1, *shape)
            for name, shape in about["sums"].items()
        },
        elements=about["elements"],
    )
    key, _ = combine_keys(
        [cells.codes[name] for name in cells.keys], [len(labels[name]) for name in cells.keys], len(cells)
    )
    steps = np.diff(key)
    if (steps < 0).any() or (not cells.elements and (steps == 0).any()):
        raise DifferentCells(
            N_("{path} holds the same cell twice, or cells out of order; tabulate the data again"), path=name
        )
    return cells
