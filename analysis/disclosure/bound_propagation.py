"""Bound propagation: between which numbers a suppressed count must lie, given all published ones together.

Counts bind each other in two ways. Sums: the fields of an office add up to the office, the answers to the items of a
factor to the answers to the factor. And who is inside whom: whoever answered an item gave an answer to its factor, so
that the item counts at most as many people as the factor. Pure arithmetic on counts numbered 0, 1, 2, ...; which counts
there are and what is known of them is `attacker`'s business.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class LinearConstraint:
    """The total is the sum of its parts; where not `equal`, at most `times` that sum."""

    total: int
    parts: tuple[int, ...]
    equal: bool = True
    times: int = 1

    def holds(self, low: Sequence[float], high: Sequence[float]) -> bool:
        """Say whether counts within these intervals can satisfy it."""
        most = self.times * sum(high[part] for part in self.parts)
        return low[self.total] <= most and not (self.equal and high[self.total] < sum(low[part] for part in self.parts))


def propagate_bounds(
    low: ArrayLike, high: ArrayLike, constraints: Sequence[LinearConstraint], rounds: int = 1000
) -> tuple[Floats, Floats]:
    """Tighten intervals of whole numbers, constraint by constraint, until none tightens any further.

    From a total and all other parts at their utmost follows what is left for a part, and the reverse (propagation of
    bounds, as in constraint programming: Apt, Principles of Constraint Programming, 2003, chapter 6). What follows only
    from several constraints taken together is found by linear programming, which is a hundred times as slow; the tests
    hold released tables against that as well. Where constraints contradict each other, what was found before stands.

    Of 60 people 20 to 30 answered in one office; in the other, 30 to 40:

    >>> low, high = propagate_bounds([60, 20, 1], [60, 30, np.inf], [LinearConstraint(0, (1, 2))])
    >>> low.tolist(), high.tolist()
    ([60.0, 20.0, 30.0], [60.0, 30.0, 40.0])
    """
    low, high = np.array(low, dtype=float), np.array(high, dtype=float)
    kinds = [
        _Constraints(some) for equal in (True, False) if (some := [one for one in constraints if one.equal is equal])
    ]
    for _ in range(rounds):
        before = low.copy(), high.copy()
        for kind in kinds:
            kind.tighten(low, high)
        if (low > high).any():
            return before
        if np.array_equal(before[0], low) and np.array_equal(before[1], high):
            break
    return low, high


class _Constraints:
    """Constraints of one kind as arrays: for each entry its constraint and its part."""

    def __init__(self, constraints: Sequence[LinearConstraint]) -> None:
        self.equal = constraints[0].equal
        self.total = np.array([one.total for one in constraints])
        self.times = np.array([one.times for one in constraints], dtype=float)
        self.constraint = np.repeat(np.arange(len(constraints)), [len(one.parts) for one in constraints])
        self.part = np.array([part for one in constraints for part in one.parts])

    def tighten(self, low: Floats, high: Floats) -> None:
        constraint, part, total = self.constraint, self.part, self.total
        finite = np.where(np.isinf(high), 0.0, high)
        most = np.bincount(constraint, finite[part], len(total))
        endless = np.bincount(constraint, np.isinf(high[part]), len(total))
        others = np.where(endless[constraint] - np.isinf(high[part]) > 0, np.inf, most[constraint] - finite[part])
        np.minimum.at(high, total, np.where(endless > 0, np.inf, self.times * most))
        np.maximum.at(low, part, np.ceil((low[total] / self.times)[constraint] - others))
        if self.equal:
            least = np.bincount(constraint, low[part], len(total))
            np.maximum.at(low, total, least)
            np.minimum.at(high, part, high[total][constraint] - (least[constraint] - low[part]))
