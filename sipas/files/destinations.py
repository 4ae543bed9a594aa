"""Files that a command writes for somebody: never over what it reads, never over what is there unasked, never half.

Whoever calls says whether an existing file may go (`sipas.cli.destinations` asks at a terminal); what is written
appears whole or not at all.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sipas.errors import N_, SipasError

LISTS = (".yaml", ".yml")  # inputs that name other files


class OverInput(SipasError):
    """A file to be written that the command reads."""


class AlreadyThere(SipasError):
    """A file to be written that exists, where nobody said that it may go."""


def refuse_input(target: Path, inputs: Iterable[Path]) -> None:
    """Raise OverInput where `target` is one of the files that are read, by whatever name, or one of them names it."""
    if not target.exists():
        return
    for path in inputs:
        if path.exists() and os.path.samefile(path, target):
            raise OverInput(
                N_("{file} is a file that this command reads, and it would be lost; give another name."),
                file=str(target),
            )
        if path.suffix.lower() in LISTS and path.is_file() and _names(path, target):
            raise OverInput(
                N_("{file} is named in {list}, which this command reads, and it would be lost; give another name."),
                file=str(target),
                list=path.name,
            )


def refuse_existing(target: Path, replace: bool) -> None:
    """Raise AlreadyThere where something lies at `target` and may not be replaced."""
    if is_there(target) and not replace:
        raise AlreadyThere(
            N_("{file} is there already and was left as it is. Give another name, or say --replace."), file=str(target)
        )


def is_there(target: Path) -> bool:
    """Whether a file would be replaced; a device such as /dev/stdout is not."""
    return target.is_symlink() or target.is_file()


@contextmanager
def whole_file(target: Path) -> Iterator[Path]:
    """A neighbour to write to, which takes the name of `target` at the end of the block, or is gone if that failed."""
    partial = target.with_name(f".{target.name}.{secrets.token_hex(4)}.partial")
    try:
        yield partial
        os.replace(partial, target)
    finally:
        partial.unlink(missing_ok=True)


def write_file(target: Path, data: bytes) -> None:
    """Put `data` at `target`, for its owner alone; whole or not at all."""
    new = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    with whole_file(target) as partial, open(os.open(partial, new, 0o600), "wb") as file:
        file.write(data)


def _names(listing: Path, target: Path) -> bool:
    """Whether a file of keys, such as a design, names a file that lies in its folder or below."""
    if not target.resolve().is_relative_to(listing.resolve().parent):
        return False
    text = listing.read_text(encoding="utf-8", errors="replace")
    return re.search(rf"(?<![\w.-]){re.escape(target.name)}(?![\w-])", text) is not None
