"""Codes as people read and type them."""

from __future__ import annotations

import itertools

import pytest

from sipas.fieldwork import invitation_codes
from sipas.fieldwork.invitation_codes import ALPHABET, ENTROPY, Misread, check, fresh, is_code, read, spaced

CODE, OLD = "2345CFHJ678L", "2345CFHM"


def test_a_code_has_twelve_characters_and_its_entropy_is_what_the_documents_say():
    assert {len(code) for code in fresh(500)} == {12}
    assert 49.7 < ENTROPY < 49.8


def test_no_two_characters_look_alike_and_no_vietnamese_keyboard_changes_one():
    for group in ("0OQD", "1IL!", "2Z", "5S", "6G", "8B", "UV"):
        assert sum(one in ALPHABET for one in group) <= 1 + (group == "1IL!")  # L is told from 1 in capitals
    assert not set("AEIOUYDW") & set(ALPHABET)  # Telex and VNI make letters of these


@pytest.mark.parametrize(
    "typed",
    ["2345cfhm", " 2345 CFHM ", "2345-cfhm", "2345\u00a0CFHM", "２３４５CFHM", "Z34S CFHM", "2345.CFHM"],
)
def test_a_code_is_read_however_it_is_typed(typed):
    assert read(typed) == OLD
    assert read(f"{typed.strip()[:-1]}J-67BL") == CODE


def test_what_looks_alike_is_read_as_what_was_meant():
    code = "015268V" + check("015268V")
    assert read("OISZGBU" + code[-1]) == code
    assert read("oiszgbu" + code[-1].lower()) == code


@pytest.mark.parametrize(
    "code",
    [*fresh(20), *(f"{first}{check(first)}" for first in ("2345CFH", "0000000", "XVTRPNM"))],
    ids=range(23),  # they are random, and processes that share the tests must call them alike
)
def test_any_wrong_character_and_any_two_changed_about_are_noticed(code):
    for place, other in itertools.product(range(len(code)), ALPHABET):
        assert is_code(code[:place] + other + code[place + 1 :]) == (other == code[place])
    for one, two in itertools.combinations(range(len(code)), 2):
        changed = list(code)
        changed[one], changed[two] = changed[two], changed[one]
        assert is_code("".join(changed)) == (code[one] == code[two])


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("2345CFH", "12 characters, an older one 8; you typed 7"),
        ("", "12 characters, an older one 8; you typed 0"),
        ("2345CFHJ678LL", "12 characters, an older one 8; you typed 13"),
        ("23A5CFHJ678L", "character 3 of your code, “A”"),
        ("2345CFHJ678Đ", "character 12 of your code, “Đ”"),
        ("2845CFHJ678L", "first at character 2"),
        ("3245CFHJ678L", "first at character 1"),
        ("2345CFHJ678V", "compare it with your slip"),
        ("2845CFHM", "a group of four is missing"),
        ("2345CFHJ", "a group of four is missing"),
    ],
)
def test_a_slip_is_told_with_the_place_to_look_at(typed, words):
    with pytest.raises(Misread, match=words):
        read(typed)


def test_a_likely_slip_is_among_the_places_named():
    for code in fresh(40):
        for place, pair in itertools.product(range(12), invitation_codes.ALIKE):
            if code[place] in pair:
                slipped = code[:place] + pair.replace(code[place], "") + code[place + 1 :]
                with pytest.raises(Misread) as told:
                    read(slipped)
                assert str(place + 1) in told.value.values["places"].split(", ")


def test_codes_differ_and_are_printed_in_groups_of_four():
    many = fresh(2000)
    assert len(set(many)) == 2000
    assert all(is_code(code) for code in many)
    assert (spaced(CODE), spaced(OLD)) == ("2345 CFHJ 678L", "2345 CFHM")
    used = set("".join(code[:11] for code in many))
    assert used == set(ALPHABET)
