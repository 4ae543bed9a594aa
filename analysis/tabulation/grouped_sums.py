"""Sums of rows, by runs and by groups, always in the order of the rows: so that bytes do not depend on the machine.

A sum is the product of a sparse matrix of weights and the rows; SciPy adds the terms of each sum one after another.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

Matrix = NDArray[Any]


def run_matrix(
    starts: NDArray[np.int64], order: NDArray[np.int64], rows: int, weights: NDArray | None = None
) -> csr_array:
    """Make the matrix that sums runs of rows: run r holds order[starts[r]] up to the next start, each row weighted.

    >>> (run_matrix(np.array([0, 2]), np.array([3, 0, 1]), 4) @ np.array([1.0, 2.0, 4.0, 8.0])).tolist()
    [9.0, 2.0]
    """
    factors = np.ones(len(order)) if weights is None else weights[order]
    return csr_array((factors, order, np.append(starts, len(order))), shape=(len(starts), rows))


def group_matrix(groups: NDArray[np.int64], size: int, weights: NDArray | None = None) -> csr_array:
    """Make the matrix that sums the rows of each group, numbered 0 to size - 1; a group without rows sums to 0."""
    order = np.argsort(groups, kind="stable")
    starts = np.cumsum(np.bincount(groups, minlength=size)) - np.bincount(groups, minlength=size)
    return run_matrix(starts, order, len(groups), weights)


def group_sums(values: Matrix, groups: NDArray[np.int64], size: int) -> NDArray[np.float64]:
    """Sum rows by group.

    >>> group_sums(np.array([[1.0], [2.0], [4.0]]), np.array([1, 0, 1]), 3).tolist()
    [[2.0], [5.0], [0.0]]
    """
    return group_matrix(groups, size) @ values


def sum_runs(values: Matrix, starts: NDArray[np.int64]) -> Matrix:
    """Sum runs of rows, each from its start to the next; whole numbers stay whole."""
    if len(starts) == len(values):
        return values
    if not len(starts):
        return values[:0]
    ends = np.append(starts, len(values))
    ones = np.ones(len(values), dtype=values.dtype)
    return csr_array((ones, np.arange(len(values)), ends), shape=(len(starts), len(values))) @ values


def weighted_total(values: Matrix, weights: NDArray | None = None, where: NDArray[np.bool_] | None = None) -> Matrix:
    """Sum whole numbers [cells, ...] over cells: exact without weights, else each times its cell's weight.

    >>> weighted_total(np.array([[1, 2], [3, 4]]), np.array([0.5, 2.0])).tolist()
    [6.5, 9.0]
    """
    chosen = np.arange(len(values)) if where is None else np.flatnonzero(where)
    if weights is None:
        return values[chosen].sum(axis=0, dtype=np.int64)
    whole = run_matrix(np.zeros(1, dtype=np.int64), chosen, len(values), weights)
    return (whole @ values.reshape(len(values), -1)).reshape(values.shape[1:])
