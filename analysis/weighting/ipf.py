"""Proportional fitting: weights that meet every margin (Deming and Stephan 1940), on classes of cells, to 1e-12."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.errors import N_, CannotCalibrate
from analysis.tabulation.key_encoding import combine_keys, dense_rank, first_of_each

TOLERANCE, ROUNDS = 1e-12, 500


def fit_ipf(
    parts: Sequence[tuple[NDArray[np.int64], NDArray]],
    base: NDArray,
    rows: NDArray,
    home: NDArray[np.int64] | None = None,
) -> tuple[NDArray[np.float64], int, float]:
    """Fit weights to categories of cells: final weights, rounds, and how far the worst category is off.

    A category that has lost all its weight (a replicate without its PSU) leaves its population to those of the same
    home, in proportion; without a home, or where the home is empty, to all.
    """
    if len(parts) == 1:
        codes, target = parts[0]
        reached = np.bincount(codes, base * rows, len(target))
        target = _inherited(target, reached, home)
        return base * np.divide(target, reached, out=np.zeros_like(target), where=reached > 0)[codes], 1, 0.0
    key, span = combine_keys([codes.astype(np.int32) for codes, _ in parts], [len(t) for _, t in parts], len(base))
    ids, size = dense_rank(key, span)
    first = first_of_each(ids, size)
    mass = np.bincount(ids, base * rows, size)
    classes = []
    for place, (codes, target) in enumerate(parts):
        own = codes[first]
        reached = np.bincount(own, mass, len(target))
        classes.append((own, _inherited(target, reached, home if place == 0 else None), reached > 0))
    fitted = mass.copy()
    for sweep in range(1, ROUNDS + 1):  # noqa: B007 (the number of rounds is reported)
        for own, target, _ in classes:
            reached = np.bincount(own, fitted, len(target))
            fitted *= np.divide(target, reached, out=np.zeros_like(target), where=reached > 0)[own]
        miss = max(
            float(np.abs(np.bincount(own, fitted, len(target))[some] / target[some] - 1).max())
            for own, target, some in classes
        )
        if miss <= TOLERANCE:
            break
    else:
        raise CannotCalibrate(
            N_(
                "raking does not converge: after {rounds} rounds a margin is still off by {miss}; usually two margins "
                "contradict each other where categories hardly meet; merge categories"
            ),
            rounds=ROUNDS,
            miss=f"{miss:.1e}",
        )
    return base * np.divide(fitted, mass, out=np.zeros_like(mass), where=mass > 0)[ids], sweep, miss


def _inherited(target: NDArray, reached: NDArray, home: NDArray[np.int64] | None) -> NDArray[np.float64]:
    lost = (reached <= 0) & (target > 0)
    if not lost.any():
        return target
    target, left = target.astype(float).copy(), np.where(lost, target, 0.0)
    target[lost] = 0.0
    if home is not None:
        own = np.bincount(home, target)[home]
        share = np.divide(target, own, out=np.zeros_like(target), where=own > 0)
        target = target + share * np.bincount(home, left)[home]
        left = np.where(own > 0, 0.0, left)
    return target * (1 + left.sum() / target.sum()) if left.any() else target
