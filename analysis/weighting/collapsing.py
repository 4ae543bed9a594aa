"""Classes and categories too small to stand alone, joined by the rules at the head of `population_counts`."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.errors import N_, CannotCalibrate
from analysis.tabulation.cells import Cells
from analysis.tabulation.key_encoding import combine_keys, dense_rank, first_of_each, label_text

Labels = tuple[str, ...]


def classes_of(cells: Cells, columns: Labels) -> tuple[NDArray[np.int64], list[Labels]]:
    """Number the classes that these columns make together: of each cell, and the labels of each class."""
    for column in columns:
        empty = int(cells.rows[cells.code(column) < 0].sum())
        if empty:
            raise CannotCalibrate(
                N_("{count} rows have no {column}; give them a category of their own that the population has too, or "
                   "impute it"), count=empty, column=column)  # fmt: skip
    codes = [cells.codes[column] for column in columns]
    ids, size = dense_rank(*combine_keys(codes, [len(cells.labels[column]) for column in columns], len(cells)))
    first = first_of_each(ids, size)
    texts = [[label_text(cells.labels[c][code]) for code in own[first]] for c, own in zip(columns, codes, strict=True)]
    return ids, list(zip(*texts, strict=True))


def answers_by_class(cells: Cells, ids: NDArray[np.int64], labels: Sequence[Labels]) -> dict[Labels, int]:
    """Count the rows of each class."""
    return dict(zip(labels, np.bincount(ids, cells.rows, len(labels)).astype(int).tolist(), strict=True))


def collapse_classes(answers: Mapping[Labels, int], dossiers: Mapping[Labels, float], smallest: int
           ) -> tuple[list[list[Labels]], list[list[Labels]], list[tuple[str, float]]]:  # fmt: skip
    """Collapse classes by unit: return the groups, the mergers, and units nobody answered for, with their dossiers."""
    units: dict[str, list[Labels]] = {}
    for label in sorted(answers):
        units.setdefault(label[0], []).append(label)
    groups, uncovered, without = [], [], []
    for unit, own in units.items():
        n, population = sum(answers[label] for label in own), sum(dossiers.get(label, 0.0) for label in own)
        if n == 0:
            if population:
                uncovered.append((unit, population))
            continue
        if population == 0:
            without.append(unit)
            continue
        parts = [(answers[label], dossiers.get(label, 0.0), [label]) for label in own
                 if answers[label] or dossiers.get(label)]  # fmt: skip
        while len(parts) > 1:
            parts.sort()
            if min(parts)[0] >= smallest and all(part[1] > 0 for part in parts):
                break
            first = next((k for k, part in enumerate(parts) if part[1] == 0 and parts[0][0] >= smallest), 0)
            one = parts.pop(first)
            other = parts.pop(0)
            parts.append((one[0] + other[0], one[1] + other[1], sorted(one[2] + other[2])))
        groups += [part[2] for part in parts]
    if without:
        more = len(without) - 20
        shown = ", ".join(without[:20]) + (f", … (+{more})" if more > 0 else "")
        raise CannotCalibrate(
            N_("answers but no dossiers for {units}: add their dossiers to the frame, or correct which unit the "
               "answers belong to"), units=shown)  # fmt: skip
    if not groups:
        raise CannotCalibrate(N_("the frame and the answers have no unit in common"))
    groups.sort()
    return groups, [group for group in groups if len(group) > 1], uncovered


def collapse_margin(cells: Cells, column: str, dossiers: Mapping[Labels, float], smallest: int
            ) -> tuple[tuple[NDArray[np.int64], NDArray[np.float64]], list[list[str]] | None]:  # fmt: skip
    """Collapse the categories of a margin in order, small ones into the one before (the first into the next)."""
    ids, labels = classes_of(cells, (column,))
    answers = {
        label: n for (label,), n in {**dict.fromkeys(dossiers, 0), **answers_by_class(cells, ids, labels)}.items()
    }
    groups: list[list[str]] = []
    size: list[tuple[int, float]] = []
    for label in sorted(answers):
        n, population = answers[label], dossiers.get((label,), 0.0)
        if groups and (n < smallest or population == 0 or size[-1][0] < smallest or size[-1][1] == 0):
            groups[-1].append(label)
            size[-1] = (size[-1][0] + n, size[-1][1] + population)
        else:
            groups.append([label])
            size.append((n, population))
    number = {label: k for k, group in enumerate(groups) for label in group}
    codes = np.array([number[label] for (label,) in labels], dtype=np.int64)[ids]
    return (codes, np.array([population for _, population in size])), [g for g in groups if len(g) > 1]
