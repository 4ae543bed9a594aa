"""Keys of a wave in a second pair of hands: sealed to another office, so that one lost disk loses no answer that a
kiosk had sealed, and no code that was handed out. Only that office's own key opens the copy, which must die when the
wave's grace is over.

Copied is what nothing can replace: `seal`, and `invitation` where there are codes. Never `cluster`: the privacy page
promises that it is destroyed when the survey ends, and nobody could see to a copy elsewhere; without it a wave is
frozen with the same clusters (`publishing/clusters.py`). Nor `id`, which tells whether a known submission is among the
rows: its loss costs at most that an answer sent twice counts twice.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from sipas.errors import N_, BadFile, SipasError
from sipas.files.state_files import Damaged, write_new
from sipas.keyring import wave_keys

SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
PRIVATE, PUBLIC = "sipas office private key: ", "sipas office public key: "
FORMAT = "sipas sealed wave key 1"
COPIED = {"seal": "sealed", wave_keys.INVITATION: "sealed_invitation"}  # each key and the field that holds it


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


def copy(home: Path, wave: str, to: Path, out: Path) -> tuple[str, ...]:
    """Seals the wave's sealing key, and that of its codes where there is one, to the office whose public key lies in
    `to`; gives the kinds. Raises NotReady where the sealing key is missing, Damaged where a key is no key."""
    recipient = X25519PublicKey.from_public_bytes(_read(to, PUBLIC))
    found = {
        kind: wave_keys.load(home, wave, kind)
        for kind in ("seal", *wave_keys.held(home, wave, (wave_keys.INVITATION,)))
    }
    words = {"format": FORMAT, "wave": wave}
    for kind, key in found.items():
        words[COPIED[kind]] = base64.b64encode(SUITE.encrypt(key, recipient, _info(wave, kind))).decode()
    _write(out, json.dumps(words, ensure_ascii=False, indent=1) + "\n", 0o600)
    return tuple(found)


def opened_copy(file: Path, private: Path) -> tuple[str, dict[str, bytes]]:
    """The wave and its keys by kind from a copy; raises BadFile where it is damaged or meant for another office."""
    try:
        words = json.loads(file.read_text(encoding="utf-8"))
        wave = str(words["wave"])
        sealed = {
            kind: base64.b64decode(words[field], validate=True)
            for kind, field in COPIED.items()
            if kind == "seal" or field in words  # copies of before December 2026 hold the sealing key alone
        }
        if words["format"] != FORMAT:
            raise ValueError
    except (ValueError, KeyError, TypeError):
        raise BadFile(N_("{file} is no sealed copy of a wave's key."), file=file.name) from None
    try:
        own = X25519PrivateKey.from_private_bytes(_read(private, PRIVATE))
        found = {kind: SUITE.decrypt(each, own, _info(wave, kind)) for kind, each in sealed.items()}
        if any(len(key) != wave_keys.LENGTH for key in found.values()):
            raise ValueError
        return wave, found
    except (InvalidTag, ValueError):
        raise BadFile(
            N_("{file} cannot be opened with {key}: it is damaged, or was sealed to another office."),
            file=file.name,
            key=private.name,
        ) from None


def restore_key(home: Path, wave: str, key: bytes, kind: str = "seal") -> bool:
    """Puts a key back; False where it is there already. Raises KeyThere where another one is, Damaged where a file lies
    in its place that is no key."""
    there = wave_keys.find(home, wave, kind)
    if there is None:
        try:
            wave_keys.put(home, wave, kind, key)
        except FileExistsError:
            raise Damaged(
                N_("keys/{wave}.{kind}.key in SIPAS_HOME is damaged. Move it away, then restore the key again."),
                wave=wave,
                kind=kind,
            ) from None
    elif there != key:
        raise KeyThere(
            N_("Wave {wave} has another {kind} key here. Move keys/{wave}.{kind}.key away first if it is wrong."),
            wave=wave,
            kind=kind,
        )
    return there is None


def _info(wave: str, kind: str) -> bytes:
    return (f"{FORMAT} | {wave}" if kind == "seal" else f"{FORMAT} | {wave} | {kind}").encode()


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
