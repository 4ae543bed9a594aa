"""Design effects shared between figures: a figure's own variance is itself uncertain, and its siblings know it too.

Items of a questionnaire share PSUs and weights, so their design effects are alike; the same figure in a larger domain
knows more about how alike the answers of one cluster, and of one person, are. README: "The default interval".
"""

import numpy as np
from numpy.typing import NDArray

from analysis.estimands.estimands import ITEM, WHOLE
from analysis.estimation.few_clusters import FEW_DF
from analysis.estimation.intervals import ENOUGH, Array
from analysis.estimation.ratios import RatioEstimates
from analysis.variance.domains import DomainFamily

HALF = 0.5


def averaged_deff(own: Array, value: Array, df: NDArray, kinds: tuple[str, ...]) -> tuple[Array, NDArray[np.int64]]:
    """Average the design effects of the figures of one kind in a domain with 0 < p < 1, df >= 1; also their number."""
    mean, number = np.full_like(own, np.nan), np.zeros(own.shape, dtype=np.int64)
    usable = (value > 0) & (value < 1) & (df >= 1) & np.isfinite(own)
    for kind in set(kinds) - {WHOLE}:
        columns = np.flatnonzero([k == kind for k in kinds])
        good = usable[:, columns]
        count = good.sum(1)
        total = np.where(good, own[:, columns], 0.0).sum(1)
        mean[:, columns] = (total / np.maximum(count, 1))[:, None]
        number[:, columns] = count[:, None]
    return mean, number


def parent_domains(own: Array, found: RatioEstimates, families: list[DomainFamily]) -> NDArray[np.int64]:
    """Find where the smallest enclosing domain with df >= 8, 0 < p < 1 and a design effect stands; -1 = nowhere."""
    parent = np.full(own.shape, -1, dtype=np.int64)
    size = np.full(own.shape, np.inf)
    offsets = np.cumsum([0] + [len(family) for family in families])
    good = (found.df >= FEW_DF) & (found.value > 0) & (found.value < 1) & np.isfinite(own)
    for inner, family in enumerate(families):
        here = slice(offsets[inner], offsets[inner + 1])
        for outer, enclosing in enumerate(families):
            if not set(enclosing.columns) < set(family.columns):
                continue
            home = offsets[outer] + enclosing.domain[family.order[family.domain_cells]]
            better = good[home] & (found.n[home] < size[here])
            parent[here] = np.where(better, home[:, None], parent[here])
            size[here] = np.where(better, found.n[home], size[here])
    return parent


def of_parent(values: Array, parent: NDArray[np.int64]) -> Array:
    """Return the same figure's value in the domain found by `parent_domains`; NaN where there is none."""
    columns = np.broadcast_to(np.arange(values.shape[1]), values.shape)
    return np.where(parent >= 0, values[np.maximum(parent, 0), columns], np.nan)


def shrunken_deff(
    own: Array, found: RatioEstimates, parent: Array, siblings: NDArray[np.int64], kinds: tuple[str, ...]
) -> tuple[Array, Array]:
    """Shrink design effects of pooled figures without enough siblings, inside (0, 1) and at its edges.

    Few people give many answers, and where next to all are satisfied hardly anybody tells how alike the answers of one
    person are. So the own design effect counts as k = people x min(p, 1 - p) persons, the parent's as half a person:
    D = (k own + parent/2)/(k + 1/2); at 0%, 100% and zero variance D = parent. Parent is the figure's own in the
    smallest enclosing domain with df >= 8; else answers per person, so that the effective number is at most that of
    people.
    """
    people, answers, value = found.people, found.answers, found.value
    alone = (siblings < ENOUGH) & (answers > people) & np.array([kind != ITEM for kind in kinds])
    with np.errstate(divide="ignore", invalid="ignore"):
        prior = np.where(np.isnan(parent), answers / people, parent)
        k = people * np.minimum(value, 1 - value)
        inside = (value > 0) & (value < 1) & (own > 0)
        shrunken = np.where(inside, (k * own + HALF * prior) / (k + HALF), prior)
    return np.where(alone, shrunken, own), np.where(alone, prior, parent)
