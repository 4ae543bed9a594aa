"""Clusters joined where nobody knows which are one: the coverage that is promised is the coverage that comes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import stdtrit

from analysis.variance.joined_clusters import LEAST_COVERAGE, interval_coverage, join_small_clusters

SIZES = [
    [20] * 20,
    [200] + [10] * 20,
    [90] + [10] * 10,
    [60, 60] + [10] * 20,
    [50] + [10] * 6,
    [40, 30, 20, 10, 10, 10],
]


def simulated(sizes, runs=20_000) -> float:
    """How often intervals cover where each ten answers are a week of its own, and clusters are weeks together."""
    rng = np.random.default_rng(7)
    shares = np.array(sizes) / sum(sizes)
    totals = rng.standard_normal((runs, len(sizes))) * np.sqrt(shares)
    whole = totals.sum(axis=1)
    residuals = totals - shares * whole[:, None]
    k = len(sizes)
    se = np.sqrt(k / (k - 1) * (residuals**2).sum(axis=1))
    return float(np.mean(np.abs(whole) <= stdtrit(k - 1, 0.975) * se))


@pytest.mark.parametrize("sizes", SIZES)
def test_the_coverage_is_that_of_simulated_weeks(sizes):
    assert interval_coverage(sizes) == pytest.approx(simulated(sizes), abs=0.012)


@pytest.mark.parametrize("sizes", SIZES)
def test_small_clusters_are_joined_until_intervals_cover(sizes):
    groups = join_small_clusters(sizes)
    assert sorted(place for group in groups for place in group) == list(range(len(sizes)))
    together = [sum(sizes[place] for place in group) for group in groups]
    assert len(together) >= 2
    assert interval_coverage(together) >= min(LEAST_COVERAGE, interval_coverage(sizes))
    assert simulated(together) >= 0.94


def test_the_smallest_groups_of_clusters_come_first():
    assert join_small_clusters([10, 10, 10, 10, 40]) == [[4], [0, 1, 2, 3]]


def test_clusters_of_like_size_stay_apart():
    assert join_small_clusters([12, 9, 10, 11]) == [[0], [1], [2], [3]]


def test_where_no_joining_is_enough_the_best_is_taken():
    assert join_small_clusters([400] + [10] * 10) == [[0], list(range(1, 11))]
    assert interval_coverage([400, 100]) > interval_coverage([400] + [10] * 10)


def test_one_cluster_covers_nothing():
    assert interval_coverage([10]) == interval_coverage([]) == 0.0
    assert join_small_clusters([10]) == [[0]]
    assert join_small_clusters([]) == []
