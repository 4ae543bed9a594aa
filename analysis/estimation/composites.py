"""From items to factors and the whole: pooled answers by default, means of ratios as named alternatives.

pooled            sum of satisfied answers over sum of answers, over all items of the factor (of all factors)
mean-of-items     the plain mean of the items' own figures, however few answered one of them
mean-of-factors   factors pooled; the whole is the plain mean of the factors

The published national figures fit the pooled roll-up and not the plain mean (few people answer on feedback), so pooled
is the default. Persons' own means are a measure of their own: `analysis.estimands.estimands.person_means`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from analysis.data.codebook import OVERALL, Codebook
from analysis.errors import N_, BadMethod, one_of
from analysis.estimands.estimands import Estimands, pooled
from analysis.estimands.scoring import Scoring
from analysis.estimation.ratios import RatioEstimates, moments
from analysis.tabulation.cells import Cells
from analysis.variance.calibration_residuals import Projection
from analysis.variance.design_counts import DesignCounts
from analysis.variance.ultimate_clusters import Runs
from analysis.weighting.weights import Weights

ROLLUPS = ("pooled", "mean-of-items", "mean-of-factors")


def parts_of(codebook: Codebook, rollup: str) -> dict[str, tuple[str, ...]]:
    """Which figures are means of which others; pooled: none."""
    one_of("rollup", rollup, ROLLUPS)
    if rollup == "pooled":
        return {}
    if rollup == "mean-of-items":
        return {**codebook.factor_items, OVERALL: codebook.overall_items}
    if not codebook.factor_items:
        raise BadMethod(N_("the mean of factors needs factors, and this questionnaire names none"))
    return {OVERALL: tuple(codebook.factor_items)}


def mean_of_components(
    cells: Cells,
    weights: Weights,
    counts: DesignCounts,
    families: Sequence[Runs],
    estimands: Estimands,
    found: Sequence[RatioEstimates],
    parts: Mapping[str, Sequence[str]],
    scoring: Scoring,
    projection: Projection | None,
) -> list[RatioEstimates]:
    """Replace figures by the mean of their parts; its influence is the mean of theirs, so the variance follows.

    In a domain where a part has no answers, the mean does not exist.
    """
    names = [name for name in estimands.of if name in parts]
    whole = pooled(cells, tuple(dict.fromkeys(part for name in names for part in parts[name])), scoring)
    ratios = moments(cells, weights, counts, families, whole, None, with_variance=False)
    results = []
    for runs, ratio, old in zip(families, ratios, found, strict=True):
        inside, place = runs.domain >= 0, np.maximum(runs.domain, 0)
        value, variance, spread = old.value.copy(), old.variance.copy(), old.spread.copy()
        for name in names:
            chosen = [whole.of.index(part) for part in parts[name]]
            column = estimands.of.index(name)
            level, total = ratio.value[:, chosen], ratio.answered[:, chosen]
            with np.errstate(divide="ignore", invalid="ignore"):
                z = (whole.y[:, chosen] - level[place] * whole.x[:, chosen]) / total[place]
            z = np.where(inside[:, None], np.nan_to_num(z), 0.0).mean(1, keepdims=True)
            one = estimands.columns(slice(column, column + 1))
            pseudo = replace(one, y=z, squares=z, second=None, share=False, total=True)
            value[:, column] = level.mean(1)
            spread[:, column] = value[:, column] * (1 - value[:, column]) if estimands.share else spread[:, column]
            again = moments(cells, weights, counts, [runs], pseudo, projection)[0].variance[:, 0]
            variance[:, column] = np.where(np.isnan(value[:, column]), np.nan, again)
        results.append(replace(old, value=value, variance=variance, spread=spread))
    return results
