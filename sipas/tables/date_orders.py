"""In which order day, month and year of a column's dates stand, and what tells it.

A table keeps dates as text; whoever reads them takes 02/03/2026 for the second of March, as is usual in Vietnam. The
account of the reading says so for each column of dates, and whether any of its dates bears it out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from sipas.errors import N_, SipasError

YEAR_FIRST = re.compile(r"(?:19|20)\d\d-(\d{1,2})-(\d{1,2})(?!\d)")
YEAR_LAST = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](?:(?:19|20)\d\d|\d\d)(?!\d)")
LOOK = 64  # cells in which the first date must stand

STORED = N_("stored as dates in the file")
ISO = N_("year, month, day (“{value}”)")
DAY_FIRST = N_("day, month, year, because “{value}” can mean nothing else")
BY_CUSTOM = N_("day, month, year, as is usual in Vietnam; no date of the column tells, such as “{value}”")
MONTH_FIRST = N_("none: “{value}” has the month before the day, so its dates stay texts")
MIXED = N_("{one}; {other}")
CONTRARY = N_(
    "{file}, column {column}: “{one}” has the day first and “{other}” the month, so others may mean two days; write "
    "each day as 2026-03-31"
)
TWO_WAYS = N_(
    "{file}, column {column}: days are written in two ways (“{one}”, “{other}”); write them alike, so that nobody "
    "takes one day for two"
)
SWAPPED = N_(
    "{file}, column {column}: the dates like “{one}” all have days up to 12, and those like “{other}” none, so that a "
    "program seems to have swapped day and month of the former; enter the column anew, each day as 2026-03-31"
)


def may_be_dates(words: Iterable[str | None]) -> bool:
    """Whether the first of some cells that is filled is a date."""
    first = next((word for word in words if word), "")
    return bool(YEAR_FIRST.match(first) or YEAR_LAST.match(first))


@dataclass
class DateOrder:
    """What was seen of a column's dates so far: an example of each kind, "" where there was none.

    iso         2026-03-31; `iso_late` one with a day above 12
    day_first   31/03/2026
    month_first 03/31/2026
    either      02/03/2026
    """

    stored: bool = False
    iso: str = ""
    iso_late: str = ""
    day_first: str = ""
    month_first: str = ""
    either: str = ""

    def add(self, words: Iterable[str]) -> None:
        """See some cells more; what is no date is passed over."""
        for word in words:
            if found := YEAR_FIRST.match(word):
                self.iso = self.iso or word
                if int(found[2]) > 12:
                    self.iso_late = self.iso_late or word
            elif found := YEAR_LAST.match(word):
                first, second = int(found[1]), int(found[2])
                if first > 12 >= second:
                    self.day_first = self.day_first or word
                elif second > 12 >= first:
                    self.month_first = self.month_first or word
                elif first <= 12:
                    self.either = self.either or word

    def sentence(self) -> SipasError | None:
        """The order, and why; None where there are no dates."""
        slashed = next(
            (
                SipasError(template, value=value)
                for template, value in (
                    (DAY_FIRST, self.day_first),
                    (MONTH_FIRST, self.month_first),
                    (BY_CUSTOM, self.either),
                )
                if value
            ),
            None,
        )
        iso = SipasError(STORED) if self.stored else SipasError(ISO, value=self.iso) if self.iso else None
        return SipasError(MIXED, one=iso, other=slashed) if iso and slashed else iso or slashed

    def doubt(self, file: str, column: str) -> tuple[SipasError | None, bool]:
        """What is doubtful of the column, and whether it is refused for it."""
        about = {"file": file, "column": column}
        if self.day_first and self.month_first:
            return SipasError(CONTRARY, **about, one=self.day_first, other=self.month_first), False
        slashed = self.day_first or self.month_first or self.either
        if not (self.iso and slashed):
            return None, False
        if self.day_first and not (self.iso_late or self.either or self.month_first):
            return SipasError(SWAPPED, **about, one=self.iso, other=self.day_first), True
        return SipasError(TWO_WAYS, **about, one=self.iso, other=slashed), False
