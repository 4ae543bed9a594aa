"""Twenty-one ways to get a survey estimate wrong, each seen in some package or prototype; here each is a test.

The numbers are those of the list of traps in the method notes (`analysis/README.md`, "Traps").
"""

import numpy as np
import pyarrow as pa
import pytest

from analysis import Codebook, CodebookItem, Design, design_weights, estimate, poststratify, rake, tabulate
from analysis.comparison.contrasts import across, together
from analysis.estimands.estimands import pooled
from analysis.estimation.estimate import figures
from analysis.estimation.intervals import adjusted_n, kg_n, t_quantile, wilson_neff, wilson_score
from analysis.tabulation.key_encoding import combine_keys
from analysis.variance.design_counts import count_design
from tests.analysis import by_hand
from tests.analysis.estimation.test_estimate import CODEBOOK, a_table, cells_of


def test_01_degrees_of_freedom_are_those_of_the_answered_rows_of_the_domain():
    sample = by_hand.a_sample()
    sample["q1"] = np.where((sample["unit"] == "north") & (sample["psu"] > "1"), 0, sample["q1"])
    table = estimate(cells_of(sample))
    assert (
        table.row("q1", unit="north")["df"] < table.row("q2", unit="north")["df"] <= count_design(cells_of(sample)).df
    )


def test_02_without_degrees_of_freedom_there_is_no_interval_and_equal_shares_are_marked():
    table = pa.table({"psu": [1, 1, 2, 2], "q": [5, 1, 5, 1]})
    row = estimate(tabulate(table, codebook=Codebook.plain(["q"]), design=Design(psus="psu"))).row("q")
    assert row["se"] == 0
    assert row["low"] < 0.5 < row["high"]
    assert "zero variance" in row["flags"]
    one = estimate(tabulate(table.slice(0, 2), codebook=Codebook.plain(["q"]),
                            design=Design(psus="psu", lonely="remove"))).row("q")  # fmt: skip
    assert (one["low"], one["high"]) == (None, None)


def test_03_a_domain_keeps_all_strata_and_psus_of_the_design():
    sample = by_hand.a_sample()
    inside = (sample["unit"] == "north") & (sample["psu"] < "3")
    sample["unit"] = np.where(inside, "few", "rest")
    whole = estimate(cells_of(sample)).row("q1", unit="few")
    filtered = estimate(cells_of({name: values[inside] for name, values in sample.items()})).row("q1")
    assert whole["estimate"] == pytest.approx(filtered["estimate"])
    assert whole["se"] != pytest.approx(filtered["se"], rel=1e-3)


def test_04_a_psu_where_the_item_is_missing_everywhere_still_counts():
    sample = by_hand.a_sample()
    sample["q1"] = np.where((sample["stratum"] == "a") & (sample["psu"] == "0"), 0, sample["q1"])
    _, variance, _, _ = by_hand.estimate(sample, "q1", np.ones(400, bool), sample["w"])
    table = estimate(cells_of(sample))
    assert table.variance[0, 0] == pytest.approx(variance, rel=1e-10)


def test_05_psus_are_those_listed_not_a_grid_and_silent_ones_count():
    sample = by_hand.a_sample()
    gone = (sample["stratum"] == "a") & (sample["psu"] == "0")
    sample = {name: values[~gone] for name, values in sample.items()}
    assert count_design(cells_of(sample)).n.tolist() == [5, 6, 6, 6]
    listed = [(s, str(p)) for s in "abcd" for p in range(6)]
    assert count_design(cells_of(sample, Design("stratum", "psu", "w", sampled=listed))).n.tolist() == [6, 6, 6, 6]


def test_06_psu_labels_repeated_in_other_strata_are_other_psus():
    assert count_design(cells_of(by_hand.a_sample())).psus == 24


def test_07_average_counts_lonely_strata_per_estimate():
    sample = by_hand.a_sample()
    sample["psu"] = np.where(sample["stratum"] == "c", "1", sample["psu"])
    design = Design("stratum", "psu", "w", lonely="average")
    away = (sample["stratum"] != "c").astype(int).astype(str)
    sample["unit"] = np.where(away == "1", "elsewhere", "there")
    average, removed = (estimate(cells_of(sample, d)) for d in (design, Design("stratum", "psu", "w", lonely="remove")))
    assert average.row("q1", unit="elsewhere")["se"] == pytest.approx(removed.row("q1", unit="elsewhere")["se"])
    assert average.row("q1")["se"] == pytest.approx(removed.row("q1")["se"] * np.sqrt(4 / 3))


def test_08_the_second_stage_is_scaled_by_the_first_stage_fraction_and_certain_strata_have_no_lonely_psu():
    sample = by_hand.a_sample()
    sample["N"] = np.full(400, 1000)
    once = estimate(cells_of(sample, Design("stratum", "psu", "w", fpc=12))).variance[0, 0]
    twice = estimate(cells_of(sample, Design("stratum", "psu", "w", fpc=(12, "N")))).variance[0, 0]
    value, _, _, _ = by_hand.estimate(sample, "q1", np.ones(400, bool), sample["w"])
    y, x = by_hand.fractions(sample, "q1")
    u = sample["w"] * (y - value * x) / (sample["w"] * x).sum()
    extra = 0.0
    for stratum in "abcd":
        for psu in range(6):
            own = u[(sample["stratum"] == stratum) & (sample["psu"] == str(psu))]
            extra += 6 / 12 * (1 - len(own) / 1000) * len(own) / (len(own) - 1) * ((own - own.mean()) ** 2).sum()
    assert twice - once == pytest.approx(extra, rel=1e-8)
    sample["psu"] = np.where(sample["stratum"] == "c", "1", sample["psu"])
    sample["M"] = np.where(sample["stratum"] == "c", 1, 60)
    assert estimate(cells_of(sample, Design("stratum", "psu", "w", fpc="M"))).row("q1")["se"] > 0


def test_09_missing_is_not_zero_and_not_applicable_is_neither_and_an_empty_domain_label_is_in_no_domain():
    table = pa.table({"psu": [1, 2, 3, 4, 5], "unit": ["a", "a", None, "b", "b"], "q": [5, -1, 1, None, 4]})
    codebook = Codebook(items=(CodebookItem("q"),))
    found = estimate(tabulate(table, ["unit"], codebook=codebook, design=Design(psus="psu")))
    assert [(row["domain"], row["n"], row["estimate"]) for row in found.records() if row["of"] == "q"] == [
        ({}, 3, pytest.approx(2 / 3)), ({"unit": "a"}, 1, 1.0), ({"unit": "b"}, 1, 1.0),
    ]  # fmt: skip


def test_10_the_design_effect_compares_with_a_sample_without_replacement_and_is_null_in_a_census():
    sample = by_hand.a_sample()
    table = estimate(cells_of(sample))
    p, n, total = table.value[0, 0], table.n[0, 0], sample["w"][sample["q1"] > 0].sum()
    assert table.deff[0, 0] == pytest.approx(table.variance[0, 0] / (p * (1 - p) / (n - 1) * (1 - n / total)))
    scaled = by_hand.a_sample()
    scaled["w"] = sample["w"] / sample["w"].mean()  # a mean of 1 names no population: s^2/n, as R's deff="replace"
    found = estimate(cells_of(scaled))
    assert found.deff[0, 0] == pytest.approx(table.variance[0, 0] / (p * (1 - p) / (n - 1)))
    for part in (1.001, 1.9):  # a sum a little above n is no population drawn from either
        scaled["w"] = sample["w"] / sample["w"].mean() * part
        assert estimate(cells_of(scaled)).deff == pytest.approx(found.deff, nan_ok=True)
    scaled["w"] = sample["w"] / sample["w"].mean() * 2.01
    assert estimate(cells_of(scaled)).deff[0, 0] > 1.5 * found.deff[0, 0]
    everybody = pa.table({"psu": [1, 1, 2, 2], "w": [1.0] * 4, "q": [5, 1, 4, 1]})
    census = tabulate(everybody, codebook=Codebook.plain(["q"]), design=Design(psus="psu", weights="w", fpc=2))
    assert estimate(census).row("q")["deff"] is None


def test_11_the_penalty_for_few_psus_enters_once():
    p, v, n, df = (np.array([x]) for x in (0.8, 0.002, 300.0, 6.0))
    t, z = t_quantile(df, 0.975), 1.959963984540054
    once = wilson_score(p, p * (1 - p) / v * (z / t) ** 2, np.array([z]))
    assert np.concatenate(wilson_neff(p, v, n, df, 0.975)) == pytest.approx(np.concatenate(once))


def test_12_an_effective_n_never_exceeds_n():
    p, v, n, df = (np.array([x]) for x in (0.8, 0.0001, 300.0, 6.0))
    assert adjusted_n(p, v, n, df, 0.975) > n
    assert kg_n(p, v, n, df, 0.975) == n


def test_13_zero_variance_has_three_reasons_and_three_words():
    same = pa.table({"psu": [1, 1, 2, 2], "q": [5, 1, 5, 1]})
    reasons = [
        estimate(tabulate(same, codebook=Codebook.plain(["q"]), design=design)).row("q")["flags"][0]
        for design in (Design(psus="psu"), Design(psus="psu", fpc=2), Design(strata="psu", psus="psu", lonely="remove"))
    ]
    assert reasons == ["zero variance", "census", "one cluster only"]


def test_14_nobody_satisfied_still_has_an_upper_limit_as_a_share():
    sample = by_hand.a_sample()
    sample["q1"] = np.where(sample["q1"] > 0, 1, 0)
    row = estimate(cells_of(sample)).row("q1")
    assert (row["estimate"], row["low"]) == (0.0, 0.0)
    assert 0 < row["high"] < 0.05


def test_14_a_total_of_nobody_has_no_interval_of_width_zero():
    table = pa.table({"psu": [1, 2, 3, 4], "q": [1, 2, 3, 1]})
    cells = tabulate(table, codebook=Codebook.plain(["q"]), design=Design(psus="psu"))
    total = figures(cells, design_weights(cells), pooled(cells, ["q"]).as_total()).row("q")
    assert (total["estimate"], total["se"]) == (0.0, 0.0)
    assert (total["low"], total["high"]) == (None, None)


def test_15_residuals_use_all_rows_of_a_class_also_those_without_an_answer():
    sample = by_hand.a_sample(missing=0.5)
    cells = cells_of(sample)
    weights = poststratify(design_weights(cells), "sex", {"F": 800, "M": 600})
    factor = {"F": 800 / sample["w"][sample["sex"] == "F"].sum(), "M": 600 / sample["w"][sample["sex"] == "M"].sum()}
    w = sample["w"] * np.vectorize(factor.get)(sample["sex"])
    inside = sample["unit"] == "north"
    _, variance, _, _ = by_hand.estimate(sample, "q1", inside, w, sample["w"], by_hand.indicators(sample, "sex"))
    table = estimate(cells, weights)
    place = next(d for d, (_, labels) in enumerate(table.domains) if labels == ("north",))
    assert table.variance[place, 0] == pytest.approx(variance, rel=1e-9)


def test_16_the_sweeps_of_r_are_a_convention_asked_for_by_name():
    cells = cells_of(by_hand.a_sample())
    margins = {"sex": {"F": 900, "M": 600}, "month": {"2026-01": 800, "2026-02": 700}}
    residual, sweeps = (
        estimate(cells, rake(design_weights(cells), margins, variance=v)) for v in ("residual", "sweeps")
    )
    assert residual.value.tobytes() == sweeps.value.tobytes()
    ratio = sweeps.se[0] / residual.se[0]
    assert (ratio != 1).all()
    assert ratio == pytest.approx(1, abs=0.02)


def test_17_replicates_are_centred_as_asked():
    """See also test_supplied_replicates.py."""
    from analysis.variance.jackknife import jackknife_variance

    cells = cells_of(by_hand.a_sample())
    around, mean = (
        jackknife_variance(cells, design_weights(cells), pooled(cells, ["q1"]), centre=c)[0][1][0, 0]
        for c in ("estimate", "replicates")
    )
    assert around > mean
    assert around == pytest.approx(mean, rel=1e-2)


def test_18_sums_of_parts_give_the_same_bytes_as_the_whole():
    sample = by_hand.a_sample()
    sample["w"] = np.random.default_rng(1).choice([0.1, 0.3, 0.7], 400)
    table = a_table(sample)
    parts = [tabulate(table.slice(start, 57), ["unit"], codebook=CODEBOOK, design=Design("stratum", "psu", "w"))
             for start in range(0, 400, 57)]  # fmt: skip
    whole = tabulate(table, ["unit"], codebook=CODEBOOK, design=Design("stratum", "psu", "w"))
    for order in (parts, parts[::-1]):
        summed = order[0]
        for part in order[1:]:
            summed = summed + part
        assert estimate(summed).variance.tobytes() == estimate(whole).variance.tobytes()


def test_19_large_counts_do_not_overflow():
    cells = tabulate(pa.table({"q": [5, 1], "psu": [1, 2]}), codebook=Codebook.plain(["q"]), design=Design(psus="psu"))
    for _ in range(40):
        cells = cells + cells
    row = estimate(cells, scoring="govuk-100").row("q")
    assert (row["n"], row["estimate"]) == (2**41, 50.0)
    key, _ = combine_keys([np.array([2**30], np.int32)] * 3, [2**31 - 1] * 3, 1)
    assert key[0] >= 0


def test_20_categories_are_ordered_by_label_never_by_appearance():
    sample = by_hand.a_sample()
    turned = {name: values[::-1] for name, values in sample.items()}
    names = [across(cells_of(s), None, pooled(cells_of(s), ["q1"]), "field").names for s in (sample, turned)]
    assert names[0] == names[1] == ("q1 field=civil", "q1 field=land", "q1 field=tax")


def test_21_a_difference_of_part_and_whole_is_not_that_of_independent_samples():
    cells = cells_of(by_hand.a_sample())
    joint = together(cells, None, pooled(cells, ["overall"]), [{"unit": "a"}, {}])
    table = figures(cells, None, pooled(cells, ["overall"]), by=["unit"])
    naive = np.sqrt(table.variance[0, 0] + table.variance[1, 0])
    assert joint.difference(0, 1).se < 0.99 * naive
