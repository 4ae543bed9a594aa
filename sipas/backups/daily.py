"""The backups that `sipas backup` makes each day, told from others by their names."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

from sipas.backups import BESIDE, SUMS
from sipas.files.overwriting import discard

DAILY = re.compile(r"\d{4}-\d\d-\d\d(-\d+)?\.(sqlite|pgcopy)")
ANY = re.compile(r".*\.(sqlite|pgcopy)")


def last_backup_made(folder: Path) -> dt.datetime | None:
    """When the newest whole backup was made, of whatever name; None where there is none."""
    made = [
        path.stat().st_mtime
        for path in (folder.iterdir() if folder.is_dir() else ())
        if ANY.fullmatch(path.name) and path.with_name(path.name + SUMS).is_file()
    ]
    return dt.datetime.fromtimestamp(max(made), dt.timezone.utc) if made else None


def discard_earlier(than: Path) -> list[Path]:
    """Overwrite and delete every daily backup but this one, which is whole and on the disk; gives what went."""
    gone = sorted(path for path in than.parent.iterdir() if DAILY.fullmatch(path.name) and path != than)
    for path in gone:
        discard(path)
        for ending in (SUMS, *BESIDE):
            path.with_name(path.name + ending).unlink(missing_ok=True)
    return gone
