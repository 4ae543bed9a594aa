"""Replicates: the jackknife by its definition, and what it repairs."""

import numpy as np
import pytest

from analysis import Design, calibrate, design_weights, estimate, frame_weights, poststratify, rake
from analysis.errors import LonelyPsu
from analysis.estimands.estimands import pooled
from analysis.variance.jackknife import jackknife_variance
from tests.analysis import by_hand
from tests.analysis.estimation.test_estimate import cells_of, totals


def share(sample, of, w):
    y, x = by_hand.fractions(sample, of)
    return (w * y).sum() / (w * x).sum()


def deletions(sample):
    for stratum in "abcd":
        for psu in range(6):
            here = sample["stratum"] == stratum
            w = np.where(here, sample["w"] * 6 / 5, sample["w"])
            yield np.where(here & (sample["psu"] == str(psu)), 0.0, w)


def test_the_jackknife_leaves_out_one_psu_at_a_time():
    sample = by_hand.a_sample()
    cells = cells_of(sample)
    replicates = np.array([share(sample, "q1", w) for w in deletions(sample)])
    mine = jackknife_variance(cells, design_weights(cells), pooled(cells, ["q1"]))[0][1][0, 0]
    assert mine == pytest.approx(5 / 6 * ((replicates - replicates.mean()) ** 2).sum(), rel=1e-10)
    around = estimate(cells, variance="jackknife").variance[0, 0]
    assert around == pytest.approx(5 / 6 * ((replicates - share(sample, "q1", sample["w"])) ** 2).sum(), rel=1e-10)


def test_each_replicate_is_calibrated_again():
    sample = by_hand.a_sample()
    cells = cells_of(sample)
    target = {"F": 1000.0, "M": 500.0}
    weights = poststratify(design_weights(cells), "sex", target)

    def calibrated(w):
        factor = {sex: total / w[sample["sex"] == sex].sum() for sex, total in target.items()}
        return w * np.vectorize(factor.get)(sample["sex"])

    replicates = np.array([share(sample, "A", calibrated(w)) for w in deletions(sample)])
    whole = share(sample, "A", calibrated(sample["w"]))
    found = estimate(cells, weights, variance="jackknife", of=["A"]).variance[0, 0]
    assert found == pytest.approx(5 / 6 * ((replicates - whole) ** 2).sum(), rel=1e-10)


def raked(w, margins):
    """Plain iterative proportional fitting of rows."""
    w = w.copy()
    for _ in range(500):
        for labels, wanted in margins:
            for label, total in wanted.items():
                w[labels == label] *= total / w[labels == label].sum()
    return w


def greg(w, columns, totals):
    """w g with g = 1 + x' (sum w x x')^-1 (T - sum w x)."""
    slopes = np.linalg.solve((columns * w[:, None]).T @ columns, totals - w @ columns)
    return w * (1 + columns @ slopes)


def test_each_replicate_is_raked_again():
    sample = by_hand.a_sample()
    cells = cells_of(sample)
    sex, month = {"F": 600.0, "M": 500.0}, {"2026-01": 700.0, "2026-02": 400.0}
    weights = rake(design_weights(cells), {"sex": sex, "month": month})
    margins = [(sample["sex"], sex), (sample["month"], month)]
    replicates = np.array([share(sample, "A", raked(w, margins)) for w in deletions(sample)])
    whole = share(sample, "A", raked(sample["w"], margins))
    found = estimate(cells, weights, variance="jackknife", of=["A"]).variance[0, 0]
    assert found == pytest.approx(5 / 6 * ((replicates - whole) ** 2).sum(), rel=1e-8)


@pytest.mark.parametrize(("method", "bounds"), [("linear", None), ("linear", (0.2, 4)), ("raking", None)])
def test_each_replicate_is_fitted_again_to_margins_and_numbers(method, bounds):
    """Within bounds that nobody reaches, and for an exponential distance, the fit is checked by what it must reach."""
    sample = by_hand.a_sample()
    cells = cells_of(sample)
    sex, visits = {"F": 600.0, "M": 500.0}, 3000.0
    weights = calibrate(design_weights(cells), {"sex": sex}, {"visits": visits}, method=method, bounds=bounds)
    columns = np.column_stack([sample["sex"] == "F", sample["sex"] == "M", sample["visits"]]).astype(float)
    totals = np.array([600.0, 500.0, 3000.0])
    refitted = weights.calibration.refit(weights.base * np.where(cells.codes["field"] == 0, 0.5, 1.0)) * cells.rows
    of_sex = np.bincount(cells.codes["sex"], refitted)
    assert of_sex == pytest.approx([600, 500], rel=1e-9)
    assert (refitted * cells.numbers("visits")).sum() == pytest.approx(3000, rel=1e-9)
    if method == "linear":
        replicates = np.array([share(sample, "A", greg(w, columns, totals)) for w in deletions(sample)])
        whole = share(sample, "A", greg(sample["w"], columns, totals))
        found = estimate(cells, weights, variance="jackknife", of=["A"]).variance[0, 0]
        assert found == pytest.approx(5 / 6 * ((replicates - whole) ** 2).sum(), rel=1e-8)


def test_a_class_that_a_replicate_empties_leaves_its_dossiers_to_its_unit():
    sample = by_hand.a_sample(rows=120)
    sample["unit"] = sample["stratum"]
    frame = totals(sample, np.full(120, 10.0), "unit", "field")
    cells = cells_of(sample, Design("stratum", "psu"))
    weights = frame_weights(cells, frame, columns=("unit", "field"), smallest=1)
    emptied = (cells.codes["unit"] == 0) & (cells.codes["field"] == 0)
    values = weights.calibration.refit(np.where(emptied, 0.0, weights.base))
    own = np.bincount(cells.codes["unit"], values * cells.rows)
    assert own == pytest.approx(np.bincount(cells.codes["unit"], weights.final * cells.rows))
    assert np.isfinite(estimate(cells, weights, variance="jackknife").variance[0]).all()


def test_a_silent_psu_is_a_replicate_too():
    """Two of the eight PSUs of stratum a have no rows: leaving one out scales the others by 8/7 all the same."""
    sample = by_hand.a_sample()
    found = sorted(set(zip(sample["stratum"].tolist(), sample["psu"].tolist(), strict=True)))
    cells = cells_of(sample, Design("stratum", "psu", "w", sampled=(*found, ("a", "98"), ("a", "99"))))
    whole, variance = share(sample, "q1", sample["w"]), 0.0
    for stratum, n in (("a", 8), ("b", 6), ("c", 6), ("d", 6)):
        here = sample["stratum"] == stratum
        for psu in range(n):
            w = np.where(here, sample["w"] * n / (n - 1), sample["w"])
            w = np.where(here & (sample["psu"] == str(psu)), 0.0, w)
            variance += (n - 1) / n * (share(sample, "q1", w) - whole) ** 2
    assert estimate(cells, variance="jackknife").variance[0, 0] == pytest.approx(variance, rel=1e-10)


def test_population_counts_and_certain_strata_enter_the_jackknife():
    cells = cells_of(by_hand.a_sample(), Design("stratum", "psu", "w", fpc=9))
    plain = cells_of(by_hand.a_sample())
    one, two = (estimate(c, variance="jackknife").variance[0, 0] for c in (cells, plain))
    assert one == pytest.approx(two / 3)
    census = cells_of(by_hand.a_sample(), Design("stratum", "psu", "w", fpc=6))
    row = estimate(census, variance="jackknife").row("q1")  # everybody was asked, and 57 of 400 did not answer
    assert "not all answered" in row["flags"]
    assert row["se"] == estimate(census).row("q1")["se"] > 0


def test_single_psus_are_refused_or_skipped():
    sample = by_hand.a_sample()
    sample["psu"] = np.where(sample["stratum"] == "c", "1", sample["psu"])
    with pytest.raises(LonelyPsu, match="c"):
        estimate(cells_of(sample), variance="jackknife")
    assert estimate(cells_of(sample, Design("stratum", "psu", "w", lonely="remove")), variance="jackknife").row("q1")[
        "se"
    ]


def test_replicates_of_an_empty_domain_are_nothing_not_zero():
    sample = by_hand.a_sample()
    sample["q6"] = np.where(sample["unit"] == "north", 0, sample["q6"])
    table = estimate(cells_of(sample), variance="jackknife")
    assert table.row("q6", unit="north")["se"] is None
