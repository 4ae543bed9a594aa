"""The codes of releases: a wave's code and a number, and none is given twice.

An older database that was restored does not know what was given since. So the next number follows from the largest of
all that is known: in the database, among drafts, on the shelf, and in a list that lies beside the shelf and only grows.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from sipas.disk import sync_folder
from sipas.publishing.models import Release

LIST = "release-codes"


def next_code(session: Session, home: Path, wave: str) -> str:
    """The next code of a wave's releases, such as 2026-1-r2."""
    shape = re.compile(rf"{re.escape(wave)}-r([1-9][0-9]{{0,8}})(?:\.[a-z]+)?")
    numbers = [int(found[1]) for code in _given(session, home) if (found := shape.fullmatch(code))]
    return f"{wave}-r{max(numbers, default=0) + 1}"


def remember(home: Path, code: str) -> None:
    """Add a code to the list beside the shelf, durably; before the database knows of it."""
    file = os.open(home / LIST, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(file, f"{code}\n".encode())
        os.fsync(file)
    finally:
        os.close(file)
    sync_folder(home)


def _given(session: Session, home: Path) -> Iterator[str]:
    yield from session.scalars(select(Release.code))
    for folder in ("drafts", "releases"):
        if (home / folder).is_dir():
            yield from (path.name for path in (home / folder).iterdir())
    if (home / LIST).is_file():
        yield from (home / LIST).read_text(encoding="utf-8").splitlines()
