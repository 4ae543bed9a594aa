"""Opens what the code of November 2026 wrote: tests/november/README.md."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

HERE = Path(__file__).parent / "november"


def unpacked(name: str, into: Path) -> Path:
    """An archive of the folder, unpacked; gives the folder it held."""
    with tarfile.open(HERE / f"{name}.tar.xz") as file:
        first = file.getnames()[0].split("/")[0]
        file.extractall(into, filter="data")
    return into / first


def truth(name: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], dict[str, Any]]:
    """What the withheld rows of a table hide, by figure and domain."""
    rows = pq.read_table(HERE / f"{name}.truth.parquet").to_pylist()
    domains = [tuple((name, row[name]) for name in ("field", "unit") if row[name]) for row in rows]
    return {(row["of"], domain): row for row, domain in zip(rows, domains, strict=True)}
