"""The keys of a wave: files beside the database, never in it and never in its backups.

`cluster` turns (point, week) into an opaque label and is destroyed when the wave is frozen; `id` turns a submission's
random id into its row's key, so that a resend is recognised, and is destroyed with it: afterwards nobody, we included,
can compute either again.
"""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from sipas.errors import N_, NotReady

KINDS = ("cluster", "id")


def _path(home: Path, wave: str, kind: str) -> Path:
    return home / "keys" / f"{wave}.{kind}.key"


def make(home: Path, wave: str, kinds: Sequence[str] = KINDS) -> None:
    """New random keys for a wave that opens; keys that exist stay."""
    (home / "keys").mkdir(parents=True, exist_ok=True, mode=0o700)
    for kind in kinds:
        path = _path(home, wave, kind)
        if not path.exists():
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(secrets.token_bytes(32))
                file.flush()
                os.fsync(file.fileno())


def load(home: Path, wave: str, kind: str) -> bytes:
    """The key; raises NotReady where it is missing."""
    try:
        return _path(home, wave, kind).read_bytes()
    except FileNotFoundError:
        raise NotReady(
            N_(
                "The {kind} key of wave {wave} is missing from the folder `keys` in SIPAS_HOME. Copy it back from the "
                "old machine; answers cannot be taken without it."
            ),
            kind=kind,
            wave=wave,
        ) from None


def destroy(home: Path, wave: str, kinds: Sequence[str] = KINDS) -> None:
    """Overwrites and removes these keys of a wave; done twice it does nothing."""
    for kind in kinds:
        path = _path(home, wave, kind)
        if path.exists():
            with path.open("r+b") as file:
                file.write(bytes(32))
                file.flush()
                os.fsync(file.fileno())
            path.unlink()


def label(key: bytes, *parts: str) -> bytes:
    """An opaque name for `parts`: HMAC-SHA256, 16 bytes.

    >>> label(b"k", "a", "b") == label(b"k", "a", "b"), label(b"k", "a", "b") == label(b"k", "ab", "")
    (True, False)
    """
    return hmac.digest(key, b"".join(map(framed, parts)), "sha256")[:16]


def framed(part: str) -> bytes:
    """A part with its length before it, so that no two lists of parts read alike."""
    coded = part.encode()
    return len(coded).to_bytes(4, "big") + coded
