"""What hundreds of tests do to a database before they begin, computed once and copied to the others.

The same words over the same contents give the same contents: so the key of a copy is the whole database, byte by byte,
and the words; nobody has to say what a deed depends on beyond that. PostgreSQL is never copied.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable

from sipas.database import Database

_copies: dict[bytes, sqlite3.Connection] = {}


def once(database: Database, deed: Callable[[], object], *words: object) -> None:
    """Do the deed that `words` name in full, or where it was done to the same contents, take over what came of it."""
    if database.file is None or not database.file.is_file():
        deed()
        return
    key = _key(_contents(database), (deed.__qualname__, words))
    if key in _copies:
        with database.queue(), database.driver() as connection:
            _copies[key].backup(connection)
        return
    deed()
    _copies[key] = _in_memory(_contents(database))


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
