"""What the code of November 2026 wrote (`tests/november`), opened for a test."""

from __future__ import annotations

import lzma
import tarfile
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from analysis.disclosure.safe_table import SafeTable

FOLDER = Path(__file__).parent / "november"


def unpacked(name: str, into: Path) -> Path:
    """A folder of that time: "home", or the demo's release "2026-1-r1"."""
    with tarfile.open(FOLDER / f"{name}.tar.xz") as archive:
        archive.extractall(into, filter="data")
    return into / name


def table(name: str) -> SafeTable:
    """A protected table of that time."""
    return SafeTable.from_json(lzma.decompress((FOLDER / f"{name}.estimates.json.xz").read_bytes()).decode())


def truth(name: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], dict[str, Any]]:
    """What the withheld rows of a table hide, by figure and domain."""
    rows = pq.read_table(FOLDER / f"{name}.truth.parquet").to_pylist()
    domains = [tuple((column, row[column]) for column in ("field", "unit") if row[column]) for row in rows]
    return {(row["of"], domain): row for row, domain in zip(rows, domains, strict=True)}
