"""`sipas estimate` as an analyst calls it: what it prints where, what it writes, how it refuses, how it ends."""

import csv
import json
import re
import subprocess
import sys
from importlib import resources

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import analysis
from analysis import Codebook, read_snapshot, write_snapshot
from analysis.data.design import LONELY
from sipas.cli.analyst import common
from sipas.cli.analyst import estimate as command
from sipas.estimating.writing import WRITERS
from sipas.fieldwork.models import PopulationCount
from sipas.i18n import say, speaking
from sipas.publishing.build import release_figures
from tests.sipas.estimating.calls import call, rows_of, write_waves

KEYS = {
    "domain",
    "of",
    "n",
    "estimate",
    "se",
    "df",
    "deff",
    "low",
    "high",
    "method",
    "level",
    "reliability",
    "flags",
}
DESIGN = "weights: w\nstrata: stratum\npsu: psu\nitems: {A: [q01, q02], B: [q03]}\nsatisfied: 4\nnot_applicable: 9\n"


def test_json_is_a_list_of_rows_with_the_keys_that_scripts_rely_on(office):
    rows = office.estimates("--by", "unit", "--by", "unit,field")
    assert {frozenset(row) >= KEYS for row in rows} == {True}
    domains = [tuple(row["domain"].items()) for row in rows]
    assert domains[0] == ()
    assert (("unit", "03646"),) in domains
    assert (("unit", "03646"), ("field", "đất đai")) in domains
    whole = {row["of"]: row for row in rows if row["domain"] == {}}
    assert list(whole) == ["q01", "q02", "q03", "A", "B", "overall"]
    assert whole["q01"]["estimate"] == pytest.approx(office.share("q01"), rel=1e-14)
    assert 0 < whole["q01"]["low"] < whole["q01"]["estimate"] < whole["q01"]["high"] < 1
    assert whole["q01"]["method"].startswith("wilson_shared")
    assert whole["q01"]["level"] == 0.95


def test_not_applicable_and_empty_are_outside_the_denominator(office):
    whole = {row["of"]: row for row in office.estimates() if row["domain"] == {}}
    assert (whole["q01"]["n"], whole["q03"]["n"]) == (office.answered("q01"), office.answered("q03"))


def test_item_that_nobody_answered_is_a_row_with_nulls_and_a_flag(office):
    rows = office.estimates("--by", "unit", edit=lambda row: row | ({"q02": ""} if row["unit"] == "03646" else {}))
    (row,) = [row for row in rows if row["domain"] == {"unit": "03646"} and row["of"] == "q02"]
    assert row["n"] == 0
    assert [row[key] for key in ("estimate", "se", "deff", "low", "high", "reliability")] == [None] * 6
    assert "no answers" in row["flags"]


def test_factor_and_whole_that_nobody_answered_have_no_forms_either(office):
    """Their n counts forms, but forms without a single answer to their items stand behind nothing."""
    rows = office.estimates(edit=lambda row: row | {"q03": ""})
    forms = {row["of"]: row["n"] for row in rows}
    assert (forms["A"], forms["overall"]) == (24, 24)
    assert (forms["q03"], forms["B"]) == (0, 0)


@pytest.mark.parametrize("kind", ["csv", "semicolons", "xlsx", "parquet"])
def test_every_kind_of_file_gives_the_same_digits(office, kind):
    expected = office.estimates("--by", "unit,field")
    assert office.estimates("--by", "unit,field", kind=kind) == expected


def test_order_of_rows_does_not_matter(office):
    forward, backward = office.estimates("--by", "unit"), None
    office.rows.reverse()
    backward = office.estimates("--by", "unit")
    assert backward == forward


def test_design_may_leave_out_weights_strata_and_psu_and_says_unweighted(office):
    result = office.run("--json", design="items: [q01, q02]\n")
    assert "Unweighted" in result.stderr
    rows = json.loads(result.stdout)
    assert all("unweighted" in row["flags"] for row in rows)
    shares = [row["q01"] for row in office.rows if row["q01"]]
    assert rows[0]["estimate"] == pytest.approx(sum(answer in "45" for answer in shares) / len(shares), rel=1e-14)
    assert rows[0]["df"] == len(shares) - 1


def test_calibration_reaches_its_totals_and_narrows_nothing_by_guessing(office):
    plain = office.estimates()[0]
    post = office.estimates(design=DESIGN + "poststratify: {unit: {'03646': 900, '03664': 100}}\n")[0]
    raked = office.estimates(design=DESIGN + "rake: {unit: {'03646': 900, '03664': 100}}\n")[0]
    assert post["estimate"] != plain["estimate"]
    assert raked["estimate"] == pytest.approx(post["estimate"], rel=1e-10)
    assert raked["se"] == pytest.approx(post["se"], rel=1e-8)


def test_table_for_people_has_a_block_per_domain(office):
    result = office.run("--by", "unit")
    assert result.exit_code == 0
    assert "answers.csv: 24 rows" in result.stdout
    assert "All answers" in result.stdout
    assert "unit 03646" in result.stdout
    assert "95% interval" in result.stdout
    line = next(line for line in result.stdout.splitlines() if line.strip().startswith("overall"))
    assert "%" in line


def test_table_speaks_vietnamese_with_decimal_commas(office):
    with speaking("vi"):
        printed = office.run().stdout
    shares = [word for word in printed.split() if word.endswith("%")]
    assert shares
    assert all("," in share for share in shares if share != "95%")


@pytest.mark.parametrize("method", ["kg_nchs", "logit", "wilson", "beta", "likelihood"])
def test_interval_and_level_are_chosen_by_name(office, method):
    row = office.estimates("--interval", method, "--level", "0.9")[0]
    assert (row["method"], row["level"]) == (method, 0.9)


def test_help_offers_what_the_statistics_have():
    """Named twice so that `--help` need not load the statistics."""
    assert set(command.INTERVALS) == set(analysis.INTERVALS)
    assert set(command.VARIANCES) == set(analysis.VARIANCES)
    assert set(common.LONELY) == set(LONELY)
    assert set(common.SUFFIXES) == set(WRITERS)


@pytest.mark.parametrize(
    ("language", "heading"), [("en", "## Methods of intervals"), ("vi", "## Các cách tính khoảng")]
)
def test_the_manual_says_of_each_interval_what_it_computes(language, heading):
    name = {"en": "estimate.md", "vi": "vi/estimate.md"}[language]
    manual = resources.files("sipas.docs").joinpath(name).read_text("utf-8")
    table = manual.partition(heading)[2].partition("\n\n`sipas compare`")[0]
    first_cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    assert sorted(re.findall("`(.+?)`", " ".join(first_cells))) == sorted(analysis.INTERVALS)


def test_csv_for_excel_keeps_codes_and_letters(office, tmp_path):
    out = tmp_path / "out.csv"
    result = office.run("--by", "unit,field", "--out", str(out))
    assert (result.stdout, result.exit_code) == ("", 0)
    assert "estimates written to" in result.stderr
    assert out.read_bytes().startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(out.read_text("utf-8-sig").splitlines()))
    expected = office.estimates("--by", "unit,field")
    assert len(rows) == len(expected)
    assert {(row["unit"], row["field"]) for row in rows} >= {("", ""), ("03646", "đất đai")}
    assert float(rows[0]["estimate"]) == expected[0]["estimate"]


def test_workbook_keeps_codes_as_text(office, tmp_path):
    out = tmp_path / "out.xlsx"
    office.run("--by", "unit", "--out", str(out))
    header, *rows = openpyxl.load_workbook(out).active.iter_rows(values_only=True)
    assert "03646" in {row[header.index("unit")] for row in rows}
    assert rows[0][header.index("estimate")] == pytest.approx(office.estimates()[0]["estimate"], rel=1e-14)


def test_parquet_holds_unrounded_numbers_and_typed_columns(office, tmp_path):
    out = tmp_path / "out.parquet"
    office.run("--by", "unit", "--out", str(out))
    table = pq.read_table(out)
    assert table["estimate"][0].as_py() == office.estimates()[0]["estimate"]
    assert pa.types.is_floating(table.schema.field("se").type)
    assert "03646" in table["unit"].to_pylist()


def test_refused_run_leaves_an_older_result_alone_and_no_half_file(office, tmp_path):
    out = tmp_path / "out.csv"
    out.write_text("older", "utf-8")
    result = office.run("--out", str(out), edit=lambda row: row | {"w": "0"})
    assert result.exit_code == 1
    assert out.read_text("utf-8") == "older"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["answers.csv", "design.yaml", "out.csv"]


def test_snapshot_needs_no_design(office, tmp_path):
    table = pa.table(
        {
            "stratum": ["a"] * 6,
            "psu": ["1", "1", "2", "2", "3", "3"],
            "unit": ["03646", "03646", "03664"] * 2,
            "q": pa.array([5, 4, 2, None, -1, 3], pa.int8()),
        }
    )
    columns = {"strata": ("stratum",), "psu": ("psu",)}
    codebook = Codebook.plain(["q"], not_applicable=(-1,))
    codebook = Codebook(items=codebook.items, columns=columns, simulated=True)
    write_snapshot(tmp_path / "wave.parquet", table, codebook)
    result = office.invoke(str(tmp_path / "wave.parquet"), "--by", "unit", "--json")
    assert result.exit_code == 0
    assert "simulated" in result.stderr
    rows = json.loads(result.stdout)
    assert (rows[0]["of"], rows[0]["n"], rows[0]["estimate"]) == ("q", 4, 0.5)
    assert "unweighted" in rows[0]["flags"]


@pytest.mark.parametrize(
    ("cell", "value", "complaint"),
    [
        ("q01", "6", "answers.csv, line 2, column q01: “6” is no level of the scale 1–5"),
        ("q01", "4.5", "answers.csv, line 2, column q01: “4.5” is no level"),
        ("w", "-1", "answers.csv, line 2, column w: the weight -1 is below 0"),
        ("w", "", "answers.csv, line 2, column w: the weight is empty"),
        ("w", "nan", "answers.csv, line 2, column w: “nan” is not a number"),
        ("stratum", "alone", "answers.csv, line 2, column stratum: the stratum “alone” has a single PSU"),
        ("psu", "", "answers.csv, line 2, column psu: this cell is empty"),
    ],
)
def test_bad_cell_is_refused_with_place_value_and_remedy(office, cell, value, complaint):
    office.rows[0][cell] = value
    result = office.run("--json")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert complaint in say(result.exception)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_row_of_weight_zero_is_in_no_number_of_answers(office, kind):
    office.rows[0] |= {"w": "0", "q01": "1"}
    (row,) = [row for row in office.estimates(kind=kind) if row["of"] == "q01" and not row["domain"]]
    assert row["n"] == office.answered("q01") - 1
    assert row["estimate"] == pytest.approx(office.share("q01"))


@pytest.mark.parametrize(
    ("cell", "value", "complaint"),
    [
        ("q01", "6", "answers.parquet, row 1, column q01: “6” is no level of the scale 1–5"),
        ("w", "-1", "answers.parquet, row 1, column w: the weight -1.0 is below 0"),
        ("w", "nan", "answers.parquet, row 1, column w: the weight is empty"),
        ("stratum", "alone", "answers.parquet, row 1, column stratum: the stratum “alone” has a single PSU"),
        ("psu", " ", "answers.parquet, row 1, column psu: this cell is empty"),
    ],
)
def test_bad_cell_of_a_streamed_file_is_named_as_well(office, cell, value, complaint):
    office.rows[0][cell] = value
    result = office.run("--json", kind="parquet")
    assert (result.exit_code, result.stdout) == (1, "")
    assert complaint in say(result.exception)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize(
    ("design", "complaints"),
    [
        ("psu: one", ["all rows lie in a single PSU"]),
        ("fpc: 20", ["design.yaml: `fpc` says that the population has 20 units, but 24 were sampled"]),
        (
            "strata: unit\nfpc: few",
            ["1, column few: the population count 11 is less than the 12 units sampled in “03646”"],
        ),
        ("fpc: uneven", ["column uneven: the population count 31 differs from 30", "in the same stratum or PSU"]),
        ("poststratify: {unit: {03646: 5, 03664: 5, 1: 5}}", ["design.yaml, line 2: there is a total for 1 (unit)"]),
        ("rake: {unit: {03646: 5}}", ["column unit: “03664” has no total in design.yaml, line 2"]),
        ("rake: {unit: {03646: 5, 03664: 4}, field: {đất đai: 8}}", ["design.yaml, line 2: the margins disagree"]),
    ],
)
def test_design_that_contradicts_the_data_is_refused_with_the_place(office, design, complaints, kind):
    for place, row in enumerate(office.rows):
        row.update(one="1", few="11", uneven="30" if place < 5 else "31")
    result = office.run("--json", design=f"items: [q01]\n{design}\n", kind=kind)
    assert (result.exit_code, result.stdout) == (1, "")
    told = say(result.exception).replace("line 2, column", "row 1, column")
    assert [complaint for complaint in complaints if complaint not in told] == []


def test_lonely_stratum_is_estimated_when_told_how(office):
    office.rows[0]["stratum"] = "alone"
    errors = {lonely: office.estimates("--lonely", lonely)[0]["se"] for lonely in ("remove", "centre", "average")}
    assert len(set(errors.values())) == 3
    assert office.estimates(design=DESIGN + "lonely: centre\n")[0]["se"] == errors["centre"]


def test_missing_columns_are_refused(office):
    result = office.run("--by", "commune", design=DESIGN.replace("psu: psu", "psu: cluster"))
    assert result.exit_code == 1
    told = say(result.exception)
    assert "cluster (named under psu)" in told
    assert "commune (named under --by)" in told


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--interval", "guess"], "guess"),
        (["--level", "95"], "a level lies between 0 and 1"),
        (["--out", "result.doc"], "must end in .csv, .xlsx, .parquet"),
        (["--out", "no/such/folder/result.csv"], "folder"),
        (["--by", "unit,,field"], "no list of columns"),
        (["--lonely", "skip"], "skip"),
        (["--colour"], "--colour"),
    ],
)
def test_wrong_call_ends_with_two(office, arguments, complaint):
    result = office.run(*arguments)
    assert result.exit_code == 2
    assert complaint in result.stderr


def test_plain_table_without_design_is_a_wrong_call(office):
    office.run()
    result = office.invoke(str(office.folder / "answers.csv"))
    assert result.exit_code == 2
    assert "say with --design DESIGN.yaml" in result.stderr


def test_process_keeps_results_and_messages_apart_and_ends_as_promised(office):
    office.run()
    done = office.process("--json")
    (note,) = done.stderr.splitlines()  # the PSUs 1 to 4 of both communes
    assert (done.returncode, "column psu: 4 PSU labels stand in more than one stratum" in note) == (0, True)
    assert json.loads(done.stdout)[0]["domain"] == {}
    office.rows[3]["q01"] = "77"
    office.write()
    refused = office.process("--json")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "line 5, column q01: “77” is no level" in refused.stderr
    assert "Traceback" not in refused.stderr
    wrong = office.process("--nothing")
    assert (wrong.returncode, wrong.stdout) == (2, "")


def test_command_starts_without_the_web(office):
    """Flask, SQLAlchemy, pydantic and scipy.stats would cost more than a small file's whole work."""
    office.run()
    script = (
        "import sys; from sipas.cli import group\n"
        f"group({[*office.arguments(), '--json']!r}, standalone_mode=False)\n"
        "heavy = {'flask', 'sqlalchemy', 'scipy.stats', 'scipy.optimize', 'pydantic', 'openpyxl', 'babel'}\n"
        "heavy &= set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=office.environment)
    assert done.returncode == 0, done.stderr


def test_all_that_is_wrong_with_the_weights_is_told_at_once(office):
    for place, value in enumerate(("abc", "inf", "-0.5", "-1", "")):
        office.rows[place]["w"] = value
    told = say(office.run("--json").exception)
    assert "answers.csv has 5 cells" in told
    assert [f"line {place + 2}, column w" in told for place in range(5)] == [True] * 5


def test_one_sided_limit_keeps_all_the_uncertainty_on_one_side(office):
    both, lower = office.estimates()[0], office.estimates("--side", "lower")[0]
    assert both["low"] < lower["low"] < lower["estimate"]
    assert lower["high"] == 1.0


def test_snapshot_is_weighted_to_dossiers_as_a_release_is(province):
    arguments = ("estimate", province / "first.parquet", "--by", "unit", "--lonely", "centre")
    plain, weighted = rows_of(*arguments), rows_of(*arguments, "--frame", province / "dossiers.csv")
    frame = [PopulationCount(**row) for row in _first_quarter(province / "dossiers.csv")]
    released, about = release_figures(read_snapshot(province / "first.parquet"), frame)
    whole = {row["of"]: row for row in weighted if row["domain"] == {}}
    assert about["method"] == "raking"
    assert whole["overall"]["estimate"] == pytest.approx(released.row("overall")["estimate"], abs=6e-4)
    assert whole["overall"]["estimate"] != pytest.approx(plain[-1]["estimate"], abs=1e-3)
    assert "unweighted" not in whole["overall"]["flags"]
    result = call(*arguments, "--frame", province / "dossiers.csv", "--json")
    assert "weighting classes merged" in result.stderr or "simulated" in result.stderr


def _first_quarter(path):
    rows = csv.DictReader(path.read_text("utf-8").splitlines())
    return [{**row, "dossiers": int(row["dossiers"])} for row in rows if row["month"] < "2026"]


@pytest.mark.parametrize("command", ["compare", "rank", "trend", "quality", "improve", "small-areas"])
def test_every_command_of_the_analyst_starts_without_the_web(command, province):
    files = [str(province / "second.parquet"), *([str(province / "first.parquet")] if command == "trend" else [])]
    script = (
        "import sys; from sipas.cli import group\n"
        f"group({[command, *files, '--by', 'unit', '--json']!r}, standalone_mode=False)\n"
        "heavy = {'flask', 'sqlalchemy', 'scipy.stats', 'scipy.optimize', 'pydantic', 'openpyxl', 'babel'}\n"
        "heavy &= set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_snapshot_is_named_by_its_digest_and_an_altered_one_is_refused_with_verify(province, tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq
    from click.testing import CliRunner

    from analysis import read_snapshot
    from sipas.cli import group

    path = tmp_path / "first.parquet"
    path.write_bytes((province / "first.parquet").read_bytes())
    digest = read_snapshot(path).digest
    told = CliRunner().invoke(group, ["estimate", str(path)])
    assert f"first.parquet: snapshot {digest}, as it says itself" in told.stderr
    told = CliRunner().invoke(group, ["estimate", str(path), "--verify", "--json"])
    assert f"first.parquet: snapshot {digest}, verified from its content" in told.stderr
    table = pq.read_table(path)
    item = read_snapshot(path).codebook.item_codes[0]
    place = table.column_names.index(item)
    pq.write_table(table.set_column(place, item, pa.array([5] * len(table), pa.int8())), path)
    for words in (["estimate"], ["rank", "--by", "unit"], ["quality"]):
        refused = CliRunner().invoke(group, [*words, str(path), "--verify"], standalone_mode=False)
        assert "first.parquet was changed" in str(refused.exception), words


def test_figures_of_a_snapshot_without_dossiers_say_how_to_weigh_them(tmp_path):
    write_waves(tmp_path)
    hint = (
        "Unweighted: every answer counts as much as any other, unlike in a release. To weigh them to the dossiers: "
        "`sipas frame save dossiers.csv`, then this command with --frame dossiers.csv"
    )
    first, second, frame = (tmp_path / name for name in ("first.parquet", "second.parquet", "dossiers.csv"))
    assert hint in call("estimate", first).stderr.splitlines()
    assert hint in call("trend", first, second, "--reading", "independent").stderr.splitlines()
    assert "Unweighted" not in call("estimate", first, "--frame", frame).stderr
    panel = call("trend", first, second, "--reading", "panel").stderr  # which cannot be weighted to dossiers
    assert "Unweighted" in panel
    assert "--frame" not in panel
