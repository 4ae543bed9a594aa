"""The common part of all replicate variances: estimate again and again with other weights, and see how they spread.

V = sum_r c_r (theta_r - theta_0)^2, theta_0 the estimate or the mean of all replicates. Which weights and factors c_r a
method has is the business of `jackknife` and `replicate_weights`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from analysis.errors import one_of
from analysis.estimands.estimands import Estimands
from analysis.tabulation.grouped_sums import group_sums
from analysis.tabulation.key_encoding import combine_keys, dense_rank
from analysis.variance.domains import DomainFamily
from analysis.variance.weighted_sample import WeightedSample

Matrix = NDArray[np.float64]
Replicate = tuple[NDArray[np.float64], float, int]  # weights of the cells, c, how often this replicate occurs
CENTRES = ("estimate", "replicates")
BLOCK = 1 << 22


def replicated_variances(
    sample: WeightedSample,
    families: Sequence[DomainFamily],
    estimands: Estimands,
    replicates: Iterator[Replicate],
    centre: str,
) -> list[Matrix]:
    """Compute variances [domains, figures] per family; NaN where a replicate leaves nobody in a domain."""
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
