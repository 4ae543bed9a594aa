"""Opens what a browser sealed (`static/js/seal.js`): HPKE, RFC 9180, base mode.

The context of a message enters the key schedule as `info`: a message that is moved to another wave, point, instrument
or kind does not open. No route calls this yet: kiosks post directly until devices can be enrolled.
"""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
LENGTH = 1024
SEALED_LENGTH = 32 + LENGTH + 16  # ephemeral key, padded text, tag


@dataclass(frozen=True)
class Context:
    """What a sealed message says it is."""

    wave: str
    point: str
    instrument: str
    version: str
    kind: str

    def info(self) -> bytes:
        """The line that both sides bind.

        >>> Context("2026-2", "to-hieu-1", "sipas", "1", "answer").info()
        b'sipas answer v1 | 2026-2 | to-hieu-1 | sipas@1 | answer'
        """
        return f"sipas answer v1 | {self.wave} | {self.point} | {self.instrument}@{self.version} | {self.kind}".encode()


def unpad(padded: bytes) -> str | None:
    """The text of a padded message; None where it was padded otherwise.

    >>> unpad(bytes([0, 2]) + b"ab" + bytes(1020)), unpad(b"ab")
    ('ab', None)
    """
    end = 2 + int.from_bytes(padded[:2], "big")
    if len(padded) != LENGTH or end > LENGTH or any(padded[end:]):
        return None
    try:
        return padded[2:end].decode()
    except UnicodeDecodeError:
        return None


def opened(sealed: bytes, private_key: X25519PrivateKey, context: Context) -> str | None:
    """The text of a sealed message; None where it is damaged, or meant for another key or context."""
    if len(sealed) != SEALED_LENGTH:
        return None
    try:
        return unpad(SUITE.decrypt(sealed, private_key, context.info()))
    except (InvalidTag, ValueError):
        return None
