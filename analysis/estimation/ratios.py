"""From cells and weights to estimates and their variances, a whole family of domains at a time.

Estimates are ratios of sums over PSUs and domains; how their variances are found is the business of
`analysis.variance.linearization`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.estimands.estimands import Estimands
from analysis.tabulation.cells import Cells
from analysis.tabulation.grouped_sums import add, of_runs
from analysis.variance.calibration_residuals import Projection
from analysis.variance.design_counts import DesignCounts
from analysis.variance.linearization import BLOCK, SharedSums, shared_sums, variance_of
from analysis.variance.ultimate_clusters import Runs
from analysis.weighting.weights import Weights

Matrix = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RatioEstimates:
    """What a family of domains yields, as arrays [domains, figures].

    value     R = Y/X (or the total Y); NaN without answers
    variance  of the value; NaN where a lonely rule leaves nothing
    n         rows that count as respondents; people: those among them with an answer that counts
    answers   sum of x, unweighted; positive: sum of y, unweighted
    df        PSUs minus strata among those with respondents
    answered  X; mass: with population counts, the sum of w over respondents, else X
    spread    the weighted variance of single answers, sum w (y - R)^2 / X
    census    whether nothing is left to chance, by the population counts
    """

    value: Matrix
    variance: Matrix
    n: NDArray[np.int64]
    people: NDArray[np.int64]
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
    counts: DesignCounts,
    families: Sequence[Runs],
    estimands: Estimands,
    projection: Projection | None,
    with_variance: bool = True,
) -> list[RatioEstimates]:
    """Estimates and variances of all figures in all domains of each family; figures in blocks that fit the memory."""
    width = max(1, BLOCK // max(len(cells), 1))
    found: list[list[RatioEstimates]] = [[] for _ in families]
    for start in range(0, len(estimands.of), width):
        sums = shared_sums(estimands.columns(slice(start, start + width)), projection, with_variance)
        for place, runs in enumerate(families):
            found[place].append(_block(cells, weights, counts, runs, sums, projection, with_variance))
    return [joined(blocks, axis=1) for blocks in found]


def joined(blocks: Sequence[RatioEstimates], axis: int) -> RatioEstimates:
    """RatioEstimates of further domains (axis 0) or further figures (axis 1) as one."""
    if len(blocks) == 1:
        return blocks[0]
    return RatioEstimates(
        *(
            np.concatenate([getattr(block, name) for block in blocks], axis=axis)
            for name in RatioEstimates.__dataclass_fields__
        )
    )


def _block(
    cells: Cells,
    weights: Weights,
    counts: DesignCounts,
    runs: Runs,
    sums: SharedSums,
    projection: Projection | None,
    with_variance: bool,
) -> RatioEstimates:
    m = sums.estimands
    weighted, plain, whole = (
        of_runs(starts, runs.order, len(m.y), factors)
        for starts, factors in ((runs.units, weights.final), (runs.units, None), (runs.domain_cells, None))
    )
    unit_y, unit_x, unit_rows = weighted @ m.y, weighted @ m.x, plain @ m.rows
    total_y, total_x, n = (add(unit, runs.domain_units) for unit in (unit_y, unit_x, unit_rows))
    answers = n if sums.plain else whole @ m.x
    positive = whole @ m.y
    mass = total_x
    if cells.design.fpc:
        mass = add(weighted @ m.rows, runs.domain_units)
    met = unit_rows.round().astype(np.int64) if cells.grouped else (unit_rows > 0).astype(np.int64)
    strata = add((add(met, runs.strata) > 0).astype(np.int64), runs.domains)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = total_y if m.total else total_y / total_x
        if m.share:
            value = np.where((positive == answers) & (answers > 0), 1.0, value)
            spread = value * (1 - value)
        elif m.total:
            spread = np.full_like(value, np.nan)
        else:
            squares = add(weighted @ m.squares, runs.domain_units)
            spread = (squares - 2 * value * total_y + value**2 * total_x) / total_x
    variance = np.full_like(value, np.nan)
    if with_variance:
        base = np.zeros_like(value) if m.total else np.nan_to_num(value)
        scale = np.ones_like(value)
        if not m.total:
            scale = np.divide(1.0, total_x, out=np.zeros_like(total_x), where=total_x != 0)
        u = (unit_y - base[runs.domain_of_unit] * unit_x) * scale[runs.domain_of_unit]
        variance = variance_of(cells, weights, counts, runs, sums, projection, base, scale, met, u)
        variance = np.where(n > 0, np.maximum(variance, 0), np.nan)
    return RatioEstimates(
        value=value,
        variance=variance,
        n=n.round().astype(np.int64),
        people=n.round().astype(np.int64) if m.people is None else (whole @ m.people).round().astype(np.int64),
        answers=answers.round().astype(np.int64),
        positive=positive,
        df=add(met, runs.domain_units) - strata,
        mass=mass,
        answered=total_x,
        spread=np.maximum(spread, 0),
        census=_census(counts, runs, len(m.of)),
    )


def _census(counts: DesignCounts, runs: Runs, figures: int) -> NDArray[np.bool_]:
    certain = counts.certain[runs.run_stratum]
    if counts.second is not None:
        units = (
            np.add.reduceat(counts.second.fraction[runs.unit_psu] < 1 - 1e-9, runs.strata)
            if len(runs.strata)
            else certain
        )
        certain = certain & (units == 0)
    whole = np.logical_and.reduceat(certain, runs.domains) if len(runs.domains) else certain
    return np.repeat(whole[:, None], figures, axis=1)
