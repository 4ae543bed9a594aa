"""What a door is: clean tables, how they are laid down, and the figure that is read from them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sipas.config.settings import Settings
from sipas.errors import SipasError
from sipas.storage.database import Database
from tests.sipas.tables.damages import Sheet


@dataclass(frozen=True)
class Here:
    """An installation, for doors that need one."""

    database: Database
    settings: Settings


Made = tuple[list[str], list[str], list[list[str]]]  # names, kinds and rows
Read = Callable[[Path, Here], tuple[Sequence[Any], Iterable[SipasError]]]  # the figure, and what was noted


@dataclass(frozen=True)
class Door:
    """`make` draws a clean table, `write` lays it down, `read` gives the figure and the notes beside it."""

    make: Callable[[random.Random], Made]
    read: Read
    write: Callable[[Sheet, Path], Path] = Sheet.write


def figures(rows: Iterable[Mapping[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    """Some numbers of rows, in an order that does not hang on names that look alike."""
    found = [tuple(row.get(name) for name in names) for row in rows]
    return sorted(found, key=lambda row: [(value is None, value if value is not None else 0) for value in row])
