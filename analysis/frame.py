"""Weights from the frame of dossiers: how many each office handled per service field (and month) is the population.

Answers at a counter are no random draw, and offices differ in how eagerly they ask. One calibration to the dossiers of
unit x field repairs what the frame can repair: each answer of a unit and field stands for N/n dossiers. The variance is
that of the residuals from these post-strata and the month margin together, without finite population correction.

Classes too small to stand alone are merged by one rule, and every merger is listed:
1. within a unit, as long as a field has fewer than `smallest` answers (or no dossiers), the two fields of the unit with
   the fewest answers become one class; never across units, whose figures are published;
2. a unit with dossiers but no answers cannot be represented: it is listed as uncovered and left out of the population;
3. answers of a unit without any dossiers are an error;
4. a margin category (month) with fewer than `smallest` answers, or without dossiers, joins its neighbour in order.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analysis.cells import Cells
from analysis.codebook import COARSE, WHOLE_WAVE, Codebook
from analysis.errors import N_, BadData, CannotCalibrate
from analysis.keys import label_text
from analysis.margins import indicators
from analysis.raking import fit_margins
from analysis.weights import Calibration, Weights, describe

Labels = tuple[str, ...]
Frame: TypeAlias = Mapping[Labels, float] | pa.Table


def frame_weights(
    cells: Cells,
    frame: Frame,
    *,
    columns: Sequence[str] = ("unit", "field", "month"),
    classes: Sequence[str] = ("unit", "field"),
    smallest: int = 10,
    count: str = "dossiers",
) -> Weights:
    """Weights that reproduce the dossiers of each class (post-strata) and of each margin.

    frame     dossiers by `columns`: {("03646", "land", "2026-03"): 120, ...}, or an Arrow table with those columns and
              one named `count`
    classes   the columns whose crossing makes the post-strata; the first (the unit) is never merged across
    smallest  the fewest answers a class may have
    The other columns are margins. `diagnostics` lists what was merged and who is not covered.

    >>> from analysis import Codebook, Design, tabulate
    >>> table = pa.table({"unit": list("aaab"), "field": list("xxyx"), "psu": [1, 2, 1, 1], "q": [5, 4, 1, 4]})
    >>> cells = tabulate(table, [("unit", "field")], codebook=Codebook.plain(["q"]), design=Design("unit", "psu"))
    >>> dossiers = {("a", "x"): 10, ("a", "y"): 8, ("b", "x"): 5}
    >>> weights = frame_weights(cells, dossiers, columns=("unit", "field"), smallest=1)
    >>> weights.final.tolist()
    [5.0, 8.0, 5.0, 5.0]
    """
    table = as_stored(_frame(frame, tuple(columns), count), tuple(columns), cells.codebook)
    classes = tuple(classes)
    places = [columns.index(column) for column in classes]
    margins = [column for column in columns if column not in classes]
    dossiers = _sums(table, places)
    labels = _labels(cells, classes)
    answers: dict[Labels, int] = dict.fromkeys(dossiers, 0)
    for label, rows in zip(labels, cells.rows, strict=True):
        answers[label] = answers.get(label, 0) + int(rows)
    groups, merged, uncovered = _merge(answers, dossiers, smallest)
    covered = {label for group in groups for label in group}
    number = {label: k for k, group in enumerate(groups) for label in group}
    block = np.array([number[label] for label in labels], dtype=np.int64)
    target = np.array([sum(dossiers.get(label, 0.0) for label in group) for group in groups])
    home = np.unique([group[0][0] for group in groups], return_inverse=True)[1]
    kept = {key: n for key, n in table.items() if tuple(key[k] for k in places) in covered}
    parts = [(block, target)]
    warnings, joined = [], {}
    for column in margins:
        totals = _sums(kept, [columns.index(column)])
        if column == "month" and cells.codebook.detailed is not None:
            totals = _months(cells, totals, block, target)
        part, mergers = _margin(cells, column, totals, smallest)
        joined[column] = mergers
        if len(part[1]) > 1:
            parts.append(part)
    base = np.ones(len(cells))
    try:
        final, rounds, miss = fit_margins(parts, base, cells.rows, home)
    except CannotCalibrate:
        warnings.append(N_("the margins cannot be met together with the post-strata; they were left out"))
        parts = parts[:1]
        final, rounds, miss = fit_margins(parts, base, cells.rows, home)
    model = Calibration(
        "poststratify" if len(parts) == 1 else "raking",
        block,
        len(target),
        indicators(parts[1:], len(cells)),
        tuple((codes, len(totals)) for codes, totals in parts),
        lambda values: fit_margins(parts, values, cells.rows, home)[0],
    )
    shares = np.bincount(block, final * cells.rows, len(target)) / target.sum()
    if shares.max() > 0.05 and len(target) > 20:
        warnings.append(N_("one class carries more than a twentieth of the weight"))
    about = describe(
        cells, base, final, method=model.method, warnings=warnings, iterations=rounds, miss=miss,
        categories=len(target), margins=margins if len(parts) > 1 else [],
        merged=merged, merged_margins=joined, uncovered=uncovered,
        population=float(target.sum()), population_uncovered=float(sum(n for _, n in uncovered)),
    )  # fmt: skip
    return Weights(cells, base, final, model, diagnostics=about)


def _frame(frame: Frame, columns: Labels, count: str) -> dict[Labels, float]:
    if isinstance(frame, pa.Table):
        lacking = [column for column in (*columns, count) if column not in frame.column_names]
        if lacking:
            raise BadData(N_("missing columns: {columns}; {path} has {present}"), columns=", ".join(lacking),
                          path="the frame", present=", ".join(frame.column_names))  # fmt: skip
        keys: Iterable[Any] = zip(*(frame[column].to_pylist() for column in columns), strict=True)
        pairs: Iterable[Any] = zip(keys, frame[count].to_pylist(), strict=True)
    else:
        pairs = frame.items()
    table: dict[Labels, float] = {}
    for key, n in pairs:
        name = tuple(label_text(part) for part in ((key,) if isinstance(key, str) else key))
        if len(name) != len(columns) or n is None or not np.isfinite(n) or n < 0:
            raise CannotCalibrate(
                N_("the frame's count for {name} must be a number that is not negative, by {columns}; it is {value}"),
                name="/".join(name), columns=", ".join(columns), value=str(n))  # fmt: skip
        table[name] = table.get(name, 0.0) + float(n)
    return table


def as_stored(table: Mapping[Labels, float], columns: Labels, codebook: Codebook) -> dict[Labels, float]:
    """The frame in the terms of the answers: where few people come, a unit's fields are one class without months.

    >>> from dataclasses import replace
    >>> codebook = Codebook.plain(["q"])
    >>> as_stored({("a", "x"): 9, ("a", "y"): 2, ("a", "z"): 1}, ("unit", "field"), codebook)[("a", "y")]
    2
    >>> codebook = replace(codebook, detailed=(("a", "x"),))
    >>> as_stored({("a", "x"): 9, ("a", "y"): 2, ("a", "z"): 1}, ("unit", "field"), codebook)
    {('a', 'x'): 9, ('a', 'coarse'): 3}
    """
    if codebook.detailed is None or not {"unit", "field"} <= set(columns):
        return dict(table)
    unit, field = columns.index("unit"), columns.index("field")
    detailed, coarser = set(codebook.detailed), {"field": COARSE, "month": WHOLE_WAVE}
    pooled: dict[Labels, float] = {}
    for key, n in table.items():
        if (key[unit], key[field]) not in detailed:
            key = tuple(coarser.get(column, part) for column, part in zip(columns, key, strict=True))
        pooled[key] = pooled.get(key, 0) + n
    return pooled


def _months(
    cells: Cells, totals: Mapping[Labels, float], block: NDArray[np.int64], target: NDArray[np.float64]
) -> dict[Labels, float]:
    """The months' dossiers, as far as rows with a month stand for them.

    A class of coarse rows that was too small to stand alone was merged with one that has months, and each then stands
    for dossiers of the other; so the rows without a month are given what their classes give them, the months the rest.
    """
    coarse = np.array([label == (WHOLE_WAVE,) for label in _labels(cells, ("month",))])
    share = np.bincount(block, cells.rows * coarse, len(target)) / np.bincount(block, cells.rows, len(target))
    without = float((target * share).sum())
    months = {label: n for label, n in totals.items() if label != (WHOLE_WAVE,)}
    scale = (target.sum() - without) / sum(months.values()) if any(months.values()) else 0.0
    found = {label: n * scale for label, n in months.items()}
    return {**found, (WHOLE_WAVE,): without} if coarse.any() else found


def _sums(table: Mapping[Labels, float], places: Sequence[int]) -> dict[Labels, float]:
    found: dict[Labels, float] = {}
    for key, n in table.items():
        part = tuple(key[place] for place in places)
        found[part] = found.get(part, 0.0) + n
    return dict(sorted(found.items()))


def _labels(cells: Cells, classes: Labels) -> list[Labels]:
    for column in classes:
        empty = int(cells.rows[cells.code(column) < 0].sum())
        if empty:
            raise CannotCalibrate(
                N_("{count} rows have no {column}; give them a category of their own that the population has too, or "
                   "impute it"), count=empty, column=column)  # fmt: skip
    texts = [[label_text(label) for label in cells.labels[column]] for column in classes]
    return list(zip(*([text[code] for code in cells.codes[c]] for c, text in zip(classes, texts, strict=True)),
                    strict=True))  # fmt: skip


def _merge(answers: Mapping[Labels, int], dossiers: Mapping[Labels, float], smallest: int
           ) -> tuple[list[list[Labels]], list[list[Labels]], list[tuple[str, float]]]:  # fmt: skip
    """Classes by unit: the groups, those that are mergers, and the units nobody answered for, with their dossiers."""
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
        raise CannotCalibrate(
            N_("answers but no dossiers for {units}: add their dossiers to the frame, or correct which unit the "
               "answers belong to"), units=", ".join(without[:20]))  # fmt: skip
    if not groups:
        raise CannotCalibrate(N_("the frame and the answers have no unit in common"))
    groups.sort()
    return groups, [group for group in groups if len(group) > 1], uncovered


def _margin(cells: Cells, column: str, dossiers: Mapping[Labels, float], smallest: int
            ) -> tuple[tuple[NDArray[np.int64], NDArray[np.float64]], list[list[str]] | None]:  # fmt: skip
    """The categories of a margin in order, small ones joined to the one before (the first to the next)."""
    labels = [label[0] for label in _labels(cells, (column,))]
    answers: dict[str, int] = {label: 0 for (label,) in dossiers}
    for label, rows in zip(labels, cells.rows, strict=True):
        answers[label] = answers.get(label, 0) + int(rows)
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
    if len(groups) > 1 and (size[-1][0] < smallest or size[-1][1] == 0):
        last, (n, population) = groups.pop(), size.pop()
        groups[-1] += last
        size[-1] = (size[-1][0] + n, size[-1][1] + population)
    number = {label: k for k, group in enumerate(groups) for label in group}
    codes = np.array([number[label] for label in labels], dtype=np.int64)
    return (codes, np.array([population for _, population in size])), [g for g in groups if len(g) > 1]
