"""From design effects to limits: which interval a figure gets, and the variance that tests of equality use.

All arrays are [domains, figures].
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from analysis.estimands.estimands import Titles
from analysis.estimation.clustering_effects import Lenders, clustering_effects, interval_df, own_effect, shared_deff
from analysis.estimation.design_effects import averaged_deff, of_parent, parent_domains, shrunken_deff
from analysis.estimation.intervals import (
    SHARED,
    SHARED_1,
    Array,
    DesignEffects,
    limits,
    mean_t,
    wilson_shared,
    wilson_shared_2,
)
from analysis.estimation.ratios import RatioEstimates
from analysis.variance.domains import DomainFamily
from analysis.variance.supplied_replicates import design_df
from analysis.variance.weighted_sample import WeightedSample

Z = float(ndtri(0.975))


class IntervalMethod(NamedTuple):
    """Which limits are wanted."""

    name: str
    level: float
    side: str
    coarse: bool

    @property
    def quantile(self) -> float:
        """The probability at which the quantile is taken: (1 + level)/2, or the level where one limit is asked for."""
        return self.level if self.side != "both" else (1 + self.level) / 2


class SharedDesignEffects(NamedTuple):
    """The design effects of `wilson_shared_2`, over how many siblings they were shared, and the enclosing share."""

    deff: Array
    siblings: NDArray[np.int64]
    enclosing: Array


def shared_design_effects(
    families: list[DomainFamily], titles: Titles, found: RatioEstimates, counted: Array, unweighted: Array
) -> SharedDesignEffects:
    """Share what is known of clustering; `unweighted`: the effects of everybody with equal weights, [1, figures]."""
    if not titles.share:
        nothing = np.full_like(found.value, np.nan)
        return SharedDesignEffects(nothing, np.zeros(nothing.shape, dtype=np.int64), nothing)
    own = own_effect(found, counted)
    parent = parent_domains(own, found, families)
    first = np.full_like(own, np.nan)
    first[:1] = unweighted
    effect, siblings = clustering_effects(found, counted, titles.kinds, Lenders(of_parent(own, parent), first))
    return SharedDesignEffects(shared_deff(found, effect), siblings, of_parent(found.value, parent))


def equality_variance(found: RatioEstimates, counted: Array, shared: SharedDesignEffects) -> Array:
    """Variances for tests of equality: what a share like its enclosing domain's would vary, D p (1 - p)/n.

    p is the enclosing share, or the value half way to it (at most two standard errors) where that varies more: a test
    asks what would happen if the figure were like others. At 0% and 100% with nothing that encloses, the reach of the
    95% interval over its quantile. NaN where there is nothing to test.
    """
    p, deff, home = found.value, shared.deff, shared.enclosing
    with np.errstate(divide="ignore", invalid="ignore"):
        unit = deff / counted
        step = 2 * np.sqrt(unit * p * (1 - p))
        middle = p + np.clip((home - p) / 2, -step, step)
        spread = np.where(np.isnan(home), p * (1 - p), np.maximum(home * (1 - home), middle * (1 - middle)))
        reach = Z / (1 / unit + Z**2)  # of Wilson's interval at the edge, over Z
        tested = np.where(spread > 0, unit * spread, reach**2)
    return np.where(found.census, 0.0, np.where((counted > 0) & np.isfinite(tested), tested, np.nan))


def confidence_limits(
    sample: WeightedSample,
    families: list[DomainFamily],
    titles: Titles,
    found: RatioEstimates,
    counted: Array,
    shared: SharedDesignEffects,
    method: IntervalMethod,
) -> tuple[Array, Array, Array, NDArray[np.int64]]:
    """Limits of each figure, the design effect inside them, and over how many siblings it was shared."""
    value, v, cells, q = found.value, found.variance, sample.weights.cells, method.quantile
    none, nobody = np.full_like(value, np.nan), np.zeros(value.shape, dtype=np.int64)
    census = found.census & (counted > 0)
    if not titles.share:
        low, high = mean_t(value, v, found.df, q)
        if titles.total:  # nobody counted: [0, 0] would say that there is nobody; the share at 0 has a limit
            empty = (found.positive == 0) & (v == 0)
            low, high = np.where(empty, np.nan, low), np.where(empty, np.nan, high)
        return low, high, none, nobody
    if method.name == SHARED:
        deff, df, evenness = shared.deff, interval_df(found, shared.siblings), found.evenness
        if method.coarse:
            deff, df, evenness = np.ceil(deff * 4 - 1e-9) / 4, np.floor(df + 1e-9), np.floor(evenness * 4 + 1e-9) / 4
        return (*wilson_shared_2(value, counted, df, q, deff, evenness, census), shared.siblings)
    if method.name == SHARED_1:
        deffs = _version_1_deffs(families, titles, found, counted, bool(cells.design.fpc))
        return (*wilson_shared(value, v, counted, found.df, q, deffs, census), deffs.siblings)
    kept = sample.weights.calibration is not None and cells.design.replicates is None  # with weight 0, as R does
    rows = np.full(value.shape, float(cells.size)) if kept else found.n.astype(float)
    return (*limits(method.name, value, v, counted, found.df, q, rows, design_df(sample)), none, nobody)


def _version_1_deffs(
    families: list[DomainFamily], titles: Titles, found: RatioEstimates, counted: Array, finite: bool
) -> DesignEffects:
    """The design effects that version 1 chooses from; `finite`: population counts lower their floor."""
    with np.errstate(divide="ignore", invalid="ignore"):
        own = found.variance / (found.element_variance / counted)
        floor = np.ones_like(own)
        if finite:
            floor = np.clip(np.nan_to_num(1 - found.n / found.population, nan=1.0), 0, 1)
    averaged, siblings = averaged_deff(own, found.value, found.df, titles.kinds)
    parent = of_parent(own, parent_domains(own, found, families))
    own, parent = shrunken_deff(own, found, parent, siblings, titles.kinds)
    return DesignEffects(own, averaged, siblings, parent, floor)
