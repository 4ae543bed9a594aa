"""Cells from a cluster are the cells of one machine, byte for byte.

The whole is run on Spark's local[2] by `make test-spark`; here its partitions are played by a stand-in that cuts the
same files into parts, so that what travels to the workers is tested everywhere.
"""

from __future__ import annotations

import os
import shutil
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analysis import Codebook, CodebookItem, Design, estimate, tabulate, write_snapshot
from analysis.errors import BadMethod
from analysis.tabulation.spark import NoSpark, session_of

try:
    import pyspark
except ImportError:
    pyspark = None

FAMILIES = ["unit", ("unit", "field")]


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory):
    rng = np.random.default_rng(11)
    rows = 20_000
    table = pa.table(
        {
            "stratum": np.char.add("0", rng.integers(1, 9, rows).astype(str)),
            "psu": np.char.add("w", rng.integers(0, 26, rows).astype(str)),
            "unit": np.char.add("u", rng.integers(0, 5, rows).astype(str)),
            "field": rng.choice(["đất đai", "hộ tịch"], rows),
            **{code: pa.array(rng.integers(1, 6, rows), mask=rng.random(rows) < 0.05) for code in ("B1.1", "B1.2")},
        }
    )
    codebook = Codebook(
        items=(CodebookItem("B1.1", factor="B1"), CodebookItem("B1.2", factor="B1")),
        factors=(("B1", ""),),
        columns={"strata": ("stratum",), "psu": ("psu",)},
    )
    return write_snapshot(tmp_path_factory.mktemp("spark") / "s.parquet", table, codebook)


class StandIn:
    """Reads like a session and cuts the rows into parts of uneven size, one of them empty."""

    @property
    def read(self):
        return self

    def parquet(self, *paths):
        self.table = pa.concat_tables([pq.read_table(path) for path in paths])
        return self

    def selectExpr(self, *expressions):
        names = [expression.split("` as ") for expression in expressions]
        self.table = self.table.select([name.strip("`") for name, _ in names]).rename_columns([new for _, new in names])
        return self

    def mapInArrow(self, function, schema):
        assert schema == "cells binary"
        cuts = [0, 1, 5000, 5000, 17_003, self.table.num_rows]
        parts = [self.table.slice(a, b - a) for a, b in pairwise(cuts)]
        self.table = pa.Table.from_batches(
            [batch for part in parts for batch in function(iter(part.to_batches(max_chunksize=3000)))]
        )
        return self

    def toArrow(self):
        return self.table


def test_cells_of_partitions_are_the_cells_of_the_whole(snapshot, monkeypatch):
    monkeypatch.setattr("analysis.tabulation.spark.session_of", lambda session: session)
    spread = tabulate(snapshot, FAMILIES, engine="spark", session=StandIn())
    local = tabulate(snapshot, FAMILIES)
    assert spread.to_bytes() == local.to_bytes()
    assert estimate(spread).low.tobytes() == estimate(local).low.tobytes()


def test_sums_over_persons_travel_with_the_cells(snapshot, monkeypatch):
    monkeypatch.setattr("analysis.tabulation.spark.session_of", lambda session: session)
    asked = {
        "cross_products": True,
        "complete": ["B1"],
        "straight_lines": 2,
        "importance": "B1.2",
        "person_means": True,
    }
    spread = tabulate(snapshot, FAMILIES, engine="spark", session=StandIn(), **asked)
    assert spread.to_bytes() == tabulate(snapshot, FAMILIES, **asked).to_bytes()
    rows_as_psus = tabulate(snapshot, engine="spark", session=StandIn(), design=Design("stratum"))
    assert rows_as_psus.to_bytes() == tabulate(snapshot, design=Design("stratum")).to_bytes()


def test_what_a_cluster_cannot_do_is_refused_by_name(snapshot):
    with pytest.raises(BadMethod, match="local engine"):
        tabulate(snapshot, engine="spark", design=Design(), elements=True)
    with pytest.raises(BadMethod, match="Parquet"):
        tabulate(snapshot.table(), codebook=snapshot.codebook, design=Design("stratum", "psu"), engine="spark")
    with pytest.raises(BadMethod, match="engine"):
        tabulate(snapshot, engine="ray")


@pytest.mark.skipif(pyspark is not None, reason="PySpark is here")
def test_without_pyspark_the_error_names_what_to_install():
    with pytest.raises(NoSpark, match="pip install"):
        session_of()


@pytest.mark.skipif(pyspark is None or not shutil.which("java"), reason="PySpark or Java is not installed")
def test_a_real_cluster_of_two_gives_the_same_bytes(snapshot):
    from pyspark.sql import SparkSession

    session = (
        SparkSession.builder.master("local[2]")
        .config("spark.sql.files.maxPartitionBytes", 40_000)
        .config("spark.ui.enabled", "false")
        .config("spark.executorEnv.PYTHONPATH", os.getcwd())
        .getOrCreate()
    )
    try:
        spread = tabulate(snapshot, FAMILIES, engine="spark", session=session)
    finally:
        session.stop()
    assert spread.to_bytes() == tabulate(snapshot, FAMILIES).to_bytes()
