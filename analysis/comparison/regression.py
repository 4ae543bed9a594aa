"""Trends: how a figure moves with a number, such as the wave, under the sampling design (R `svyglm`)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from analysis.errors import N_, BadMethod
from analysis.estimands.estimands import Estimands
from analysis.tabulation.cells import Cells
from analysis.variance.weighted_sample import WeightedSample
from analysis.weighting.weights import Weights

STEPS = 50


@dataclass(frozen=True, eq=False)
class TrendLine:
    """Intercept and slope with their covariance; df = PSUs - strata of the rows used, + 1 - 2."""

    intercept: float
    slope: float
    covariance: NDArray[np.float64]
    df: int

    @property
    def se(self) -> tuple[float, float]:
        """Standard errors of intercept and slope."""
        return float(np.sqrt(self.covariance[0, 0])), float(np.sqrt(self.covariance[1, 1]))


def linear_trend(cells: Cells, weights: Weights | None, estimands: Estimands, column: str) -> TrendLine:
    """Fit weighted least squares of one figure's answers on a numeric column; sandwich variance A^-1 V A^-1.

    >>> import pyarrow as pa
    >>> from analysis import Codebook, Design, tabulate
    >>> from analysis.estimands.estimands import pooled
    >>> levels = [2, 4, 5, 1, 4, 4, 5, 3, 4, 5, 5, 2]
    >>> table = pa.table({"psu": [1, 2, 3, 4] * 3, "wave": [1] * 4 + [2] * 4 + [3] * 4, "q": levels})
    >>> cells = tabulate(table, ["wave"], codebook=Codebook.plain(["q"]), design=Design(psus="psu"), values=["wave"])
    >>> line = linear_trend(cells, None, pooled(cells, ["q"]), "wave")
    >>> round(line.slope, 6), round(line.se[1], 6)
    (0.125, 0.125)
    """
    return _fit(cells, weights, estimands, column, logistic=False)


def logistic_trend(cells: Cells, weights: Weights | None, estimands: Estimands, column: str) -> TrendLine:
    """Fit weighted logistic regression of a share on a numeric column, on the log-odds scale, to convergence.

    >>> import pyarrow as pa
    >>> from analysis import Codebook, Design, tabulate
    >>> from analysis.estimands.estimands import pooled
    >>> levels = [2, 4, 5, 1, 4, 4, 5, 3, 4, 5, 5, 2]
    >>> table = pa.table({"psu": [1, 2, 3, 4] * 3, "wave": [1] * 4 + [2] * 4 + [3] * 4, "q": levels})
    >>> cells = tabulate(table, ["wave"], codebook=Codebook.plain(["q"]), design=Design(psus="psu"), values=["wave"])
    >>> round(logistic_trend(cells, None, pooled(cells, ["q"]), "wave").slope, 6)
    0.579874
    """
    if not estimands.share:
        raise BadMethod(N_("a logistic trend needs a share"))
    return _fit(cells, weights, estimands, column, logistic=True)


def _fit(cells: Cells, weights: Weights | None, estimands: Estimands, column: str, logistic: bool) -> TrendLine:
    if len(estimands.of) != 1:
        raise BadMethod(N_("a trend needs one figure"))
    sample = WeightedSample.of(cells, weights)
    number = cells.numbers(column)
    known = ~np.isnan(number)
    y, n = np.where(known, estimands.y[:, 0], 0.0), np.where(known, estimands.x[:, 0], 0.0)
    x = np.column_stack([np.ones(len(cells)), np.where(known, number, 0.0)])
    w = sample.weights.final
    if len(np.unique(number[n > 0])) < 2:
        raise BadMethod(N_("a trend needs at least two different values of {column}"), column=column)
    beta = np.zeros(2)
    for _ in range(STEPS if logistic else 1):
        mean = expit(x @ beta) if logistic else x @ beta
        slope = mean * (1 - mean) if logistic else np.ones_like(mean)
        bread = (x * (w * n * slope)[:, None]).T @ x
        change = np.linalg.solve(bread, (x * (w * (y - n * mean))[:, None]).sum(0))
        beta = beta + change
        if np.abs(change).max() < 1e-13 * max(1.0, np.abs(beta).max()):
            break
    mean = expit(x @ beta) if logistic else x @ beta
    slope = mean * (1 - mean) if logistic else np.ones_like(mean)
    bread = (x * (w * n * slope)[:, None]).T @ x
    influence = (x * (y - n * mean)[:, None]) @ np.linalg.inv(bread)
    return TrendLine(float(beta[0]), float(beta[1]), sample.covariance(influence), sample.df(n > 0) + 1 - 2)
