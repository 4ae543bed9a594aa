"""Two people are asked for: one who types her name in two ways is still one."""

from __future__ import annotations

import unicodedata

import pytest

from sipas.errors import NotReady
from sipas.publishing.people import person, same_person

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


@pytest.mark.parametrize("name", ["Lò Thị Hоa", "Лò Thị Hoa", "Lò Thị Hοa", "Lò Thị Hɑ", "Lò Thị H٥a"])
def test_a_letter_that_only_looks_latin_is_refused(name):
    with pytest.raises(NotReady, match="Latin letters"):
        person(name)


@pytest.mark.parametrize("name", ["Đặng Thị Ngọc Huyền", "Đỗ Văn Ưu", "H'Hen Niê", "Y Phôn Ksơr", "Người 2"])
def test_vietnamese_names_are_kept_as_they_are(name):
    assert person(name) == name
