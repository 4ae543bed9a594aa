"""Weights meet what is known of the population, or are refused with what to do."""

import numpy as np
import pytest

from analysis import Design, adjust_nonresponse, calibrate, design_weights, estimate, poststratify, rake
from analysis.errors import BadMethod, CannotCalibrate
from analysis.weighting.feasibility import require_feasible
from tests.analysis import by_hand
from tests.analysis.estimation.test_estimate import cells_of

SEX = {"F": 600.0, "M": 500.0}
MONTH = {"2026-01": 700.0, "2026-02": 400.0}
FIELD = {"land": 300.0, "civil": 500.0, "tax": 300.0}


@pytest.fixture
def base():
    return design_weights(cells_of(by_hand.a_sample()))


def reached(weights, column):
    cells = weights.cells
    sums = np.bincount(cells.codes[column], weights.final * cells.rows)
    return {str(label): float(total) for label, total in zip(cells.labels[column], sums, strict=True)}


def test_post_strata_are_met(base):
    weights = poststratify(base, "field", FIELD)
    assert reached(weights, "field") == pytest.approx(FIELD)
    assert weights.total == pytest.approx(1100)


def test_raking_meets_every_margin_to_the_last_digits_and_says_how(base):
    weights = rake(base, {"sex": SEX, "month": MONTH, ("field",): FIELD})
    for column, totals in (("sex", SEX), ("month", MONTH), ("field", FIELD)):
        assert reached(weights, column) == pytest.approx(totals, rel=1e-11)
    assert weights.diagnostics["miss"] <= 1e-12
    assert weights.diagnostics["iterations"] > 1


def test_a_margin_may_cross_columns(base):
    crossed = {(s, m): SEX[s] * MONTH[m] / 1100 for s in SEX for m in MONTH}
    weights = rake(base, {("sex", "month"): crossed, "field": FIELD})
    assert reached(weights, "sex") == pytest.approx(SEX)


@pytest.mark.parametrize(
    ("method", "bounds"), [("linear", None), ("raking", None), ("linear", (0.3, 3)), ("logit", (0.3, 3))]
)
def test_calibration_meets_margins_and_numbers(base, method, bounds):
    visits = float((base.final * base.cells.rows * base.cells.numbers("visits")).sum()) * 1100 / base.total * 1.04
    weights = calibrate(base, {"sex": SEX, "month": MONTH}, {"visits": visits}, method=method, bounds=bounds)
    assert reached(weights, "month") == pytest.approx(MONTH, rel=1e-10)
    assert (weights.final * weights.cells.rows * weights.cells.numbers("visits")).sum() == pytest.approx(visits)


def test_multiplicative_calibration_is_raking(base):
    one, two = rake(base, {"sex": SEX, "month": MONTH}), calibrate(base, {"sex": SEX, "month": MONTH}, method="raking")
    np.testing.assert_allclose(one.final, two.final, rtol=1e-9)
    np.testing.assert_allclose(estimate(base.cells, one).variance, estimate(base.cells, two).variance, rtol=1e-7)


def test_what_is_known_of_the_population_has_no_variance(base):
    from analysis.estimands.estimands import categories
    from analysis.estimation.estimate import figures

    totals = figures(
        base.cells, rake(base, {"sex": SEX, "field": FIELD}), categories(base.cells, "field").as_total(), by=[]
    )
    assert totals.value[0].tolist() == pytest.approx([500, 300, 300])
    assert np.sqrt(totals.variance[0]).max() < 1e-4


@pytest.mark.parametrize(("scale", "relative"), [(1, False), (0.7, True), (1 / 11, True)])
def test_a_calibrated_sum_below_twice_the_rows_is_no_population_that_was_drawn_from(base, scale, relative):
    """400 rows, margins of 1,100, 770 and 100 (percent): the design effect does not divide by 1 - n/N of the last."""
    weights = rake(base, {"sex": {key: total * scale for key, total in SEX.items()}})
    table = estimate(base.cells, weights)
    assert weights.relative == relative
    assert sum("draws with replacement" in warning for warning in weights.diagnostics["warnings"]) == relative
    assert (table.deff[0] == table.deff_wr[0]).all() == relative


def test_a_category_whose_rows_all_weigh_nothing_stands_for_nobody():
    sample = by_hand.a_sample()
    sample["w"] = np.where(sample["field"] == "tax", 0.0, sample["w"])
    base = design_weights(cells_of(sample))
    with pytest.raises(CannotCalibrate, match=r"population but no answers for tax \(field\)"):
        poststratify(base, "field", FIELD)
    for weights in (poststratify(base, "field", FIELD | {"tax": 0}), rake(base, {"field": FIELD | {"tax": 0}})):
        assert reached(weights, "field") == pytest.approx(FIELD | {"tax": 0})
        assert estimate(base.cells, weights).row("q1", field="tax")["flags"] == ["no answers"]


def test_margins_that_disagree_are_refused_with_both_totals(base):
    with pytest.raises(CannotCalibrate, match="sex adds up to 1100, month to 1200"):
        rake(base, {"sex": SEX, "month": {"2026-01": 700, "2026-02": 500}})


@pytest.mark.parametrize("fit", [rake, calibrate])
def test_margins_that_differ_a_little_are_scaled_to_the_first_and_told(base, fit):
    near = {key: total * (1 + 9e-4) for key, total in MONTH.items()}
    weights = fit(base, {"sex": SEX, "month": near})
    assert reached(weights, "sex") == pytest.approx(SEX, rel=1e-9)
    assert reached(weights, "month") == pytest.approx(MONTH, rel=1e-9)
    (told,) = weights.diagnostics["warnings"]
    assert told == (
        "the margins differ a little: sex adds up to 1100, month to 1100.99; the second was scaled to the total of the "
        "first"
    )
    assert fit(base, {"sex": SEX, "month": MONTH}).diagnostics["warnings"] == []
    far = {key: total * (1 + 1.1e-3) for key, total in MONTH.items()}
    with pytest.raises(CannotCalibrate, match=r"sex adds up to 1100, month to 1101\.21"):
        fit(base, {"sex": SEX, "month": far})


def test_a_population_total_is_what_margins_are_scaled_to(base):
    weights = calibrate(base, {"month": MONTH}, total=1100.5)
    assert weights.total == pytest.approx(1100.5, rel=1e-12)
    assert "total adds up to 1100.5, month to 1100" in weights.diagnostics["warnings"][0]


def contradicting(fit, pairs, margins):
    """Ten rows of each pair of labels."""
    rows = [pair for pair in pairs for _ in range(10)]
    sample = {name: np.array([row[k] for row in rows]) for k, name in enumerate(("sex", "month", "field"))}
    more = {name: values[: len(rows)] for name, values in by_hand.a_sample().items() if name not in sample}
    base = design_weights(cells_of(sample | more))
    with pytest.raises(CannotCalibrate) as refused:
        fit(base, margins)
    return str(refused.value)


@pytest.mark.parametrize("fit", [rake, lambda *given: calibrate(*given, method="raking")])
def test_margins_that_cannot_be_met_are_named_with_their_numbers(fit):
    """The margins agree in their totals; the rows say which cannot be met, also where it takes several categories."""
    pairs = [("M", "1", "a"), ("F", "1", "b"), ("F", "2", "a"), ("F", "2", "b")]
    told = contradicting(fit, pairs, {"sex": {"F": 50, "M": 50}, "month": {"1": 30, "2": 70}})
    assert "all rows with M (sex) have 1 (month), yet the first have a total of 50 and the second only 30" in told
    pairs = [("F", month, "a") for month in "123"] + [("M", month, "a") for month in "45"] + [("X", "5", "a")]
    months = {"1": 10, "2": 30, "3": 25, "4": 15, "5": 20}
    told = contradicting(fit, pairs, {"sex": {"F": 60, "M": 20, "X": 20}, "month": months})
    assert "all rows with M, X (sex) have 4, 5 (month), yet the first have a total of 40 and the second only 35" in told


def test_margins_that_leave_nothing_for_some_rows_are_named():
    pairs = [("M", "1", "a"), ("F", "1", "b"), ("F", "2", "a"), ("F", "2", "b")]
    margins = {"field": {"a": 50, "b": 50}, "sex": {"F": 60, "M": 40}, "month": {"1": 40, "2": 60}}
    told = contradicting(rake, pairs, margins)
    assert "all rows with M (sex) have 1 (month), and both have a total of 40: nothing is left for the other" in told


@pytest.mark.parametrize("method", ["linear", "raking"])
def test_calibration_refuses_margins_that_disagree_too(base, method):
    with pytest.raises(CannotCalibrate, match="sex adds up to 1100, month to 1200"):
        calibrate(base, {"sex": SEX, "month": {"2026-01": 700, "2026-02": 500}}, method=method)
    with pytest.raises(CannotCalibrate, match="total adds up to 1000, sex to 1100"):
        calibrate(base, {"sex": SEX}, total=1000, method=method)
    assert calibrate(base, {"sex": SEX}, total=1100, method=method).total == pytest.approx(1100)


def test_a_category_with_population_and_no_answers_is_named(base):
    with pytest.raises(CannotCalibrate, match=r"population but no answers for X \(sex\)"):
        poststratify(base, "sex", {**SEX, "X": 5})
    assert poststratify(base, "sex", {**SEX, "X": 0}).total == pytest.approx(1100)


def test_answers_without_a_total_or_with_none_of_the_population_are_named(base):
    with pytest.raises(CannotCalibrate, match=r"no population total for M \(sex\)"):
        poststratify(base, "sex", {"F": 10})
    with pytest.raises(CannotCalibrate, match=r"population of zero for M \(sex\)"):
        poststratify(base, "sex", {"F": 10, "M": 0})


@pytest.mark.parametrize("total", [-1, float("nan"), float("inf")])
def test_a_population_that_is_no_number_is_refused(base, total):
    with pytest.raises(CannotCalibrate, match="the population of F"):
        poststratify(base, "sex", {"F": total, "M": 3})


def test_rows_without_the_calibration_column_are_counted():
    sample = by_hand.a_sample()
    sample["sex"] = np.where(np.arange(400) < 7, "", sample["sex"])
    with pytest.raises(CannotCalibrate, match="7 rows have no sex"):
        poststratify(design_weights(cells_of(sample)), "sex", SEX)


def test_bounds_that_cannot_be_met_are_found_first_and_the_tightest_named(base):
    with pytest.raises(
        CannotCalibrate, match=r"within the bounds 0.9 to 1.1 .* tightest symmetric bounds that can are"
    ) as seen:
        calibrate(base, {"sex": SEX}, bounds=(0.9, 1.1))
    low, high = float(seen.value.values["best_low"]), float(seen.value.values["best_high"])
    assert low + high == pytest.approx(2, abs=1e-3)
    calibrate(base, {"sex": SEX}, bounds=(max(low - 1e-3, 0), high + 1e-3))
    with pytest.raises(CannotCalibrate):
        calibrate(base, {"sex": SEX}, bounds=(max(low + 1e-2, 0), high - 1e-2))


def test_bounds_that_only_negative_weights_could_meet_symmetrically_are_named_from_zero_on(base):
    far = {"F": SEX["F"] * 40, "M": SEX["M"] * 40}
    with pytest.raises(CannotCalibrate, match="without negative weights are 0 to") as seen:
        calibrate(base, {"sex": far}, bounds=(0.5, 2))
    high = float(seen.value.values["best_high"])
    calibrate(base, {"sex": far}, bounds=(0, high * 1.001))
    with pytest.raises(CannotCalibrate):
        calibrate(base, {"sex": far}, bounds=(0, high * 0.999))


def test_the_tightest_bounds_of_many_classes_are_found_quickly_and_right():
    """Measured: 18,000 classes and 113 totals 1 s, where an inequality per class took minutes."""
    rng = np.random.default_rng(1)
    codes = [rng.integers(0, size, 4000) for size in (75, 12, 6, 20)]
    x = np.column_stack([(code[:, None] == np.arange(code.max() + 1)).astype(float) for code in codes])
    mass = rng.uniform(1, 50, 4000)
    target = (mass * np.exp(np.clip(x @ rng.normal(0, 0.1, x.shape[1]), -0.5, 0.5))) @ x
    with pytest.raises(CannotCalibrate, match="tightest symmetric") as seen:
        require_feasible(x, mass, target, (0.99, 1.01))
    spread = float(seen.value.values["best_high"]) - 1
    assert 0.01 < spread < 0.65  # the weights that made the totals lie within
    require_feasible(x, mass, target, (1 - spread * 1.002, 1 + spread * 1.002))
    with pytest.raises(CannotCalibrate):
        require_feasible(x, mass, target, (1 - spread * 0.998, 1 + spread * 0.998))


def test_totals_that_contradict_each_other_do_not_give_weights(base):
    with pytest.raises(CannotCalibrate):
        calibrate(base, {"sex": SEX}, {"visits": 1e9}, method="raking")


def test_margins_that_can_never_meet_are_refused():
    sample = by_hand.a_sample()
    sample["month"] = np.where(sample["sex"] == "F", "2026-01", "2026-02")
    with pytest.raises(CannotCalibrate, match="all rows with M"):
        rake(design_weights(cells_of(sample)), {"sex": SEX, "month": MONTH})


def test_methods_and_bounds_must_fit_together(base):
    for wrong in (
        {"method": "logit"},
        {"bounds": (1.2, 3)},
        {"bounds": (1, 3)},
        {"bounds": (0.5, 1)},
        {"bounds": (-0.1, 3)},
        {"method": "raking", "bounds": (0.3, 3)},
        {"method": "x"},
    ):
        with pytest.raises(BadMethod):
            calibrate(base, {"sex": SEX}, **wrong)


@pytest.mark.parametrize("weight", [-1.0, float("nan"), float("inf")])
def test_a_weight_that_is_no_weight_is_refused_with_its_value(weight):
    sample = by_hand.a_sample()
    sample["w"] = np.where(np.arange(400) == 5, weight, sample["w"])
    with pytest.raises(Exception, match=r"column w(: 1 rows have| is empty in row 6)"):
        design_weights(cells_of(sample))


def test_diagnostics_tell_how_much_the_weights_cost():
    sample = by_hand.a_sample()
    sample["w"] = np.where(np.arange(400) < 4, 1000.0, 1.0)
    about = design_weights(cells_of(sample)).diagnostics
    w = sample["w"]
    assert about["kish"] == pytest.approx(w.sum() ** 2 / (w**2).sum())
    assert about["deff_kish"] == pytest.approx(400 / about["kish"])
    assert "below half of n" in about["warnings"][0]


def test_negative_weights_are_warned_of(base):
    visits = float((base.final * base.cells.rows * base.cells.numbers("visits")).sum())
    weights = calibrate(base, {"sex": SEX}, {"visits": visits * 1100 / base.total * 1.6})
    assert weights.final.min() < 0
    assert any("zero or negative" in warning for warning in weights.diagnostics["warnings"])


def test_diagnostics_say_between_which_weights_they_lie():
    sample = by_hand.a_sample()
    base = design_weights(cells_of(sample))
    assert (base.diagnostics["smallest"], base.diagnostics["largest"], base.diagnostics["n"]) == (1.0, 4.0, 400)
    assert (base.diagnostics["g_smallest"], base.diagnostics["g_largest"]) == (1.0, 1.0)
    about = poststratify(base, "sex", SEX).diagnostics
    g = {sex: SEX[sex] / sample["w"][sample["sex"] == sex].sum() for sex in SEX}
    assert (about["g_smallest"], about["g_largest"]) == pytest.approx((min(g.values()), max(g.values())))
    assert about["largest"] == pytest.approx(4 * max(g.values()))
    assert about["smallest"] == pytest.approx(min(g.values()))
    plain = design_weights(cells_of(sample, Design("stratum", "psu"))).diagnostics
    assert (plain["n"], plain["total"], plain["kish"], plain["warnings"]) == (400, 400.0, 400.0, [])


def test_only_rows_without_any_weight_are_called_unweighted(base):
    assert design_weights(cells_of(by_hand.a_sample(), Design("stratum", "psu"))).unweighted
    asked = {sex: 2 * total for sex, total in reached(base, "sex").items()}
    for weights in (base, poststratify(base, "sex", SEX), rake(base, {"sex": SEX}), calibrate(base, {"sex": SEX}),
                    adjust_nonresponse(base, "sex", asked)):  # fmt: skip
        assert not weights.unweighted


def test_the_size_of_the_population_may_stand_for_a_margin(base):
    weights = calibrate(base, None, {"visits": 3000.0}, total=1100)
    assert weights.total == pytest.approx(1100)
    assert (weights.final * weights.cells.rows * weights.cells.numbers("visits")).sum() == pytest.approx(3000)
    assert weights.diagnostics["population"] == 1100
    with pytest.raises(CannotCalibrate, match="needs a margin or the population total"):
        calibrate(base, None, {"visits": 3000.0})


def test_a_total_with_too_few_labels_is_refused(base):
    with pytest.raises(CannotCalibrate, match="the population total of F needs 2 labels"):
        poststratify(base, ("sex", "month"), {("F",): 600, ("M",): 500})


@pytest.mark.parametrize(("method", "bounds"), [("logit", (0.3, 3)), ("raking", None), ("linear", None)])
def test_with_the_right_slope_few_steps_are_enough(base, method, bounds):
    assert calibrate(base, {"sex": SEX, "month": MONTH}, method=method, bounds=bounds).diagnostics["iterations"] <= 7


def test_unweighted_rows_may_be_post_stratified_and_are_then_weighted():
    cells = cells_of(by_hand.a_sample(), Design("stratum", "psu"))
    assert "unweighted" not in estimate(cells, poststratify(design_weights(cells), "sex", SEX)).row("q1")["flags"]


def test_those_who_answered_stand_for_those_of_their_class_who_did_not(base):
    asked = {"F": 2.0 * reached(base, "sex")["F"], "M": 1.25 * reached(base, "sex")["M"]}
    weights = adjust_nonresponse(base, "sex", asked)
    assert reached(weights, "sex") == pytest.approx(asked)
    assert weights.calibration is None
    assert weights.diagnostics["lowest_response_rate"] == pytest.approx(0.5)
    assert not weights.diagnostics["warnings"]
    assert adjust_nonresponse(base, "sex", {"F": asked["F"] * 4, "M": asked["M"]}).diagnostics["warnings"]


def test_more_answers_than_people_asked_are_refused(base):
    with pytest.raises(CannotCalibrate, match="more answered than were asked"):
        adjust_nonresponse(base, "sex", {"F": 1.0, "M": 1000.0})
