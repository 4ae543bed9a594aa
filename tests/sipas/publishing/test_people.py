"""Two people are asked for: one who types her name in two ways is still one."""

from __future__ import annotations

import unicodedata

import pytest

from sipas.publishing.people import same_person

HOA = "Nguyễn Thị Hoa"


@pytest.mark.parametrize(
    "typed",
    [
        "Nguyen Thi Hoa",
        "NGUYỄN THỊ HOA",
        "nguyễn thị hoa",
        "  Nguyễn   Thị\tHoa ",
        "NguyễnThịHoa",
        "Nguyễn\u00a0Thị\u200bHoa",
        unicodedata.normalize("NFD", HOA),
        "Nguyê\u0303n Thi\u0323 Hoa",
        "Nguyễn Thị Hoa.",
        "Ｎｇｕｙｅｎ Thi Hoa",
    ],
)
def test_a_name_is_the_same_whatever_its_accents_case_blanks_and_dots(typed):
    assert same_person(HOA, typed)
    assert same_person(typed, HOA)


def test_a_stroke_through_a_letter_is_an_accent_too():
    assert same_person("Đặng Đình Đức", "Dang Dinh Duc")
    assert same_person("đặng đình đức", "DANG DINH DUC")


@pytest.mark.parametrize("other", ["Nguyễn Thị Hòa Bình", "Nguyễn Hoa", "Trần Thị Hoa", "Hoa Thị Nguyễn", ""])
def test_other_names_are_other_people(other):
    assert not same_person(HOA, other)


def test_names_without_a_letter_tell_nobody_apart():
    assert same_person("!", "?")
