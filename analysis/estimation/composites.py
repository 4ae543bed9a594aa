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
from analysis.estimation.ratios import RatioEstimates, ratio_estimates
from analysis.variance.domains import DomainFamily
from analysis.variance.weighted_sample import WeightedSample

ROLLUPS = ("pooled", "mean-of-items", "mean-of-factors")


def components_of(codebook: Codebook, rollup: str) -> dict[str, tuple[str, ...]]:
    """Return which figures are means of which others; pooled: none."""
    one_of("rollup", rollup, ROLLUPS)
    if rollup == "pooled":
        return {}
    if rollup == "mean-of-items":
        return {**codebook.factor_items, OVERALL: codebook.overall_items}
    if not codebook.factor_items:
        raise BadMethod(N_("the mean of factors needs factors, and this questionnaire names none"))
    return {OVERALL: tuple(codebook.factor_items)}


def mean_of_components(
    sample: WeightedSample,
    families: Sequence[DomainFamily],
    estimands: Estimands,
    found: Sequence[RatioEstimates],
    components: Mapping[str, Sequence[str]],
    scoring: Scoring,
) -> list[RatioEstimates]:
    """Replace composites by the mean of their components; its influence is the mean of theirs, so the variance follows.

    In a domain where a component has no answers, the mean does not exist.
    """
    names = [name for name in estimands.of if name in components]
    each = tuple(dict.fromkeys(component for name in names for component in components[name]))
    whole = pooled(sample.cells, each, scoring)
    ratios = ratio_estimates(sample, families, whole, with_variance=False)
    results = []
    for family, ratio, old in zip(families, ratios, found, strict=True):
        inside, place = family.domain >= 0, np.maximum(family.domain, 0)
        value, variance, spread = old.value.copy(), old.variance.copy(), old.element_variance.copy()
        for name in names:
            chosen = [whole.of.index(component) for component in components[name]]
            column = estimands.of.index(name)
            level, total = ratio.value[:, chosen], ratio.denominator[:, chosen]
            with np.errstate(divide="ignore", invalid="ignore"):
                z = (whole.y[:, chosen] - level[place] * whole.x[:, chosen]) / total[place]
            z = np.where(inside[:, None], np.nan_to_num(z), 0.0).mean(1, keepdims=True)
            one = estimands.columns(slice(column, column + 1))
            pseudo = replace(one, y=z, squares=z, second=None, share=False, total=True)
            value[:, column] = level.mean(1)
            spread[:, column] = value[:, column] * (1 - value[:, column]) if estimands.share else spread[:, column]
            again = ratio_estimates(sample, [family], pseudo)[0].variance[:, 0]
            variance[:, column] = np.where(np.isnan(value[:, column]), np.nan, again)
        results.append(replace(old, value=value, variance=variance, element_variance=spread))
    return results
