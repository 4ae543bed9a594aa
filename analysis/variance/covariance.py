"""Variances and covariances of any estimates from weighted influences on all cells: a quadratic form of PSU totals."""

import numpy as np
from numpy.typing import NDArray

from analysis.errors import lonely_parts, lonely_strata
from analysis.estimands.second_moments import require_elements
from analysis.tabulation.cells import Cells
from analysis.tabulation.grouped_sums import group_sums
from analysis.variance.design_counts import DesignCounts

Matrix = NDArray[np.float64]


def quadratic_form(
    cells: Cells, counts: DesignCounts, weighted: Matrix, covariance: bool = False, squares: Matrix | None = None
) -> Matrix:
    """Compute variances (or the covariance matrix) of estimates with weighted influences [cells, estimates].

    squares  where rows are PSUs and were summed up: the sums over rows of the squared weighted influences
    Every stratum of the design counts as having respondents, as in R for calibrated designs.
    """
    if squares is None or covariance:
        require_elements(cells)
    lonely = cells.design.lonely
    strata, psus = len(counts.n), len(counts.stratum_of_psu)
    u = group_sums(weighted, counts.psu, psus)
    n = counts.n[:, None]
    totals = group_sums(u, counts.stratum_of_psu, strata)
    centre = totals / n
    alone = counts.lonely
    if alone.any() and lonely == "fail":
        raise lonely_strata([counts.names[h] for h in np.flatnonzero(alone)])
    if lonely == "centre":
        centre = np.where(alone[:, None], totals.sum(0) / counts.n.sum(), centre)
    factor = counts.factor if lonely == "centre" else np.where(alone, 0.0, counts.factor)
    if lonely == "average" and alone.any():
        ordinary = strata - int(alone.sum())
        factor = factor * (strata / ordinary if ordinary else np.nan)
    if squares is not None:
        middle = centre[counts.stratum_of_psu]
        spread = squares - 2 * middle * u + cells.rows[:, None] * middle**2
        return (np.maximum(spread, 0.0) * factor[counts.stratum_of_psu][:, None]).sum(0)
    deviation = u - centre[counts.stratum_of_psu]
    absent = (counts.n - np.bincount(counts.stratum_of_psu, minlength=strata)) * factor
    found = _form(deviation, factor[counts.stratum_of_psu], covariance) + _form(centre, absent, covariance)
    second = counts.second
    if second is None:
        return found
    if lonely == "fail" and ((second.n == 1) & ~second.certain).any():
        raise lonely_parts()
    parts = int(second.unit[-1]) + 1
    psu_of_part = counts.psu[np.searchsorted(second.unit, np.arange(parts))]
    v = group_sums(weighted, second.unit, parts)
    middle = group_sums(v, psu_of_part, psus) / second.n[:, None]
    within = second.factor * counts.fraction[counts.stratum_of_psu]
    return found + _form(v - middle[psu_of_part], within[psu_of_part], covariance)


def _form(deviation: Matrix, factor: NDArray, covariance: bool) -> Matrix:
    if covariance:
        return (deviation * factor[:, None]).T @ deviation
    return (deviation**2 * factor[:, None]).sum(0)
