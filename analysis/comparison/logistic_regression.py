"""Logistic regression of a share on several categories under the sampling design, fitted from cells (R `svyglm`).

Cells of one combination of categories share one linear predictor, so the weighted successes and answers of each
combination suffice for the estimate, and the PSU totals of the scores for its variance: no second pass over rows.
An item has one answer a person; a factor or the whole has several, counted as successes among answers, which is R's
`cbind(satisfied, others)` with `quasibinomial`: the clustering of a person's answers is in the variance between PSUs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, xlog1py, xlogy

from analysis.errors import N_, BadMethod, BadWeights, NotEstimable
from analysis.estimands.estimands import Estimands
from analysis.tabulation.cells import Cells
from analysis.variance.weighted_sample import WeightedSample
from analysis.weighting.weights import Weights

Matrix = NDArray[np.float64]
STEPS, HALVINGS = 50, 20
CLOSE, SURE, RANK, NAMED = 1e-9, 15.0, 1e-9, 6


@dataclass(frozen=True, eq=False)
class Predictor:
    """A categorical predictor: its columns (several are crossed), the categories, and the category of each cell.

    labels  one text per column for each category, in the order of the cells' labels; the first is the reference
    code    [cells] number of the category; -1 where a column is empty, or the category is none of these
    """

    columns: tuple[str, ...]
    labels: tuple[tuple[str, ...], ...]
    code: NDArray[np.int64]

    @property
    def names(self) -> tuple[str, ...]:
        """Return `unit=03646` for each category."""
        return tuple(
            ", ".join(f"{column}={label}" for column, label in zip(self.columns, labels, strict=True))
            for labels in self.labels
        )

    def met(self, inside: NDArray[np.bool_]) -> tuple[tuple[str, ...], ...]:
        """Return the categories met in some of the cells."""
        return tuple(self.labels[number] for number in np.unique(self.code[inside & (self.code >= 0)]))

    def among(self, labels: Sequence[tuple[str, ...]]) -> "Predictor":
        """Return the same with these categories alone, in their order; cells of others have -1."""
        numbers = {label: number for number, label in enumerate(labels)}
        place = np.array([*(numbers.get(label, -1) for label in self.labels), -1])
        return Predictor(self.columns, tuple(labels), place[self.code])


def predictor(cells: Cells, columns: Sequence[str]) -> Predictor:
    """Read a categorical predictor off the cells; several columns are crossed.

    >>> import pyarrow as pa
    >>> from analysis import Codebook, Design, tabulate
    >>> table = pa.table({"psu": [1, 2, 3], "unit": ["b", "a", None], "q": [5, 2, 4]})
    >>> cells = tabulate(table, ["unit"], codebook=Codebook.plain(["q"]), design=Design(psus="psu"))
    >>> found = predictor(cells, ["unit"])
    >>> found.names, found.code.tolist()
    (('unit=a', 'unit=b'), [1, 0, -1])
    """
    codes = np.column_stack([cells.code(column) for column in columns]).astype(np.int64)
    found, place = np.unique(codes, axis=0, return_inverse=True)
    known = (found >= 0).all(axis=1)
    number = np.where(known, np.cumsum(known) - 1, -1)
    labels = tuple(
        tuple(str(cells.label(column, code)) for column, code in zip(columns, row, strict=True)) for row in found[known]
    )
    return Predictor(tuple(columns), labels, number[place.reshape(-1)])


@dataclass(frozen=True, eq=False)
class LogisticModel:
    """A fitted model: log odds = intercept + one coefficient for each category but the first of each predictor.

    terms         names of the coefficients: "intercept", then `field=land` ...
    coefficients  [terms], on the log-odds scale
    df            PSUs minus strata among the rows used, + 1 - terms, as R
    y, x          [cells] satisfied answers and answers, 0 outside the model
    inside        [cells] which cells the model was fitted to
    inverse       A^-1 [terms, terms], A the information sum(w x p (1 - p) z z')
    """

    sample: WeightedSample
    predictors: tuple[Predictor, ...]
    terms: tuple[str, ...]
    coefficients: Matrix
    df: int
    y: Matrix
    x: Matrix
    inside: NDArray[np.bool_]
    inverse: Matrix

    @cached_property
    def covariance(self) -> Matrix:
        """Linearised covariance of the coefficients [terms, terms]: A^-1 V(scores) A^-1."""
        return self.sample.covariance(self.along(self.inverse))

    def along(self, directions: Matrix) -> Matrix:
        """Return what each cell's score sum((y - x p) z) adds to z'directions [terms, many]: [cells, many]."""
        patterns, place = self.combinations
        z = model_matrix(patterns, [len(each.labels) for each in self.predictors])
        share = expit(z @ self.coefficients)[place]
        found = np.zeros((len(self.y), directions.shape[1]))
        found[self.inside] = (self.y[self.inside] - self.x[self.inside] * share)[:, None] * (z @ directions)[place]
        return found

    @cached_property
    def combinations(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Combinations of categories that occur [combinations, predictors], and that of each cell inside."""
        return combined_codes([each.code for each in self.predictors], self.inside)

    @property
    def se(self) -> Matrix:
        """Standard errors of the coefficients."""
        return np.sqrt(self.covariance.diagonal())


def logistic_regression(
    cells: Cells,
    weights: Weights | None,
    estimands: Estimands,
    predictors: Sequence[Predictor],
    inside: NDArray[np.bool_] | None = None,
) -> LogisticModel:
    """Fit one share on categorical predictors by weighted quasi-likelihood, with the design's linearised covariance.

    `inside` [cells] limits the model to some of the cells; those with an empty category or no weight are never in it.
    Newton's method to convergence; sandwich variance over the PSUs of the design, residuals from the calibration
    (D. A. Binder, International Statistical Review 51, 1983, 279-292; R `svyglm(family = quasibinomial)`).

    Raises NotEstimable with the names of the categories: where everybody or nobody is satisfied in a category or
    combination, so that a coefficient grows without bound, and where categories always go together.

    >>> import pyarrow as pa
    >>> from analysis import Codebook, Design, tabulate
    >>> from analysis.estimands.estimands import pooled
    >>> answers = {"psu": [1, 2, 3, 4] * 3, "u": list("aaaabbbbaabb"), "f": list("xyxyxyxyxyxy")}
    >>> table = pa.table({**answers, "q": [2, 4, 5, 4, 1, 4, 4, 1, 4, 2, 5, 2]})
    >>> cells = tabulate(table, ["u"], codebook=Codebook.plain(["q"]), design=Design(psus="psu"), keep=["f"])
    >>> of = pooled(cells, ["q"])
    >>> found = logistic_regression(cells, None, of, [predictor(cells, ["u"]), predictor(cells, ["f"])])
    >>> dict(zip(found.terms, found.coefficients.round(3).tolist()))
    {'intercept': 1.072, 'u=b': -0.715, 'f=y': -0.715}
    """
    if len(estimands.of) != 1 or not estimands.share:
        raise BadMethod(N_("a logistic regression needs one share"))
    sample = WeightedSample.of(cells, weights)
    w = sample.weights.final
    if (w < 0).any():
        raise BadWeights(N_("some weights are negative, and no logistic model takes them; calibrate with bounds"))
    some = (estimands.x[:, 0] > 0) & (w != 0)
    if inside is not None:
        some &= inside
    for each in predictors:
        some &= each.code >= 0
    known = tuple(each.among(each.met(some)) for each in predictors)
    terms = ("intercept", *(name for each in known for name in each.names[1:]))
    if not some.any():
        raise NotEstimable(N_("no answer has all of the categories {columns}"), columns=_columns(predictors))
    y, x = estimands.y[:, 0] * some, estimands.x[:, 0] * some
    if not 0 < float((w * y).sum()) < float((w * x).sum()):
        raise NotEstimable(N_("everybody gives the same answer, so that there is nothing to explain"))
    beta, inverse = _fitted(known, terms, w * y, w * x, some)
    return LogisticModel(sample, known, terms, beta, sample.df(some) + 1 - len(terms), y, x, some, inverse)


def _fitted(
    known: Sequence[Predictor], terms: Sequence[str], good: Matrix, size: Matrix, some: NDArray[np.bool_]
) -> tuple[Matrix, Matrix]:
    """Coefficients and inverse information, by weighted satisfied answers and answers [cells]."""
    sure = [each.names[number] for each in known for number in one_sided(each, good, size)]
    if sure:
        raise _separated(sure)
    patterns, place = combined_codes([each.code for each in known], some)
    scale = float(size.sum()) / len(patterns)  # so that no tolerance depends on the size of the weights
    good, size = (np.bincount(place, sums[some], len(patterns)) / scale for sums in (good, size))
    z = model_matrix(patterns, [len(each.labels) for each in known])
    _refuse_aliased(z, terms)
    beta = _maximum(z, good, size, known, patterns)
    share = expit(z @ beta)
    return beta, np.linalg.inv((z * (size * share * (1 - share))[:, None]).T @ z) / scale


def combined_codes(
    codes: Sequence[NDArray[np.int64]], inside: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Number the combinations of codes met in some cells: [combinations, codes], and the number of each cell inside.

    >>> both = [np.array([0, 1, 1]), np.array([1, 0, 0])]
    >>> [found.tolist() for found in combined_codes(both, np.array([True, True, True]))]
    [[[0, 1], [1, 0]], [0, 1, 1]]
    """
    found, place = np.unique(np.column_stack([each[inside] for each in codes]), axis=0, return_inverse=True)
    return found, place.reshape(-1)


def model_matrix(patterns: NDArray[np.int64], sizes: Sequence[int]) -> Matrix:
    """Make the model matrix of combinations of categories [combinations, predictors]: [combinations, terms].

    >>> model_matrix(np.array([[0, 2], [1, 0]]), [2, 3]).tolist()
    [[1.0, 0.0, 0.0, 1.0], [1.0, 1.0, 0.0, 0.0]]
    """
    parts = [np.ones((len(patterns), 1))]
    parts += [column[:, None] == np.arange(1, size) for column, size in zip(patterns.T, sizes, strict=True)]
    return np.concatenate(parts, axis=1).astype(float)


def _maximum(z: Matrix, good: Matrix, size: Matrix, known: Sequence[Predictor], patterns: NDArray[np.int64]) -> Matrix:
    """Newton's method with halved steps; the quasi-likelihood is concave."""

    def deviance(beta: Matrix) -> float:
        share = expit(z @ beta)
        return -float((xlogy(good, share) + xlog1py(size - good, -share)).sum())

    beta = np.zeros(z.shape[1])
    beta[0] = logit(good.sum() / size.sum())
    now = deviance(beta)
    for _ in range(STEPS):
        share = expit(z @ beta)
        score, information = z.T @ (good - size * share), (z * (size * share * (1 - share))[:, None]).T @ z
        try:
            change = np.linalg.solve(information, score)
        except np.linalg.LinAlgError:
            break
        if (
            score @ change < CLOSE**2
        ):  # the step in its own standard errors; convergence is quadratic: the last is exact
            if np.abs(z @ beta).max() > SURE:
                _refuse_separated(z, good, size, known, patterns)
            return beta + change
        for _ in range(HALVINGS):
            later = deviance(beta + change)
            if later <= now + 1e-12 * abs(now):
                break
            change = change / 2
        beta, now = beta + change, later
    _refuse_separated(z, good, size, known, patterns)
    raise NotEstimable(
        N_("the logistic model did not converge in {steps} steps; leave a column out, or merge small categories"),
        steps=STEPS,
    )


def _columns(predictors: Sequence[Predictor]) -> str:
    return ", ".join(column for each in predictors for column in each.columns)


def few_names(names: Sequence[str]) -> str:
    """Join names with semicolons, the first few of many.

    >>> few_names(list("abcdefgh"))
    'a; b; c; d; e; f …'
    """
    return "; ".join(names[:NAMED]) + (" …" if len(names) > NAMED else "")


def _refuse_aliased(z: Matrix, terms: Sequence[str]) -> None:
    """Categories that the others determine: terms that take part in a direction in which nothing is known."""
    _, singular, directions = np.linalg.svd(z, full_matrices=True)
    rank = int((singular > RANK * singular.max()).sum())
    if rank == len(terms):
        return
    taking = (np.abs(directions[rank:]) > RANK**0.5).any(axis=0)
    names = [term for term, part in zip(terms, taking, strict=True) if part and term != "intercept"]
    raise NotEstimable(
        N_(
            "these categories always go together, so that their effects cannot be told apart: {names}. Leave out one "
            "of the columns, or merge a category with another"
        ),
        names=few_names(names),
    )


def one_sided(each: Predictor, good: Matrix, size: Matrix) -> dict[int, bool]:
    """Find categories in which everybody (True) or nobody (False) is satisfied, by weighted sums [cells].

    >>> each = Predictor(("u",), (("a",), ("b",)), np.array([0, 0, 1]))
    >>> one_sided(each, np.array([1.0, 2, 1]), np.array([1.0, 2, 3]))
    {0: True}
    """
    satisfied, answers = (np.bincount(each.code + 1, sums, len(each.labels) + 1)[1:] for sums in (good, size))
    every, none = satisfied >= answers * (1 - 1e-12), satisfied <= 0
    return {int(number): bool(every[number]) for number in np.flatnonzero((answers > 0) & (every | none))}


def _refuse_separated(
    z: Matrix, good: Matrix, size: Matrix, known: Sequence[Predictor], patterns: NDArray[np.int64]
) -> None:
    """Combinations that a linear predictor separates: a linear programme.

    (K. Konis, Linear programming algorithms for detecting separated data in binary logistic regression models, 2007.)
    """
    from scipy.optimize import linprog

    none, every = good <= 0, good >= size * (1 - 1e-12)
    sign = np.where(every, 1.0, np.where(none, -1.0, 0.0))
    mixed = sign == 0
    found = linprog(
        -(sign @ z), A_ub=-(sign[:, None] * z)[~mixed], b_ub=np.zeros(int((~mixed).sum())),
        A_eq=z[mixed] if mixed.any() else None, b_eq=np.zeros(int(mixed.sum())) if mixed.any() else None,
        bounds=(-1, 1),
    )  # fmt: skip
    if found.status != 0 or -found.fun <= RANK**0.5:
        return
    moved = np.flatnonzero(np.abs(z @ found.x) > RANK**0.5)
    raise _separated([", ".join(each.names[patterns[row, k]] for k, each in enumerate(known)) for row in moved])


def _separated(names: Sequence[str]) -> NotEstimable:
    return NotEstimable(
        N_(
            "everybody or nobody is satisfied in {names}, so that a logistic model has no finite effect for it. Merge "
            "it with a like category, take more items together, or leave it out"
        ),
        names=few_names(names),
    )
