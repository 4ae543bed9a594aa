"""Rows without their point: their weeks are the points' weeks, though no label says which is which.

A counter that takes in for an office has good and bad weeks, and they are in the office's rows (stratum `several`,
PSU = week) and in those of the counter (its own stratum). Taken for independent, the strata leave that covariance
out. A label that told the week would give it, and would also place people; even the correlation alone, in tenths,
names some more of those who came to small points (`tests/boundaries/test_linkage_of_weeks.py`). So nothing that only
the key of the weeks knows is used, but what the rows themselves say of the most that the correlation rho can be. A
figure with the variance v_s from `several` and v_p from all other strata has

    V = v_s + v_p + 2 rho sqrt(v_s v_p),

the variance of a sum with that correlation. Only what weeks do to everybody can be common: of the weekly sums in
`several` the share c_s of the variance, of those at the points c_p; the rest is chance among persons, and persons are
others. Where the counters are independent of each other, Cauchy and Schwarz give rho <= sqrt(c_s c_p); rho is that
bound, which is reached where a counter's week is the same for all its rows. A figure whose answers lie all on one
side keeps its variance: what a calibration makes of the other side's rows there is no sum over the weeks of one
counter. In a period of several waves v_s, v_p and rho are those of each wave, and the sum goes over the waves.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from analysis.data.codebook import SEVERAL, Codebook
from analysis.tabulation.grouped_sums import group_sums
from analysis.tabulation.key_encoding import combine_keys, dense_rank
from analysis.variance.design_counts import CommonWeeks, DesignCounts
from analysis.variance.domains import DomainFamily

Matrix = NDArray[np.float64]
Codes = NDArray[np.int64]
LEAST_DF = 7  # of a side: below, its weeks tell too little, and all of its variance may be common


def widening(whole: Matrix, part: Matrix, correlation: float, both: NDArray[np.bool_]) -> Matrix:
    """Return V over v_s + v_p, from 1 to 1 + rho; 1 where nothing varies.

    whole, part  v_s + v_p, and v_s
    both         whether the figure has answers on both sides (`on_both_sides`)
    """
    part = np.clip(part, 0.0, whole)
    with np.errstate(divide="ignore", invalid="ignore"):
        product = 2 * np.sqrt(part * (whole - part)) / whole
    return 1 + correlation * np.where(both & np.isfinite(product), product, 0.0)


def stretch(
    whole: Matrix,
    common: Sequence[CommonWeeks],
    part_of: Callable[[int | NDArray[np.bool_]], Matrix],
    both_of: Callable[[CommonWeeks], NDArray[np.bool_]],
) -> Matrix:
    """Return V over the variances of independent strata: the sum over waves of v_s + v_p + 2 rho sqrt(v_s v_p).

    whole    the variances of independent strata
    part_of  the part of them that some strata make; both_of: `on_both_sides` for one wave
    """
    found = np.ones_like(whole)
    for each in common:
        if each.wave.all():
            return widening(whole, part_of(each.stratum), each.correlation, both_of(each))
        of_wave = part_of(each.wave)
        more = of_wave * (widening(of_wave, part_of(each.stratum), each.correlation, both_of(each)) - 1)
        found += np.divide(more, whole, out=np.zeros_like(whole), where=whole > 0)
    return found


def sides_of(counts: DesignCounts, each: CommonWeeks) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which cells lie in `several` of a wave, and which in the wave's other strata."""
    several = counts.stratum == each.stratum
    return several, each.wave[counts.stratum] & ~several


def on_both_sides(
    family: DomainFamily, rows: Matrix, apart: NDArray[np.bool_], others: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Say of each domain and figure whether it has respondents in `several` and elsewhere.

    rows   [cells, figures] of respondents; apart: the cells that lie in `several`; others: those at the points
    """
    sides = [(family.domain >= 0) & side for side in (apart, others)]
    here, there = (group_sums(rows[side], family.domain[side], len(family)) > 0 for side in sides)
    return here & there


def week_correlation(table: pa.Table, codebook: Codebook, classes: tuple[str, ...] = ("unit", "field")) -> float:
    """Return the most that rho can be, in hundredths, rounded up; 1 where both sides have few weeks.

    classes  columns that name the weighting class

    Of the whole, all items pooled, without weights: r_i is a person's sum of y - m x, with m the mean of the class in
    its stratum, U_hj its sum over PSU j of stratum h, and for each side (`several`; the points)

        v = sum_h n_h/(n_h - 1) sum_j U_hj^2,   e = sum over PSUs and classes of n s^2,   c = max(0, 1 - e/v),

    s^2 the variance of r among the n persons of a class in a PSU, or r^2 of a single one: what v would be if weeks did
    nothing (the excess over it is the between component of a one-way analysis of variance). On a side with fewer than 8
    weeks (LEAST_DF) c is 1.
    """
    (strata,), (psus,) = codebook.columns["strata"], codebook.columns["psu"]
    y, x = _answers(table, codebook)
    some = x > 0
    names, stratum = _codes(table[strata])
    stratum, y, x = stratum[some], y[some], x[some]
    others = [_codes(table[name])[1][some] for name in (psus, *classes)]
    klass, _ = _grouped([stratum, *others[1:]])
    residual = y - (np.bincount(klass, y) / np.bincount(klass, x))[klass] * x
    psu, size = _grouped([stratum, others[0]])
    of_psu = np.zeros(size, dtype=np.int64)
    of_psu[psu] = stratum
    listed = Counter(name for name, _ in codebook.psus or ())
    n = np.maximum([listed[name] for name in names], np.bincount(of_psu, minlength=len(names)))
    total = np.bincount(psu, residual) ** 2 * (n / np.maximum(n - 1, 1))[of_psu]
    noise = np.bincount(psu, _noise(residual, psu, klass))
    apart = np.array([name == SEVERAL for name in names])
    found = 1.0
    for side in (apart, ~apart):
        here = side[of_psu]
        if n[side].sum() - side.sum() >= LEAST_DF:
            v, e = total[here].sum(), noise[here].sum()
            found *= max(0.0, 1 - e / v) if v > 0 else 0.0
    return min(1.0, float(np.ceil(np.sqrt(found) * 100 - 1e-6)) / 100)


def _noise(residual: Matrix, psu: Codes, klass: Codes) -> Matrix:
    """Of each person a part of what a PSU's sum would vary by if persons were independent in it."""
    group, size = _grouped([psu, klass])
    count = np.bincount(group, minlength=size)
    mean = np.where(count > 1, np.bincount(group, residual) / count, 0.0)
    return ((residual - mean[group]) ** 2) * (count / np.maximum(count - 1, 1))[group]


def _answers(table: pa.Table, codebook: Codebook) -> tuple[Matrix, Matrix]:
    """Of each row how many answers to the whole's items are satisfied, and how many there are."""
    items = {item.code: item for item in codebook.items}
    y, x = np.zeros((2, table.num_rows))
    for code in codebook.overall_items:
        levels = table[code].fill_null(0).to_numpy()
        counted = (levels >= 1) & ~np.isin(levels, (*codebook.missing, *codebook.not_applicable))
        x += counted
        y += counted & np.isin(levels, items[code].satisfied)
    return y, x


def _codes(column: pa.ChunkedArray) -> tuple[list[str], Codes]:
    """The labels of a column of texts, and the place of each row's among them; an empty one has a place of its own."""
    labels = pc.fill_null(column.cast(pa.string()), "").combine_chunks().dictionary_encode()
    return labels.dictionary.to_pylist(), labels.indices.to_numpy().astype(np.int64)


def _grouped(codes: list[NDArray[Any]]) -> tuple[Codes, int]:
    key, span = combine_keys(codes, [int(code.max(initial=0)) + 1 for code in codes], len(codes[0]))
    return dense_rank(key, span)
