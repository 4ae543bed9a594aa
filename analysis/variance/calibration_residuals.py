"""Influences after calibration: what is left of them once the calibration columns have explained their part.

For cell sums, the residual of z is z - N (x'B), with N the rows of the cell (all of them, also those outside the domain
or without an answer: leaving them out is the usual error) and B the weighted regression of z on the calibration columns
with the weights *before* the calibration.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.tabulation.grouped_sums import group_sums
from analysis.weighting.weights import Calibration, Weights

Matrix = NDArray[Any]
SWEEPS = 10


@dataclass(frozen=True, eq=False)
class Projection:
    """A calibration prepared for many influences at once.

    block, blocks  categories whose means are taken out first
    population     sum of base weight x rows per category
    extra          further columns, their category means already taken out
    inverse        generalised inverse of extra' W extra
    """

    block: NDArray[np.int64]
    blocks: int
    rows: NDArray[np.float64]
    base: NDArray[np.float64]
    population: NDArray[np.float64]
    extra: Matrix
    inverse: Matrix
    sweeps: Calibration | None

    def residual(self, z: Matrix) -> Matrix:
        """Compute the residuals of influences z [cells, many]."""
        if self.sweeps is not None:
            return _sweep(z, self.rows, self.sweeps)
        means = group_sums(z * self.base[:, None], self.block, self.blocks) / self.population[:, None]
        left = z - self.rows[:, None] * means[self.block]
        if not self.extra.shape[1]:
            return left
        slopes = self.inverse @ ((self.extra * self.base[:, None]).T @ z)
        return left - self.rows[:, None] * (self.extra @ slopes)

    def plain(self) -> tuple[Matrix, Matrix]:
        """Return all calibration columns as they are, categories included, and the generalised inverse of X' W X."""
        columns = np.column_stack([(self.block[:, None] == np.arange(self.blocks)).astype(float), self.extra])
        mass = (self.base * self.rows)[:, None]
        return columns, np.linalg.pinv((columns * mass).T @ columns, rcond=1e-12, hermitian=True)


def projection(weights: Weights) -> Projection | None:
    """Prepare what the weights' calibration does to influences; None when the weights are fixed."""
    calibration = weights.calibration
    if calibration is None:
        return None
    rows = weights.cells.rows.astype(float)
    mass = weights.base * rows
    population = np.bincount(calibration.block, mass, calibration.blocks).astype(float)
    population[population == 0] = 1.0
    extra = calibration.extra
    if extra.shape[1]:
        means = group_sums(extra * mass[:, None], calibration.block, calibration.blocks) / population[:, None]
        extra = extra - means[calibration.block]
    inverse = np.linalg.pinv((extra * mass[:, None]).T @ extra, rcond=1e-12, hermitian=True)
    sweeps = calibration if calibration.method == "rake_ipf" else None
    return Projection(calibration.block, calibration.blocks, rows, weights.base, population, extra, inverse, sweeps)


def _sweep(z: Matrix, rows: NDArray, calibration: Calibration) -> Matrix:
    """R's `rake`: ten sweeps, margin by margin, each taking out the *unweighted* mean of the category."""
    for _ in range(SWEEPS):
        for codes, size in calibration.margins:
            counts = np.bincount(codes, rows, size)
            counts[counts == 0] = 1.0
            z = z - rows[:, None] * (group_sums(z, codes, size) / counts[:, None])[codes]
    return z
