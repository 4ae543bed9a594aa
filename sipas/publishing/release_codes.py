"""The codes of releases: a wave's code and a number, and none is given twice.

An older database that was restored does not know what was given since. So the next number follows from the largest of
all that is known: in the database, among drafts, on the shelf, and in a list that lies beside the shelf and only grows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from sipas.errors import N_
from sipas.files.home_paths import HomePaths
from sipas.files.state_files import append, read_state
from sipas.publishing.models import Release
from sipas.publishing.published import CODE


def next_code(session: Session, home: Path, wave: str) -> str:
    """The next code of a wave's releases, such as 2026-1-r2."""
    shape = re.compile(rf"{re.escape(wave)}-r([1-9][0-9]{{0,8}})(?:\.[a-z]+)?")
    numbers = [int(found[1]) for code in _given(session, home) if (found := shape.fullmatch(code))]
    return f"{wave}-r{max(numbers, default=0) + 1}"


def remember(home: Path, code: str) -> None:
    """Add a code to the list beside the shelf, durably; before the database knows of it."""
    append(HomePaths(home).release_codes, code)


def check(home: Path) -> None:
    """Raises Damaged where the list holds anything but codes; what it still holds counts all the same."""
    damaged = N_(
        "The file {file} in SIPAS_HOME is damaged: a code of a release might be given again where database, drafts and "
        "shelf do not know it either. Restore the file from a copy, or delete its lines that are no codes."
    )
    read_state(HomePaths(home).release_codes, _codes, damaged)


def _codes(data: bytes) -> list[str]:
    lines = data.decode().splitlines()
    if not lines or not all(CODE.fullmatch(line) for line in lines):
        raise ValueError
    return lines


def _given(session: Session, home: Path) -> Iterator[str]:
    yield from session.scalars(select(Release.code))
    paths = HomePaths(home)
    for folder in (paths.drafts, paths.releases):
        if folder.is_dir():
            yield from (path.name for path in folder.iterdir())
    if paths.release_codes.is_file():
        yield from paths.release_codes.read_text(encoding="utf-8", errors="replace").splitlines()
