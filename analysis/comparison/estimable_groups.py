"""Which groups an adjusted comparison can hold: whose effect a model has, and who shares categories with the others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from analysis.comparison.logistic_regression import Predictor, few_names, one_sided
from analysis.errors import N_, NotEstimable

Matrix = NDArray[np.float64]
EVERYBODY, NOBODY, APART = "everybody satisfied", "nobody satisfied", "no category in common"
Label = tuple[str, ...]
BY_MODEL, FOR_NOBODY, FOR_EVERYBODY = 0, 1, 2


@dataclass(frozen=True, eq=False)
class EstimableGroups:
    """What a model of groups and categories can be fitted to, and what is sure without it.

    kept      the groups, with -1 in cells of others
    inside    [cells] to fit the model to
    left_out  groups without a finite effect (EVERYBODY or NOBODY satisfied) or in no chain of common categories (APART)
    certain   categories (column, label) in which everybody or nobody is satisfied: predicted so for every group
    outcome   [cells] BY_MODEL, or FOR_NOBODY and FOR_EVERYBODY in such a category
    """

    kept: Predictor
    inside: NDArray[np.bool_]
    left_out: Mapping[Label, str]
    certain: Mapping[tuple[str, str], str]
    outcome: NDArray[np.int64]


def estimable_groups(group: Predictor, others: Sequence[Predictor], good: Matrix, size: Matrix) -> EstimableGroups:
    """Find the groups and cells of a model by their weighted satisfied answers and answers [cells], 0 in no category.

    An effect that grows without bound leaves the others' estimates those of the model without its answers, the limit of
    the likelihood. So groups and categories of one answer are taken out, one after the other, until none is left.
    Raises NotEstimable where fewer than two groups, or one category, remain.

    >>> group = Predictor(("u",), (("a",), ("b",), ("c",)), np.array([0, 0, 1, 1, 2]))
    >>> other = Predictor(("f",), (("x",), ("y",)), np.array([0, 1, 0, 1, 1]))
    >>> found = estimable_groups(group, [other], np.array([1.0, 1, 1, 1, 4]), np.array([4.0, 4, 4, 4, 4]))
    >>> found.kept.labels, found.left_out
    ((('a',), ('b',)), {('c',): 'everybody satisfied'})
    """
    inside, outcome = size > 0, np.zeros(len(size), dtype=np.int64)
    left_out: dict[Label, str] = {}
    certain: dict[tuple[str, str], str] = {}
    before = -1
    while before != int(inside.sum()):
        before = int(inside.sum())
        for number, every in one_sided(group, good * inside, size * inside).items():
            left_out[group.labels[number]] = EVERYBODY if every else NOBODY
            inside &= group.code != number
        for each in others:
            for number, every in one_sided(each, good * inside, size * inside).items():
                certain[each.columns[0], each.labels[number][0]] = EVERYBODY if every else NOBODY
                mine = each.code == number
                outcome[mine & (outcome == BY_MODEL)] = FOR_EVERYBODY if every else FOR_NOBODY
                inside &= ~mine
    _kept(group, inside, left_out)
    inside = _joined(group, others, np.where(inside, size, 0.0))
    kept = set(group.met(inside))
    left_out |= {labels: APART for labels in group.met(size > 0) if labels not in kept and labels not in left_out}
    return EstimableGroups(_kept(group, inside, left_out), inside, left_out, certain, outcome)


def _kept(group: Predictor, inside: NDArray[np.bool_], left_out: Mapping[Label, str]) -> Predictor:
    """The groups met inside; raises NotEstimable where there are fewer than two."""
    kept = group.among(group.met(inside))
    if len(kept.labels) < 2:
        raise NotEstimable(
            N_("fewer than two of {columns} can be compared; the others: {left_out}"),
            columns=", ".join(group.columns),
            left_out=few_names([", ".join(labels) for labels in left_out]) or "-",
        )
    return kept


def _joined(group: Predictor, others: Sequence[Predictor], size: Matrix) -> NDArray[np.bool_]:
    """Mark the cells of groups that a chain of common categories joins, in one column after the other."""
    inside, before = size > 0, -1
    while before != int(inside.sum()):
        before = int(inside.sum())
        for each in others:
            inside &= _largest_part(group, each, np.where(inside, size, 0.0))
    return inside


def _largest_part(group: Predictor, other: Predictor, size: Matrix) -> NDArray[np.bool_]:
    """Mark the cells in the part with most answers of the graph that joins groups to their categories."""
    groups, every = len(group.labels), len(group.labels) + len(other.labels)
    used = np.flatnonzero(size > 0)
    edges = coo_array((np.ones(len(used)), (group.code[used], groups + other.code[used])), shape=(every, every))
    _, part = connected_components(edges, directed=False)
    largest = int(np.argmax(np.bincount(part[group.code[used]], size[used])))
    inside = np.zeros(len(size), dtype=bool)
    inside[used] = part[group.code[used]] == largest
    if len(np.unique(other.code[inside])) < 2:
        raise NotEstimable(
            N_(
                "each of {columns} has one category of {adjust} only, or all have the same: there is nothing to adjust "
                "for; name another column"
            ),
            columns=", ".join(group.columns),
            adjust=", ".join(other.columns),
        )
    return inside
