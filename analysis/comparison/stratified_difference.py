"""Two groups compared within strata of who they are: does a figure differ where the same matters were asked about?"""

import numpy as np
from numpy.typing import NDArray

from analysis.comparison.contrasts import Difference, EstimateVector
from analysis.errors import N_, BadMethod
from analysis.estimands.estimands import Estimands
from analysis.tabulation.cells import Cells
from analysis.variance.weighted_sample import WeightedSample
from analysis.weighting.weights import Weights


def stratified_difference(
    cells: Cells,
    weights: Weights | None,
    estimands: Estimands,
    group: NDArray[np.int64],
    column: str,
    level: float = 0.95,
) -> Difference | None:
    """Compare one figure between two groups, group 1 minus group 0, each field (label of `column`) with itself.

    None without any field that both groups have.

    `group` is [cells]: 1, 0, or -1 for cells of neither. The differences d_f are averaged with weights X1 X0/(X1 + X0),
    X the weighted answers of a field in each group: Cochran's weights (W. G. Cochran, Some methods for strengthening
    the common chi-square tests, Biometrics 10, 1954), and the slope of `svyglm(y ~ group + factor(column))` in R.
    Variance by linearisation over the PSUs of the design (D. A. Binder, International Statistical Review 51, 1983).

    Degrees of freedom: the PSUs of the group that has fewer, less one, the smaller bound of B. L. Welch (Biometrika 34,
    1947), for one group may have answered in a few weeks only; p and the interval are NaN where a group has one PSU.

    >>> import pyarrow as pa
    >>> from analysis import Codebook, Design, tabulate
    >>> from analysis.estimands.estimands import pooled
    >>> answers = {"psu": [1, 2, 3, 4] * 3, "open": [0, 0, 1, 1] * 3, "field": list("aaaabbbbaabb")}
    >>> table = pa.table({**answers, "q": [2, 4, 5, 4, 1, 4, 4, 5, 4, 2, 5, 2]})
    >>> cells = tabulate(table, codebook=Codebook.plain(["q"]), design=Design(psus="psu"), keep=["open", "field"])
    >>> group = np.array([int(cells.label("open", code)) for code in cells.code("open")])
    >>> found = stratified_difference(cells, None, pooled(cells, ["q"]), group, "field")
    >>> round(found.value, 3), round(found.se, 3), found.df
    (0.375, 0.229, 1.0)
    """
    if len(estimands.of) != 1:
        raise BadMethod(N_("this comparison needs one figure"))
    sample = WeightedSample.of(cells, weights)
    group = np.asarray(group)
    fields = cells.code(column)
    inside = (group >= 0) & (fields >= 0)
    one = np.where(inside, group, 0).astype(float)
    y, x, w = estimands.y[:, 0] * inside, estimands.x[:, 0] * inside, sample.weights.final
    labels = len(cells.labels[column]) + 1

    def in_fields(values: NDArray[np.float64]) -> NDArray[np.float64]:
        total = np.bincount(fields + 1, w * values, labels)
        weight = np.bincount(fields + 1, w * x, labels)
        return np.divide(total, weight, out=np.zeros(labels), where=weight > 0)[fields + 1]

    apart = (one - in_fields(x * one)) * inside  # the group, less its share in the field
    size = float((w * x * apart**2).sum())  # sum of X1 X0/(X1 + X0)
    if size == 0:
        return None
    value = float((w * apart * y).sum()) / size
    expected = in_fields(y) + value * apart
    influence = (apart * (y - x * expected) / size)[:, None]
    covariance = sample.covariance(influence)
    used = (x > 0) & (apart != 0)
    psus = [len(np.unique(sample.counts.psu[used & (group == side)])) for side in (0, 1)]
    return EstimateVector(("difference",), np.array([value]), covariance, min(psus) - 1).contrast([1.0], level)
