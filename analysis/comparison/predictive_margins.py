"""Shares adjusted for what was asked about, and of whom: predictive margins of a logistic model over everybody.

The adjusted share of an office is what a model with one effect per office and one per field predicts if everybody's
fields had come to that office: m_d = sum(w x p(d, z)) / sum(w x), over all answers x of the population with their own
categories z (B. I. Graubard and E. L. Korn, Predictive margins with survey data, Biometrics 55, 1999, 652-659). Its
linearised influence has two parts: of the population's categories, (p(d, z) - m_d) x / sum(w x), and of the
coefficients, the score times A^-1 times the gradient of m_d. R's `svypredmeans` adds the variances of the two and
leaves out their covariance; here it is counted, as in any linearised variance.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, stdtrit

from analysis.comparison.contrasts import EstimateVector
from analysis.comparison.differences import JointEstimates, as_tested
from analysis.comparison.estimable_groups import BY_MODEL, EstimableGroups, Label, estimable_groups
from analysis.comparison.logistic_regression import (
    LogisticModel,
    Predictor,
    combined_codes,
    logistic_regression,
    model_matrix,
    predictor,
)
from analysis.errors import N_, BadMethod, BadWeights, NotEstimable
from analysis.estimands.estimands import Estimands
from analysis.tabulation.cells import Cells
from analysis.variance.weighted_sample import WeightedSample
from analysis.weighting.weights import Weights

Matrix = NDArray[np.float64]
OVERLAP, FEW = 0.5, "little overlap"


@dataclass(frozen=True, eq=False)
class AdjustedShares:
    """A model of one share by group (offices) and by what is adjusted for, ready to give adjusted shares.

    model       whose first predictor is the group
    others      what is adjusted for, with the categories of the model
    of          who is in the model, who is left out and why, and what is sure without it
    population  [cells] over whose answers shares are predicted: those of all groups, with categories of the model
    lacking     per group the categories (column, label) that it does not have and the model fills in
    unknown     answers of the model's groups in which a column is empty
    covered     which part of the weighted answers with all columns the population is
    """

    model: LogisticModel
    others: tuple[Predictor, ...]
    of: EstimableGroups
    population: NDArray[np.bool_]
    y: Matrix
    x: Matrix
    lacking: Mapping[Label, tuple[tuple[str, str], ...]]
    unknown: int
    covered: float

    @property
    def group(self) -> Predictor:
        """The groups that have an adjusted share."""
        return self.model.predictors[0]

    def influences(self, groups: Sequence[int]) -> tuple[Matrix, Matrix]:
        """Return the two parts of the influence of adjusted shares [cells, groups]: population's and model's."""
        share, mean, gradient, place = self._predicted(groups)
        of_population = np.zeros((len(self.x), len(groups)))
        of_population[self.population] = (share[:, place] - mean[:, None]).T * self.x[self.population][:, None]
        return of_population / self._size, self.model.along(self.model.inverse @ gradient.T)

    def overlap(self) -> Matrix:
        """Return per group which part of the population has categories that the group has, too, or that are sure."""
        z, _, part = self._combinations
        has = np.ones((len(self.group.labels), len(z)), dtype=bool)
        inside = self.model.inside
        for column, each in zip(z.T, self.model.predictors[1:], strict=False):
            met = np.zeros((len(self.group.labels), len(each.labels)), dtype=bool)
            met[self.group.code[inside], each.code[inside]] = True
            has &= met[:, column]
        return (has | (z[:, -1] != BY_MODEL)) @ part

    def margins(self, groups: Sequence[Label]) -> EstimateVector:
        """Estimate the adjusted shares of some groups, and last the plain share of the population, with covariance.

        A group without an adjusted share has NaN. df = PSUs - strata of the model's rows, + 1 - its terms, as R.
        """
        numbers = {labels: number for number, labels in enumerate(self.group.labels)}
        place = [k for k, labels in enumerate(groups) if labels in numbers]
        known = [numbers[groups[k]] for k in place]
        w = self.model.sample.weights.final
        whole = float((w * self.y).sum()) / self._size
        _, mean, _, _ = self._predicted(known)
        own = (self.y - whole * self.x)[:, None] / self._size
        covariance = self.model.sample.covariance(np.concatenate([sum(self.influences(known)), own], axis=1))
        value, full = np.full(len(groups) + 1, np.nan), np.full((len(groups) + 1,) * 2, np.nan)
        at = np.array([*place, len(groups)])
        value[at], full[np.ix_(at, at)] = [*mean, whole], covariance
        names = (*(", ".join(labels) for labels in groups), "")
        return EstimateVector(names, value, full, self.model.df)

    @property
    def _size(self) -> float:
        return float((self.model.sample.weights.final * self.x).sum())

    @cached_property
    def _combinations(self) -> tuple[NDArray[np.int64], NDArray[np.int64], Matrix]:
        """Combinations of the population's categories and outcome, that of each cell, their parts of the answers."""
        z, place = combined_codes([*(each.code for each in self.others), self.of.outcome], self.population)
        w = (self.model.sample.weights.final * self.x)[self.population]
        return z, place, np.bincount(place, w, len(z)) / self._size

    def _predicted(self, groups: Sequence[int]) -> tuple[Matrix, Matrix, Matrix, NDArray[np.int64]]:
        """Shares [groups, combinations], their means [groups], gradients [groups, terms], each cell's combination."""
        z, place, part = self._combinations
        sizes = [len(each.labels) for each in self.model.predictors]
        sure = np.array([np.nan, 0.0, 1.0])[z[:, -1]]
        share, gradient = np.empty((len(groups), len(z))), np.empty((len(groups), len(self.model.terms)))
        for row, group in enumerate(groups):
            matrix = model_matrix(np.column_stack([np.full(len(z), group), z[:, :-1]]), sizes)
            share[row] = np.where(np.isnan(sure), expit(matrix @ self.model.coefficients), sure)
            gradient[row] = (part * share[row] * (1 - share[row])) @ matrix
        return share, share @ part, gradient, place


def adjusted_shares(
    cells: Cells, weights: Weights | None, estimands: Estimands, columns: Sequence[str], adjust: Sequence[str]
) -> AdjustedShares:
    """Fit one share by groups (`columns`, several are crossed) and the columns of `adjust`; say who cannot be in it.

    Left out are groups in which everybody or nobody is satisfied, and those that no chain of common categories joins to
    most answers; categories in which everybody or nobody is satisfied are predicted so (`estimable_groups`). Raises
    NotEstimable where nothing is left to compare, with the names of the categories.

    >>> import pyarrow as pa
    >>> from analysis import Codebook, Design, tabulate
    >>> from analysis.estimands.estimands import pooled
    >>> answers = {"psu": [1, 2, 3, 4] * 3, "u": list("aaaaaabbbbbb"), "f": list("xxxxyyxxyyyy")}
    >>> table = pa.table({**answers, "q": [5, 4, 5, 1, 4, 2, 5, 1, 2, 1, 4, 2]})
    >>> cells = tabulate(table, ["u"], codebook=Codebook.plain(["q"]), design=Design(psus="psu"), keep=["f"])
    >>> found = adjusted_shares(cells, None, pooled(cells, ["q"]), ["u"], ["f"]).margins([("a",), ("b",)])
    >>> found.value.round(3).tolist(), round(found.difference(0, 1).value, 3)
    ([0.625, 0.375, 0.5], 0.25)
    """
    if len(estimands.of) != 1 or not estimands.share:
        raise BadMethod(N_("an adjusted comparison needs one share"))
    w = WeightedSample.of(cells, weights).weights.final
    if (w < 0).any():
        raise BadWeights(N_("some weights are negative, and no logistic model takes them; calibrate with bounds"))
    group, others = predictor(cells, columns), tuple(predictor(cells, [column]) for column in adjust)
    answered = (estimands.x[:, 0] > 0) & (w != 0) & (group.code >= 0)
    some = answered & np.logical_and.reduce([each.code >= 0 for each in others])
    if not some.any():
        raise NotEstimable(N_("no answer has all of the categories {columns}"), columns=", ".join([*columns, *adjust]))
    y, x = estimands.y[:, 0] * some, estimands.x[:, 0] * some
    of = estimable_groups(group, others, w * y, w * x)
    model = logistic_regression(cells, weights, estimands, [of.kept, *others], of.inside)
    others = tuple(each.among(fitted.labels) for each, fitted in zip(others, model.predictors[1:], strict=True))
    known = np.logical_and.reduce([each.code >= 0 for each in others])
    population = some & (known | (of.outcome != BY_MODEL))
    unknown = int(estimands.x[answered & ~some & (of.kept.code >= 0), 0].sum())
    covered = float((w * x * population).sum()) / float((w * estimands.x[:, 0] * some).sum())
    y, x = y * population, x * population
    return AdjustedShares(model, others, of, population, y, x, _lacking(model), unknown, covered)


def _lacking(model: LogisticModel) -> dict[Label, tuple[tuple[str, str], ...]]:
    group, *others = model.predictors
    found: dict[Label, tuple[tuple[str, str], ...]] = {}
    for number, labels in enumerate(group.labels):
        own = group.code == number
        names = [
            (each.columns[0], category)
            for each in others
            for (category,) in each.labels
            if (category,) not in each.met(own)
        ]
        if names:
            found[labels] = tuple(names)
    return found


def adjusted_figures(shares: AdjustedShares, plain: JointEstimates, level: float = 0.95) -> JointEstimates:
    """Adjusted shares in the order of the plain ones of one figure, {} being everybody, ready to be compared alike.

    For tests a variance is taken larger or smaller by what the plain share's is (`figures_of`): what it would be if the
    group were like others. `estimated` and `design_df` are as R has them. df is that of the plain share, at most what
    all PSUs leave after the effects of what is adjusted for. Intervals are on the logit scale with t(df).
    The flag "little overlap" is on groups that have the categories of less than half of the population.

    >>> import pyarrow as pa
    >>> from analysis import Codebook, Design, figures_of, tabulate
    >>> from analysis.estimands.estimands import pooled
    >>> answers = {"psu": [1, 2, 3, 4] * 3, "u": list("aaaaaabbbbbb"), "f": list("xxxxyyxxyyyy")}
    >>> table = pa.table({**answers, "q": [5, 4, 5, 1, 4, 2, 5, 1, 2, 1, 4, 2]})
    >>> cells = tabulate(table, ["u"], codebook=Codebook.plain(["q"]), design=Design(psus="psu"), keep=["f"])
    >>> plain = figures_of(cells, None, ["q"], [{"u": "a"}, {"u": "b"}])
    >>> found = adjusted_figures(adjusted_shares(cells, None, pooled(cells, ["q"]), ["u"], ["f"]), plain)
    >>> plain.value.round(3).tolist(), found.value.round(3).tolist()
    ([0.667, 0.333], [0.625, 0.375])
    """
    groups = [tuple(str(domain[column]) for column in shares.group.columns) for domain in plain.domains if domain]
    found = shares.margins(groups)
    numbers = iter(range(len(groups)))
    place = np.array([next(numbers) if domain else len(groups) for domain in plain.domains])
    value, estimated = found.value[place], found.covariance[np.ix_(place, place)]
    with np.errstate(divide="ignore", invalid="ignore"):
        tested = estimated.diagonal() * plain.covariance.diagonal() / plain.estimated.diagonal()
    covariance = as_tested(estimated, tested)
    few = {labels for labels, part in zip(shares.group.labels, shares.overlap(), strict=True) if part < OVERLAP}
    little = [FEW if domain and groups[at] in few else "" for domain, at in zip(plain.domains, place, strict=True)]
    flags = tuple((*own, flag) if flag else own for own, flag in zip(plain.flags, little, strict=True))
    df = np.minimum(plain.df, found.df + len(shares.group.labels) - 1)
    low, high = _logit_limits(value, np.sqrt(covariance.diagonal()), df, level)
    return replace(
        plain, value=value, covariance=covariance, estimated=estimated, low=low, high=high, df=df, flags=flags,
        design_df=found.df,
    )  # fmt: skip


def _logit_limits(value: Matrix, se: Matrix, df: NDArray[np.int64], level: float) -> tuple[Matrix, Matrix]:
    with np.errstate(divide="ignore", invalid="ignore"):
        reach = stdtrit(np.where(df > 0, df, np.nan), (1 + level) / 2) * se / (value * (1 - value))
    return expit(logit(value) - reach), expit(logit(value) + reach)
