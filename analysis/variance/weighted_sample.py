"""Cells with their weights and what follows from both, once for all figures: what R calls a survey design object."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from analysis.errors import no_replicates
from analysis.estimands.estimands import Estimands, select
from analysis.tabulation.cells import Cells
from analysis.variance.calibration_residuals import Projection, projection
from analysis.variance.covariance import quadratic_form
from analysis.variance.design_counts import CommonWeeks, DesignCounts, count_design
from analysis.variance.shared_weeks import sides_of, stretch
from analysis.weighting.weights import Weights, design_weights

Matrix = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class WeightedSample:
    """A sample as every variance needs it: its cells, what each cell stands for, its design and its calibration."""

    cells: Cells
    weights: Weights

    @classmethod
    def of(cls, cells: Cells, weights: Weights | None) -> "WeightedSample":
        """Join cells and weights; without weights, the design's own."""
        return cls(cells, design_weights(cells) if weights is None else weights)

    def weighted(self, estimands: Estimands) -> Estimands:
        """Return the figures of rows with a weight other than zero; the others stay in the design, and count nobody."""
        some = self.weights.final != 0
        return estimands if some.all() else select(estimands, some)

    @cached_property
    def counts(self) -> DesignCounts:
        """The design counted in the cells; raises BadDesign where they contradict it."""
        return count_design(self.cells)

    @cached_property
    def projection(self) -> Projection | None:
        """What the calibration does to influences; None where the weights are fixed."""
        return projection(self.weights)

    def covariance(self, influence: Matrix) -> Matrix:
        """Compute the linearised covariance matrix of estimates with these influences [cells, estimates].

        Where rows without their point share weeks with the points' strata, variances are as wide as each estimate alone
        has them, and correlations stay as they were: positive semidefinite.

        Raises BadMethod for replicate weights, which know no influences: each estimate has to be made again.
        """
        if self.cells.design.replicates is not None:
            raise no_replicates()
        residual = influence if self.projection is None else self.projection.residual(influence)
        weighted, counts = self.weights.final[:, None] * residual, self.counts
        found = quadratic_form(self.cells, counts, weighted, covariance=True)
        if not counts.common:
            return found
        some = influence != 0

        def both_of(each: CommonWeeks) -> NDArray[np.bool_]:
            several, others = sides_of(counts, each)
            return some[several].any(axis=0) & some[others].any(axis=0)

        def part_of(strata: int | NDArray[np.bool_]) -> Matrix:
            return quadratic_form(self.cells, counts.alone(strata), weighted)

        wider = np.sqrt(stretch(found.diagonal(), counts.common, part_of, both_of))
        return found * wider[:, None] * wider

    def df(self, used: NDArray[np.bool_]) -> int:
        """Count PSUs minus strata among some of the cells."""
        return len(np.unique(self.counts.psu[used])) - len(np.unique(self.counts.stratum[used]))
