"""Two stages with population counts: what the second stage adds, by the formula, and PSUs with a single unit of it."""

import numpy as np
import pytest

from analysis import Design, design_weights, estimate, poststratify
from analysis.errors import LonelyPsu
from tests.analysis import by_hand
from tests.analysis.estimation.test_estimate import cells_of

TWO = {"strata": "stratum", "psus": "psu", "ssus": "ssu", "weights": "w", "fpc": (12, "M")}


@pytest.fixture
def sample():
    """Six of twelve PSUs in each stratum; in each of these two or three of nine streets."""
    sample = by_hand.a_sample()
    sample["ssu"] = np.array(list("xyz"))[np.random.default_rng(2).integers(0, 3, 400)]
    sample["M"] = np.full(400, 9)
    return sample


def by_two_stages(sample, z):
    """(1 - f1) n/(n - 1) of the spread of PSUs, plus f1 (1 - f2) m/(m - 1) of that of streets in each PSU."""
    variance = 0.0
    for stratum in "abcd":
        psus = [(sample["stratum"] == stratum) & (sample["psu"] == str(psu)) for psu in range(6)]
        totals = np.array([z[here].sum() for here in psus])
        variance += (1 - 1 / 2) * 6 / 5 * ((totals - totals.mean()) ** 2).sum()
        for here in psus:
            streets = np.array([z[here & (sample["ssu"] == one)].sum() for one in np.unique(sample["ssu"][here])])
            m = len(streets)
            variance += 1 / 2 * (1 - m / 9) * m / (m - 1) * ((streets - streets.mean()) ** 2).sum()
    return variance


def influences(sample, of, w, inside=True):
    y, x = (part * inside for part in by_hand.fractions(sample, of))
    return w * (y - (w * y).sum() / (w * x).sum() * x) / (w * x).sum()


def test_the_second_stage_adds_the_spread_of_its_units(sample):
    table = estimate(cells_of(sample, Design(**TWO)))
    for of in ("q1", "A"):
        whole = by_two_stages(sample, influences(sample, of, sample["w"]))
        assert table.row(of)["se"] ** 2 == pytest.approx(whole, rel=1e-10)
        north = by_two_stages(sample, influences(sample, of, sample["w"], sample["unit"] == "north"))
        assert table.row(of, unit="north")["se"] ** 2 == pytest.approx(north, rel=1e-10)


def test_after_post_stratification_both_stages_take_the_residuals(sample):
    cells = cells_of(sample, Design(**TWO))
    table = estimate(cells, poststratify(design_weights(cells), "sex", {"F": 600, "M": 500}))
    female = sample["sex"] == "F"
    w = sample["w"] * np.where(female, 600 / sample["w"][female].sum(), 500 / sample["w"][~female].sum())
    z = influences(sample, "q1", w) / w
    for here in (female, ~female):
        z[here] -= (w * z)[here].sum() / w[here].sum()
    assert table.row("q1")["se"] ** 2 == pytest.approx(by_two_stages(sample, w * z), rel=1e-9)


@pytest.mark.parametrize("calibrated", [False, True])
def test_a_psu_with_a_single_unit_is_refused_unless_the_design_says_what_to_do(sample, calibrated):
    def of(lonely, streets):
        cells = cells_of({**sample, "ssu": streets}, Design(**TWO, lonely=lonely))
        weights = poststratify(design_weights(cells), "sex", {"F": 600, "M": 500}) if calibrated else None
        return estimate(cells, weights).row("q1")["se"]

    alone = np.where((sample["stratum"] == "a") & (sample["psu"] == "0"), "x", sample["ssu"])
    assert of("fail", sample["ssu"]) > 0
    with pytest.raises(LonelyPsu, match="a PSU has a single second-stage unit"):
        of("fail", alone)
    assert of("remove", alone) > 0
