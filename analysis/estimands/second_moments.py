"""Designs whose rows are PSUs, from cells of many rows: their variance needs second moments, not the rows.

In a cell all rows have the same weight, and a calibration explains the same of each, so the sum over rows of
(w (z - c))^2 is w^2 (sum z^2 - 2 c sum z + N c^2), with c what the calibration explains of one row. Covariances of
different figures would need more: `tabulate(..., elements=True)` keeps the rows themselves.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.errors import N_, NotInCells
from analysis.estimands.scoring import Scoring
from analysis.tabulation.cells import Cells
from analysis.tabulation.respondent_sums import pooled_names

Matrix = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SecondMoments:
    """Sums over the rows of each cell [cells, figures] of y^2, y x and x^2; NaN where they are not known."""

    yy: Matrix
    yx: Matrix
    xx: Matrix

    def of_influence(self, value: Matrix, scale: Matrix) -> Matrix:
        """Sum z^2 over rows, z = (y - value x) scale."""
        return np.maximum(self.yy - 2 * value * self.yx + value**2 * self.xx, 0.0) * scale**2


def require_elements(cells: Cells) -> None:
    """Refuse cells that summed up rows which are PSUs: for methods that look at pairs of figures or leave rows out."""
    if cells.grouped:
        raise elements_missing()


def elements_missing() -> NotInCells:
    """Make the refusal that names what to ask for."""
    return NotInCells(
        N_("each row is a PSU, this method needs the rows, and the cells have summed them up; ask tabulate for "
           "elements=True"))  # fmt: skip


def pooled_second_moments(cells: Cells, name: str, scoring: Scoring) -> tuple[NDArray, NDArray, NDArray]:
    """Return second moments of a factor's (or the whole's) sums of scores and numbers of answers.

    For rules by which one more level is worth the same for all items; NaN for others, whose rows are needed.
    """
    ff, fa, aa, ss, sa = cells.sums["squares"][:, pooled_names(cells.codebook).index(name)].T.astype(float)
    if scoring.share:
        return ff, fa, aa
    members = {**cells.codebook.factor_items, "overall": cells.codebook.overall_items}[name]
    scores = [scoring.scores(item) for item in cells.codebook.items if item.code in members]
    start, step = scores[0][0], scores[0][1] - scores[0][0]
    if not all(np.allclose(worth, start + step * np.arange(len(worth)), rtol=1e-12) for worth in scores):
        return aa * np.nan, aa * np.nan, aa * np.nan
    return start**2 * aa + 2 * start * step * sa + step**2 * ss, start * aa + step * sa, aa


def squared_residuals(z: Matrix, zz: Matrix, residual: Matrix, rows: NDArray) -> Matrix:
    """Sum squared residuals over rows, from the cells' sums of z, of z^2, and of the residuals."""
    count = rows[:, None].astype(float)
    explained = (z - residual) / count
    return np.maximum(zz - 2 * explained * z + count * explained**2, 0.0)
