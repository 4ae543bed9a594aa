"""A stratum with a single PSU: what `remove`, `centre` and `average` add for it, by their definitions."""

import numpy as np
import pytest

from analysis import Design, design_weights, estimate, poststratify
from analysis.comparison.contrasts import together
from analysis.errors import BadDesign
from analysis.estimands.estimands import categories
from analysis.estimation.estimate import figures
from tests.analysis import by_hand
from tests.analysis.estimation.test_estimate import cells_of


@pytest.fixture
def sample():
    """Stratum c has one PSU, the three others six each."""
    sample = by_hand.a_sample()
    sample["psu"] = np.where(sample["stratum"] == "c", "1", sample["psu"])
    return sample


def influences(sample):
    """Weighted influences of the share q1."""
    y, x = by_hand.fractions(sample, "q1")
    w = sample["w"]
    return w * (y - (w * y).sum() / (w * x).sum() * x) / (w * x).sum()


def by_psu(sample, z):
    """Stratum -> sums over each of its PSUs."""
    stratum, psu = sample["stratum"], sample["psu"]
    return {
        one: np.array([z[(stratum == one) & (psu == each)].sum() for each in np.unique(psu[stratum == one])])
        for one in "abcd"
    }


def of_the_others(totals):
    """What the strata of six PSUs add: n/(n - 1) times the squares around the mean of each."""
    return sum(6 / 5 * ((totals[stratum] - totals[stratum].mean()) ** 2).sum() for stratum in "abd")


def variance(sample, lonely):
    return estimate(cells_of(sample, Design("stratum", "psu", "w", lonely=lonely))).variance[0, 0]


def test_removed_a_single_psu_adds_nothing(sample):
    totals = by_psu(sample, influences(sample))
    others = of_the_others(totals)
    assert variance(sample, "remove") == pytest.approx(others, rel=1e-10)


def test_centred_it_adds_its_square_around_the_mean_of_all_psus(sample):
    totals = by_psu(sample, influences(sample))
    others = of_the_others(totals)
    mean = sum(part.sum() for part in totals.values()) / 19
    (single,) = totals["c"]
    assert (single - mean) ** 2 > 0.003 * others, "the sample must tell centred from removed"
    assert variance(sample, "centre") == pytest.approx(others + (single - mean) ** 2, rel=1e-10)


def test_averaged_it_adds_what_the_other_strata_add_on_average(sample):
    totals = by_psu(sample, influences(sample))
    others = of_the_others(totals)
    assert variance(sample, "average") == pytest.approx(others * 4 / 3, rel=1e-10)


def test_after_a_calibration_the_three_rules_differ_as_before(sample):
    found = {}
    for lonely in ("remove", "centre", "average"):
        cells = cells_of(sample, Design("stratum", "psu", "w", lonely=lonely))
        found[lonely] = estimate(cells, poststratify(design_weights(cells), "sex", {"F": 600, "M": 500})).variance[0, 0]
    y, x = by_hand.fractions(sample, "q1")
    female = sample["sex"] == "F"
    w = sample["w"] * np.where(female, 600 / sample["w"][female].sum(), 500 / sample["w"][~female].sum())
    z = (y - (w * y).sum() / (w * x).sum() * x) / (w * x).sum()
    for here in (female, ~female):
        z[here] -= (w * z)[here].sum() / w[here].sum()
    totals = by_psu(sample, w * z)
    others = of_the_others(totals)
    mean = sum(part.sum() for part in totals.values()) / 19
    assert found["remove"] == pytest.approx(others, rel=1e-9)
    assert found["centre"] == pytest.approx(others + (totals["c"][0] - mean) ** 2, rel=1e-9)
    assert found["average"] == pytest.approx(others * 4 / 3, rel=1e-9)


def test_the_mean_of_all_psus_counts_where_it_is_not_zero_as_for_a_total(sample):
    totals = by_psu(sample, sample["w"] * (sample["field"] == "land"))
    mean = sum(part.sum() for part in totals.values()) / 19
    for lonely, factor, single in (
        ("remove", 1, 0),
        ("centre", 1, (totals["c"][0] - mean) ** 2),
        ("average", 4 / 3, 0),
    ):
        cells = cells_of(sample, Design("stratum", "psu", "w", lonely=lonely))
        land = categories(cells, "field").as_total()
        found = figures(cells, None, land, by=[])
        place = found.of.index("land")
        assert found.variance[0, place] == pytest.approx(factor * of_the_others(totals) + single, rel=1e-10)
        joint = together(cells, None, land)
        assert joint.covariance[place, place] == pytest.approx(found.variance[0, place], rel=1e-10)


def test_a_psu_that_is_single_in_a_domain_is_treated_so_only_where_the_design_says_it(sample):
    """Stratum b has six PSUs, one of them with answers of the domain, whose weighted influences add up to u. As one of
    six it adds u^2; around the mean of all, which is zero for a share, n/(n - 1) u^2."""
    sample["psu"] = by_hand.a_sample()["psu"]
    inside = (sample["stratum"] != "b") | (sample["psu"] == "2")
    sample["unit"] = np.where(inside, "north", "south")
    found = {}
    for adjust in (False, True):
        design = Design("stratum", "psu", "w", lonely="centre", lonely_in_domain=adjust)
        table = estimate(cells_of(sample, design))
        found[adjust] = table.row("q1", unit="north")["se"] ** 2
    y, x = (part * inside for part in by_hand.fractions(sample, "q1"))
    w = sample["w"]
    z = w * (y - (w * y).sum() / (w * x).sum() * x) / (w * x).sum()
    u = z[(sample["stratum"] == "b") & (sample["psu"] == "2")].sum()
    assert found[True] - found[False] == pytest.approx((6 / 5 - 1) * u**2, rel=1e-8)


def test_a_population_smaller_than_the_sample_in_one_stratum_is_refused_by_name(sample):
    sample["psu"] = by_hand.a_sample()["psu"]
    sample["N"] = np.where(sample["stratum"] == "b", 5, 100)
    with pytest.raises(BadDesign, match="b"):
        estimate(cells_of(sample, Design("stratum", "psu", "w", fpc="N")))
    sample["N"] = np.where(sample["stratum"] == "b", 6, 100)
    assert estimate(cells_of(sample, Design("stratum", "psu", "w", fpc="N"))).row("q1")["se"] > 0
