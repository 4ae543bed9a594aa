"""Linearised variances with ultimate clusters, from cells.

A ratio R = Y/X has the influence z = (y - R x)/X in its domain and 0 elsewhere; a total has z = y. The variance is that
of the PSU totals U = sum(w z) within strata,

    V = sum_h (1 - f_h) n_h/(n_h - 1) sum_j (U_hj - mean_h)^2,   n_h = all PSUs of the stratum, also the empty ones,

plus, with two population counts, f_h times the same within each PSU (Cochran 1977, 11.8; R `svyrecvar`). After a
calibration z is first replaced by its residual from the calibration columns (Deville and Sarndal 1992).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.errors import lonely_parts, lonely_strata
from analysis.tabulation.cells import Cells
from analysis.tabulation.grouped_sums import add
from analysis.tabulation.key_encoding import combine, rank
from analysis.variance.design_counts import DesignCounts, SecondStage

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Parts:
    """Second-stage units in a family: where their runs start in `order`, each PSU's first, and whose each is."""

    starts: NDArray[np.int64]
    units: NDArray[np.int64]
    unit: NDArray[np.int64]


@dataclass(frozen=True)
class Runs:
    """The cells of a family of domains, in runs: domains, within them strata, within them PSUs (and their parts).

    order     the cells in question, sorted by domain; within a domain they keep their order
    units     where each run of one domain and one PSU starts, counted in `order`; `unit_psu` is its PSU
    strata    where each run of one domain and one stratum starts, counted in units; `run_stratum` is its stratum
    domains   where each domain starts, counted in runs of strata; `domain_units` the same counted in units
    """

    columns: tuple[str, ...]
    labels: tuple[tuple[str, ...], ...]
    domain: NDArray[np.int64]
    order: NDArray[np.int64]
    units: NDArray[np.int64]
    unit_psu: NDArray[np.int64]
    strata: NDArray[np.int64]
    run_stratum: NDArray[np.int64]
    run_of_unit: NDArray[np.int64]
    domains: NDArray[np.int64]
    domain_of_run: NDArray[np.int64]
    domain_units: NDArray[np.int64]
    domain_cells: NDArray[np.int64]
    domain_of_unit: NDArray[np.int64]
    parts: Parts | None
    in_order: bool

    def __len__(self) -> int:
        return len(self.labels)

    def sort(self, values: Matrix) -> Matrix:
        """Values of cells in the order of the runs."""
        return values if self.in_order else values[self.order]


def runs_of(cells: Cells, counts: DesignCounts, columns: tuple[str, ...]) -> Runs:
    """Sort the cells into the domains of one family. Cells with an empty label are in no domain."""
    codes = [cells.code(column) for column in columns]
    inside = np.ones(len(cells), dtype=bool)
    for code in codes:
        inside &= code >= 0
    places = np.flatnonzero(inside)
    key, span = combine([code[places] for code in codes], [len(cells.labels[c]) for c in columns], len(places))
    ids, size = rank(key, span) if len(places) else (key, 0)
    domain = np.full(len(cells), -1, dtype=np.int64)
    domain[places] = ids
    sort = np.argsort(ids, kind="stable") if columns else np.arange(len(places))
    order, sorted_ids = places[sort], ids[sort]
    starts = np.searchsorted(sorted_ids, np.arange(size))
    labels = tuple(
        tuple(cells.label(column, code[order[start]]) or "" for column, code in zip(columns, codes, strict=True))
        for start in starts
    )
    return arrange(columns, labels, domain, order, sorted_ids, counts)


def arrange(
    columns: tuple[str, ...],
    labels: tuple[tuple[str, ...], ...],
    domain: NDArray[np.int64],
    order: NDArray[np.int64],
    sorted_ids: NDArray[np.int64],
    counts: DesignCounts,
) -> Runs:
    """Runs of the cells in `order`, whose domains are numbered `sorted_ids`; a cell may stand in several domains."""
    size = len(labels)
    starts = np.searchsorted(sorted_ids, np.arange(size))
    psu = counts.psu[order]
    units = _starts(sorted_ids, psu)
    unit_domain, unit_psu = sorted_ids[units], psu[units]
    unit_stratum = counts.stratum_of_psu[unit_psu]
    strata = _starts(unit_domain, unit_stratum)
    run_domain = unit_domain[strata]
    domains = np.searchsorted(run_domain, np.arange(size))
    parts = None
    if counts.second is not None:
        starts_of_parts = _starts(sorted_ids, counts.second.unit[order])
        first = np.searchsorted(starts_of_parts, units)
        whose = np.repeat(np.arange(len(units)), np.diff(np.append(first, len(starts_of_parts))))
        parts = Parts(starts_of_parts, first, whose)
    return Runs(
        columns=columns,
        labels=labels,
        domain=domain,
        order=order,
        units=units,
        unit_psu=unit_psu,
        strata=strata,
        run_stratum=unit_stratum[strata],
        run_of_unit=np.repeat(np.arange(len(strata)), np.diff(np.append(strata, len(units)))),
        domains=domains,
        domain_of_run=run_domain,
        domain_units=strata[domains] if size else strata,
        domain_cells=starts,
        domain_of_unit=unit_domain,
        parts=parts,
        in_order=bool(len(order) == len(domain) and (np.diff(order) > 0).all()),
    )


def _starts(*columns: NDArray) -> NDArray[np.int64]:
    if not len(columns[0]):
        return np.zeros(0, dtype=np.int64)
    change = np.zeros(len(columns[0]), dtype=bool)
    change[0] = True
    for column in columns:
        change[1:] |= column[1:] != column[:-1]
    return np.flatnonzero(change)


def scale_of(counts: DesignCounts) -> NDArray[np.float64]:
    """(1 - f) n/(n - 1) per stratum; 1 - f where there is a single PSU."""
    return np.where(counts.certain, 0.0, 1 - counts.fraction) * counts.n / np.maximum(counts.n - 1, 1)


def first_stage(
    u: Matrix,
    met: NDArray[np.int64],
    runs: Runs,
    counts: DesignCounts,
    lonely: str,
    in_domain: bool,
    everywhere: bool = False,
    squares: Matrix | None = None,
) -> Matrix:
    """The variance between PSUs for each domain and figure.

    u, met      [units, figures]: the units' totals of w z, and in how many PSUs they have respondents of the figure
    everywhere  every stratum counts as having respondents (calibrated designs)
    squares     where a unit is a cell of many PSUs (`analysis.estimands.second_moments`): the sum over them of (w z)^2
    """
    n = counts.n[runs.run_stratum][:, None]
    present = np.diff(np.append(runs.strata, len(u)))[:, None]
    totals = add(u, runs.strata)
    centre = totals / n
    alone = np.broadcast_to(counts.lonely[runs.run_stratum][:, None], totals.shape)
    if not counts.lonely.any() and not (in_domain and lonely in ("centre", "average")):
        spread = _spread(u, totals, centre, n, present, runs, squares)
        return add(spread * scale_of(counts)[runs.run_stratum][:, None], runs.domains)
    psus = add(met, runs.strata)
    some = np.ones_like(psus, dtype=bool) if everywhere else psus > 0
    if lonely == "fail":
        refuse_lonely(alone & some, runs, counts)
    if in_domain and not everywhere and lonely in ("centre", "average"):
        alone = alone | ((n >= 2) & (psus == 1) & ~counts.certain[runs.run_stratum][:, None])
    if lonely == "centre":
        counted = add(np.where(some, n, 0).astype(float), runs.domains)
        middle = add(totals, runs.domains) / np.maximum(counted, 1)
        centre = np.where(alone, middle[runs.domain_of_run], centre)
    spread = _spread(u, totals, centre, n, present, runs, squares) * scale_of(counts)[runs.run_stratum][:, None]
    if lonely != "centre":
        spread = np.where(alone, 0.0, spread)
    variance = add(spread, runs.domains)
    if lonely == "average":
        strata, lone = add(some.astype(float), runs.domains), add((alone & some).astype(float), runs.domains)
        with np.errstate(divide="ignore", invalid="ignore"):
            variance = np.where(strata > lone, variance * strata / (strata - lone), np.nan)
    return variance


def _spread(
    u: Matrix, totals: Matrix, centre: Matrix, n: NDArray, present: NDArray, runs: Runs, squares: Matrix | None
) -> Matrix:
    """Sum of squared deviations over all n PSUs of the run, of which those without domain rows are zeros."""
    if squares is not None:
        return np.maximum(add(squares, runs.strata) - 2 * centre * totals + n * centre**2, 0.0)
    deviation = u - centre[runs.run_of_unit]
    deviation *= deviation
    return add(deviation, runs.strata) + (n - present) * centre**2


def second_stage(
    totals: Matrix, parts: Parts, second: SecondStage, runs: Runs, counts: DesignCounts, lonely: str
) -> Matrix:
    """What the second stage adds: f_h (1 - f_hj) n_hj/(n_hj - 1) times the spread of the parts in each PSU."""
    n = second.n[runs.unit_psu][:, None]
    if lonely == "fail" and ((second.n == 1) & ~second.certain)[runs.unit_psu].any():
        raise lonely_parts()
    present = np.diff(np.append(parts.units, len(totals)))[:, None]
    centre = add(totals, parts.units) / n
    deviation = totals - centre[parts.unit]
    spread = add(deviation**2, parts.units) + (n - present) * centre**2
    factor = second.scale[runs.unit_psu] * counts.fraction[counts.stratum_of_psu[runs.unit_psu]]
    return add(spread * factor[:, None], runs.domain_units)


def refuse_lonely(alone: NDArray[np.bool_], runs: Runs, counts: DesignCounts) -> None:
    """Raise for the strata that have a single PSU."""
    guilty = sorted({counts.names[h] for h in runs.run_stratum[alone.any(axis=1)]})
    if guilty:
        raise lonely_strata(guilty)
