"""`sipas small-areas` as an analyst calls it: the prediction stands beside the direct estimate."""

import numpy as np
import pytest

from analysis import area_model, estimate, read_snapshot, tabulate
from sipas.estimating.small import prediction_limits
from sipas.i18n import say
from tests.analysis.small_area.test_fay_herriot import offices
from tests.sipas.estimating.calls import call, rows_of


def test_predictions_are_those_of_the_statistics(province):
    rows = rows_of("small-areas", province / "first.parquet", "--by", "field")
    table = estimate(tabulate(read_snapshot(province / "first.parquet"), ["field"]))
    direct = [table.row("overall", field=row["domain"]["field"]) for row in rows]
    assert all(row["df"] >= 8 for row in direct)
    fit = area_model([row["estimate"] for row in direct], [row["se"] ** 2 for row in direct])
    assert [row["predicted"] for row in rows] == pytest.approx(fit.predicted.tolist(), rel=1e-9)
    assert [row["root_mse"] for row in rows] == pytest.approx(np.sqrt(fit.mse).tolist(), rel=1e-9)
    assert [row["direct"] for row in rows] == [row["estimate"] for row in direct]
    assert all(min(r["direct"], r["expected"]) <= r["predicted"] <= max(r["direct"], r["expected"]) for r in rows)


def test_both_estimates_have_an_interval_of_one_kind_inside_0_and_1(province):
    rows = rows_of("small-areas", province / "first.parquet", "--by", "unit", "--level", "0.9")
    for row in rows:
        assert 0 <= row["predicted_low"] < row["predicted"] < row["predicted_high"] <= 1
        width = (row["predicted_high"] - row["predicted_low"]) / row["root_mse"]
        assert width == pytest.approx(2 * 1.645, rel=0.05)
    printed = call("small-areas", province / "first.parquet", "--by", "unit").stdout.splitlines()
    assert printed[2].count("95% interval") == 2
    assert "off by" not in printed[2]


def test_limits_of_predictions_hold_the_truth_and_stay_inside_at_the_edges():
    """120 simulated provinces of 60 offices, sampling errors of 1.5 and 6 points, shares around 85% and 96%."""
    for middle in (0.85, 0.96):
        held = []
        for seed in range(120):
            truth, y, psi, x = offices(seed)
            truth, y = truth + middle - 0.85, y + middle - 0.85
            inside = (truth > 0) & (truth < 1)
            fit = area_model(y, psi, x)
            low, high = prediction_limits(fit.predicted, fit.mse, 0.95)
            assert low.min() >= 0
            assert high.max() <= 1
            held += ((low <= truth) & (truth <= high))[inside].tolist()
        assert 0.93 < np.mean(held) < 0.985
    low, high = prediction_limits(np.array([1.2, -0.1, 1.0]), np.full(3, 0.001), 0.95)
    assert np.isfinite([low, high]).all()
    assert (low < high).all()


def test_few_clusters_get_a_smoothed_variance_that_is_named(office):
    rows = _of_office(office)
    assert all("smoothed variance" in row["flags"] for row in rows)
    assert len({row["sampling_se"] for row in rows}) > 1


def test_smoothing_follows_the_number_of_answers(office):
    rows = {tuple(row["domain"].values()): row for row in _of_office(office)}
    more, fewer = sorted(rows.values(), key=lambda row: -row["n"])[:: len(rows) - 1]
    assert more["n"] >= fewer["n"]
    assert more["sampling_se"] <= fewer["sampling_se"]


def _of_office(office):
    office.write(design="psu: psu\nstrata: unit\nitems: [q01, q02, q03]\nnot_applicable: 9\n")
    return rows_of("small-areas", office.data, "--design", office.folder / "design.yaml", "--by", "unit,psu")


def test_an_office_without_answers_gets_the_expectation_alone(province, tmp_path):
    rows = rows_of("small-areas", province / "first.parquet", "--by", "unit")
    lines = [f"{row['domain']['unit']},{place % 5}" for place, row in enumerate(rows)]
    features = tmp_path / "units.csv"
    features.write_text("\n".join(["unit,size", *lines, "99999,2"]) + "\n", "utf-8")
    with_features = rows_of(
        "small-areas", province / "first.parquet", "--by", "unit", "--features", features, "--feature", "size"
    )
    (absent,) = [row for row in with_features if row["domain"]["unit"] == "99999"]
    assert (absent["n"], absent["direct"], absent["trust"]) == (0, None, 0.0)
    assert absent["predicted"] == absent["expected"]
    assert absent["flags"] == ["no answers, expectation only"]
    assert len({round(row["expected"], 9) for row in with_features}) == 5, "one expectation per size"


def test_table_puts_the_direct_estimate_first(province):
    printed = call("small-areas", province / "first.parquet", "--by", "unit").stdout
    heading = printed.splitlines()[2]
    assert heading.index("direct") < heading.index("predicted") < heading.index("kept")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("unit,size\n03600,3\n", "the features say nothing of"),
        ("unit,size\n03600,\n", "this cell is empty; every office needs a number"),
        ("unit,size\n03600,3\n03600,4\n", "stands twice"),
        ("unit,weight\n03600,3\n", "has no column size"),
    ],
)
def test_bad_features_are_refused_by_name(province, tmp_path, text, complaint):
    features = tmp_path / "units.csv"
    features.write_text(text, "utf-8")
    result = call(
        "small-areas", province / "first.parquet", "--by", "unit", "--features", features, "--feature", "size"
    )
    assert (result.exit_code, result.stdout) == (1, "")
    assert complaint in say(result.exception)


def test_too_few_offices_carry_no_model(province):
    result = call("small-areas", province / "first.parquet", "--by", "sex")
    assert result.exit_code == 1
    assert "no model of these offices: 2 offices" in say(result.exception)


def test_feature_without_a_table_is_a_wrong_call(province):
    result = call("small-areas", province / "first.parquet", "--by", "unit", "--feature", "size")
    assert result.exit_code == 2
    assert "give it with --features" in result.stderr
