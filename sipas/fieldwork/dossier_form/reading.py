"""One sheet of the form as numbers by field, each of its sums computed again; nothing of it is mended.

A blank counts 0, and 1.250 a thousand and more, because every number stands in two sums of the form that must agree.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sipas.errors import N_, BadFile, SipasError, first_few
from sipas.fieldwork.dossier_form.heads import NAME, NUMBER, POPULATION, ROLES, FormHeads, find_heads, place_of
from sipas.fieldwork.dossier_form.period import period_of
from sipas.tables.cells import letter
from sipas.tables.grid import Grid
from sipas.tables.heads import folded
from sipas.tables.problems import BadTable, CellProblem
from sipas.tables.shape import SUMS

SHOWN = 5
COUNT = re.compile(r"\d{1,9}")
GROUPED = re.compile(r"[1-9]\d{0,2}([., \u00a0])\d{3}(\1\d{3})?")
BLANK = ("", "-", "–", "—")
ROMAN = re.compile(r"[IVX]{1,5}|[A-ZĐ]")
UNIT = re.compile(r"^[\s\-–+*•]*đơn\s+vị\s+báo\s+cáo\s*[:：]?\s*(.*)$", re.IGNORECASE | re.DOTALL)
LABEL = re.compile(r"^[\s\-–+*•]*(đơn\s+vị|kỳ\s+báo\s+cáo|biểu)", re.IGNORECASE)

SUMS_OF_A_ROW = (
    ("received total", ("received online", "received in person", "received carried over")),
    ("resolved total", ("resolved early", "resolved on time", "resolved late")),
    ("open total", ("open in time", "open late")),
)
WORDS = (  # of the roles, for the catalogs
    N_("received total"),
    N_("received online"),
    N_("received in person"),
    N_("received carried over"),
    N_("resolved total"),
    N_("resolved early"),
    N_("resolved on time"),
    N_("resolved late"),
    N_("open total"),
    N_("open in time"),
    N_("open late"),
)
NO_COUNT = N_("“{value}” is no count of dossiers; write a whole number")
NO_NAME = N_("numbers without a field; write its name in column {column}, or delete them")
ROW_SUM = N_("“{total}” is {found}, and its parts are together {sum}; correct the row with the office")
LEFT = N_("received {received} less resolved {resolved} leaves {left}, and in process are {found}; correct the row")
COLUMN_SUM = N_("“{total}” of the total is {found}, and its rows are together {sum}; is a row missing, or there twice?")
GROUP_SUM = N_("“{total}” of this group is {found}, and its rows are together {sum}; correct them with the office")
BELOW = N_("numbers stand below the total; delete them, or give them a file of their own")
NO_TOTAL = N_("{place}: no row says “{total}”, so nobody can tell whether rows are missing; add it")
NO_ROWS = N_("{place}: no row of a field stands below the heads")
HIDDEN = N_("{place}: rows of the form are hidden in Excel ({rows}); show all rows, and save again")
MERGED = N_("{place}: numbers of the form stand in merged cells (rows {rows}); unmerge them, and save again")
HIDDEN_COLUMNS = N_("{place}: hidden columns of the form are read as well as the others: {columns}")
TWO_UNITS = N_("{place}: the form names several reporting units ({units}); give each a sheet or a file of its own")


@dataclass(frozen=True)
class FieldRow:
    """A field's row: where it stands, its name as written, and its numbers by role."""

    line: int
    name: str
    numbers: Mapping[str, int]


@dataclass(frozen=True)
class DossierForm:
    """One office's form: what it says of unit and period, and its rows."""

    place: str
    file: str
    unit: str  # as written; "" where no line says it
    period: str
    rows: tuple[FieldRow, ...]
    notes: tuple[SipasError, ...] = ()

    @property
    def population(self) -> int:
        """All resolved dossiers of the form."""
        return sum(row.numbers[POPULATION] for row in self.rows)


@dataclass
class _Found:
    """What the rows below the heads hold, as they are walked."""

    rows: list[FieldRow] = field(default_factory=list)
    groups: list[tuple[FieldRow, int]] = field(default_factory=list)  # with how many rows stood before
    total: FieldRow | None = None
    problems: list[CellProblem] = field(default_factory=list)

    def spans(self) -> list[tuple[FieldRow, int, int]]:
        """Each group with the first and the end of its rows."""
        starts = [*(start for _, start in self.groups), len(self.rows)]
        return [(group, start, starts[place]) for place, (group, start) in enumerate(self.groups, 1)]


def read_form(grid: Grid, heads: Mapping[str, str] = {}, period: str = "") -> DossierForm:
    """Read a sheet that is the form. `heads` are words above columns by somebody's word, `period` what she says of it.

    Raises BadFile for heads, period or unit, for hidden rows and merged numbers, and BadTable for every number that is
    none and every sum that disagrees, with its row.
    """
    place, columns = place_of(grid), find_heads(grid, heads)
    above = [cells for row, cells in sorted(grid.rows.items()) if row < columns.first]
    lines = [line for cells in above for _, text in sorted(cells.items()) for line in text.splitlines()]
    told, unit = period_of(lines, place, period), _unit(grid, columns.first, place)
    found = _walk(grid, columns)
    if found.total is None:
        raise BadFile(NO_TOTAL if found.rows else NO_ROWS, place=place, total="Tổng cộng")
    rows = _settled(found)
    _look(grid, columns, found.total.line, place)
    _add_up(found, found.total, rows, place)
    if found.problems:
        raise BadTable(sorted(found.problems, key=lambda one: one.line))
    hidden = [letter(at) for at in sorted(set(columns.counts.values()) & grid.hidden_columns)]
    notes = (SipasError(HIDDEN_COLUMNS, place=place, columns=", ".join(hidden)),) if hidden else ()
    return DossierForm(place, grid.file, unit, told.period, tuple(rows), (*told.notes, *notes))


def _unit(grid: Grid, first: int, place: str) -> str:
    """The reporting unit by its line: behind the colon, in the next line of the cell, to the right, or below."""
    found = {}
    for row, cells in sorted(grid.rows.items()):
        for column, text in sorted(cells.items()) if row < first else ():
            lines = text.splitlines()
            for at, line in enumerate(lines):
                said = UNIT.match(line)
                if not said:
                    continue
                below = [grid.rows.get(row + 1, {}).get(column, "")]
                beside = [cells[one] for one in sorted(cells) if one > column]
                places = (said[1], *lines[at + 1 :], *beside, *below)
                if name := next((" ".join(one.split()).strip(" .…") for one in places if _names(one)), ""):
                    found[folded(name)] = name
    if len(found) > 1:
        raise BadFile(TWO_UNITS, place=place, units=", ".join(found.values()))
    return next(iter(found.values()), "")


def _names(text: str) -> bool:
    return bool(text.strip(" .…_:")) and not LABEL.match(text)


def _walk(grid: Grid, heads: FormHeads) -> _Found:
    """The rows below the heads: of fields, of groups, and the total."""
    found, name_at, number_at = _Found(), heads.columns[NAME], heads.columns.get(NUMBER, -1)
    for line, cells in sorted(grid.rows.items()):
        name, number = " ".join(cells.get(name_at, "").split()), cells.get(number_at, "").strip(" .)")
        if line <= heads.last or re.fullmatch(r"\(?\d+\)?", name):  # the row of the columns' numbers
            continue
        texts = [cells.get(column, "").strip() for column in heads.counts.values()]
        if found.total is not None:
            if any(map(_is_count, texts)):
                found.problems.append(_problem(grid, line, SipasError(BELOW)))
                break
            continue
        is_total = any(SUMS.fullmatch(folded(said)) for said in (name, number, _merged_name(cells, heads)))
        if all(text in BLANK for text in texts) and not is_total and not (name and number.isdecimal()):
            continue  # a heading, or nothing
        row = FieldRow(line, name, _numbers(grid, line, cells, heads, found.problems))
        if is_total:
            found.total = row
        elif ROMAN.fullmatch(number):
            found.groups.append((row, len(found.rows)))
        elif name:
            found.rows.append(row)
        else:
            found.problems.append(_problem(grid, line, SipasError(NO_NAME, column=letter(name_at))))
    return found


def _merged_name(cells: Mapping[int, str], heads: FormHeads) -> str:
    """The text left of the numbers, where a total is merged over the columns before them."""
    first = min(heads.counts.values())
    return next((text for column, text in sorted(cells.items()) if column < first), "")


def _numbers(
    grid: Grid, line: int, cells: Mapping[int, str], heads: FormHeads, problems: list[CellProblem]
) -> dict[str, int]:
    found = {}
    for role, column in heads.counts.items():
        text = cells.get(column, "").strip()
        if text in BLANK:
            found[role] = 0
        elif _is_count(text):
            found[role] = int(re.sub(r"\D", "", text))
        else:
            found[role] = 0
            problems.append(_problem(grid, line, SipasError(NO_COUNT, value=text), letter(column)))
    return found


def _is_count(text: str) -> bool:
    return bool(COUNT.fullmatch(text) or GROUPED.fullmatch(text))


def _settled(found: _Found) -> list[FieldRow]:
    """The rows of fields: a row with a Roman number is one where no rows of its own follow it, else a group's sum."""
    rows = list(found.rows)
    for group, start, end in reversed(found.spans()):
        if start == end:
            rows.insert(start, group)
    return rows


def _look(grid: Grid, heads: FormHeads, last: int, place: str) -> None:
    """Refuses what Excel shows otherwise than it stores it."""
    inside = [row for row in sorted(grid.hidden_rows) if heads.first <= row <= last]
    if inside:
        raise BadFile(HIDDEN, place=place, rows=first_few(inside, SHOWN))
    numbers = [column + 1 for column in heads.counts.values()]
    merged = [
        f"{top}–{bottom}"
        for left, top, right, bottom in grid.merged
        if heads.last < top <= last
        and any(left <= column <= right for column in numbers)
        and any(grid.rows.get(top, {}).get(column - 1) for column in numbers)
    ]
    if merged:
        raise BadFile(MERGED, place=place, rows=first_few(merged, SHOWN))


def _add_up(found: _Found, total: FieldRow, rows: list[FieldRow], place: str) -> None:
    """Computes every sum of the form again, and notes each that disagrees."""
    for row in [*rows, *(group for group, _ in found.groups if group not in rows), total]:
        found.problems += (_problem_at(place, row.line, error) for error in _of_row(row.numbers))
    for group, start, end in found.spans():
        if start < end and any(group.numbers.values()):
            errors = _of_column(group, found.rows[start:end], GROUP_SUM)
            found.problems += (_problem_at(place, group.line, error) for error in errors)
    found.problems += (_problem_at(place, total.line, error) for error in _of_column(total, rows, COLUMN_SUM))


def _of_row(numbers: Mapping[str, int]) -> Iterator[SipasError]:
    for total, parts in SUMS_OF_A_ROW:
        together = sum(numbers[part] for part in parts)
        if numbers[total] != together:
            yield SipasError(ROW_SUM, total=SipasError(total), found=numbers[total], sum=together)
    left = numbers["received total"] - numbers["resolved total"]
    if left != numbers["open total"]:
        values = {"received": numbers["received total"], "resolved": numbers["resolved total"], "left": left}
        yield SipasError(LEFT, **values, found=numbers["open total"])


def _of_column(total: FieldRow, rows: list[FieldRow], template: str) -> Iterator[SipasError]:
    for role in ROLES:
        together = sum(row.numbers[role] for row in rows)
        if total.numbers[role] != together:
            yield SipasError(template, total=SipasError(role), found=total.numbers[role], sum=together)


def _problem(grid: Grid, line: int, error: SipasError, column: str = "") -> CellProblem:
    return _problem_at(place_of(grid), line, error, column)


def _problem_at(place: str, line: int, error: SipasError, column: str = "") -> CellProblem:
    return CellProblem(place, line, column, error, counts_rows=True)
