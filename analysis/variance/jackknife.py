"""Variances from replicates: estimate again and again with other weights, and see how the estimates spread.

V = sum_r c_r (theta_r - theta_0)^2. The delete-one-PSU jackknife needs nothing but the design; after a calibration each
replicate is calibrated again, so that its variance is right also with few degrees of freedom, where the linearised one
is too small. Replicate weights supplied as columns (BRR, bootstrap) are taken as they are.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from analysis.errors import N_, BadWeights, lonely_strata, one_of
from analysis.estimands.estimands import Estimands
from analysis.estimands.second_moments import require_elements
from analysis.tabulation.cells import Cells
from analysis.tabulation.grouped_sums import group_sums
from analysis.tabulation.key_encoding import combine_keys, dense_rank
from analysis.variance.domains import DomainFamily, domain_family
from analysis.variance.weighted_sample import WeightedSample
from analysis.weighting.weights import Weights

Matrix = NDArray[np.float64]
Replicate = tuple[NDArray[np.float64], float, int]
CENTRES = ("estimate", "replicates")
BLOCK = 1 << 22


def jackknife(
    sample: WeightedSample, families: Sequence[DomainFamily], estimands: Estimands, centre: str = "estimate"
) -> list[Matrix]:
    """Compute delete-one-PSU jackknife variances [domains, figures] per family.

    One replicate per PSU: its rows get weight 0, the other rows of its stratum times n/(n - 1); c = (1 - f)(n - 1)/n.
    theta_0 is the estimate, or the mean of all replicates (R's default).
    """
    return _variances(sample, families, estimands, _deletions(sample), centre)


def jackknife_variance(
    cells: Cells, weights: Weights, estimands: Estimands, by: Sequence[Sequence[str]] = (), centre: str = "replicates"
) -> list[tuple[DomainFamily, Matrix]]:
    """Compute the same for given families of domains; the whole comes first."""
    sample = WeightedSample(cells, weights)
    families = _families(sample, by)
    return list(zip(families, jackknife(sample, families, estimands, centre), strict=True))


def supplied_variance(
    cells: Cells,
    weights: Weights,
    estimands: Estimands,
    columns: Sequence[str],
    by: Sequence[Sequence[str]] = (),
    centre: str = "replicates",
    scale: float | None = None,
) -> list[tuple[DomainFamily, Matrix]]:
    """Compute variances from columns of full replicate weights (BRR: scale 1/R, the default)."""
    sample = WeightedSample(cells, weights)
    families = _families(sample, by)
    c = 1 / len(columns) if scale is None else scale

    def replicates() -> Iterator[Replicate]:
        for column in columns:
            values = cells.numbers(column)
            if not np.isfinite(values).all() or (values < 0).any():
                raise BadWeights(
                    N_("replicate weights in column {column} must be numbers that are not negative"), column=column
                )
            yield values, c, 1

    return list(zip(families, _variances(sample, families, estimands, replicates(), centre), strict=True))


def _families(sample: WeightedSample, by: Sequence[Sequence[str]]) -> list[DomainFamily]:
    columns = dict.fromkeys([(), *map(tuple, by)])
    return [domain_family(sample.cells, sample.counts, each) for each in columns]


def replicate_df(cells: Cells, columns: Sequence[str]) -> int:
    """Return the degrees of freedom of supplied replicates: the rank of their matrix minus one."""
    return int(np.linalg.matrix_rank(np.column_stack([cells.numbers(column) for column in columns]))) - 1


def _deletions(sample: WeightedSample) -> Iterator[Replicate]:
    """Weights, c and how often they occur, for each PSU left out (PSUs without rows: once per stratum, counted)."""
    cells, weights, counts = sample.cells, sample.weights, sample.counts
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


def _variances(
    sample: WeightedSample,
    families: Sequence[DomainFamily],
    estimands: Estimands,
    replicates: Iterator[Replicate],
    centre: str,
) -> list[Matrix]:
    one_of("centre", centre, CENTRES)
    atoms = _Atoms.of(families, estimands)
    start = atoms.values(sample.weights.final[None, :])
    squares, sums, scaled = ([np.zeros(part.shape[:2]) for part in start] for _ in range(3))
    count, scale = 0, 0.0
    for batch in _batched(replicates, max(1, BLOCK // max(len(sample.cells), atoms.width))):
        finals, cs, times = (np.array(part) for part in zip(*batch, strict=True))
        count, scale = count + int(times.sum()), scale + float((cs * times).sum())
        for k, values in enumerate(atoms.values(finals)):
            gap = values - start[k]
            squares[k] += np.einsum("dmr,r->dm", gap * gap, cs * times)
            sums[k] += np.einsum("dmr,r->dm", gap, times.astype(float))
            scaled[k] += np.einsum("dmr,r->dm", gap, cs * times)
    if centre == "estimate" or not count:
        return squares
    return [
        square - 2 * (total / count) * part + (total / count) ** 2 * scale
        for square, total, part in zip(squares, sums, scaled, strict=True)
    ]


def _batched(replicates: Iterator[Replicate], size: int) -> Iterator[list[Replicate]]:
    while batch := list(islice(replicates, size)):
        yield batch


@dataclass(frozen=True, eq=False)
class _Atoms:
    """Cells grouped by the finest crossing of all families, of which every domain is a union.

    sums   numerators and denominators side by side, cells sorted by atom
    homes  for each family the domain of each atom, -1 outside
    """

    order: NDArray[np.int64]
    starts: NDArray[np.int64]
    sums: Matrix
    homes: list[tuple[NDArray[np.int64], int]]
    figures: int
    total: bool

    @classmethod
    def of(cls, families: Sequence[DomainFamily], estimands: Estimands) -> "_Atoms":
        domains = [family.domain.astype(np.int32) for family in families]
        key, span = combine_keys(domains, [len(family) for family in families], len(estimands.y))
        ids, size = dense_rank(key, span)
        order = np.argsort(ids, kind="stable")
        starts = np.searchsorted(ids[order], np.arange(size))
        homes = [(family.domain[order[starts]], len(family)) for family in families]
        sums = np.concatenate([estimands.y, estimands.x], axis=1)[order]
        return cls(order, starts, sums, homes, len(estimands.of), estimands.total)

    @property
    def width(self) -> int:
        """Numbers per replicate."""
        return len(self.starts) * 2 * self.figures

    def values(self, finals: Matrix) -> list[Matrix]:
        """Estimates [domains, figures, replicates] per family, for weights [replicates, cells]."""
        finals = finals[:, self.order]
        ends = np.append(self.starts[1:], len(self.order))
        parts = np.empty((len(self.starts), 2 * self.figures, len(finals)))
        for atom, (first, last) in enumerate(zip(self.starts, ends, strict=True)):
            parts[atom] = self.sums[first:last].T @ finals[:, first:last].T
        found = []
        for home, domains in self.homes:
            inside = np.flatnonzero(home >= 0)
            flat = group_sums(parts[inside].reshape(len(inside), -1), home[inside], domains)
            both = flat.reshape(domains, 2 * self.figures, -1)
            y, x = both[:, : self.figures], both[:, self.figures :]
            with np.errstate(divide="ignore", invalid="ignore"):
                found.append(y if self.total else y / x)
        return found
