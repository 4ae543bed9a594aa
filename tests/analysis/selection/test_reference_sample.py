"""The response ratio from a reference sample: its limits hold the truth, and its size is what it takes."""

import numpy as np
import pytest
from scipy.special import ndtri

from analysis.errors import BadMethod
from analysis.estimation.intervals import wilson_neff
from analysis.selection.reference_sample import estimated_ratio, ratio_margin, reference_size
from analysis.selection.response_ratio import odds_ratio, selected_share

POINTS = [(n, p, deff) for n in (100, 400, 1600) for p in (0.7, 0.85, 0.95) for deff in (1, 2)]


def drawn(rng, n, p, deff, samples):
    """Samples of n answers, clusters of five with the intraclass correlation (deff - 1)/4: share and limits."""
    if deff == 1:
        clusters = rng.random((samples, n)) < p
        v = (share := clusters.mean(1)) * (1 - share) / (n - 1)
        df = n - 1
    else:
        icc = (deff - 1) / 4
        of = rng.beta(p * (1 / icc - 1), (1 - p) * (1 / icc - 1), (samples, n // 5))
        hits = rng.binomial(5, of)
        share = hits.mean(1) / 5
        v = hits.var(1, ddof=1) / 25 / (n // 5)
        df = n // 5 - 1
    low, high = wilson_neff(share, v, np.full(samples, float(n)), np.full(samples, df), 0.975)
    return np.stack([share, low, high], axis=1)


def covered(point, ratio, samples, seed=1):
    n, p, deff = point
    rng = np.random.default_rng(seed)
    reference = drawn(rng, n, p, deff, samples)
    answers = drawn(rng, 3600, float(selected_share(p, 1 / ratio)), 2, samples)
    found = [estimated_ratio(ours, theirs) for ours, theirs in zip(answers, reference, strict=True)]
    return np.mean([each.low <= ratio <= each.high for each in found])


def test_limits_hold_the_ratio_thin():
    for point in ((100, 0.95, 2), (400, 0.85, 1)):
        assert covered(point, 1.5, 1500) >= 0.93, point


@pytest.mark.long
@pytest.mark.parametrize("ratio", [1.0, 1.5, 3.0])
@pytest.mark.parametrize("point", POINTS, ids=str)
def test_limits_hold_the_ratio(point, ratio):
    assert covered(point, ratio, 10_000) >= 0.93


def test_where_forty_percent_respond_what_is_missed_is_missed():
    """In the reference sample, too, the satisfied answer 1.3 times as often: of a ratio of 1.5 it finds 1.5/1.3."""
    truth = 0.8
    answers, reference = (float(selected_share(truth, 1 / ratio)) for ratio in (1.5, 1.3))
    n = 1_000_000
    limits = [wilson_neff(np.array([p]), np.array([p * (1 - p) / n]), np.array([n]), np.array([n]), 0.975)
              for p in (answers, reference)]  # fmt: skip
    found = estimated_ratio(*((p, float(low[0]), float(high[0])) for p, (low, high) in
                              zip((answers, reference), limits, strict=True)))  # fmt: skip
    assert found.ratio == pytest.approx(1.5 / 1.3, rel=1e-12)
    assert found.high < 1.2


def test_at_the_edges_the_limits_are_what_they_tend_to():
    near, far = 1 - 1e-13, 0.99
    answers = (0.9, 0.88, 0.92)
    edge, almost = estimated_ratio(answers, (1.0, far, 1.0)), estimated_ratio(answers, (near, far, 1.0))
    assert edge.low == almost.low == 0
    assert edge.high == pytest.approx(float(odds_ratio(0.9, far)), rel=1e-12)
    assert edge.high == pytest.approx(almost.high, rel=0.01)
    zero = estimated_ratio(answers, (0.0, 0.0, 0.05))
    assert (zero.low, zero.high) == (pytest.approx(float(odds_ratio(0.9, 0.05)), rel=1e-12), np.inf)
    one = estimated_ratio((1.0, 0.95, 1.0), answers)
    assert (one.low, one.high) == (pytest.approx(float(odds_ratio(0.95, 0.9)), rel=1e-12), np.inf)
    assert np.isnan(estimated_ratio((1.0, 0.9, 1.0), (1.0, 0.9, 1.0)).ratio)


def test_both_sides_change_places():
    one, other = (0.85, 0.846, 0.855), (0.79, 0.747, 0.827)
    there, back = estimated_ratio(one, other), estimated_ratio(other, one)
    assert (1 / back.high, 1 / back.low) == pytest.approx((there.low, there.high), rel=1e-12)


def test_limits_that_do_not_lie_around_the_share_are_refused():
    with pytest.raises(BadMethod, match="limits around it"):
        estimated_ratio((0.85, 0.86, 0.9), (0.7, 0.6, 0.8))


def test_the_sizes_of_the_issue():
    assert ratio_margin(400, 0.85).round(2) == 0.32
    assert ratio_margin(400, 0.85, deff=2).round(2) == 0.47
    assert abs(reference_size(0.85, ratio=1.25) - 1235) < 5


def test_a_sample_of_that_size_tells_the_ratio_as_often_as_planned():
    """Wald's limits of a log odds, drawn: with power .8, 1.25 is told from 1 in four of five samples."""
    n = reference_size(0.85, ratio=1.25)
    rng = np.random.default_rng(2)
    shares = rng.binomial(n, 0.85, 20_000) / n
    z = np.log(odds_ratio(selected_share(0.85, 1 / 1.25), shares)) * np.sqrt(n * shares * (1 - shares))
    assert np.mean(z > ndtri(0.975)) == pytest.approx(0.8, abs=0.03)
    assert reference_size(0.85, ratio=1.25, response=0.5) == pytest.approx(2 * n, abs=1)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"margin": 0.3, "ratio": 1.2},
        {"ratio": 1.0},
        {"margin": 0.0},
        {"margin": np.nan},
        {"ratio": 2, "response": 0},
        {"ratio": 2, "power": 1},
        {"ratio": 2, "deff": 0},
    ],
)
def test_what_cannot_be_planned_is_refused(wrong):
    with pytest.raises(BadMethod):
        reference_size(0.85, **wrong)
