"""Who may enter the desk: whoever knows its one password. Accounts come later; the pages only read.

The password's scrypt hash is a file in the folder of keys. How often it may be tried is for `attempts.py` to say. Who
signs out ends the session itself: its hash joins a file of those that are over, so a copied cookie opens nothing.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import secrets
import time
from pathlib import Path

from werkzeug.security import generate_password_hash

from sipas.errors import N_, NotReady, SipasError
from sipas.files.home_paths import HomePaths
from sipas.files.state_files import private_folder, read_state, write_whole

SHORTEST = 10
CHEAP = "scrypt:1024:8:1"  # of a generated password: its 78 bits protect it, also where the hash was stolen


class WeakPassword(SipasError):
    """A password that could be guessed."""


def set_password(home: Path, password: str, is_generated: bool = False) -> None:
    """Stores the password's hash; every session made with an earlier one ends. Raises WeakPassword.

    A chosen password is hashed at a price (60 ms, 32 MB); for one of 78 random bits that would only help a flood of
    wrong ones to keep the right one waiting.
    """
    if len(password) < SHORTEST:
        raise WeakPassword(N_("The desk's password needs at least {shortest} characters."), shortest=SHORTEST)
    path = _path(home)
    write_whole(path, generate_password_hash(password, method=CHEAP if is_generated else "scrypt").encode())
    # sessions made with an earlier password are over without a list; attempts are those of November 2026
    for left in (path.with_name("desk.attempts"), HomePaths(home).ended_sessions):
        left.unlink(missing_ok=True)


def is_generated(stored: str) -> bool:
    """Whether this is the hash of a password that was generated: nobody finds one by trying, however often."""
    return stored.startswith(f"{CHEAP}$")


def stored_hash(home: Path) -> str:
    """The password's hash; raises NotReady where none was set, Damaged where the file holds none."""
    found = known_hash(home)
    if found is None:
        raise NotReady(N_("The desk has no password yet. Set one with `sipas desk password`."))
    return found


def mark(home: Path) -> str:
    """What a session carries: changes with the password and tells nothing about it."""
    return hashlib.sha256(stored_hash(home).encode()).hexdigest()[:32]


def new_session() -> str:
    """What tells one session from another; it names nobody."""
    return secrets.token_hex(16)


def end_session(home: Path, session: str, lasts: float, now: float | None = None) -> None:
    """From now on the session is over, wherever a copy of its cookie lies. Sessions older than `lasts` seconds are
    over by themselves, and forgotten here."""
    now, path = time.time() if now is None else now, HomePaths(home).ended_sessions
    folder = os.open(private_folder(path.parent), os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)  # of the folder: the file itself is another one after each writing
        ended = {name: moment for name, moment in ended_sessions(home).items() if now - lasts < moment}
        write_whole(path, json.dumps({**ended, _hashed(session): now}).encode())
    finally:
        os.close(folder)


def has_ended(home: Path, session: str) -> bool:
    """Whether somebody signed out of this session."""
    return _hashed(session) in ended_sessions(home)


def ended_sessions(home: Path) -> dict[str, float]:
    """Hash of a session -> when somebody signed out of it; raises Damaged where that can no longer be known."""
    damaged = N_(
        "keys/{file} in SIPAS_HOME is damaged: nobody knows which sessions at the desk are over. Set the password "
        "again with `sipas desk password`, which ends all of them."
    )
    return read_state(HomePaths(home).ended_sessions, _ended, damaged) or {}


def _ended(data: bytes) -> dict[str, float]:
    return {str(name): float(moment) for name, moment in json.loads(data).items()}


def _hashed(session: str) -> str:
    return hashlib.sha256(session.encode()).hexdigest()


def known_hash(home: Path) -> str | None:
    """The password's hash, None where none was set; raises Damaged."""
    damaged = N_("keys/{file} in SIPAS_HOME is damaged. Set the desk's password again with `sipas desk password`.")
    return read_state(_path(home), _hash, damaged)


def _hash(data: bytes) -> str:
    method, salt, digest = data.decode().split("$")
    if not method.startswith("scrypt:") or not salt or not re.fullmatch("[0-9a-f]{128}", digest):
        raise ValueError
    return data.decode()


def _path(home: Path) -> Path:
    return HomePaths(home).desk_password
