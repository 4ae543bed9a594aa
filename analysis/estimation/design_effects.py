"""Design effects lent between figures: a figure's own variance is itself uncertain, and its siblings know it too.

Items of a questionnaire share PSUs and weights, so their design effects are alike; the same figure in a larger domain
knows more about how alike the answers of one cluster, and of one person, are. README: "The default interval".
"""

import numpy as np
from numpy.typing import NDArray

from analysis.estimands.estimands import ITEM, WHOLE
from analysis.estimation.intervals import ENOUGH, Array
from analysis.estimation.ratios import RatioEstimates
from analysis.estimation.reliability_flags import FEW_DF
from analysis.variance.ultimate_clusters import Runs

HALF = 0.5


def averaged_deff(own: Array, value: Array, df: NDArray, kinds: tuple[str, ...]) -> tuple[Array, NDArray[np.int64]]:
    """Mean design effect of the figures of the same kind in the domain with 0 < p < 1 and df >= 1, and their number."""
    pooled_deff, number = np.full_like(own, np.nan), np.zeros(own.shape, dtype=np.int64)
    usable = (value > 0) & (value < 1) & (df >= 1) & np.isfinite(own)
    for kind in set(kinds) - {WHOLE}:
        columns = np.flatnonzero([k == kind for k in kinds])
        good = usable[:, columns]
        count = good.sum(1)
        total = np.where(good, own[:, columns], 0.0).sum(1)
        pooled_deff[:, columns] = (total / np.maximum(count, 1))[:, None]
        number[:, columns] = count[:, None]
    return pooled_deff, number


def parent_domain_deff(own: Array, value: Array, found: RatioEstimates, runs: list[Runs]) -> Array:
    """The same figure's own design effect in the smallest enclosing domain with df >= 8 and 0 < p < 1; else NaN."""
    lent = np.full_like(own, np.nan)
    size = np.full(own.shape, np.inf)
    offsets = np.cumsum([0] + [len(run) for run in runs])
    good = (found.df >= FEW_DF) & (value > 0) & (value < 1) & np.isfinite(own)
    for inner, run in enumerate(runs):
        here = slice(offsets[inner], offsets[inner + 1])
        for outer, wide in enumerate(runs):
            if not set(wide.columns) < set(run.columns):
                continue
            keep = [run.columns.index(column) for column in wide.columns]
            place = {labels: offsets[outer] + d for d, labels in enumerate(wide.labels)}
            home = np.array([place[tuple(labels[k] for k in keep)] for labels in run.labels], dtype=np.int64)
            better = good[home] & (found.n[home] < size[here])
            lent[here] = np.where(better, own[home], lent[here])
            size[here] = np.where(better, found.n[home], size[here])
    return lent


def shrunken_deff(
    own: Array,
    value: Array,
    people: NDArray[np.int64],
    answers: NDArray[np.int64],
    lent: Array,
    siblings: NDArray[np.int64],
    kinds: tuple[str, ...],
) -> tuple[Array, Array]:
    """Design effects of pooled figures without enough siblings, inside (0, 1) and at its edges.

    Few people give many answers, and where next to all are satisfied hardly anybody tells how alike the answers of one
    person are. So the own design effect counts as k = people x min(p, 1 - p) persons, the lent one as half a person:
    D = (k own + lent/2)/(k + 1/2); at 0%, 100% and zero variance D = lent. Lent is the figure's own in the smallest
    enclosing domain with df >= 8; else answers per person, so that the effective number is at most that of people.
    """
    alone = (siblings < ENOUGH) & (answers > people) & np.array([kind != ITEM for kind in kinds])
    with np.errstate(divide="ignore", invalid="ignore"):
        leaned = np.where(np.isnan(lent), answers / people, lent)
        k = people * np.minimum(value, 1 - value)
        inside = (value > 0) & (value < 1) & (own > 0)
        steady = np.where(inside, (k * own + HALF * leaned) / (k + HALF), leaned)
    return np.where(alone, steady, own), np.where(alone, leaned, lent)
