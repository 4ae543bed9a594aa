"""What can be said about ranks: an interval for each, and three words instead of a league table.

Ranks are fragile: among 75 offices with ordinary standard errors, most ranks are known to within sixty places. Publish
the words first, the intervals of ranks beside them, and never the bare rank.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtr

from analysis.comparison.multiplicity import holm
from analysis.errors import N_, AnalysisError, one_of

METHODS = ("holm", "stepdown")
ABOVE, LIKE, BELOW = "above", "not distinguishable", "below"


@dataclass(frozen=True, eq=False)
class Ranks:
    """Simultaneous confidence sets for all ranks; rank 1 is the highest estimate.

    `better[i, j]` says that i is better than j, all pairs tested together. `method` names the test, with draws and seed
    where it has any.
    """

    rank: NDArray[np.int64]
    low: NDArray[np.int64]
    high: NDArray[np.int64]
    better: NDArray[np.bool_]
    method: str
    level: float


def rank_sets(
    estimates: ArrayLike,
    variance: ArrayLike,
    *,
    df: ArrayLike = np.inf,
    level: float = 0.95,
    method: str = "holm",
    draws: int = 10_000,
    seed: int = 1,
) -> Ranks:
    """Compute simultaneous confidence sets of ranks: 1 + (how many are better) to p - (how many are worse).

    `variance` is the covariance matrix of the estimates (calibration ties units together: prefer it), or their
    variances. All ordered pairs are tested one-sidedly. `holm` needs no random numbers and allows t tests: `df` is one
    number, one per estimate (a pair has the smaller) or one per pair. `stepdown` simulates the largest studentised
    difference from a normal distribution, `draws` times, and starts anew without the pairs found; its sets can be
    narrower for correlated estimates, at the price of a seed that must be printed beside them.

    M. Mogstad, J. P. Romano, A. M. Shaikh, D. Wilhelm, Inference for ranks with applications to mobility across
    neighbourhoods and academic achievement across countries, Review of Economic Studies 91 (2024), section 3.

    >>> ranks = rank_sets([0.95, 0.90, 0.80], [0.0001, 0.0001, 0.0001])
    >>> list(zip(ranks.low.tolist(), ranks.high.tolist()))
    [(1, 1), (2, 2), (3, 3)]
    >>> ranks = rank_sets([0.91, 0.90, 0.80], [0.0001, 0.0001, 0.0001])
    >>> list(zip(ranks.low.tolist(), ranks.high.tolist()))
    [(1, 2), (1, 2), (3, 3)]
    """
    one_of("method", method, METHODS)
    values, covariance = np.asarray(estimates, float), np.asarray(variance, float)
    if covariance.ndim == 1:
        covariance = np.diag(covariance)
    p = len(values)
    if p < 2 or covariance.shape != (p, p):
        raise AnalysisError(
            N_("{n} estimates need as many variances or a {n} x {n} matrix, and at least two; the shape is {shape}"),
            n=p, shape=covariance.shape,
        )  # fmt: skip
    spread = np.sqrt(np.maximum(covariance.diagonal()[:, None] + covariance.diagonal() - 2 * covariance, 0))
    pairs = ~np.eye(p, dtype=bool)
    if not np.isfinite(values).all() or not (spread[pairs] > 0).all():
        raise AnalysisError(
            N_("ranks need a value and a positive standard error of each difference; leave out units without one "
               "(a share of 0 or 1 has none: take half the width of its interval over the quantile)")
        )  # fmt: skip
    studentised = np.divide(values[:, None] - values, spread, out=np.zeros((p, p)), where=pairs)
    if method == "holm":
        better = _by_holm(studentised, pairs, _of_pairs(df, p), 1 - level)
    else:
        better = _by_stepdown(studentised, pairs, covariance, spread, level, draws, seed)
    label = method if method == "holm" else f"stepdown draws={draws} seed={seed}"
    rank = 1 + (values[None, :] > values[:, None]).sum(1)
    return Ranks(rank, 1 + better.sum(0), p - better.sum(1), better, label, level)


def standing(
    differences: ArrayLike, se: ArrayLike, *, df: ArrayLike = np.inf, level: float = 0.95
) -> tuple[list[str | None], NDArray[np.float64]]:
    """Judge each unit against the whole in three words, all units together (Holm); return adjusted p-values too.

    `differences` are unit minus province with their standard errors, in which the covariance of part and whole must be
    counted. A unit without a difference or a positive standard error gets no word.

    >>> words, p = standing([0.08, 0.01, -0.06], [0.02, 0.02, 0.02])
    >>> words
    ['above', 'not distinguishable', 'below']
    """
    gap, spread, df = np.broadcast_arrays(*(np.asarray(each, float) for each in (differences, se, df)))
    known = np.isfinite(gap) & np.isfinite(spread) & (spread > 0) & (df > 0)
    t = np.divide(gap, spread, out=np.zeros(gap.shape), where=known)
    p = holm(np.where(known, np.minimum(2 * _upper(np.abs(t), np.where(known, df, 1.0)), 1.0), np.nan))
    words = np.where(p < 1 - level, np.where(gap > 0, ABOVE, BELOW), LIKE)
    return [str(word) if ok else None for word, ok in zip(words, known, strict=True)], p


def groups(standings: Sequence[str | None], names: Sequence[str]) -> dict[str, list[str]]:
    """Group names by word, in their given order: what a page prints instead of a league table.

    >>> groups(["above", None, "below", "above"], ["a", "b", "c", "d"])
    {'above': ['a', 'd'], 'not distinguishable': [], 'below': ['c']}
    """
    return {
        word: [name for name, said in zip(names, standings, strict=True) if said == word]
        for word in (ABOVE, LIKE, BELOW)
    }  # fmt: skip


def _by_holm(
    studentised: NDArray[np.float64], pairs: NDArray[np.bool_], df: NDArray[np.float64], alpha: float
) -> NDArray[np.bool_]:
    return holm(np.where(pairs, _upper(studentised, df), np.nan)) < alpha


def _by_stepdown(
    studentised: NDArray[np.float64],
    pairs: NDArray[np.bool_],
    covariance: NDArray[np.float64],
    spread: NDArray[np.float64],
    level: float,
    draws: int,
    seed: int,
) -> NDArray[np.bool_]:
    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(np.maximum(values, 0))
    normal = np.random.default_rng(seed).standard_normal((draws, len(covariance))) @ root.T
    open_, better = pairs.copy(), np.zeros_like(pairs)
    while open_.any():
        largest = np.full(draws, -np.inf)
        for i in np.flatnonzero(open_.any(axis=1)):
            others = np.flatnonzero(open_[i])
            np.maximum(largest, ((normal[:, [i]] - normal[:, others]) / spread[i, others]).max(axis=1), out=largest)
        found = open_ & (studentised > np.quantile(largest, level))
        if not found.any():
            break
        better |= found
        open_ &= ~found
    return better


def _of_pairs(df: ArrayLike, p: int) -> NDArray[np.float64]:
    df = np.asarray(df, float)
    return np.minimum(df[:, None], df) if df.ndim == 1 else np.broadcast_to(df, (p, p))


def _upper(t: NDArray[np.float64], df: NDArray[np.float64]) -> NDArray[np.float64]:
    """Upper tail of Student's t, of the normal distribution where df is infinite."""
    return stdtr(df, -t)
