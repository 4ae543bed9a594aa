"""One record of everything that the variance of some figures in a family of domains depends on."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.estimands.estimands import Estimands
from analysis.tabulation.cells import Cells
from analysis.tabulation.grouped_sums import group_matrix
from analysis.variance.calibration_residuals import Projection
from analysis.variance.design_counts import DesignCounts
from analysis.variance.domains import DomainFamily
from analysis.variance.weighted_sample import WeightedSample

Matrix = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class CategoryTotals:
    """Estimands with what all families share: base-weighted sums by category of the calibration.

    plain             whether each respondent counts once in the denominator
    block_y, block_x  [categories, figures]: base weight x numerator, and x denominator
    extra_y, extra_x  [columns, categories, figures]: the same times each further calibration column
    """

    estimands: Estimands
    plain: bool
    block_y: Matrix
    block_x: Matrix
    extra_y: Matrix
    extra_x: Matrix


def category_totals(m: Estimands, p: Projection | None) -> CategoryTotals:
    """Sum the estimands once by category; with fixed weights (no projection), or R's sweeps, nothing is summed."""
    none, plain = np.zeros((0, 0)), np.array_equal(m.rows, m.x)
    if p is None or p.sweeps is not None:
        return CategoryTotals(m, plain, none, none, none[None], none[None])
    based = group_matrix(p.block, p.blocks, p.base)
    columns = [group_matrix(p.block, p.blocks, p.base * column) for column in p.extra.T]
    return CategoryTotals(
        m,
        plain,
        based @ m.y,
        based @ m.x,
        np.stack([column @ m.y for column in columns]) if columns else none[None],
        np.stack([column @ m.x for column in columns]) if columns else none[None],
    )


@dataclass(frozen=True, eq=False)
class EstimationProblem:
    """The estimation problem of a family of domains: a sample, domains, figures, and their linearised influences.

    A row of domain d has the influence z = (y - ratio[d] x) scale[d], and 0 in all other domains.

    counts   the design, counted: the sample's, or one stratum of it alone
    totals   the estimands and their sums by category of the calibration
    ratio    [domains, figures]: R = Y/X, or 0 where the total Y itself is wanted
    scale    [domains, figures]: 1/X, or 1
    met      [clusters, figures]: in how many PSUs there are respondents of the figure
    u        [clusters, figures]: the sum of w z over the cluster
    """

    sample: WeightedSample
    counts: DesignCounts
    family: DomainFamily
    totals: CategoryTotals
    ratio: Matrix
    scale: Matrix
    met: NDArray[np.int64]
    u: Matrix

    @property
    def cells(self) -> Cells:
        """The cells of the sample."""
        return self.sample.cells

    @property
    def final(self) -> NDArray[np.float64]:
        """The weight of each cell."""
        return self.sample.weights.final

    @property
    def estimands(self) -> Estimands:
        """The figures to be estimated."""
        return self.totals.estimands

    def influence(self, cell: Any, domain: Any) -> Matrix:
        """Compute z for cells (places, or a slice) that lie in the given domains, one each or one for all."""
        m = self.estimands
        return (m.y[cell] - self.ratio[domain] * m.x[cell]) * self.scale[domain]
