"""R's own search for the `likelihood` limits, step by step, for those who compare with R digit for digit.

`svyciprop(method="likelihood")` profiles the deviance at a few points, lays a spline through them and reads the limits
off it by linear interpolation. With a rare answer or few degrees of freedom that is up to 1% from the exact solution
(`intervals.likelihood_t`), which is what this package uses otherwise.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, ndtr, ndtri, stdtrit, xlogy

Points = NDArray[np.float64]
STEPS, EPSILON = 10, 2.220446049250313e-16


def likelihood_as_r(p: float, v: float, n: int, rows: int, df: float, level: float = 0.95) -> tuple[float, float]:
    """The limits as R `survey` 4.5 finds them; rows = the rows that R keeps (all of them in calibrated designs)."""
    if not 0 < p < 1 or df < 1 or not v > 0:
        return np.nan, np.nan
    theta, se = float(logit(p)), float(np.sqrt(v)) / (p * (1 - p))
    inflation = se**2 * rows * p * (1 - p)
    tail = float(ndtr(stdtrit(df, (1 - level) / 2) * np.sqrt(inflation)))
    furthest = -float(stdtrit(rows - 1, tail / 4))
    if not np.isfinite(furthest):
        return np.nan, np.nan
    dispersion = n / (n - 1)
    steps, heights = [theta], [0.0]
    for sign in (-1, 1):
        height, step = 0.0, 1
        while step < STEPS and abs(height) < furthest:
            here = theta + sign * step * furthest / 5 * se
            odds = EPSILON if here < -30 else 1 / EPSILON if here > 30 else float(np.exp(here))
            deviance = 2 * rows * (xlogy(p, p * (1 + odds) / odds) + xlogy(1 - p, (1 - p) * (1 + odds)))
            height = sign * float(np.sqrt(max(deviance / dispersion, 0.0)))
            steps.append(here)
            heights.append(height)
            step += 1
    order = np.argsort(steps)
    x, y = fmm_spline(np.array(steps)[order], np.array(heights)[order])
    cuts = np.array([1, -1]) * float(ndtri(tail))
    order = np.argsort(y)
    inside = (cuts >= y.min()) & (cuts <= y.max())
    low, high = np.where(inside, np.interp(cuts, y[order], x[order]), np.nan)
    return float(expit(low)), float(expit(high))


def fmm_spline(x: Points, y: Points) -> tuple[Points, Points]:
    """R's `spline(x, y)`: three times as many points on the cubic spline of Forsythe, Malcolm and Moler (1977)."""
    n = len(x)
    d = np.diff(x)
    slope = np.diff(y) / d
    diagonal = np.concatenate([[-d[0]], 2 * (d[:-1] + d[1:]), [-d[-1]]])
    right = np.concatenate([[0.0], np.diff(slope), [0.0]])
    if n > 3:
        first = right[2] / (x[3] - x[1]) - right[1] / (x[2] - x[0])
        last = right[-2] / (x[-1] - x[-3]) - right[-3] / (x[-2] - x[-4])
        right[0] = first * d[0] ** 2 / (x[3] - x[0])
        right[-1] = -last * d[-1] ** 2 / (x[-1] - x[-4])
    matrix = np.diag(diagonal) + np.diag(d, 1) + np.diag(d, -1)
    c = np.linalg.solve(matrix, right)
    b = slope - d * (c[1:] + 2 * c[:-1])
    cubic = np.diff(c) / d
    at = np.linspace(x[0], x[-1], 3 * n)
    piece = np.clip(np.searchsorted(x, at, side="right") - 1, 0, n - 2)
    t = at - x[piece]
    return at, y[piece] + t * (b[piece] + t * (3 * c[piece] + t * cubic[piece]))
