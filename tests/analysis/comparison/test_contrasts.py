"""Differences need covariances: checked against single rows and against the published convention."""

import numpy as np
import pytest

from analysis import Design, design_weights, poststratify
from analysis.comparison.contrasts import across, answered_all, together
from analysis.comparison.hypothesis_tests import equal_means, rao_scott
from analysis.comparison.regression import linear_trend, logistic_trend
from analysis.errors import BadMethod, NotInCells
from analysis.estimands.estimands import categories, combined, numeric, person_means, pooled, select
from analysis.estimands.scoring import scoring_named
from analysis.estimation.estimate import figures
from tests.analysis import by_hand
from tests.analysis.estimation.test_estimate import cells_of


def influence(sample, of, inside):
    y, x = by_hand.fractions(sample, of)
    y, x, w = y * inside, x * inside, sample["w"]
    value = (w * y).sum() / (w * x).sum()
    return value, w * (y - value * x) / (w * x).sum()


def variance(sample, weighted):
    total = 0.0
    for stratum in "abcd":
        sums = [weighted[(sample["stratum"] == stratum) & (sample["psu"] == str(psu))].sum() for psu in range(6)]
        total += 6 / 5 * ((np.array(sums) - np.mean(sums)) ** 2).sum()
    return total


def test_a_part_against_the_whole_uses_their_covariance():
    sample = by_hand.a_sample()
    cells = cells_of(sample)
    gap = together(cells, None, pooled(cells, ["q1"]), [{"unit": "north"}, {}]).difference(0, 1)
    part, whole = influence(sample, "q1", sample["unit"] == "north"), influence(sample, "q1", np.ones(400, bool))
    assert gap.value == pytest.approx(part[0] - whole[0])
    assert gap.se == pytest.approx(variance(sample, part[1] - whole[1]) ** 0.5)
    naive = np.sqrt(variance(sample, part[1]) + variance(sample, whole[1]))
    assert gap.se != pytest.approx(naive, rel=1e-3)


def test_two_items_of_the_same_persons_are_compared_with_their_covariance():
    sample = by_hand.a_sample()
    cells = cells_of(sample)
    gap = together(cells, None, pooled(cells, ["q1", "q2"])).difference("q1", "q2")
    one, two = (influence(sample, of, np.ones(400, bool)) for of in ("q1", "q2"))
    assert gap.se == pytest.approx(variance(sample, one[1] - two[1]) ** 0.5)
    assert (gap.low, gap.high) == pytest.approx(
        (gap.value - 2.085963 * gap.se, gap.value + 2.085963 * gap.se), rel=1e-6
    )


@pytest.mark.parametrize("calibrated", [False, True])
def test_the_diagonal_of_the_covariance_is_each_estimate_s_own_variance(calibrated):
    cells = cells_of(by_hand.a_sample())
    weights = design_weights(cells)
    if calibrated:
        weights = poststratify(weights, "sex", {"F": 900, "M": 700})
    joint = across(cells, weights, pooled(cells, ["A"]), "field")
    table = figures(cells, weights, pooled(cells, ["A"]), by=["field"])
    np.testing.assert_allclose(joint.value, table.value[1:, 0], rtol=1e-12)
    np.testing.assert_allclose(np.diag(joint.covariance), table.variance[1:, 0], rtol=1e-9)


def test_waves_are_a_panel_or_independent_as_the_design_names_psus():
    sample = by_hand.a_sample()
    panel = cells_of(sample, Design("stratum", "psu", "w"))
    fresh = cells_of(sample, Design(("stratum", "month"), ("psu", "month"), "w"))
    panel_gap, fresh_gap = (across(c, None, pooled(c, ["q1"]), "month") for c in (panel, fresh))
    assert fresh_gap.covariance[0, 1] == pytest.approx(0, abs=1e-18)
    assert abs(panel_gap.covariance[0, 1]) > 1e-6
    assert fresh_gap.value == pytest.approx(panel_gap.value)


def test_a_difference_without_variance_or_freedom_has_no_test():
    cells = cells_of(by_hand.a_sample())
    joint = together(cells, None, pooled(cells, ["q1"]), [{}, {}])
    gap = joint.difference(0, 1)
    assert (gap.value, gap.se) == (0, 0)
    assert np.isnan([gap.t, gap.p, gap.low]).all()
    with pytest.raises(BadMethod):
        joint.contrast([1, 2, 3])
    with pytest.raises(NotInCells):
        joint.difference("q1", "q9")


def test_persons_own_means_come_from_sums_and_from_rows_alike():
    sample = by_hand.a_sample(missing=0.4)
    sums, rows = (cells_of(sample, person_means=True, elements=e) for e in (False, True))
    one, two = (figures(c, None, person_means(c), by=["unit"]) for c in (sums, rows))
    np.testing.assert_allclose(one.value, two.value, rtol=1e-12)
    np.testing.assert_allclose(one.variance, two.variance, rtol=1e-9)
    np.testing.assert_allclose(one.deff, two.deff, rtol=1e-9)
    scores = np.stack([np.where(sample[i] > 0, (sample[i] - 1) * 25.0, np.nan) for i in by_hand.ITEMS["B"]])
    enough = (~np.isnan(scores)).sum(0) >= 2
    means = np.array([np.nanmean(column) for column in scores.T[enough]])
    assert one.value[0, 1] == pytest.approx(np.average(means, weights=sample["w"][enough]))
    with pytest.raises(NotInCells, match="person_means=True"):
        person_means(cells_of(sample))


def test_which_rows_answered_everything_needs_rows():
    sample = by_hand.a_sample()
    cells = cells_of(sample, elements=True)
    both = answered_all(cells, ["q1", "q2"])
    assert both.sum() == ((sample["q1"] > 0) & (sample["q2"] > 0)).sum()
    joint = together(cells, None, select(combined([pooled(cells, ["q1"]), pooled(cells, ["q2"])]), both))
    assert joint.names == ("q1", "q2")
    with pytest.raises(NotInCells, match="elements=True"):
        answered_all(cells_of(sample), ["q1"])


def test_shares_of_categories_add_up_and_their_covariances_to_nothing():
    cells = cells_of(by_hand.a_sample())
    joint = together(cells, None, categories(cells, "field"))
    assert joint.value.sum() == pytest.approx(1)
    assert joint.covariance.sum() == pytest.approx(0, abs=1e-15)


def test_the_mean_of_a_number_and_a_ratio_of_two():
    sample = by_hand.a_sample()
    sample["visits"] = np.where(np.arange(400) < 9, np.nan, sample["visits"])
    cells = cells_of(sample)
    table = figures(cells, None, numeric(cells, "visits"), by=[])
    some = ~np.isnan(sample["visits"])
    assert table.value[0, 0] == pytest.approx(np.average(sample["visits"][some], weights=sample["w"][some]))
    assert table.n[0, 0] == 391


def test_a_trend_over_two_waves_is_their_difference_and_its_test_that_of_the_difference():
    sample = by_hand.a_sample()
    sample["month"] = np.where(sample["month"] == "2026-01", "1", "2")
    cells = cells_of(sample)
    gap = across(cells, None, pooled(cells, ["q1"]), "month").difference(1, 0)
    line = linear_trend(cells, None, pooled(cells, ["q1"]), "month")
    assert (line.slope, line.se[1]) == (pytest.approx(gap.value), pytest.approx(gap.se))
    assert line.df == 19
    wald = equal_means(cells, None, pooled(cells, ["q1"]), "month")
    assert wald.f == pytest.approx(gap.t**2)
    steep = logistic_trend(cells, None, pooled(cells, ["q1"]), "month")
    low, high = (influence(sample, "q1", sample["month"] == m)[0] for m in "12")
    assert steep.slope == pytest.approx(np.log(high / (1 - high)) - np.log(low / (1 - low)))
    still = cells_of({**sample, "month": np.full(400, "1")})
    with pytest.raises(BadMethod, match="two different values"):
        linear_trend(still, None, pooled(still, ["q1"]), "month")
    with pytest.raises(BadMethod, match="needs a share"):
        logistic_trend(cells, None, pooled(cells, ["q1"], scoring_named("govuk-100")), "month")


def test_independence_is_rejected_where_it_is_absent_and_undefined_without_a_table():
    sample = by_hand.a_sample()
    assert rao_scott(cells_of(sample), None, pooled(cells_of(sample), ["q1"]), "field").p > 0.01
    sample["q1"] = np.where((sample["field"] == "land") & (np.arange(400) % 9 > 0), 2, 5)
    cells = cells_of(sample)
    assert rao_scott(cells, None, pooled(cells, ["q1"]), "field").p < 1e-6
    sample["q2"] = np.full(400, 5)
    cells = cells_of(sample)
    assert np.isnan(rao_scott(cells, None, pooled(cells, ["q2"]), "field").p)
    with pytest.raises(BadMethod, match="one share"):
        rao_scott(cells, None, pooled(cells, ["q1", "q2"]), "field")
