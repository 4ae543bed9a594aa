"""The same pass on a Spark cluster: each partition becomes cells, and cells add.

PySpark is asked for only here. Workers need this package and NumPy, PyArrow and SciPy; what travels back are cells,
never rows. On one machine the local pass is several times faster: this pays when the data lie on many.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pyarrow as pa

from analysis.errors import N_, AnalysisError, BadData
from analysis.tabulation.cells import Cells, merge_cells

COLUMN = "cells"


class NoSpark(AnalysisError):
    """PySpark, or the Java it needs, is not there."""


def session_of(session: Any = None) -> Any:
    """Return the given Spark session, the running one, or a new one; raises NoSpark naming what is missing."""
    try:
        from pyspark.sql import SparkSession
    except ImportError as missing:
        raise NoSpark(N_("PySpark is not installed; install it with: pip install 'sipas[spark]'")) from missing
    if session is not None:
        return session
    try:
        return SparkSession.builder.getOrCreate()
    except Exception as problem:
        raise NoSpark(
            N_("Spark does not start ({reason}); it needs Java 17 or newer"), reason=str(problem)
        ) from problem


def cells_of_partitions(
    paths: Sequence[str], columns: Sequence[str], tabulate: Callable[[pa.Table], Cells], session: Any = None
) -> Cells:
    """Tabulate all rows of some Parquet files, per partition by `tabulate`, and merge the cells by addition."""
    spark = session_of(session)
    # item codes have dots, which Spark takes for fields of a structure: on the way columns are called by their place
    frame = spark.read.parquet(*paths).selectExpr(*[f"`{column}` as c{place}" for place, column in enumerate(columns)])

    def of_partition(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        found: Cells | None = None
        for batch in batches:
            if batch.num_rows:
                part = tabulate(pa.Table.from_batches([batch]).rename_columns(list(columns)))
                found = part if found is None else found + part
        if found is not None:
            yield pa.RecordBatch.from_pydict({COLUMN: pa.array([found.to_bytes()], pa.binary())})

    parts = frame.mapInArrow(of_partition, f"{COLUMN} binary").toArrow()[COLUMN]
    if not len(parts):
        raise BadData(N_("there are no rows; nothing can be estimated"))
    return merge_cells([Cells.from_bytes(part.as_py()) for part in parts])
