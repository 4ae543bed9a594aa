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
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analysis.data.codebook import COARSE, WHOLE_WAVE, Codebook
from analysis.errors import N_, BadData, CannotCalibrate
from analysis.tabulation.cells import Cells
from analysis.tabulation.key_encoding import label_text
from analysis.weighting.collapsing import Labels, answers_by_class, classes_of, collapse_classes, collapse_margin
from analysis.weighting.control_totals import indicators
from analysis.weighting.ipf import fit_ipf
from analysis.weighting.weights import Calibration, Weights, describe

PopulationCounts: TypeAlias = Mapping[Labels, float] | pa.Table


def frame_weights(
    cells: Cells,
    frame: PopulationCounts,
    *,
    columns: Sequence[str] = ("unit", "field", "month"),
    classes: Sequence[str] = ("unit", "field"),
    smallest: int = 10,
    count: str = "dossiers",
) -> Weights:
    """Compute weights that reproduce the dossiers of each class (post-strata) and of each margin.

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
    table = counts_as_stored(_read_counts(frame, tuple(columns), count), tuple(columns), cells.codebook)
    classes = tuple(classes)
    places = [columns.index(column) for column in classes]
    margins = [column for column in columns if column not in classes]
    dossiers = _marginal_totals(table, places)
    strata = _post_strata(cells, dossiers, classes, smallest)
    kept = {key: n for key, n in table.items() if tuple(key[k] for k in places) in strata.covered}
    parts, joined = [(strata.block, strata.target)], {}
    for column in margins:
        totals = _marginal_totals(kept, [columns.index(column)])
        if column == "month" and cells.codebook.detailed is not None:
            totals = _month_totals(cells, totals, strata.block, strata.target)
        part, joined[column] = collapse_margin(cells, column, totals, smallest)
        if len(part[1]) > 1:
            parts.append(part)
    base, warnings = np.ones(len(cells)), []
    try:
        final, rounds, miss = fit_ipf(parts, base, cells.rows, strata.home)
    except CannotCalibrate:
        warnings.append(N_("the margins cannot be met together with the post-strata; they were left out"))
        parts = parts[:1]
        final, rounds, miss = fit_ipf(parts, base, cells.rows, strata.home)
    model = Calibration(
        "poststratify" if len(parts) == 1 else "raking",
        strata.block,
        len(strata.target),
        indicators(parts[1:], len(cells)),
        tuple((codes, len(totals)) for codes, totals in parts),
        lambda values: fit_ipf(parts, values, cells.rows, strata.home)[0],
    )
    population = float(strata.target.sum())
    largest = np.bincount(strata.block, final * cells.rows, len(strata.target)).max()
    if largest > population / 20 and len(strata.target) > 20:
        warnings.append(N_("one class carries more than a twentieth of the weight"))
    about = describe(
        cells, base, final, method=model.method, warnings=warnings, iterations=rounds, miss=miss,
        categories=len(strata.target), margins=margins if len(parts) > 1 else [],
        merged=strata.merged, merged_margins=joined, uncovered=strata.uncovered,
        population=population, population_uncovered=float(sum(n for _, n in strata.uncovered)),
    )  # fmt: skip
    return Weights(cells, base, final, model, diagnostics=about)


@dataclass(frozen=True, eq=False)
class _PostStrata:
    """The classes that stand: each cell's, their dossiers, the unit each belongs to, and what became of the others."""

    block: NDArray[np.int64]
    target: NDArray[np.float64]
    home: NDArray[np.int64]
    covered: set[Labels]
    merged: list[list[Labels]]
    uncovered: list[tuple[str, float]]


def _post_strata(cells: Cells, dossiers: Mapping[Labels, float], classes: Labels, smallest: int) -> _PostStrata:
    ids, labels = classes_of(cells, classes)
    answers = {**dict.fromkeys(dossiers, 0), **answers_by_class(cells, ids, labels)}
    groups, merged, uncovered = collapse_classes(answers, dossiers, smallest)
    number = {label: k for k, group in enumerate(groups) for label in group}
    return _PostStrata(
        block=np.array([number[label] for label in labels], dtype=np.int64)[ids],
        target=np.array([sum(dossiers.get(label, 0.0) for label in group) for group in groups]),
        home=np.unique([group[0][0] for group in groups], return_inverse=True)[1],
        covered=set(number),
        merged=merged,
        uncovered=uncovered,
    )


def _read_counts(frame: PopulationCounts, columns: Labels, count: str) -> dict[Labels, float]:
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


def counts_as_stored(table: Mapping[Labels, float], columns: Labels, codebook: Codebook) -> dict[Labels, float]:
    """Pool counts as answers are stored: where few people come, a unit's fields are one class without months.

    >>> from dataclasses import replace
    >>> codebook = Codebook.plain(["q"])
    >>> counts_as_stored({("a", "x"): 9, ("a", "y"): 2, ("a", "z"): 1}, ("unit", "field"), codebook)[("a", "y")]
    2
    >>> codebook = replace(codebook, detailed=(("a", "x"),))
    >>> counts_as_stored({("a", "x"): 9, ("a", "y"): 2, ("a", "z"): 1}, ("unit", "field"), codebook)
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


def _month_totals(
    cells: Cells, totals: Mapping[Labels, float], block: NDArray[np.int64], target: NDArray[np.float64]
) -> dict[Labels, float]:
    """The months' dossiers, as far as rows with a month stand for them.

    A class of coarse rows that was too small to stand alone was merged with one that has months, and each then stands
    for dossiers of the other; so the rows without a month are given what their classes give them, the months the rest.
    """
    ids, labels = classes_of(cells, ("month",))
    coarse = np.array([label == (WHOLE_WAVE,) for label in labels])[ids]
    share = np.bincount(block, cells.rows * coarse, len(target)) / np.bincount(block, cells.rows, len(target))
    without = float((target * share).sum())
    months = {label: n for label, n in totals.items() if label != (WHOLE_WAVE,)}
    scale = (target.sum() - without) / sum(months.values()) if any(months.values()) else 0.0
    found = {label: n * scale for label, n in months.items()}
    return {**found, (WHOLE_WAVE,): without} if coarse.any() else found


def _marginal_totals(table: Mapping[Labels, float], places: Sequence[int]) -> dict[Labels, float]:
    found: dict[Labels, float] = {}
    for key, n in table.items():
        part = tuple(key[place] for place in places)
        found[part] = found.get(part, 0.0) + n
    return dict(sorted(found.items()))
