"""The delete-one-PSU jackknife: it needs nothing but the design.

After a calibration each replicate is calibrated again, so that its variance is right also with few degrees of freedom,
where the linearised one is too small.
"""

from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from analysis.errors import lonely_strata
from analysis.estimands.estimands import Estimands
from analysis.estimands.second_moments import require_elements
from analysis.tabulation.cells import Cells
from analysis.variance.design_counts import DesignCounts
from analysis.variance.domains import DomainFamily, domain_family
from analysis.variance.replication import Replicate, replicated_variances
from analysis.variance.shared_weeks import on_both_sides, sides_of, stretch
from analysis.variance.weighted_sample import WeightedSample
from analysis.weighting.weights import Weights

Matrix = NDArray[np.float64]


def jackknife(
    sample: WeightedSample, families: Sequence[DomainFamily], estimands: Estimands, centre: str = "estimate"
) -> list[Matrix]:
    """Compute delete-one-PSU jackknife variances [domains, figures] per family.

    One replicate per PSU: its rows get weight 0, the other rows of its stratum times n/(n - 1); c = (1 - f)(n - 1)/n.
    theta_0 is the estimate, or the mean of all replicates (R's default). Weeks in common widen it as they do linearised
    variances (`analysis.variance.shared_weeks`).
    """
    found = replicated_variances(sample, families, estimands, _deletions(sample, sample.counts), centre)
    counts = sample.counts
    if not counts.common:
        return found
    rows = sample.weighted(estimands).rows

    @cache
    def parts(strata: bytes | int) -> list[Matrix]:
        chosen = strata if isinstance(strata, int) else np.frombuffer(strata, bool)
        return replicated_variances(sample, families, estimands, _deletions(sample, counts.alone(chosen)), "estimate")

    def of_family(place: int) -> Matrix:
        return found[place] * stretch(
            found[place],
            counts.common,
            lambda strata: parts(strata if isinstance(strata, int) else strata.tobytes())[place],
            lambda each: on_both_sides(families[place], rows, *sides_of(counts, each)),
        )

    return [of_family(place) for place in range(len(families))]


def jackknife_variance(
    cells: Cells, weights: Weights, estimands: Estimands, by: Sequence[Sequence[str]] = (), centre: str = "replicates"
) -> list[tuple[DomainFamily, Matrix]]:
    """Compute the same for given families of domains; the whole comes first."""
    sample = WeightedSample(cells, weights)
    families = _families(sample, by)
    return list(zip(families, jackknife(sample, families, estimands, centre), strict=True))


def _families(sample: WeightedSample, by: Sequence[Sequence[str]]) -> list[DomainFamily]:
    columns = dict.fromkeys([(), *map(tuple, by)])
    return [domain_family(sample.cells, sample.counts, each) for each in columns]


def _deletions(sample: WeightedSample, counts: DesignCounts) -> Iterator[Replicate]:
    """Weights, c and how often they occur, for each PSU left out (PSUs without rows: once per stratum, counted)."""
    cells, weights = sample.cells, sample.weights
    require_elements(cells)
    base = weights.base
    refit = weights.calibration.refit if weights.calibration is not None else (lambda values: values)
    if counts.lonely.any() and cells.design.lonely == "fail":
        raise lonely_strata([counts.names[h] for h in np.flatnonzero(counts.lonely)])
    met = np.bincount(counts.stratum_of_psu, minlength=len(counts.n))
    psus = np.append(np.searchsorted(counts.psu, np.arange(len(counts.stratum_of_psu))), len(cells))
    strata = np.append(np.searchsorted(counts.stratum, np.arange(len(counts.n))), len(cells))
    for h, n in enumerate(counts.n):
        if n < 2 or counts.certain[h]:
            continue
        c = (1 - counts.fraction[h]) * (n - 1) / n
        here = slice(strata[h], strata[h + 1])
        for psu in np.flatnonzero(counts.stratum_of_psu == h):
            values = base.copy()
            values[here] *= n / (n - 1)
            values[psus[psu] : psus[psu + 1]] = 0.0
            yield refit(values), float(c), 1
        if n > met[h]:
            values = base.copy()
            values[here] *= n / (n - 1)
            yield refit(values), float(c), int(n - met[h])
