"""Calibration by distance functions (Deville and Särndal 1992): linear, raking and logit, with and without bounds."""

import numpy as np
from numpy.typing import NDArray

from analysis.errors import N_, CannotCalibrate
from analysis.tabulation.grouped_sums import group_sums
from analysis.weighting.feasibility import require_feasible
from analysis.weighting.ipf import ROUNDS, TOLERANCE
from analysis.weighting.weights import Weights


def fit_newton(
    columns: NDArray,
    target: NDArray,
    weights: Weights,
    method: str,
    bounds: tuple[float, float] | None,
    base: NDArray | None = None,
) -> tuple[NDArray[np.float64], int, float]:
    """Solve sum(w g(x'u) x) = T for u, on the distinct rows x."""
    base = weights.final if base is None else base
    distinct, ids = np.unique(columns, axis=0, return_inverse=True)
    ids = ids.reshape(-1)
    mass = group_sums((base * weights.cells.rows)[:, None], ids, len(distinct))[:, 0]
    scale = np.maximum(np.abs(target), 1.0)
    if bounds is not None:
        require_feasible(distinct, mass, target, bounds)
    u = np.zeros(len(target))
    for step in range(1, ROUNDS + 1):
        g, slope = _distance(distinct @ u, method, bounds)
        off = target - (mass * g) @ distinct
        miss = float((np.abs(off) / scale).max())
        if miss <= TOLERANCE * 10:
            break
        slopes = mass * slope
        hessian = (distinct * slopes[:, None]).T @ distinct
        change = np.linalg.lstsq(hessian / scale[:, None], off / scale, rcond=1e-13)[0]
        u = _step(u, change, distinct, mass, target, scale, method, bounds, miss)
        if step > 3 and miss < 1e-10 and np.abs(change).max() <= 1e-14 * max(1.0, np.abs(u).max()):
            break
    else:
        raise CannotCalibrate(
            N_(
                "the calibration does not converge: a total is still off by {miss} of itself; the totals contradict "
                "each other or the answers cannot reach them"
            ),
            miss=f"{miss:.1e}",
        )
    g, _ = _distance(distinct @ u, method, bounds)
    return base * g[ids], step, miss


def _step(  # noqa: PLR0913
    u: NDArray,
    change: NDArray,
    x: NDArray,
    mass: NDArray,
    target: NDArray,
    scale: NDArray,
    method: str,
    bounds: tuple[float, float] | None,
    miss: float,
) -> NDArray:
    """The Newton step, halved until it does not lead away."""
    for _ in range(30):
        g, _ = _distance(x @ (u + change), method, bounds)
        if np.isfinite(g).all():
            off = float((np.abs(target - (mass * g) @ x) / scale).max())
            if off < max(miss * 1.5, 1e-9):
                break
        change = change / 2
    return u + change


def _distance(u: NDArray, method: str, bounds: tuple[float, float] | None) -> tuple[NDArray, NDArray]:
    """g and its derivative, for the linear predictor u (Deville and Sarndal 1992, table 1)."""
    if method == "raking":
        with np.errstate(over="ignore"):
            g = np.exp(u)
        return g, g
    if method == "linear":
        g = 1 + u
        if bounds is None:
            return g, np.ones_like(g)
        clipped = np.clip(g, *bounds)
        return clipped, (clipped == g).astype(float)
    low, high = bounds or (0.0, np.inf)
    a = (high - low) / ((1 - low) * (high - 1))
    e = np.exp(np.clip(a * u, -500, 500))
    below = (high - 1) + (1 - low) * e
    g = (low * (high - 1) + high * (1 - low) * e) / below
    return g, (high - low) * a * (high - 1) * (1 - low) * e / below**2
