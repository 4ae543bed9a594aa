"""Tests for tables and means: does satisfaction differ between domains at all?"""

from dataclasses import dataclass

import numpy as np
from scipy.special import fdtrc

from analysis.comparison.contrasts import EstimateVector, across, together
from analysis.errors import N_, BadMethod
from analysis.estimands.estimands import ITEM, Estimands
from analysis.tabulation.cells import Cells
from analysis.variance.supplied_replicates import design_df
from analysis.variance.weighted_sample import WeightedSample
from analysis.weighting.weights import Weights


@dataclass(frozen=True)
class FTest:
    """An F statistic with its degrees of freedom and p-value; NaN where it does not exist."""

    f: float
    ndf: float
    ddf: float
    p: float


def rao_scott(cells: Cells, weights: Weights | None, estimands: Estimands, column: str) -> FTest:
    """Test independence of a 0/1 figure and a column: Rao and Scott's (1984) second-order corrected chi-square as F.

    As R `svychisq(statistic="F")`; ddf = ndf x degrees of freedom of the whole design. Invariant to the number of rows.

    >>> import pyarrow as pa
    >>> from analysis import Codebook, Design, tabulate
    >>> from analysis.estimands.estimands import pooled
    >>> levels = [2, 4, 5, 1, 4, 4, 5, 3, 4, 5, 5, 2]
    >>> table = pa.table({"psu": [1, 2, 3, 4] * 3, "wave": [1] * 4 + [2] * 4 + [3] * 4, "q": levels})
    >>> cells = tabulate(table, ["wave"], codebook=Codebook.plain(["q"]), design=Design(psus="psu"), values=["wave"])
    >>> test = rao_scott(cells, None, pooled(cells, ["q"]), "wave")
    >>> round(test.f, 4), round(test.p, 4)
    (0.9375, 0.4043)
    """
    if not estimands.share or len(estimands.of) != 1:
        raise BadMethod(N_("this test needs one share"))
    codes = cells.code(column)
    met = np.bincount(codes + 1, estimands.x[:, 0], len(cells.labels[column]) + 1)[1:] > 0
    labels = np.flatnonzero(met)
    y, x = estimands.y[:, 0], estimands.x[:, 0] * (codes >= 0)
    levels = [y, estimands.x[:, 0] - y]
    table = np.column_stack([level * (codes == label) for label in labels for level in levels])
    whole = np.repeat(x[:, None], table.shape[1], axis=1)
    names = tuple(str(place) for place in range(table.shape[1]))
    shares = together(cells, weights, Estimands(names, (ITEM,) * len(names), table, whole, whole, table, share=True))
    return _second_order(shares, 2, len(labels), design_df(WeightedSample.of(cells, weights)))


def _second_order(shares: EstimateVector, rows: int, columns: int, df: int) -> FTest:
    p = shares.value
    if rows < 2 or columns < 2 or not np.isfinite(p).all():
        return FTest(np.nan, np.nan, np.nan, np.nan)
    row, column = np.tile(np.arange(rows), columns), np.repeat(np.arange(columns), rows)
    by_row, by_column = np.bincount(row, p), np.bincount(column, p)
    expected = by_row[row] * by_column[column]
    if (expected == 0).any():
        return FTest(np.nan, np.nan, np.nan, np.nan)
    chi = float((((p - expected) ** 2) / expected).sum())
    ones = np.ones((len(p), 1))
    rows01 = (row[:, None] == np.arange(1, rows)).astype(float)
    columns01 = (column[:, None] == np.arange(1, columns)).astype(float)
    main = np.column_stack([ones, rows01, columns01])
    interaction = np.column_stack(
        [rows01[:, [i]] * columns01[:, [j]] for j in range(columns - 1) for i in range(rows - 1)]
    )
    contrast = interaction - main @ np.linalg.lstsq(main, interaction, rcond=None)[0]
    inverse = np.divide(1.0, p, out=np.zeros_like(p), where=p > 0)
    below = contrast.T @ (inverse[:, None] * contrast)
    above = contrast.T @ (inverse[:, None] * shares.covariance * inverse[None, :]) @ contrast
    delta = np.linalg.solve(below, above)
    trace = float(np.trace(delta))
    if trace <= 0:
        return FTest(np.nan, np.nan, np.nan, np.nan)
    ndf = trace**2 / float(np.trace(delta @ delta))
    f = chi / trace
    return FTest(f, ndf, ndf * df, float(fdtrc(ndf, ndf * df, f)) if df > 0 else np.nan)


def equal_means(cells: Cells, weights: Weights | None, estimands: Estimands, column: str) -> FTest:
    """Test whether a figure is the same in all domains of a column: Wald's F with ddf = df - ndf (R `regTermTest`).

    >>> import pyarrow as pa
    >>> from analysis import Codebook, Design, tabulate
    >>> from analysis.estimands.estimands import pooled
    >>> levels = [2, 4, 5, 1, 4, 4, 5, 3]
    >>> table = pa.table({"psu": [1, 2, 3, 4] * 2, "wave": [1] * 4 + [2] * 4, "q": levels})
    >>> cells = tabulate(table, ["wave"], codebook=Codebook.plain(["q"]), design=Design(psus="psu"), values=["wave"])
    >>> test = equal_means(cells, None, pooled(cells, ["q"]), "wave")
    >>> test.ndf, test.ddf, round(test.p, 4)
    (1.0, 2.0, 0.4226)
    """
    joint = across(cells, weights, estimands, column)
    ndf = len(joint.value) - 1
    ddf = joint.df - ndf
    contrast = np.column_stack([-np.ones(ndf), np.eye(ndf)])
    gap = contrast @ joint.value
    spread = contrast @ joint.covariance @ contrast.T
    if ndf < 1 or ddf < 1 or np.linalg.matrix_rank(spread) < ndf:
        return FTest(np.nan, float(ndf), float(ddf), np.nan)
    f = float(gap @ np.linalg.solve(spread, gap)) / ndf
    return FTest(f, float(ndf), float(ddf), float(fdtrc(ndf, ddf, f)))
