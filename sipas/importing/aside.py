"""Checked rows wait on disk until the whole file is known to be good: in a nameless file that is gone afterwards."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

ROWS = 65_536  # read back at once


@contextmanager
def spool(folder: Path) -> Iterator[Spool]:
    """A spool for the length of a block."""
    with tempfile.TemporaryFile(dir=folder) as file:
        yield Spool(file)


class Spool:
    """Takes rows of one shape and gives them back."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._type: np.dtype | None = None

    def add(self, rows: NDArray[np.void]) -> None:
        """Lay rows aside."""
        self._type = rows.dtype
        self._file.write(rows.tobytes())

    def __iter__(self) -> Iterator[tuple[int, NDArray[np.void]]]:
        """The rows in parts, each with the number of rows up to its end."""
        self._file.seek(0)
        done = 0
        while self._type is not None and (data := self._file.read(ROWS * self._type.itemsize)):
            rows = np.frombuffer(data, self._type)
            done += len(rows)
            yield done, rows
