"""The closed forms of bounded selection against every way in which single people can answer more or less often."""

from itertools import product

import numpy as np
import pytest
from scipy.optimize import brentq

from analysis.comparison.differences import findings
from analysis.errors import BadMethod
from analysis.selection.response_ratio import (
    drift_ratio,
    odds_ratio,
    rest_share,
    reversal_ratio,
    selected_share,
    selection_band,
    statement_ratio,
    tipping_ratio,
)

RATIOS = (1.0, 1.1, 1.5, 3.0)


@pytest.mark.parametrize("satisfied", [1, 3, 5])
@pytest.mark.parametrize("ratio", [1.25, 2.0])
def test_the_band_is_what_any_response_probabilities_within_the_ratio_can_give(satisfied, ratio):
    """Six who answered stand for 1/r each; r runs over a grid from 1 to G, person by person."""
    y = np.arange(6) < satisfied
    answers = np.array(list(product(np.linspace(1, ratio, 4), repeat=6)))
    found = (y / answers).sum(1) / (1 / answers).sum(1)
    low, high = selection_band(satisfied / 6, satisfied / 6, ratio)
    assert (found.min(), found.max()) == pytest.approx((float(low), float(high)), abs=1e-12)


@pytest.mark.parametrize("ratio", RATIOS)
def test_the_share_of_all_follows_from_those_who_answer(ratio):
    for truth, rate in product((0.02, 0.5, 0.85, 0.99), (0.05, 0.3)):
        answering = truth * rate * ratio / (truth * rate * ratio + (1 - truth) * rate)
        assert selected_share(answering, ratio) == pytest.approx(truth, rel=1e-12)


def test_at_the_edges_nothing_moves_and_what_is_unknown_stays_so():
    assert selected_share([0.0, 1.0], 2.0).tolist() == [0.0, 1.0]
    assert np.isnan(selected_share(np.nan, 2.0))


def test_the_figures_of_the_issue():
    assert round(float(selected_share(0.85, 1.5)), 3) == 0.791
    assert round(float(tipping_ratio(0.846, 0.855, 0.84).item()), 2) == 1.05


@pytest.mark.parametrize("ratio", [0.9, np.nan, np.inf, -1])
def test_a_ratio_below_one_is_refused(ratio):
    with pytest.raises(BadMethod, match="1 or more"):
        selection_band(0.8, 0.9, ratio)


def test_a_rounded_interval_gives_a_band_that_holds_the_unrounded_one():
    rng = np.random.default_rng(1)
    low, high = np.sort(rng.random((2, 5000)), axis=0)
    for ratio in RATIOS:
        least, most = selection_band(low, high, ratio)
        rounded = selection_band(low.round(3), high.round(3), ratio, step=0.001)
        assert (rounded[0] <= least + 1e-15).all()
        assert (rounded[1] >= most - 1e-15).all()


@pytest.mark.parametrize(("low", "high", "target"), [(0.846, 0.855, 0.8), (0.6, 0.7, 0.8), (0.97, 0.99, 0.9)])
def test_at_the_tipping_ratio_the_limit_lies_on_the_target(low, high, target):
    ratio = float(tipping_ratio(low, high, target))
    least, most = selection_band(low, high, ratio)
    assert float(least if low > target else most) == pytest.approx(target, abs=1e-12)


def test_an_interval_that_holds_the_target_has_no_tipping_ratio():
    assert np.isnan(tipping_ratio(0.78, 0.82, 0.8))
    with pytest.raises(BadMethod, match="between 0 and 1"):
        tipping_ratio(0.7, 0.8, 1.0)


def test_the_order_of_two_figures_turns_at_the_reversal_ratio_and_not_before():
    for one, other in ((0.9, 0.85), (0.75, 0.85), (0.995, 0.2)):
        ratio = float(reversal_ratio(one, other))
        higher, lower = max(one, other), min(one, other)
        assert selected_share(higher, ratio * 0.999) > lower > selected_share(higher, ratio * 1.001)


def test_one_ratio_for_both_never_turns_an_order():
    shares = np.linspace(0.01, 0.99, 99)
    for ratio in np.geomspace(1, 100, 30):
        assert (np.diff(selected_share(shares, ratio)) > 0).all()


@pytest.mark.parametrize("part", [0.01, 0.3, 0.9])
@pytest.mark.parametrize("office", [0.95, 0.8])
def test_an_office_equals_its_province_at_the_reversal_ratio_with_the_province_moving_along(office, part):
    rest = 0.85
    province = part * office + (1 - part) * rest

    def gap(ratio):
        moved = float(selected_share(office, ratio))
        return moved - (part * moved + (1 - part) * rest)

    ratio = brentq(gap, 1e-3, 1e3, xtol=1e-14, rtol=1e-14)
    assert float(reversal_ratio(office, province, part)) == pytest.approx(max(ratio, 1 / ratio), rel=1e-9)
    assert float(rest_share(office, province, part)) == pytest.approx(rest, rel=1e-12)


def test_a_statement_has_a_tipping_ratio_above_one_exactly_where_it_is_made():
    rng = np.random.default_rng(3)
    t = rng.normal(0, 3, 40)
    df = rng.integers(3, 60, 40)
    from scipy.special import stdtr

    p = 2 * stdtr(df, -np.abs(t))
    for adjust in ("holm", "bh"):
        told = findings(p, adjust=adjust)
        ratio = statement_ratio(np.full(40, 1.7), t, p, [adjusted for adjusted, _ in told], df)
        assert (np.isfinite(ratio) == [finding == "differs" for _, finding in told]).all()
        assert ((ratio[np.isfinite(ratio)] > 1) & (ratio[np.isfinite(ratio)] < 1.7)).all()
        assert np.isfinite(ratio).any()
        assert np.isnan(ratio).any()


@pytest.mark.parametrize(("p", "q", "n"), [(0.90, 0.85, 2000), (0.85, 0.75, 400), (0.95, 0.9, 1000), (0.6, 0.4, 200)])
def test_the_statement_ends_where_the_shifted_difference_is_no_longer_sure(p, q, n):
    """Solved by trial: A moved by G, its standard error moved along (delta method), against 1.96."""

    def t_at(ratio):
        moved = float(selected_share(p, ratio))
        slope = moved * (1 - moved) / (p * (1 - p))
        return (moved - q) / np.sqrt(slope**2 * p * (1 - p) / n + q * (1 - q) / n)

    from scipy.special import ndtr

    t = t_at(1.0)
    raw = 2 * ndtr(-abs(t))
    ratio = float(statement_ratio(odds_ratio(p, q), t, raw, raw, np.inf))
    solved = brentq(lambda g: t_at(g) - 1.959964, 1, float(odds_ratio(p, q)))
    assert ratio == pytest.approx(solved, rel=0.03)


def test_no_ratio_turns_the_order_of_nobody_or_everybody_and_others():
    assert float(reversal_ratio(1.0, 0.7)) == float(reversal_ratio(0.0, 0.5)) == np.inf


@pytest.mark.parametrize("shares", [[0.7, 0.72, 0.79, 0.8], [0.9, 0.86, 0.87, 0.8, 0.78], [0.6, 0.65]])
def test_a_slope_vanishes_where_readiness_moved_by_equal_factors_up_to_its_ratio(shares):
    ratio, last = drift_ratio(shares), len(shares) - 1
    time = np.arange(last + 1.0)

    def slope(most):
        steps = [most ** (t / last if shares[-1] > shares[0] else 1 - t / last) for t in range(last + 1)]
        return np.polyfit(time, [float(selected_share(p, g)) for p, g in zip(shares, steps, strict=True)], 1)[0]

    assert slope(ratio) == pytest.approx(0, abs=1e-9)
    assert np.sign(slope(ratio * 0.99)) == np.sign(shares[-1] - shares[0]) == -np.sign(slope(ratio * 1.01))
    if last == 1:
        assert ratio == pytest.approx(float(reversal_ratio(*shares)))


@pytest.mark.parametrize("shares", [[0.8, 1.0, 0.9], [0.0, 0.5, 0.7], [np.nan, 0.5, 0.6]])
def test_a_slope_with_a_share_that_no_ratio_moves_has_none(shares):
    assert np.isnan(drift_ratio(shares))
