"""A half-year of a province as a Parquet snapshot: 75 communes, 26 weeks, 12 fields, 22 items, 3% missing."""

from pathlib import Path

import numpy as np
import pyarrow as pa

from analysis import Codebook, CodebookItem, Snapshot, write_snapshot

UNITS, WEEKS, FIELDS, ITEMS, FACTORS = 75, 26, 12, 22, 5


def labels(codes, names):
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), names).cast(pa.string())


def write(path: Path, rows: int, seed: int = 1, **about: object) -> Snapshot:
    """Write `rows` answers; the same bytes for the same arguments. `about` is said in the codebook: wave, days."""
    rng = np.random.default_rng(seed)
    unit, week, field = (rng.integers(0, n, rows) for n in (UNITS, WEEKS, FIELDS))
    units = [f"{3600 + 3 * k:05}" for k in range(UNITS)]
    table = {
        "stratum": labels(unit, units),
        "psu": labels(unit * WEEKS + week, [f"{k:08x}" for k in range(UNITS * WEEKS)]),
        "unit": labels(unit, units),
        "field": labels(field, [f"field-{k:02}" for k in range(FIELDS)]),
    }
    items = tuple(CodebookItem(f"q{k:02}", factor=f"F{k % FACTORS}") for k in range(ITEMS))
    for item in items:
        level = rng.choice(np.arange(1, 6, dtype=np.int8), rows, p=[0.02, 0.03, 0.1, 0.4, 0.45])
        table[item.code] = pa.array(level, mask=rng.random(rows) < 0.03)
    codebook = Codebook(
        instrument="bench", items=items, factors=tuple((f"F{k}", "") for k in range(FACTORS)),
        columns={"strata": ("stratum",), "psu": ("psu",)}, simulated=True, **about,
    )  # fmt: skip
    return write_snapshot(path, pa.table(table), codebook)


def dossiers() -> dict[tuple[str, str], int]:
    """The population of each unit x field."""
    return {(f"{3600 + 3 * u:05}", f"field-{f:02}"): 900 + 7 * u + 31 * f for u in range(UNITS) for f in range(FIELDS)}
