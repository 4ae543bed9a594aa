"""The sealing key of a wave in a second pair of hands: sealed to another office, so that one lost disk loses no answer
that a kiosk had sealed. Only that office's own key opens the copy, which must die when the wave's grace is over.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from sipas import keys
from sipas.errors import N_, BadFile, SipasError
from sipas.state_files import Damaged, write_new

SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
PRIVATE, PUBLIC = "sipas office private key: ", "sipas office public key: "
FORMAT = "sipas sealed wave key 1"


class KeyThere(SipasError):
    """A file or key that would be overwritten."""

    status = 409


def new_pair(path: Path) -> Path:
    """Writes an office's pair: the private half to `path`, readable by its owner only, the public one beside it."""
    private = X25519PrivateKey.generate()
    public = path.with_name(path.name + ".pub")
    _write(path, PRIVATE + base64.b64encode(private.private_bytes_raw()).decode() + "\n", 0o600)
    _write(public, PUBLIC + base64.b64encode(private.public_key().public_bytes_raw()).decode() + "\n", 0o644)
    return public


def copy(home: Path, wave: str, to: Path, out: Path) -> None:
    """Seals the wave's sealing key to the office whose public key lies in `to`."""
    recipient = X25519PublicKey.from_public_bytes(_read(to, PUBLIC))
    sealed = SUITE.encrypt(keys.load(home, wave, "seal"), recipient, _info(wave))
    words = {"format": FORMAT, "wave": wave, "sealed": base64.b64encode(sealed).decode()}
    _write(out, json.dumps(words, ensure_ascii=False, indent=1) + "\n", 0o600)


def opened(file: Path, private: Path) -> tuple[str, bytes]:
    """The wave and its sealing key from a copy; raises BadFile where it is damaged or meant for another office."""
    try:
        words = json.loads(file.read_text(encoding="utf-8"))
        wave, sealed = str(words["wave"]), base64.b64decode(words["sealed"], validate=True)
        if words["format"] != FORMAT:
            raise ValueError
    except (ValueError, KeyError, TypeError):
        raise BadFile(N_("{file} is no sealed copy of a wave's key."), file=file.name) from None
    try:
        key = SUITE.decrypt(sealed, X25519PrivateKey.from_private_bytes(_read(private, PRIVATE)), _info(wave))
        if len(key) != keys.LENGTH:
            raise ValueError
        return wave, key
    except (InvalidTag, ValueError):
        raise BadFile(
            N_("{file} cannot be opened with {key}: it is damaged, or was sealed to another office."),
            file=file.name,
            key=private.name,
        ) from None


def restore(home: Path, wave: str, key: bytes) -> bool:
    """Puts the sealing key back; False where it is there already. Raises KeyThere where another one is, Damaged where
    a file lies in its place that is no key."""
    there = keys.find(home, wave, "seal")
    if there is None:
        try:
            keys.put(home, wave, "seal", key)
        except FileExistsError:
            raise Damaged(
                N_("keys/{wave}.seal.key in SIPAS_HOME is damaged. Move it away, then restore the key again."),
                wave=wave,
            ) from None
    elif there != key:
        raise KeyThere(
            N_("Wave {wave} has another sealing key here. Move keys/{wave}.seal.key away first if it is wrong."),
            wave=wave,
        )
    return there is None


def _info(wave: str) -> bytes:
    return f"{FORMAT} | {wave}".encode()


def _read(path: Path, head: str) -> bytes:
    text = path.read_text(encoding="utf-8").strip()
    try:
        if not text.startswith(head.strip()):
            raise ValueError
        found = base64.b64decode(text[len(head.strip()) :].strip(), validate=True)
        if len(found) != 32:
            raise ValueError
    except ValueError:
        raise BadFile(
            N_("{file} does not begin with “{head}”; an office makes its pair of keys with `sipas keypair`."),
            file=path.name,
            head=head.strip(),
        ) from None
    return found


def _write(path: Path, text: str, mode: int) -> None:
    try:
        write_new(path, text.encode(), mode)
    except FileExistsError:
        raise KeyThere(N_("{file} exists already; choose another name."), file=path.name) from None
