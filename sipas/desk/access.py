"""The desk's one password of before accounts: it opens the page that makes the first administrator, and nothing else.

Its scrypt hash is a file in the folder of keys; that page takes it away.
"""

from __future__ import annotations

import re
from pathlib import Path

from werkzeug.security import check_password_hash

from sipas.errors import N_
from sipas.files.home_paths import HomePaths
from sipas.files.state_files import read_state

DAMAGED = N_(
    "keys/{file} in SIPAS_HOME is damaged. It opened the desk before there were accounts; make the first administrator "
    "with `sipas user add`."
)


def former_hash(home: Path) -> str | None:
    """The password's hash, None where none was set or an administrator was made since; raises Damaged."""
    return read_state(HomePaths(home).desk_password, _hash, DAMAGED)


def is_former(stored: str, password: str) -> bool:
    """Whether this is the password behind that hash."""
    return check_password_hash(stored, password)


def forget(home: Path) -> None:
    """It opens nothing any more."""
    for left in (HomePaths(home).desk_password, HomePaths(home).ended_sessions):
        left.unlink(missing_ok=True)


def _hash(data: bytes) -> str:
    method, salt, digest = data.decode().split("$")
    if not method.startswith("scrypt:") or not salt or not re.fullmatch("[0-9a-f]{128}", digest):
        raise ValueError
    return data.decode()
