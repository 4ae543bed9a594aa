"""Complaints about a table: gathered first, then told together, each with its line and column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sipas.errors import N_, BadFile, ManyErrors, SipasError, first_few

if TYPE_CHECKING:
    from sipas.tables.table import Table

SHOWN = 20
KEPT = 1000
LINES = 5  # with the same fault that are named


class CellProblem(SipasError):
    """What is wrong in one cell, or in a whole line when `column` is empty; `reason` says it without the place."""

    def __init__(self, file: str, line: int, column: str, reason: SipasError, counts_rows: bool = False) -> None:
        if counts_rows and column:
            template = N_("{file}, row {line}, column {column}: {reason}")
        elif counts_rows:
            template = N_("{file}, row {line}: {reason}")
        elif column:
            template = N_("{file}, line {line}, column {column}: {reason}")
        else:
            template = N_("{file}, line {line}: {reason}")
        super().__init__(template, file=file, line=line, column=column, reason=reason)
        self.line = line
        self.column = column
        self.reason = reason


class BadTable(ManyErrors, BadFile):
    """Cells or lines of a table that cannot be accepted.

    `problems` holds them (the first thousand, in the order of the file) and `count` says how many there are; the text
    tells each cause once with its lines, the first twenty of them, and how many cells there are more.
    """

    def __init__(self, problems: Sequence[CellProblem], count: int = 0) -> None:
        self.problems = tuple(problems)
        self.count = max(count, len(self.problems))
        if self.count == 1:
            (only,) = self.problems
            super().__init__(only, [])
            return
        heading = SipasError(
            N_("{file} has {count} cells or lines that cannot be accepted:"),
            file=self.problems[0].values["file"],
            count=self.count,
        )
        causes: dict[tuple[str, str], list[CellProblem]] = {}
        for problem in self.problems:
            causes.setdefault((problem.column, str(problem.reason)), []).append(problem)
        shown = list(causes.values())[:SHOWN]
        errors = [_at_all_lines(alike) for alike in shown]
        told = sum(map(len, shown))
        if self.count > told:
            errors.append(SipasError(N_("... and {more} more"), more=self.count - told))
        super().__init__(heading, errors)


def _at_all_lines(alike: Sequence[CellProblem]) -> SipasError:
    """One complaint for all cells of a column that have the same fault."""
    first, *others = alike
    if not others:
        return first
    lines = first_few([problem.line for problem in others], LINES)
    return SipasError(
        N_("{complaint} (the same in {count} more: {lines})"), complaint=first, count=len(others), lines=lines
    )


class Problems:
    """A notebook for the complaints about one table: `add` what is found, then `refuse`."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.found: list[CellProblem] = []
        self.count = 0

    def __bool__(self) -> bool:
        return self.count > 0

    def add(self, row: int, column: str, template: str, **values: object) -> None:
        """Note what is wrong in a cell (`row` counted from 0); `{value}` in the template is the cell as it stands.

        Without a `column` the complaint is about the whole line.
        """
        self.count += 1
        if len(self.found) < KEPT:
            table = self.table
            if "value" not in values:
                values["value"] = table.shown(row, column) if column else ""
            reason = SipasError(template, **values)
            self.found.append(CellProblem(table.name, table.line(row), table.called(column), reason, table.counts_rows))

    def add_at(self, line: int, column: str, template: str, **values: object) -> None:
        """Note what is wrong in a cell of which the line is known, and the value among `values`."""
        self.count += 1
        table = self.table
        self.found.append(CellProblem(table.name, line, table.called(column), SipasError(template, **values)))

    def add_rows(self, rows: Sequence[int] | NDArray[np.integer], column: str, template: str, **values: object) -> None:
        """Note the same complaint about a cell in each of several rows."""
        room = max(KEPT - len(self.found), 0)
        for row in rows[:room]:
            self.add(int(row), column, template, **values)
        self.count += max(len(rows) - room, 0)

    def refuse(self) -> None:
        """Raise `BadTable` if anything was noted."""
        if self.count:
            raise BadTable(sorted(self.found, key=lambda problem: problem.line), self.count)
