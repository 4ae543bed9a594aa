"""Who is who, as long as people only type their names: two spellings of one name are one person."""

from __future__ import annotations

import unicodedata

from sipas.errors import N_, NotReady

_STROKES = str.maketrans("đøłıħŧ", "doliht")  # letters that Unicode does not take apart


def same_person(one: str, other: str) -> bool:
    """Whether two typed names differ in accents, case, blanks and punctuation at most.

    Names without any letter or digit are all the same: nobody is told from nobody by them.

    >>> same_person("Nguyễn Thị Hoa", " nguyen  thi HOA "), same_person("Đỗ Văn An", "Do Van An")
    (True, True)
    >>> same_person("Nguyễn Thị Hoa", "Nguyễn Thị Hoà Bình")
    False
    """
    return _bare(one) == _bare(other)


def person(name: str) -> str:
    """A person's name as it is kept: NFC, single blanks; raises NotReady where it is empty, or has letters of another
    alphabet: a Cyrillic о looks like the Latin one, and would make one person two."""
    name = " ".join(unicodedata.normalize("NFC", name).split())
    if not name:
        raise NotReady(N_("Say who you are: the name is empty."))
    for letter in name:
        if not _bare(letter).isascii():
            raise NotReady(
                N_("Write the name “{name}” in Latin letters: its “{letter}” is none."), name=name, letter=letter
            )
    return name[:100]


def _bare(name: str) -> str:
    letters = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", name).casefold()).translate(_STROKES)
    return "".join(letter for letter in letters if letter.isalnum())
