"""The keys of a wave: made once, read by their owner only, destroyed in two steps."""

from __future__ import annotations

import pytest

from sipas.errors import NotReady
from sipas.intake.sealed import LENGTH, SUITE, Context, unsealed
from sipas.keyring import wave_keys


def test_a_wave_has_three_keys_that_are_made_once(tmp_path):
    wave_keys.make(tmp_path, "w1")
    before = {kind: wave_keys.load(tmp_path, "w1", kind) for kind in wave_keys.KINDS}
    wave_keys.make(tmp_path, "w1")
    assert before == {kind: wave_keys.load(tmp_path, "w1", kind) for kind in wave_keys.KINDS}
    assert wave_keys.held(tmp_path, "w1") == ("cluster", "id", "seal")
    assert len(set(before.values())) == 3
    for path in (tmp_path / "keys").iterdir():
        assert path.stat().st_mode & 0o077 == 0


def test_what_is_sealed_with_the_public_half_opens_with_the_wave_alone(tmp_path):
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

    wave_keys.make(tmp_path, "w1")
    wave_keys.make(tmp_path, "w2")
    context = Context("w1", "to-hieu-1", "service-2024", "1", "answer")
    padded = b"\x00\x02ok" + bytes(LENGTH - 4)
    public = wave_keys.seal_public(tmp_path, "w1")
    assert len(public) == 32
    sealed = SUITE.encrypt(padded, X25519PublicKey.from_public_bytes(public), context.info())
    assert unsealed(sealed, wave_keys.seal_private(tmp_path, "w1"), context) == "ok"
    assert unsealed(sealed, wave_keys.seal_private(tmp_path, "w2"), context) is None


def test_an_empty_or_wiped_file_is_no_key(tmp_path):
    wave_keys.make(tmp_path, "w1")
    for left in (b"", bytes(32)):  # a disk that lost what was written, and a power cut within `destroy`
        (tmp_path / "keys" / "w1.cluster.key").write_bytes(left)
        with pytest.raises(NotReady, match="cluster key of wave w1"):
            wave_keys.load(tmp_path, "w1", "cluster")
        assert "cluster" in wave_keys.held(tmp_path, "w1")  # so that it is still destroyed
    wave_keys.destroy(tmp_path, "w1")
    assert list((tmp_path / "keys").iterdir()) == []


def test_a_key_is_never_written_over_another(tmp_path):
    wave_keys.put(tmp_path, "w1", "seal", b"1" * 32)
    with pytest.raises(FileExistsError):
        wave_keys.put(tmp_path, "w1", "seal", b"2" * 32)
    assert wave_keys.load(tmp_path, "w1", "seal") == b"1" * 32
    assert len(list((tmp_path / "keys").iterdir())) == 1


def test_keys_are_destroyed_by_kind_and_a_missing_one_is_told(tmp_path):
    wave_keys.make(tmp_path, "w1")
    for _ in range(2):
        wave_keys.destroy(tmp_path, "w1", wave_keys.AT_FREEZE)
    assert wave_keys.held(tmp_path, "w1") == wave_keys.AFTER_GRACE
    with pytest.raises(NotReady, match="cluster key of wave w1"):
        wave_keys.load(tmp_path, "w1", "cluster")
    wave_keys.destroy(tmp_path, "w1")
    assert wave_keys.held(tmp_path, "w1") == ()
    assert wave_keys.find(tmp_path, "w1", "id") is None
