"""What became of the nights: when the last good one was, and what failed since.

The file `upkeep.json` has one length for ever and is written over in place, so that a night that fails for want of room
can be written down all the same. Whether the upkeep process lives is told by a lock that it holds.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sipas import clock
from sipas.files.home_paths import HomePaths
from sipas.files.state_files import REMADE, Damaged, private_folder, read_state, write_over

SIZE = 4096  # bytes
LATE = dt.timedelta(hours=36)  # after the last good night
UNFINISHED = "unfinished"  # the deed that stands for a night which was begun and not ended


@dataclass(frozen=True)
class NightRecord:
    """`since`: from when on nights are expected; `failed`: deed -> what went wrong at the last try; none: good."""

    since: dt.datetime
    good: dt.datetime | None = None
    tried: dt.datetime | None = None
    failed: Mapping[str, str] | None = None

    def is_late(self, now: dt.datetime) -> bool:
        """Whether a good night is missing."""
        return now - (self.good or self.since) > LATE


def last_record(home: Path) -> NightRecord | None:
    """What is known; None where no night was ever expected, or what was written is damaged."""
    try:
        return found_record(home)
    except Damaged:
        return None


def found_record(home: Path) -> NightRecord | None:
    """The same; raises Damaged."""
    return read_state(HomePaths(home).upkeep, _record, REMADE)


def expect(home: Path, now: dt.datetime | None = None) -> NightRecord:
    """From now on nights are expected here, if they were not before."""
    known = last_record(home)
    if known is None:
        known = NightRecord(now or clock.now())
        _write(home, known)
    return known


def begin(home: Path, now: dt.datetime | None = None) -> None:
    """A night begins; until it is ended it counts as one that failed."""
    now = now or clock.now()
    _write(home, replace(expect(home, now), tried=now, failed={UNFINISHED: ""}))


def end(home: Path, failed: Mapping[str, str], now: dt.datetime | None = None) -> None:
    """A night is over; good where nothing failed."""
    now = now or clock.now()
    known = expect(home, now)
    _write(home, replace(known, good=known.good if failed else now, tried=now, failed=dict(failed)))


@contextmanager
def alive(home: Path) -> Iterator[None]:
    """Whoever sees to the nights is known to live within this block."""
    file = _opened(home)
    try:
        fcntl.flock(file, fcntl.LOCK_SH)
        yield
    finally:
        os.close(file)


def is_alive(home: Path) -> bool:
    """Whether anybody sees to the nights."""
    file = _opened(home)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False


def _opened(home: Path) -> int:
    path = HomePaths(home).upkeep_lock
    private_folder(path.parent)
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)


def _write(home: Path, record: NightRecord) -> None:
    moments = {name: moment and moment.isoformat() for name, moment in _moments(record).items()}
    said = json.dumps({**moments, "failed": record.failed or {}})
    write_over(HomePaths(home).upkeep, said.encode().ljust(SIZE))


def _moments(record: NightRecord) -> dict[str, dt.datetime | None]:
    return {"since": record.since, "good": record.good, "tried": record.tried}


def _record(data: bytes) -> NightRecord:
    said = json.loads(data)
    since = _moment(said["since"])
    if since is None:
        raise ValueError
    failed = {str(deed): str(reason) for deed, reason in said["failed"].items()}
    return NightRecord(since, _moment(said["good"]), _moment(said["tried"]), failed)


def _moment(text: Any) -> dt.datetime | None:
    moment = dt.datetime.fromisoformat(text) if text else None
    if moment and moment.tzinfo is None:
        raise ValueError
    return moment
