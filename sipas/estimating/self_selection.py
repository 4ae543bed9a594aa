"""How much self-selection a figure, or a statement about two, would bear: trials, never corrections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from analysis.comparison.contrasts import Difference, weighted_size
from analysis.comparison.differences import JointEstimates
from analysis.estimands.estimands import pooled
from analysis.selection.class_bands import SelectionBands
from analysis.selection.response_ratio import drift_ratio, reversal_ratio, statement_ratio
from sipas.errors import SipasError
from sipas.estimating.reading import rounded_percent
from sipas.estimating.survey import Survey
from sipas.estimating.trial_words import TRIAL, short, trial_name

Row = dict[str, Any]
Parts = Mapping[tuple[str, tuple[tuple[str, str], ...]], float]
NOTHING: Row = {"tipping": None, "reversal": None}


def parts_of_the_whole(survey: Survey, of: Sequence[str], domains: Sequence[Mapping[str, str]]) -> Parts:
    """For each figure and domain, the share of all weighted answers that the domain stands for."""
    found = weighted_size(survey.cells, survey.weights, pooled(survey.cells, of), [{}, *domains])
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = found[1:] / found[0]
    return {
        (name, tuple(domain.items())): float(parts[place, column])
        for place, domain in enumerate(domains)
        for column, name in enumerate(of)
    }


def turning(
    figures: JointEstimates,
    places: tuple[int, int],
    gap: Difference,
    adjusted: float | None,
    level: float,
    part: float = 0.0,
) -> Row:
    """`tipping`: the ratio at which a finding about two shares can no longer be said, None where nothing is found;
    `reversal`: the ratio at which their order turns round. `part` is what the first stands for of the second."""
    one, other = places
    ours, theirs = _inside(figures, one), _inside(figures, other)
    direction = np.sign(figures.value[one] - figures.value[other])
    if not direction or np.sign(ours - theirs) != direction or not 0 <= part < 1:
        return dict(NOTHING)
    return _ratios(float(reversal_ratio(ours, theirs, part)), gap, adjusted, level)


def turning_slope(
    figures: JointEstimates, places: Sequence[int], gap: Difference, adjusted: float | None, level: float
) -> Row:
    """The same for a slope over waves, in which the ratio moved steadily from 1 where the figures are lower."""
    return _ratios(drift_ratio([_inside(figures, place) for place in places]), gap, adjusted, level)


def _ratios(reversal: float, gap: Difference, adjusted: float | None, level: float) -> Row:
    row = NOTHING | {"reversal": reversal if np.isfinite(reversal) else None}
    if adjusted is None or not np.isfinite([gap.t, gap.p, reversal]).all():
        return row
    found = float(statement_ratio(reversal, gap.t, gap.p, adjusted, gap.df, level))
    return row | {"tipping": found if np.isfinite(found) else None}


def _inside(figures: JointEstimates, place: int) -> float:
    """A share; for one of 0 or 1, which no ratio moves, the limit on the side of the others."""
    value = float(figures.value[place])
    return float(figures.low[place]) if value == 1 else float(figures.high[place]) if value == 0 else value


def trial(bands: SelectionBands, column: int) -> list[SipasError]:
    """The sentence above a table with bands, for the largest ratio and one figure of everybody."""
    place = int(np.argmax(bands.ratios))
    share = bands.value[place, 0, column]
    if not np.isfinite(share):
        return []
    return [SipasError(TRIAL, ratio=short(bands.ratios[place]), share=rounded_percent(float(share)))]


def bands_of(bands: SelectionBands) -> list[Row]:
    """For each figure, domain by domain, the columns of its bands: `at_1_5`, `at_1_5_low`, `at_1_5_high`."""
    _ratios, domains, figures = bands.value.shape
    return [band_columns(bands, place, column) for place in range(domains) for column in range(figures)]


def band_columns(bands: SelectionBands, place: int, column: int) -> Row:
    """The columns of one figure's bands."""
    row: Row = {}
    for k, ratio in enumerate(bands.ratios):
        for suffix, values in (("", bands.value), ("_low", bands.low), ("_high", bands.high)):
            value = values[k, place, column]
            row[trial_name("at", ratio) + suffix] = float(value) if np.isfinite(value) else None
    return row
