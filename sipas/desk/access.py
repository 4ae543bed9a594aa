"""Who may enter the desk: whoever knows its one password. Accounts come later; the pages only read.

The password's scrypt hash is a file in the folder of keys. How often it may be tried is for `attempts.py` to say. Who
signs out ends the session itself: its hash joins a file of those that are over, so a copied cookie opens nothing.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
import time
from pathlib import Path
from typing import TextIO

from werkzeug.security import generate_password_hash

from sipas.errors import N_, NotReady, SipasError

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
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_suffix(".new")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(generate_password_hash(password, method=CHEAP if is_generated else "scrypt"))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    path.with_name("desk.attempts").unlink(missing_ok=True)  # of November 2026


def is_generated(stored: str) -> bool:
    """Whether this is the hash of a password that was generated: nobody finds one by trying, however often."""
    return stored.startswith(f"{CHEAP}$")


def stored_hash(home: Path) -> str:
    """The password's hash; raises NotReady where none was set."""
    try:
        return _path(home).read_text()
    except FileNotFoundError:
        raise NotReady(N_("The desk has no password yet. Set one with `sipas desk password`.")) from None


def mark(home: Path) -> str:
    """What a session carries: changes with the password and tells nothing about it."""
    return hashlib.sha256(stored_hash(home).encode()).hexdigest()[:32]


def new_session() -> str:
    """What tells one session from another; it names nobody."""
    return secrets.token_hex(16)


def end_session(home: Path, session: str, lasts: float, now: float | None = None) -> None:
    """From now on the session is over, wherever a copy of its cookie lies. Sessions older than `lasts` seconds are
    over by themselves, and forgotten here."""
    now = time.time() if now is None else now
    with _ended_path(home).open("a+") as file:
        os.fchmod(file.fileno(), 0o600)
        fcntl.flock(file, fcntl.LOCK_EX)
        ended = {name: moment for name, moment in _ended(file).items() if now - lasts < moment}
        file.seek(0)
        file.truncate()
        json.dump({**ended, _hashed(session): now}, file)


def has_ended(home: Path, session: str) -> bool:
    """Whether somebody signed out of this session."""
    try:
        with _ended_path(home).open() as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            return _hashed(session) in _ended(file)
    except FileNotFoundError:
        return False


def _ended(file: TextIO) -> dict[str, float]:
    file.seek(0)
    return json.loads(file.read() or "{}")


def _hashed(session: str) -> str:
    return hashlib.sha256(session.encode()).hexdigest()


def _ended_path(home: Path) -> Path:
    return home / "keys" / "desk.ended"


def _path(home: Path) -> Path:
    return home / "keys" / "desk.password"
