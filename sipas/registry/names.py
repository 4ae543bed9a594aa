"""Codes by the names that people know them by: an office's file may say “Phường Tô Hiệu” where the code is 03646."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from sipas.tables.looks import as_read


class Named(Protocol):
    """A unit, a service field or a point: a code, and its name in two languages."""

    @property
    def code(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def name_en(self) -> str: ...


class Names:
    """Codes by code and by name as it looks; a name that two codes bear, as after a merger, means neither."""

    def __init__(self, rows: Iterable[Named]) -> None:
        found: dict[str, set[str]] = {}
        codes = set()
        for row in rows:
            codes.add(row.code)
            for name in (row.name, row.name_en):
                found.setdefault(as_read(name), set()).add(row.code)
        self._meant = {name: code for name, (code, *more) in found.items() if not more}
        self._meant.update({as_read(code): code for code in codes})
        self._codes = codes

    def code(self, said: str) -> str:
        """The code that is meant; what was said, where nothing is called so."""
        return said if said in self._codes else self._meant.get(as_read(said), said)
