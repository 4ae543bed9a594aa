"""Statistics of a satisfaction survey, from frozen answers to figures with honest intervals.

It stands alone: nothing here knows the web application. In reading order:

    Codebook, Design, ReplicateWeights
                                   what the columns mean, and how the sample came about
    read_snapshot, write_snapshot  the frozen data set, one Parquet file with its codebook
    tabulate -> Cells              one pass over the rows: integer sums that add up over any parts
    cells_of_period, weights_of_period
                                   several waves as one period: added cells, and each wave's weights
    design_weights, frame_weights, adjust_nonresponse, poststratify, rake, calibrate
                                   weights of classes, each with diagnostics
    estimate -> Estimates          shares with standard error, degrees of freedom, design effect, interval, words
    together, across, holm, benjamini_hochberg, rao_scott, equal_means, linear_trend, logistic_trend, trend_over
                                   differences with their covariance, tests, series with marked breaks
    figures_of, independent, differences
                                   a table of differences: widened at 0 and 1, adjusted for their number, in plain words
    adjusted_shares, adjusted_figures, logistic_regression, predictor
                                   offices as if each had everybody's service fields: a logistic model, its margins
    rank_sets, standing            ranks with confidence, three words per unit
    item_response, straight_lines, coverage, products_in, reliability_of, intraclass, stratified_difference
                                   quality of the answers and of the questionnaire
    importance_in, importance_of, area_model, Crosswalk
                                   what to improve first; small offices; old communes and new units
    class_bands, selection_band, selected_share, tipping_ratio, reversal_ratio, worth, estimated_ratio, mode_effect
                                   those who did not answer: what if they think otherwise, and how to find out
    sample_size, cluster_deff, detectable_change, allocate, systematic_draw, reference_size
                                   the next wave
    suppress -> SafeTable          the second door: what may be published

Each name is imported when it is asked for: whoever shows protected tables needs neither SciPy nor PyArrow.
"""

import importlib
from typing import TYPE_CHECKING, Any

from analysis.data.codebook import (
    COARSE,
    MIXED,
    NOT_APPLICABLE,
    NOT_ASKED,
    OPEN,
    SCREEN,
    SEVERAL,
    WHOLE_WAVE,
    Codebook,
    CodebookItem,
    CodebookQuestion,
)
from analysis.errors import AnalysisError

if TYPE_CHECKING:
    from analysis.comparison.contrasts import across, together
    from analysis.comparison.differences import differences, figures_of, findings, independent
    from analysis.comparison.hypothesis_tests import equal_means, rao_scott
    from analysis.comparison.logistic_regression import logistic_regression, predictor
    from analysis.comparison.multiplicity import benjamini_hochberg, holm
    from analysis.comparison.predictive_margins import adjusted_figures, adjusted_shares
    from analysis.comparison.ranking import rank_sets, standing
    from analysis.comparison.regression import linear_trend, logistic_trend
    from analysis.comparison.stratified_difference import stratified_difference
    from analysis.comparison.trend import Wave, trend_over
    from analysis.data.crosswalk import Crosswalk
    from analysis.data.design import Design
    from analysis.data.replicate_weights import ReplicateWeights
    from analysis.data.snapshot import Snapshot, read_snapshot, write_snapshot
    from analysis.disclosure.policy import Policy
    from analysis.disclosure.safe_table import SafeTable
    from analysis.disclosure.suppress import suppress
    from analysis.estimation.estimate import VARIANCES, estimate
    from analysis.estimation.estimates import Estimates
    from analysis.estimation.intervals import INTERVALS
    from analysis.planning.sample_design import (
        allocate,
        cluster_deff,
        detectable_change,
        sample_size,
        systematic_draw,
    )
    from analysis.quality.key_drivers import importance_in, importance_of
    from analysis.quality.response_quality import coverage, item_response, straight_lines
    from analysis.quality.scale_reliability import intraclass, products_in, reliability_of, sum_products
    from analysis.selection.class_bands import class_bands
    from analysis.selection.effective_sample import worth
    from analysis.selection.mode_effects import mode_effect
    from analysis.selection.reference_sample import estimated_ratio, reference_size
    from analysis.selection.response_ratio import reversal_ratio, selected_share, selection_band, tipping_ratio
    from analysis.small_area.fay_herriot import area_model
    from analysis.tabulation.cells import Cells
    from analysis.tabulation.period import cells_of_period
    from analysis.tabulation.tabulate import tabulate
    from analysis.weighting.calibration import adjust_nonresponse, calibrate, poststratify, rake
    from analysis.weighting.period_weights import weights_of_period
    from analysis.weighting.population_counts import frame_weights
    from analysis.weighting.weights import Weights, design_weights

_LATER = {
    "data.design": ("Design",),
    "data.replicate_weights": ("ReplicateWeights",),
    "data.snapshot": ("Snapshot", "read_snapshot", "write_snapshot"),
    "tabulation.cells": ("Cells",),
    "tabulation.tabulate": ("tabulate",),
    "weighting.calibration": ("adjust_nonresponse", "calibrate", "poststratify", "rake"),
    "weighting.population_counts": ("frame_weights",),
    "weighting.weights": ("Weights", "design_weights"),
    "estimation.estimate": ("VARIANCES", "estimate"),
    "estimation.estimates": ("Estimates",),
    "estimation.intervals": ("INTERVALS",),
    "comparison.contrasts": ("across", "together"),
    "data.crosswalk": ("Crosswalk",),
    "comparison.differences": ("differences", "figures_of", "findings", "independent"),
    "disclosure.suppress": ("suppress",),
    "comparison.hypothesis_tests": ("equal_means", "rao_scott"),
    "quality.key_drivers": ("importance_in", "importance_of"),
    "comparison.multiplicity": ("benjamini_hochberg", "holm"),
    "disclosure.policy": ("Policy",),
    "comparison.ranking": ("rank_sets", "standing"),
    "comparison.regression": ("linear_trend", "logistic_trend"),
    "quality.scale_reliability": ("intraclass", "products_in", "reliability_of", "sum_products"),
    "quality.response_quality": ("coverage", "item_response", "straight_lines"),
    "disclosure.safe_table": ("SafeTable",),
    "selection.class_bands": ("class_bands",),
    "selection.effective_sample": ("worth",),
    "selection.mode_effects": ("mode_effect",),
    "selection.reference_sample": ("estimated_ratio", "reference_size"),
    "selection.response_ratio": ("reversal_ratio", "selected_share", "selection_band", "tipping_ratio"),
    "planning.sample_design": ("allocate", "cluster_deff", "detectable_change", "sample_size", "systematic_draw"),
    "small_area.fay_herriot": ("area_model",),
    "comparison.logistic_regression": ("logistic_regression", "predictor"),
    "comparison.predictive_margins": ("adjusted_figures", "adjusted_shares"),
    "comparison.stratified_difference": ("stratified_difference",),
    "comparison.trend": ("Wave", "trend_over"),
    "tabulation.period": ("cells_of_period",),
    "weighting.period_weights": ("weights_of_period",),
}
_MODULE_OF = {name: module for module, names in _LATER.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"analysis has no name {name!r}")
    found = getattr(importlib.import_module(f"analysis.{_MODULE_OF[name]}"), name)
    globals()[name] = found
    return found


__all__ = [
    "COARSE",
    "INTERVALS",
    "MIXED",
    "NOT_APPLICABLE",
    "NOT_ASKED",
    "OPEN",
    "SCREEN",
    "SEVERAL",
    "VARIANCES",
    "WHOLE_WAVE",
    "AnalysisError",
    "Cells",
    "Codebook",
    "CodebookItem",
    "CodebookQuestion",
    "Crosswalk",
    "Design",
    "Estimates",
    "Policy",
    "ReplicateWeights",
    "SafeTable",
    "Snapshot",
    "Wave",
    "Weights",
    "across",
    "adjust_nonresponse",
    "adjusted_figures",
    "adjusted_shares",
    "allocate",
    "area_model",
    "benjamini_hochberg",
    "calibrate",
    "cells_of_period",
    "class_bands",
    "cluster_deff",
    "coverage",
    "design_weights",
    "detectable_change",
    "differences",
    "equal_means",
    "estimate",
    "estimated_ratio",
    "figures_of",
    "findings",
    "frame_weights",
    "holm",
    "importance_in",
    "importance_of",
    "independent",
    "intraclass",
    "item_response",
    "linear_trend",
    "logistic_regression",
    "logistic_trend",
    "mode_effect",
    "poststratify",
    "predictor",
    "products_in",
    "rake",
    "rank_sets",
    "rao_scott",
    "read_snapshot",
    "reference_size",
    "reliability_of",
    "reversal_ratio",
    "sample_size",
    "selected_share",
    "selection_band",
    "standing",
    "straight_lines",
    "stratified_difference",
    "sum_products",
    "suppress",
    "systematic_draw",
    "tabulate",
    "tipping_ratio",
    "together",
    "trend_over",
    "weights_of_period",
    "worth",
    "write_snapshot",
]
