"""A long table of an office's own with a design file, as CSV and as Parquet: time and memory beside a plain read of it.

The limits are what November 2026 needed, and a tenth more: the strictness of the reader may cost no more than that.
Run as `python -m tests.bench.tables FILE DESIGN` it is the estimating process, with `plain` for DESIGN the plain read.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from tests.bench import sample
from tests.bench.workbooks import peak

DESIGN = "strata: stratum\npsu: psu\nitems: [{items}]\nsatisfied: 4\n"
LIMITS = {"csv": (6.4, 1.3), "parquet": (2.5, 1.9)}  # CPU seconds and peak memory, times those of the plain read


def files(folder: Path, rows: int) -> tuple[Path, dict[str, Path]]:
    """The design, and the same answers as Parquet and as CSV."""
    table = pq.read_table(sample.write(folder / "snapshot.parquet", rows).path).replace_schema_metadata(None)
    paths = {kind: folder / f"answers.{kind}" for kind in LIMITS}
    pq.write_table(table, paths["parquet"])
    pacsv.write_csv(table, paths["csv"])
    design = folder / "design.yaml"
    items = [name for name in table.column_names if name.startswith("q")]
    design.write_text(DESIGN.format(items=", ".join(items)), "utf-8")
    return design, paths


def measured(path: Path, design: str | Path) -> dict[str, float]:
    """The best of three processes: CPU seconds and peak MiB."""
    runs = [
        json.loads(
            subprocess.run(
                [sys.executable, "-m", "tests.bench.tables", path, design], check=True, capture_output=True, text=True
            ).stdout
        )
        for _ in range(3)
    ]
    return {key: min(run[key] for run in runs) for key in runs[0]}


def main(rows: int) -> int:
    """Prints the table; the number of limits that were missed."""
    missed = 0
    print(f"\n{f'an own table of {rows:,} rows':66} {'ours':>9} {'other':>9} {'ratio':>9}  limit")
    with tempfile.TemporaryDirectory() as folder:
        design, paths = files(Path(folder), rows)
        for kind, path in paths.items():
            ours, plain = measured(path, design), measured(path, "plain")
            for what, key, limit in zip(("CPU s", "peak MiB"), ("cpu", "mebibytes"), LIMITS[kind], strict=True):
                ratio = ours[key] / plain[key]
                missed += ratio > limit
                said = f"{kind}, estimated by unit: {what} / PyArrow reads it"
                met = f"at most {limit}{'' if ratio <= limit else '  MISSED'}"
                print(f"{said:66} {ours[key]:>9.2f} {plain[key]:>9.2f} {ratio:>9.2f}  {met}", flush=True)
    return missed


def estimated(path: Path, design: Path) -> None:
    """What `sipas estimate` does with the file."""
    from sipas.estimating.design_file import read_design
    from sipas.estimating.run import estimate_source
    from sipas.estimating.survey import DataSource

    estimate_source(DataSource(path, read_design(design)), [("unit",)])


def read_plainly(path: Path) -> None:
    """What any program must at least do."""
    read: Callable[[Path], object] = pacsv.read_csv if path.suffix == ".csv" else pq.read_table
    read(path)


if __name__ == "__main__":
    at, how = map(Path, sys.argv[1:3])
    begun = time.process_time()
    read_plainly(at) if sys.argv[2] == "plain" else estimated(at, how)
    json.dump({"cpu": time.process_time() - begun, "mebibytes": peak()}, sys.stdout)
