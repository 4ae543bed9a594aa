"""Opens what an enrolled device sealed (`static/js/seal.js`): HPKE, RFC 9180, base mode.

The context of a message enters the key schedule as `info`: a message that is moved to another wave, point, instrument
or kind does not open. The suite stands in it too, so that another one can follow some day.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
SUITE_ID = "0020-0001-0002"  # RFC 9180's numbers of the three
LENGTH = 1792  # holds a comment of 500 letters, each of three bytes
SEALED_LENGTH = 32 + LENGTH + 16  # ephemeral key, padded text, tag
KINDS = ("answer", "comment")
_PART = re.compile(r"[A-Za-z0-9._-]{1,60}")  # nothing in a part can be taken for the line between two


@dataclass(frozen=True)
class Context:
    """What a sealed message says it is. Raises ValueError where a part could be read in two ways."""

    wave: str
    point: str
    instrument: str
    version: str
    kind: str

    def __post_init__(self) -> None:
        for part in (self.wave, self.point, self.instrument, self.version, self.kind):
            if not _PART.fullmatch(part):
                raise ValueError(f"{part!r} cannot stand in the context of a sealed message")

    def info(self) -> bytes:
        """The line that both sides bind.

        >>> Context("2026-2", "to-hieu-1", "sipas", "1", "answer").info()
        b'sipas answer v1 | 0020-0001-0002 | 2026-2 | to-hieu-1 | sipas@1 | answer'
        """
        parts = (SUITE_ID, self.wave, self.point, f"{self.instrument}@{self.version}", self.kind)
        return " | ".join(("sipas answer v1", *parts)).encode()


def unpad(padded: bytes) -> str | None:
    """The text of a padded message; None where it was padded otherwise.

    >>> unpad(bytes([0, 2]) + b"ab" + bytes(LENGTH - 4)), unpad(b"ab")
    ('ab', None)
    """
    end = 2 + int.from_bytes(padded[:2], "big")
    if len(padded) != LENGTH or end > LENGTH or any(padded[end:]):
        return None
    try:
        return padded[2:end].decode()
    except UnicodeDecodeError:
        return None


def unsealed(sealed: bytes, private_key: X25519PrivateKey, context: Context) -> str | None:
    """The text of a sealed message; None where it is damaged, or meant for another key or context."""
    if len(sealed) != SEALED_LENGTH:
        return None
    try:
        return unpad(SUITE.decrypt(sealed, private_key, context.info()))
    except (InvalidTag, ValueError):
        return None


def seal(text: str, public_key: bytes, context: Context) -> bytes:
    """A message as a screen seals it (`static/js/seal.js`). Raises ValueError where it is too long for one."""
    coded = text.encode()
    if len(coded) > LENGTH - 2:
        raise ValueError("the text does not fit a sealed message")
    padded = (len(coded).to_bytes(2, "big") + coded).ljust(LENGTH, b"\0")
    return SUITE.encrypt(padded, X25519PublicKey.from_public_bytes(public_key), context.info())


@dataclass(frozen=True)
class SealedText:
    """The text of a message: which form, in which language and week, and what was chosen or written."""

    language: str
    form: str
    week: str
    month: str
    doubt: bool
    fields: Mapping[str, list[str]]
    unfinished: bool = False
    probe: str = ""  # how a synthetic answer proves to be one

    @classmethod
    def of(cls, text: str) -> SealedText | None:
        """None where the text is not what a device of ours writes."""
        try:
            data = json.loads(text)
            fields = {name: value if isinstance(value, list) else [value] for name, value in data["fields"].items()}
            said = cls(
                data["language"],
                data["form"],
                data["week"],
                data["month"],
                data["doubt"] is not False,
                fields,
                "unfinished" in data,
                str(data.get("probe", "")),
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None
        words = [said.language, said.form, said.week, said.month, *(one for many in fields.values() for one in many)]
        return said if all(isinstance(word, str) for word in words) else None
