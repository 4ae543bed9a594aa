"""The names of columns as people write them: in Vietnamese or English, with or without accents, in any case.

A table of the platform is asked for columns by their own names (`unit`); a file may say “Đơn vị” or “Mã đơn vị”.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from sipas.errors import N_, BadFile
from sipas.tables.looks import printed

SAME = N_("{file}: the columns {written} mean the same ({column}); keep one of them")


class Heads:
    """The columns that are known, each with the other names under which it may stand; a name of two means neither.

    >>> heads = Heads({"unit": ["Đơn vị", "Mã đơn vị"], "B1.1": ["Biển chỉ dẫn"]})
    >>> heads.meant(["MA DON VI", "bien chi dan ", "note"], "file.csv")
    {'unit': 'MA DON VI', 'B1.1': 'bien chi dan ', 'note': 'note'}
    """

    def __init__(self, names: Mapping[str, Iterable[str]]) -> None:
        found: dict[str, set[str]] = {}
        for name, others in names.items():
            for said in (name, *others):
                found.setdefault(folded(said), set()).add(name)
        self._names = frozenset(names)
        self._meant = {said: name for said, (name, *more) in found.items() if not more}

    def meant(self, columns: Sequence[str], file: str) -> dict[str, str]:
        """Each column by its own name, with the name as it is written; one that is not known keeps its name.

        Raises BadFile where two columns mean the same.
        """
        found: dict[str, str] = {}
        for written in columns:
            name = written if written in self._names else self._meant.get(folded(written), written)
            if name in found:
                raise BadFile(SAME, file=file, written=f"“{found[name]}”, “{written}”", column=name)
            found[name] = written
        return found


def folded(said: str) -> str:
    """A name without case, accents, punctuation and doubled blanks.

    >>> folded("  Số_hồ   sơ "), folded("ĐƠN VỊ"), folded("B1.1: Biển")
    ('so ho so', 'don vi', 'b1 1 bien')
    >>> folded("Ð\\u01a1n\\u200b\\u00a0vị")
    'don vi'
    """
    plain = unicodedata.normalize("NFD", printed(said).casefold().replace("đ", "d"))
    kept = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return " ".join(re.split(r"[\W_]+", kept)).strip()
