"""`sipas trend` as an analyst calls it: R's digits in both readings, breaks seen and stated."""

import csv
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from analysis import read_snapshot, write_snapshot
from sipas.i18n import say
from tests.sipas.estimating.calls import call, rows_of

OWN = Path(__file__).parents[2] / "reference" / "own"
BESIDE = Path(__file__).parents[4] / "shared" / "reference"
REFERENCE = Path(os.environ.get("SIPAS_REFERENCE", BESIDE))


def waves_of(data, folder, items):
    """The rows of each wave in a file of its own, and a design that does not name the wave."""
    with data.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    paths = []
    for wave in sorted({row["wave"] for row in rows}):
        paths.append(folder / f"w{wave}.csv")
        with paths[-1].open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(row for row in rows if row["wave"] == wave)
    design = folder / "design.yaml"
    design.write_text(f"weights: w\nstrata: stratum\npsu: psu\nitems: [{', '.join(items)}]\n", "utf-8")
    return paths, design


def test_changes_of_a_panel_have_the_digits_of_r(tmp_path):
    """R `survey` 4.1.1: tests/reference/own/make_expected.R."""
    case = json.loads((OWN / "clusters.json").read_text("utf-8"))
    (wanted,) = [each for each in case["estimates"] if each["id"] == "wr_by"]
    paths, design = waves_of(OWN / "clusters.csv", tmp_path, ["q01", "q02", "q03", "q04"])
    rows = rows_of("trend", *paths, "--design", design, "--of", "q03", "--reading", "panel", "--df", "design")
    changes = {(row["start"], row["end"]): row for row in rows if row["what"] == "change"}
    (slope,) = [row for row in rows if row["what"] == "slope"]
    assert slope["estimate"] == pytest.approx((wanted["est"][2] - wanted["est"][0]) / 2, rel=1e-9)
    for expected in wanted["differences"]:
        row = changes[f"w{expected['a']}", f"w{expected['b']}"]
        assert row["estimate"] == pytest.approx(-expected["est"], rel=1e-9)
        assert row["se"] == pytest.approx(expected["se"], rel=1e-7)
        assert row["p"] == pytest.approx(expected["p"], rel=1e-6)


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="no reference values beside the clone; see SIPAS_REFERENCE")
@pytest.mark.parametrize("reading", ["panel", "independent"])
@pytest.mark.parametrize("case", ["s04_waves", "s06_five_waves"])
def test_both_readings_have_the_digits_of_r(case, reading, tmp_path):
    about = json.loads((REFERENCE / "expected" / f"{case}.json").read_text("utf-8"))
    name = "panel" if reading == "panel" else "indep"
    found = {each["id"]: each for each in about["estimates"]}
    levels, slope = found[f"{name}_by_t_q01_wave"], found[f"{name}_slope_t_q01"]
    paths, design = waves_of(REFERENCE / "data" / f"{case}.csv", tmp_path, ["q01", "q02", "q03"])
    rows = rows_of("trend", *paths, "--design", design, "--of", "q01", "--reading", reading, "--df", "design")
    waves = [row for row in rows if row["what"] == "wave"]
    assert [row["estimate"] for row in waves] == pytest.approx(levels["est"], rel=1e-9)
    assert [row["se"] for row in waves] == pytest.approx(levels["se"], rel=1e-7)
    changes = {(row["end"], row["start"]): row for row in rows if row["what"] == "change"}
    compared = 0
    for expected in levels["differences"]:
        row = changes.get((f"w{expected['a']}", f"w{expected['b']}"))
        if row:
            compared += 1
            assert row["se"] == pytest.approx(expected["se"], rel=1e-7)
            assert row["p"] == pytest.approx(expected["p"], rel=1e-6)
            assert [row["low"], row["high"]] == pytest.approx(expected["ci"], rel=1e-6)
    assert compared >= 2
    (line,) = [row for row in rows if row["what"] == "slope"]
    assert line["estimate"] == pytest.approx(slope["est"], rel=1e-9)
    assert line["se"] == pytest.approx(slope["se"], rel=1e-7)
    assert line["p"] == pytest.approx(slope["p"], rel=1e-6)


def test_waves_of_snapshots_are_named_by_their_code_and_weighted_each(province):
    rows = rows_of(
        "trend", province / "first.parquet", province / "second.parquet", "--frame", province / "dossiers.csv",
        "--by", "unit",
    )  # fmt: skip
    whole = [row for row in rows if row["domain"] == {}]
    assert [(row["what"], row["start"], row["end"]) for row in whole] == [
        ("wave", None, "first"),
        ("wave", None, "second"),
        ("change", "first", "second"),
    ]
    compared = rows_of(
        "compare", province / "second.parquet", "--against", province / "first.parquet",
        "--frame", province / "dossiers.csv",
    )  # fmt: skip
    assert whole[2]["estimate"] == pytest.approx(compared[0]["difference"], rel=1e-12)
    assert whole[2]["se"] == pytest.approx(compared[0]["se"], rel=1e-12)
    assert whole[2]["adjusted"] > whole[2]["p"], "judged together with the units"


def test_another_questionnaire_is_a_break_that_the_files_show(province, tmp_path):
    third = _as_wave(province / "second.parquet", tmp_path / "third.parquet", wave="third", version="2")
    rows = rows_of("trend", province / "first.parquet", province / "second.parquet", third)
    changes = [row for row in rows if row["what"] == "change"]
    assert [row["broken"] for row in changes] == [[], ["instrument"]]
    assert changes[1]["estimate"] is None
    assert not [row for row in rows if row["what"] == "slope"], "two waves have a change, and no slope beside it"


def test_stated_breaks_hold_from_their_wave_on(province, tmp_path):
    third = _as_wave(province / "second.parquet", tmp_path / "third.parquet", wave="third")
    files = (province / "first.parquet", province / "second.parquet", third)
    rows = rows_of("trend", *files, "--break", "second:boundaries,population")
    changes = [row for row in rows if row["what"] == "change"]
    assert [row["broken"] for row in changes] == [["population", "boundaries"], []]
    printed = call("trend", *files, "--break", "second:boundaries").stdout
    assert "break: other boundaries" in printed


def test_a_unit_that_a_wave_lacks_is_a_row_without_answers(province, tmp_path):
    snapshot = read_snapshot(province / "second.parquet")
    table = snapshot.table()
    kept = table.filter([unit != "03600" for unit in table["unit"].to_pylist()])
    write_snapshot(tmp_path / "second.parquet", kept, snapshot.codebook)
    rows = rows_of("trend", province / "first.parquet", tmp_path / "second.parquet", "--by", "unit")
    (lost, change) = [row for row in rows if row["domain"] == {"unit": "03600"} and row["what"] != "slope"][1:]
    assert (lost["n"], lost["estimate"], lost["flags"]) == (0, None, ["no answers"])
    assert (change["estimate"], change["finding"]) == (None, None)


def _as_wave(path, target, **changes):
    snapshot = read_snapshot(path)
    write_snapshot(target, snapshot.table(), replace(snapshot.codebook, **changes))
    return target


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--break", "second"], "is not written as WAVE:ASPECT"),
        (["--break", "second:weather"], "aspects are instrument, population, boundaries, scoring"),
    ],
)
def test_wrong_call_ends_with_two(province, arguments, complaint):
    result = call("trend", province / "first.parquet", province / "second.parquet", *arguments)
    assert result.exit_code == 2
    assert complaint in result.stderr


def test_one_wave_is_no_trend(province):
    result = call("trend", province / "first.parquet")
    assert result.exit_code == 2
    assert "two waves or more" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--break", "third:boundaries"], "the waves are first, second"),
        (["--break", "first:boundaries"], "nothing lies before the first wave first"),
        (["--reading", "panel", "--frame", "FRAME"], "cannot be weighted to dossiers"),
    ],
)
def test_what_cannot_be_is_refused_by_name(province, arguments, complaint):
    arguments = [province / "dossiers.csv" if word == "FRAME" else word for word in arguments]
    result = call("trend", province / "first.parquet", province / "second.parquet", *arguments)
    assert (result.exit_code, result.stdout) == (1, "")
    assert complaint in say(result.exception)


def test_the_same_file_twice_is_refused(province):
    result = call("trend", province / "first.parquet", province / "first.parquet")
    assert result.exit_code == 1
    assert "given twice" in say(result.exception)


def test_a_slope_that_is_found_says_at_which_drift_of_readiness_it_turns(tmp_path):
    shares, people = [70, 76, 82, 90], 100
    rows = [f"w{wave},{person},{5 if person < satisfied else 1}" for wave, satisfied in enumerate(shares)
            for person in range(people)]  # fmt: skip
    (tmp_path / "all.csv").write_text("\n".join(["wave,id,q01", *rows]) + "\n", "utf-8")
    paths, design = waves_of(tmp_path / "all.csv", tmp_path, ["q01"])
    design.write_text("items: [q01]\nsatisfied: 4\n", "utf-8")
    rows = rows_of("trend", *paths, "--design", design, "--of", "q01")
    (slope,) = [row for row in rows if row["what"] == "slope"]
    assert slope["finding"] == "differs"
    assert 1 < slope["tipping"] < slope["reversal"] < 9 / 1 / (7 / 3)
    printed = call("trend", *paths, "--design", design, "--of", "q01").output
    assert f"turns at ×{slope['tipping']:.2f}"[:-1] in printed
    assert "between 1 where the figures are lower" in printed
