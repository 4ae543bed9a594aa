"""Variances, covariances and degrees of freedom from replicate weights that came with the data.

V = scale sum_r rscale_r (theta_r - theta_0)^2, which methods have which numbers is said in
`analysis.data.replicate_weights`. A calibration is repeated in every replicate, as R `postStratify` does. Every figure
is estimated again from the cells with each replicate's weights; the rows are not needed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from analysis.data.replicate_weights import ReplicateWeights
from analysis.errors import N_, BadDesign, BadWeights
from analysis.estimands.estimands import Estimands
from analysis.variance.domains import DomainFamily
from analysis.variance.replication import BLOCK, Replicate, replicated_variances
from analysis.variance.weighted_sample import WeightedSample

Matrix = NDArray[np.float64]
TOLERANCE = 1e-5  # of R `degf`


def design_df(sample: WeightedSample) -> int:
    """Count the degrees of freedom of the whole design: PSUs less strata, or replicate weights' rank less 1."""
    if sample.cells.design.replicates is None:
        return sample.counts.df
    return SuppliedReplicates(sample).df(sample.weights.final != 0)


@dataclass(frozen=True, eq=False)
class SuppliedReplicates:
    """The replicate weights of a sample, as weights of its cells.

    Replicates that count nothing (rscale 0) are left out, from the mean of the replicates too, as R does.
    """

    sample: WeightedSample

    @property
    def given(self) -> ReplicateWeights:
        """What the design says of them; raises BadDesign where it has none."""
        if self.sample.cells.design.replicates is None:
            raise BadDesign(N_("the design names no replicate weights"))
        return self.sample.cells.design.replicates

    @property
    def centre(self) -> str:
        """What the replicates are held against."""
        return "estimate" if self.given.mse else "replicates"

    @cached_property
    def factors(self) -> Matrix:
        """The factor c of each replicate that counts."""
        factors = np.array(self.given.factors)
        return factors[factors > 0]

    @cached_property
    def _by_replicate(self) -> Matrix:
        """The distinct rows of weights, turned: [replicates, vectors]; refuses a replicate in which nobody is left."""
        vectors, _ = self.sample.cells.vectors()
        empty = np.flatnonzero(~vectors.any(axis=0))
        if len(empty):
            raise BadWeights(
                N_("all weights of the replicate {column} are zero; leave the column out, or correct it"),
                column=self.given.columns[empty[0]],
            )
        return np.ascontiguousarray(vectors.T[np.array(self.given.factors) > 0])

    @cached_property
    def _times(self) -> Matrix:
        """What turns a column's number into a weight of the cell before calibration [cells]."""
        cells, base = self.sample.cells, self.sample.weights.base
        if not self.given.full or cells.design.weights is None:
            return base
        full = cells.numbers(cells.design.weights)
        return np.divide(base, full, out=np.ones_like(base), where=full > 0)

    @cached_property
    def _calibrated(self) -> Matrix | None:
        """Weights [replicates, cells] after the calibration of each replicate; None where nothing is calibrated."""
        calibration = self.sample.weights.calibration
        if calibration is None:
            return None
        return np.array([calibration.refit(self._plain(r)) for r in range(len(self.factors))])

    def _plain(self, r: int) -> NDArray[np.float64]:
        _, codes = self.sample.cells.vectors()
        return self._by_replicate[r][codes] * self._times

    def weights(self, r: int) -> NDArray[np.float64]:
        """Return the weights of all cells in a replicate that counts [cells]."""
        return self._plain(r) if self._calibrated is None else self._calibrated[r]

    def batches(self, width: int) -> Iterator[Matrix]:
        """Yield the weights of all replicates [some replicates, cells], few at a time where cells x width is large."""
        step = max(1, BLOCK // max(1, len(self.sample.cells), width))
        for start in range(0, len(self.factors), step):
            yield np.array([self.weights(r) for r in range(start, min(start + step, len(self.factors)))])

    def variances(self, families: Sequence[DomainFamily], estimands: Estimands) -> list[Matrix]:
        """Compute variances [domains, figures] per family; NaN where a replicate leaves nobody in a domain."""
        replicates: Iterator[Replicate] = ((self.weights(r), float(c), 1) for r, c in enumerate(self.factors))
        return replicated_variances(self.sample, families, estimands, replicates, self.centre)

    def covariance(self, y: Matrix, x: Matrix | None) -> Matrix:
        """Compute the covariance matrix of ratios of sums of y over sums of x [cells, figures], of totals without x."""
        final = self.sample.weights.final[None, :]
        with np.errstate(divide="ignore", invalid="ignore"):
            value, *replicates = (
                each @ y if x is None else (each @ y) / (each @ x) for each in (final, *self.batches(y.shape[1]))
            )
        spread = np.concatenate(replicates)
        spread = spread - (value[0] if self.given.mse else spread.mean(axis=0))
        return (spread * self.factors[:, None]).T @ spread

    def df(self, used: NDArray[np.bool_]) -> int:
        """Count degrees of freedom among some of the cells, as R `degf`: the rank of their replicate weights less 1."""
        return max(self._rank(np.flatnonzero(used)) - 1, 0)

    @cached_property
    def _whole_rank(self) -> int:
        return _rank(self._gram(np.flatnonzero(self.sample.weights.final != 0)))

    def _rank(self, places: NDArray[np.int64]) -> int:
        some = 4 * len(self.factors)
        if len(places) > some:  # a part whose rank is that of everybody tells the rest
            part = places[np.linspace(0, len(places) - 1, some).astype(np.int64)]
            if _rank(self._gram(part)) == self._whole_rank:
                return self._whole_rank
        return _rank(self._gram(places))

    def _at(self, places: NDArray[np.int64]) -> Matrix:
        """The weights of some cells [replicates, cells]."""
        if self._calibrated is not None:
            return self._calibrated[:, places]
        _, codes = self.sample.cells.vectors()
        return self._by_replicate[:, codes[places]] * self._times[places]

    def _gram(self, places: NDArray[np.int64], centre: bool = False, times: Matrix | None = None) -> Matrix:
        """Sums over some cells of the products of each two replicates' weights [replicates, replicates].

        With `centre` those of their deviations from what they are held against, times `times` [cells] and sqrt(c).
        """
        found = np.zeros((len(self.factors),) * 2)
        step = max(1, BLOCK // len(self.factors))
        for start in range(0, len(places), step):
            some = places[start : start + step]
            weights = self._at(some)
            if centre:
                weights = weights - (self.sample.weights.final[some] if self.given.mse else weights.mean(axis=0))
                weights *= np.sqrt(self.factors)[:, None]
            if times is not None:
                weights = weights * times[some]
            found += weights @ weights.T
        return found

    def dfs(self, family: DomainFamily, rows: Matrix) -> NDArray[np.int64]:
        """Count degrees of freedom [domains, figures] among the cells with `rows` [cells, figures] of each figure."""
        found = np.zeros((len(family), rows.shape[1]), dtype=np.int64)
        for d, places in enumerate(_places(family)):
            known: dict[bytes, int] = {}
            for m, used in enumerate((rows[places] > 0).T):
                key = np.packbits(used).tobytes()
                if key not in known:
                    known[key] = max(self._rank(places[used]) - 1, 0)
                found[d, m] = known[key]
        return found

    def uneven_df(self, family: DomainFamily) -> NDArray[np.float64]:
        """Return [domains, 1]: the share of the degrees of freedom that uneven weights leave, 1 with equal ones.

        V is a quadratic form of the answers; of answers that are alike in variance it has (sum of eigenvalues)^2/sum of
        their squares degrees of freedom (F. E. Satterthwaite, Biometrics Bulletin 2, 1946). That number with the
        weights, over the same with all weights equal: where the design names its PSUs, `weighting_effects` says so of
        them.
        """
        share = np.ones((len(family), 1))
        final = self.sample.weights.final
        if not len(final) or final.min() == final.max():
            return share
        rows = np.sqrt(self.sample.cells.rows.astype(float))
        equal = np.divide(rows, final, out=np.zeros_like(final), where=final > 0)
        for d, places in enumerate(_places(family)):
            plain = _effective_rank(self._gram(places, True, equal))
            weighted = _effective_rank(self._gram(places, True, rows))
            share[d] = min(weighted / plain, 1.0) if plain > 0 else 1.0
        return np.where(share < 1 - 1e-9, share, 1.0)


def _places(family: DomainFamily) -> list[NDArray[np.int64]]:
    """The cells of each domain."""
    return np.split(family.order, family.domain_cells[1:]) if len(family) else []


def _effective_rank(gram: Matrix) -> float:
    """The sum of the eigenvalues, squared, over the sum of their squares."""
    squares = float((gram * gram).sum())
    return float(np.trace(gram)) ** 2 / squares if squares > 0 else 0.0


def _rank(gram: Matrix) -> int:
    """The rank of columns with these products: how many keep more than TOLERANCE of their length beside the others.

    R's `qr` looks at the columns in their order; here the one that keeps most is taken first (LAPACK `pstrf`).
    """
    from scipy.linalg.lapack import dpstrf

    lengths = np.sqrt(np.diagonal(gram))
    some = lengths > 0
    if not some.any():
        return 0
    unit = gram[np.ix_(some, some)] / np.outer(lengths[some], lengths[some])
    return int(dpstrf(unit, tol=TOLERANCE**2)[2])
