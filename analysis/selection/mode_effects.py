"""Does it matter how people were asked? Two ways of asking held against each other within fields and offices."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from analysis.errors import N_, BadMethod
from analysis.estimands.estimands import Estimands
from analysis.tabulation.cells import Cells
from analysis.tabulation.grouped_sums import group_sums
from analysis.tabulation.key_encoding import combine_keys, dense_rank
from analysis.variance.weighted_sample import WeightedSample
from analysis.weighting.weights import Weights

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ModeEffect:
    """Odds of being satisfied in one way of asking over those in another, each stratum compared with itself.

    ratio, low, high  the odds ratio and its limits; p two-sided, against 1
    se, df            of the log odds ratio
    strata, answers   how many strata had both ways, and the answers in them by the first way and by the second
    """

    ratio: float
    low: float
    high: float
    se: float
    df: int
    p: float
    strata: int
    answers: tuple[int, int]


def mode_effect(
    cells: Cells,
    weights: Weights | None,
    estimands: Estimands,
    group: NDArray[np.int64],
    within: Sequence[str] = ("unit", "field"),
    level: float = 0.95,
) -> ModeEffect | None:
    """Compare one share between two ways of asking, group 1 over group 0, within the strata of `within`.

    `group` is [cells]: 1, 0, or -1 for cells of neither. The odds ratio is that of N. Mantel and W. Haenszel (Journal
    of the National Cancer Institute 22, 1959), sum y1 m0/T over sum y0 m1/T with weighted answers, y satisfied, m not,
    T all of a stratum; its variance by linearisation over the PSUs of the design (B. I. Graubard, T. R. Fears and M. H.
    Gail, Biometrics 45, 1989). Degrees of freedom as `stratified_difference`: PSUs of the group that has fewer, less
    one. None where no stratum has both ways, or nobody disagrees. Raises BadMethod for several figures or other scores.

    >>> import pyarrow as pa
    >>> from analysis import Codebook, Design, tabulate
    >>> from analysis.estimands.estimands import pooled
    >>> answers = {"psu": list(range(1, 9)) * 3, "open": [0, 0, 0, 0, 1, 1, 1, 1] * 3, "field": list("aabbaabb") * 3}
    >>> table = pa.table({**answers, "q": [2, 4, 5, 2, 5, 4, 2, 4, 4, 2, 2, 5, 4, 2, 4, 5, 5, 2, 2, 5, 5, 4, 5, 2]})
    >>> cells = tabulate(table, codebook=Codebook.plain(["q"]), design=Design(psus="psu"), keep=["open", "field"])
    >>> group = np.array([int(cells.label("open", code)) for code in cells.code("open")])
    >>> found = mode_effect(cells, None, pooled(cells, ["q"]), group, ["field"])
    >>> round(found.ratio, 2), found.df, found.strata, found.answers
    (3.0, 3, 2, (12, 12))
    """
    if len(estimands.of) != 1 or not estimands.share:
        raise BadMethod(N_("this comparison needs one figure, a share"))
    sample = WeightedSample.of(cells, weights)
    stratum, strata = _strata(cells, within)
    group = np.where(stratum >= 0, np.asarray(group), -1)
    sides = np.stack([group == 1, group == 0], axis=1)
    y, x, w = estimands.y[:, :1] * sides, estimands.x[:, :1] * sides, sample.weights.final[:, None]
    place = np.maximum(stratum, 0)
    yes, no = group_sums(w * y, place, strata), group_sums(w * (x - y), place, strata)
    both = np.asarray(((yes + no) > 0).all(1))
    total = np.where(both, (yes + no).sum(1), 1.0)
    over, under = np.where(both, yes[:, 0] * no[:, 1] / total, 0), np.where(both, yes[:, 1] * no[:, 0] / total, 0)
    if not (over.sum() > 0 and under.sum() > 0):
        return None
    here = both[place] & (stratum >= 0)
    z = _influence(y, x - y, yes[place], no[place], total[place], over, under, place) * here
    se = float(np.sqrt(sample.covariance(z[:, None])[0, 0]))
    used = (x > 0) & here[:, None]
    df = min(len(np.unique(sample.counts.psu[side])) for side in used.T) - 1
    answers = (x * here[:, None]).sum(0).round().astype(int).tolist()
    return _effect(float(np.log(over.sum() / under.sum())), se, df, level, int(both.sum()), (answers[0], answers[1]))


def _influence(
    y: Array, m: Array, yes: Array, no: Array, total: Array, over: Array, under: Array, place: NDArray[np.int64]
) -> Array:
    """The derivative of log(sum over) - log(sum under) by each cell's answers; y1 m0/T falls by its T-th with T."""
    all_ = (y + m).sum(1)
    d_over = (no[:, 1] * y[:, 0] + yes[:, 0] * m[:, 1] - over[place] * all_) / total
    d_under = (no[:, 0] * y[:, 1] + yes[:, 1] * m[:, 0] - under[place] * all_) / total
    return np.asarray(d_over / over.sum() - d_under / under.sum())


def _effect(log: float, se: float, df: int, level: float, strata: int, answers: tuple[int, int]) -> ModeEffect:
    if df < 1 or not se > 0:
        return ModeEffect(float(np.exp(log)), np.nan, np.nan, se, df, np.nan, strata, answers)
    reach = float(stdtrit(df, (1 + level) / 2)) * se
    low, high = np.exp([log - reach, log + reach]).tolist()
    return ModeEffect(float(np.exp(log)), low, high, se, df, float(2 * stdtr(df, -abs(log) / se)), strata, answers)


def _strata(cells: Cells, within: Sequence[str]) -> tuple[NDArray[np.int64], int]:
    """The stratum of each cell, -1 where a column is empty."""
    codes = [cells.code(column) for column in within]
    if not codes:
        return np.zeros(len(cells), dtype=np.int64), 1
    key, span = combine_keys(codes, [len(cells.labels[column]) for column in within], len(cells))
    ids, size = dense_rank(key, span)
    return np.where(np.all([code >= 0 for code in codes], axis=0), ids, -1), size
