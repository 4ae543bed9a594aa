"""The period of a form, from its lines: a month or a quarter, as said in words and by its days.

Reports of a quarter often close on the 14th of its last month (believed to be by Decree 09/2019, article 12, which was
not read; no user is told so): the first quarter is told from 15 December to 14 March. Such days are taken for the
quarter that the form names, with a note.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass

from sipas.errors import N_, BadFile, SipasError
from sipas.fieldwork.handling import ends_of
from sipas.tables.heads import folded
from sipas.tables.periods import is_period, months_in

ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4}
DAY = r"(?:ngay )?(\d{1,2}) (?:thang )?(\d{1,2}) (?:nam )?(\d{4})"
DAYS = re.compile(rf"tu {DAY} (?:den|toi) (?:het )?{DAY}")
ONE_DAY = re.compile(r"ngay (\d{1,2}) (?:thang )?(\d{1,2}) (?:nam )?(\d{4})")
QUARTER = re.compile(r"\bquy (iv|i{1,3}|[1-4]) (?:nam )?((?:19|20)\d\d)\b")
MONTH = re.compile(r"\bthang (\d{1,2}) (?:nam )?((?:19|20)\d\d)\b")
LONGER = re.compile(r"\b(6|sau|9|chin) thang\b|\bca nam\b|\bnam (19|20)\d\d\b")

LINE = "Kỳ báo cáo"
NONE = N_("{place}: no line says the period (“{line}”); say it by --period 2026-Q1 or --period 2026-03")
SEVERAL = N_("{place}: the form names several periods ({periods}); correct its line “{line}”")
LONG = N_(
    "{place}: the form is neither a month's nor a quarter's (“{words}”); ask the office for those of its quarters, for "
    "nobody can part the sum"
)
OTHER_DAYS = N_(
    "{place}: the form says {period} and the days {first} to {last}, which are neither those of that period nor the "
    "15th before it to the 14th of its last month; correct its lines"
)
UNKNOWN_DAYS = N_("{place}: the days {first} to {last} are neither a month nor a quarter; ask the office for one")
OTHER_PERIOD = N_("{place}: the form says {period}, and --period says {asked}; leave one out, or correct the other")
CLOSED = N_("{place}: the form counts from {first} to {last}, and is taken for {period} as it says")
NO_PERIOD = N_("“{period}” is no period; write a quarter as 2026-Q1 and a month as 2026-03")


@dataclass(frozen=True)
class FormPeriod:
    """The month or quarter, and what should be told of it."""

    period: str
    notes: tuple[SipasError, ...] = ()


def checked_period(asked: str) -> str:
    """The period that somebody names; raises BadFile where it is none."""
    if asked and not is_period(asked):
        raise BadFile(NO_PERIOD, period=asked)
    return asked


def period_of(lines: Iterable[str], place: str, asked: str = "") -> FormPeriod:
    """The period of the lines above the heads. Raises BadFile where they say none, several, another, or a longer one.

    >>> period_of(["Kỳ báo cáo: Quý I/2026", "(Từ ngày 01/01/2026 đến ngày 31/03/2026)"], "a.xlsx").period
    '2026-Q1'
    >>> period_of(["(Từ ngày 15/02/2026 đến ngày 14/3/2026)"], "a.xlsx").period
    '2026-03'
    """
    text = " ".join(folded(line) for line in lines)
    days = [_ends(found, place) for found in DAYS.finditer(text)]
    words = ONE_DAY.sub(" ", DAYS.sub(" ", text))
    said = {f"{year}-Q{ROMAN.get(number) or int(number)}" for number, year in QUARTER.findall(words)}
    said |= {f"{year}-{int(month):02}" for month, year in MONTH.findall(words) if 1 <= int(month) <= 12}
    if len(said) > 1 or len(set(days)) > 1:
        raise BadFile(
            SEVERAL, place=place, line=LINE, periods=", ".join(sorted(said) or [f"{a} – {b}" for a, b in days])
        )
    if not said and (longer := LONGER.search(words)):
        raise BadFile(LONG, place=place, words=longer[0])
    if not said and not days and not asked:
        raise BadFile(NONE, place=place, line=f"{LINE}: Quý I/2026")
    if not days:
        return FormPeriod(_agreed(next(iter(said), asked), place, asked))
    first, last = days[0]
    fitting = [one for one in _periods(last) if (first, last) in (ends_of(one), closed_ends(one))]
    period = next(iter(said), "") or next(iter(fitting), "")
    if not period:
        raise BadFile(UNKNOWN_DAYS, place=place, first=first, last=last)
    if period not in fitting:
        raise BadFile(OTHER_DAYS, place=place, period=period, first=first, last=last)
    closed = (first, last) != ends_of(period)
    note = SipasError(CLOSED, place=place, first=first, last=last, period=period)
    return FormPeriod(_agreed(period, place, asked), (note,) if closed else ())


def closed_ends(period: str) -> tuple[dt.date, dt.date]:
    """The days that a report of the period counts: from the 15th before it to the 14th of its last month.

    >>> [str(day) for day in closed_ends("2026-Q1")]
    ['2025-12-15', '2026-03-14']
    """
    first, _ = ends_of(period)
    return (first - dt.timedelta(days=1)).replace(day=15), ends_of(months_in(period)[-1])[0].replace(day=14)


def _agreed(period: str, place: str, asked: str) -> str:
    if asked and asked != period:
        raise BadFile(OTHER_PERIOD, place=place, period=period, asked=asked)
    return period


def _ends(found: re.Match[str], place: str) -> tuple[dt.date, dt.date]:
    first, last = found.groups()[:3], found.groups()[3:]
    try:
        begins, ends = (dt.date(int(year), int(month), int(day)) for day, month, year in (first, last))
    except ValueError:
        raise BadFile(UNKNOWN_DAYS, place=place, first="/".join(first), last="/".join(last)) from None
    if begins.year < 1900 or begins > ends:
        raise BadFile(UNKNOWN_DAYS, place=place, first=begins, last=ends)
    return begins, ends


def _periods(last: dt.date) -> tuple[str, str]:
    """The month and the quarter in which a day lies."""
    return f"{last:%Y-%m}", f"{last:%Y}-Q{(last.month + 2) // 3}"
