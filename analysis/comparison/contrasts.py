"""Several estimates at once, with their covariance: differences and contrasts.

Two domains of one sample, a part and its whole, two items of the same persons, two waves over the same PSUs: their
estimates are correlated, and a difference needs the covariance. It comes from the same PSU totals as each variance.
Waves over the same PSUs are a panel where the design names PSUs without the wave, independent samples where it names
them with it. Adjusting for the number of comparisons is the business of `analysis.comparison.multiplicity`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from analysis.errors import N_, BadMethod, NotInCells
from analysis.estimands.estimands import Estimands
from analysis.tabulation.cells import Cells
from analysis.variance.supplied_replicates import SuppliedReplicates
from analysis.variance.weighted_sample import WeightedSample
from analysis.weighting.weights import Weights

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Difference:
    """An estimate of a difference or contrast: value, standard error, degrees of freedom, t, two-sided p, interval."""

    value: float
    se: float
    df: float
    t: float
    p: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class EstimateVector:
    """Several estimates with their covariance matrix; df counts the PSUs and strata of all rows used."""

    names: tuple[str, ...]
    value: Matrix
    covariance: Matrix
    df: int

    @property
    def se(self) -> Matrix:
        """Standard errors."""
        return np.sqrt(np.diag(self.covariance))

    def difference(self, one: int | str, other: int | str, level: float = 0.95) -> Difference:
        """Return the first minus the second."""
        weights = np.zeros(len(self.value))
        weights[self._place(one)] += 1
        weights[self._place(other)] -= 1
        return self.contrast(weights, level)

    def contrast(
        self, coefficients: Sequence[float] | Matrix, level: float = 0.95, df: float | None = None
    ) -> Difference:
        """Return sum(c_k estimate_k), tested against 0 with t(df)."""
        c = np.asarray(coefficients, dtype=float)
        if c.shape != self.value.shape:
            raise BadMethod(N_("{count} estimates need {count} coefficients"), count=len(self.value))
        used = c != 0  # an estimate that does not exist is in no contrast of others
        c, covariance = c[used], self.covariance[np.ix_(used, used)]
        value, variance = float(c @ self.value[used]), float(c @ covariance @ c)
        se, freedom = float(np.sqrt(max(variance, 0.0))), float(self.df if df is None else df)
        if se == 0 or freedom < 1 or not np.isfinite(se):
            return Difference(value, se, freedom, np.nan, np.nan, np.nan, np.nan)
        reach = float(stdtrit(freedom, (1 + level) / 2)) * se
        t = value / se
        return Difference(value, se, freedom, t, float(2 * stdtr(freedom, -abs(t))), value - reach, value + reach)

    def _place(self, name: int | str) -> int:
        if isinstance(name, str):
            if name not in self.names:
                raise NotInCells(
                    N_("there is no estimate {name}; known are {known}"), name=name, known=", ".join(self.names)
                )
            return self.names.index(name)
        return name


def together(
    cells: Cells, weights: Weights | None, estimands: Estimands, domains: Sequence[Mapping[str, str]] = ({},)
) -> EstimateVector:
    """Estimate figures in all given domains, with their covariance; a domain is {column: label}, {} the whole.

    >>> import pyarrow as pa
    >>> from analysis import Codebook, Design, tabulate
    >>> from analysis.estimands.estimands import pooled
    >>> table = pa.table({"psu": [1, 1, 2, 2, 3, 3], "u": list("ababab"), "q": [5, 2, 4, 1, 2, 4]})
    >>> cells = tabulate(table, ["u"], codebook=Codebook.plain(["q"]), design=Design(psus="psu"))
    >>> both = together(cells, None, pooled(cells, ["q"]), [{"u": "a"}, {"u": "b"}])
    >>> gap = both.difference(0, 1)
    >>> round(gap.value, 6), round(gap.se, 6)
    (0.333333, 0.666667)
    """
    sample = WeightedSample.of(cells, weights)
    estimands = sample.weighted(estimands)
    inside = [_members(cells, domain) for domain in domains]
    w = sample.weights.final[:, None]
    values, influences, numerators, denominators = [], [], [], []
    used = np.zeros(len(cells), dtype=bool)
    for mask in inside:
        y, x = estimands.y * mask[:, None], estimands.x * mask[:, None]
        used |= (estimands.rows[:, :] * mask[:, None] > 0).any(1)
        total_y, total_x = np.add.reduce(w * y, axis=0), np.add.reduce(w * x, axis=0)
        if estimands.total:
            value, z = total_y, y
        else:
            with np.errstate(divide="ignore", invalid="ignore"):
                value = total_y / total_x
                z = np.where(total_x > 0, (y - value * x) / total_x, 0.0)
        values.append(value)
        influences.append(z)
        numerators.append(y)
        denominators.append(x)
    if cells.design.replicates is None:
        covariance, df = sample.covariance(np.concatenate(influences, axis=1)), sample.df(used)
    else:
        replicates, over = SuppliedReplicates(sample), np.concatenate(denominators, axis=1)
        covariance = replicates.covariance(np.concatenate(numerators, axis=1), None if estimands.total else over)
        df = replicates.df(used)
    names = tuple(
        " ".join([of, *(f"{column}={label}" for column, label in domain.items())])
        for domain in domains
        for of in estimands.of
    )
    return EstimateVector(names, np.concatenate(values), covariance, df)


def across(cells: Cells, weights: Weights | None, estimands: Estimands, column: str) -> EstimateVector:
    """Estimate one figure in every domain of a column, in the order of its labels, with their covariance.

    >>> import pyarrow as pa
    >>> from analysis import Codebook, Design, tabulate
    >>> from analysis.estimands.estimands import pooled
    >>> answers = {"psu": [1, 1, 2, 2, 3, 3], "sex": list("FMFMFM"), "q": [5, 2, 4, 1, 2, 4]}
    >>> table = pa.table({**answers, "w": [2, 1, 2, 1, 2, 1]})
    >>> cells = tabulate(table, ["sex"], codebook=Codebook.plain(["q"]), design=Design(psus="psu", weights="w"))
    >>> across(cells, None, pooled(cells, ["q"]), "sex").value.round(6).tolist()
    [0.666667, 0.333333]
    """
    estimands = WeightedSample.of(cells, weights).weighted(estimands)
    labels = [cells.label(column, code) or "" for code in range(len(cells.labels[column]))]
    met = np.bincount(cells.code(column) + 1, estimands.rows.sum(1), len(labels) + 1)[1:] > 0
    return together(
        cells, weights, estimands, [{column: label} for label, some in zip(labels, met, strict=True) if some]
    )


def weighted_size(
    cells: Cells, weights: Weights | None, estimands: Estimands, domains: Sequence[Mapping[str, str]]
) -> Matrix:
    """Sum the weighted denominators of figures in each domain: [domains, figures], for the share of a part in a whole.

    >>> import pyarrow as pa
    >>> from analysis import Codebook, Design, tabulate
    >>> from analysis.estimands.estimands import pooled
    >>> table = pa.table({"psu": [1, 1, 2, 2], "u": list("aaab"), "w": [1, 2, 1, 4], "q": [5, 2, 4, 1]})
    >>> cells = tabulate(table, ["u"], codebook=Codebook.plain(["q"]), design=Design(psus="psu", weights="w"))
    >>> weighted_size(cells, None, pooled(cells, ["q"]), [{}, {"u": "a"}]).tolist()
    [[8.0], [4.0]]
    """
    weighted = WeightedSample.of(cells, weights).weights.final[:, None] * estimands.x
    return np.array([np.add.reduce(weighted[_members(cells, domain)], axis=0) for domain in domains])


def answered_all(cells: Cells, items: Sequence[str]) -> NDArray[np.bool_]:
    """Mark the rows that answered all of the items; needs cells that are rows."""
    if not cells.elements:
        raise NotInCells(N_("which rows answered several items is not in the cells; ask tabulate for elements=True"))
    levels = {item.code: item.levels for item in cells.codebook.items}
    answered = np.ones(len(cells), dtype=bool)
    for code in items:
        answered &= cells.item(code)[:, 1 : levels[code] + 1].any(1)
    return answered


def _members(cells: Cells, domain: Mapping[str, str]) -> NDArray[np.bool_]:
    inside = np.ones(len(cells), dtype=bool)
    for column, label in domain.items():
        codes = cells.code(column)
        matches = [code for code in range(len(cells.labels[column])) if cells.label(column, code) == str(label)]
        inside &= np.isin(codes, matches)
    return inside
