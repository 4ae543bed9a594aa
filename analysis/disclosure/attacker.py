"""An attacker who knows the published table: within which bounds she knows the suppressed counts, and what would help.

She has this table and all earlier ones of the same answers, knows which sums hold and who is inside whom
(`bound_propagation`), and knows the rules: no answers at all are said openly, so a suppressed count is at least 1. A
rounded count leaves her the numbers that round to it, except where digits of a share, with weights that she may know,
tell the rest.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.data.codebook import OVERALL
from analysis.disclosure.bound_propagation import LinearConstraint, propagate_bounds
from analysis.disclosure.secondary_suppression import Sum

Row = Mapping[str, Any]
Key = tuple[str, tuple[tuple[str, str], ...]]
Floats = NDArray[np.float64]

POOLED_FACTOR = 10  # answers of several questions together are rounded to so many times the step of people
_HALF_DIGIT = 0.0005001  # of a share with three decimals


@dataclass(frozen=True)
class FeasibilityInterval:
    """Between which whole numbers lie the people and the answers of a row, from the row alone."""

    people: tuple[float, float] = (0, np.inf)
    answers: tuple[float, float] = (0, np.inf)

    def __and__(self, other: "FeasibilityInterval") -> "FeasibilityInterval":
        return FeasibilityInterval(_both(self.people, other.people), _both(self.answers, other.answers))

    @classmethod
    def exactly(cls, row: Row) -> "FeasibilityInterval":
        """Return the true counts of a row."""
        return cls(_spread(row["n"] or 0, 1, 0), _spread(row.get("answers"), 1, 0))

    @classmethod
    def of(cls, row: Row, step: int, minimum: int, pooled: bool, true: Row | None) -> "FeasibilityInterval":
        """Return what a published row tells; `pooled` where it has several answers of one person.

        Digits of a share may tell more than a rounded count (it is k of n, if all weights are equal). So the reader is
        given the `true` number of people of an item, and the numbers of answers that fit a pooled share.
        """
        if row["withheld"]:
            return cls((1, np.inf), (1, np.inf))
        if step == 1:
            return cls.exactly(row)
        share = row.get("estimate")
        if share is not None and not pooled:
            return cls.exactly(true or row) if true else cls(_spread(row["n"], step, minimum))
        people, shown = _spread(row["n"], step, minimum), row.get("answers")
        if not pooled or not shown:
            return cls(people, (0, 0) if shown == 0 else people if shown else (0, np.inf))
        wide = POOLED_FACTOR * step
        low, high = shown // wide * wide - wide // 2, shown // wide * wide + wide // 2
        if shown == row["n"]:  # as many as people, or fewer than that when rounded
            low, high = people[0], max(high, people[1])
        if share is None or true is None:
            return cls(people, (low, high))
        fits = [n for n in range(int(low), int(high) + 1) if abs(round(share * n) - share * n) <= n * _HALF_DIGIT]
        fits.append(true["answers"])
        return cls(people, (min(fits), max(fits)))


def round_to_base(count: int, step: int) -> int:
    """Round to the nearest multiple of `step`; from the middle up."""
    return (count + step // 2) // step * step


def _both(one: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    return max(one[0], other[0]), min(one[1], other[1])


def _spread(count: int | None, step: int, minimum: int) -> tuple[float, float]:
    """The numbers that are rounded to this count."""
    if count is None:
        return 0, np.inf
    if count == 0 or step == 1:
        return count, count
    lowest = count // step * step - step // 2
    return max(lowest, minimum), lowest + step - 1


def _spans(known: Sequence[FeasibilityInterval]) -> Floats:
    """Least and largest of each count: people of every cell, then answers of every cell."""
    return np.array([one.people for one in known] + [one.answers for one in known], dtype=float).T


class IntervalAttacker:
    """Knows every row as it is shown (`shown`), or from earlier tables (`before`), of the cells numbered by `keys`."""

    def __init__(
        self,
        keys: Sequence[Key],
        sums: Iterable[Sum],
        parts: Mapping[str, Sequence[str]],
        shown: Mapping[int, FeasibilityInterval],
        before: Mapping[int, FeasibilityInterval],
    ) -> None:
        self.keys, self.parts = keys, parts
        self.pooled = {OVERALL, *parts} if parts else set()
        self.own = np.array(sorted(shown), dtype=int)
        self.before = [before.get(cell, FeasibilityInterval()) for cell in range(len(keys))]
        self.shown = [shown[cell] & self.before[cell] if cell in shown else None for cell in range(len(keys))]
        self.within: dict[int, list[tuple[int, ...]]] = {}  # the sums of each cell; sets would take 0.5 GB
        self.beside: dict[int, list[tuple[int, ...]]] = {}
        self.lines = list(self._lines(sums))

    def checked(self, true: Mapping[int, FeasibilityInterval]) -> "IntervalAttacker":
        """Drop constraints that the true counts break (families of domains may be incomplete): they mislead only."""
        known = [true.get(cell, self.before[cell]) for cell in range(len(self.keys))]
        low, high = _spans(known).tolist()
        self.lines = [line for line in self.lines if line.holds(low, high)]
        return self

    def possible(self, hidden: set[int]) -> tuple[Floats, Floats]:
        """Compute the feasibility interval of each cell's number of people, for somebody who sees the others."""
        known = [
            (self.before[cell] & FeasibilityInterval((1, np.inf), (1, np.inf)))
            if cell in hidden else self.shown[cell] or self.before[cell]
            for cell in range(len(self.keys))
        ]  # fmt: skip
        least, most = _spans(known)
        low, high = propagate_bounds(least, most, self.lines)
        return low[: len(known)], high[: len(known)]

    def underprotected(self, hidden: set[int], spread: int) -> list[int]:
        """Find suppressed cells of this table whose feasibility interval has fewer than `spread` numbers of people."""
        low, high = self.possible(hidden)
        return [int(cell) for cell in self.own if cell in hidden and high[cell] - low[cell] + 1 < spread]

    def secondary_cell(self, cell: int, free: set[int], costs: Sequence[tuple[float, ...]]) -> int | None:
        """Choose the cheapest free cell whose suppression widens this interval: in its own domain, else beside it."""
        for near in (self.within, self.beside):
            if found := {one for cells in near.get(cell, ()) for one in cells} & free:
                return min(found, key=lambda one: (costs[one], one))
        return None

    def _lines(self, sums: Iterable[Sum]) -> Iterable[LinearConstraint]:
        cells = len(self.keys)
        for line in sums:
            near = self.beside if line.disjoint else self.within
            together = (line.total, *line.parts)
            for cell in together:
                near.setdefault(cell, []).append(together)
            measure = self.keys[line.total][0]
            if line.disjoint:
                yield LinearConstraint(line.total, line.parts)
                if measure in self.pooled:
                    yield LinearConstraint(cells + line.total, tuple(cells + part for part in line.parts))
                continue
            yield from (LinearConstraint(part, (line.total,), equal=False) for part in line.parts)
            members = tuple(self.parts) if measure == OVERALL else tuple(self.parts[measure])
            if len(line.parts) < len(members):
                continue
            yield LinearConstraint(line.total, line.parts, equal=False)
            answers = (cells + part if self.keys[part][0] in self.pooled else part for part in line.parts)
            yield LinearConstraint(cells + line.total, tuple(answers))
            items = {item for of in (members if measure == OVERALL else (measure,)) for item in self.parts[of]}
            yield LinearConstraint(cells + line.total, (line.total,), equal=False, times=len(items))
