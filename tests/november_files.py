"""What the code of November 2026 wrote (`tests/november`), opened for a test."""

from __future__ import annotations

import lzma
import tarfile
from pathlib import Path

from analysis.safe_table import SafeTable

FOLDER = Path(__file__).parent / "november"


def unpacked(name: str, into: Path) -> Path:
    """A folder of that time: "home", or the demo's release "2026-1-r1"."""
    with tarfile.open(FOLDER / f"{name}.tar.xz") as archive:
        archive.extractall(into, filter="data")
    return into / name


def table(name: str) -> SafeTable:
    """A protected table of that time."""
    return SafeTable.from_json(lzma.decompress((FOLDER / f"{name}.estimates.json.xz").read_bytes()).decode())
