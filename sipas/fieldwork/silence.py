"""The silence alarm: from which points nothing comes, although by their own pattern something should have.

The nightly upkeep looks, once; desk, doctor and monitor read what it found. Rows hold a month and no day, and nothing
by day or week is kept of a point but one date: the last day on which its number of answers had grown. It stands in the
file `heard.json`, is overwritten in place, and is kept only where the point has at least `FEW` answers in that day's
month; before that the month's own number says whether it is silent. Counts come from the first door.

Many answers do not name their point (`sipas.fieldwork.small_cells.points`). A point that none can name has no pattern,
and waves of before that rule give none for those after it.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from sipas import clock
from sipas.fieldwork.models import Point, Wave, WavePoint
from sipas.fieldwork.pattern import FEW, is_silent, months_before, rate, working_days
from sipas.fieldwork.points import is_working
from sipas.fieldwork.small_cells.points import told_points
from sipas.fieldwork.waves import asks
from sipas.files.home_paths import HomePaths
from sipas.files.state_files import REMADE, Damaged, read_state, write_over

MORNING, EVENING = 6, 18  # hours: what is found before the morning came the day before; a day is over in the evening
LISTENED = ("kiosk", "phone", "web")  # paper, telephone and interviews come in heaps, whenever somebody asks

Counts = Mapping[tuple[int, int, int], int]  # wave, point, month (0: unknown) -> answers


@dataclass(frozen=True)
class Silent:
    """A point from which nothing, or next to nothing, comes."""

    point: str
    rate: float  # answers per working day, by its own pattern
    days: int  # working days for which it has been silent, or has sent so few
    since: dt.date | None  # last day on which an answer is known to have come; None: that is not kept
    answers: int  # in those days; above 0 only where `since` is not kept


@dataclass(frozen=True)
class Watch:
    """What the last look found: the day up to which it saw, the silent points, and how many have a pattern at all."""

    until: dt.date
    silent: tuple[Silent, ...]
    watched: int

    @property
    def is_general(self) -> bool:
        """Whether so many are silent at once that points are hardly to blame."""
        return len(self.silent) > 2 and 2 * len(self.silent) > self.watched

    def of(self, point: str) -> Silent | None:
        """What is said of one point; None where nothing is amiss."""
        return next((one for one in self.silent if one.point == point), None)


@dataclass(frozen=True)
class _Books:
    """What the file holds: of each point its wave, its answers and the last day of growth; and what was found."""

    points: dict[str, list[Any]]
    watch: Watch


def look_for_silence(
    session: Session, home: Path, counts: Counts, now: dt.datetime, closed: Collection[dt.date] = ()
) -> Watch:
    """Looks at every point where a survey is open, and writes down what it found."""
    moment = clock.local(now)
    today = moment.date()
    heard_on = today if moment.hour >= MORNING else today - dt.timedelta(days=1)
    until = today if moment.hour >= EVENING else today - dt.timedelta(days=1)
    known, rules = _points(home), {wave.id: wave.points_kept for wave in session.scalars(select(Wave))}
    months = _months(counts, rules)
    books: dict[str, list[Any]] = {}
    silent, watched = [], 0
    for place, wave, spans in _asking(session, today):
        per_day = rate(
            (months[wave.points_kept, place.id, month], len(_open_in(spans, month, closed)))
            for month in months_before(heard_on)
        )
        if per_day is None:
            continue  # without a pattern nothing is kept
        watched += 1
        total = sum(n for (of_wave, at, _month), n in counts.items() if (of_wave, at) == (wave.id, place.id))
        this_month = months[wave.points_kept, place.id, heard_on.year * 100 + heard_on.month]
        heard = _heard(known.get(place.code), wave.code, total, this_month, heard_on)
        books[place.code] = [wave.code, total, heard and heard.isoformat()]
        opened = max(start for start, _end in spans)
        if heard:
            first, few = max(heard + dt.timedelta(days=1), opened), 0
        else:
            first, few = max(heard_on.replace(day=1), opened), this_month
        days = len(working_days(first, until, closed))
        if is_silent(per_day, days, few):
            silent.append(Silent(place.code, round(per_day, 1), days, heard, few))
    found = Watch(until, tuple(silent), watched)
    _write(home, {"points": books, "until": until.isoformat(), "watched": watched, "silent": _plain(silent)})
    return found


def last_look(home: Path) -> Watch | None:
    """What the last look found; None where nobody has looked yet, or what was found is damaged."""
    try:
        return found_at_last(home)
    except Damaged:
        return None


def found_at_last(home: Path) -> Watch | None:
    """The same; raises Damaged."""
    books = read_state(HomePaths(home).heard, _books, REMADE)
    return books.watch if books else None


def _heard(before: Any, wave: str, total: int, this_month: int, today: dt.date) -> dt.date | None:
    """The day to keep: today's where the number has grown and the month has answers enough to hide it among.

    >>> day, earlier = dt.date(2026, 9, 16), ["w", 40, "2026-09-15"]
    >>> _heard(earlier, "w", 41, 30, day) == day, _heard(earlier, "w", 40, 30, day) == day - dt.timedelta(days=1)
    (True, True)
    >>> _heard(["w", 40, "2026-08-31"], "w", 42, 2, day), _heard(["w", 41, None], "w", 42, 2, day)
    (None, None)
    """
    known_wave, known_total, known_day = before or ["", -1, None]
    if total > (known_total if known_wave == wave else 0) or before is None:
        return today if this_month >= FEW else None
    return _day(known_day)


def _day(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


def _months(counts: Counts, rules: Mapping[int, str]) -> dict[tuple[str, int, int], int]:
    """Point and month -> answers of all waves of one rule."""
    found: dict[tuple[str, int, int], int] = defaultdict(int)
    for (wave, place, month), answers in counts.items():
        found[rules[wave], place, month] += answers
    return found


def _asking(session: Session, today: dt.date) -> list[tuple[Point, Wave, list[tuple[dt.date, dt.date]]]]:
    """Every listened-to point that asks today and that answers may name, with its wave and all spans in which it ever
    asked by the same rule."""
    rows = session.execute(
        select(Point, Wave)
        .join_from(Point, WavePoint, WavePoint.point_id == Point.id)
        .join(Wave, Wave.id == WavePoint.wave_id)
        .where(Point.channel.in_(LISTENED), Wave.simulated.is_(False))
        .order_by(Point.id, Wave.id)
    ).all()
    spans: dict[tuple[str, int], list[tuple[dt.date, dt.date]]] = defaultdict(list)
    for place, wave in rows:
        first = max(wave.opens_on, place.opened_on or wave.opens_on)
        last = min(wave.closes_on or today, place.closed_on or today, today)
        spans[wave.points_kept, place.id].append((first, last))
    asking = [(place, wave) for place, wave in rows if asks(wave, today) and is_working(place, today)]
    told = {wave.id: told_points(session, wave) for _, wave in asking}
    return [
        (place, wave, spans[wave.points_kept, place.id])
        for place, wave in asking
        if (named := told[wave.id]) is None or place.id in named
    ]


def _open_in(spans: Collection[tuple[dt.date, dt.date]], month: int, closed: Collection[dt.date]) -> set[dt.date]:
    """The working days of a month on which the point asked."""
    first = dt.date(month // 100, month % 100, 1)
    last = (first + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1)
    return {day for start, end in spans for day in working_days(max(first, start), min(last, end), closed)}


def _plain(silent: Collection[Silent]) -> list[dict[str, object]]:
    return [asdict(one) | {"since": one.since and one.since.isoformat()} for one in silent]


def _points(home: Path) -> dict[str, list[Any]]:
    """What was known of each point; a torn file is as good as none."""
    try:
        books = read_state(HomePaths(home).heard, _books, REMADE)
    except Damaged:
        return {}
    return books.points if books else {}


def _books(data: bytes) -> _Books:
    said = json.loads(data)
    points = {str(point): [str(wave), int(total), day] for point, (wave, total, day) in said["points"].items()}
    for _wave, _total, day in points.values():
        _day(day)
    silent = tuple(Silent(**{**one, "since": _day(one["since"])}) for one in said["silent"])
    return _Books(points, Watch(dt.date.fromisoformat(said["until"]), silent, int(said["watched"])))


def _write(home: Path, said: Mapping[str, object]) -> None:
    """In place: a new file beside the old one would leave the old dates on the disk."""
    write_over(HomePaths(home).heard, json.dumps(said).encode())
