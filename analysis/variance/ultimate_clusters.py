"""Linearised variances with ultimate clusters, from cells.

A ratio R = Y/X has the influence z = (y - R x)/X in its domain and 0 elsewhere; a total has z = y. The variance is that
of the PSU totals U = sum(w z) within strata,

    V = sum_h (1 - f_h) n_h/(n_h - 1) sum_j (U_hj - mean_h)^2,   n_h = all PSUs of the stratum, also the empty ones,

plus, with two population counts, f_h times the same within each PSU (Cochran 1977, 11.8; R `svyrecvar`). After a
calibration z is first replaced by its residual from the calibration columns (Deville and Sarndal 1992).
"""

import numpy as np
from numpy.typing import NDArray

from analysis.errors import lonely_parts, lonely_strata
from analysis.tabulation.grouped_sums import sum_runs
from analysis.variance.design_counts import DesignCounts, SecondStage
from analysis.variance.domains import DomainFamily, SecondStageClusters
from analysis.variance.estimation_problem import EstimationProblem

Matrix = NDArray[np.float64]


def between_psus(
    problem: EstimationProblem,
    lonely: str,
    in_domain: bool = False,
    everywhere: bool = False,
    squares: Matrix | None = None,
) -> Matrix:
    """Compute the variance between PSUs for each domain and figure.

    lonely      what to do with single PSUs; in_domain: also with those that are single in the domain only
    everywhere  every stratum counts as having respondents (calibrated designs)
    squares     where a cluster is a cell of many PSUs (`second_moments`): the sum over them of (w z)^2
    """
    family, counts, u = problem.family, problem.counts, problem.u
    n = counts.n[family.stratum_of_run][:, None]
    present = np.diff(np.append(family.strata, len(u)))[:, None]
    totals = sum_runs(u, family.strata)
    centre = totals / n
    alone = np.broadcast_to(counts.lonely[family.stratum_of_run][:, None], totals.shape)
    if not counts.lonely.any() and not (in_domain and lonely in ("centre", "average")):
        spread = _squared_deviations(u, totals, centre, n, present, family, squares)
        return sum_runs(spread * counts.factor[family.stratum_of_run][:, None], family.domains)
    psus = sum_runs(problem.met, family.strata)
    some = np.ones_like(psus, dtype=bool) if everywhere else psus > 0
    if lonely == "fail":
        _refuse_lonely(alone & some, family, counts)
    if in_domain and not everywhere and lonely in ("centre", "average"):
        alone = alone | ((n >= 2) & (psus == 1) & ~counts.certain[family.stratum_of_run][:, None])
    if lonely == "centre":
        counted = sum_runs(np.where(some, n, 0).astype(float), family.domains)
        middle = sum_runs(totals, family.domains) / np.maximum(counted, 1)
        centre = np.where(alone, middle[family.domain_of_run], centre)
    spread = _squared_deviations(u, totals, centre, n, present, family, squares)
    spread = spread * counts.factor[family.stratum_of_run][:, None]
    if lonely != "centre":
        spread = np.where(alone, 0.0, spread)
    variance = sum_runs(spread, family.domains)
    if lonely == "average":
        strata, lone = (
            sum_runs(some.astype(float), family.domains),
            sum_runs((alone & some).astype(float), family.domains),
        )
        with np.errstate(divide="ignore", invalid="ignore"):
            variance = np.where(strata > lone, variance * strata / (strata - lone), np.nan)
    return variance


def _squared_deviations(
    u: Matrix,
    totals: Matrix,
    centre: Matrix,
    n: NDArray,
    present: NDArray,
    family: DomainFamily,
    squares: Matrix | None,
) -> Matrix:
    """Sum of squared deviations over all n PSUs of the run, of which those without domain rows are zeros."""
    if squares is not None:
        return np.maximum(sum_runs(squares, family.strata) - 2 * centre * totals + n * centre**2, 0.0)
    deviation = u - centre[family.run_of_cluster]
    deviation *= deviation
    return sum_runs(deviation, family.strata) + (n - present) * centre**2


def within_psus(problem: EstimationProblem, parts: SecondStageClusters, second: SecondStage, lonely: str) -> Matrix:
    """Compute what the second stage adds: f_h (1 - f_hj) n_hj/(n_hj - 1) times the spread of the parts in each PSU."""
    family, counts, m = problem.family, problem.counts, problem.estimands
    place = family.domain[family.order]
    w = family.sort(problem.final[:, None])
    z = w * (family.sort(m.y) - problem.ratio[place] * family.sort(m.x)) * problem.scale[place]
    totals = sum_runs(z, parts.starts)
    n = second.n[family.psu_of_cluster][:, None]
    if lonely == "fail" and ((second.n == 1) & ~second.certain)[family.psu_of_cluster].any():
        raise lonely_parts()
    present = np.diff(np.append(parts.clusters, len(totals)))[:, None]
    centre = sum_runs(totals, parts.clusters) / n
    deviation = totals - centre[parts.cluster]
    spread = sum_runs(deviation**2, parts.clusters) + (n - present) * centre**2
    factor = second.factor[family.psu_of_cluster] * counts.fraction[counts.stratum_of_psu[family.psu_of_cluster]]
    return sum_runs(spread * factor[:, None], family.domain_clusters)


def _refuse_lonely(alone: NDArray[np.bool_], family: DomainFamily, counts: DesignCounts) -> None:
    guilty = sorted({counts.names[h] for h in family.stratum_of_run[alone.any(axis=1)]})
    if guilty:
        raise lonely_strata(guilty)
