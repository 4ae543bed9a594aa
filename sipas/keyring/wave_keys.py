"""The keys of a wave: files beside the database, never in it and never in its backups.

`cluster` turns (point, week) into an opaque label and is destroyed when the wave is frozen. `id` turns a submission's
random id into its row's key, so that a resend is recognised, and `seal` opens what waiting kiosks sealed; both live on
for the days of grace. `invitation` is there where codes are asked: it turns a code into what is kept of it, is made
with the first code and goes with the last. Afterwards nobody, we included, can compute any of them again.
"""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from sipas.errors import N_, NotReady
from sipas.files.home_paths import HomePaths
from sipas.files.state_files import Damaged, write_new, write_over

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

KINDS = ("cluster", "id", "seal")
AT_FREEZE = ("cluster",)
AFTER_GRACE = ("id", "seal")
INVITATION = "invitation"
EVERY = (*KINDS, INVITATION)
LENGTH = 32  # bytes of every kind


class KeyMissing(NotReady):
    """A key that should be there is not; a visitor is told that waiting does not help, and nothing of keys."""


class KeyDamaged(Damaged, KeyMissing):
    """A file lies where the key should be, and is none."""


def _path(home: Path, wave: str, kind: str) -> Path:
    return HomePaths(home).wave_key(wave, kind)


def make(home: Path, wave: str, kinds: Iterable[str] = KINDS) -> None:
    """New random keys for a wave that opens; keys that exist stay. Raises Damaged where what is there is no key."""
    for kind in kinds:
        if _path(home, wave, kind).exists():
            load(home, wave, kind)
        else:
            put(home, wave, kind, secrets.token_bytes(LENGTH))  # any 32 bytes are a private key of X25519


def put(home: Path, wave: str, kind: str, key: bytes) -> None:
    """Writes a key where none is; whole, for its owner only, and on the disk before anything is sealed under it.

    Raises FileExistsError where one is: it is never written over another.
    """
    if len(key) != LENGTH:
        raise ValueError(f"a key has {LENGTH} bytes, not {len(key)}")
    write_new(_path(home, wave, kind), key)


def load(home: Path, wave: str, kind: str) -> bytes:
    """The key; raises KeyMissing where it is missing, KeyDamaged where what is there is no key."""
    key = find(home, wave, kind)
    if key is None:
        raise missing(home, wave, kind)
    return key


def refuse_without(home: Path, wave: str, kinds: Iterable[str] = ("cluster", "id")) -> None:
    """Raises KeyMissing where one of the keys is not here; by default those without which no answer can be stored."""
    for kind in kinds:
        load(home, wave, kind)


def missing(home: Path, wave: str, kind: str, state: str = "") -> KeyMissing:
    """The complaint about a key that should be there: what fails in a wave of that state, and the way on that it has.

    Without a state the wave asks, where the key is missing; of a damaged one nothing is known then but its file.
    """
    if _path(home, wave, kind).exists():
        way = state if state in ("open", "closed") else ""
        return KeyDamaged(_DAMAGED[way], kind=kind, wave=wave, file=_path(home, wave, kind).name, length=LENGTH)
    return KeyMissing(_MISSING_IN.get((state, kind), _MISSING[kind]), wave=wave)


_DAMAGED = {
    "": N_(
        "The {kind} key of wave {wave} is damaged: keys/{file} in SIPAS_HOME does not hold {length} bytes of a "
        "key. Move it away, and copy it back from the old machine (a seal or invitation key comes back by "
        "`sipas wave key-restore` too). If there is no other: `sipas manual operator`, “The keys of a wave”."
    ),
    "open": N_(
        "The {kind} key of wave {wave} is damaged: keys/{file} in SIPAS_HOME does not hold {length} bytes of a "
        "key. Move it away, and copy it back from the old machine (a seal or invitation key comes back by "
        "`sipas wave key-restore` too). If there is no other, two people say so: "
        '`sipas wave key-renew {wave} --account … --account … --reason "…"`.'
    ),
    "closed": N_(
        "The {kind} key of wave {wave} is damaged: keys/{file} in SIPAS_HOME does not hold {length} bytes of a "
        "key. Move it away, and copy it back from the old machine (a seal key comes back by `sipas wave key-restore` "
        "too). The wave is closed: if there is no other, two people say so as it is frozen: "
        '`sipas freeze {wave} --keys-lost --account … --account … --reason "…"`.'
    ),
}
_MISSING = {
    "cluster": N_(
        "The cluster key of wave {wave} is missing from the folder `keys` in SIPAS_HOME; no answer can be taken "
        "without it. Copy it back from the old machine. If it is lost, two people say so, and a new one is made: "
        '`sipas wave key-renew {wave} --account … --account … --reason "…"`.'
    ),
    "id": N_(
        "The id key of wave {wave} is missing from the folder `keys` in SIPAS_HOME; no answer can be taken without "
        "it. Copy it back from the old machine. If it is lost, two people say so, and a new one is made: "
        '`sipas wave key-renew {wave} --account … --account … --reason "…"`.'
    ),
    "seal": N_(
        "The seal key of wave {wave} is missing from the folder `keys` in SIPAS_HOME; what kiosks sealed cannot be "
        "opened without it. Copy it back from the old machine, or get the sealed copy from the office that holds it: "
        "`sipas wave key-restore {wave}.seal.copy --with office.key`. If there is none, two people say so: "
        '`sipas wave key-renew {wave} --account … --account … --reason "…"`.'
    ),
    INVITATION: N_(
        "The invitation key of wave {wave} is missing from the folder `keys` in SIPAS_HOME; no code can be read "
        "without it. Copy it back from the old machine, or get the sealed copy from the office that holds it: `sipas "
        "wave key-restore {wave}.seal.copy --with office.key`. If there is none, two people say so: "
        '`sipas wave key-renew {wave} --account … --account … --reason "…"`; the codes handed out until now are void '
        "then."
    ),
}
_MISSING_IN = {
    ("closed", "cluster"): N_(
        "The cluster key of wave {wave} is missing from the folder `keys` in SIPAS_HOME. The wave is closed and asks "
        "nobody any more; what screens still hold of it waits there, and counts as late once it is frozen. Copy the "
        "key back from the old machine. If it is lost, two people say so as the wave is frozen: "
        '`sipas freeze {wave} --keys-lost --account … --account … --reason "…"`.'
    ),
    ("closed", "id"): N_(
        "The id key of wave {wave} is missing from the folder `keys` in SIPAS_HOME. The wave is closed and asks nobody "
        "any more; what screens still hold of it waits there, and counts as late once it is frozen. Copy the key back "
        "from the old machine. If it is lost, two people say so as the wave is frozen: "
        '`sipas freeze {wave} --keys-lost --account … --account … --reason "…"`.'
    ),
    ("closed", "seal"): N_(
        "The seal key of wave {wave} is missing from the folder `keys` in SIPAS_HOME. The wave is closed; what screens "
        "still hold of it cannot be opened. Copy the key back from the old machine, or get the sealed copy from the "
        "office that holds it: `sipas wave key-restore {wave}.seal.copy --with office.key`. If there is none, two "
        "people say so as the wave is frozen: "
        '`sipas freeze {wave} --keys-lost --account … --account … --reason "…"`.'
    ),
    ("frozen", "id"): N_(
        "The id key of wave {wave} is missing from the folder `keys` in SIPAS_HOME; an answer that comes late cannot "
        "be counted once without it. Copy it back from the old machine. If it is lost, two people say so, and a new "
        'one is made: `sipas wave key-renew {wave} --account … --account … --reason "…"`.'
    ),
    ("frozen", "seal"): N_(
        "The seal key of wave {wave} is missing from the folder `keys` in SIPAS_HOME. The wave is frozen: what screens "
        "still hold of it counts as late, unopened, and nothing need be done. If it can be had, copy it back from the "
        "old machine, or restore the sealed copy: `sipas wave key-restore {wave}.seal.copy --with office.key`."
    ),
}


def find(home: Path, wave: str, kind: str) -> bytes | None:
    """The key, None where it was destroyed (perhaps not to the end), is not whole, or never was."""
    try:  # of every answer: without what a `Path` and a buffer cost
        file = os.open(f"{home}/keys/{wave}.{kind}.key", os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        key = os.read(file, 64)
    finally:
        os.close(file)
    return key if len(key) == LENGTH and any(key) else None


def held(home: Path, wave: str, kinds: Iterable[str] = KINDS) -> tuple[str, ...]:
    """Which of these keys of the wave lie here."""
    return tuple(kind for kind in kinds if _path(home, wave, kind).exists())


def destroy(home: Path, wave: str, kinds: Iterable[str] = KINDS) -> None:
    """Overwrites and removes keys of a wave; done twice it does nothing."""
    for kind in kinds:
        path = _path(home, wave, kind)
        if path.exists():
            write_over(path, bytes(max(LENGTH, path.stat().st_size)))
            path.unlink()


def seal_private(home: Path, wave: str) -> X25519PrivateKey:
    """The key that opens what kiosks sealed for this wave; raises NotReady where it is missing."""
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    return X25519PrivateKey.from_private_bytes(load(home, wave, "seal"))


def seal_public(home: Path, wave: str) -> bytes:
    """What a kiosk seals with: the public half, 32 bytes. It opens nothing."""
    return seal_private(home, wave).public_key().public_bytes_raw()


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
