"""What to improve first: how much each factor goes with overall satisfaction, beside how it performs.

It is association, not cause: people who like an office like all of it. The shares say where satisfied and dissatisfied
people differ most, which is where to look first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, combinations_with_replacement
from math import comb

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from analysis.errors import N_, AnalysisError, no_replicates
from analysis.estimands.second_moments import require_elements
from analysis.tabulation.cells import Cells
from analysis.tabulation.grouped_sums import group_matrix
from analysis.tabulation.respondent_sums import importance_scale, required_sums
from analysis.variance.design_counts import count_design
from analysis.weighting.weights import Weights, design_weights

MOST = 12


@dataclass(frozen=True, eq=False)
class Importance:
    """Shapley shares of R2 per factor, with jackknife intervals; `performance` is each factor's weighted mean.

    `r2` is what all factors explain of the outcome together; the shares add up to it. `persons` answered everything.
    """

    factors: tuple[str, ...]
    share: NDArray[np.float64]
    se: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    performance: NDArray[np.float64]
    r2: float
    persons: int
    df: int
    flags: tuple[str, ...]


def importance_of(
    factors: ArrayLike,
    outcome: ArrayLike,
    names: Sequence[str],
    *,
    strata: ArrayLike,
    psus: ArrayLike,
    weights: ArrayLike | None = None,
    level: float = 0.95,
) -> Importance:
    """Compute Shapley shares of R2: a factor's gain in R2, averaged over all orders in which factors can be added.

    `factors` [persons, factors] are means of each person's own scores, `outcome` her overall satisfaction; whoever
    lacks one is left out. The interval is a delete-one-PSU jackknife within strata (JKn, about the estimate). The
    shares are those of R. H. Lindeman, P. F. Merenda and R. Z. Gold, Introduction to Bivariate and Multivariate
    Analysis, 1980, page 119; U. Grömping, Journal of Statistical Software 17 (2006). All subsets are fitted, so at most
    12 factors.

    >>> scores = [[1, 5], [2, 3], [3, 4], [4, 1], [5, 2], [2, 2]]
    >>> found = importance_of(scores, [1, 2, 3, 4, 5, 3], ["speed", "place"], strata=[1] * 6, psus=[1, 1, 2, 2, 3, 3])
    >>> [round(share, 3) for share in found.share.tolist()], round(found.r2, 3)
    ([0.643, 0.311], 0.955)
    """
    x, y = np.asarray(factors, float), np.asarray(outcome, float)
    w = np.ones(len(y)) if weights is None else np.asarray(weights, float)
    if x.shape != (len(y), len(names)):
        raise AnalysisError(N_("importance needs a column for each of 2 to {most} factors"), most=MOST)
    psu, stratum = _clusters(strata, psus)
    whole = np.isfinite(x).all(axis=1) & np.isfinite(y)
    rows = np.where(whole[:, None], np.column_stack([np.ones(len(y)), x, y]), 0.0)
    moments = np.empty((len(stratum), rows.shape[1], rows.shape[1]))
    for i, j in combinations_with_replacement(range(rows.shape[1]), 2):
        moments[:, i, j] = moments[:, j, i] = np.bincount(psu, w * rows[:, i] * rows[:, j], len(stratum))
    return _importance(moments, stratum, np.bincount(stratum), tuple(names), int(whole.sum()), level)


def importance_in(
    cells: Cells,
    outcome: str,
    weights: Weights | None = None,
    *,
    where: NDArray[np.bool_] | None = None,
    level: float = 0.95,
) -> Importance:
    """Compute the same from cells: all factors of the questionnaire against one item.

    Over those who answered that item and at least half of the items of every factor. Needs
    `tabulate(..., importance=outcome)`.

    weights  made from the same cells; None = the design's own
    where    some of the cells, such as one unit; PSUs without a row there stay in the design

    >>> import pyarrow as pa
    >>> from dataclasses import replace
    >>> from analysis import Codebook, Design, tabulate
    >>> scores = {"q1": [1, 2, 3, 4, 5, 2], "q2": [5, 3, 4, 1, 2, 2], "O": [1, 2, 3, 4, 5, 3]}
    >>> codebook = Codebook.plain({"speed": ["q1"], "place": ["q2"], "whole": ["O"]})
    >>> codebook = replace(codebook, groups=codebook.groups[:2], factors=codebook.factors[:2])
    >>> table = pa.table({"psu": [1, 1, 2, 2, 3, 3], **scores})
    >>> cells = tabulate(table, codebook=codebook, design=Design(psus="psu"), importance="O")
    >>> importance_in(cells, "O").share.round(3).tolist()
    [0.643, 0.311]
    """
    if cells.design.replicates is not None:
        raise no_replicates()
    require_elements(cells)
    sums = required_sums(cells.sums, f"importance:{outcome}", f"importance='{outcome}'")
    final = (design_weights(cells) if weights is None else weights).final
    inside = np.ones(len(cells), dtype=bool) if where is None else np.asarray(where, dtype=bool)
    counts = count_design(cells)
    scale = np.array([1, *importance_scale(cells.codebook), 1], dtype=float)
    size = len(scale)
    by_psu = group_matrix(counts.psu, len(counts.stratum_of_psu), np.where(inside, final, 0.0))
    moments = (by_psu @ sums.reshape(len(cells), -1)).reshape(-1, size, size) / np.outer(scale, scale)
    # means of levels 1..k, as people read them, instead of level - 1: the shares do not change
    shift = np.eye(size)
    shift[1:-1, 0] = 1.0
    moments = shift @ moments @ shift.T
    met = np.unique(counts.stratum[inside])
    kept = np.isin(counts.stratum_of_psu, met)
    return _importance(
        moments[kept], np.searchsorted(met, counts.stratum_of_psu[kept]), counts.n[met],
        tuple(cells.codebook.factor_items), int(sums[inside, 0, 0].sum()), level, cells.design.lonely,
    )  # fmt: skip


def _importance(
    moments: NDArray,
    stratum: NDArray[np.int64],
    n: NDArray[np.int64],
    names: tuple[str, ...],
    persons: int,
    level: float,
    lonely: str = "fail",
) -> Importance:
    """From the weighted moments of each PSU; n counts the PSUs of each stratum, also those without rows.

    A single PSU is left out of the variance, or, with `centre`, exchanged for the mean of all PSUs: to first order its
    deviation from that mean, as in `quadratic_form`.
    """
    if not 2 <= len(names) <= MOST:
        raise AnalysisError(N_("importance needs a column for each of 2 to {most} factors"), most=MOST)
    total = moments.sum(axis=0)
    if not total[0, 0] > 0:
        raise AnalysisError(N_("nobody answered the outcome and an item of every factor"))
    shares = _shapley(total[None])[0]
    alone = n == 1
    if alone.all() or (alone.any() and lonely == "fail"):
        raise AnalysisError(N_("a stratum has a single PSU, so its variance is unknown; merge it with a similar one"))
    inside = np.array([moments[stratum == h].sum(axis=0) for h in range(len(n))])
    empty = np.flatnonzero(
        n > np.bincount(stratum, minlength=len(n))
    )  # left out, a PSU without rows changes the rest too
    times = np.concatenate([np.ones(len(stratum)), (n - np.bincount(stratum, minlength=len(n)))[empty]])
    of = np.concatenate([stratum, empty])
    left = np.concatenate([moments, np.zeros((len(empty), *total.shape))])
    others = (n / np.maximum(n - 1, 1))[of][:, None, None] * (inside[of] - left)
    if lonely == "centre":
        others[alone[of]] = total / n.sum()
    replicates = _shapley(total - inside[of] + others)
    scale = np.where(alone, float(lonely == "centre"), (n - 1) / n)
    if lonely == "average":
        scale = scale * len(n) / (~alone).sum()
    factor = (times * scale[of])[:, None]
    se = np.sqrt((factor * (replicates - shares) ** 2).sum(axis=0))
    df = int(n.sum() - len(n))
    reach = float(stdtrit(df, (1 + level) / 2)) * se
    return Importance(
        factors=names,
        share=shares,
        se=se,
        low=shares - reach,
        high=shares + reach,
        performance=total[0, 1:-1] / total[0, 0],
        r2=float(shares.sum()),
        persons=persons,
        df=df,
        flags=("association, not cause", *(("review",) if df < 8 else ())),
    )


def _clusters(strata: ArrayLike, psus: ArrayLike) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The PSU of each row, nested in its stratum, and the stratum of each PSU."""
    stratum = np.unique(np.asarray(strata), return_inverse=True)[1]
    label = np.unique(np.asarray(psus), return_inverse=True)[1]
    pairs, psu = np.unique(np.column_stack([stratum, label]), axis=0, return_inverse=True)
    return psu.ravel(), pairs[:, 0]


def _shapley(moments: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shares [sets of moments, factors] from weighted moments of [1, factors, outcome]."""
    centred = moments[:, 1:, 1:] - moments[:, 1:, :1] * moments[:, :1, 1:] / moments[:, :1, :1]
    k = centred.shape[1] - 1
    if not (centred.diagonal(axis1=1, axis2=2) > 0).all():
        raise AnalysisError(N_("a factor or the outcome is the same for everybody who answered it all"))
    r2: dict[tuple[int, ...], NDArray[np.float64]] = {(): np.zeros(len(centred))}
    for size in range(1, k + 1):
        for chosen in combinations(range(k), size):
            inner = centred[:, chosen][:, :, chosen]
            outer = centred[:, chosen, -1]
            fitted = np.linalg.pinv(inner, hermitian=True) @ outer[:, :, None]
            r2[chosen] = (outer * fitted[:, :, 0]).sum(axis=1) / centred[:, -1, -1]
    shares = np.zeros((len(centred), k))
    for chosen, before in r2.items():
        for j in set(range(k)) - set(chosen):
            gain = r2[tuple(sorted((*chosen, j)))] - before
            shares[:, j] += gain / (k * comb(k - 1, len(chosen)))
    return shares
