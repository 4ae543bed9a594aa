"""Codes as people read and type them."""

from __future__ import annotations

import itertools

import pytest

from sipas import codes
from sipas.codes import ALPHABET, ENTROPY, Misread, check, fresh, is_code, read, spaced

CODE = "2345CFHM"


def test_a_code_has_eight_characters_and_its_entropy_is_what_the_documents_say():
    assert {len(code) for code in fresh(500)} == {8}
    assert 31.6 < ENTROPY < 31.7


def test_no_two_characters_look_alike_and_no_vietnamese_keyboard_changes_one():
    for group in ("0OQD", "1IL!", "2Z", "5S", "6G", "8B", "UV"):
        assert sum(one in ALPHABET for one in group) <= 1 + (group == "1IL!")  # L is told from 1 in capitals
    assert not set("AEIOUYDW") & set(ALPHABET)  # Telex and VNI make letters of these


@pytest.mark.parametrize(
    "typed",
    ["2345cfhm", " 2345 CFHM ", "2345-cfhm", "2345\u00a0CFHM", "２３４５CFHM", "Z34S CFHM", "2345.CFHM"],
)
def test_a_code_is_read_however_it_is_typed(typed):
    assert read(typed) == CODE


def test_what_looks_alike_is_read_as_what_was_meant():
    code = "015268V" + check("015268V")
    assert read("OISZGBU" + code[-1]) == code
    assert read("oiszgbu" + code[-1].lower()) == code


@pytest.mark.parametrize("code", fresh(30))
def test_any_wrong_character_and_any_two_changed_about_are_noticed(code):
    for place, other in itertools.product(range(8), ALPHABET):
        assert is_code(code[:place] + other + code[place + 1 :]) == (other == code[place])
    for one, two in itertools.combinations(range(8), 2):
        changed = list(code)
        changed[one], changed[two] = changed[two], changed[one]
        assert is_code("".join(changed)) == (code[one] == code[two])


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("2345CFH", "8 characters; you typed 7"),
        ("", "8 characters; you typed 0"),
        ("2345CFHMM", "8 characters; you typed 9"),
        ("23A5CFHM", "character 3 of your code, “A”"),
        ("2345CFHĐ", "character 8 of your code, “Đ”"),
        ("2845CFHM", "first at character 2"),
        ("3245CFHM", "first at character 1"),
        ("2345CFHT", "compare it with your slip"),
    ],
)
def test_a_slip_is_told_with_the_place_to_look_at(typed, words):
    with pytest.raises(Misread, match=words):
        read(typed)


def test_a_likely_slip_is_among_the_places_named():
    for code in fresh(40):
        for place, pair in itertools.product(range(8), codes.ALIKE):
            if code[place] in pair:
                slipped = code[:place] + pair.replace(code[place], "") + code[place + 1 :]
                with pytest.raises(Misread) as told:
                    read(slipped)
                assert str(place + 1) in told.value.values["places"].split(", ")


def test_codes_differ_and_are_printed_in_two_groups():
    many = fresh(2000)
    assert len(set(many)) == 2000
    assert all(is_code(code) for code in many)
    assert spaced(CODE) == "2345 CFHM"
    used = set("".join(code[:7] for code in many))
    assert used == set(ALPHABET)
