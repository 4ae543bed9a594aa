"""`sipas quality` as an analyst calls it: counts that lead to questions, the same as direct calls give."""

import csv

import numpy as np
import pytest

from analysis import read_snapshot, reliability_of, straight_lines, sum_products
from sipas.i18n import say
from tests.sipas.estimating.calls import call, rows_of


@pytest.fixture(scope="module")
def rows(province):
    return rows_of("quality", province / "first.parquet", "--frame", province / "dossiers.csv", "--by", "unit")


@pytest.fixture(scope="module")
def levels(province):
    """Every answer of the wave, 0 where there is none, and the codes of the items."""
    snapshot = read_snapshot(province / "first.parquet")
    table, items = snapshot.table(), snapshot.codebook.overall_items
    answers = np.column_stack([table[item].fill_null(0).to_numpy() for item in items])
    return np.maximum(answers, 0), list(items), table


def of(rows, what):
    return [row for row in rows if row["what"] == what]


def test_alpha_omega_and_item_rest_are_those_of_the_rows(rows, levels):
    """On the full form: the items of two forms are never answered together."""
    answers, items, table = levels
    full = np.array(table["form"].to_pylist()) == "full"
    rest = {item["of"]: item["item_rest"] for item in of(rows, "item")}
    for row in of(rows, "factor"):
        members = [f"{row['of']}.1", f"{row['of']}.2"]
        found = reliability_of(sum_products(answers[full][:, [items.index(item) for item in members]], members))
        assert row["alpha"] == pytest.approx(found.alpha, rel=1e-9)
        assert (row["omega"], row["rule"]) == (None, "pairwise"), "two items have an alpha and no omega"
        assert [rest[member] for member in members] == pytest.approx(list(found.item_rest), rel=1e-9)


@pytest.mark.parametrize("complete", [False, True])
def test_omega_of_three_items_and_the_rule_for_missing_answers(office, complete):
    office.write(design="psu: psu\nstrata: unit\nitems: {A: [q01, q02, q03]}\nnot_applicable: 9\n")
    more = ["--complete"] if complete else []
    (row,) = of(rows_of("quality", office.data, "--design", office.folder / "design.yaml", *more), "factor")
    answers = [[int(each[q]) if each[q] not in ("", "9") else 0 for q in ("q01", "q02", "q03")] for each in office.rows]
    found = reliability_of(sum_products(answers, ["q01", "q02", "q03"], complete=complete))
    assert (row["alpha"], row["omega"]) == pytest.approx((found.alpha, found.omega), rel=1e-6)
    assert row["rule"] == ("complete" if complete else "pairwise")


def test_forms_of_one_level_are_counted_by_domain(rows, levels):
    answers, _, table = levels
    unit = np.array(table["unit"].to_pylist())
    for row in of(rows, "domain"):
        here = np.ones(len(unit), bool) if not row["domain"] else unit == row["domain"]["unit"]
        enough = (answers[here] > 0).sum(axis=1) >= 5
        assert row["forms"] == here.sum()
        expected = straight_lines(answers[here]).sum() / enough.sum() if enough.any() else None
        assert row["straight"] == (None if expected is None else pytest.approx(expected, rel=1e-12))


def test_a_question_that_the_form_does_not_ask_is_not_passed_over(rows, levels):
    """Every other commune has the short form: half of the people never saw the items of the full one."""
    _, _, table = levels
    form = np.array(table["form"].to_pylist())
    items = {row["of"]: row for row in of(rows, "item")}
    column = table["B1.1"].to_pylist()
    asked = [value for value, which in zip(column, form, strict=True) if which == "full"]
    assert items["B1.1"]["missing"] == sum(value is None for value in asked)
    assert items["B1.1"]["answered"] + items["B1.1"]["not_applicable"] + items["B1.1"]["missing"] == len(asked)
    assert items["B1.1"]["nonresponse"] < 0.1
    assert items["B1.0"]["answered"] + items["B1.0"]["missing"] < len(column)


def test_units_that_answer_out_of_proportion_are_asked_about(rows, province):
    with (province / "dossiers.csv").open(encoding="utf-8") as file:
        handled = [row for row in csv.DictReader(file) if row["month"] < "2026"]
    whole, *units = of(rows, "domain")
    assert whole["dossiers"] == sum(int(row["dossiers"]) for row in handled)
    for row in units:
        dossiers = sum(int(each["dossiers"]) for each in handled if each["unit"] == row["domain"]["unit"])
        assert (row["dossiers"], row["rate"]) == (dossiers, pytest.approx(row["forms"] / dossiers))
        assert ("eager" in row["flags"]) == (row["times"] >= 3 and row["forms"] >= 30)
    assert any(row["flags"] == ["eager"] for row in units)


def test_a_unit_that_nobody_answered_for_is_a_row(province, tmp_path):
    frame = tmp_path / "dossiers.csv"
    frame.write_text((province / "dossiers.csv").read_text("utf-8") + "99999,land,2025-10,77\n", "utf-8")
    rows = rows_of("quality", province / "first.parquet", "--frame", frame, "--by", "unit")
    (silent,) = [row for row in of(rows, "domain") if row["domain"] == {"unit": "99999"}]
    assert (silent["forms"], silent["dossiers"], silent["flags"]) == (0, 77, ["no answers"])


def test_clusters_are_alike_by_the_intraclass_correlation(rows):
    items = of(rows, "item")
    assert all(0 < row["icc"] < 0.3 for row in items if row["of"] != "B3.0")
    assert all(row["deff"] > 0.5 for row in items)


def test_the_intraclass_correlation_is_that_of_the_answers_whatever_their_weights(tmp_path):
    """Each item has the effect of its own weights: q01 was asked where they are uneven, q02 where they are not."""
    draw = np.random.default_rng(4)
    lines = ["psu,w,v,q01,q02"]
    for psu in range(120):
        lean = draw.normal(0, 0.6)
        for _ in range(20):
            uneven = draw.random() < 0.5
            level = str(int(np.clip(np.round(3.6 + lean + draw.normal()), 1, 5)))
            w = draw.choice([1, 20], p=[0.8, 0.2]) if uneven else 5
            lines.append(f"{psu},{w},1,{level if uneven else ''},{'' if uneven else level}")
    (tmp_path / "a.csv").write_text("\n".join(lines) + "\n", "utf-8")
    found = {}
    for weights in ("w", "v"):
        (tmp_path / "d.yaml").write_text(f"weights: {weights}\npsu: psu\nitems: [q01, q02]\n", "utf-8")
        rows = of(rows_of("quality", tmp_path / "a.csv", "--design", tmp_path / "d.yaml"), "item")
        found[weights] = {row["of"]: (row["deff"], row["icc"]) for row in rows}
    assert found["w"]["q01"][0] > 2 * found["v"]["q01"][0]
    for item in ("q01", "q02"):
        assert found["w"][item][1] == pytest.approx(found["v"][item][1], abs=0.06)
        assert 0.1 < found["w"][item][1] < 0.3


def test_plain_table_is_looked_at_as_well(office):
    office.write()
    rows = rows_of("quality", office.data, "--design", office.folder / "design.yaml", "--by", "unit")
    items = {row["of"]: row for row in of(rows, "item")}
    answers = [row["q03"] for row in office.rows]
    assert items["q03"]["missing"] == answers.count("")
    assert items["q03"]["not_applicable"] == answers.count("9")
    (factor,) = of(rows, "factor")
    assert (factor["of"], factor["omega"]) == ("A", None), "two items have an alpha and no omega"
    printed = call("quality", office.data, "--design", office.folder / "design.yaml").stdout
    assert "forms per dossier" not in printed
    assert "passed over" in printed


def test_table_is_written_with_every_kind_of_row(province, tmp_path):
    out = tmp_path / "quality.csv"
    assert call("quality", province / "first.parquet", "--by", "unit", "--out", out).exit_code == 0
    rows = list(csv.DictReader(out.read_text("utf-8-sig").splitlines()))
    assert {row["what"] for row in rows} == {"domain", "item", "factor"}


def test_unknown_column_is_refused(province):
    result = call("quality", province / "first.parquet", "--by", "commune")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "commune" in say(result.exception)
