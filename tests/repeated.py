"""What many tests do to an installation before they begin, computed once in a process and copied to the others.

The same words over the same contents give the same contents. So the key of a copy is all that lies there, byte by byte,
and the words: nobody has to say what a deed depends on beyond that. PostgreSQL is never copied.
"""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from sipas.config.settings import Settings
from sipas.storage.database import Database

T = TypeVar("T")
_databases: dict[bytes, sqlite3.Connection] = {}
_homes: dict[bytes, tuple[tempfile.TemporaryDirectory, object]] = {}


def once(database: Database, deed: Callable[[], object], *words: object) -> None:
    """Do the deed that `words` name in full, or where it was done to the same contents, take over what came of it.

    The deed changes the database and nothing beside it.
    """
    if database.file is None or not database.file.is_file():
        deed()
        return
    key = _key(_contents(database), (deed.__qualname__, words))
    if key in _databases:
        with database.queue(), database.driver() as connection:
            _databases[key].backup(connection)
        return
    deed()
    _databases[key] = _in_memory(_contents(database))


def home_once(database: Database, settings: Settings, deed: Callable[[], T]) -> T:
    """The same for a deed that changes the home too: keys, snapshots, releases. Random keys are then the same ones.

    What it gives back must not tell where the home lies, and belong to no session.
    """
    assert database.file is not None
    assert database.file.parent == settings.home
    database.engine.dispose()  # the last connection brings its log into the file
    files = sorted(path for path in settings.home.rglob("*") if path.is_file())
    known = [(str(path.relative_to(settings.home)), path.read_bytes()) for path in files if path != database.file]
    key = _key(database.file.read_bytes(), (deed.__module__, deed.__qualname__, known))
    if key in _homes:
        shutil.rmtree(settings.home)
        shutil.copytree(_homes[key][0].name, settings.home)
        return _homes[key][1]  # type: ignore[return-value]
    given = deed()
    database.engine.dispose()
    folder = tempfile.TemporaryDirectory(prefix="sipas-home-")
    shutil.copytree(settings.home, Path(folder.name), dirs_exist_ok=True)
    _homes[key] = folder, given
    return given


def _contents(database: Database) -> bytes:
    with database.driver() as connection:
        return connection.serialize()


def _key(contents: bytes, words: object) -> bytes:
    """Of the header's 100 bytes three numbers count the commits; they tell nothing of what the tables hold."""
    told = contents[:24] + contents[28:40] + contents[44:92] + contents[96:]
    return hashlib.blake2b(told + repr(words).encode()).digest()


def _in_memory(contents: bytes) -> sqlite3.Connection:
    """A database in memory has no write-ahead log, so its header must not promise one (bytes 18 and 19)."""
    made = sqlite3.connect(":memory:", check_same_thread=False)
    made.deserialize(contents[:18] + b"\x01\x01" + contents[20:])
    return made
