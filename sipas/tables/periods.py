"""The period of a count of dossiers: a month, 2026-03, or a quarter that nobody counted by months, 2026-Q1.

A quarter is never parted into months that nobody counted: it weights its office's field, and makes no month known.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TypeVar

K = TypeVar("K", bound=tuple[str, ...])  # unit, field, period
MONTH = re.compile(r"(19|20)\d\d-(0[1-9]|1[0-2])")
QUARTER = re.compile(r"((19|20)\d\d)-Q([1-4])")


def months_in(period: str) -> list[str]:
    """The months of a period, in order.

    >>> months_in("2026-Q1"), months_in("2026-03")
    (['2026-01', '2026-02', '2026-03'], ['2026-03'])
    """
    found = QUARTER.fullmatch(period)
    if not found:
        return [period]
    last = 3 * int(found[3])
    return [f"{found[1]}-{month:02}" for month in range(last - 2, last + 1)]


def quarter_of(month: str) -> str:
    """The quarter in which a month lies.

    >>> quarter_of("2026-03"), quarter_of("2026-10")
    ('2026-Q1', '2026-Q4')
    """
    return f"{month[:4]}-Q{(int(month[5:]) + 2) // 3}"


def is_quarter(period: str) -> bool:
    """Whether a period is a quarter."""
    return QUARTER.fullmatch(period) is not None


def is_period(text: str) -> bool:
    """Whether a text is a month or a quarter, as they are written."""
    return bool(MONTH.fullmatch(text) or QUARTER.fullmatch(text))


def lies_within(period: str, first: str, last: str) -> bool:
    """Whether all months of a period are among those from `first` to `last`.

    >>> [lies_within("2026-Q1", first, "2026-06") for first in ("2026-01", "2026-02")]
    [True, False]
    """
    months = months_in(period)
    return first <= months[0] and months[-1] <= last


def reaches_across(period: str, first: str, last: str) -> bool:
    """Whether some of a period's months are among those from `first` to `last`, and some are not.

    >>> [reaches_across("2026-Q1", first, "2026-06") for first in ("2026-01", "2026-02", "2026-04")]
    [False, True, False]
    """
    inside = [first <= month <= last for month in months_in(period)]
    return any(inside) and not all(inside)


def for_weighting(
    counts: Mapping[K, float],
) -> tuple[dict[tuple[str, ...], float], tuple[str, ...]]:
    """Counts by unit, field and period as weights are made from them, and by what they are counted.

    Where an office's count is a quarter's, nobody knows how many dossiers fall on each month: months are no margin.

    >>> for_weighting({("a", "x", "2026-01"): 4, ("a", "x", "2026-02"): 6})[1]
    ('unit', 'field', 'month')
    >>> for_weighting({("a", "x", "2026-01"): 4, ("a", "x", "2026-02"): 6, ("b", "x", "2026-Q1"): 9})
    ({('a', 'x'): 10, ('b', 'x'): 9}, ('unit', 'field'))
    """
    by_quarter = any(is_quarter(period) for (_, _, period), count in counts.items() if count)
    found: dict[tuple[str, ...], float] = {}
    for (unit, field, period), count in counts.items():
        key = (unit, field) if by_quarter else (unit, field, period)
        found[key] = found.get(key, 0) + count
    return found, ("unit", "field") if by_quarter else ("unit", "field", "month")


def counted_twice(keys: Iterable[tuple[str, str, str]]) -> dict[tuple[str, str, str], list[str]]:
    """The quarters whose office and field are counted by months of theirs too, with those months.

    >>> counted_twice([("a", "x", "2026-Q1"), ("a", "x", "2026-02"), ("a", "x", "2026-04"), ("b", "x", "2026-03")])
    {('a', 'x', '2026-Q1'): ['2026-02']}
    """
    held = set(keys)
    found: dict[tuple[str, str, str], list[str]] = {}
    for unit, field, period in sorted(held):
        if is_quarter(period) and (months := [one for one in months_in(period) if (unit, field, one) in held]):
            found[unit, field, period] = months
    return found
