"""Time as the province lives it: month, week and day in Asia/Ho_Chi_Minh, whatever zone the server keeps."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


def now() -> dt.datetime:
    """This moment, with its zone."""
    return dt.datetime.now(dt.timezone.utc)


def local(moment: dt.datetime) -> dt.datetime:
    """The province's clock at `moment`, which must carry its zone."""
    if moment.tzinfo is None:
        raise ValueError("a moment without a zone means nothing; use clock.now()")
    return moment.astimezone(ZONE)


def today() -> dt.date:
    """Today's date in the province."""
    return local(now()).date()


def month_of(moment: dt.datetime) -> str:
    """The month of `moment` in the province, such as "2026-03".

    >>> month_of(dt.datetime(2026, 3, 31, 18, 30, tzinfo=dt.timezone.utc))    # half past one in the night of 1 April
    '2026-04'
    """
    return f"{local(moment):%Y-%m}"


def week_of(day: dt.date) -> str:
    """The ISO week of a day, such as "2026-W09".

    >>> week_of(dt.date(2027, 1, 1))
    '2026-W53'
    """
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"


def weeks_between(first: dt.date, last: dt.date) -> list[str]:
    """Every ISO week that has a day from `first` to `last`, both included.

    >>> weeks_between(dt.date(2026, 1, 4), dt.date(2026, 1, 12))
    ['2026-W01', '2026-W02', '2026-W03']
    """
    monday = first - dt.timedelta(days=first.weekday())
    return [week_of(monday + dt.timedelta(weeks=i)) for i in range((last - monday).days // 7 + 1)]
