"""The same margins by others, where they are installed: R `survey` and `svy`. Sizes they can bear, growth stated."""

import importlib.util
import shutil
import subprocess
import time
from pathlib import Path

import pyarrow.csv
import pyarrow.parquet as pq

SCRIPT = """
suppressMessages(library(survey)); d <- read.csv("{path}", colClasses = c(stratum = "character", unit = "character"))
o <- svydesign(~psu, strata = ~stratum, weights = ~1, data = d, nest = TRUE)
for (item in c("q00", "q01")) {{
  o$variables$y <- as.numeric(d[[item]] >= 4)
  s <- o[!is.na(o$variables$y), ]
  invisible(svyciprop(~y, s)); invisible(svyby(~y, ~field, s, svymean)); invisible(svyby(~y, ~unit, s, svymean))
}}
"""


def r_seconds(snapshot: Path, rows: int, folder: Path) -> float | None:
    """Seconds of R `svyby` for two items x province, fields and units; None without R and its survey package."""
    if shutil.which("Rscript") is None:
        return None
    path = folder / "rows.csv"
    table = pq.read_table(snapshot, columns=["stratum", "psu", "unit", "field", "q00", "q01"]).slice(0, rows)
    pyarrow.csv.write_csv(table, path)
    empty = subprocess.run(["Rscript", "-e", "library(survey)"], capture_output=True, check=False)
    if empty.returncode:
        return None
    start = time.perf_counter()
    subprocess.run(["Rscript", "-e", SCRIPT.format(path=path)], check=True, capture_output=True)
    return time.perf_counter() - start


def svy_installed() -> bool:
    """Whether the strongest Python rival is there."""
    return importlib.util.find_spec("svy") is not None
