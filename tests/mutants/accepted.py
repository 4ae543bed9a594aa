"""The mutants that may live, each with its reason: `accepted.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

LIST = Path(__file__).with_name("accepted.toml")


@dataclass(frozen=True)
class Named:
    """A mutant that is known to live."""

    room: str
    name: str
    reason: str
    equivalent: bool  # nobody could tell it from the original; otherwise it counts as a survivor


def named_in(file: Path = LIST) -> list[Named]:
    """Return the list; raises KeyError where an entry lacks its room, name or reason."""
    tables = tomllib.loads(file.read_text(encoding="utf-8"))
    return [
        Named(one["room"], one["name"], one["reason"], kind == "equivalent")
        for kind in ("equivalent", "survivor")
        for one in tables.get(kind, [])
    ]
