"""`sipas compare --adjust`: adjusted shares beside the plain ones, what is told of the model, whom it cannot hold."""

import openpyxl
import pytest
from click.testing import CliRunner

from analysis import adjusted_figures, adjusted_shares, figures_of, holm
from analysis.estimands.estimands import pooled
from sipas.cli import group
from sipas.estimating.opening import opened
from sipas.estimating.survey import DataSource
from sipas.i18n import speaking
from tests.sipas.estimating.calls import call, rows_of


def test_adjusted_differences_stand_beside_the_plain_ones(province):
    arguments = ("compare", province / "first.parquet", "--by", "unit", "--frame", province / "dossiers.csv")
    plain, rows = rows_of(*arguments), rows_of(*arguments, "--adjust", "field")
    for row, own in zip(rows, plain, strict=True):
        assert {key: row[key] for key in ("domain", "of", "n", "finding")} == {
            key: own[key] for key in ("domain", "of", "n", "finding")
        }
        assert (row["difference"], row["se"], row["p"]) == pytest.approx((own["difference"], own["se"], own["p"]))
    source = DataSource(province / "first.parquet", None, province / "dossiers.csv")
    with opened(source, [("unit",)], keep=["field"]) as one:
        shares = adjusted_shares(one.cells, one.weights, pooled(one.cells, ["overall"]), ["unit"], ["field"])
        figures = figures_of(one.cells, one.weights, ["overall"], [{}, *(row["domain"] for row in rows)])
        figures = adjusted_figures(shares, figures)
        gaps = [figures.difference(place, 0) for place in range(1, len(figures))]
    assert [row["margin_estimate"] for row in rows] == pytest.approx(figures.value[1:].tolist(), rel=1e-12)
    assert [row["margin_difference"] for row in rows] == pytest.approx([gap.value for gap in gaps], rel=1e-12)
    assert [row["margin_se"] for row in rows] == pytest.approx([gap.se for gap in gaps], rel=1e-12)
    assert [row["margin_adjusted"] for row in rows] == pytest.approx(holm([gap.p for gap in gaps]).tolist(), rel=1e-12)
    assert all((row["margin_finding"] == "differs") == (row["margin_adjusted"] < 0.05) for row in rows)
    assert all(
        row["composition"] == pytest.approx(row["difference"] - row["margin_difference"], abs=1e-15) for row in rows
    )
    assert rows[0]["adjusted_for"] == ["field"]
    assert max(abs(row["composition"]) for row in rows) > 0.003
    assert all(row["margin_other_estimate"] == pytest.approx(row["other_estimate"], rel=1e-12) for row in rows)


def test_pairs_of_domains_are_adjusted_for_several_columns(province):
    arguments = ("compare", province / "first.parquet", "--by", "unit", "--by", "channel", "--between", "domains")
    rows = rows_of(*arguments, "--adjust", "field,month", "--of", "overall", "--of", "O", "--df", "design")
    assert rows[0]["adjusted_for"] == ["field", "month"]
    known = {(row["of"], *row["domain"].items()): row["margin_estimate"] for row in rows}
    for row in rows:
        ours, theirs = (known.get((row["of"], *row[f"{side}domain"].items())) for side in ("", "other_"))
        assert row["margin_estimate"] == ours
        if None not in (ours, theirs):
            assert row["margin_difference"] == pytest.approx(ours - theirs, abs=1e-12)
    assert len({tuple(row["domain"]) for row in rows}) == 2


def test_table_says_what_is_adjusted_and_what_the_model_supposes(province, tmp_path):
    arguments = ("compare", province / "first.parquet", "--by", "unit", "--adjust", "field")
    result = call(*arguments)
    assert "adjusted" in result.stdout.splitlines()[4]
    assert "predicts for each if it had everybody's mix of field." in result.stdout.splitlines()[-1]
    assert "turns at" not in result.stdout
    out = tmp_path / "out.xlsx"
    assert call(*arguments, "--out", out).exit_code == 0
    book = openpyxl.load_workbook(out)
    heads = [cell.value for cell in book["estimates"][1]]
    assert heads[-3:] == ["composition", "adjusted_for", "overlap"]
    assert book["estimates"].cell(2, 1 + heads.index("margin_difference")).number_format == "0.0%"
    assert any("everybody's mix of field" in (row[0].value or "") for row in book["notes"].rows)
    with speaking("vi"):
        told = CliRunner().invoke(group, [str(each) for each in arguments]).stdout
    assert "hiệu chỉnh" in told
    assert "Adjusted" not in told


OFFICES = "psu: psu\nstrata: unit\nitems: [q01]\n"


def of_offices(folder, counts, adjust="field"):
    """`compare` for a file of {(unit, field): (satisfied, others)}."""
    data, design = folder / "offices.csv", folder / "offices.yaml"
    lines = ["unit,field,psu,q01"]
    for (unit, name), each in counts.items():
        lines += [f"{unit},{name},{k % 3},{level}" for level, n in zip((5, 1), each, strict=True) for k in range(n)]
    data.write_text("\n".join(lines) + "\n", "utf-8")
    design.write_text(OFFICES, "utf-8")
    arguments = ("compare", data, "--design", design, "--by", "unit", "--adjust", adjust, "--of", "q01")
    return arguments, call(*arguments)


SOME = {("a", "x"): (18, 4), ("a", "y"): (6, 4), ("b", "x"): (5, 3), ("b", "y"): (15, 15)}


def test_who_cannot_be_adjusted_has_no_number_and_is_named(tmp_path):
    counts = SOME | {("c", "x"): (9, 0), ("d", "y"): (0, 3), ("e", "z"): (8, 3), ("f", "x"): (7, 3), ("f", ""): (3, 1)}
    arguments, result = of_offices(tmp_path, counts)
    assert (
        "q01: everybody is satisfied in unit c, so that a logistic model has no adjusted share for it" in result.stderr
    )
    assert "q01: nobody is satisfied in unit d, so" in result.stderr
    assert "q01: unit e has no category of field in common with the others, so" in result.stderr
    assert "not all have every category of field; the model fills in: unit f (field y)" in result.stderr
    assert "q01: 4 answers have no field; adjusted shares are without them" in result.stderr
    assert "q01: adjusted shares stand for 89% of all answers; the rest" in result.stderr, "92 of 103"
    rows = {row["domain"]["unit"]: row for row in rows_of(*arguments)}
    assert [name for name, row in rows.items() if row["margin_estimate"] is None] == ["c", "d", "e"]
    assert [rows[name]["margin_adjusted"] for name in "cde"] == [None] * 3
    assert [rows[name]["overlap"] for name in "abe"] == [1, 1, None]
    assert rows["f"]["overlap"] == pytest.approx(49 / 92)


def test_a_category_of_which_everybody_is_satisfied_is_taken_so_for_all(tmp_path):
    arguments, result = of_offices(tmp_path, SOME | {("a", "z"): (4, 0), ("b", "z"): (2, 0), ("a", "n"): (0, 2)})
    assert "q01: everybody is satisfied in field z, and the adjusted shares take it so for all" in result.stderr
    assert "q01: nobody is satisfied in field n, and the adjusted shares take it so for all" in result.stderr
    rows = {row["domain"]["unit"]: row for row in rows_of(*arguments)}
    plain = {row["domain"]["unit"]: row for row in rows_of(*of_offices(tmp_path, SOME)[0])}
    for unit in "ab":
        assert rows[unit]["margin_estimate"] == pytest.approx((plain[unit]["margin_estimate"] * 70 + 6) / 78)
    assert rows["a"]["overlap"] == 1


@pytest.mark.parametrize(
    ("counts", "adjust", "complaint"),
    [
        ({("a", "x"): (5, 2), ("b", "y"): (5, 2)}, "field", "each of unit has one category of field only"),
        (
            {("a", "x"): (9, 0), ("b", "x"): (9, 4), ("b", "y"): (9, 3), ("c", "y"): (0, 9)},
            "field",
            "fewer than two of unit can be compared; the others: a; c",
        ),
        (SOME, "fields", "fields (named under --adjust"),
    ],
)
def test_what_cannot_be_adjusted_at_all_is_refused_by_name(tmp_path, counts, adjust, complaint):
    _arguments, result = of_offices(tmp_path, counts, adjust)
    assert (result.exit_code, result.stdout) == (1, "")
    assert complaint in str(result.exception)


def test_a_figure_that_cannot_be_adjusted_is_told_and_does_not_take_others_along(tmp_path):
    data, design = tmp_path / "two.csv", tmp_path / "two.yaml"
    lines = [
        f"{unit},{name},{k % 3},{1 + k % 5},{5 if name == 'y' else 1 + k * 3 % 5}"
        for unit in "ab"
        for name in "xy"
        for k in range(15)
    ]
    data.write_text("\n".join(["unit,field,psu,q01,q02", *lines]), "utf-8")
    design.write_text("psu: psu\nstrata: unit\nitems: [q01, q02]\n", "utf-8")
    arguments = ("compare", data, "--design", design, "--by", "unit", "--adjust", "field", "--of", "q01", "--of", "q02")
    rows = rows_of(*arguments)
    assert {row["of"]: row["margin_estimate"] is not None for row in rows} == {"q01": True, "q02": False}
    assert "q02 is not adjusted: each of unit has one category of field only, or all" in call(*arguments).stderr
