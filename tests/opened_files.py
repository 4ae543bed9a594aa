"""Which files a piece of code opens, by Python's own account of it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_heard: list[list[Path]] = []


def _hear(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open" and _heard and isinstance(arguments[0], str | os.PathLike):
        _heard[-1].append(Path(os.fspath(arguments[0])))


sys.addaudithook(_hear)  # cannot be taken away again; silent unless `opened` listens


@contextmanager
def opened() -> Iterator[list[Path]]:
    """The files that are opened meanwhile."""
    _heard.append([])
    try:
        yield _heard[-1]
    finally:
        _heard.pop()
