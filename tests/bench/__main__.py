"""`make bench`: one table of what was measured, its limit, and the ratio. A limit that is passed ends with status 1."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from analysis import class_bands, estimate, frame_weights, read_snapshot, tabulate
from analysis.data.snapshot import content_digest
from tests.bench import forms, kiosk, periods, results, rivals, sample, storage, tables, workbooks

FAMILIES = ["unit", "field", ("unit", "field")]
PLAIN = """
import sys, pyarrow.parquet as pq, numpy as np
with pq.ParquetFile(sys.argv[1]) as file:
    names = [name for name in file.schema_arrow.names if name[0] == "q"]
    print(sum(int(column.fill_null(0).to_numpy(zero_copy_only=False).sum(dtype=np.int64))
              for batch in file.iter_batches(columns=names) for column in batch.columns))
"""


def best(deed: Callable[[], object], times: int = 3) -> float:
    """The shortest of a few runs."""
    spent = []
    for _ in range(times):
        start = time.perf_counter()
        deed()
        spent.append(time.perf_counter() - start)
    return min(spent)


def plain_sum(path: Path) -> int:
    """What any pass must at least do: read the answers and add them."""
    total = 0
    with pq.ParquetFile(path, memory_map=True) as file:
        names = [name for name in file.schema_arrow.names if name.startswith("q")]
        for batch in file.iter_batches(batch_size=1 << 19, columns=names):
            total += sum(int(c.fill_null(0).to_numpy(zero_copy_only=False).sum(dtype=np.int64)) for c in batch.columns)
    return total


def main() -> int:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    failed = 0

    def line(what: str, ours: float | None, against: float | None, limit: str = "", ratio: float | None = None,
             met: bool = True) -> None:  # fmt: skip
        nonlocal failed
        failed += not met
        cells = ["-" if x is None else f"{x:.3f}" for x in (ours, against)]
        print(f"{what:66} {cells[0]:>9} {cells[1]:>9} {'-' if ratio is None else f'{ratio:.2f}':>9}  {limit}"
              f"{'' if met else '  MISSED'}")  # fmt: skip

    print(f"{rows:,} answers x {sample.ITEMS} items, {sample.UNITS} units x {sample.FIELDS} fields, weekly clusters")
    print(f"{'':66} {'ours, s':>9} {'other, s':>9} {'ratio':>9}  limit")
    with tempfile.TemporaryDirectory() as folder:
        snapshot = sample.write(Path(folder) / "half-year.parquet", rows)
        path = snapshot.path
        plain = best(lambda: plain_sum(path))
        reading = best(lambda: tabulate(read_snapshot(path), FAMILIES))
        line("pass over the data / a plain sum of the same file", reading, plain, "at most 4", reading / plain,
             reading <= 4 * plain)  # fmt: skip
        digest = best(lambda: content_digest(path))
        line("the snapshot's digest computed anew, s a million rows / 1.5 s", digest * 1e6 / rows, 1.5, "at most 1",
             digest * 1e6 / rows / 1.5, digest * 1e6 / rows <= 1.5)  # fmt: skip
        cells = tabulate(read_snapshot(path), FAMILIES)
        weights = frame_weights(cells, sample.dossiers(), columns=("unit", "field"))
        finish = best(lambda: estimate(cells, weights))
        table = estimate(cells, weights)
        ten = reading * 10e6 / rows
        what = f"cells to {len(table):,} estimates / a tenth of the pass over 10 million"
        line(what, finish, ten / 10, "at most 1",
             finish / (ten / 10), finish <= ten / 10)  # fmt: skip
        bands = best(lambda: class_bands(cells, weights, table))
        line("bands of self-selection at two ratios, from the same cells / the finish", bands, finish, "at most 1",
             bands / finish, bands <= finish)  # fmt: skip
        line("reliability words, apart", best(lambda: replace(table).reliability), None)
        whole = best(lambda: command(path, Path(folder)), 2)
        process = best(lambda: subprocess.run([sys.executable, "-c", PLAIN, path], check=True, capture_output=True), 2)
        line("the whole command / a process that only sums", whole, process, "at most 6", whole / process,
             whole <= 6 * process)  # fmt: skip
        memory = peak_of_command(path, Path(folder))
        line("the whole command, peak memory in GiB / 1.5 GB", memory / 2**30, 1.5e9 / 2**30, "at most 1",
             memory / 1.5e9, memory <= 1.5e9)  # fmt: skip
        mebibytes = streamed(path, 100)
        line(f"{100 * rows:,} forms streamed, peak memory in GiB / 2 GiB", mebibytes / 1024, 2.0, "at most 1",
             mebibytes / 2048, mebibytes <= 2048)  # fmt: skip
        before = best(
            lambda: whole_set(path), 5
        )  # R takes minutes, in which a shared machine changes: before and after
        r = rivals.r_seconds(path, rows, Path(folder))
        if r is None:
            print(f"{'R survey (r-base-core, r-cran-survey)':66} not installed")
        else:
            cold = min(before, best(lambda: whole_set(path), 5))
            items = r[0] + r[1] * sample.ITEMS / 2
            line("R, margins: set-up, 2 items drawn out to 22 / our whole set", cold, items, "1,000", items / cold,
                 items >= 1000 * cold)  # fmt: skip
            figures = items + r[2] * (sample.FACTORS + 1)
            line("R, margins: the same and 1 ratio drawn out to 5 factors and the whole", cold, figures, "",
                 figures / cold)  # fmt: skip
        small = min(100_000, rows)
        rival = rivals.svy_seconds(path, small)
        if rival is None:
            print(f"{'svy (PyPI; or SIPAS_BENCH_SVY=its Python)':66} not installed")
        else:
            part = sample.write(Path(folder) / "small.parquet", small)
            cold = best(lambda: whole_set(part.path))
            full = rival * sample.ITEMS / 2
            what = f"svy, the whole set: 2 items at {small:,} rows, drawn out to all items"
            line(what, cold, full, "100", full / cold, full >= 100 * cold)
    return 1 if failed else 0


STREAM = """
import resource, sys
from analysis import tabulate
cells = tabulate([sys.argv[1]] * int(sys.argv[2]), ["unit", "field", ("unit", "field")])
print(cells.size, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def streamed(path: Path, times: int) -> float:
    """Peak memory in MiB of a process that tabulates the file so many times over."""
    run = subprocess.run([sys.executable, "-c", STREAM, path, str(times)], check=True, capture_output=True, text=True)
    return float(run.stdout.split()[1])


def whole_set(path: Path) -> object:
    """Cold from the file to the table: all items, factors and the whole in all families."""
    cells = tabulate(read_snapshot(path), FAMILIES)
    return estimate(cells, frame_weights(cells, sample.dossiers(), columns=("unit", "field")))


def words(path: Path, folder: Path) -> list[str | Path]:
    """`sipas estimate` as a user types it."""
    by = [word for family in ("unit", "field", "unit,field") for word in ("--by", family)]
    return [
        Path(sys.executable).with_name("sipas"),
        "estimate",
        path,
        *by,
        "--out",
        folder / "out.parquet",
        "--replace",
    ]


def command(path: Path, folder: Path) -> None:
    """The whole command, start-up included."""
    subprocess.run(words(path, folder), check=True, capture_output=True)


def peak_of_command(path: Path, folder: Path) -> int:
    """The most memory, in bytes, that the whole command held at any time."""
    with subprocess.Popen(words(path, folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, "sipas estimate")
    return used.ru_maxrss * 1024


if __name__ == "__main__":
    missed = main()
    missed += kiosk.main()
    missed += results.main()
    length = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    missed += periods.main(length)
    missed += tables.main(length)
    missed += workbooks.main(length)
    missed += forms.main()
    sys.exit(1 if storage.main(length) or missed else 0)
