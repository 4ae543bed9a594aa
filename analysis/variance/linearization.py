"""Four roads to the variances of a family of domains, which lead to the same numbers.

Without calibration, and with one whose first categories lie within the domains (post-strata of unit x field, domains
unit or field), an influence is zero outside its own domain, and only the PSUs met by the domain are visited; further
calibration columns, where they are few, enter as a quadratic form. Where categories straddle domains (merged
post-strata), a domain is widened to the categories it touches. Otherwise (R's sweeps, second stages, lonely PSUs, rows
that are PSUs) residuals are spread over all cells, and blocks of domains are worked out in full.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.estimands.estimands import Estimands
from analysis.estimands.second_moments import left_over
from analysis.tabulation.cells import Cells
from analysis.tabulation.grouped_sums import add, group_sums, of_groups, of_runs
from analysis.variance.calibration_residuals import Projection
from analysis.variance.covariance import quadratic_form
from analysis.variance.design_counts import DesignCounts
from analysis.variance.ultimate_clusters import Runs, arrange, first_stage, scale_of, second_stage
from analysis.weighting.weights import Weights

Matrix = NDArray[np.float64]
BLOCK = 1 << 22  # numbers worked on at once: what a few arrays of them take is what the memory must hold
FEW = 64  # calibration columns that a quadratic form takes in its stride


@dataclass(frozen=True, eq=False)
class SharedSums:
    """Sums that all families share: numerators and denominators by category of the calibration.

    plain             whether each respondent counts once in the denominator
    extra_y, extra_x  [columns, categories, figures]: the same times each further calibration column
    """

    estimands: Estimands
    plain: bool
    block_y: Matrix
    block_x: Matrix
    extra_y: Matrix
    extra_x: Matrix


def shared_sums(m: Estimands, p: Projection | None, with_variance: bool) -> SharedSums:
    """Work out once what every family needs of a calibration: base weight x numerators and denominators by category."""
    none, plain = np.zeros((0, 0)), np.array_equal(m.rows, m.x)
    if p is None or not with_variance or p.sweeps is not None:
        return SharedSums(m, plain, none, none, none[None], none[None])
    based = of_groups(p.block, p.blocks, p.base)
    columns = [of_groups(p.block, p.blocks, p.base * column) for column in p.extra.T]
    return SharedSums(
        m,
        plain,
        based @ m.y,
        based @ m.x,
        np.stack([column @ m.y for column in columns]) if columns else none[None],
        np.stack([column @ m.x for column in columns]) if columns else none[None],
    )


def variance_of(
    cells: Cells,
    weights: Weights,
    counts: DesignCounts,
    runs: Runs,
    sums: SharedSums,
    projection: Projection | None,
    base: Matrix,
    scale: Matrix,
    met: NDArray[np.int64],
    u: Matrix,
) -> Matrix:
    """Variances [domains, figures], by the road that the calibration and the design allow."""
    design, m = cells.design, sums.estimands
    if projection is None:
        squares = None
        if cells.grouped:
            squares = _squares_of_rows(weights, runs, m, base, scale)
        found = first_stage(u, met, runs, counts, design.lonely, design.lonely_in_domain, squares=squares)
        if runs.parts is None or counts.second is None:
            return found
        place = runs.domain[runs.order]
        w = runs.sort(weights.final[:, None])
        z = w * (runs.sort(m.y) - base[place] * runs.sort(m.x)) * scale[place]
        return found + second_stage(add(z, runs.parts.starts), runs.parts, counts.second, runs, counts, design.lonely)
    lonely = counts.lonely.any() and design.lonely in ("centre", "fail")
    if projection.sweeps is None and runs.parts is None and not lonely and not cells.grouped:
        if _nested(projection, runs) and projection.extra.shape[1] <= FEW:
            explained = _explained_by_blocks(runs, sums, projection, base, scale)
            u = u - _means_taken_out(weights, runs, sums, projection, base, scale)
            columns, inverse = projection.extra, projection.inverse
        elif projection.blocks + projection.extra.shape[1] <= FEW and len(runs) > 1:
            columns, inverse = projection.plain()
            explained = _explained_by_cells(weights, runs, m, projection, columns, base, scale)
        else:
            return _touched(weights, counts, runs, m, projection, base, scale, design.lonely)
        return _residual_form(weights, counts, runs, projection, columns, inverse, explained, met, u, design.lonely)
    return _spread_out(cells, weights, counts, runs, m, projection, base, scale)


def _nested(projection: Projection, runs: Runs) -> bool:
    """Whether each category lies within one domain, or outside all."""
    lowest = np.full(projection.blocks, np.iinfo(np.int64).max)
    highest = np.full(projection.blocks, -2)
    np.minimum.at(lowest, projection.block, runs.domain)
    np.maximum.at(highest, projection.block, runs.domain)
    return bool((lowest >= highest).all())


def _squares_of_rows(weights: Weights, runs: Runs, m: Estimands, base: Matrix, scale: Matrix) -> Matrix:
    """Sums over the rows of each unit of (w z)^2, where rows are PSUs and units are cells of many."""
    place = np.maximum(runs.domain, 0)  # cells outside all domains are not in the runs
    squares = m.second_moments().of_influence(base[place], scale[place])
    squares *= weights.final[:, None] ** 2
    return runs.sort(squares)


def _homes(p: Projection, runs: Runs) -> NDArray[np.int64]:
    homes = np.full(p.blocks, -1, dtype=np.int64)
    homes[p.block] = runs.domain
    return homes


def _means_taken_out(
    weights: Weights, runs: Runs, sums: SharedSums, p: Projection, base: Matrix, scale: Matrix
) -> Matrix:
    """What the categories' means contribute to each unit's total of w z."""
    place = np.maximum(_homes(p, runs), 0)
    means = (sums.block_y - base[place] * sums.block_x) * scale[place] / p.population[:, None]
    in_unit = of_runs(runs.units, runs.order, len(p.block), weights.final * p.rows)
    in_category = of_runs(np.arange(len(p.block)), p.block, p.blocks)
    return (in_unit @ in_category) @ means


def _explained_by_blocks(runs: Runs, sums: SharedSums, p: Projection, base: Matrix, scale: Matrix) -> Matrix:
    """sum(base weight x further column x z) per domain, [columns, domains, figures], from the sums by category."""
    homes = _homes(p, runs)
    inside = np.flatnonzero(homes >= 0)
    found = np.empty((p.extra.shape[1], *base.shape))
    for q in range(len(found)):
        y = group_sums(sums.extra_y[q][inside], homes[inside], len(runs))
        found[q] = (y - base * group_sums(sums.extra_x[q][inside], homes[inside], len(runs))) * scale
    return found


def _explained_by_cells(
    weights: Weights, runs: Runs, m: Estimands, p: Projection, columns: Matrix, base: Matrix, scale: Matrix
) -> Matrix:
    """The same for any columns, from the cells."""
    found = np.empty((columns.shape[1], *base.shape))
    for q in range(len(found)):
        mass = (p.base * columns[:, q])[:, None]
        y, x = add(runs.sort(mass * m.y), runs.domain_cells), add(runs.sort(mass * m.x), runs.domain_cells)
        found[q] = (y - base * x) * scale
    return found


def _residual_form(
    weights: Weights,
    counts: DesignCounts,
    runs: Runs,
    p: Projection,
    columns: Matrix,
    inverse: Matrix,
    explained: Matrix,
    met: NDArray[np.int64],
    u: Matrix,
    lonely: str,
) -> Matrix:
    """Variance of u - X b as V(u) - 2 b'C + b'K b: u is zero outside its domain, X is small and everywhere."""
    found = first_stage(u, met, runs, counts, "remove" if lonely == "average" else lonely, False, everywhere=True)
    if len(explained):
        slopes = np.einsum("qr,rdm->qdm", inverse, explained)
        totals, quadratic = _extra_totals(weights, counts, p, columns)
        for q, slope in enumerate(slopes):
            found = found - 2 * slope * add(totals[runs.unit_psu, q][:, None] * u, runs.domain_units)
        found = found + np.einsum("qdm,qr,rdm->dm", slopes, quadratic, slopes)
    if lonely == "average" and counts.lonely.any():
        alone = int(counts.lonely.sum())
        return found * (len(counts.n) / (len(counts.n) - alone) if len(counts.n) > alone else np.nan)
    return found


def _extra_totals(weights: Weights, counts: DesignCounts, p: Projection, columns: Matrix) -> tuple[Matrix, Matrix]:
    """PSU totals of the further columns, centred in their stratum and scaled, and their own quadratic form."""
    mass = weights.final * p.rows
    totals = group_sums(mass[:, None] * columns, counts.psu, len(counts.stratum_of_psu))
    strata = len(counts.n)
    centre = group_sums(totals, counts.stratum_of_psu, strata) / counts.n[:, None]
    scale = np.where(counts.n > 1, scale_of(counts), 0.0)
    centred = totals - centre[counts.stratum_of_psu]
    scaled = centred * scale[counts.stratum_of_psu][:, None]
    absent = (counts.n - np.bincount(counts.stratum_of_psu, minlength=strata)) * scale
    return scaled, centred.T @ scaled + (centre * absent[:, None]).T @ centre


def _touched(
    weights: Weights,
    counts: DesignCounts,
    runs: Runs,
    m: Estimands,
    p: Projection,
    base: Matrix,
    scale: Matrix,
    lonely: str,
) -> Matrix:
    """Residuals where they are not zero: in the categories that a domain touches; the further columns apart.

    A domain's influence leaves residuals in all cells of its categories, also those outside the domain; so each domain
    gets the cells of every category it touches, block by block as the memory allows.
    """
    explained = _explained_by_cells(weights, runs, m, p, p.extra, base, scale)
    inside = np.flatnonzero(runs.domain >= 0)
    pairs = np.unique(runs.domain[inside] * p.blocks + p.block[inside])
    of_domain, of_block = pairs // p.blocks, pairs % p.blocks
    by_block = np.argsort(p.block, kind="stable")
    size = np.bincount(p.block, minlength=p.blocks)
    first = np.cumsum(size) - size
    room = np.cumsum(np.bincount(of_domain, size[of_block], len(runs)))
    chunk = (room * len(m.of) / BLOCK).astype(np.int64)
    found = np.empty((len(runs), len(m.of)))
    for number in np.unique(chunk):
        chosen = np.flatnonzero(chunk == number)
        mine = np.flatnonzero((of_domain >= chosen[0]) & (of_domain <= chosen[-1]))
        length = size[of_block[mine]]
        pair = np.repeat(np.arange(len(mine)), length)
        cell = by_block[np.arange(length.sum()) - np.repeat(np.cumsum(length) - length - first[of_block[mine]], length)]
        sort = np.lexsort((cell, of_domain[mine][pair]))
        cell, pair = cell[sort], pair[sort]
        d = of_domain[mine][pair]
        z = np.where((runs.domain[cell] == d)[:, None], (m.y[cell] - base[d] * m.x[cell]) * scale[d], 0.0)
        means = group_sums(z * p.base[cell][:, None], pair, len(mine)) / p.population[of_block[mine]][:, None]
        left = weights.final[cell][:, None] * (z - p.rows[cell][:, None] * means[pair])
        wide = arrange(runs.columns, runs.labels[chosen[0] : chosen[-1] + 1], runs.domain, cell, d - chosen[0], counts)
        u = add(left, wide.units)
        found[chosen] = _residual_form(
            weights, counts, wide, p, p.extra, p.inverse, explained[:, chosen], np.ones_like(u, np.int64), u, lonely
        )
    return found


def _spread_out(
    cells: Cells,
    weights: Weights,
    counts: DesignCounts,
    runs: Runs,
    m: Estimands,
    p: Projection,
    base: Matrix,
    scale: Matrix,
) -> Matrix:
    """Residuals over all cells, for blocks of domains."""
    found = np.empty((len(runs), len(m.of)))
    second = m.second_moments() if cells.grouped else None
    width = max(1, BLOCK // max(1, len(cells) * len(m.of)))
    for start in range(0, len(runs), width):
        chosen = np.arange(start, min(start + width, len(runs)))
        z = _in_domains(runs, chosen, [(m.y - base[d] * m.x) * scale[d] for d in chosen])
        left, squares = p.residual(z), None
        if second is not None:
            zz = _in_domains(runs, chosen, [second.of_influence(base[d], scale[d]) for d in chosen])
            squares = left_over(z, zz, left, cells.rows) * weights.final[:, None] ** 2
        found[chosen] = quadratic_form(cells, counts, weights.final[:, None] * left, squares=squares).reshape(
            len(chosen), -1
        )
    return found


def _in_domains(runs: Runs, chosen: NDArray[np.int64], values: list[Matrix]) -> Matrix:
    """Side by side, for each chosen domain its own values, zero outside it."""
    return np.concatenate(
        [np.where((runs.domain == d)[:, None], own, 0.0) for d, own in zip(chosen, values, strict=True)], axis=1
    )
