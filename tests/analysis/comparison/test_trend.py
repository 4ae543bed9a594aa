"""A series and its breaks."""

import numpy as np
import pytest
from scipy.special import stdtr, stdtrit

from analysis.comparison.trend import Wave, breaks, trend_over
from analysis.errors import AnalysisError


def waves(*instruments, **more):
    return [Wave(str(2020 + t), instrument, **more) for t, instrument in enumerate(instruments)]


def test_a_break_names_what_changed():
    series = [Wave("a", "G1", "clients", "old"), Wave("b", "G2", "adults", "old"), Wave("c", "G2", "adults", "new")]
    assert breaks(series) == [(), ("instrument", "population"), ("boundaries",)]


def test_no_change_is_computed_across_a_break():
    series = trend_over(waves("G1", "G1", "G2", "G2"), [0.90, 0.91, 0.82, 0.84], np.full(4, 1e-4))
    assert [change.estimate is None for change in series.changes] == [False, True, False]
    assert series.changes[1].broken == ("instrument",)
    assert (series.changes[1].p, series.changes[1].low) == (None, None)
    assert [(slope.start, slope.end) for slope in series.slopes] == [("2020", "2021"), ("2022", "2023")]


def test_a_change_has_its_interval_and_an_adjusted_p():
    series = trend_over(waves("G", "G", "G"), [0.80, 0.86, 0.85], [4e-4, 5e-4, 4e-4], df=[12, 9, 40])
    up, down = series.changes
    assert up.se == pytest.approx(0.03)
    assert (up.low, up.high) == pytest.approx((0.06 - stdtrit(9, 0.975) * 0.03, 0.06 + stdtrit(9, 0.975) * 0.03))
    assert up.p == pytest.approx(2 * stdtr(9, -2))
    assert up.adjusted == pytest.approx(2 * up.p)
    assert down.adjusted == pytest.approx(down.p)


def test_a_panel_is_surer_of_changes_than_independent_waves():
    covariance = np.full((3, 3), 3e-4) + np.diag(np.full(3, 1e-4))
    panel = trend_over(waves("G", "G", "G"), [0.80, 0.82, 0.85], covariance)
    apart = trend_over(waves("G", "G", "G"), [0.80, 0.82, 0.85], covariance.diagonal())
    assert (panel.reading, apart.reading) == ("panel", "independent")
    assert panel.changes[0].se == pytest.approx(np.sqrt(2e-4))
    assert panel.slopes[0].se < apart.slopes[0].se


def test_a_slope_is_the_straight_line_through_the_waves():
    values = np.array([0.80, 0.83, 0.81, 0.90, 0.88])
    (slope,) = trend_over(waves(*"GGGGG"), values, np.full(5, 1e-4)).slopes
    assert slope.estimate == pytest.approx(np.polyfit(range(5), values, 1)[0])
    assert slope.se == pytest.approx(0.01 / np.sqrt(10))


def test_a_wave_without_a_figure_leaves_a_gap_and_no_nan():
    series = trend_over(waves("G", "G", "G"), [0.8, np.nan, 0.9], [1e-4, np.nan, 1e-4])
    assert all(change.estimate is None and change.adjusted is None for change in series.changes)
    certain = trend_over(waves("G", "G"), [1.0, 1.0], [0.0, 0.0])
    assert (certain.changes[0].estimate, certain.changes[0].p) == (0.0, None)


def test_a_single_wave_is_no_trend_and_mismatched_lengths_are_refused():
    assert trend_over(waves("G"), [0.8], [1e-4]).slopes == ()
    with pytest.raises(AnalysisError, match="2 waves need as many"):
        trend_over(waves("G", "G"), [0.8], [1e-4])
