"""Do the items of a factor measure one thing? Alpha, omega and item-rest correlations, from sums of products.

These describe a questionnaire, not an office: they are computed over all answers, and a low value is a reason to look
at the wording. They say nothing about how sure a figure is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.errors import N_, AnalysisError
from analysis.tabulation.cells import Cells
from analysis.tabulation.grouped_sums import weighted_total
from analysis.tabulation.respondent_sums import members_of, required_sums
from analysis.weighting.weights import Weights


@dataclass(frozen=True, eq=False)
class CrossProducts:
    """Sums over persons for every pair of items, over those who answered both; parts add.

    both      persons (or their weight) who answered both
    scores    sum of the row's item over them
    products  sum of the product
    """

    items: tuple[str, ...]
    both: NDArray[np.float64]
    scores: NDArray[np.float64]
    products: NDArray[np.float64]
    complete: bool

    def __add__(self, other: "CrossProducts") -> "CrossProducts":
        if (self.items, self.complete) != (other.items, other.complete):
            raise AnalysisError(N_("sums of different items, or of another rule for missing answers, cannot be added"))
        return CrossProducts(
            self.items,
            self.both + other.both,
            self.scores + other.scores,
            self.products + other.products,
            self.complete,
        )

    def of(self, items: Sequence[str]) -> "CrossProducts":
        """Return the sums of some of the items (of one factor); with complete cases, completeness stays that of all."""
        if strangers := [item for item in items if item not in self.items]:
            raise AnalysisError(N_("no sums were made for {items}"), items=", ".join(strangers))
        chosen = np.ix_(*[[self.items.index(item) for item in items]] * 2)
        return replace(
            self, items=tuple(items), both=self.both[chosen], scores=self.scores[chosen], products=self.products[chosen]
        )

    def covariance(self) -> NDArray[np.float64]:
        """Return covariances (divisor n - 1), each pair over those who answered both."""
        if not (self.both > 1).all():
            i, j = np.argwhere(self.both <= 1)[0]
            raise AnalysisError(N_("{one} and {two} were not answered together by two persons"),
                                one=self.items[i], two=self.items[j])  # fmt: skip
        mean = self.scores / self.both
        return (self.products / self.both - mean * mean.T) * self.both / (self.both - 1)


def sum_products(
    levels: ArrayLike, items: Sequence[str], *, weights: ArrayLike | None = None, complete: bool = False
) -> CrossProducts:
    """Sum cross products in one pass over answers [persons, items]; 0, negative or missing means no answer.

    `complete` keeps only persons who answered all items; else each pair has its own persons. The two differ with
    missing answers, so a published alpha names its rule. Without weights all sums are whole numbers, exact up to 2^53.

    >>> sum_products([[5, 4], [1, 0]], ["q1", "q2"]).both.tolist()
    [[2.0, 1.0], [1.0, 1.0]]
    """
    score = np.nan_to_num(np.asarray(levels, float))
    answered = (score > 0).astype(float)
    if complete:
        answered *= answered.all(axis=1, keepdims=True)
    score = score * answered
    weight = 1.0 if weights is None else np.asarray(weights, float)[:, None]
    weighted = (score * weight).T
    return CrossProducts(
        tuple(items), (answered * weight).T @ answered, weighted @ answered, weighted @ score, complete
    )


def products_in(
    cells: Cells,
    name: str,
    weights: Weights | None = None,
    *,
    complete: bool = False,
    where: NDArray[np.bool_] | None = None,
) -> CrossProducts:
    """Take cross products from cells, for the items of a factor or of the whole ("overall"); no further pass.

    Needs `tabulate(..., cross_products=[name])`, or `complete=[name]` for those who answered all of its items. With
    weights a person counts as her weight; `where` chooses some of the cells, such as one unit.

    >>> import pyarrow as pa
    >>> from analysis import Codebook, Design, tabulate
    >>> table = pa.table({"psu": [1, 2, 3], "q1": [5, 1, None], "q2": [4, 2, 3]})
    >>> codebook = Codebook.plain({"speed": ["q1", "q2"]})
    >>> cells = tabulate(table, codebook=codebook, design=Design(psus="psu"), cross_products=["speed"])
    >>> products_in(cells, "speed").both.tolist()
    [[2.0, 2.0], [2.0, 3.0]]
    """
    items = tuple(cells.codebook.item_codes[place] for place in members_of(cells.codebook, name))
    final, k = None if weights is None else weights.final, len(items)
    if not complete:
        sums = required_sums(cells.sums, f"pairs:{name}", f"cross_products=['{name}']")
        three = weighted_total(sums, final, where).astype(float)
        return CrossProducts(items, three[0], three[1], three[2], complete)
    kept = required_sums(cells.sums, f"complete:{name}", f"complete=['{name}']")
    total: NDArray[np.float64] = weighted_total(kept, final, where).astype(float)
    ends = np.cumsum([1, *(cells.codebook.items[place].levels for place in members_of(cells.codebook, name))])
    both, scores = np.empty((k, k)), np.empty((k, k))
    both[:] = total[0]
    for row, (start, end) in enumerate(pairwise(ends)):
        scores[row] = total[start:end] @ np.arange(1.0, end - start + 1)
    return CrossProducts(items, both, scores, total[ends[-1] :].reshape(k, k), complete)


@dataclass(frozen=True)
class Reliability:
    """Of one factor. Where there are fewer than three items, omega does not exist."""

    items: tuple[str, ...]
    alpha: float
    omega: float | None
    loadings: tuple[float, ...]
    item_rest: tuple[float, ...]
    alpha_without: tuple[float | None, ...]
    flags: tuple[str, ...] = ()


def reliability_of(products: CrossProducts) -> Reliability:
    """Compute alpha, omega, and what each item adds.

    alpha = k/(k-1) (1 - trace C / sum C) (L. J. Cronbach, Psychometrika 16, 1951); omega = (sum l)^2 / ((sum l)^2 + sum
    u) from the loadings l and unique variances u of one common factor (R. P. McDonald, Test Theory, 1999), fitted by
    maximum likelihood (K. G. Jöreskog, Psychometrika 32, 1967), unique variances at least 0.005 of the whole;
    item-rest = correlation of an item with the sum of the others. The flag "improper" says that the fit ended at that
    bound: read omega with care.

    >>> answers = [[5, 4, 5], [4, 4, 4], [2, 1, 2], [3, 3, 2], [5, 5, 4], [1, 2, 2]]
    >>> found = reliability_of(sum_products(answers, ["q1", "q2", "q3"]))
    >>> round(found.alpha, 4), round(found.omega, 4)
    (0.9459, 0.9542)
    """
    c = products.covariance()
    k = len(c)
    if k < 2 or not (c.diagonal() > 0).all():
        raise AnalysisError(N_("reliability needs two items or more, each with answers that differ"))
    loadings, improper = _one_factor(c) if k > 2 else (np.array([]), False)
    common = loadings.sum() ** 2
    unique = (c.diagonal() - loadings**2).sum() if k > 2 else 0.0
    rest = c.sum(axis=1) - c.diagonal()
    spread = np.sqrt(c.diagonal() * (c.sum() - 2 * rest - c.diagonal()))
    return Reliability(
        items=products.items,
        alpha=_alpha(c),
        omega=float(common / (common + unique)) if k > 2 else None,
        loadings=tuple(loadings.tolist()),
        item_rest=tuple((rest / spread).tolist()),
        alpha_without=tuple(_alpha(np.delete(np.delete(c, i, 0), i, 1)) if k > 2 else None for i in range(k)),
        flags=("improper",) if improper else (),
    )


def _alpha(c: NDArray[np.float64]) -> float:
    k = len(c)
    return float(k / (k - 1) * (1 - c.trace() / c.sum()))


def _one_factor(c: NDArray[np.float64]) -> tuple[NDArray[np.float64], bool]:
    """Loadings of one common factor by maximum likelihood, on the correlations, brought back to the items' scale."""
    from scipy.optimize import minimize

    sd = np.sqrt(c.diagonal())
    r = c / np.outer(sd, sd)
    lowest = 0.005

    def first(unique: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        scale = 1 / np.sqrt(unique)
        values, vectors = np.linalg.eigh(r * np.outer(scale, scale))
        return values, vectors, np.sqrt(unique) * vectors[:, -1] * np.sqrt(max(values[-1] - 1, 0))

    def misfit(unique: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        values, _, loadings = first(unique)
        others = np.maximum(values[:-1], 1e-12)
        implied = np.outer(loadings, loadings) + np.diag(unique)
        return float((others - np.log(others) - 1).sum()), (implied - r).diagonal() / unique**2

    start = np.clip((1 - 0.5 / len(r)) / np.maximum(np.linalg.pinv(r).diagonal(), 1), 0.01, 1)
    fit = minimize(misfit, start, jac=True, method="L-BFGS-B", bounds=[(lowest, 1.0)] * len(r), tol=1e-12)
    loadings = first(fit.x)[2] * sd
    return loadings * (1 if loadings.sum() >= 0 else -1), bool((fit.x <= lowest * 1.001).any())


def cluster_size(psu: NDArray[np.int64], weights: NDArray, answers: NDArray) -> float:
    """Compute how many answers a cluster counts as: sum over clusters of (sum w)^2, over sum w^2, of all answers.

    With equal weights and clusters their size; uneven ones change it, and then deff = Kish's effect x (1 + (b - 1) icc)
    with this b (S. Gabler, S. Haeder, P. Lahiri, Survey Methodology 25, 1999, 105-106). `psu`, `weights` and the number
    of `answers` by cell, each [cells]. NaN without answers.

    >>> cluster_size(np.array([0, 0, 1]), np.ones(3), np.array([6, 4, 10]))
    10.0
    """
    of_psu = np.bincount(psu, weights * answers)
    squares = float((weights**2 * answers).sum())
    return float((of_psu**2).sum() / squares) if squares else np.nan


def intraclass(deff: ArrayLike, n: ArrayLike, psus: ArrayLike) -> NDArray[np.float64]:
    """Compute the intraclass correlation from a design effect: (deff - 1)/(b - 1), b = n/psus answers a cluster.

    deff is variance over that of a simple random sample (L. Kish, Survey Sampling, 1965, 5.4), without what uneven
    weights do: take Kish's weighting effect out first, and b from `cluster_size`. NaN with one answer a cluster: it
    does not exist.

    >>> intraclass([2.0, 1.0], [400, 400], [40, 40]).round(3).tolist()
    [0.111, 0.0]
    """
    size = np.asarray(n, float) / np.asarray(psus, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(size > 1, (np.asarray(deff, float) - 1) / (size - 1), np.nan)
