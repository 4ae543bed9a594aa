"""What is kept of each import, and the keys of its lines made again from the very same bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from sipas.fieldwork.models import Wave
from sipas.importing.columns import heads_of
from sipas.importing.lines import keys_of_piece
from sipas.intake import mark_of_file
from sipas.intake.models import ImportedFile
from sipas.tables import read_in_pieces
from surveys import load


def digest_of(file: Path) -> str:
    """SHA-256 of a file's bytes."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def keep_file(session: Session, wave: Wave, id_key: bytes, file: str, new: int) -> None:
    """Note that a file (its digest) brought so many new lines; one that brought none is not noted."""
    key = mark_of_file(id_key, file)
    if new and session.get(ImportedFile, key) is None:
        session.add(ImportedFile(key=key, wave=wave.id, lines=new))


def kept_file(session: Session, id_key: bytes, file: str) -> ImportedFile | None:
    """What is kept of a file's import, None where none of these bytes is known."""
    return session.get(ImportedFile, mark_of_file(id_key, file))


def keys_of_file(file: Path, wave: Wave, id_key: bytes, digest: str) -> Iterator[NDArray[np.void]]:
    """The keys under which the lines of the file are stored, some at a time."""
    first = 0
    for piece in read_in_pieces(file).under(heads_of(load(wave.instrument, wave.version))):
        yield keys_of_piece(piece, id_key, digest, first)[0]
        first += piece.rows
