"""Whether the date may be believed: nothing is destroyed by a clock that jumped.

Each night's reading of the clock is kept (`nights.json`), with what the machine counts by itself since its start. While
it runs, that count says how long ago the last night was; after a restart nothing does, and a night is a day. A clock
that is two days or more away from what this explains, ahead or behind, is doubted for as many nights as it is away, 14
at most; then it is believed, whatever it says. It is believed at once where it comes back to what the last believed
night explains, or where the operator says that the date is right. Without a last night (the file is lost or damaged)
nothing is known, and 14 nights pass.

A night counts once a day of the calendar, and only where half a day really passed: whoever runs the upkeep five times,
or sets the clock forward five times, waits as long as before.
"""

from __future__ import annotations

import datetime as dt
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sipas import clock
from sipas.errors import N_, NotReady
from sipas.files.home_paths import HomePaths
from sipas.files.state_files import REMADE, Damaged, read_state, write_whole

NIGHTS = 14  # for which a clock is doubted at most
TOLERANCE = 1  # days that a clock may be away from what is explained: a night that fell out
HALF_A_DAY = 12 * 3600.0
DAY = 24 * 3600.0


@dataclass(frozen=True)
class ClockReading:
    """What clock and machine said at one moment."""

    moment: dt.datetime
    boot: str  # names the machine's start; "": not known
    seconds: float  # since then, asleep or awake

    @classmethod
    def now(cls) -> ClockReading:
        """This moment's."""
        try:
            boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
            return cls(clock.now(), boot, time.clock_gettime(time.CLOCK_BOOTTIME))
        except (OSError, AttributeError):  # not on Linux
            return cls(clock.now(), "", 0.0)

    @property
    def day(self) -> dt.date:
        """The date in the province."""
        return clock.local(self.moment).date()

    def elapsed(self, before: ClockReading) -> float | None:
        """Seconds since an earlier reading, by the machine's own count; None where it was started in between."""
        if not self.boot or self.boot != before.boot or self.seconds < before.seconds:
            return None
        return self.seconds - before.seconds

    def away(self, before: ClockReading, nights: int) -> int:
        """Days by which the date differs from what explains it: the time that passed since `before`, or, where nobody
        knows that, any number of days up to `nights`. Above 0: ahead."""
        passed = self.elapsed(before)
        if passed is not None:
            return round(((self.moment - before.moment).total_seconds() - passed) / DAY)
        days = (self.day - before.day).days
        return min(days, 0) or max(days - nights, 0)

    def is_another_night(self, before: ClockReading) -> bool:
        """Whether a day of the calendar lies between, and half a day as far as that is known."""
        passed = self.elapsed(before)
        return self.day > before.day and (passed is None or passed >= HALF_A_DAY)


@dataclass(frozen=True)
class Nights:
    """What is known of the clock after a night; `wait`: nights for which it is doubted still, 0 if it is believed."""

    seen: ClockReading
    believed: ClockReading | None  # the last night whose date was believed; None: not known
    passed: int = 0  # nights counted since, while the clock is doubted
    wait: int = 0

    @classmethod
    def sure(cls, now: ClockReading) -> Nights:
        """The date is right."""
        return cls(now, now)

    @property
    def is_doubted(self) -> bool:
        """Whether nothing may be destroyed by the date."""
        return self.wait > 0

    @property
    def since(self) -> dt.date | None:
        """The last date that was believed; None where none is known."""
        return self.believed.day if self.believed else None


def after(before: Nights | None, now: ClockReading) -> Nights:
    """What is known after one more look at the clock.

    >>> start = dt.datetime(2026, 9, 1, tzinfo=dt.timezone.utc)
    >>> def at(day): return ClockReading(start + dt.timedelta(days=day), "", 0.0)
    >>> known = Nights.sure(at(0))
    >>> after(known, at(1)).wait, after(known, at(4)).wait, after(known, at(730)).wait, after(None, at(0)).wait
    (0, 3, 14, 14)
    """
    if before is None:
        return Nights(now, None, wait=NIGHTS)
    away = abs(now.away(before.seen, 1))
    if not before.is_doubted:
        if away > TOLERANCE:
            return Nights(now, before.seen, wait=min(NIGHTS, away))
        return Nights.sure(now) if now.is_another_night(before.seen) else before
    if before.believed and abs(now.away(before.believed, before.passed + 1)) <= TOLERANCE:
        return Nights.sure(now)
    if away > TOLERANCE:
        return Nights(now, before.believed, before.passed, min(NIGHTS, before.wait + away))
    if not now.is_another_night(before.seen):
        return before
    if before.wait == 1:
        return Nights.sure(now)
    return Nights(now, before.believed, before.passed + 1, before.wait - 1)


def look(home: Path, now: ClockReading | None = None) -> Nights:
    """What is known of the clock now; changes nothing."""
    try:
        before = last_night(home)
    except Damaged:
        before = None
    return after(before, now or ClockReading.now())


def end_a_night(home: Path, now: ClockReading | None = None) -> Nights:
    """The same, kept for the next night."""
    known = look(home, now)
    _write(home, known)
    return known


def believe(home: Path, now: ClockReading | None = None) -> Nights:
    """Somebody who knows says that the date is right."""
    known = Nights.sure(now or ClockReading.now())
    _write(home, known)
    return known


def refuse_doubted(home: Path) -> None:
    """Raises NotReady where the clock is doubted: for whatever writes a date that a destruction is counted from."""
    if look(home).is_doubted:
        raise NotReady(
            N_(
                "The clock says {day}, and that is doubted; what is destroyed later is counted from this date. Set the "
                "clock, or, if the date is right, say `sipas maintain --date-is-right`; see `sipas doctor`."
            ),
            day=clock.today(),
        )


def last_night(home: Path) -> Nights | None:
    """What the last night kept; None where there was none, raises Damaged where it cannot be read."""
    return read_state(HomePaths(home).nights, _nights, REMADE)


def _write(home: Path, known: Nights) -> None:
    words = asdict(known)
    for name in ("seen", "believed"):
        if words[name]:
            words[name]["moment"] = words[name]["moment"].isoformat()
    write_whole(HomePaths(home).nights, json.dumps(words).encode())


def _nights(data: bytes) -> Nights:
    words = json.loads(data)
    believed = _reading(words["believed"]) if words["believed"] else None
    known = Nights(_reading(words["seen"]), believed, int(words["passed"]), int(words["wait"]))
    if not (0 <= known.wait <= NIGHTS and known.passed >= 0 and (believed or known.wait)):
        raise ValueError
    return known


def _reading(words: dict[str, Any]) -> ClockReading:
    moment = dt.datetime.fromisoformat(words["moment"])
    if moment.tzinfo is None:
        raise ValueError
    return ClockReading(moment, str(words["boot"]), float(words["seconds"]))
