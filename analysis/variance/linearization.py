"""Linearised variances of a family of domains: four ways to the same numbers, by what calibration and design allow.

Without calibration, and with one whose first categories lie within the domains (post-strata of unit x field, domains
unit or field), an influence is zero outside its own domain, and only the PSUs met by the domain are visited; further
calibration columns, where they are few, enter as a quadratic form. Where categories straddle domains (merged
post-strata), a domain is widened to the categories it touches. Otherwise (R's sweeps, second stages, lonely PSUs, rows
that are PSUs) residuals are spread over all cells, and blocks of domains are worked out in full.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from analysis.estimands.second_moments import squared_residuals
from analysis.tabulation.grouped_sums import group_sums, run_matrix, sum_runs
from analysis.variance.calibration_residuals import Projection
from analysis.variance.covariance import quadratic_form
from analysis.variance.design_counts import CommonWeeks
from analysis.variance.domains import DomainFamily, arrange
from analysis.variance.estimation_problem import EstimationProblem
from analysis.variance.shared_weeks import on_both_sides, sides_of, stretch
from analysis.variance.ultimate_clusters import between_psus, within_psus

Matrix = NDArray[np.float64]
BLOCK = 1 << 22  # numbers worked on at once: what a few arrays of them take is what the memory must hold
FEW = 64  # calibration columns that a quadratic form takes in its stride


def linearized_variance(problem: EstimationProblem) -> Matrix:
    """Compute the variances [domains, figures]; rows without their point share weeks with the points' strata."""
    whole, counts = _of_independent_strata(problem), problem.counts

    def part_of(strata: int | NDArray[np.bool_]) -> Matrix:
        return _of_independent_strata(replace(problem, counts=counts.alone(strata)))

    def both_of(each: CommonWeeks) -> NDArray[np.bool_]:
        return on_both_sides(problem.family, problem.estimands.rows, *sides_of(counts, each))

    return whole * stretch(whole, counts.common, part_of, both_of) if counts.common else whole


def _of_independent_strata(problem: EstimationProblem) -> Matrix:
    """The variances in the way that the calibration and the design allow."""
    p, design = problem.sample.projection, problem.cells.design
    family, counts = problem.family, problem.counts
    if p is None:
        squares = _squares_of_rows(problem) if problem.cells.grouped else None
        found = between_psus(problem, design.lonely, design.lonely_in_domain, squares=squares)
        if family.parts is None or counts.second is None:
            return found
        return found + within_psus(problem, family.parts, counts.second, design.lonely)
    lonely = counts.lonely.any() and design.lonely in ("centre", "fail")
    if p.sweeps is not None or family.parts is not None or lonely or problem.cells.grouped:
        return _over_all_cells(problem, p)
    if _nested(family, p) and p.extra.shape[1] <= FEW:
        explained = _explained_by_categories(problem, p)
        problem = replace(problem, u=problem.u - _category_means(problem, p))
        return _residual_form(problem, p, p.extra, p.inverse, explained)
    if p.blocks + p.extra.shape[1] <= FEW and len(family) > 1:
        columns, inverse = p.plain()
        return _residual_form(problem, p, columns, inverse, _explained_by_cells(problem, p, columns))
    return _over_touched_categories(problem, p)


def _nested(family: DomainFamily, p: Projection) -> bool:
    """Whether each category lies within one domain, or outside all."""
    lowest = np.full(p.blocks, np.iinfo(np.int64).max)
    highest = np.full(p.blocks, -2)
    np.minimum.at(lowest, p.block, family.domain)
    np.maximum.at(highest, p.block, family.domain)
    return bool((lowest >= highest).all())


def _squares_of_rows(problem: EstimationProblem) -> Matrix:
    """Sums over the rows of each cluster of (w z)^2, where rows are PSUs and clusters are cells of many."""
    place = np.maximum(problem.family.domain, 0)  # cells outside all domains are not in the runs
    squares = problem.estimands.second_moments().of_influence(problem.ratio[place], problem.scale[place])
    squares *= problem.final[:, None] ** 2
    return problem.family.sort(squares)


def _domain_of_category(family: DomainFamily, p: Projection) -> NDArray[np.int64]:
    domain = np.full(p.blocks, -1, dtype=np.int64)
    domain[p.block] = family.domain
    return domain


def _category_means(problem: EstimationProblem, p: Projection) -> Matrix:
    """What the categories' means contribute to each cluster's total of w z."""
    family, totals = problem.family, problem.totals
    place = np.maximum(_domain_of_category(family, p), 0)
    means = totals.block_y - problem.ratio[place] * totals.block_x
    means = means * problem.scale[place] / p.population[:, None]
    in_cluster = run_matrix(family.clusters, family.order, len(p.block), problem.final * p.rows)
    in_category = run_matrix(np.arange(len(p.block)), p.block, p.blocks)
    return (in_cluster @ in_category) @ means


def _explained_by_categories(problem: EstimationProblem, p: Projection) -> Matrix:
    """sum(base weight x further column x z) per domain, [columns, domains, figures], from the sums by category."""
    totals, domains = problem.totals, len(problem.family)
    home = _domain_of_category(problem.family, p)
    inside = np.flatnonzero(home >= 0)
    found = np.empty((p.extra.shape[1], *problem.ratio.shape))
    for q in range(len(found)):
        y = group_sums(totals.extra_y[q][inside], home[inside], domains)
        x = group_sums(totals.extra_x[q][inside], home[inside], domains)
        found[q] = (y - problem.ratio * x) * problem.scale
    return found


def _explained_by_cells(problem: EstimationProblem, p: Projection, columns: Matrix) -> Matrix:
    """The same for any columns, from the cells."""
    family, m = problem.family, problem.estimands
    found = np.empty((columns.shape[1], *problem.ratio.shape))
    for q in range(len(found)):
        mass = (p.base * columns[:, q])[:, None]
        y, x = (
            sum_runs(family.sort(mass * m.y), family.domain_cells),
            sum_runs(family.sort(mass * m.x), family.domain_cells),
        )
        found[q] = (y - problem.ratio * x) * problem.scale
    return found


def _residual_form(
    problem: EstimationProblem, p: Projection, columns: Matrix, inverse: Matrix, explained: Matrix
) -> Matrix:
    """Variance of u - X b as V(u) - 2 b'C + b'K b: u is zero outside its domain, X is small and everywhere."""
    family, counts, lonely = problem.family, problem.counts, problem.cells.design.lonely
    found = between_psus(problem, "remove" if lonely == "average" else lonely, everywhere=True)
    if len(explained):
        slopes = np.einsum("qr,rdm->qdm", inverse, explained)
        totals, quadratic = _column_totals(problem, p, columns)
        for q, slope in enumerate(slopes):
            cross = sum_runs(totals[family.psu_of_cluster, q][:, None] * problem.u, family.domain_clusters)
            found = found - 2 * slope * cross
        found = found + np.einsum("qdm,qr,rdm->dm", slopes, quadratic, slopes)
    if lonely == "average" and counts.lonely.any():
        alone = int(counts.lonely.sum())
        return found * (len(counts.n) / (len(counts.n) - alone) if len(counts.n) > alone else np.nan)
    return found


def _column_totals(problem: EstimationProblem, p: Projection, columns: Matrix) -> tuple[Matrix, Matrix]:
    """PSU totals of calibration columns, centred in their stratum and scaled, and their own quadratic form."""
    counts = problem.counts
    mass = problem.final * p.rows
    totals = group_sums(mass[:, None] * columns, counts.psu, len(counts.stratum_of_psu))
    strata = len(counts.n)
    centre = group_sums(totals, counts.stratum_of_psu, strata) / counts.n[:, None]
    factor = np.where(counts.n > 1, counts.factor, 0.0)
    centred = totals - centre[counts.stratum_of_psu]
    scaled = centred * factor[counts.stratum_of_psu][:, None]
    absent = (counts.n - np.bincount(counts.stratum_of_psu, minlength=strata)) * factor
    return scaled, centred.T @ scaled + (centre * absent[:, None]).T @ centre


def _over_touched_categories(problem: EstimationProblem, p: Projection) -> Matrix:
    """Residuals where they are not zero: in the categories that a domain touches; the further columns apart.

    A domain's influence leaves residuals in all cells of its categories, also those outside the domain; so each domain
    gets the cells of every category it touches, block by block as the memory allows.
    """
    family, figures = problem.family, len(problem.estimands.of)
    explained = _explained_by_cells(problem, p, p.extra)
    inside = np.flatnonzero(family.domain >= 0)
    pairs = np.unique(family.domain[inside] * p.blocks + p.block[inside])
    of_domain, of_block = pairs // p.blocks, pairs % p.blocks
    by_block = np.argsort(p.block, kind="stable")
    size = np.bincount(p.block, minlength=p.blocks)
    first = np.cumsum(size) - size
    room = np.cumsum(np.bincount(of_domain, size[of_block], len(family)))
    chunk = (room * figures / BLOCK).astype(np.int64)
    found = np.empty((len(family), figures))
    for number in np.unique(chunk):
        chosen = np.flatnonzero(chunk == number)
        mine = np.flatnonzero((of_domain >= chosen[0]) & (of_domain <= chosen[-1]))
        length = size[of_block[mine]]
        pair = np.repeat(np.arange(len(mine)), length)
        cell = by_block[np.arange(length.sum()) - np.repeat(np.cumsum(length) - length - first[of_block[mine]], length)]
        sort = np.lexsort((cell, of_domain[mine][pair]))
        cell, pair = cell[sort], pair[sort]
        d = of_domain[mine][pair]
        z = np.where((family.domain[cell] == d)[:, None], problem.influence(cell, d), 0.0)
        means = group_sums(z * p.base[cell][:, None], pair, len(mine)) / p.population[of_block[mine]][:, None]
        left = problem.final[cell][:, None] * (z - p.rows[cell][:, None] * means[pair])
        labels = family.labels[chosen[0] : chosen[-1] + 1]
        wide = arrange(family.columns, labels, family.domain, cell, d - chosen[0], problem.counts)
        u = sum_runs(left, wide.clusters)
        widened = replace(problem, family=wide, met=np.ones_like(u, np.int64), u=u)
        found[chosen] = _residual_form(widened, p, p.extra, p.inverse, explained[:, chosen])
    return found


def _over_all_cells(problem: EstimationProblem, p: Projection) -> Matrix:
    """Residuals over all cells, for blocks of domains."""
    cells, family, final = problem.cells, problem.family, problem.final
    figures = len(problem.estimands.of)
    found = np.empty((len(family), figures))
    second = problem.estimands.second_moments() if cells.grouped else None
    width = max(1, BLOCK // max(1, len(cells) * figures))
    for start in range(0, len(family), width):
        chosen = np.arange(start, min(start + width, len(family)))
        z = _in_domains(family, chosen, [problem.influence(slice(None), d) for d in chosen])
        left, squares = p.residual(z), None
        if second is not None:
            zz = [second.of_influence(problem.ratio[d], problem.scale[d]) for d in chosen]
            squares = squared_residuals(z, _in_domains(family, chosen, zz), left, cells.rows) * final[:, None] ** 2
        variance = quadratic_form(cells, problem.counts, final[:, None] * left, squares=squares)
        found[chosen] = variance.reshape(len(chosen), -1)
    return found


def _in_domains(family: DomainFamily, chosen: NDArray[np.int64], values: list[Matrix]) -> Matrix:
    """Side by side, for each chosen domain its own values, zero outside it."""
    return np.concatenate(
        [np.where((family.domain == d)[:, None], own, 0.0) for d, own in zip(chosen, values, strict=True)], axis=1
    )
