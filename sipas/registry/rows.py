"""The rows of the registry's four files: which count, their keys and days."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from sipas.errors import N_, SipasError
from sipas.i18n import number
from sipas.tables import Problems, Record, Table

REMARK = "#"
LOST_ZERO = N_(
    "“{value}” looks like {code} without its zero, which Excel takes away. Format the column as text, write the codes "
    "with their zeros again, then load once more."
)
FIRST_OF_MONTH = N_(
    "{file}, line {line}, column {column}: “{value}” is read as {day}, day before month; if the first day of another "
    "month is meant, write {other}"
)
MID_MONTH = N_(
    "“{value}” lies within a month. Answers know their month and week but no day, and dossiers are counted by month: "
    "begin with the first day of a month and end with the last."
)


class Share(float):
    """A sum of shares inside a sentence, with the mark of the reader's language."""

    def __str__(self) -> str:
        return f"{float(self):g}"

    def __format__(self, spec: str) -> str:
        return str(self)

    def spoken(self) -> str:
        """As `say` shows it."""
        return number(self, 3).rstrip("0").rstrip(".,")


def same_but_zeros(code: str) -> str:
    """What is left of a code once the zeros before it are gone: spreadsheets take them from what looks like a number.

    >>> same_but_zeros("03646") == same_but_zeros("3646"), same_but_zeros("000")
    (True, '0')
    """
    return code.lstrip("0") or "0"


def rows_of(table: Table) -> Iterator[Record]:
    """The rows that count: no remarks."""
    return (record for record in table.records() if not record[table.columns[0]].startswith(REMARK))


def once(table: Table, problems: Problems, key: tuple[str, ...], more: tuple[str, ...] = ()) -> Iterator[Record]:
    """Each row with its key complete and not seen before; the others are noted. Of the key, `more` may be empty."""
    seen: dict[tuple[str, ...], int] = {}
    for record in rows_of(table):
        values = tuple(record[column] for column in key)
        whole = (*values, *(record.get(column)[:10] for column in more))
        if not all(values):
            problems.add(record.row, key[values.index("")], N_("This cell is empty; every row needs it."))
        elif whole in seen:
            problems.add(
                record.row,
                key[-1],
                N_("“{value}” stands in line {line} already; keep one of the two."),
                line=seen[whole],
            )
        else:
            seen[whole] = record.line
            yield record


def dates_of(record: Record, problems: Problems) -> tuple[dt.date | None, dt.date | None]:
    """First and last day of a row, None where it has none; what is no date is noted.

    A unit rarely begins on the seventh of January, and 07/01/2025 is the first of July to an English Excel: doubted.
    """
    found: list[dt.date | None] = []
    for column in ("valid_from", "valid_to"):
        text = record.get(column)
        found.append(_day(text) if text else None)
        day = found[-1]
        if day and column == "valid_from" and "/" in text and day.month == 1 and 1 < day.day <= 12:
            other = day.replace(month=day.day, day=1)
            about = {"file": problems.table.name, "line": record.line, "column": column, "value": text}
            problems.table.reading.doubt(SipasError(FIRST_OF_MONTH, **about, day=day, other=other))
        if text and found[-1] is None:
            problems.add(record.row, column, N_("“{value}” is no date; write it as 2025-07-01 or 01/07/2025."))
    first, last = found
    if first and last and last < first:
        problems.add(record.row, "valid_to", N_("The last day {value} lies before the first day."))
    return first, last


def _day(text: str) -> dt.date | None:
    """As we write it, or as Excel in Vietnam does."""
    for shape in ("%Y-%m-%d", "%d/%m/%Y"):
        try:
            return dt.datetime.strptime(text[:10], shape).date()  # noqa: DTZ007 - a day of the province, not a moment
        except ValueError:
            continue
    return None


def begin_and_end_with_a_month(
    record: Record, dates: tuple[dt.date | None, dt.date | None], problems: Problems
) -> None:
    """Notes a first day that does not begin a month, and a last one that does not end it."""
    first, last = dates
    if first and first.day != 1:
        problems.add(record.row, "valid_from", MID_MONTH)
    if last and (last + dt.timedelta(1)).day != 1:
        problems.add(record.row, "valid_to", MID_MONTH)
