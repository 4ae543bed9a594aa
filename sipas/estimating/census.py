"""People of a census beside a snapshot of households, and weights that reproduce its margins.

The table has `people` and one or more of the columns unit, sex and age, one row for each combination. Each of these
columns is a margin, to which the weights are raked (Deming and Stephan 1940). Whoever did not say sex or age keeps
her share: that part of a margin is set aside as large as it is among the answers.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

import analysis
from sipas.errors import N_, SipasError, first_few
from sipas.tables import Problems, read_table

MARGINS = ("unit", "sex", "age")
NOT_SAID = "not-said"
SHOWN = 6  # units that are named
Key = tuple[str, ...]


def with_not_said(table: pa.Table) -> pa.Table:
    """The table with a word in sex and age where nobody said it: a category that a margin can have."""
    for column in ("sex", "age"):
        said = table[column].cast(pa.string())
        table = table.set_column(table.column_names.index(column), column, pc.fill_null(said, NOT_SAID))
    return table


def weights_to_census(cells: analysis.Cells, path: Path, sheet: str = "") -> tuple[analysis.Weights, list[SipasError]]:
    """Weights to the people of a census, and what a reader should know of them.

    Units without answers are left out, and counted. Raises BadTable with every line that is not right, SipasError where
    a category of the answers has no people, or one of the census no answers.
    """
    columns, people = read_people(path, sheet)
    answered = {column: _rows_by_label(cells, column) for column in columns}
    notes = []
    if "unit" in columns:
        place = columns.index("unit")
        absent = sorted({key[place] for key in people} - set(answered["unit"]))
        if absent:
            lost = sum(count for key, count in people.items() if key[place] in absent)
            shown = first_few(absent, SHOWN)
            template = N_("no household answered in {count} units ({units}); their {people} people are not represented")
            notes.append(SipasError(template, count=len(absent), units=shown, people=lost))
        people = {key: count for key, count in people.items() if key[place] not in absent}
    margins: dict[str | Key, dict[str, float]] = {}
    for place, column in enumerate(columns):
        totals: dict[str, float] = defaultdict(float)
        for key, count in people.items():
            totals[key[place]] += count
        silent = answered[column].get(NOT_SAID, 0) / sum(answered[column].values())
        whole = sum(totals.values())
        if silent:
            totals = {label: count * (1 - silent) for label, count in totals.items()} | {NOT_SAID: whole * silent}
            template = N_("{share} of the answers do not say {column}; they keep that share of the people")
            notes.append(SipasError(template, share=f"{100 * silent:.1f}%", column=column))
        margins[column] = {label: count for label, count in totals.items() if count}
    return analysis.rake(analysis.design_weights(cells), margins), notes


def read_people(path: Path, sheet: str = "") -> tuple[Key, dict[Key, int]]:
    """The columns that the census has, and the people of each combination of them."""
    table = read_table(path, sheet=sheet)
    table.require("people")
    columns = tuple(column for column in MARGINS if column in table)
    if not columns:
        raise SipasError(N_("{file} has none of the columns unit, sex and age beside people"), file=table.name)
    problems = Problems(table)
    found: dict[Key, int] = {}
    lines: dict[Key, int] = {}
    for record in table.records(*columns, "people"):
        key = tuple(record[column] for column in columns)
        for column in columns:
            if not record[column]:
                problems.add(record.row, column, N_("this cell is empty; write the code, or delete the row"))
        if key in found:
            problems.add(record.row, "", N_("the same people stand in line {line} already"), line=lines[key])
        if not re.fullmatch(r"\d{1,9}", record["people"]):
            problems.add(record.row, "people", N_("“{value}” is no count; write a whole number without separators."))
            continue
        found[key], lines[key] = int(record["people"]), record.line
    problems.refuse()
    return columns, found


def _rows_by_label(cells: analysis.Cells, column: str) -> Mapping[str, int]:
    codes, rows = cells.code(column), cells.rows
    return {
        cells.label(column, code) or "": int(rows[codes == code].sum()) for code in range(len(cells.labels[column]))
    }
