"""Roll-ups: pooled, mean of items, mean of factors, each with the variance of what it is."""

import numpy as np
import pytest

from analysis import Codebook, Design, design_weights, estimate, frame_weights, poststratify, tabulate
from analysis.comparison.contrasts import together
from analysis.errors import BadMethod
from analysis.estimands.estimands import distribution, pooled
from analysis.estimation.estimate import figures
from tests.analysis import by_hand
from tests.analysis.estimation.test_estimate import a_table, cells_of, totals


@pytest.mark.parametrize("how", ["plain", "post-stratified", "frame"])
def test_a_mean_of_ratios_has_the_variance_that_their_covariances_give(how):
    sample = by_hand.a_sample()
    cells = cells_of(sample)
    weights = design_weights(cells)
    if how == "post-stratified":
        weights = poststratify(weights, "sex", {"F": 900, "M": 700})
    if how == "frame":
        weights = frame_weights(cells, totals(sample, np.full(400, 50.0), "unit", "field", "month"), smallest=1)
    for rollup, name, parts in (
        ("mean-of-items", "A", by_hand.ITEMS["A"]), ("mean-of-items", "overall", by_hand.CODES),
        ("mean-of-factors", "overall", ("A", "B")),
    ):  # fmt: skip
        for domain in ({}, {"unit": "north"}, {"unit": "a", "field": "land"}):
            joint = together(cells, weights, pooled(cells, parts), [domain])
            mean = joint.contrast(np.full(len(parts), 1 / len(parts)))
            row = estimate(cells, weights, rollup=rollup).row(name, **domain)
            assert row["estimate"] == pytest.approx(mean.value)
            assert row["se"] == pytest.approx(mean.se, rel=1e-7)


def test_pooled_factors_stay_pooled_in_the_mean_of_factors():
    cells = cells_of(by_hand.a_sample())
    assert estimate(cells, rollup="mean-of-factors").row("A") == estimate(cells).row("A")


def test_a_mean_does_not_exist_where_a_part_has_no_answers():
    sample = by_hand.a_sample()
    sample["q1"] = np.where(sample["unit"] == "north", 0, sample["q1"])
    row = estimate(cells_of(sample), rollup="mean-of-items").row("A", unit="north")
    assert (row["estimate"], row["se"], row["low"]) == (None, None, None)


def test_the_mean_of_factors_needs_factors():
    cells = tabulate(a_table(by_hand.a_sample()), codebook=Codebook.plain(["q1"], missing=[0]), design=Design())
    with pytest.raises(BadMethod, match="names none"):
        estimate(cells, rollup="mean-of-factors")
    with pytest.raises(BadMethod, match="mean-of-items"):
        estimate(cells, rollup="median")


def test_a_distribution_adds_up_to_one_and_its_top_is_the_share():
    cells = cells_of(by_hand.a_sample())
    table = figures(cells, None, distribution(cells, "q1"), by=["unit"])
    assert table.value.sum(1) == pytest.approx(1)
    share = estimate(cells, of=["q1"], by=["unit"]).value[:, 0]
    assert table.value[:, 3:].sum(1) == pytest.approx(share)
