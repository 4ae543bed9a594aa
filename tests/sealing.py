"""A device in tests without a browser: a key, a code, and messages sealed as `seal.js` seals them."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask.testing import FlaskClient

from sipas import clock
from sipas.intake.sealed import LENGTH, SUITE, Context
from sipas.keyring import wave_keys
from surveys import load

NEWEST = str(load("service-2024").version)


def sealed(home: Path, text: str, wave: str = "w1", point: str = "to-hieu-1", kind: str = "answer", **other) -> bytes:
    """A message as a device makes it."""
    context = Context(wave, point, other.get("instrument", "service-2024"), other.get("version", NEWEST), kind)
    coded = text.encode()
    padded = (len(coded).to_bytes(2, "big") + coded).ljust(LENGTH, b"\0")
    return SUITE.encrypt(padded, X25519PublicKey.from_public_bytes(wave_keys.seal_public(home, wave)), context.info())


def said(fields: dict[str, object] | None = None, on=None, **other) -> str:
    """The text of an answer given on a day (default: today)."""
    on = on or clock.today()
    plain = {
        "language": "vi",
        "form": "short",
        "week": clock.week_of(on),
        "month": f"{on:%Y-%m}",
        "doubt": False,
        "fields": {"service": "ho-tich", "O": "4"} if fields is None else fields,
    }
    return json.dumps(plain | other, ensure_ascii=False)


@dataclass
class Device:
    """An enrolled device with its books."""

    client: FlaskClient
    point: str = "to-hieu-1"
    id: str = ""
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    batch: int = 0
    made: int = 0
    settled: int = 0
    total: int = 0

    @property
    def public(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def enrols(self, code: str):
        reply = self.client.post(
            f"/k/{self.point}/en/device", json={"code": code, "key": base64.b64encode(self.public).decode()}
        )
        self.id = (reply.json or {}).get("device", "")
        return reply

    def sends(self, *messages: bytes, wave: str = "w1", hears: bool = True, **other):
        """A batch; with `hears=False` its reply is lost, so that the next one has the same number."""
        self.made = max(self.made, self.settled + len(messages))
        body = {
            "device": self.id,
            "batch": self.batch + 1,
            "made": self.made,
            "waiting": len(messages),
            "settled": self.settled,
            "settled_sum": f"{self.total:064x}",
            "persistent": True,
            "software": "test",
            "clock": round(time.time()),
            "messages": [{"wave": wave, "sealed": base64.b64encode(one).decode()} for one in messages],
        }
        data = json.dumps(body | other).encode()
        reply = self.client.post(
            f"/k/{self.point}/sealed",
            data=data,
            headers={"Content-Type": "application/json", "X-Signature": self.signs(data)},
        )
        if hears and reply.status_code == 200:
            self.batch += 1
            taken = [one for one, what in zip(messages, reply.json["outcomes"], strict=True) if what != "unknown"]
            self.settled += len(taken)
            self.total = (self.total + sum(int.from_bytes(hashlib.sha256(m).digest(), "big") for m in taken)) % 2**256
        return reply

    def signs(self, data: bytes) -> str:
        r, s = decode_dss_signature(self.key.sign(data, ec.ECDSA(hashes.SHA256())))
        return base64.b64encode(r.to_bytes(32, "big") + s.to_bytes(32, "big")).decode()
