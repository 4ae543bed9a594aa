"""Who is who, as long as people only type their names: two spellings of one name are one person."""

from __future__ import annotations

import unicodedata

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


def _bare(name: str) -> str:
    letters = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", name).casefold()).translate(_STROKES)
    return "".join(letter for letter in letters if letter.isalnum())
