"""A sealed message opens for its own key and context only, and is believed only where it is what a screen writes."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from sipas.intake.sealed import LENGTH, Context, SealedText, seal, unpad, unsealed

KEY = X25519PrivateKey.from_private_bytes(bytes(range(32)))
CONTEXT = Context("2026-2", "to-hieu-1", "service-2024", "1", "answer")


def sealed(text, context=CONTEXT):
    return seal(text, KEY.public_key().public_bytes_raw(), context)


def test_a_message_comes_out_as_it_went_in_and_always_has_one_length():
    for text in ("", "a", "Chờ lâu 😊", "x" * 1790):
        whole = sealed(text)
        assert len(whole) == 1840
        assert unsealed(whole, KEY, CONTEXT) == text
    assert sealed("a") != sealed("a")  # a new key each time
    with pytest.raises(ValueError, match="does not fit"):
        sealed("x" * 1791)


@pytest.mark.parametrize("moved", ["wave", "point", "instrument", "version", "kind"])
def test_a_message_that_was_moved_does_not_open(moved):
    assert unsealed(sealed("a"), KEY, replace(CONTEXT, **{moved: "other"})) is None


def test_a_message_for_another_key_or_a_damaged_one_does_not_open():
    whole = sealed("a")
    assert unsealed(whole, X25519PrivateKey.generate(), CONTEXT) is None
    for damaged in (whole[:-1], whole + b"\0", whole[:40] + bytes([whole[40] ^ 1]) + whole[41:], b""):
        assert unsealed(damaged, KEY, CONTEXT) is None


@pytest.mark.parametrize("part", ["", "a b", "a|b", "a@b", "ô", "x" * 61, "a\n"])
@pytest.mark.parametrize("name", ["wave", "point", "instrument", "version", "kind"])
def test_no_part_of_a_context_can_be_read_in_two_ways(name, part):
    with pytest.raises(ValueError, match="cannot stand in the context"):
        replace(CONTEXT, **{name: part})
    assert replace(CONTEXT, **{name: "x" * 60})


def test_padding_that_holds_anything_is_refused():
    text = (3).to_bytes(2, "big") + b"abc"
    assert unpad(text.ljust(LENGTH, b"\0")) == "abc"
    assert unpad(text.ljust(LENGTH - 1, b"\0") + b"\1") is None
    assert unpad(text.ljust(LENGTH + 1, b"\0")) is None
    assert unpad((LENGTH - 2).to_bytes(2, "big") + b"a" * (LENGTH - 2)) == "a" * 1790
    assert unpad((LENGTH - 1).to_bytes(2, "big") + b"a" * (LENGTH - 2)) is None
    assert unpad(((1).to_bytes(2, "big") + b"\xff").ljust(LENGTH, b"\0")) is None


SAID = {"language": "vi", "form": "full", "week": "2026-W38", "month": "2026-09", "doubt": False,
        "fields": {"O": "5", "B1.3": ["a", "b"]}}  # fmt: skip


def said(**changed):
    return SealedText.of(json.dumps({**SAID, **changed}))


def test_what_a_screen_says_is_read():
    assert said() == SealedText("vi", "full", "2026-W38", "2026-09", False, {"O": ["5"], "B1.3": ["a", "b"]}, False, "")
    assert said(unfinished=1).unfinished is True
    assert said(probe="p").probe == "p"
    assert [said(doubt=doubt).doubt for doubt in (False, True, None, 0, "no")] == [False, True, True, True, True]


@pytest.mark.parametrize(
    "text",
    ["", "1", "[]", "{}", "x" * 10, "[" * 100_000,
     json.dumps({**SAID, "fields": ["O"]}), json.dumps({**SAID, "week": 38}),
     json.dumps({**SAID, "fields": {"O": 5}}), json.dumps({**SAID, "fields": {"O": ["5", None]}}),
     *(json.dumps({name: value for name, value in SAID.items() if name != left}) for left in SAID)],
)  # fmt: skip
def test_what_no_screen_writes_is_not_believed(text):
    assert SealedText.of(text) is None
