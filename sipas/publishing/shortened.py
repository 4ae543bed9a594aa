"""A shorter retention is no reason to drop anything tonight: it was promised longer, and may be a slip of the hand.

The night keeps the days that hold (`retention.json`). Where the retention becomes less, that holds ten days after the
first night that saw it, and is named until then; more holds at once.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path

from sipas.expiry.gate import Gate
from sipas.files.home_paths import HomePaths
from sipas.files.state_files import REMADE, Damaged, read_state, write_whole
from sipas.publishing.endings import AHEAD


@dataclass(frozen=True)
class Retention:
    """The days that hold; `shorter` will from the day `begins` on, where it was asked for."""

    days: int
    shorter: int | None = None
    begins: dt.date | None = None

    def after(self, asked: int, today: dt.date) -> Retention:
        """What holds on a day on which the settings ask for so many days.

        >>> day, kept = dt.date(2026, 9, 1), Retention(365)
        >>> kept.after(400, day).days, kept.after(36, day).days, kept.after(36, day).begins
        (400, 365, datetime.date(2026, 9, 11))
        >>> kept.after(36, day).after(36, dt.date(2026, 9, 11)).days
        36
        """
        if asked >= self.days:
            return Retention(asked)
        if self.shorter is not None and self.begins is not None and asked >= self.shorter:
            return Retention(asked) if today >= self.begins else Retention(self.days, asked, self.begins)
        return Retention(self.days, asked, today + dt.timedelta(days=AHEAD))


def look(home: Path, asked: int, today: dt.date) -> Retention:
    """What holds today; changes nothing."""
    known = _known(home)
    return known.after(asked, today) if known else Retention(asked)


def keep(home: Path, asked: int, gate: Gate) -> Retention:
    """The same tonight, kept for the next night; nothing is counted from a date that is doubted."""
    held = look(home, asked, gate.day)
    if gate.doubted and _known(home):
        return held
    words = {"days": held.days, "shorter": held.shorter, "begins": held.begins and held.begins.isoformat()}
    write_whole(HomePaths(home).retention, json.dumps(words).encode())
    return held


def _known(home: Path) -> Retention | None:
    """What the last night kept; a damaged file is as good as none."""
    try:
        return last_night(home)
    except Damaged:
        return None


def last_night(home: Path) -> Retention | None:
    """What the last night kept; None where there was none, raises Damaged."""
    return read_state(HomePaths(home).retention, _retention, REMADE)


def _retention(data: bytes) -> Retention:
    words = json.loads(data)
    begins = words["begins"] and dt.date.fromisoformat(words["begins"])
    shorter = None if words["shorter"] is None else int(words["shorter"])
    return Retention(int(words["days"]), shorter, begins)
