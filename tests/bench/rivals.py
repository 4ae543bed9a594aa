"""The same margins by others, where they are installed: R `survey` and `svy`. Sizes they can bear, growth stated."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow.csv
import pyarrow.parquet as pq

SCRIPT = """
spent <- function() proc.time()[["elapsed"]]; start <- spent()
suppressMessages(library(survey)); d <- read.csv("{path}", colClasses = c(stratum = "character", unit = "character"))
o <- svydesign(~psu, strata = ~stratum, weights = ~1, data = d, nest = TRUE)
ready <- spent()
for (item in c("q00", "q01")) {{
  o$variables$y <- as.numeric(d[[item]] >= 4)
  s <- o[!is.na(o$variables$y), ]
  invisible(svyciprop(~y, s))
  for (f in c(~field, ~unit)) invisible(svyby(~y, f, s, svyciprop, vartype = c("se", "ci")))
}}
items <- spent()
o$variables$y <- rowSums(d[c("q00", "q05")] >= 4, na.rm = TRUE)
o$variables$x <- rowSums(!is.na(d[c("q00", "q05")]))
s <- o[o$variables$x > 0, ]
invisible(confint(svyratio(~y, ~x, s)))
for (f in c(~field, ~unit)) invisible(svyby(~y, f, s, svyratio, denominator = ~x, vartype = c("se", "ci")))
cat(ready - start, items - ready, spent() - items)
"""


def r_seconds(snapshot: Path, rows: int, folder: Path) -> tuple[float, float, float] | None:
    """Seconds of R: set-up (package, file, design); two items; one pooled figure (a ratio). None where it is missing.

    Items by `svyciprop` and `svyby`, the pooled one by `svyratio` and `svyby`, each for province, fields and units with
    standard errors and intervals; by R's own clock, without the start of its process.
    """
    if shutil.which("Rscript") is None:
        return None
    path = folder / "rows.csv"
    table = pq.read_table(snapshot, columns=["stratum", "psu", "unit", "field", "q00", "q01", "q05"]).slice(0, rows)
    pyarrow.csv.write_csv(table, path)
    empty = subprocess.run(["Rscript", "-e", "library(survey)"], capture_output=True, check=False)
    if empty.returncode:
        return None
    run = subprocess.run(["Rscript", "-e", SCRIPT.format(path=path)], check=True, capture_output=True, text=True)
    ready, items, ratio = map(float, run.stdout.split())
    return ready, items, ratio


SVY = """
import sys, time, polars, svy
d = polars.read_parquet(sys.argv[1], columns=["stratum", "psu", "unit", "field", "q00", "q01"]).head(int(sys.argv[2]))
d = d.with_columns(polars.lit(1.0).alias("w"))
start = time.perf_counter()
for item in ("q00", "q01"):
    s = svy.Sample(d.with_columns((polars.col(item) >= 4).cast(polars.Float64).alias("y")),
                   svy.Design(stratum="stratum", psu="psu", wgt="w"))
    for by in (None, "field", "unit", ["unit", "field"]):
        s.estimation.prop("y", by=by, ci_method="wilson", drop_nulls=True)
print(time.perf_counter() - start)
"""


def svy_seconds(snapshot: Path, rows: int) -> float | None:
    """Seconds of `svy` for two items x the whole set of domains with Wilson intervals; None where it is not installed.

    It may live in an environment of its own: SIPAS_BENCH_SVY names that Python.
    """
    python = os.environ.get("SIPAS_BENCH_SVY") or (sys.executable if importlib.util.find_spec("svy") else None)
    if python is None:
        return None
    run = subprocess.run([python, "-c", SVY, snapshot, str(rows)], check=True, capture_output=True, text=True)
    return float(run.stdout.split()[-1])
