"""Who may read what lies in SIPAS_HOME: its owner alone. Found, mended, and for keys insisted on."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from sipas.errors import N_, NotReady
from sipas.files.home_paths import HomePaths

OTHERS = 0o077  # what group and others may do
SECRET = (".key", ".secret", ".password")  # endings of what lets somebody read, sign or enter


def too_open(home: Path) -> list[Path]:
    """Every folder and file of the home that group or others may read, write or enter; links are not followed."""
    return [path for path in (home, *_below(home)) if _mode(path) & OTHERS]


def mend(home: Path) -> tuple[int, list[Path]]:
    """Takes those rights away; gives of how many that came true, and those that stay as they are."""
    found = too_open(home)
    for path in found:
        try:
            path.chmod(_mode(path) & 0o700)
        except OSError:  # another user's file
            continue
    left = [path for path in found if _mode(path) & OTHERS]
    return len(found) - len(left), left


def open_secrets(home: Path) -> list[Path]:
    """The keys, secrets and password files, and the settings (some hold a password), that group or others may read."""
    folder = HomePaths(home).keys
    listed = [path for path in sorted(folder.iterdir()) if path.suffix in SECRET] if folder.is_dir() else []
    return [path for path in (*listed, HomePaths(home).settings) if _mode(path) & OTHERS]


def refuse_open_secrets(home: Path) -> None:
    """Raises NotReady, saying what to type, where a key could be read by others."""
    if found := open_secrets(home):
        raise NotReady(
            N_(
                "{file} in SIPAS_HOME can be read by other users of this machine ({count} such files). Run "
                "`sipas doctor --mend-permissions`, then start again."
            ),
            file=found[0].relative_to(home),
            count=len(found),
        )


def refuse_open_certificate_key(key: Path) -> None:
    """Raises NotReady where everybody may read the key of the certificate; a group may, as Debian's `ssl-cert` does."""
    if _mode(key) & 0o007:
        raise NotReady(
            N_("{file} can be read by every user of this machine. Run: chmod o= {path}"), file=key.name, path=key
        )


def _below(home: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(home):
        yield from (Path(folder, name) for name in sorted((*folders, *files)))


def _mode(path: Path) -> int:
    """The rights of a path; none of a link, whose target lies elsewhere, or of what went away meanwhile."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return 0
    return 0 if stat.S_ISLNK(mode) else stat.S_IMODE(mode)
