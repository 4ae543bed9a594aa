"""What an operator can meet, in a sentence with its way out: no room, no right, a disk that fails or is read-only."""

from __future__ import annotations

import errno
import getpass
import os
from pathlib import Path

from sipas.files.disk_space import is_full, is_out_of_room
from sipas.files.home_paths import HomePaths
from sipas.i18n import _


def told(error: Exception) -> str | None:
    """The sentence; None for an error of another kind."""
    home, found = _home(), getattr(error, "orig", None) or error
    kind = getattr(found, "sqlite_errorname", "")
    if is_out_of_room(error, home) if home else is_full(error):
        return _(
            "The disk is full, so the command was not finished, and a file that it was writing may be incomplete. Make "
            "room (SIPAS_HOME/reserve may be deleted), then run the same command again."
        )
    if isinstance(error, OSError):
        return _of_the_system(error, home)
    if kind.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")) and home:
        return _no_right(HomePaths(home).sqlite, home)
    if kind.startswith("SQLITE_IOERR"):
        return _failing(home)
    if getattr(found, "sqlstate", "") == "42501":
        return _(
            "PostgreSQL gives the role that the setting database_url names no right to do this: {reason}. See "
            "`sipas manual operator`, “What the disk remembers”, for the rights it needs.",
            reason=str(found).splitlines()[0],
        )
    return None


def _of_the_system(error: OSError, home: Path | None) -> str | None:
    if error.errno in (errno.EACCES, errno.EPERM):
        return _no_right(Path(os.fsdecode(error.filename or "?")), home)
    if error.errno == errno.EROFS:
        return _(
            "{file}: this file system takes nothing, it is read-only. After a fault of the disk Linux does that by "
            "itself; look at `dmesg`, mend the disk, and mount it anew.",
            file=error.filename or "?",
        )
    return _failing(home) if error.errno == errno.EIO else None


def _no_right(file: Path, home: Path | None) -> str:
    owner = _owner(home)
    words = _("{file}: this user ({user}) has no right to it.", file=file, user=getpass.getuser())
    if owner and owner != getpass.getuser():
        words += " " + _(
            "SIPAS_HOME belongs to {owner}; type the command as that user: runuser -u {owner} -- sipas …", owner=owner
        )
    else:
        words += " " + _("See whose it is: ls -ld {file}", file=file)
    return words


def _failing(home: Path | None) -> str:
    return _(
        "The disk under {home} reports a fault. Look at `dmesg`; copy what can be read to another disk, and restore "
        "the newest backup there.",
        home=home or "SIPAS_HOME",
    )


def _home() -> Path:
    """The home, also where its settings cannot be read."""
    from sipas.config.sources import home_of

    found: Path = home_of().value
    return found


def _owner(home: Path | None) -> str:
    while home and not os.path.exists(home) and home != home.parent:
        home = home.parent
    try:
        return home.owner() if home else ""
    except (KeyError, OSError):
        return ""
