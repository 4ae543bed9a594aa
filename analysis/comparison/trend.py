"""A series across waves, cut where it must not be read through.

A change of questionnaire, population, boundaries or scoring rule breaks a series: no change is computed across it, and
the page says what changed. Between breaks: changes from wave to wave, judged together, and the slope.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtr, stdtrit

from analysis.comparison.multiplicity import holm
from analysis.errors import N_, AnalysisError

ASPECTS = ("instrument", "population", "boundaries", "scoring")


@dataclass(frozen=True)
class Wave:
    """What a wave measured: equal words mean the same thing was measured in the same way."""

    name: str
    instrument: str = ""
    population: str = ""
    boundaries: str = ""
    scoring: str = ""

    def changed_since(self, earlier: "Wave") -> tuple[str, ...]:
        """Return the aspects that are not as they were."""
        return tuple(aspect for aspect in ASPECTS if getattr(self, aspect) != getattr(earlier, aspect))


@dataclass(frozen=True)
class Change:
    """From one wave to a later one. Across a break there is no estimate, and `broken` says what changed.

    `adjusted` is the p-value after Holm over all changes of the series.
    """

    start: str
    end: str
    estimate: float | None = None
    se: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    adjusted: float | None = None
    broken: tuple[str, ...] = ()


@dataclass(frozen=True)
class Trend:
    """A series: changes between neighbours, and for each unbroken stretch the average change per wave."""

    changes: tuple[Change, ...]
    slopes: tuple[Change, ...]
    reading: str
    level: float


def breaks(waves: Sequence[Wave]) -> list[tuple[str, ...]]:
    """Return for each wave what changed since the one before; the first has nothing before it.

    >>> breaks([Wave("2021", "G1", "clients"), Wave("2022", "G2", "adults"), Wave("2023", "G2", "adults")])
    [(), ('instrument', 'population'), ()]
    """
    return [(), *(later.changed_since(earlier) for earlier, later in pairwise(waves))]


def trend_over(
    waves: Sequence[Wave], estimates: ArrayLike, variance: ArrayLike, *, df: ArrayLike = np.inf, level: float = 0.95
) -> Trend:
    """Compute changes and slopes of one figure over waves in their order.

    `variance` says how the waves are read: variances mean independent samples (new clusters in each wave), a covariance
    matrix means a panel (the same clusters asked again, whose likeness makes changes surer). `df` is one number or one
    per wave (a contrast has the smallest of its waves). A slope is sum (t - mean t) y / sum (t - mean t)^2 over the
    waves of an unbroken stretch, taken as equally far apart: a contrast of waves, not a regression of answers.

    >>> series = trend_over([Wave("a"), Wave("b"), Wave("c", "new form")], [0.80, 0.85, 0.90], [0.0001, 0.0001, 0.0001])
    >>> [(change.end, change.estimate and round(change.estimate, 3), change.broken) for change in series.changes]
    [('b', 0.05, ()), ('c', None, ('instrument',))]
    >>> [(slope.start, slope.end, round(slope.estimate, 3)) for slope in series.slopes]
    [('a', 'b', 0.05)]
    """
    values, covariance = np.asarray(estimates, float), np.asarray(variance, float)
    reading = "panel" if covariance.ndim == 2 else "independent"
    covariance = covariance if covariance.ndim == 2 else np.diag(covariance)
    if not len(waves) == len(values) == len(covariance) == covariance.shape[1]:
        raise AnalysisError(N_("{waves} waves need as many estimates and variances"), waves=len(waves))
    degrees = np.broadcast_to(np.asarray(df, float), values.shape)
    cut = breaks(waves)
    found = [
        Change(earlier.name, later.name, broken=cut[t + 1])
        if cut[t + 1]
        else _contrast(waves, [t, t + 1], values, covariance, degrees, level)
        for t, (earlier, later) in enumerate(pairwise(waves))
    ]
    starts = [t for t, changed in enumerate(cut) if changed or t == 0]
    stretches = [list(range(a, b)) for a, b in zip(starts, [*starts[1:], len(waves)], strict=True)]
    slopes = [_contrast(waves, each, values, covariance, degrees, level) for each in stretches if len(each) > 1]
    return Trend(_judged(found), _judged(slopes), reading, level)


def _contrast(
    waves: Sequence[Wave],
    places: list[int],
    values: NDArray[np.float64],
    covariance: NDArray[np.float64],
    degrees: NDArray[np.float64],
    level: float,
) -> Change:
    time = np.arange(len(places)) - (len(places) - 1) / 2
    coefficient = time / (time**2).sum()
    estimate = float(coefficient @ values[places])
    variance = float(coefficient @ covariance[np.ix_(places, places)] @ coefficient)
    df = float(degrees[places].min())
    start, end = waves[places[0]].name, waves[places[-1]].name
    if not np.isfinite(estimate):
        return Change(start, end)
    if not (variance > 0 and df > 0):
        return Change(start, end, estimate)
    se = float(np.sqrt(variance))
    reach = float(stdtrit(df, (1 + level) / 2)) * se
    return Change(
        start, end, estimate, se, estimate - reach, estimate + reach, float(2 * stdtr(df, -abs(estimate) / se))
    )


def _judged(changes: list[Change]) -> tuple[Change, ...]:
    adjusted = holm([np.nan if change.p is None else change.p for change in changes])
    return tuple(
        Change(**{**vars(change), "adjusted": None if np.isnan(p) else float(p)})
        for change, p in zip(changes, adjusted, strict=True)
    )
