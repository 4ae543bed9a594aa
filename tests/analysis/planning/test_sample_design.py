"""Planning a wave."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtr

from analysis.planning.sample_design import (
    CannotPlan,
    allocate,
    cluster_deff,
    detectable_change,
    sample_size,
    systematic_draw,
)


@pytest.mark.parametrize(
    ("population", "expected"),
    [(100, 80), (1_000, 278), (5_000, 357), (100_000, 383), (np.inf, 385)],
)
def test_sizes_for_five_points_are_those_of_the_published_tables(population, expected):
    """Krejcie and Morgan (1970) print 80, 278, 357, 384 for the first four; theirs rounds, ours rounds up at most."""
    assert sample_size(0.05, population=population) == pytest.approx(expected, abs=1)


def test_a_size_reaches_its_margin():
    n = sample_size(0.03, p=0.85, deff=1.4, population=20_000)
    se = np.sqrt(1.4 * 0.85 * 0.15 / n * (1 - n / 20_000 / 1.0))
    assert 1.96 * se == pytest.approx(0.03, rel=0.02)


@pytest.mark.parametrize(
    ("wrong", "match"),
    [
        ({"population": -5}, "1 or more, and -5"),
        ({"population": 0}, "1 or more"),
        ({"population": np.nan}, "1 or more"),
        ({"deff": 0}, "deff lies above 0; 0 does not"),
        ({"deff": -1}, "deff lies above 0"),
        ({"deff": np.nan}, "deff lies above 0"),
        ({"p": 0.98, "margin": 0.03}, r"around 0\.98 a margin of 0\.03 reaches below 0 or above 1; .* at most 0\.02"),
        ({"p": 0.02, "margin": 0.03}, "reaches below 0"),
    ],
)
def test_a_size_that_means_nothing_is_refused(wrong, match):
    with pytest.raises(CannotPlan, match=match):
        sample_size(**{"margin": 0.02} | wrong)


def test_nobody_is_asked_twice():
    assert sample_size(0.05, population=100, response=0.5) == 100
    assert sample_size(0.02, p=0.98) == pytest.approx(1.96**2 * 0.98 * 0.02 / 0.02**2, abs=1)


@pytest.mark.parametrize(
    "wrong", [{"deff": 0}, {"n": 0}, {"n_next": 0}, {"level": 1}, {"power": 1}, {"power": 0}, {"p": 1}]
)
def test_a_change_that_means_nothing_is_refused(wrong):
    with pytest.raises(CannotPlan):
        detectable_change(**{"p": 0.8, "n": 100} | wrong)


def test_no_share_changes_by_more_than_there_is():
    assert detectable_change(0.9, [1, 2000]).round(3).tolist() == [0.9, 0.027]


def test_clusters_give_the_variance_that_simulated_clusters_have():
    """Beta-binomial clusters of 15 answers with an intraclass correlation of .1."""
    draw = np.random.default_rng(1)
    p, icc, size = 0.8, 0.1, 15
    a = p * (1 - icc) / icc
    shares = draw.beta(a, a * (1 - p) / p, (4000, 40))
    means = draw.binomial(size, shares).sum(1) / (40 * size)
    assert means.var() == pytest.approx(cluster_deff(icc, size) * p * (1 - p) / (40 * size), rel=0.08)
    assert cluster_deff(0.1, 1) == 1
    for wrong in ((-0.1, 5), (1.1, 5), (0.1, 0.5), (np.nan, 5)):
        with pytest.raises(CannotPlan):
            cluster_deff(*wrong)
    with pytest.raises(CannotPlan):
        cluster_deff(0.1, 5, weighting=0.5)


def test_a_change_of_the_stated_size_is_found_as_often_as_stated():
    change = detectable_change(0.5, 800)
    se = np.sqrt(2 * 0.25 / 800)
    assert ndtr(change / se - 1.959964) == pytest.approx(0.8, abs=1e-4)


@given(
    st.lists(st.integers(0, 5000), min_size=1, max_size=30),
    st.sampled_from(["proportional", "neyman", "power"]),
    st.integers(0, 40),
    st.floats(0, 1),
)
def test_an_allocation_is_exact_and_within_bounds(population, method, minimum, position):
    least, most = sum(min(minimum, size) for size in population), sum(population)
    total = round(least + position * (most - least))
    n = allocate(total, population, method, minimum=minimum)
    assert n.sum() == total
    assert (n <= population).all()
    assert (n >= np.minimum(minimum, population)).all()


def test_neyman_makes_the_variance_of_the_province_smallest():
    population, spread = np.array([5000, 3000, 2000]), np.array([0.2, 0.5, 0.35])

    def variance(n):
        return (population**2 * spread**2 / n).sum()

    best = allocate(600, population, "neyman", spread=spread)
    assert variance(best) < variance(allocate(600, population))
    for move in ([1, -1, 0], [0, 1, -1], [-1, 0, 1]):
        assert variance(best) <= variance(best + 10 * np.array(move))


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        (lambda: allocate(5, [10, 10], minimum=4), "at least 8"),
        (lambda: allocate(30, [10, 10]), "there are 20 dossiers"),
        (lambda: allocate(5, [10, -1]), "zero or more"),
        (lambda: allocate(5, [10, 10], "neyman", spread=[0, 0]), "nothing to divide by"),
        (lambda: allocate(15, [10, 10], "neyman", spread=[1, 0]), "spread of zero"),
        (lambda: sample_size(0), "margin lies between 0 and 1"),
        (lambda: sample_size(0.05, response=1.2), "response lies"),
        (lambda: systematic_draw(5, 6, seed=1), "cannot draw 6 of 5"),
        (lambda: systematic_draw(3, 2, seed=1, sizes=[1, 9, 1]), "number 2 of the list"),
        (lambda: systematic_draw(3, 2, seed=1).of(["a"]), "a list of 3, not of 1"),
    ],
)
def test_a_plan_that_cannot_be_is_refused_with_the_reason(plan, message):
    with pytest.raises(CannotPlan, match=message):
        plan()


def test_the_numbers_of_the_formula_are_those_by_hand():
    assert sample_size(0.05) == 385  # 1.96^2 / 4 / 0.05^2 = 384.1
    assert sample_size(0.1, level=0.9) == 68  # 1.645^2 / 4 / 0.01 = 67.6
    assert sample_size(0.05, p=0.9) == 139  # 384.1 x 0.36
    assert sample_size(0.05, deff=2) == 769
    assert sample_size(0.05, response=1.0) == 385
    assert sample_size(0.05, response=0.5) == 769
    assert sample_size(0.05, deff=2, population=1000, response=0.5) == 869  # 768.3 / 1.7683 = 434.5


def test_a_detectable_change_is_the_one_by_hand():
    """(1.95996 + 0.84162) sqrt(deff p (1 - p) (1/n + 1/n'))."""
    assert float(detectable_change(0.5, 800)) == pytest.approx(0.0700397, abs=1e-6)
    assert float(detectable_change(0.5, 800, n_next=400)) == pytest.approx(
        2.801585 * (0.25 * (1 / 800 + 1 / 400)) ** 0.5
    )
    assert float(detectable_change(0.9, 800, deff=2)) == pytest.approx(2.801585 * (2 * 0.09 * 2 / 800) ** 0.5)
    assert float(detectable_change(0.5, 800, power=0.9, level=0.9)) == pytest.approx(2.926405 * (0.5 / 800) ** 0.5)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"total": 10, "population": [100, 100, 100]}, [4, 3, 3]),  # the first of equal remainders
        ({"total": 10, "population": [600, 250, 150]}, [6, 3, 1]),
        ({"total": 12, "population": [0, 500, 3], "minimum": 5}, [0, 9, 3]),
        ({"total": 8, "population": [500, 500], "minimum": 4}, [4, 4]),
        ({"total": 20, "population": [10, 10]}, [10, 10]),
        ({"total": 60, "population": [100, 400], "method": "power"}, [20, 40]),
        ({"total": 90, "population": [100, 800], "method": "power", "power": 1 / 3}, [30, 60]),
        ({"total": 60, "population": [100, 100], "method": "neyman", "spread": [0.1, 0.5]}, [10, 50]),
        ({"total": 60, "population": [100, 100], "spread": [0.1, 0.5]}, [30, 30]),  # proportional knows no spread
        ({"total": 100, "population": [2.9, 100]}, [2, 98]),
        ({"total": 50, "population": [2.9, 100], "method": "neyman", "spread": [100, 1]}, [2, 48]),
    ],
)
def test_small_allocations_by_hand(asked, expected):
    total, population = asked.pop("total"), asked.pop("population")
    assert allocate(total, population, **asked).tolist() == expected


def test_the_start_of_a_draw_is_the_first_number_of_its_seed_and_each_step_the_next_place():
    draw = systematic_draw(10, 4, seed=7)
    assert draw.step == 2.5
    assert draw.start == pytest.approx(0.625095466604667 * 2.5)  # NumPy's PCG64 begins so with seed 7
    assert draw.chosen == (1, 4, 6, 9)
    weighted = systematic_draw(4, 2, seed=7, sizes=[1.0, 4.0, 2.0, 1.0])  # a size of one step is not too large
    assert (weighted.step, weighted.chosen) == (4.0, (1, 2))
    assert systematic_draw(3, 3, seed=1).chosen == (0, 1, 2)
    assert systematic_draw(3, 1, seed=1).listed == 3


@pytest.mark.parametrize(
    "wrong",
    [lambda: systematic_draw(3, 0, seed=1), lambda: systematic_draw(3, 2, seed=1, sizes=[1, 1]),
     lambda: systematic_draw(3, 2, seed=1, sizes=[1, 0, 1])],
)  # fmt: skip
def test_a_draw_of_none_or_from_sizes_that_do_not_fit_is_refused(wrong):
    with pytest.raises(CannotPlan, match="each needs a positive size"):
        wrong()


@pytest.mark.parametrize("wrong", [{"margin": 1}, {"p": 0}, {"p": 1}, {"level": 1}, {"level": 0}, {"response": 0}])
def test_what_lies_at_the_ends_is_refused(wrong):
    with pytest.raises(CannotPlan, match=f"{next(iter(wrong))} lies between 0 and 1"):
        sample_size(**{"margin": 0.05, **wrong})


def test_a_draw_spreads_over_the_list_and_can_be_repeated():
    draw = systematic_draw(1000, 50, seed=20260301)
    assert set(np.diff(draw.chosen)) == {20}
    assert draw == systematic_draw(1000, 50, seed=20260301)
    assert draw != systematic_draw(1000, 50, seed=20260302)
    assert len(draw.of([f"dossier {i}" for i in range(1000)])) == 50


def test_each_of_a_list_is_drawn_as_often_as_its_size_says():
    sizes = np.array([1.0, 2.0, 3.0, 4.0, 2.0])
    drawn = np.bincount(
        [chosen for seed in range(4000) for chosen in systematic_draw(5, 3, seed=seed, sizes=sizes).chosen], minlength=5
    )
    np.testing.assert_allclose(drawn / 4000, 3 * sizes / 12, atol=0.025)
