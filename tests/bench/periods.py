"""A year of four snapshots beside the same four estimated one by one: a period costs about as much."""

from __future__ import annotations

import datetime as dt
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from sipas.estimating.adding import period_source
from sipas.estimating.run import estimate_source
from sipas.estimating.survey import DataSource
from tests.bench import sample

BY = [("unit",), ("field",), ("unit", "field")]
LIMIT = 1.3  # times the sum of the four: the passes cost as much, sums over four times the cells leave the cache


def quarters(folder: Path, rows: int) -> list[DataSource]:
    """Four waves of a quarter of the rows each."""
    found = []
    for quarter in range(1, 5):
        days = {"opens_on": dt.date(2026, 3 * quarter - 2, 1), "closes_on": dt.date(2026, 3 * quarter, 28)}
        path = folder / f"Q{quarter}.parquet"
        sample.write(path, rows // 4, seed=quarter, wave=f"2026-{quarter}", **days)
        found.append(DataSource(path))
    return found


def processor_time(deed: Callable[[], object]) -> float:
    """The best of five: CPU seconds of this process."""
    best = float("inf")
    for _ in range(5):
        begun = time.process_time()
        deed()
        best = min(best, time.process_time() - begun)
    return best


def main(rows: int) -> int:
    """Prints the line; 1 where the limit was missed."""
    with tempfile.TemporaryDirectory() as folder:
        waves = quarters(Path(folder), rows)
        period, _ = period_source(waves)
        year = processor_time(lambda: estimate_source(period, BY))
        apart = processor_time(lambda: [estimate_source(wave, BY) for wave in waves])
    ratio = year / apart
    said = f"a year of {rows:,} rows in four snapshots: CPU s / the four one by one"
    met = f"at most {LIMIT}{'' if ratio <= LIMIT else '  MISSED'}"
    print(f"{said:66} {year:>9.2f} {apart:>9.2f} {ratio:>9.2f}  {met}", flush=True)
    return int(ratio > LIMIT)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000))
