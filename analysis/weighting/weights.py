"""Weights: how many people of the population each row stands for. One number per cell, applied once.

`Weights` keeps the weights before the last calibration beside the final ones: the variance needs both.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.errors import N_, BadWeights
from analysis.tabulation.cells import Cells

LEAST_FRACTION = 2.0  # times n, below which a sum of weights is not believed to be a population drawn from
RELATIVE = N_(
    "the weights add up to less than twice the number of rows, and no population counts (`fpc`) are given: design "
    "effects are those of draws with replacement. If the weights were scaled (to a mean of 1, as in many published "
    "files), shares and intervals are right, and totals mean nothing"
)

Refit = Callable[[NDArray[np.float64]], NDArray[np.float64]]


@dataclass(frozen=True, eq=False)
class Calibration:
    """The regression that the calibration amounts to, for the variance.

    method   poststratify, raking, rake_ipf, linear, logit
    block    the number of each cell's category in the first set of categories (the post-strata, or one margin)
    blocks   how many categories that are
    extra    further calibration columns [cells, columns]: indicators of other margins, numbers
    margins  for rake_ipf: each margin's category numbers, and how many there are
    refit    calibrates other base weights in the same way (jackknife)
    """

    method: str
    block: NDArray[np.int64]
    blocks: int
    extra: NDArray[np.float64]
    margins: tuple[tuple[NDArray[np.int64], int], ...]
    refit: Refit


@dataclass(frozen=True, eq=False, repr=False)
class Weights:
    """A weight per cell.

    base         before the last calibration (without calibration: the weights themselves)
    final        what estimates use
    calibration  None when the weights are taken as fixed
    unweighted   whether every row simply counts as one
    diagnostics  what a reader needs to doubt them: ranges, Kish's effective n, warnings, iterations
    """

    cells: Cells
    base: NDArray[np.float64]
    final: NDArray[np.float64]
    calibration: Calibration | None = None
    unweighted: bool = False
    diagnostics: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        some = self.final[self.final != 0]
        ranges = f"{some.min():.6g} to {some.max():.6g}" if len(some) else "none"
        kish = self.total**2 / float((self.final**2 * self.cells.rows).sum()) if len(some) else 0.0
        how = self.calibration.method if self.calibration else "unweighted" if self.unweighted else "as given"
        return f"Weights({self.rows} rows for {self.total:.6g}; {ranges}; effective n {kish:.0f}; {how})"

    @property
    def total(self) -> float:
        """Whom all rows together stand for."""
        return float((self.final * self.cells.rows).sum())

    @property
    def rows(self) -> int:
        """How many rows have a weight other than zero."""
        return _weighted_rows(self.cells, self.final)

    @property
    def relative(self) -> bool:
        """Whether the weights add up to less than 2 n over all rows, without population counts: often scaled to mean 1.

        R's `survey` warns where they come to less than n ("Sample size greater than population size: are weights
        correctly scaled?"). A sum a little above n is no better: the design effect without replacement divides by
        1 - n/N and explodes, while no design says that half of a population was drawn. R's `deff="replace"` holds.
        """
        return not self.unweighted and _relative(self.cells, self.final)

    def equal(self) -> "Weights":
        """Return weights of 1 for the same cells, without calibration; a weight of zero stays."""
        ones = (self.final != 0).astype(float)
        return Weights(self.cells, ones, ones, unweighted=True)


def design_weights(cells: Cells) -> Weights:
    """Return the weights of the design's column; without one, each row counts as one, and figures say "unweighted".

    A row with a weight of 0 stands for nobody: it is in no number of answers, but its PSU is one of the design (R
    `svydesign`). Refuses a weight that is empty, negative or not a number, and weights that are all zero.

    >>> import pyarrow as pa
    >>> from analysis import Codebook, Design, tabulate
    >>> answers = {"psu": [1, 1, 2, 2, 3, 3], "sex": list("FMFMFM"), "q": [5, 2, 4, 1, 2, 4]}
    >>> table = pa.table({**answers, "w": [2, 1, 2, 1, 2, 1]})
    >>> cells = tabulate(table, codebook=Codebook.plain(["q"]), design=Design(psus="psu", weights="w"), keep=["sex"])
    >>> design_weights(cells).final.tolist()
    [1.0, 2.0, 1.0, 2.0, 1.0, 2.0]
    """
    column = cells.design.weights
    if column is None:
        ones = np.ones(len(cells))
        return Weights(cells, ones, ones, unweighted=True, diagnostics=describe(cells, ones, ones, unweighted=True))
    values = cells.numbers(column)
    wrong = ~np.isfinite(values) | (values < 0)
    if wrong.any():
        raise BadWeights(
            N_(
                "column {column}: {count} rows have an empty, negative or non-numeric weight, such as {value}. "
                "Leave such rows out, or correct the weight"
            ),
            column=column,
            count=int(cells.rows[wrong].sum()),
            value=str(values[wrong][0]),
        )
    if len(values) and not values.any():
        raise BadWeights(N_("column {column}: all weights are zero; name the column that holds them"), column=column)
    return Weights(cells, values, values, diagnostics=describe(cells, values, values))


def _weighted_rows(cells: Cells, final: NDArray) -> int:
    return int(cells.rows[final != 0].sum(dtype=np.int64))


def _relative(cells: Cells, final: NDArray) -> bool:
    total = float((final * cells.rows).sum())
    return not cells.design.fpc and total < LEAST_FRACTION * _weighted_rows(cells, final)


def describe(cells: Cells, base: NDArray, final: NDArray, unweighted: bool = False, **more: Any) -> dict[str, Any]:
    """Describe weights: ranges, Kish's effective n = (sum w)^2/sum w^2, design effect n/n_eff (Kish 1965), warnings.

    All of rows with a base weight above 0.
    """
    whole, some = final, base != 0
    rows, base, final = cells.rows[some].astype(float), base[some], final[some]
    n = float(rows.sum())
    total, squares = float((rows * final).sum()), float((rows * final**2).sum())
    kish = total**2 / squares
    ratio = final / base
    warnings = list(more.pop("warnings", []))
    if kish < n / 2:
        warnings.append(N_("the weights vary so much that the effective number of answers is below half of n"))
    if (final <= 0).any():
        warnings.append(N_("some calibrated weights are zero or negative; use bounds"))
    if not unweighted and _relative(cells, whole):
        warnings.append(RELATIVE)
    return {
        "n": int(n),
        "total": total,
        "kish": kish,
        "deff_kish": n / kish,
        "smallest": float(final.min()),
        "largest": float(final.max()),
        "g_smallest": float(ratio.min()),
        "g_largest": float(ratio.max()),
        "warnings": warnings,
        **more,
    }
