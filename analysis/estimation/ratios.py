"""Ratio estimates from cells and weights, a whole family of domains at a time.

Estimates are ratios of sums over PSUs and domains; how their variances are found is the business of
`analysis.variance.linearization`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analysis.estimands.estimands import Estimands
from analysis.estimation.weighting_effects import weighting_effects
from analysis.tabulation.grouped_sums import run_matrix, sum_runs
from analysis.variance.design_counts import DesignCounts
from analysis.variance.domains import DomainFamily
from analysis.variance.estimation_problem import CategoryTotals, EstimationProblem, category_totals
from analysis.variance.linearization import BLOCK, linearized_variance
from analysis.variance.supplied_replicates import SuppliedReplicates
from analysis.variance.weighted_sample import WeightedSample

Matrix = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RatioEstimates:
    """What a family of domains yields, as arrays [domains, figures].

    value     R = Y/X (or the total Y); NaN without answers
    variance  of the value; NaN where a lonely rule leaves nothing
    n         rows that count as respondents and weigh something; people: those among them with an answer that counts
    answers   sum of x, unweighted; positive: sum of y, unweighted
    df        PSUs minus strata among those with respondents
    denominator       X
    population        with population counts, the sum of w over respondents, else X
    element_variance  the weighted variance of single answers, sum w (y - R)^2 / X
    census            whether nothing is left to chance, by the population counts
    response          answers over those that were asked for, where population counts are given; else 1
    kish, evenness, df_weighted  what uneven weights do (`analysis.estimation.weighting_effects`)
    """

    value: Matrix
    variance: Matrix
    n: NDArray[np.int64]
    people: NDArray[np.int64]
    answers: NDArray[np.int64]
    positive: Matrix
    df: NDArray[np.int64]
    population: Matrix
    denominator: Matrix
    element_variance: Matrix
    census: NDArray[np.bool_]
    response: Matrix
    kish: Matrix
    evenness: Matrix
    df_weighted: Matrix


def ratio_estimates(
    sample: WeightedSample, families: Sequence[DomainFamily], estimands: Estimands, with_variance: bool = True
) -> list[RatioEstimates]:
    """Estimate all figures in all domains of each family; figures in blocks that fit the memory.

    The variance is the linearised one, or that of the design's replicate weights.
    """
    estimands = sample.weighted(estimands)
    if sample.cells.design.replicates is not None and with_variance:
        return _replicated(sample, families, estimands)
    width = max(1, BLOCK // max(len(sample.cells), 1))
    found: list[list[RatioEstimates]] = [[] for _ in families]
    for start in range(0, len(estimands.of), width):
        block = estimands.columns(slice(start, start + width))
        totals = category_totals(block, sample.projection if with_variance else None)
        for place, family in enumerate(families):
            found[place].append(_block(sample, family, totals, with_variance))
    return [concatenated(blocks, axis=1) for blocks in found]


def _replicated(sample: WeightedSample, families: Sequence[DomainFamily], estimands: Estimands) -> list[RatioEstimates]:
    """Estimates with variances and degrees of freedom from the design's replicate weights."""
    replicates = SuppliedReplicates(sample)
    found = ratio_estimates(sample, families, estimands, with_variance=False)
    results = []
    for family, plain, variance in zip(families, found, replicates.variances(families, estimands), strict=True):
        df = replicates.dfs(family, estimands.rows)
        uneven = np.where(df >= 1, np.maximum(df * replicates.uneven_df(family), 1.0), df)
        variance = np.where(plain.n > 0, variance, np.nan)
        results.append(replace(plain, variance=variance, df=df, df_weighted=uneven))
    return results


def concatenated(blocks: Sequence[RatioEstimates], axis: int) -> RatioEstimates:
    """Join estimates of further domains (axis 0) or further figures (axis 1)."""
    if len(blocks) == 1:
        return blocks[0]
    return RatioEstimates(
        *(
            np.concatenate([getattr(block, name) for block in blocks], axis=axis)
            for name in RatioEstimates.__dataclass_fields__
        )
    )


def _block(sample: WeightedSample, family: DomainFamily, totals: CategoryTotals, with_variance: bool) -> RatioEstimates:
    m, cells, final = totals.estimands, sample.cells, sample.weights.final
    weighted, plain, whole = (
        run_matrix(starts, family.order, len(m.y), factors)
        for starts, factors in ((family.clusters, final), (family.clusters, None), (family.domain_cells, None))
    )
    cluster_y, cluster_x, cluster_rows = weighted @ m.y, weighted @ m.x, plain @ m.rows
    total_y, total_x, n = (sum_runs(each, family.domain_clusters) for each in (cluster_y, cluster_x, cluster_rows))
    answers = n if totals.plain else whole @ m.x
    positive = whole @ m.y
    population = total_x
    if cells.design.fpc:
        population = sum_runs(weighted @ m.rows, family.domain_clusters)
    met = cluster_rows.round().astype(np.int64) if cells.grouped else (cluster_rows > 0).astype(np.int64)
    strata = sum_runs((sum_runs(met, family.strata) > 0).astype(np.int64), family.domains)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = total_y if m.total else total_y / total_x
        if m.share:
            value = np.where((positive == answers) & (answers > 0), 1.0, value)
            spread = value * (1 - value)
        elif m.total:
            spread = np.full_like(value, np.nan)
        else:
            squares = sum_runs(weighted @ m.squares, family.domain_clusters)
            spread = (squares - 2 * value * total_y + value**2 * total_x) / total_x
    variance = np.full_like(value, np.nan)
    if with_variance:
        ratio = np.zeros_like(value) if m.total else np.nan_to_num(value)
        scale = np.ones_like(value)
        if not m.total:
            scale = np.divide(1.0, total_x, out=np.zeros_like(total_x), where=total_x != 0)
        u = (cluster_y - ratio[family.domain_of_cluster] * cluster_x) * scale[family.domain_of_cluster]
        variance = linearized_variance(EstimationProblem(sample, sample.counts, family, totals, ratio, scale, met, u))
        variance = np.where(n > 0, np.maximum(variance, 0), np.nan)
    df = sum_runs(met, family.domain_clusters) - strata
    uneven = weighting_effects(sample, family, m, answers, total_x, df)
    return RatioEstimates(
        value=value,
        variance=variance,
        n=n.round().astype(np.int64),
        people=n.round().astype(np.int64) if m.people is None else (whole @ m.people).round().astype(np.int64),
        answers=answers.round().astype(np.int64),
        positive=positive,
        df=df,
        population=population,
        denominator=total_x,
        element_variance=np.maximum(spread, 0),
        census=_census(sample.counts, family, len(m.of)),
        response=np.ones_like(value) if m.asked is None else _share_of(answers, whole @ m.asked),
        kish=uneven.kish,
        evenness=uneven.evenness,
        df_weighted=uneven.df,
    )


def _share_of(part: Matrix, of: Matrix) -> Matrix:
    return np.divide(part, of, out=np.ones_like(of), where=of > 0)


def _census(counts: DesignCounts, family: DomainFamily, figures: int) -> NDArray[np.bool_]:
    certain = counts.certain[family.stratum_of_run]
    if counts.second is not None:
        sampled = (
            np.add.reduceat(counts.second.fraction[family.psu_of_cluster] < 1 - 1e-9, family.strata)
            if len(family.strata)
            else certain
        )
        certain = certain & (sampled == 0)
    whole = np.logical_and.reduceat(certain, family.domains) if len(family.domains) else certain
    return np.repeat(whole[:, None], figures, axis=1)
