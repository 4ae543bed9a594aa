"""Whether weights within given bounds can meet the totals at all, by linear programming, and which bounds can."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.errors import N_, CannotCalibrate

TOO_MANY = N_(
    "the margins contradict each other: all rows with {some} ({column}) have {others} ({other_column}), yet the first "
    "have a total of {needed} and the second only {there_are}; correct the totals, or merge categories"
)
NOTHING_LEFT = N_(
    "the margins contradict each other: all rows with {some} ({column}) have {others} ({other_column}), and both have "
    "a total of {needed}: nothing is left for the other rows with {others}; correct the totals, or merge categories"
)
SHOWN = 6  # categories of one kind that are named
Part = tuple[NDArray[np.int64], NDArray]


def refuse_contradiction(
    columns: Sequence[str], names: Sequence[Sequence[str]], parts: Sequence[Part], weighs: NDArray[np.bool_]
) -> None:
    """Raise CannotCalibrate with two sets of categories that contradict each other, if two margins do.

    Positive weights meet two margins unless some categories of the one need more than those of the other in which all
    their rows lie (Gale's condition for a transport problem; Farkas' lemma finds them). `weighs`: cells that count.
    """
    for one, other in combinations(range(len(parts)), 2):
        for a, b in ((one, other), (other, one)):
            found = _contradiction(parts[a], parts[b], weighs)
            if found is None:
                continue
            some, others = found
            needed, there_are = float(parts[a][1][some].sum()), float(parts[b][1][others].sum())
            raise CannotCalibrate(
                TOO_MANY if needed > there_are * (1 + 1e-9) else NOTHING_LEFT,
                some=_several([names[a][k] for k in some]), column=columns[a],
                others=_several([names[b][k] for k in others]), other_column=columns[b],
                needed=f"{needed:.10g}", there_are=f"{there_are:.10g}",
            )  # fmt: skip


def _contradiction(one: Part, other: Part, weighs: NDArray[np.bool_]) -> tuple[NDArray, NDArray] | None:
    """Categories of one margin that need more than (or all of) those of the other in which all their rows lie.

    Indicators u of categories of the one and v of the other with u <= v in every pair that occurs: the most of
    sum(T u) - sum(S v). Its programme is a cut in a network, so an optimum is whole. Where the most is 0, one in which
    v is larger than u in some pair leaves nothing for that pair.
    """
    from scipy.optimize import linprog
    from scipy.sparse import csc_array

    (codes, target), (other_codes, there) = one, other
    pairs = np.unique(np.column_stack([codes[weighs], other_codes[weighs]]), axis=0)
    rows, width = np.arange(len(pairs)), len(target) + len(there)
    matrix = csc_array(
        (
            np.concatenate([np.ones(len(pairs)), -np.ones(len(pairs))]),
            (np.concatenate([rows, rows]), np.concatenate([pairs[:, 0], len(target) + pairs[:, 1]])),
        ),
        shape=(len(pairs), width),
    )
    gain = np.concatenate([target, -there]) / target.sum()
    best = linprog(-gain, A_ub=matrix, b_ub=np.zeros(len(pairs)), bounds=(0, 1), method="highs")
    if best.status == 0 and -best.fun <= 1e-9:
        slack = np.asarray(matrix.sum(axis=0)).reshape(-1)
        best = linprog(
            slack, A_ub=matrix, b_ub=np.zeros(len(pairs)), A_eq=gain[None, :], b_eq=[0.0], bounds=(0, 1), method="highs"
        )
        if best.status != 0 or best.fun > -1e-6:
            return None
    if best.status != 0:
        return None
    chosen = best.x > 0.5
    return np.flatnonzero(chosen[: len(target)]), np.flatnonzero(chosen[len(target) :])


def _several(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN]) + (f" … (+{len(names) - SHOWN})" if len(names) > SHOWN else "")


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
