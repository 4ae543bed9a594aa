"""What the browser seals, Python opens, and nobody else."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from sipas.intake.sealed import SEALED_LENGTH, Context, unsealed

pytestmark = pytest.mark.browser

CONTEXT = Context("2026-2", "to-hieu-1", "sipas-22", "1", "answer")
SEAL = """async ([key, context, text]) => {
    const { seal } = await import("/static/js/seal.js");
    const sealed = await seal(new Uint8Array(key), context, text);
    return btoa(String.fromCharCode(...sealed));
}"""
VECTOR = """async ([secret, own, receiver, info, text, aad]) => {
    const { encrypt, AES_128 } = await import("/static/js/seal.js");
    const bytes = (hex) => new Uint8Array(hex.match(/../g).map((pair) => parseInt(pair, 16)));
    const base64 = (hex) => btoa(String.fromCharCode(...bytes(hex))).replaceAll("+", "-").replaceAll("/", "_")
        .replaceAll("=", "");
    const jwk = { kty: "OKP", crv: "X25519", d: base64(secret), x: base64(own) };
    const privateKey = await crypto.subtle.importKey("jwk", jwk, "X25519", false, ["deriveBits"]);
    const publicKey = await crypto.subtle.importKey("raw", bytes(own), "X25519", true, []);
    const sealed = await encrypt(
        bytes(receiver), bytes(info), bytes(text), { privateKey, publicKey }, AES_128, bytes(aad));
    return [...sealed].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}"""


def sealed_by(page, key: X25519PrivateKey, text: str) -> bytes:
    public = list(key.public_key().public_bytes_raw())
    return base64.b64decode(page.evaluate(SEAL, [public, vars(CONTEXT), text]))


def test_browser_writes_the_vector_of_rfc_9180_a_1_1(opens):
    enc = "37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431"
    text = "f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a"
    given = [
        "52c4a758a802cd8b936eceea314432798d5baf2d7e9235dc084ab1b9cfa2f736",
        enc,
        "3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d",
        "4f6465206f6e2061204772656369616e2055726e",
        "4265617574792069732074727574682c20747275746820626561757479",
        "436f756e742d30",
    ]
    assert opens("/").evaluate(VECTOR, given) == enc + text


def test_sealed_answer_opens_with_its_key_and_context_only(opens):
    page, key = opens("/"), X25519PrivateKey.generate()
    text = '{"q1": 5, "ý kiến": "Rất tốt 👍"}'
    sealed = sealed_by(page, key, text)
    assert unsealed(sealed, key, CONTEXT) == text
    assert unsealed(sealed, X25519PrivateKey.generate(), CONTEXT) is None
    for field in vars(CONTEXT):
        assert unsealed(sealed, key, replace(CONTEXT, **{field: "other"})) is None, field
    for place in (0, 40, SEALED_LENGTH - 1):
        damaged = bytearray(sealed)
        damaged[place] ^= 1
        assert unsealed(bytes(damaged), key, CONTEXT) is None, place
    assert unsealed(sealed[:-1], key, CONTEXT) is None
    assert unsealed(bytes(SEALED_LENGTH), key, CONTEXT) is None


def test_every_sealed_message_is_equally_long_and_never_the_same_twice(opens):
    page, key = opens("/"), X25519PrivateKey.generate()
    texts = ["", "a", "ệ" * 340, "a" * 1022]
    sealed = [sealed_by(page, key, text) for text in texts]
    assert [unsealed(each, key, CONTEXT) for each in sealed] == texts
    assert {len(each) for each in sealed} == {SEALED_LENGTH}
    assert sealed_by(page, key, "a") != sealed_by(page, key, "a")
