"""A period of several waves: which quarters its snapshots cover, and what it is called.

A plan's visitor waves are quarters; half-year, nine months and year are made of frozen ones. A wave is of the calendar
quarter that holds two thirds of its days, as a period of reporting may begin on the 15th of the month before.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

import analysis
from sipas.errors import N_, SipasError

Quarter = tuple[int, int]  # year, and 1 to 4
Days = tuple[dt.date, dt.date]

MOST_OF = 2 / 3
LONGEST = 123  # days of a wave that can be a quarter's: four months
ROMAN = ("I", "II", "III", "IV")
PARTS_OF_A_YEAR = {"H1": (1, 2), "H2": (3, 4), "9M": (1, 2, 3), "": (1, 2, 3, 4)}
WORDS = {
    "H1": N_("first half of {year}"),
    "H2": N_("second half of {year}"),
    "9M": N_("nine months of {year}"),
    "": N_("the whole of {year}"),
}
QUARTER = N_("quarter {number} of {year}")
NAMED = N_("Period {name} ({words}), made of {count} waves from {first} to {last}")
UNNAMED = N_("Period {name}, made of {count} waves from {first} to {last}")
WAVE_OF = N_("wave {wave} ({file}): {first} to {last}, {rows} rows, snapshot {digest}")
NO_PRESET = N_(
    "“{given}” is no period; write a quarter (2026-Q1), a half-year (2026-H1), nine months (2026-9M) or a year (2026)"
)
NOT_DATED = N_("{file} does not say when it was asked, so that it cannot be part of a period")


@dataclass(frozen=True)
class Part:
    """A snapshot as a part of a period: its wave, file, digest, rows, and the first and the last day of asking."""

    wave: str
    file: str
    digest: str
    rows: int
    opens_on: dt.date
    closes_on: dt.date

    @property
    def quarter(self) -> Quarter | None:
        """The calendar quarter with two thirds of its days; None for a wave that is no quarter's."""
        return quarter_of((self.opens_on, self.closes_on))

    @property
    def months(self) -> list[str]:
        """The months in which it asked."""
        first, last = (12 * day.year + day.month - 1 for day in (self.opens_on, self.closes_on))
        return [_month(number) for number in range(first, last + 1)]

    def record(self) -> dict[str, Any]:
        """For scripts."""
        return {
            "wave": self.wave,
            "file": self.file,
            "digest": self.digest,
            "rows": self.rows,
            "opens_on": self.opens_on.isoformat(),
            "closes_on": self.closes_on.isoformat(),
            "quarter": _named(self.quarter) if self.quarter else None,
        }


@dataclass(frozen=True)
class Period:
    """Waves in the order of their days, which do not overlap."""

    parts: tuple[Part, ...]

    @property
    def quarters(self) -> tuple[Quarter, ...]:
        """The quarters of the waves, each once; empty where a wave is no quarter's."""
        found = [part.quarter for part in self.parts]
        return () if None in found else tuple(sorted({quarter for quarter in found if quarter}))

    @property
    def name(self) -> str:
        """`2026-H1` for a preset, `2026-Q1 + 2026-Q3` for other quarters, else the first and the last day."""
        known = self._preset()
        if known:
            return "-".join(filter(None, (str(known[0]), known[1])))
        if self.quarters:
            return " + ".join(map(_named, self.quarters))
        return f"{self.parts[0].opens_on} – {self.parts[-1].closes_on}"

    @property
    def words(self) -> SipasError | None:
        """The name in words; None where no preset has these quarters."""
        known = self._preset()
        if known is None:
            return None
        year, which = known
        if which in WORDS:
            return SipasError(WORDS[which], year=year)
        return SipasError(QUARTER, number=ROMAN[int(which[1]) - 1], year=year)

    def _preset(self) -> tuple[int, str] | None:
        years = {year for year, _ in self.quarters}
        if len(years) != 1:
            return None
        own = tuple(quarter for _, quarter in self.quarters)
        names = {(number,): f"Q{number}" for number in range(1, 5)} | {q: name for name, q in PARTS_OF_A_YEAR.items()}
        return (years.pop(), names[own]) if own in names else None

    @property
    def idle_months(self) -> list[str]:
        """The months between its first and its last in which no wave asked."""
        asked = [month for part in self.parts for month in part.months]
        first, last = (12 * int(month[:4]) + int(month[5:]) - 1 for month in (min(asked), max(asked)))
        return [month for month in map(_month, range(first, last + 1)) if month not in asked]

    def head(self) -> Iterator[SipasError]:
        """For the top of a table: what the period is called, and the snapshots that it is made of."""
        about = {"name": self.name, "count": len(self.parts)}
        about |= {"first": str(self.parts[0].opens_on), "last": str(self.parts[-1].closes_on)}
        yield SipasError(NAMED, **about, words=self.words) if self.words else SipasError(UNNAMED, **about)
        for part in self.parts:
            days = {"first": str(part.opens_on), "last": str(part.closes_on)}
            yield SipasError(WAVE_OF, wave=part.wave, file=part.file, rows=part.rows, digest=part.digest, **days)

    def record(self) -> dict[str, Any]:
        """For scripts."""
        return {
            "name": self.name,
            "quarters": [_named(quarter) for quarter in self.quarters],
            "opens_on": self.parts[0].opens_on.isoformat(),
            "closes_on": self.parts[-1].closes_on.isoformat(),
            "idle_months": self.idle_months,
            "waves": [part.record() for part in self.parts],
        }


def quarter_of(days: Days) -> Quarter | None:
    """The calendar quarter that holds two thirds of these days, if they are four months or less.

    >>> quarter_of((dt.date(2025, 12, 15), dt.date(2026, 3, 14)))
    (2026, 1)
    >>> quarter_of((dt.date(2026, 1, 1), dt.date(2026, 6, 30)))
    """
    first, last = days
    length = (last - first).days + 1
    if length > LONGEST:
        return None
    found: dict[Quarter, int] = {}
    for place in range(length):
        day = first + dt.timedelta(place)
        quarter = day.year, (day.month + 2) // 3
        found[quarter] = found.get(quarter, 0) + 1
    most = max(found, key=lambda quarter: found[quarter])
    return most if found[most] >= MOST_OF * length else None


def days_of_quarter(quarter: Quarter) -> Days:
    """The first and the last day of a calendar quarter.

    >>> days_of_quarter((2026, 4))
    (datetime.date(2026, 10, 1), datetime.date(2026, 12, 31))
    """
    year, number = quarter
    after = dt.date(year + number // 4, 3 * (number % 4) + 1, 1)
    return dt.date(year, 3 * number - 2, 1), after - dt.timedelta(1)


def quarters_named(preset: str) -> tuple[Quarter, ...]:
    """The quarters of a preset; raises SipasError for a text that names none.

    >>> quarters_named("2026-9M")
    ((2026, 1), (2026, 2), (2026, 3))
    """
    said = re.fullmatch(r"(\d{4})(?:-(Q[1-4]|H[12]|9M))?", preset.strip().upper())
    if not said:
        raise SipasError(NO_PRESET, given=preset)
    year, which = int(said[1]), said[2] or ""
    own = PARTS_OF_A_YEAR[which] if which in PARTS_OF_A_YEAR else (int(which[1]),)
    return tuple((year, quarter) for quarter in own)


def part_of(path: Path) -> Part:
    """A snapshot as a part; raises SipasError for one that does not say when it was asked, neither by its codebook nor
    by the months of its answers."""
    snapshot = analysis.read_snapshot(path)
    days = _days(snapshot)
    if days is None:
        raise SipasError(NOT_DATED, file=path.name)
    return Part(snapshot.codebook.wave or path.stem, path.name, snapshot.digest, snapshot.rows, *days)


def _days(snapshot: analysis.Snapshot) -> Days | None:
    """The days of a wave by its codebook; of older snapshots by its notes, else the months of the answers."""
    book = snapshot.codebook
    if book.opens_on and book.closes_on:
        return book.opens_on, book.closes_on
    said = re.match(r"(\d{4}-\d\d-\d\d) – (\d{4}-\d\d-\d\d)", book.notes)
    if said:
        return dt.date.fromisoformat(said[1]), dt.date.fromisoformat(said[2])
    if "month" not in pq.read_schema(snapshot.path).names:
        return None
    labels = map(str, pq.read_table(snapshot.path, columns=["month"])["month"].unique().to_pylist())
    months = sorted(label for label in labels if re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", label))
    if not months:
        return None
    after = _month(12 * int(months[-1][:4]) + int(months[-1][5:]))
    return dt.date.fromisoformat(months[0] + "-01"), dt.date.fromisoformat(after + "-01") - dt.timedelta(1)


def names_of(quarters: Sequence[Quarter]) -> str:
    """Quarters between commas: `2026-Q1, 2026-Q2`."""
    return ", ".join(map(_named, quarters))


def _named(quarter: Quarter) -> str:
    return f"{quarter[0]}-Q{quarter[1]}"


def _month(number: int) -> str:
    return f"{number // 12:04}-{number % 12 + 1:02}"
