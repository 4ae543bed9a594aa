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


def seconds_until(hour: dt.time, moment: dt.datetime) -> float:
    """Seconds from `moment` until the province's clock next shows `hour`.

    >>> seconds_until(dt.time(2, 30), dt.datetime(2026, 9, 15, 19, 0, tzinfo=dt.timezone.utc))    # two in the night
    1800.0
    """
    now = local(moment)
    today = now.replace(hour=hour.hour, minute=hour.minute, second=0, microsecond=0)
    return ((today if today > now else today + dt.timedelta(days=1)) - now).total_seconds()


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


def cluster_week(day: dt.date) -> str:
    """The ISO week of a day as far as it lies in the day's month, such as "2026-W14/03".

    A week that straddles two months would, beside the month that is stored, tell on which few days people came.

    >>> cluster_week(dt.date(2026, 3, 31)), cluster_week(dt.date(2026, 4, 1))
    ('2026-W14/03', '2026-W14/04')
    """
    return f"{week_of(day)}/{day:%m}"


def weeks_between(first: dt.date, last: dt.date) -> list[str]:
    """Every week (as far as it lies in one month) that has a day from `first` to `last`, both included.

    >>> weeks_between(dt.date(2026, 1, 4), dt.date(2026, 1, 12))
    ['2026-W01/01', '2026-W02/01', '2026-W03/01']
    """
    days = (first + dt.timedelta(days=i) for i in range((last - first).days + 1))
    return list(dict.fromkeys(map(cluster_week, days)))
