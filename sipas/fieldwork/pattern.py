"""By which pattern a point sends, and when its silence is more than chance: plain numbers, no database.

A point's rate is its answers per working day. Without anything amiss, answers come about as a Poisson process does, so
a point of rate r is silent for d working days with probability exp(-r*d), and sends n answers or fewer in d days with
the Poisson sum. An alarm is given where that is less than one in a thousand.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Collection, Iterable

CHANCE = 1 / 1000
LEAST = 20  # answers in a month, for it to say anything about a pattern
OPEN = 15  # working days in a month on which the point was open, for the month to count as whole
MONTHS, BACK = 3, 6  # the newest such months that are looked at, among so many before this one
FEW = 5  # answers of a month, under which no day of it is kept


def working_days(first: dt.date, last: dt.date, closed: Collection[dt.date] = ()) -> list[dt.date]:
    """Monday to Friday from `first` to `last`, but for the days that the operator said to be closed.

    >>> [f"{day:%a %d}" for day in working_days(dt.date(2026, 9, 1), dt.date(2026, 9, 7), [dt.date(2026, 9, 2)])]
    ['Tue 01', 'Thu 03', 'Fri 04', 'Mon 07']
    """
    days = (first + dt.timedelta(days=i) for i in range((last - first).days + 1))
    return [day for day in days if day.weekday() < 5 and day not in closed]


def months_before(day: dt.date, count: int = BACK) -> list[int]:
    """The whole months before that of `day`, newest first, as they are stored.

    >>> months_before(dt.date(2026, 3, 9), 4)
    [202602, 202601, 202512, 202511]
    """
    total = day.year * 12 + day.month - 1
    return [one // 12 * 100 + one % 12 + 1 for one in range(total - 1, total - 1 - count, -1)]


def rate(months: Iterable[tuple[int, int]]) -> float | None:
    """Answers per working day in the lowest of the newest months that say anything; None where there is none.

    `months` are pairs (answers, working days on which the point was open), newest first. The lowest, for an alarm that
    is given too late costs less than one that nobody believes any more.

    >>> rate([(12, 21), (44, 22), (63, 21), (80, 20), (22, 22)]), rate([(19, 22)]), rate([(300, 14)])
    (2.0, None, None)
    """
    whole = [answers / days for answers, days in months if answers >= LEAST and days >= OPEN]
    return min(whole[:MONTHS], default=None)


def is_silent(rate: float, days: int, answers: int = 0) -> bool:
    """Whether so few answers in so many working days are more than chance.

    >>> is_silent(1.0, 6), is_silent(1.0, 7), is_silent(10.0, 1), is_silent(1.0, 7, 1), is_silent(1.0, 10, 1)
    (False, True, True, False, True)
    """
    expected = rate * days
    terms = (math.exp(-expected + n * math.log(expected) - math.lgamma(n + 1)) for n in range(answers + 1))
    return days > 0 and sum(terms) < CHANCE
