"""Bytes destroyed where they lie: what a file system frees keeps its content until something else needs the room.

Truncating or removing a file frees its blocks as they are. So what says more than it should is overwritten in place,
made durable, and only then given back. Noise, not zeros: a thin or virtual disk may turn zeros into a hole and leave
the old block where it was. What copy-on-write, SSDs and snapshots keep all the same stands in `intake/README.md`.
"""

from __future__ import annotations

import os
import secrets
from functools import cache
from pathlib import Path

SLICE = 8 * 2**20  # bytes made durable at once where others wait: some 80 ms of a slow disk


def overwrite(file: int, start: int, end: int) -> None:
    """Overwrite a range of an open file in place; durable on return."""
    noise = memoryview(_noise())
    while start < end:
        start += os.pwrite(file, noise[: end - start], start)
    os.fdatasync(file)


def discard(path: Path) -> None:
    """Overwrite a file that nobody reads any more, then remove it; done twice it does nothing."""
    try:
        file = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return
    try:
        found = os.fstat(file)
        overwrite(file, 0, max(found.st_size, found.st_blocks * 512))  # with what was allocated beyond its end
    finally:
        os.close(file)
    path.unlink(missing_ok=True)


@cache  # one noise for the process: it need not be secret, only be no hole
def _noise() -> bytes:
    return secrets.token_bytes(SLICE)
