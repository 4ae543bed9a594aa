"""The rows of the registry's four files: which count, their keys and days, and one complaint for one cause."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from sipas.errors import N_, SipasError
from sipas.i18n import number
from sipas.tables import Problems, Record, Table

REMARK = "#"
MID_MONTH = N_(
    "“{value}” lies within a month. Answers know their month and week but no day, and dossiers are counted by month: "
    "begin with the first day of a month and end with the last."
)
SEVERAL = N_("{reason} The same in {more} more rows, lines {lines}.")
SHOWN = 8  # lines that are named


class Causes:
    """Complaints that a whole column may share: said once, with the first row as the example and the lines of the
    others. `settle` puts them among the problems of the table."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._rows: dict[tuple[str, str], list[tuple[Record, SipasError]]] = {}

    def add(self, record: Record, column: str, template: str, **values: object) -> None:
        """Note a row's complaint; those of one column and one template are one cause."""
        error = SipasError(template, **{"value": record[column], **values})
        self._rows.setdefault((column, template), []).append((record, error))

    def settle(self, problems: Problems) -> None:
        """Add a problem for each cause."""
        for (column, _), found in self._rows.items():
            (first, reason), *others = found
            if not others:
                problems.add(first.row, column, reason.template, **reason.values)
                continue
            lines = ", ".join(str(record.line) for record, _ in others[:SHOWN])
            lines += ", …" if len(others) > SHOWN else ""
            problems.add(first.row, column, SEVERAL, reason=reason, more=len(others), lines=lines)


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
    """First and last day of a row, None where it has none; what is no date is noted."""
    found: list[dt.date | None] = []
    for column in ("valid_from", "valid_to"):
        text = record.get(column)
        found.append(_day(text) if text else None)
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
