"""From cells and weights to estimates and their variances, a whole family of domains at a time.

Three roads lead to the same numbers. Without calibration, and with one whose first categories lie within the domains
(post-strata of unit x field, domains unit or field), an influence is zero outside its own domain, and only the PSUs
met by the domain are visited; the few remaining calibration columns enter as a quadratic form. Otherwise residuals are
spread over all cells, and blocks of domains are worked out in full.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.cells import Cells
from analysis.errors import lonely_parts, lonely_strata
from analysis.layout import Layout
from analysis.measures import Measures
from analysis.residuals import Projection, group_sums
from analysis.variance import Runs, add, first_stage, scale_of, second_stage
from analysis.weights import Weights

Matrix = NDArray[np.float64]
BLOCK = 1 << 22
FEW = 64


@dataclass(frozen=True, eq=False)
class Moments:
    """What a family of domains yields, as arrays [domains, figures].

    value     R = Y/X (or the total Y); NaN without answers
    variance  of the value; NaN where a lonely rule leaves nothing
    n         respondents; answers: sum of x, unweighted; positive: sum of y, unweighted
    df        PSUs minus strata among those with respondents
    strata    strata with respondents; mass: sum of w over respondents; answered: X
    spread    the weighted variance of single answers, sum w (y - R)^2 / X
    census    whether nothing is left to chance, by the population counts
    """

    value: Matrix
    variance: Matrix
    n: NDArray[np.int64]
    answers: NDArray[np.int64]
    positive: Matrix
    df: NDArray[np.int64]
    mass: Matrix
    answered: Matrix
    spread: Matrix
    census: NDArray[np.bool_]


def moments(
    cells: Cells,
    weights: Weights,
    layout: Layout,
    runs: Runs,
    measures: Measures,
    projection: Projection | None,
    with_variance: bool = True,
) -> Moments:
    """Estimates and variances of all figures in all domains of a family; figures in blocks that fit the memory."""
    width = max(1, BLOCK // max(len(cells), 1))
    blocks = [
        _block(cells, weights, layout, runs, measures.columns(slice(start, start + width)), projection, with_variance)
        for start in range(0, len(measures.of), width)
    ]
    if len(blocks) == 1:
        return blocks[0]
    return Moments(
        *(np.concatenate([getattr(block, name) for block in blocks], axis=1) for name in Moments.__dataclass_fields__)
    )


def _block(
    cells: Cells,
    weights: Weights,
    layout: Layout,
    runs: Runs,
    m: Measures,
    projection: Projection | None,
    with_variance: bool,
) -> Moments:
    w = weights.final[runs.order][:, None]
    y, x, rows = m.y[runs.order], m.x[runs.order], m.rows[runs.order]
    unit_y, unit_x = add(w * y, runs.units), add(w * x, runs.units)
    total_y, total_x = add(unit_y, runs.domain_units), add(unit_x, runs.domain_units)
    unit_rows = add(rows, runs.units)
    answers, positive = add(x, runs.domain_cells), add(y, runs.domain_cells)
    squares = add(w * m.squares[runs.order], runs.domain_cells)
    mass = add(w * rows, runs.domain_cells)
    answered = unit_rows > 0
    strata = add(add(answered.astype(np.int64), runs.strata).astype(bool).astype(np.int64), runs.domains)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = total_y if m.total else total_y / total_x
        if m.share:
            value = np.where((positive == answers) & (answers > 0), 1.0, value)
        spread = (
            (squares - 2 * value * total_y + value**2 * total_x) / total_x
            if not m.total
            else np.full_like(value, np.nan)
        )
    if m.share:
        spread = value * (1 - value)
    variance = np.full_like(value, np.nan)
    if with_variance:
        base = np.zeros_like(value) if m.total else np.nan_to_num(value)
        scale = (
            np.ones_like(value) if m.total else np.divide(1.0, total_x, out=np.zeros_like(total_x), where=total_x != 0)
        )
        variance = _variance(cells, weights, layout, runs, m, projection, base, scale, answered, unit_y, unit_x)
        variance = np.where(add(unit_rows, runs.domain_units) > 0, np.maximum(variance, 0), np.nan)
    return Moments(
        value=value,
        variance=variance,
        n=add(unit_rows, runs.domain_units).round().astype(np.int64),
        answers=answers.round().astype(np.int64),
        positive=positive,
        df=add(answered.astype(np.int64), runs.domain_units) - strata,
        mass=mass,
        answered=total_x,
        spread=np.maximum(spread, 0),
        census=_census(layout, runs, len(m.of)),
    )


def _census(layout: Layout, runs: Runs, figures: int) -> NDArray[np.bool_]:
    certain = layout.certain[runs.run_stratum]
    if layout.second is not None:
        units = (
            np.add.reduceat(layout.second.fraction[runs.unit_psu] < 1 - 1e-9, runs.strata)
            if len(runs.strata)
            else certain
        )
        certain = certain & (units == 0)
    whole = np.logical_and.reduceat(certain, runs.domains) if len(runs.domains) else certain
    return np.repeat(whole[:, None], figures, axis=1)


def _variance(
    cells: Cells,
    weights: Weights,
    layout: Layout,
    runs: Runs,
    m: Measures,
    projection: Projection | None,
    base: Matrix,
    scale: Matrix,
    answered: NDArray[np.bool_],
    unit_y: Matrix,
    unit_x: Matrix,
) -> Matrix:
    design = cells.design
    if projection is None:
        u = (unit_y - base[runs.domain_of_unit] * unit_x) * scale[runs.domain_of_unit]
        found = first_stage(u, answered, runs, layout, design.lonely, design.lonely_in_domain)
        if runs.parts is None or layout.second is None:
            return found
        w = weights.final[runs.order][:, None]
        cell_domain = runs.domain[runs.order]
        z = (m.y[runs.order] - base[cell_domain] * m.x[runs.order]) * scale[cell_domain]
        return found + second_stage(
            add(w * z, runs.parts.starts), runs.parts, layout.second, runs, layout, design.lonely
        )
    lonely = layout.lonely.any() and design.lonely in ("centre", "fail")
    if projection.sweeps is None and runs.parts is None and not lonely:
        nested = _nested(projection, runs)
        few = projection.extra.shape[1] + (0 if nested else projection.blocks)
        if nested and few <= FEW:
            return _local(weights, layout, runs, m, projection, base, scale, answered, unit_y, unit_x, design.lonely)
    return _spread_out(cells, weights, layout, runs, m, projection, base, scale)


def _nested(projection: Projection, runs: Runs) -> bool:
    """Whether each category lies within one domain, or outside all."""
    lowest = np.full(projection.blocks, np.iinfo(np.int64).max)
    highest = np.full(projection.blocks, -2)
    np.minimum.at(lowest, projection.block, runs.domain)
    np.maximum.at(highest, projection.block, runs.domain)
    return bool((lowest >= highest).all())


def _local(
    weights: Weights,
    layout: Layout,
    runs: Runs,
    m: Measures,
    p: Projection,
    base: Matrix,
    scale: Matrix,
    answered: NDArray[np.bool_],
    unit_y: Matrix,
    unit_x: Matrix,
    lonely: str,
) -> Matrix:
    """Categories within domains, and few further columns."""
    domain_of_block = np.zeros(p.blocks, dtype=np.int64)
    domain_of_block[p.block] = runs.domain
    place = np.maximum(domain_of_block, 0)
    w0 = p.base[:, None]
    block_y, block_x = group_sums(w0 * m.y, p.block, p.blocks), group_sums(w0 * m.x, p.block, p.blocks)
    means = (block_y - base[place] * block_x) * scale[place] / p.population[:, None]
    mass = (weights.final * p.rows)[runs.order]
    taken = add(mass[:, None] * means[p.block[runs.order]], runs.units)
    u = (unit_y - base[runs.domain_of_unit] * unit_x) * scale[runs.domain_of_unit] - taken
    found = first_stage(u, answered, runs, layout, "remove" if lonely == "average" else lonely, False, everywhere=True)
    factor = 1.0
    if lonely == "average" and layout.lonely.any():
        alone = int(layout.lonely.sum())
        factor = len(layout.n) / (len(layout.n) - alone) if len(layout.n) > alone else np.nan
    if not p.extra.shape[1]:
        return found * factor
    columns = [
        ((group_sums(extra * m.y, p.block, p.blocks), group_sums(extra * m.x, p.block, p.blocks)))
        for extra in (w0 * p.extra[:, [q]] for q in range(p.extra.shape[1]))
    ]
    inside = np.flatnonzero(domain_of_block >= 0)
    homes = domain_of_block[inside]
    explained = np.stack(
        [
            (group_sums(by_y[inside], homes, len(runs)) - base * group_sums(by_x[inside], homes, len(runs))) * scale
            for by_y, by_x in columns
        ]
    )
    slopes = np.einsum("qr,rdm->qdm", p.inverse, explained)
    extra_u, quadratic = _extra_totals(weights, layout, p)
    for q, slope in enumerate(slopes):
        cross = add(extra_u[runs.unit_psu, q][:, None] * u, runs.domain_units)
        found = found - 2 * slope * cross
    return (found + np.einsum("qdm,qr,rdm->dm", slopes, quadratic, slopes)) * factor


def _extra_totals(weights: Weights, layout: Layout, p: Projection) -> tuple[Matrix, Matrix]:
    """PSU totals of the further columns, centred in their stratum and scaled, and their own quadratic form."""
    mass = weights.final * p.rows
    totals = group_sums(mass[:, None] * p.extra, layout.psu, len(layout.stratum_of_psu))
    strata = len(layout.n)
    centre = group_sums(totals, layout.stratum_of_psu, strata) / layout.n[:, None]
    scale = np.where(layout.n > 1, scale_of(layout), 0.0)
    centred = totals - centre[layout.stratum_of_psu]
    scaled = centred * scale[layout.stratum_of_psu][:, None]
    absent = (layout.n - np.bincount(layout.stratum_of_psu, minlength=strata)) * scale
    return scaled, centred.T @ scaled + (centre * absent[:, None]).T @ centre


def _spread_out(
    cells: Cells, weights: Weights, layout: Layout, runs: Runs, m: Measures, p: Projection, base: Matrix, scale: Matrix
) -> Matrix:
    """Residuals over all cells, for blocks of domains."""
    found = np.empty((len(runs), len(m.of)))
    width = max(1, BLOCK // max(1, len(cells) * len(m.of)))
    for start in range(0, len(runs), width):
        chosen = np.arange(start, min(start + width, len(runs)))
        z = np.concatenate(
            [np.where((runs.domain == d)[:, None], (m.y - base[d] * m.x) * scale[d], 0.0) for d in chosen], axis=1
        )
        found[chosen] = quadratic_form(cells, layout, weights.final[:, None] * p.residual(z)).reshape(len(chosen), -1)
    return found


def quadratic_form(cells: Cells, layout: Layout, weighted: Matrix, covariance: bool = False) -> Matrix:
    """The variances (or the covariance matrix) of estimates with weighted influences [cells, estimates].

    Every stratum of the design counts as having respondents, as in R for calibrated designs.
    """
    lonely = cells.design.lonely
    strata, psus = len(layout.n), len(layout.stratum_of_psu)
    u = group_sums(weighted, layout.psu, psus)
    n = layout.n[:, None]
    totals = group_sums(u, layout.stratum_of_psu, strata)
    centre = totals / n
    alone = layout.lonely
    if alone.any() and lonely == "fail":
        raise lonely_strata([layout.names[h] for h in np.flatnonzero(alone)])
    if lonely == "centre":
        centre = np.where(alone[:, None], totals.sum(0) / layout.n.sum(), centre)
    scale = scale_of(layout) if lonely == "centre" else np.where(alone, 0.0, scale_of(layout))
    if lonely == "average" and alone.any():
        ordinary = strata - int(alone.sum())
        scale = scale * (strata / ordinary if ordinary else np.nan)
    deviation = u - centre[layout.stratum_of_psu]
    absent = (layout.n - np.bincount(layout.stratum_of_psu, minlength=strata)) * scale
    found = _form(deviation, scale[layout.stratum_of_psu], covariance) + _form(centre, absent, covariance)
    second = layout.second
    if second is None:
        return found
    if lonely == "fail" and ((second.n == 1) & ~second.certain).any():
        raise lonely_parts()
    parts = int(second.unit[-1]) + 1
    psu_of_part = layout.psu[np.searchsorted(second.unit, np.arange(parts))]
    v = group_sums(weighted, second.unit, parts)
    middle = group_sums(v, psu_of_part, psus) / second.n[:, None]
    factor = second.scale * layout.fraction[layout.stratum_of_psu]
    return found + _form(v - middle[psu_of_part], factor[psu_of_part], covariance)


def _form(deviation: Matrix, scale: NDArray, covariance: bool) -> Matrix:
    if covariance:
        return (deviation * scale[:, None]).T @ deviation
    return (deviation**2 * scale[:, None]).sum(0)
