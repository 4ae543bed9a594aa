"""The row's key: a keyed hash of what makes a submission itself, so that it counts once and names nobody.

Under the wave's `id` key each mark looks random; once that key is destroyed nobody can compute one again.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sipas.keyring import wave_keys

SIZE = 15  # bytes; one more would cost PostgreSQL eight in its index, and 120 bits are plenty
BLOCK = 4096  # rows of a file whose marks are drawn together


def submission_key(id_key: bytes, submission: str) -> bytes:
    """The mark of one submission's id; a random one where the id is empty."""
    return wave_keys.label(id_key, "answer", submission)[:SIZE] if submission else os.urandom(SIZE)


def keys_of_submissions(id_key: bytes, submissions: Sequence[str]) -> NDArray[np.void]:
    """One mark for each submission's id; a random one where the id is empty.

    >>> keys_of_submissions(b"k", ["a", "b"])[0].item() == submission_key(b"k", "a")
    True
    """
    start = hmac.new(id_key, wave_keys.framed("answer"), hashlib.sha256)
    made = []
    for said in submissions:
        if said:
            one = start.copy()
            one.update(wave_keys.framed(said))
            made.append(one.digest()[:SIZE])
        else:
            made.append(os.urandom(SIZE))
    return np.frombuffer(b"".join(made), f"V{SIZE}")


def late_mark(id_key: bytes, submission: str) -> bytes:
    """The mark of an answer that came too late: of its id alone, and nothing that any answer's key could be laid to.

    >>> key, late = keys_of_submissions(b"k", ["a"])[0].tobytes(), late_mark(b"k", "a")
    >>> late == late_mark(b"k", "a"), late == key
    (True, False)
    """
    return wave_keys.label(id_key, "late", submission)[:SIZE] if submission else os.urandom(SIZE)


def mark_of_file(id_key: bytes, file: str) -> bytes:
    """What is kept of an imported file's digest: keyed, for the digest of a short file would tell what it says to
    whoever tries all that it might say."""
    return wave_keys.label(id_key, "imported file", file)


def keys_of_lines(id_key: bytes, file: str, first: int, count: int) -> NDArray[np.void]:
    """Marks for lines without an id: the same for the same line of the same file (known by its digest).

    Drawn by the block from an extendable hash of the file under the key, which is much quicker than hashing each line.

    >>> several = keys_of_lines(b"k", "digest", 4000, 200)
    >>> several[150:151] == keys_of_lines(b"k", "digest", 4150, 1), several[:1] == several[1:2]
    (array([ True]), array([False]))
    """
    blocks = range(first // BLOCK, (first + count - 1) // BLOCK + 1) if count else ()
    drawn = b"".join(
        hashlib.shake_256(wave_keys.label(id_key, "lines", file, str(block))).digest(BLOCK * SIZE) for block in blocks
    )
    start = first % BLOCK
    return np.frombuffer(drawn, f"V{SIZE}")[start : start + count]
