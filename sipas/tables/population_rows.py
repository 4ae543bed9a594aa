"""The table of dossiers by unit, field and month: read alike by every door, with one strictness."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from sipas.errors import N_, first_few
from sipas.i18n.code_labels import column_labels
from sipas.tables.causes import Causes
from sipas.tables.heads import Heads
from sipas.tables.periods import MONTH, QUARTER, counted_twice
from sipas.tables.problems import Problems
from sipas.tables.table import Record, Table

COLUMNS = ("unit", "field", "month", "dossiers")
FIRST_DAY = re.compile(rf"({MONTH.pattern})-01")  # how Excel keeps a month that it took for a date
SHORT_MONTH = re.compile(r"(19|20)\d\d-[1-9]")  # such values have one cause in a whole column, and are told once
GROUPED = re.compile(r"[1-9]\d{0,2}([.,\s]\d{3})+")
SHOWN = 5  # lines without a count that are named
NO_MONTH = N_("“{value}” is no month; write it as 2026-03.")
COUNTED_TWICE = N_(
    "{months} of this unit and field stand in the file too, and are part of {value}; keep the months, or the quarter."
)
TWICE = N_("The same unit, field and month stand in line {line} already.")
NO_WHOLE = N_("“{value}” is no count; write a whole number without separators.")
EMPTY = N_("This cell is empty; write the code of the {what}, or delete the row.")
NO_COUNT = N_(
    "Rows without a number of dossiers: {count} ({lines}). Write 0 where no dossier was handled, or delete the row."
)

Key = tuple[str, str, str]  # unit, field, month or quarter


def population_table(table: Table) -> Table:
    """The table with its four columns under their own names. Raises BadFile where one is absent."""
    table = table.under(Heads(column_labels(COLUMNS)))
    table.require(*COLUMNS)
    return table


def read_population_rows(
    table: Table, problems: Problems, codes: Mapping[str, Callable[[str], str]] = {}
) -> dict[Key, tuple[Record, int]]:
    """The rows by unit, field and month, each with its number of dossiers; what is wrong goes to `problems`.

    A month may be a date of Excel on its first day, or a quarter, 2026-Q1, that was not counted by months. A number of
    dossiers is whole and not negative. `codes` give for the columns unit and field the code that a cell means, where it
    may say a name.
    """
    found: dict[Key, tuple[Record, int]] = {}
    empty: list[Record] = []
    causes = Causes()
    unit, field = (codes.get(column, str) for column in ("unit", "field"))
    for record in table.records(*COLUMNS):
        is_date = FIRST_DAY.fullmatch(record["month"])
        key = (unit(record["unit"]), field(record["field"]), is_date[1] if is_date else record["month"])
        for column in ("unit", "field"):
            if not record[column]:
                causes.add(record, column, EMPTY, what=column)
        if not (MONTH.fullmatch(key[2]) or QUARTER.fullmatch(key[2])):
            if SHORT_MONTH.fullmatch(key[2]):
                causes.add(record, "month", NO_MONTH)
            else:
                problems.add(record.row, "month", NO_MONTH)
        if key in found:
            causes.add(record, "", TWICE, line=found[key][0].line)
        text = record["dossiers"]
        if not text:
            empty.append(record)
        elif not re.fullmatch(r"\d{1,9}", text):
            if GROUPED.fullmatch(text):
                causes.add(record, "dossiers", NO_WHOLE)
            else:
                problems.add(record.row, "dossiers", NO_WHOLE)
            text = ""
        found[key] = (record, int(text or 0))
    for key, months in counted_twice(found).items():
        problems.add(found[key][0].row, "month", COUNTED_TWICE, months=", ".join(months))
    causes.settle(problems)
    if empty:
        lines = first_few([one.line for one in empty], SHOWN)
        problems.add(empty[0].row, "dossiers", NO_COUNT, count=len(empty), lines=lines)
    return found
