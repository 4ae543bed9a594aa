"""`settings.conf` in the home: one `name = value` in a line, as the environment would give it, for its owner alone.

Lines that begin with # are remarks; they and the order stay when a command changes a value.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sipas.errors import N_, NotReady
from sipas.files.home_paths import HomePaths
from sipas.files.state_files import Damaged, private_folder, write_whole

HELD = "SIPAS_HELD_SETTINGS"  # the file's text as a server found it at its start, for its workers


class BadLine(Damaged):
    """A line of the file that cannot be read as it is; names file, line and what to do."""


@dataclass(frozen=True)
class Line:
    """A value, and where it stands."""

    number: int  # from 1
    text: str


def read(home: Path) -> str:
    """The text of the file, "" where there is none; raises Damaged where it is no text."""
    path = HomePaths(home).settings
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError:
        raise Damaged(
            N_(
                "{file} is damaged: it is no text in UTF-8. Delete it, set each setting again (`sipas config set`), "
                "and restart the server."
            ),
            file=path,
        ) from None


def parse(text: str, path: Path, known: Iterable[str]) -> dict[str, Line]:
    """Name -> value; raises BadLine, naming file, line and name, at what is no setting or stands there twice."""
    known, found = tuple(known), dict[str, Line]()
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, mark, value = (part.strip() for part in line.partition("="))
        place: dict[str, object] = {"file": path, "line": number}
        if not mark or not name:
            raise BadLine(
                N_("{file}, line {line}: a line reads “name = value”, or begins with # as a remark."), **place
            )
        if name not in known:
            raise unknown(name, known, NotReady(N_("{file}, line {line}"), **place))
        if name in found:
            raise BadLine(
                N_("{file}, line {line}: {name} stands in line {other} already; take one of the two away."),
                name=name,
                other=found[name].number,
                **place,
            )
        found[name] = Line(number, checked(value, NotReady(N_("{file}, line {line}: {name}"), name=name, **place)))
    return found


def unknown(name: str, known: Iterable[str], where: object) -> BadLine:
    """What is said of a name that is none; `where` says where it stands."""
    if name == "province":
        return BadLine(
            N_(
                "{where}: the province's name is no setting. It is the unit of the kind “province” in the registry: "
                "`sipas registry list units` shows it, `sipas registry load FOLDER` corrects it."
            ),
            where=where,
        )
    if name == "home":
        return BadLine(
            N_("{where}: the home folder cannot name itself; the environment does, by SIPAS_HOME."), where=where
        )
    return BadLine(
        N_("{where}: there is no setting “{name}”; choose from {known}."),
        where=where,
        name=name,
        known=", ".join(known),
    )


def checked(value: str, name: object) -> str:
    """A value that a line of the file can hold; raises BadLine."""
    if not value:
        raise BadLine(N_("{name} has no value; give one, or take it away with `sipas config unset`."), name=name)
    if any(ord(one) < 32 or one in "\x7f\x85\u2028\u2029" for one in value):
        raise BadLine(N_("{name}: a value is one line of text."), name=name)
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        raise BadLine(N_("{name} stands in quotation marks; write the value without them."), name=name)
    return value


def put(home: Path, name: str, value: str) -> None:
    """Write a value in the place of the old one, else at the end; raises BadLine where no line could hold it."""
    value = checked(value.strip(), name)
    _change(home, name, f"{name} = {value}")


def take_away(home: Path, name: str) -> bool:
    """Take a value out of the file; False where none stood there."""
    return _change(home, name, None)


def _change(home: Path, name: str, line: str | None) -> bool:
    with _alone(private_folder(home)):
        text = read(home)
        lines = text.rstrip("\n").split("\n") if text.strip() else [_HEAD]
        places = [number for number, one in enumerate(lines) if _named(one) == name]
        if line is None and not places:
            return False
        kept = [one for number, one in enumerate(lines) if number not in places[bool(line) :]]
        if line is not None:
            kept = [*kept, line] if not places else [line if _named(one) == name else one for one in kept]
        write_whole(HomePaths(home).settings, ("\n".join(kept) + "\n").encode())
        return True


_HEAD = "# Settings of this home: `sipas config list` explains them, `sipas config set NAME VALUE` changes one."


def _named(line: str) -> str:
    return "" if line.lstrip().startswith("#") else line.partition("=")[0].strip()


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Two commands at once change the file one after the other."""
    folder = os.open(home, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def held(environ: Mapping[str, str], home: Path) -> str:
    """The text that this process goes by: the one its server started with, else the file's."""
    return environ[HELD] if HELD in environ else read(home)
