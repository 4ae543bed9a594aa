"""Ranks with confidence sets, and the words that stand for them."""

import itertools
import time

import numpy as np
import pytest
from scipy.special import ndtr, stdtr

from analysis.comparison.multiplicity import benjamini_hochberg, holm
from analysis.comparison.ranking import groups, rank_sets, standing
from analysis.errors import AnalysisError


def slow_holm(estimates, variances, alpha):
    """Holm by its book: the smallest p first, each against alpha over the hypotheses that are left."""
    pairs = sorted(
        (ndtr(-(estimates[i] - estimates[j]) / np.sqrt(variances[i] + variances[j])), i, j)
        for i, j in itertools.permutations(range(len(estimates)), 2)
    )
    better = np.zeros((len(estimates),) * 2, bool)
    for left, (p, i, j) in zip(range(len(pairs), 0, -1), pairs, strict=True):
        if p >= alpha / left:
            break
        better[i, j] = True
    return better


@pytest.fixture
def units():
    rng = np.random.default_rng(3)
    return rng.normal(0.85, 0.04, 40), rng.uniform(0.008, 0.03, 40) ** 2


def test_holm_sets_are_those_of_the_book(units):
    better = slow_holm(*units, 0.05)
    ranks = rank_sets(*units)
    assert (ranks.better == better).all()
    assert (ranks.low == 1 + better.sum(axis=0)).all()
    assert (ranks.high == 40 - better.sum(axis=1)).all()
    assert ((ranks.low <= ranks.rank) & (ranks.rank <= ranks.high)).all()


def test_few_degrees_of_freedom_widen_the_sets(units):
    wide, narrow = rank_sets(*units, df=5), rank_sets(*units)
    assert (wide.high - wide.low).mean() > (narrow.high - narrow.low).mean()
    one_each = rank_sets(*units, df=np.full(40, 5.0))
    assert (one_each.better == wide.better).all()


def test_stepdown_is_never_much_wider_than_holm_and_repeats_with_its_seed(units):
    step, again, exact = rank_sets(*units, method="stepdown"), rank_sets(*units, method="stepdown"), rank_sets(*units)
    assert (step.better == again.better).all()
    assert step.method == "stepdown draws=10000 seed=1"
    assert (step.high - step.low).mean() <= (exact.high - exact.low).mean()
    assert np.abs(step.low - rank_sets(*units, method="stepdown", seed=2).low).max() <= 1


def test_correlation_that_cancels_in_differences_separates_units(units):
    estimates, variances = units
    together = np.sqrt(np.outer(variances, variances)) * 0.9 + np.diag(variances) * 0.1
    for method in ("holm", "stepdown"):
        tied = rank_sets(estimates, together, method=method)
        assert tied.better.sum() > rank_sets(estimates, variances, method=method).better.sum()


@pytest.mark.parametrize("method", ["holm", "stepdown"])
def test_all_true_ranks_lie_in_their_sets_at_least_as_often_as_promised(method):
    rng = np.random.default_rng(11)
    truth = np.repeat([0.80, 0.85, 0.90], 4)
    best, worst = np.repeat([9, 5, 1], 4), np.repeat([12, 8, 4], 4)  # tied units may have any rank of their group
    held = 0
    for _ in range(150):
        ranks = rank_sets(rng.normal(truth, 0.02), np.full(12, 0.02**2), method=method, draws=1000)
        held += ((ranks.low <= best) & (ranks.high >= worst)).all()
    assert held / 150 > 0.91


def test_seventy_five_units_take_no_time():
    rng = np.random.default_rng(1)
    start = time.process_time()
    rank_sets(rng.normal(size=75), np.ones(75))
    assert time.process_time() - start < 0.1


def test_a_unit_without_a_standard_error_is_refused_with_advice():
    with pytest.raises(AnalysisError, match="half the width"):
        rank_sets([1.0, 1.0, 0.8], [0.0, 0.0, 0.01])
    with pytest.raises(AnalysisError, match="at least two"):
        rank_sets([1.0], [0.1])
    with pytest.raises(AnalysisError, match="holm, stepdown"):
        rank_sets([1.0, 2.0], [0.1, 0.1], method="letters")


def test_words_are_given_together_and_only_where_there_is_a_difference_to_judge():
    words, p = standing([0.05, 0.03, -0.05, np.nan, 0.1], [0.01, 0.016, 0.01, 0.01, 0.0])
    assert words == ["above", "not distinguishable", "below", None, None]
    assert p[1] == pytest.approx(2 * ndtr(-0.03 / 0.016))
    assert np.isnan(p[3:]).all()
    alone, _ = standing([0.03], [0.015])
    assert alone == ["above"]


def test_words_allow_for_few_clusters():
    _, p = standing([0.03], [0.01], df=[4])
    assert p[0] == pytest.approx(2 * stdtr(4, -3))


def test_groups_list_every_named_unit_once():
    words, _ = standing([0.5, 0, -0.5], [0.1] * 3)
    assert groups(words, ["x", "y", "z"]) == {"above": ["x"], "not distinguishable": ["y"], "below": ["z"]}


@pytest.mark.parametrize(
    ("adjust", "expected"),
    [(holm, [0.04, 0.04, 0.9, 0.1, np.nan]), (benjamini_hochberg, [0.025, 0.025, 0.9, 0.2 / 3, np.nan])],
)
def test_adjusted_p_values_keep_their_places(adjust, expected):
    np.testing.assert_allclose(adjust([0.0125, 0.01, 0.9, 0.05, np.nan]), expected)


def test_a_p_value_outside_its_range_is_refused():
    with pytest.raises(AnalysisError, match=r"1\.5"):
        holm([0.1, 1.5])
