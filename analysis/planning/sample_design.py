"""Planning the next wave: how many answers, from which units, and a draw that can be repeated.

Sizes are for shares (satisfied or not). All formulas are for planning: the margin that was really reached comes from
the estimates of the wave.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from analysis.errors import N_, AnalysisError

Method = Literal["proportional", "neyman", "power"]


class CannotPlan(AnalysisError):
    """The sample that was asked for does not exist."""


def sample_size(
    margin: float,
    *,
    p: float = 0.5,
    level: float = 0.95,
    deff: float = 1.0,
    population: float = np.inf,
    response: float = 1.0,
) -> int:
    """Compute how many people to ask so that a share is known to plus or minus `margin`; at most all there are.

    n0 = z^2 p (1-p) deff / margin^2; of a small population n0 / (1 + n0/N); divided by the share that answers (W. G.
    Cochran, Sampling Techniques, 1977, sections 4.4 and 5.9). The widespread N / (1 + N margin^2) is this with p = 0.5
    and z rounded to 2.

    >>> sample_size(0.05), sample_size(0.05, population=1000), sample_size(0.03, p=0.85, deff=1.5, response=0.8)
    (385, 278, 1021)
    """
    _between("margin", margin, 0, 1)
    _between("p", p, 0, 1)
    _between("level", level, 0, 1)
    _between("response", response, 0, 1, closed=True)
    _above("deff", deff)
    if not population >= 1:
        raise CannotPlan(
            N_("the population counts people, 1 or more, and {population} does not"), population=population
        )
    if margin > min(p, 1 - p) * (1 + 1e-9):
        raise CannotPlan(
            N_("around {p} a margin of {margin} reaches below 0 or above 1; ask for one of at most {most}"),
            p=p, margin=margin, most=round(min(p, 1 - p), 6),
        )  # fmt: skip
    z = float(ndtri((1 + level) / 2))
    wanted = z**2 * p * (1 - p) * deff / margin**2
    return int(min(np.ceil(wanted / (1 + wanted / population) / response - 1e-9), population))


def cluster_deff(icc: float, answers: float, *, weighting: float = 1.0) -> float:
    """Compute the design effect of clusters of so many answers: weighting (1 + (answers - 1) icc).

    icc        intraclass correlation, as `sipas quality` prints it for the last wave
    answers    answers in a cluster, such as those of one week at one point
    weighting  Kish's effect of uneven weights, 1 or more

    L. Kish, Survey Sampling, 1965, section 5.4; with weights S. Gabler, S. Haeder, P. Lahiri, Survey Methodology 25,
    1999. Raises CannotPlan for an icc outside 0 to 1, and for fewer than one answer.

    >>> cluster_deff(0.05, 21), cluster_deff(0.05, 21, weighting=1.2)
    (2.0, 2.4)
    """
    if not 0 <= icc <= 1:
        raise CannotPlan(N_("an intraclass correlation lies between 0 and 1; {icc} does not"), icc=icc)
    if not answers >= 1 or not weighting >= 1:
        raise CannotPlan(N_("a cluster has at least 1 answer, and the effect of weights is 1 or more"))
    return weighting * (1 + (answers - 1) * icc)


def detectable_change(
    p: float,
    n: ArrayLike,
    *,
    n_next: ArrayLike | None = None,
    deff: float = 1.0,
    level: float = 0.95,
    power: float = 0.8,
) -> NDArray[np.float64]:
    """Compute the smallest change to an independent next wave that is found with probability `power`.

    (z of the level, two-sided, + z of the power) sqrt(deff p (1-p) (1/n + 1/n_next)); S. Lemeshow et al., Adequacy of
    Sample Size in Health Studies, 1990, chapter 1. Near 0 and 1 it is rough: the change itself moves p. At most the
    larger of p and 1 - p, as no share changes by more: then only a change of all is found, or not even that.

    >>> detectable_change(0.85, [400, 1600]).round(3).tolist()
    [0.071, 0.035]
    """
    _between("p", p, 0, 1)
    _between("level", level, 0, 1)
    _between("power", power, 0, 1)
    _above("deff", deff)
    n = np.asarray(n, float)
    later = n if n_next is None else np.asarray(n_next, float)
    if not (n >= 1).all() or not (later >= 1).all():
        raise CannotPlan(N_("a wave has at least 1 answer"))
    reach = float(ndtri((1 + level) / 2) + ndtri(power))
    return np.minimum(reach * np.sqrt(deff * p * (1 - p) * (1 / n + 1 / later)), max(p, 1 - p))


def allocate(
    total: int,
    population: ArrayLike,
    method: Method = "proportional",
    *,
    spread: ArrayLike = 1.0,
    power: float = 0.5,
    minimum: int = 0,
) -> NDArray[np.int64]:
    """Divide `total` interviews among units with so many dossiers each.

    `proportional` to N, best where only the province counts and units are alike; `neyman` to N S, best for the province
    (J. Neyman, Journal of the Royal Statistical Society 97, 1934), with `spread` S, for a share sqrt(p (1-p)); `power`
    to N^power S, between the province and equal sizes for all (after M. D. Bankier, Power allocations, The American
    Statistician 42, 1988). Each unit gets at least `minimum` and at most all its dossiers; fractions go to the largest
    remainders, so that the sum is exact.

    >>> allocate(100, [6000, 3000, 1000]).tolist(), allocate(100, [6000, 3000, 1000], "power").tolist()
    ([60, 30, 10], [47, 34, 19])
    >>> allocate(100, [6000, 3000, 8], minimum=20).tolist()
    [61, 31, 8]
    """
    size = np.asarray(population, float)
    if not np.isfinite(size).all() or (size < 0).any():
        raise CannotPlan(N_("every unit needs a number of dossiers, zero or more"))
    exponent = power if method == "power" else 1.0
    score = np.where(size > 0, size**exponent, 0) * (1.0 if method == "proportional" else np.asarray(spread, float))
    lower = np.minimum(minimum, np.floor(size))
    if not lower.sum() <= total <= np.floor(size).sum():
        raise CannotPlan(
            N_("{total} interviews do not fit: the minimum takes at least {least}, and there are {most} dossiers"),
            total=total, least=int(lower.sum()), most=int(np.floor(size).sum()),
        )  # fmt: skip
    return _whole(_bounded(total, score, lower, np.floor(size)), total, np.floor(size))


@dataclass(frozen=True)
class Draw:
    """A systematic sample: chosen positions in the list, and all that is needed to draw it again."""

    chosen: tuple[int, ...]
    listed: int
    seed: int
    start: float
    step: float

    def of(self, names: Sequence[str]) -> list[str]:
        """Return the chosen ones of the list that was drawn from."""
        if len(names) != self.listed:
            raise CannotPlan(N_("the draw was made from a list of {listed}, not of {given}"),
                             listed=self.listed, given=len(names))  # fmt: skip
        return [names[position] for position in self.chosen]


def systematic_draw(listed: int, n: int, *, seed: int, sizes: ArrayLike | None = None) -> Draw:
    """Draw every (N/n)th of a list from a random start; with `sizes`, with probability proportional to size.

    Sort the list first (by unit, field, date): the draw then spreads over it. The start is the first number of NumPy's
    PCG64 generator with this seed, times the step. With sizes, one that is at least a step long would be chosen twice
    and is refused: take it with certainty and draw among the others. L. Kish, Survey Sampling, 1965, chapters 4 and 7.

    >>> draw = systematic_draw(10, 3, seed=2026)
    >>> draw.of(list("abcdefghij")), draw == systematic_draw(10, 3, seed=2026)
    (['a', 'd', 'h'], True)
    """
    size = np.ones(listed) if sizes is None else np.asarray(sizes, float)
    if not 0 < n <= listed or len(size) != listed or not (size > 0).all():
        raise CannotPlan(
            N_("cannot draw {n} of {listed}: from 1 to all can be drawn, and each needs a positive size"),
            n=n, listed=listed,
        )  # fmt: skip
    step = float(size.sum()) / n
    if sizes is not None and (size > step).any():
        raise CannotPlan(
            N_("number {position} of the list is larger than the step {step}; take it with certainty, draw the others"),
            position=int(np.argmax(size > step)) + 1, step=round(step, 3),
        )  # fmt: skip
    start = float(np.random.default_rng(seed).random()) * step
    chosen = np.searchsorted(np.cumsum(size), start + step * np.arange(n), side="right")
    return Draw(tuple(int(position) for position in np.minimum(chosen, listed - 1)), listed, seed, start, step)


def _bounded(
    total: int, score: NDArray[np.float64], lower: NDArray[np.float64], upper: NDArray[np.float64]
) -> NDArray[np.float64]:
    """lambda * score clipped to its bounds, lambda such that it sums to the total: bisection, the sum is monotone."""
    if lower.sum() == total:
        return lower
    if not (score > 0).any():
        raise CannotPlan(N_("no unit has both dossiers and a spread, so there is nothing to divide by"))
    low, high = 0.0, float((upper[score > 0] / score[score > 0]).max())
    if np.clip(high * score, lower, upper).sum() < total:
        raise CannotPlan(N_("units with a spread of zero cannot take the rest; give them a spread or a minimum"))
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if np.clip(middle * score, lower, upper).sum() < total else (low, middle)
    return np.clip(high * score, lower, upper)


def _whole(share: NDArray[np.float64], total: int, upper: NDArray[np.float64]) -> NDArray[np.int64]:
    floor = np.floor(share + 1e-9)
    room = np.where(floor < upper, share - floor, -1.0)
    floor[np.argsort(-room, kind="stable")[: round(total - floor.sum())]] += 1
    return floor.astype(np.int64)


def _above(what: str, value: float) -> None:
    if not 0 < value < np.inf:
        raise CannotPlan(N_("{what} lies above 0; {value} does not"), what=what, value=value)


def _between(what: str, value: float, low: float, high: float, closed: bool = False) -> None:
    if not (low < value < high or (closed and value == high)):
        raise CannotPlan(N_("{what} lies between {low} and {high}; {value} does not"),
                         what=what, low=low, high=high, value=value)  # fmt: skip
