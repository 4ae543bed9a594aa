"""Whether lines without an id were brought in before, under other bytes: a file that Excel saved again, or one that
holds the weeks of an earlier one too.

Identity is not the bytes: what a line leaves of a person is compared with what rows of the same channel hold. Where a
point and week has at least `LEAST` lines of which `SHARE` are matched one to one, the file is doubted.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from sipas import clock
from sipas.errors import N_, ManyErrors, SipasError
from sipas.intake.models import Response, row_type

LEAST = 5  # lines of a point and week
SHARE = (4, 5)  # of them are matched
SHOWN = 8
AT_ONCE = 50_000  # rows that are compared at a time
SAID = tuple(column.key for column in Response.__table__.columns if column.key not in ("key", "wave"))

DOUBTED = N_(
    "{file}: in the points and weeks below, {alike} of {lines} lines say what answers of the same channel say that are "
    "stored already; so the file seems to hold what was brought in before: saved again, or with earlier weeks in it. "
    "It was not brought in. Take out the lines that are stored. If they are other people's, repeat with --other-people."
)
PLACE = N_("{point}, {first} to {last}: {alike} of {lines} lines")


@dataclass(frozen=True)
class Doubt:
    """A point's week in which nearly all lines are like rows that are stored."""

    point: str
    first: dt.date
    last: dt.date
    lines: int
    alike: int


class DoubtedFile(ManyErrors):
    """A file that seems to have been brought in before, under other bytes."""

    def __init__(self, file: str, doubts: Sequence[Doubt]) -> None:
        lines, alike = (sum(getattr(one, name) for one in doubts) for name in ("lines", "alike"))
        told = [
            SipasError(PLACE, point=one.point, first=one.first, last=one.last, lines=one.lines, alike=one.alike)
            for one in doubts[:SHOWN]
        ]
        if len(doubts) > SHOWN:
            told.append(SipasError(N_("... and {more} more"), more=len(doubts) - SHOWN))
        super().__init__(SipasError(DOUBTED, file=file, lines=lines, alike=alike), told)


class Likeness:
    """Gathers what the lines of a file say, and compares it with the rows of its wave.

    Of each line 24 bytes are kept: a hash of what it says, the start of its key, its point and week.
    """

    def __init__(self, items: int) -> None:
        self._type = row_type(items)
        width = sum(self._type[name].itemsize for name in SAID)
        draw = np.random.default_rng()  # nobody can make two rows of one hash without knowing it
        self._factors = draw.integers(1, 2**64, width, np.uint64, endpoint=False) | np.uint64(1)
        self._kept: list[tuple[NDArray[np.uint64], NDArray[np.uint64], NDArray[np.int64], NDArray[np.bool_]]] = []
        self._channels: set[int] = set()

    def add(
        self, rows: NDArray[np.void], point: NDArray[np.int64], day: NDArray[np.int64], numbered: NDArray[np.bool_]
    ) -> None:
        """Take rows of `anonymise_many`, the point (as a number of the file's) and day (since 1970) of each, and
        whether it has an id, by which it counts once anyhow."""
        self._kept.append((self._hashes(rows), starts(rows["key"]), _weeks(point, day), numbered))
        self._channels |= set(np.unique(rows["channel"]).tolist())

    def compare(self, session: Session, wave: int, points: Sequence[str]) -> tuple[int, list[Doubt]]:
        """How many lines are stored under their own key, and the doubts, by point and week; `points` are the codes of
        the numbers that `add` was given."""
        return self.compare_with(self._rows(session, wave), points)

    def compare_with(self, parts: Iterable[NDArray[np.void]], points: Sequence[str]) -> tuple[int, list[Doubt]]:
        """The same against rows that come some at a time."""
        if not self._kept:
            return 0, []
        said, keys, weeks, numbered = (np.concatenate(column) for column in zip(*self._kept, strict=True))
        stored, there = set[int](), Counter[int]()
        ours, wanted = np.sort(keys), np.unique(said)
        for rows in parts:
            own = starts(rows["key"])
            is_own = _among(own, ours)
            stored.update(own[is_own].tolist())
            like = self._hashes(rows)[~is_own]
            there.update(like[_among(like, wanted)].tolist())
        known = np.isin(keys, np.fromiter(stored, np.uint64, len(stored)))
        judged = ~known & ~numbered
        return int(known.sum()), list(_doubts(said[judged], weeks[judged], there, points))

    def _rows(self, session: Session, wave: int) -> Iterator[NDArray[np.void]]:
        """The wave's rows of the file's channels, some at a time; 0 is that of rows that do not say theirs."""
        columns = [getattr(Response, name) for name in self._type.names or ()]
        query = select(*columns).where(Response.wave == wave, Response.channel.in_(sorted(self._channels)))
        found = session.execute(query.execution_options(yield_per=AT_ONCE))
        for part in found.partitions():
            yield np.array([tuple(row) for row in part], self._type)

    def _hashes(self, rows: NDArray[np.void]) -> NDArray[np.uint64]:
        """Of each row's bytes but its key: a sum of them by odd factors that this process drew, modulo 2**64."""
        made, place = np.zeros(len(rows), np.uint64), 0
        for name in SAID:
            wide = np.ascontiguousarray(rows[name]).view(np.uint8).reshape(len(rows), self._type[name].itemsize)
            for byte in wide.T:
                made += byte.astype(np.uint64) * self._factors[place]
                place += 1
        return made


def starts(keys: NDArray[np.void]) -> NDArray[np.uint64]:
    """The first eight bytes of each key."""
    wide = np.ascontiguousarray(keys).view(np.uint8).reshape(len(keys), keys.dtype.itemsize)
    return np.ascontiguousarray(wide[:, :8]).view(np.uint64)[:, 0]


def is_doubted(lines: int, alike: int) -> bool:
    """Whether so many lines of a point and week are too many to be other people's.

    >>> is_doubted(4, 4), is_doubted(5, 4), is_doubted(40, 31), is_doubted(40, 32)
    (False, True, False, True)
    """
    return lines >= LEAST and alike * SHARE[1] >= lines * SHARE[0]


def _doubts(
    said: NDArray[np.uint64], weeks: NDArray[np.int64], there: Counter[int], points: Sequence[str]
) -> Iterator[Doubt]:
    """Each stored row matches one line at most, whatever the order of the lines."""
    for week in np.unique(weeks).tolist():
        lines = said[weeks == week]
        asked = Counter(lines[np.isin(lines, np.fromiter(there, np.uint64, len(there)))].tolist())
        alike = 0
        for one, count in asked.items():
            found = min(count, there[one])
            there[one] -= found
            alike += found
        if is_doubted(len(lines), alike):
            first, last = _days(week)
            yield Doubt(points[week >> 32], first, last, len(lines), alike)


def _weeks(point: NDArray[np.int64], day: NDArray[np.int64]) -> NDArray[np.int64]:
    """A number for each point and week, as far as it lies in one month (`clock.cluster_week`): its first day."""
    days = day.astype("datetime64[D]")
    month = days.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    monday = (day + 3) // 7 * 7 - 3  # 1 January 1970 was a Thursday
    return (point << 32) | np.maximum(monday, month)


def _days(week: int) -> tuple[dt.date, dt.date]:
    first = dt.date(1970, 1, 1) + dt.timedelta(week & 0xFFFFFFFF)
    days = [first + dt.timedelta(number) for number in range(7)]
    return first, max(day for day in days if clock.cluster_week(day) == clock.cluster_week(first))


def _among(some: NDArray[np.uint64], listed: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Which of `some` stand in a sorted list."""
    place = np.minimum(np.searchsorted(listed, some), len(listed) - 1)
    return np.asarray(listed[place] == some)
