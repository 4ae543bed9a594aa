"""Checked rows wait on disk until the whole file is known to be good: in a nameless file that is gone afterwards.

They lie there in the order of the file they came from, under a key that only this process ever knew: what the disk
keeps of them, also after a crash, nobody can read.
"""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR
from numpy.typing import NDArray

ROWS = 65_536  # read back at once


@contextmanager
def row_spool(folder: Path) -> Iterator[Spool]:
    """A spool for the length of a block."""
    with tempfile.TemporaryFile(dir=folder) as file:
        yield Spool(file)


class Spool:
    """Takes rows of one shape and gives them back."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._type: np.dtype | None = None
        self._cipher = Cipher(AES(secrets.token_bytes(32)), CTR(bytes(16)))  # a key of its own, so any counter will do
        self._locked = self._cipher.encryptor()

    def add(self, rows: NDArray[np.void]) -> None:
        """Lay rows aside."""
        self._type = rows.dtype
        self._file.write(self._locked.update(rows.tobytes()))

    def __iter__(self) -> Iterator[tuple[int, NDArray[np.void]]]:
        """The rows in parts, each with the number of rows up to its end."""
        self._file.seek(0)
        done, unlocked = 0, self._cipher.decryptor()
        while self._type is not None and (data := self._file.read(ROWS * self._type.itemsize)):
            rows = np.frombuffer(unlocked.update(data), self._type)
            done += len(rows)
            yield done, rows
