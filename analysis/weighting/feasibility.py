"""Whether weights within given bounds can meet the totals at all, by linear programming, and which bounds can."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.errors import N_, CannotCalibrate


def require_feasible(x: NDArray, mass: NDArray, target: NDArray, bounds: tuple[float, float]) -> None:
    """Ask a linear programme whether any weights within the bounds meet the totals; if not, name bounds that can."""
    from scipy.optimize import linprog
    from scipy.sparse import csc_array

    scale = np.maximum(np.abs(target), 1.0)
    matrix, wanted = csc_array((x * mass[:, None] / scale).T), target / scale
    if linprog(np.zeros(len(mass)), A_eq=matrix, b_eq=wanted, bounds=bounds, method="highs").status != 2:
        return
    spread = _tightest(matrix, wanted, matrix @ np.ones(len(mass)))
    if spread <= 1:
        raise CannotCalibrate(
            N_(
                "no weights within the bounds {low} to {high} meet the totals; the tightest symmetric bounds that can "
                "are {best_low} to {best_high}"
            ),
            low=bounds[0],
            high=bounds[1],
            best_low=f"{1 - spread:.4g}",
            best_high=f"{1 + spread:.4g}",
        )
    reach = _tightest(matrix, wanted, np.zeros(len(target)))
    if not np.isfinite(reach):
        raise CannotCalibrate(N_("no weights at all meet these totals: they contradict each other or the answers"))
    raise CannotCalibrate(
        N_(
            "no weights within the bounds {low} to {high} meet the totals; the tightest that can without negative "
            "weights are 0 to {best_high}"
        ),
        low=bounds[0],
        high=bounds[1],
        best_high=f"{reach:.4g}",
    )


def _tightest(matrix: Any, wanted: NDArray, start: NDArray) -> float:
    """The smallest t for which some g meets the totals: 1 - t <= g <= 1 + t, or 0 <= g <= t where `start` is zero.

    `start` holds the totals that g = 1 reaches. With g = 1 + t (2v - 1), or g = t v, and 0 <= v <= 1, the totals are
    linear in v and 1/t: one programme with a row per total finds the largest 1/t. Infinite where there is none.
    """
    from scipy.optimize import linprog
    from scipy.sparse import csc_array, hstack

    classes = matrix.shape[1]
    both_sides = 2.0 if start.any() else 1.0
    best = linprog(
        np.append(np.zeros(classes), -1.0),
        A_eq=hstack([both_sides * matrix, csc_array((start - wanted)[:, None])]),
        b_eq=start,
        bounds=[(0, 1)] * classes + [(0, None)],
        method="highs",
    )
    return 1 / float(best.x[-1]) if best.status == 0 and best.x[-1] > 1e-9 else np.inf
