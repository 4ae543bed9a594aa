"""Estimates: every item, factor and the whole, in every domain asked for, with what a reader needs to doubt them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from operator import add

import numpy as np
from numpy.typing import NDArray

from analysis.errors import N_, BadMethod, one_of
from analysis.estimands.estimands import ITEM, Estimands, Titles, estimand_names, pooled
from analysis.estimands.scoring import SHARE, Scoring, scoring_named
from analysis.estimation.clustering_effects import own_effect
from analysis.estimation.composites import components_of, mean_of_components
from analysis.estimation.confidence_limits import (
    IntervalMethod,
    confidence_limits,
    equality_variance,
    shared_design_effects,
)
from analysis.estimation.estimates import Estimates
from analysis.estimation.intervals import INTERVALS, SHARED, Array
from analysis.estimation.ratios import RatioEstimates, concatenated, ratio_estimates
from analysis.tabulation.cells import Cells
from analysis.variance.domains import DomainFamily, domain_family
from analysis.variance.linearization import BLOCK
from analysis.variance.weighted_sample import WeightedSample
from analysis.weighting.weights import Weights

VARIANCES = ("linearised", "jackknife")  # of a design without replicate weights
SIDES = ("both", "lower", "upper")
MANY = 200  # persons that carry the variance, times min(p, 1 - p): more of them need nothing from elsewhere


def estimate(  # noqa: PLR0913
    cells: Cells,
    weights: Weights | None = None,
    *,
    of: Sequence[str] | None = None,
    by: Sequence[str | Sequence[str]] | None = None,
    scoring: str | Scoring = SHARE,
    rollup: str = "pooled",
    level: float = 0.95,
    interval: str = SHARED,
    variance: str | None = None,
    side: str = "both",
    coarse: bool = False,
) -> Estimates:
    """Estimate every item, factor and the whole in every family of domains.

    weights   made from the same cells; None = the design's own weights
    of        some figures only: item codes, factors, "overall"
    by        families of domains; None = those the cells were tabulated for. The whole is always there
    scoring   what an answer is worth: a rule or its name (`analysis.estimands.scoring`); default: share of satisfied
    rollup    how factors and the whole come from items: `pooled`, `mean-of-items`, `mean-of-factors`
    interval  for shares one of INTERVALS; other scores always have t(df) limits
    variance  `linearised`, or `jackknife`: leave out one PSU at a time and calibrate again; to be preferred with
              calibrated weights and few degrees of freedom, where the linearised variance is too small. None: from the
              design's replicate weights, where it has them (then nothing else can be asked for), else linearised
    side      `both`, or a one-sided limit: `lower`, `upper`
    coarse    whether what weights do enters `wilson_shared_2` coarsened, always towards wider limits, so that limits do
              not tell how many answers a class has: design effect up to quarters, df and evenness down to 1 and 1/4

    Pooled, factors and the whole are sum(w y)/sum(w x) over the answers to their items, a ratio.

    More than eight parameters: each is a choice of method that a published figure has to state, with the published
    method as its default.

    >>> import pyarrow as pa
    >>> from analysis import Codebook, Design, tabulate
    >>> table = pa.table({"psu": [1, 1, 2, 2, 3, 3], "w": [1.0, 2, 1, 2, 1, 2], "q": [5, 4, 2, 5, 3, 4]})
    >>> cells = tabulate(table, codebook=Codebook.plain(["q"]), design=Design(psus="psu", weights="w"))
    >>> row = estimate(cells).row("q")
    >>> round(row["estimate"], 6), round(row["se"], 6), row["df"]
    (0.777778, 0.111111, 2)
    """
    rule = scoring_named(scoring) if isinstance(scoring, str) else scoring
    chosen = estimand_names(cells)[0] if of is None else tuple(of)
    width = len(chosen)
    if variance != "jackknife" and rollup == "pooled":  # where rows are cells, a few figures at a time
        width = max(1, BLOCK // max(1, len(cells)))
    return _figures(
        cells,
        weights,
        (pooled(cells, chosen[start : start + width], rule) for start in range(0, max(1, len(chosen)), width)),
        by=by,
        level=level,
        interval=interval,
        variance=variance,
        side=side,
        coarse=coarse,
        means=components_of(cells.codebook, rollup),
        scoring=rule,
    )


def figures(  # noqa: PLR0913
    cells: Cells,
    weights: Weights | None,
    estimands: Estimands,
    *,
    by: Sequence[str | Sequence[str]] | None = None,
    level: float = 0.95,
    interval: str = SHARED,
    variance: str | None = None,
    side: str = "both",
    means: Mapping[str, Sequence[str]] | None = None,
    scoring: Scoring = SHARE,
) -> Estimates:
    """Estimate any estimands (`analysis.estimands.estimands`): numbers, ratios, totals, persons' means, categories.

    means  figures that are the plain mean of others, scored by `scoring` (`analysis.estimation.composites`)

    More than eight parameters: the choices of `estimate`, and what is estimated.
    """
    return _figures(
        cells, weights, [estimands], by=by, level=level, interval=interval, variance=variance, side=side, coarse=False,
        means=means or {}, scoring=scoring,
    )  # fmt: skip


def _figures(  # noqa: PLR0913
    cells: Cells,
    weights: Weights | None,
    parts: Iterable[Estimands],
    *,
    by: Sequence[str | Sequence[str]] | None,
    level: float,
    interval: str,
    variance: str | None,
    side: str,
    coarse: bool,
    means: Mapping[str, Sequence[str]],
    scoring: Scoring,
) -> Estimates:
    """Figures in parts, each made only when its turn comes; means and the jackknife want a single part."""
    one_of("interval", interval, INTERVALS)
    one_of("variance", variance or "linearised", VARIANCES)
    if variance and cells.design.replicates is not None:
        raise BadMethod(
            N_("the design has replicate weights, from which every variance comes; ask for no other ({variance})"),
            variance=variance,
        )
    one_of("side", side, SIDES)
    if not 0 < level < 1:
        raise BadMethod(N_("the level must lie between 0 and 1, and {level} does not"), level=level)
    sample = WeightedSample.of(cells, weights)
    if sample.weights.cells is not cells and len(sample.weights.final) != len(cells):
        raise BadMethod(N_("these weights were made for other cells"))
    columns = (
        cells.by
        if by is None
        else tuple(dict.fromkeys([(), *((family,) if isinstance(family, str) else tuple(family) for family in by)]))
    )
    families = [domain_family(cells, sample.counts, each) for each in columns]
    linearised = variance != "jackknife"
    if means and (not linearised or cells.design.replicates is not None):
        raise BadMethod(N_("means of figures have the linearised variance only"))
    titles: list[Titles] = []
    blocks: list[RatioEstimates] = []
    unweighted: list[Array] = []
    for estimands in parts:
        found = ratio_estimates(sample, families, estimands, linearised)
        if means:
            found = mean_of_components(sample, families, estimands, found, means, scoring)
        block = concatenated(found, axis=0)
        if not linearised:
            from analysis.variance.jackknife import jackknife

            block = replace(block, variance=np.concatenate(jackknife(sample, families, estimands)))
        titles.append(estimands.titles)
        blocks.append(block)
        unweighted.append(_unweighted_effect(sample, families[:1], estimands, found[0]))
    told = np.concatenate(unweighted, axis=1)
    method = IntervalMethod(interval, level, side, coarse)
    return _assemble(sample, families, reduce(add, titles), concatenated(blocks, axis=1), told, method)


def _unweighted_effect(
    sample: WeightedSample, whole: list[DomainFamily], estimands: Estimands, found: RatioEstimates
) -> Array:
    """The clustering effects of everybody with equal weights, [1, figures]; NaN where weights leave enough people."""
    nothing = np.full((1, len(estimands.of)), np.nan)
    evidence = found.people * found.evenness * np.minimum(found.value, 1 - found.value)
    if not estimands.share or (found.evenness == 1).all() or not (evidence < MANY).any():
        return nothing
    equal = WeightedSample(sample.cells, sample.weights.equal())
    (plain,) = ratio_estimates(equal, whole, estimands)
    return own_effect(plain, _counted(plain, estimands.titles)) if len(plain.value) else nothing


def _assemble(
    sample: WeightedSample,
    families: list[DomainFamily],
    titles: Titles,
    found: RatioEstimates,
    unweighted: Array,
    method: IntervalMethod,
) -> Estimates:
    """The table: the ratio estimates with design effects, limits and the flags' grounds."""
    counted = _counted(found, titles)
    partial = found.census & (found.response < 1)
    found = _of_those_who_answered(found, partial) if titles.share else found
    some = counted > 0
    value = np.where(some, found.value, np.nan)
    variance = _variance(found, titles, counted)
    deff, deff_wr = _design_effects(found, variance, counted, sample.weights)
    settled = replace(found, value=value, variance=variance)
    shared = shared_design_effects(families, titles, settled, counted, unweighted)
    low, high, used, siblings = confidence_limits(sample, families, titles, settled, counted, shared, method)
    told = some
    if sample.cells.design.replicates is not None:  # a replicate left nobody: nothing is known, and nothing is lent
        told = some & ~np.isnan(variance)
    low, high = np.where(told, low, np.nan), np.where(told, high, np.nan)
    if method.side == "lower":
        high = np.full_like(high, 1.0 if titles.share else np.nan)
    elif method.side == "upper":
        low = np.full_like(low, 0.0 if titles.share else np.nan)
    return Estimates(
        domains=tuple((family.columns, labels) for family in families for labels in family.labels),
        of=titles.of,
        kinds=titles.kinds,
        value=value,
        variance=variance,
        n=np.where(some, found.people, 0),  # nobody stands behind a figure without answers
        rows=np.where(some, found.n, 0),
        answers=found.answers,
        positive=found.positive,
        df=found.df,
        deff=deff,
        deff_wr=deff_wr,
        low=low,
        high=high,
        used=used,
        siblings=siblings,
        kish=found.kish,
        df_weighted=found.df_weighted,
        tested=equality_variance(settled, counted, shared),
        census=found.census,
        partial=partial,
        level=method.level,
        interval=method.name if titles.share else "t",
        side=method.side,
        scoring=titles.scoring,
        share=titles.share,
        unweighted=sample.weights.unweighted,
    )


def _of_those_who_answered(found: RatioEstimates, partial: NDArray[np.bool_]) -> RatioEstimates:
    """Where everybody was counted and not all answered: persons drawn without replacement from those who were asked.

    V = (1 - f) s^2/n over the n people who answered, f = answers over those asked for (W. G. Cochran, Sampling
    Techniques, 1977, section 2.6), n - 1 degrees of freedom, and a weighting effect of at least 1 - f. It takes those
    who stay silent for a random part, which no census can tell. Shares only: other scores keep R's 0, with the flag.
    """
    if not partial.any():
        return found
    left, others = 1 - found.response, np.maximum(found.people - 1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = left * found.element_variance / others
    return replace(
        found,
        variance=np.where(partial, np.where(others > 0, variance, np.nan), found.variance),
        census=found.census & ~partial,
        kish=np.where(partial, np.maximum(found.kish, left), found.kish),
        df=np.where(partial, others, found.df),
        df_weighted=np.where(partial, others.astype(float), found.df_weighted),
    )


def _counted(found: RatioEstimates, titles: Titles) -> Array:
    """The number of answers behind each figure: those of an item, or of all items pooled."""
    return np.where([kind == ITEM for kind in titles.kinds], found.n, found.answers).astype(float)


def _variance(found: RatioEstimates, titles: Titles, counted: Array) -> Array:
    """The variances; exactly 0 where nothing varies or everything was counted, NaN without answers."""
    with np.errstate(divide="ignore", invalid="ignore"):
        noise = found.variance < 1e-18 * found.element_variance / counted
    v = np.where(counted > 0, np.where(noise, 0.0, found.variance), np.nan)
    v = np.where(found.census & (counted > 0), 0.0, v)
    if titles.share:
        v = np.where((found.positive == 0) | (found.positive == counted), v * 0, v)
    return v


def _design_effects(found: RatioEstimates, variance: Array, counted: Array, weights: Weights) -> tuple[Array, Array]:
    """Variance over s^2 (1 - n/N)/n and over s^2/n; NaN where that is 0. Without a known N the first is the second."""
    with np.errstate(divide="ignore", invalid="ignore"):
        sample = found.element_variance / (counted - 1)
        finite = np.ones_like(variance) if weights.unweighted or weights.relative else 1 - counted / found.denominator
        without = np.where(sample > 0, variance / sample, np.nan)
        return np.where(finite > 1e-12, without / finite, np.nan), without
