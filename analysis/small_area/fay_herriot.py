"""Small offices: borrow strength from what similar offices have, and say so.

Fay and Herriot's area model: direct estimate = x'b + office effect + sampling error of known variance. The result is a
prediction that lies between the direct estimate and what the model expects. It is shown beside the direct estimate,
never instead of it without saying so.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.errors import N_, AnalysisError, one_of

METHODS = ("reml", "ml", "moment")


class NoAreaModel(AnalysisError):
    """The area model cannot be fitted to these offices."""


@dataclass(frozen=True, eq=False)
class AreaModel:
    """The fit: per office the direct estimate, the model's expectation, the prediction (EBLUP) and its MSE.

    `trust` is how much of the direct estimate is kept, from 0 to 1. `between` is the variance between offices that x
    does not explain; 0 carries the flag "no variation between offices", where the MSE is too small to believe.
    """

    direct: NDArray[np.float64]
    expected: NDArray[np.float64]
    predicted: NDArray[np.float64]
    mse: NDArray[np.float64]
    trust: NDArray[np.float64]
    coefficients: NDArray[np.float64]
    between: float
    method: str
    flags: tuple[str, ...]


def area_model(
    direct: ArrayLike, variance: ArrayLike, features: ArrayLike | None = None, *, method: str = "reml"
) -> AreaModel:
    """Compute empirical best linear unbiased predictions under the Fay-Herriot model, with second-order MSE.

    `direct` and `variance` per office (an office without answers has NaN in both and gets the expectation alone);
    `features` [offices, columns] without a constant, which is added: size, share of land dossiers, mountain or valley.
    Estimators of the variance between offices: `reml`, `ml`, and Fay and Herriot's `moment` equation.

    R. E. Fay and R. A. Herriot, Journal of the American Statistical Association 74 (1979); MSE after G. S. Datta and
    P. Lahiri, Statistica Sinica 10 (2000) for `reml` and `ml`, and G. S. Datta, J. N. K. Rao and D. D. Smith,
    Biometrika 92 (2005) for `moment`.

    >>> fit = area_model([0.80, 0.90, 0.85, 0.70, 0.88], [0.001, 0.001, 0.0005, 0.01, 0.001])
    >>> fit.predicted.round(3).tolist()
    [0.827, 0.874, 0.85, 0.839, 0.865]
    """
    one_of("method", method, METHODS)
    y, psi = np.asarray(direct, float), np.asarray(variance, float)
    x = np.ones((len(y), 1)) if features is None else np.column_stack([np.ones(len(y)), np.asarray(features, float)])
    if not len(y) == len(psi) == len(x) or not np.isfinite(x).all():
        raise NoAreaModel(N_("each office needs an estimate, a variance and all its features"))
    known = np.isfinite(y) & np.isfinite(psi)
    _check(psi, x, known)
    between = _solve(_scores(y[known], psi[known], x[known])[method], float(np.var(y[known])))
    b, spread = _regression(y[known], 1 / (between + psi[known]), x[known])
    expected = x @ b
    trust = np.where(known, between / (between + np.where(known, psi, 1.0)), 0.0)
    predicted = np.where(known, trust * np.where(known, y, 0) + (1 - trust) * expected, expected)
    return AreaModel(
        direct=y,
        expected=expected,
        predicted=predicted,
        mse=_mse(between, psi, x, known, spread, method),
        trust=trust,
        coefficients=b,
        between=between,
        method=method,
        flags=("no variation between offices",) if between == 0 else (),
    )


def _regression(
    y: NDArray[np.float64], w: NDArray[np.float64], x: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coefficients of weighted least squares, and (X'WX)^-1."""
    spread = np.asarray(np.linalg.inv((x * w[:, None]).T @ x), float)
    return spread @ (x * w[:, None]).T @ y, spread


def _scores(
    y: NDArray[np.float64], psi: NDArray[np.float64], x: NDArray[np.float64]
) -> dict[str, Callable[[float], float]]:
    """Per method a function of the variance between offices that falls through 0 at its estimate."""

    def squares(a: float) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        w = 1 / (a + psi)
        b, spread = _regression(y, w, x)
        return w, (w * (y - x @ b)) ** 2, spread

    def ml(a: float) -> float:
        w, residual, _ = squares(a)
        return float(residual.sum() - w.sum())

    def reml(a: float) -> float:
        w, residual, spread = squares(a)
        return float(residual.sum() - w.sum() + np.trace(spread @ (x * (w**2)[:, None]).T @ x))

    def moment(a: float) -> float:
        w, residual, _ = squares(a)
        return float((residual / w).sum() - (len(y) - x.shape[1]))

    return {"ml": ml, "reml": reml, "moment": moment}


def _solve(score: Callable[[float], float], scale: float) -> float:
    """Where the score crosses 0, by bisection; 0 where it is negative from the start."""
    if score(0.0) <= 0:
        return 0.0
    low, high = 0.0, max(scale, 1e-12)
    while score(high) > 0:
        low, high = high, 2 * high
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if score(middle) > 0 else (low, middle)
    return (low + high) / 2


def _mse(
    between: float,
    psi: NDArray[np.float64],
    x: NDArray[np.float64],
    known: NDArray[np.bool_],
    spread: NDArray[np.float64],
    method: str,
) -> NDArray[np.float64]:
    """g1 (prediction), g2 (coefficients), twice g3 (variance between offices), less the bias of that variance."""
    total = np.where(known, between + np.where(known, psi, 0), np.inf)
    w = 1 / total[known]
    shrunk = np.where(known, np.where(known, psi, 0) / total, 1.0)
    if method == "moment":
        uncertainty = 2 * len(w) / w.sum() ** 2
        bias = 2 * (len(w) * (w**2).sum() - w.sum() ** 2) / w.sum() ** 3
    else:
        uncertainty = 2 / (w**2).sum()
        tilt = np.trace(spread @ (x[known] * (w**2)[:, None]).T @ x[known])
        bias = -tilt / (w**2).sum() if method == "ml" else 0.0
    first = between * shrunk
    second = shrunk**2 * ((x @ spread) * x).sum(axis=1)
    third = np.where(known, shrunk**2 * uncertainty / total, 0.0)
    return first + second + 2 * third - np.where(known, bias * shrunk**2, 0.0)


def _check(psi: NDArray[np.float64], x: NDArray[np.float64], known: NDArray[np.bool_]) -> None:
    if (psi[known] <= 0).any():
        raise NoAreaModel(
            N_("office {position} has no sampling variance (its share is 0 or 1, or its clusters agree); give it a "
               "smoothed one, such as p (1-p) deff / n with p and deff of similar offices"),
            position=int(np.flatnonzero(known)[np.argmax(psi[known] <= 0)]) + 1,
        )  # fmt: skip
    if known.sum() < x.shape[1] + 2 or np.linalg.matrix_rank(x[known]) < x.shape[1]:
        raise NoAreaModel(
            N_("{offices} offices with answers cannot carry {columns} coefficients, or features repeat each other"),
            offices=int(known.sum()), columns=x.shape[1],
        )  # fmt: skip
