"""`sipas compare` as an analyst calls it: the numbers, the words, what it refuses."""

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from analysis import estimate, holm, read_snapshot, tabulate
from analysis.comparison.contrasts import together
from analysis.comparison.differences import figures_of
from analysis.estimands.estimands import pooled
from sipas.cli import group
from sipas.i18n import say, speaking
from tests.sipas.estimating.calls import call, rows_of

OWN = Path(__file__).parents[2] / "reference" / "own"


def test_each_domain_against_the_whole_counts_their_covariance(province):
    rows = rows_of("compare", province / "first.parquet", "--by", "unit")
    cells = tabulate(read_snapshot(province / "first.parquet"), ["unit"])
    units = [domain["unit"] for domain in (row["domain"] for row in rows)]
    both = together(cells, None, pooled(cells, ["overall"]), [{}, {"unit": units[3]}])
    gap = both.difference(1, 0)
    as_r = rows_of("compare", province / "first.parquet", "--by", "unit", "--df", "design")[3]
    assert (as_r["difference"], as_r["se"], as_r["df"]) == pytest.approx((gap.value, gap.se, gap.df), rel=1e-12)
    joint = figures_of(cells, None, ["overall"], [{}, {"unit": units[3]}])
    own = joint.difference(1, 0)
    assert (rows[3]["difference"], rows[3]["se"]) == pytest.approx((own.value, own.se), rel=1e-12)
    assert rows[3]["df"] == joint.df[1] < gap.df, "the small domain's degrees of freedom, not the province's"
    assert [row["adjusted"] for row in rows] == pytest.approx(holm([row["p"] for row in rows]).tolist(), rel=1e-12)
    assert all((row["finding"] == "differs") == (row["adjusted"] < 0.05) for row in rows)


def test_weights_from_dossiers_reach_the_comparison(province):
    arguments = ("compare", province / "first.parquet", "--by", "field")
    plain, weighted = rows_of(*arguments), rows_of(*arguments, "--frame", province / "dossiers.csv")
    assert [row["domain"] for row in plain] == [row["domain"] for row in weighted]
    assert plain[0]["difference"] != pytest.approx(weighted[0]["difference"], abs=1e-4)


def test_pairs_of_domains_have_the_digits_of_r():
    """R `survey` 4.1.1: tests/reference/own/make_expected.R."""
    case = json.loads((OWN / "clusters.json").read_text("utf-8"))
    (wanted,) = [each for each in case["estimates"] if each["id"] == "wr_by"]
    compared = _of_own_case("weights: w\nstrata: stratum\npsu: psu\nitems: [q01, q02, q03, q04]\n")
    for expected in wanted["differences"]:
        row = compared[expected["a"], expected["b"]]
        assert row["difference"] == pytest.approx(expected["est"], rel=1e-9)
        assert row["se"] == pytest.approx(expected["se"], rel=1e-7)
        assert row["p"] == pytest.approx(expected["p"], rel=1e-6)
        assert row["df"] == wanted["df"]


def _of_own_case(design):
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "design.yaml"
        path.write_text(design, "utf-8")
        rows = rows_of(
            "compare", OWN / "clusters.csv", "--design", path, "--by", "wave", "--between", "domains",
            "--of", "q03", "--df", "design",
        )  # fmt: skip
    return {(row["domain"]["wave"], row["other_domain"]["wave"]): row for row in rows}


def test_figures_are_compared_within_everybody_and_each_domain(province):
    rows = rows_of("compare", province / "first.parquet", "--of", "B1", "--of", "B2", "--of", "O")
    assert [(row["of"], row["other_of"]) for row in rows] == [("B1", "B2"), ("B1", "O"), ("B2", "O")]
    inside = rows_of(
        "compare", province / "first.parquet", "--of", "B1", "--of", "B2", "--by", "field", "--between", "figures"
    )
    assert len(inside) == 7
    assert inside[0]["difference"] == rows[0]["difference"]
    assert inside[0]["se"] < (0.01**2 + inside[0]["se"] ** 2) ** 0.5


def test_a_unit_where_everybody_is_satisfied_is_not_sure_of_itself(office):
    """Its linearised variance is 0; the interval's reach stands in, else five happy forms would beat the province."""

    def happy(row):
        return row | ({"q01": "5", "q02": "5", "q03": "4"} if row["unit"] == "03646" and row["psu"] == "1" else {})

    office.write(edit=happy, design="psu: psu\nstrata: unit\nitems: {A: [q01, q02], B: [q03]}\nnot_applicable: 9\n")
    rows = rows_of("compare", office.data, "--design", office.folder / "design.yaml", "--by", "psu,unit")
    (edge,) = [row for row in rows if row["domain"] == {"psu": "1", "unit": "03646"}]
    assert edge["estimate"] == 1
    assert "edge" in edge["flags"]
    assert edge["se"] > 0.15


def test_two_waves_are_independent_samples_unless_said_otherwise(province):
    rows = rows_of("compare", province / "second.parquet", "--against", province / "first.parquet", "--by", "unit")
    first, second = (
        estimate(tabulate(read_snapshot(province / f"{name}.parquet"), ["unit"])) for name in ("first", "second")
    )
    whole = rows[0]
    assert (whole["domain"], whole["wave"], whole["other_wave"]) == ({}, "second", "first")
    assert whole["reading"] == "independent"
    a, b = second.row("overall"), first.row("overall")
    assert whole["difference"] == pytest.approx(a["estimate"] - b["estimate"], rel=1e-12)
    as_r = rows_of(
        "compare", province / "second.parquet", "--against", province / "first.parquet", "--by", "unit",
        "--df", "design",
    )  # fmt: skip
    assert as_r[0]["se"] == pytest.approx((a["se"] ** 2 + b["se"] ** 2) ** 0.5, rel=1e-12)
    assert whole["df"] == min(a["df"], b["df"])
    assert len(rows) == len(first.domains)


def test_reading_is_chosen_by_the_design_and_named(office, tmp_path):
    office.write()
    later = tmp_path / "later.csv"
    later.write_text(office.data.read_text("utf-8").replace(",5,", ",3,", 6), "utf-8")
    design = office.folder / "design.yaml"
    arguments = ("compare", later, "--against", office.data, "--design", design)
    assert rows_of(*arguments)[0]["reading"] == "independent"
    design.write_text(design.read_text("utf-8") + "waves: panel\n", "utf-8")
    (panel,) = rows_of(*arguments)
    (independent,) = rows_of(*arguments, "--reading", "independent")
    assert panel["reading"] == "panel"
    assert panel["difference"] == pytest.approx(independent["difference"], rel=1e-12)
    assert panel["se"] < independent["se"], "the same clusters are alike"
    assert "panel" in call(*arguments).stderr


def test_panel_keeps_the_calibration_of_each_wave(office, tmp_path):
    calibrated = "items: [q01]\npsu: psu\nstrata: unit\npoststratify: {unit: {'03646': 900, '03664': 100}}\n"
    office.write(design=calibrated)
    later = tmp_path / "later.csv"
    later.write_text(office.data.read_text("utf-8").replace(",5,", ",3,", 6), "utf-8")
    arguments = ("compare", later, "--against", office.data, "--design", office.folder / "design.yaml")
    panel = rows_of(*arguments, "--reading", "panel")[0]
    independent = rows_of(*arguments, "--reading", "independent")[0]
    assert (panel["estimate"], panel["other_estimate"]) == pytest.approx(
        (independent["estimate"], independent["other_estimate"]), rel=1e-12
    )


def test_waves_of_another_questionnaire_are_not_subtracted(province, office):
    office.write()
    result = call("compare", province / "second.parquet", "--against", _other_instrument(province))
    assert result.exit_code == 1
    assert "did not measure the same thing (another questionnaire)" in say(result.exception)


def _other_instrument(province):
    from dataclasses import replace

    from analysis import write_snapshot

    snapshot = read_snapshot(province / "first.parquet")
    path = province / "other.parquet"
    write_snapshot(path, snapshot.table(), replace(snapshot.codebook, version="2", wave="other"))
    return path


def test_table_says_plainly_what_may_be_said(province):
    printed = call("compare", province / "first.parquet", "--by", "field").stdout
    assert "comparisons judged together (holm): 6" in printed
    land = next(line for line in printed.splitlines() if "field land" in line)
    assert "differs" in land
    assert "<0.001" in land
    assert "not enough evidence" in printed
    with speaking("vi"):
        told = CliRunner().invoke(group, ["compare", str(province / "first.parquet"), "--by", "field"]).stdout
    assert "khác biệt" in told
    assert "chưa đủ căn cứ" in told


def test_file_has_a_column_for_each_side(province, tmp_path):
    out = tmp_path / "out.csv"
    result = call("compare", province / "first.parquet", "--by", "field", "--between", "domains", "--out", out)
    assert result.exit_code == 0
    assert result.stdout == ""
    rows = list(csv.DictReader(out.read_text("utf-8-sig").splitlines()))
    assert len(rows) == 15
    assert rows[0]["field"] != rows[0]["other.field"]
    assert float(rows[0]["difference"]) == pytest.approx(
        float(rows[0]["estimate"]) - float(rows[0]["other_estimate"]), abs=1e-12
    )


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "name domains with --by, two figures with --of, or a wave with --against"),
        (["--between", "domains"], "--by names the domains"),
        (["--by", "unit", "--multiplicity", "none"], "none"),
        (["--by", "unit", "--adjust", "holm"], "is --multiplicity"),
        (["--adjust", "field"], "name them with --by"),
        (
            ["--of", "B1", "--of", "B2", "--by", "unit", "--between", "figures", "--adjust", "field"],
            "name them with --by",
        ),
        (["--by", "unit,field", "--adjust", "field"], "field cannot be in --by and in --adjust"),
        (["--by", "unit", "--adjust", "field,"], "is no list of columns"),
        (["--reading", "panel"], "name the other with --against"),
        (["--by", "unit", "--frame", "nothing.csv"], "does not exist"),
    ],
)
def test_wrong_call_ends_with_two(province, arguments, complaint):
    result = call("compare", province / "first.parquet", *arguments)
    assert result.exit_code == 2
    assert complaint in result.stderr


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--by", "unit", "--of", "B9"], "there is no item or factor B9; known are"),
        (["--by", "commune"], "missing columns: commune"),
        (
            ["--by", "unit,field", "--between", "domains", "--of", "B1", "--of", "B2", "--of", "B3"],
            "at most 10000 are made at once",
        ),
    ],
)
def test_bad_name_is_refused_by_name(province, arguments, complaint):
    result = call("compare", province / "first.parquet", *arguments)
    assert (result.exit_code, result.stdout) == (1, "")
    assert complaint in say(result.exception)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("unit,field,month,dossiers\n03600,land,2025-10,x\n", "“x” is no count; write a whole number"),
        ("unit,field,month,dossiers\n03600,land,2025-10,-3\n", "“-3” is no count"),
        ("unit,field,month\n03600,land,2025-10\n", "has no column dossiers"),
        ("unit,field,month,dossiers\n03600,land,2024-10,7\n", "no dossiers of the months 2025-10 to 2025-12"),
    ],
)
def test_bad_frame_is_refused_with_place_and_remedy(province, tmp_path, text, complaint):
    frame = tmp_path / "frame.csv"
    frame.write_text(text, "utf-8")
    result = call("compare", province / "first.parquet", "--by", "unit", "--frame", frame)
    assert result.exit_code == 1
    assert complaint in say(result.exception)


def test_design_weights_are_those_of_the_direct_call(office):
    office.write()
    (row, *_) = rows_of("compare", office.data, "--design", office.folder / "design.yaml", "--by", "unit")
    shares = office.estimates("--by", "unit")
    direct = {each["domain"].get("unit"): each["estimate"] for each in shares if each["of"] == "overall"}
    assert row["difference"] == pytest.approx(direct["03646"] - direct[None], rel=1e-12)


@pytest.mark.parametrize("reading", ["panel", "independent"])
def test_each_wave_may_have_totals_of_its_own(office, tmp_path, reading):
    plain = "items: [q01]\npsu: psu\nstrata: unit\n"
    office.write(design=plain + "rake: {unit: {'03646': 900, '03664': 100}}\n")
    later, other = tmp_path / "later.csv", tmp_path / "later.yaml"
    later.write_text(office.data.read_text("utf-8"), "utf-8")
    other.write_text(plain + "rake: {unit: {'03646': 100, '03664': 900}}\n", "utf-8")
    (row,) = rows_of(
        "compare", later, "--against", office.data, "--design", other, "--design", office.folder / "design.yaml",
        "--reading", reading,
    )  # fmt: skip
    north, south = (
        each["estimate"]
        for each in rows_of("estimate", office.data, "--design", office.folder / "design.yaml", "--by", "unit")
        if each["domain"] and each["of"] == "overall"
    )
    assert row["estimate"] == pytest.approx(0.1 * north + 0.9 * south)
    assert row["other_estimate"] == pytest.approx(0.9 * north + 0.1 * south)


def test_designs_of_a_panel_that_differ_in_more_than_totals_are_refused(office, tmp_path):
    office.write(design="items: [q01]\npsu: psu\n")
    later, other = tmp_path / "later.csv", tmp_path / "later.yaml"
    later.write_text(office.data.read_text("utf-8"), "utf-8")
    other.write_text("items: [q01]\npsu: psu\nstrata: unit\n", "utf-8")
    designs = ("--design", other, "--design", office.folder / "design.yaml")
    result = call("compare", later, "--against", office.data, *designs, "--reading", "panel")
    assert result.exit_code == 1
    assert "may differ in their totals only" in say(result.exception)
    wrong = call("trend", later, office.data, later, *designs)
    assert wrong.exit_code == 2
    assert "once for each of the 3" in wrong.stderr


@pytest.mark.parametrize("between", [["--by", "unit"], ["--of", "q01", "--of", "q02"]])
def test_rows_that_are_their_own_clusters_are_compared_as_well(office, between):
    office.write(design="weights: w\nitems: [q01, q02]\nnot_applicable: 9\n")
    rows = rows_of("compare", office.data, "--design", office.folder / "design.yaml", *between)
    assert all(row["se"] > 0 for row in rows)


def test_few_domains_at_a_time_give_the_same_table(province, monkeypatch):
    arguments = ("compare", province / "first.parquet", "--by", "unit", "--of", "overall", "--of", "O")
    whole = rows_of(*arguments)
    monkeypatch.setattr("sipas.estimating.comparing.ROOM", 1)
    one_by_one = rows_of(*arguments)
    assert sorted(one_by_one, key=str) == sorted(whole, key=str)
    assert [row["of"] for row in one_by_one] == [row["of"] for row in whole]
