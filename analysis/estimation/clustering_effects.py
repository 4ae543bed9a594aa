"""What clustering does to a share, beyond what its weights do: shared among siblings, persons and the enclosing domain.

A design effect is taken apart as Kish's weighting effect times a clustering effect (L. Kish, Survey Sampling, 1965,
section 11.7; S. Gabler, S. Haeder, P. Lahiri, Survey Methodology 25, 1999, 105-106). The first is known from the
weights alone. The second has to be estimated, and where a few answers carry most of the weight it hardly can be: twelve
people of whom none is dissatisfied show no variance at all. So each figure borrows from those that answered alike, the
more the less it tells itself. All arrays are [domains, figures].
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.estimands.estimands import ITEM
from analysis.estimation.design_effects import ENOUGH, averaged_deff
from analysis.estimation.intervals import Array
from analysis.estimation.ratios import RatioEstimates

SIBLINGS_BELOW, SIBLINGS_ABOVE = 8.0, 4.0  # degrees of freedom that siblings count as, by where the own effect lies
PERSONS, UNEVEN = 0.5, 2.0  # persons that a lent effect counts as: always for a figure alone, and for uneven weights


@dataclass(frozen=True, eq=False)
class Lenders:
    """What figures may borrow: the clustering effects of the enclosing domain, and of the domain without weights.

    parent      the figure's in the smallest enclosing domain with df >= 8; NaN where there is none
    unweighted  the figure's in its own domain with all weights equal; NaN where it was not computed
    """

    parent: Array
    unweighted: Array


def own_effect(found: RatioEstimates, counted: Array) -> Array:
    """Return the design effect V/(p (1 - p)/n) over Kish's weighting effect; NaN outside 0 < p < 1."""
    inside = (found.value > 0) & (found.value < 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        whole = found.variance / (found.value * (1 - found.value) / counted)
        return np.where(inside & (found.kish > 0), whole / found.kish, np.nan)


def clustering_effects(
    found: RatioEstimates, counted: Array, kinds: tuple[str, ...], lenders: Lenders
) -> tuple[Array, NDArray[np.int64]]:
    """Return the clustering effect of each share, and over how many siblings it was shared.

    Items, and factors of which five have a variance: (w own + k mean)/(w + k), with w the degrees of freedom and k = 4
    where the own lies above its siblings' mean; else w at most the number of answers on the rarer side, and k = 8, as
    few answers of one kind show too small a variance more often than too large a one. Pooled figures: a lent effect
    counts as half a person where there are no siblings (else theirs does), and as 2 (1 - evenness) persons more where
    weights are uneven, against as many persons as carry the variance, times min(p, 1 - p). Where there is nothing of
    its own (0%, 100%, no variance), what is borrowed stands alone; an item with nobody to borrow from has 1.
    """
    own = own_effect(found, counted)
    mean, siblings = averaged_deff(own, found.value, found.df, kinds)
    shared = _among_siblings(found, counted, own, mean, siblings)
    return _with_persons(found, shared, siblings, kinds, lenders), siblings


def shared_deff(found: RatioEstimates, effect: Array) -> Array:
    """Return Kish's effect times the clustering effect, at least what uneven weights alone explain.

    The floor is Kish's effect as far as the variance rests on few answers, which may show none of it by luck; where
    all answers carry it, the floor is 1 (with population counts 1 - n/N), as estimates below Kish's are no luck then.
    """
    floor = (1 - found.evenness) * found.kish + found.evenness * np.minimum(found.kish, 1)
    return np.maximum(found.kish * effect, floor)


def interval_df(found: RatioEstimates, siblings: NDArray[np.int64]) -> Array:
    """Return the degrees of freedom of an interval: after what weights take, and siblings give back, at most all."""
    with_siblings = np.minimum(found.df, found.df_weighted + SIBLINGS_ABOVE)
    return np.where(siblings >= ENOUGH, with_siblings, found.df_weighted)


def _among_siblings(
    found: RatioEstimates, counted: Array, own: Array, mean: Array, siblings: NDArray[np.int64]
) -> Array:
    own = np.nan_to_num(own)
    above = own > mean
    with np.errstate(divide="ignore", invalid="ignore"):
        rarer = counted / found.kish * np.minimum(found.value, 1 - found.value)
        weight = np.where(above, found.df_weighted, np.minimum(found.df_weighted, rarer))
        borrowed = np.where(above, SIBLINGS_ABOVE, SIBLINGS_BELOW)
        shared = np.where(own > 0, (weight * own + borrowed * mean) / (weight + borrowed), mean)
    return np.where(siblings >= ENOUGH, shared, np.where(own > 0, own, np.nan))


def _with_persons(
    found: RatioEstimates,
    effect: Array,
    siblings: NDArray[np.int64],
    kinds: tuple[str, ...],
    lenders: Lenders,
) -> Array:
    pooled = (found.answers > found.people) & np.array([kind != ITEM for kind in kinds])
    with np.errstate(divide="ignore", invalid="ignore"):
        each = found.answers / found.people  # as if the answers of one person were all alike
        parent = np.where(np.isnan(lenders.parent), each, np.maximum(lenders.parent, 1))
        second = np.where(np.isnan(lenders.unweighted), each, np.maximum(lenders.unweighted, 1))
        second = np.where(np.isnan(lenders.parent), second, parent)
        alone = np.where(siblings < ENOUGH, PERSONS, 0.0)
        uneven = UNEVEN * (1 - found.evenness)
        evidence = found.people * found.evenness * np.minimum(found.value, 1 - found.value)
        evidence = np.where(siblings >= ENOUGH, evidence + PERSONS, np.where(np.isnan(effect), 0.0, evidence))
        total = evidence + alone + uneven
        lent = (evidence * np.nan_to_num(effect) + alone * parent + uneven * second) / total
    known = np.where(np.isnan(effect), 1.0, effect)
    return np.where(pooled & (alone + uneven > 0) & (total > 0), lent, known)
