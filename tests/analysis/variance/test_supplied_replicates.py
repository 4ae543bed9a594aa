"""Replicate weights that came with the data: by their definition, held against the jackknife, and what they refuse.

R's digits of BRR, Fay, JKn and bootstrap stand in tests/reference.
"""

import numpy as np
import pyarrow as pa
import pytest

from analysis import Cells, Codebook, Design, design_weights, estimate, poststratify, tabulate
from analysis.comparison.contrasts import together
from analysis.comparison.regression import linear_trend
from analysis.comparison.stratified_difference import stratified_difference
from analysis.data.replicate_weights import ReplicateWeights
from analysis.errors import BadDesign, BadMethod, BadWeights
from analysis.estimands.estimands import pooled
from analysis.quality.key_drivers import importance_in
from tests.analysis import by_hand
from tests.analysis.estimation.test_estimate import CODEBOOK, a_table, cells_of

COLUMNS = tuple(f"r{k}" for k in range(24))
STRATA = "abcd"


def a_jackknife():
    """The sample of 4 strata x 6 PSUs, with the multipliers of its jackknife as columns."""
    sample = by_hand.a_sample()
    for k, column in enumerate(COLUMNS):
        here = sample["stratum"] == STRATA[k // 6]
        out = here & (sample["psu"] == str(k % 6))
        sample[column] = np.where(out, 0.0, np.where(here, 6 / 5, 1.0))
    return sample


def given(**changes):
    said = {"kind": "JKn", "rscales": (5 / 6,), "mse": True, "full": False, **changes}
    return Design(weights="w", replicates=ReplicateWeights(COLUMNS, **said))


def made(sample, design, **more):
    return tabulate(a_table(sample), ["unit"], codebook=CODEBOOK, design=design, **more)


def test_the_jackknifes_weights_give_the_jackknifes_variances_limits_and_df():
    """Degrees of freedom are the rank of the weights less 1: 24 PSUs less 4 strata.

    In a domain that some PSUs have nobody of, R's rank of its rows may be more than its PSUs less strata.
    """
    sample = a_jackknife()
    supplied = estimate(made(sample, given()))
    jackknife = estimate(cells_of(sample), by=["unit"], variance="jackknife")
    assert supplied.variance == pytest.approx(jackknife.variance, rel=1e-10)
    assert supplied.row("q1")["df"] == jackknife.row("q1")["df"] == 20
    assert (supplied.df >= jackknife.df).all()
    assert (supplied.df <= 20).all()
    assert supplied.kish == pytest.approx(jackknife.kish)
    assert supplied.df_weighted == pytest.approx(jackknife.df_weighted, rel=0.2)  # of the design, and of its PSUs
    assert supplied.low[0] == pytest.approx(jackknife.low[0], abs=0.003)


def test_full_weights_and_multipliers_say_the_same():
    sample = a_jackknife()
    multipliers = estimate(made(sample, given()))
    for column in COLUMNS:
        sample[column] = sample[column] * sample["w"]
    full = estimate(made(sample, given(full=True)))
    assert full.variance == pytest.approx(multipliers.variance, rel=1e-10)
    assert (full.df == multipliers.df).all()


def test_each_replicate_is_calibrated_again():
    sample = a_jackknife()
    totals = {"F": 900.0, "M": 1100.0}
    supplied, plain = made(sample, given(), keep=["sex"]), cells_of(sample)
    one = estimate(supplied, poststratify(design_weights(supplied), "sex", totals))
    other = estimate(plain, poststratify(design_weights(plain), "sex", totals), by=["unit"], variance="jackknife")
    assert one.variance == pytest.approx(other.variance, rel=1e-10)


@pytest.mark.parametrize("mse", [True, False])
def test_figures_of_one_sample_have_the_covariance_of_their_replicates(mse):
    sample = a_jackknife()
    cells = made(sample, given(mse=mse))
    north = sample["unit"] == "north"

    def shares(w):
        y, x = by_hand.fractions(sample, "q1")
        return [(w * y).sum() / (w * x).sum(), (w * y * north).sum() / (w * x * north).sum()]

    theta = np.array([shares(sample["w"] * sample[column]) for column in COLUMNS])
    middle = np.array(shares(sample["w"])) if mse else theta.mean(axis=0)
    expected = 5 / 6 * (theta - middle).T @ (theta - middle)
    found = together(cells, None, pooled(cells, ["q1"]), [{}, {"unit": "north"}])
    assert found.covariance == pytest.approx(expected, rel=1e-10)
    assert found.df == 20
    table = estimate(cells)
    assert found.se[1] == pytest.approx(table.row("q1", unit="north")["se"], rel=1e-10)


def test_any_parts_give_the_same_cells_and_saved_cells_come_back():
    sample = a_jackknife()
    whole, table = made(sample, given()), a_table(sample)
    cut = [table.slice(start, 57) for start in range(0, 400, 57)]
    parts = tabulate(cut[::-1], ["unit"], codebook=CODEBOOK, design=given())
    added = sum(
        (tabulate(each, ["unit"], codebook=CODEBOOK, design=given()) for each in cut[1:]),
        tabulate(cut[0], ["unit"], codebook=CODEBOOK, design=given()),
    )
    assert whole.to_bytes() == parts.to_bytes() == added.to_bytes()
    back = Cells.from_bytes(whole.to_bytes())
    assert back == whole
    assert back.design.replicates == whole.design.replicates
    assert estimate(back).variance.tobytes() == estimate(whole).variance.tobytes()


def test_cells_without_replicate_weights_say_nothing_of_them():
    assert b"replicates" not in cells_of(by_hand.a_sample()).to_bytes()


def test_rows_that_agree_in_all_replicates_are_one_cell():
    """One PSU's rows with one weight and one unit are summed up, however many replicates there are."""
    sample = a_jackknife()
    sample["w"] = np.ones(400)
    units = {tuple(pair) for pair in zip(sample["unit"], sample["stratum"], sample["psu"], strict=True)}
    assert len(made(sample, given())) == len(units)


def test_a_domain_that_a_replicate_empties_has_no_standard_error_and_says_so():
    """R leaves such replicates out, which makes the variance too small; nothing is said here instead."""
    sample = a_jackknife()
    sample["unit"] = np.where((sample["stratum"] == "a") & (sample["psu"] == "0"), "alone", "rest")
    row = estimate(made(sample, given())).row("q1", unit="alone")
    assert row["n"] > 0
    assert (row["se"], row["low"], row["df"]) == (None, None, 0)
    assert row["flags"] == ["one cluster only", "review"]
    sample["unit"] = np.where((sample["stratum"] == "a") & (sample["psu"] < "4"), "four", "rest")
    sample["r23"] = np.where(sample["unit"] == "four", 0.0, sample["r23"])
    row = estimate(made(sample, given())).row("q1", unit="four")
    assert (row["se"], row["low"], row["high"], row["reliability"]) == (None, None, None, "hidden")
    assert "no standard error" in row["flags"]


def test_replicates_that_count_nothing_are_left_out_of_the_mean_too():
    sample = a_jackknife()
    rscales = (5 / 6,) * 23 + (0.0,)
    with_mean = estimate(made(sample, given(rscales=rscales, mse=False))).variance[0, 0]
    for column in COLUMNS[23:]:
        sample[column] = np.random.default_rng(1).uniform(0, 2, 400)
    assert estimate(made(sample, given(rscales=rscales, mse=False))).variance[0, 0] == with_mean


@pytest.mark.parametrize(("wrong", "said"), [(-1.0, "-1.0"), (np.inf, "inf"), (np.nan, "nan")])
def test_what_is_no_weight_is_refused_with_column_and_row(wrong, said):
    sample = a_jackknife()
    sample["r3"][16] = wrong
    with pytest.raises(BadWeights, match=f"weight r3 in row 17 is empty, negative or no finite number: {said}"):
        made(sample, given())


def test_a_replicate_of_zeros_is_refused_by_name():
    sample = a_jackknife()
    sample["r5"] = np.zeros(400)
    with pytest.raises(BadWeights, match="all weights of the replicate r5 are zero"):
        estimate(made(sample, given()))


def test_methods_that_replicate_weights_cannot_serve_refuse():
    sample = a_jackknife()
    cells = made(sample, given(), values=["w"], keep=["stratum"])
    one = pooled(cells, ["q1"])
    with pytest.raises(BadMethod, match="cannot be computed from replicate weights"):
        linear_trend(cells, None, one, "w")
    with pytest.raises(BadMethod, match="cannot be computed from replicate weights"):
        stratified_difference(cells, None, one, (cells.code("unit") > 0).astype(int), "stratum")
    with pytest.raises(BadMethod, match="cannot be computed from replicate weights"):
        importance_in(cells, "q1")
    with pytest.raises(BadMethod, match=r"ask for no other \(jackknife\)"):
        estimate(cells, variance="jackknife")
    with pytest.raises(BadMethod, match="means of figures have the linearised variance only"):
        estimate(cells, rollup="mean-of-items")


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ({"columns": ("a", "b", "a")}, "name a column twice: a"),
        ({"columns": ("a",)}, "need two columns at least; 1 is named"),
        ({"kind": "JKn", "rscales": (1, 1)}, "rscales has 2 numbers, and there are 3 replicate weights"),
        ({"kind": "JKn"}, "JKn needs rscales"),
        ({"kind": "Fay"}, "rho is given with Fay, and only there"),
        ({"rho": 0.3}, "rho is given with Fay, and only there"),
        ({"kind": "Fay", "rho": 1.0}, "rho lies between 0 and 1"),
        ({"scale": 0.5}, "BRR has its own scale"),
        ({"rscales": (1,)}, "BRR weighs all replicates alike"),
        ({"kind": "JK1", "scale": 0.0}, "scale is a number above 0"),
        ({"kind": "JK1", "rscales": (0, 0, 0)}, "not all are 0"),
        ({"kind": "jackknife"}, "choose one of: BRR, Fay, JK1, JKn, bootstrap"),
    ],
)
def test_a_method_that_contradicts_itself_is_refused(said, complaint):
    with pytest.raises((BadDesign, BadMethod), match=complaint):
        ReplicateWeights(**{"columns": ("a", "b", "c"), "kind": "BRR", **said})


def test_the_design_is_named_once():
    replicates = ReplicateWeights(("a", "b"), "BRR")
    with pytest.raises(BadDesign, match="carry the design"):
        Design(strata="s", weights="w", replicates=replicates)
    with pytest.raises(BadDesign, match="need the full-sample weights"):
        Design(replicates=replicates)
    with pytest.raises(BadDesign, match="column a is named as the weights and as a replicate weight"):
        Design(weights="a", replicates=replicates)


def test_degrees_of_freedom_are_those_of_rounded_weights_too():
    """The columns of a jackknife add up to one another but for rounding, which R's tolerance passes over."""
    psu = np.repeat(np.arange(5), 4)
    table = {"w": np.full(20, 3.0), "q": np.tile([5, 2, 4, 4], 5)}
    for k in range(5):
        table[f"r{k}"] = np.where(psu == k, 0.0, np.round(3 * 5 / 4 + 1e-7 * np.sin(np.arange(20) + k), 7))
    design = Design(weights="w", replicates=ReplicateWeights(tuple(f"r{k}" for k in range(5)), "JK1"))
    cells = tabulate(pa.table(table), codebook=Codebook.plain(["q"]), design=design)
    assert estimate(cells).row("q")["df"] == 4
    stacked = {**table, **{f"r{k}": table[f"r{k % 5}"] * (1 + 1e-8) for k in range(5, 10)}}
    design = Design(weights="w", replicates=ReplicateWeights(tuple(f"r{k}" for k in range(10)), "JK1"))
    cells = tabulate(pa.table(stacked), codebook=Codebook.plain(["q"]), design=design)
    assert estimate(cells).row("q")["df"] == 4
