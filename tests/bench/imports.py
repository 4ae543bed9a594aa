"""A million collected answers through the first door: rows a second and memory, on both databases.

Run as `python -m tests.bench.imports FOLDER FILE` it is the importing process of its own that the bench measures.
"""

from __future__ import annotations

import datetime as dt
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from sipas.config.settings import Settings
from sipas.fieldwork.asking import asking_at
from sipas.importing import import_responses
from sipas.migrations import create
from sipas.registry.importing import load_registry
from sipas.storage.database import Database
from surveys import load
from tests.make import a_point, a_wave

POINTS = ["03646", "03664", "03670"]
FIRST, TODAY = dt.date(2026, 1, 5), dt.date(2026, 6, 28)
BATCH = 200_000


def installation(home: Path, url: str = "") -> Settings:
    """A province with an open wave, ready for answers."""
    settings = Settings(home=home, database_url=url) if url else Settings(home=home)
    database = create(settings)
    with database.writing() as session:
        load_registry(session)
    for number, unit in enumerate(POINTS):
        a_point(database, f"point-{number}", unit)
    a_wave(database, settings, opens_on=FIRST)
    database.engine.dispose()
    return settings


def write(settings: Settings, path: Path, rows: int) -> Path:
    """A file of that many collected full forms, 18 items each, over all points, fields and days."""
    database = Database.of(settings)
    with database.reading() as session:
        services = [one.code for one, _ in asking_at(session, "point-0", TODAY).services]
    database.engine.dispose()
    instrument = load("service-2024")
    items = [code for code in instrument.forms["full"] if instrument.item(code).kind == "rating"]
    rng = np.random.default_rng(5)

    def batch(count: int) -> pa.Table:
        days = np.datetime64(FIRST) + rng.integers(0, (TODAY - FIRST).days, count)
        texts = {
            "point": np.array([f"point-{n}" for n in range(len(POINTS))])[rng.integers(0, len(POINTS), count)],
            "field": np.array(services)[rng.integers(0, len(services), count)],
            "date": days.astype(str),
            "sex": np.array(["f", "m", ""])[rng.integers(0, 3, count)],
            "F": np.array(["no", "yes"])[(rng.random(count) < 0.15).astype(int)],
            "age": np.array(["18-24", "25-34", "35-49", "50-60", "over-60", ""])[rng.integers(0, 5, count)],
        }
        levels = {
            code: rng.choice(np.arange(1, 6, dtype=np.int8), count, p=[0.02, 0.03, 0.1, 0.4, 0.45]) for code in items
        }
        return pa.table({name: pa.array(column) for name, column in (texts | levels).items()})

    make = pq.ParquetWriter if path.suffix == ".parquet" else pacsv.CSVWriter
    with make(path, batch(0).schema) as file:
        for start in range(0, rows, BATCH):
            file.write_table(batch(min(BATCH, rows - start)))
    return path


def measured(settings: Settings, path: Path) -> dict[str, float]:
    """The import of a file into a fresh wave in a process of its own: rows, seconds, CPU seconds, peak MiB."""
    run = subprocess.run(
        [sys.executable, "-m", "tests.bench.imports", settings.home, path, settings.database_url or ""],
        check=True,
        capture_output=True,
        text=True,
    )
    return dict(json.loads(run.stdout))


def main() -> None:
    home, path, url = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    settings = Settings(home=home, database_url=url) if url else Settings(home=home)
    database = Database.of(settings)
    stages: dict[str, float] = {}
    start, cpu = time.perf_counter(), time.process_time()

    def progress(stage: str, _done: int, _about: int) -> None:
        stages[stage] = time.perf_counter() - start

    new, _ = import_responses(database, home, path, "w1", None, TODAY, progress)
    json.dump(
        {
            "rows": new,
            "seconds": time.perf_counter() - start,
            "cpu": time.process_time() - cpu,
            "checked": stages["check"],
            "mebibytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
