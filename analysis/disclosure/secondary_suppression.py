"""Secondary (complementary) suppression: which further cells go, so that no primary one follows from those published.

Pure combinatorics over cells numbered 0, 1, 2, ...: what a cell means is `suppress`'s business. Two attackers are kept
out: one who subtracts along a row or column of a table (what is left of a published total), and one who solves all
sums of a table at once. A third, who reasons from bounds, is `attacker`'s business; `audit` lets it ask for more cells.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Sum:
    """A published relation: the total is the sum of its parts.

    `disjoint` parts hold different people, so that a remainder can itself be too small a group; items of one factor are
    answered by the same people and are not disjoint. Only sums of one `table` are solved together.
    """

    total: int
    parts: tuple[int, ...]
    table: str = ""
    disjoint: bool = True


class Unprotectable(Exception):
    """A cell that must be hidden follows from figures that are public already."""

    def __init__(self, cell: int) -> None:
        super().__init__(cell)
        self.cell = cell


def suppress_secondary(
    sizes: Sequence[int],
    sums: Sequence[Sum],
    primary: Iterable[int],
    *,
    minimum: int = 0,
    published: Iterable[int] = (),
    unanimity: Sequence[int] = (),
    unanimous: int = 0,
    audit: Callable[[set[int]], set[int]] | None = None,
) -> set[int]:
    """Enlarge the primary suppressions until no suppressed cell follows from the published ones.

    In each sum whose total is shown, none or at least two parts are hidden, and the hidden ones hold `minimum` people
    together, because what is left after subtraction is a published group as well. A hidden total has a hidden part. The
    next to go is always the smallest part with answers (the usual first heuristic: Willenborg and de Waal, Elements of
    Statistical Disclosure Control, 2001, chapter 6). At last all sums of a table are solved as linear equations.

    `unanimity` says of each cell whether everybody in it answered one way (1), or the other (-1), or not (0): hidden
    parts that hold fewer than `unanimous` people must not all be unanimous in one way, for the remainder would tell
    what each answered.

    Cells `published` before hide nothing. A cell without answers hides nothing either. `audit` is told what is hidden
    when no more follows, and names further cells to hide; with none the search ends.

    >>> row = Sum(total=0, parts=(1, 2, 3))
    >>> sorted(suppress_secondary([60, 4, 26, 30], [row], [1], minimum=10))
    [1, 2]
    """
    unanimity = unanimity or [0] * len(sizes)
    state = _Cells(sizes, set(primary), set(published), frozenset(primary), minimum, unanimity, unanimous)
    tables = [_Table(lines) for lines in _tables(sums)]
    while True:
        before = state.changes
        for line in sums:
            state.protect(line)
        if state.changes != before:
            continue
        exposed = [first for table in tables if (first := table.exposed(state.hidden()))]
        for cell, line in exposed:
            state.hide_with(cell, line)
        if exposed:
            continue
        more = audit(state.hidden()) - state.suppressed if audit else set()
        if not more:
            return state.suppressed
        for cell in sorted(more):
            state.add(cell)


@dataclass
class _Cells:
    sizes: Sequence[int]
    suppressed: set[int]
    published: set[int]
    primary: frozenset[int]
    minimum: int
    unanimity: Sequence[int]
    unanimous: int
    changes: int = 0

    def hidden(self) -> set[int]:
        return self.suppressed - self.published

    def add(self, cell: int) -> None:
        self.suppressed.add(cell)
        self.changes += 1

    def partner(self, line: Sum) -> int | None:
        """The smallest part that can still be hidden, else the total."""
        free = [part for part in line.parts if self._free(part)]
        if free:
            return min(free, key=lambda part: (self.sizes[part], part))
        return line.total if self._free(line.total) else None

    def _free(self, cell: int) -> bool:
        return self.sizes[cell] > 0 and cell not in self.suppressed and cell not in self.published

    def protect(self, line: Sum) -> None:
        while True:
            hidden = [part for part in line.parts if part in self.suppressed and part not in self.published]
            total_hidden = line.total in self.suppressed and line.total not in self.published
            left = sum(self.sizes[part] for part in hidden)
            if total_hidden:
                if hidden:
                    return
                hidden = [line.total]
            elif not hidden or (len(hidden) > 1 and self._blurred(line, hidden, left)):
                return
            if not self.hide_with(hidden[0], line):
                return

    def _blurred(self, line: Sum, hidden: list[int], left: int) -> bool:
        """Whether the hidden parts together are enough people, who did not all answer alike."""
        people = left if line.disjoint else max(self.sizes[part] for part in hidden)
        alike = {self.unanimity[part] for part in hidden if self.sizes[part]} in ({1}, {-1})
        return (left >= self.minimum or not line.disjoint) and not (alike and people < self.unanimous)

    def hide_with(self, cell: int, line: Sum) -> bool:
        """Hide one more cell of the line to protect this one; False where the cell cannot be protected in it."""
        partner = self.partner(line)
        if partner is not None:
            self.add(partner)
            return True
        if cell in self.primary:
            raise Unprotectable(cell)
        self.suppressed.discard(cell)
        self.published.add(cell)
        self.changes += 1
        return False


class _Table:
    """Sums that are solved together, and with which hidden cells nothing followed from them."""

    def __init__(self, sums: list[Sum]) -> None:
        self.sums = sums
        self.cells = frozenset(cell for line in sums for cell in (line.total, *line.parts))
        self.silent: set[int] | None = None

    def exposed(self, hidden: set[int]) -> tuple[int, Sum] | None:
        """A cell that follows, with a line to widen; solved again only where other cells are hidden than last time."""
        here = hidden & self.cells
        if here == self.silent:
            return None
        found = _solved(self.sums, here)
        self.silent = None if found else here
        return found


def _tables(sums: Sequence[Sum]) -> list[list[Sum]]:
    tables: dict[str, list[Sum]] = {}
    for line in sums:
        if line.disjoint:
            tables.setdefault(line.table, []).append(line)
    return list(tables.values())


def _solved(sums: list[Sum], hidden: set[int]) -> tuple[int, Sum] | None:
    """The first hidden cell that has exactly one possible value, with a line to widen.

    A cell is determined by the equations A x = b just when its unit vector lies in the row space of A.
    """
    lines = [line for line in sums if line.total in hidden or not hidden.isdisjoint(line.parts)]
    cells = sorted({cell for line in lines for cell in (line.total, *line.parts) if cell in hidden})
    if not cells:
        return None
    place = {cell: column for column, cell in enumerate(cells)}
    equations = np.zeros((len(lines), len(cells)))
    for row, line in enumerate(lines):
        equations[row, [place[part] for part in line.parts if part in place]] = -1
        if line.total in place:
            equations[row, place[line.total]] = 1
    _, singular, directions = np.linalg.svd(equations, full_matrices=False)
    reach = (directions[singular > 1e-9 * singular[0]] ** 2).sum(axis=0)
    determined = np.flatnonzero(reach > 1 - 1e-9)
    if not determined.size:
        return None
    cell = cells[determined[0]]
    return cell, next(line for line in lines if cell in line.parts or cell == line.total)
