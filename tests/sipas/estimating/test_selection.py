"""`sipas selection`, and the trials in `estimate`, `compare`, `rank` and `trend`, as an analyst calls them."""

import csv

import numpy as np
import pyarrow.parquet as pq
import pytest

from analysis import (
    Codebook,
    Design,
    estimate,
    estimated_ratio,
    frame_weights,
    mode_effect,
    read_snapshot,
    selected_share,
    tabulate,
    worth,
)
from analysis.estimands.estimands import pooled
from analysis.selection.response_ratio import reversal_ratio
from tests.sipas.estimating.calls import call, rows_of

DESIGN = "psu: psu\nitems: {A: [q]}\nsatisfied: 4\n"


@pytest.fixture(scope="module")
def whole(province):
    arguments = (province / "first.parquet", "--frame", province / "dossiers.csv")
    return {name: rows_of(name, *arguments, *more) for name, more in {
        "selection": ("--by", "unit", "--target", "0.8", "--of", "overall", "--of", "O"),
        "compare": ("--by", "unit", "--of", "overall", "--of", "O"),
        "rank": ("--by", "unit"),
        "estimate": ("--by", "unit", "--selection", "1.25,1.5"),
    }.items()}  # fmt: skip


def test_estimate_tries_the_ratios_that_are_named(whole, province, tmp_path):
    for row in whole["estimate"]:
        if row["estimate"] is None:
            continue
        assert row["at_1_5"] >= float(selected_share(row["estimate"], 1.5)) - 1e-12
        if row["low"] is not None:
            assert row["at_1_5_low"] <= row["at_1_25_low"] <= row["low"] <= row["high"] <= row["at_1_25_high"]
    out = tmp_path / "e.parquet"
    done = call("estimate", province / "first.parquet", "--frame", province / "dossiers.csv", "--by", "unit",
                "--selection", "1.25,1.5", "--out", out)  # fmt: skip
    assert done.exit_code == 0, done.stderr
    assert pq.read_table(out)["at_1_5_low"].to_pylist() == [row["at_1_5_low"] for row in whole["estimate"]]


def test_without_ratios_estimate_writes_and_prints_what_it_always_did(province):
    rows = rows_of("estimate", province / "first.parquet")
    assert not [name for name in rows[0] if name.startswith("at_")]
    assert "band" not in call("estimate", province / "first.parquet").stdout


def test_the_sentence_above_the_table_says_that_it_is_a_trial(province):
    printed = call("estimate", province / "first.parquet", "--selection", "1.25,1.5").stdout
    assert "If satisfied people answered 1.5 times as readily" in printed
    assert "this is a trial, not a corrected figure" in printed
    assert "band at ×1.25" in printed


@pytest.mark.parametrize("given", ["1,25", "1", "0.5", "x", "1.2;1.5", "inf", "nan"])
def test_ratios_that_say_nothing_are_refused(province, given):
    done = call("estimate", province / "first.parquet", "--selection", given)
    assert done.exit_code == 2
    assert "1.25,1.5" in done.stderr


def test_figures_turn_at_the_target(whole):
    rows = [row for row in whole["selection"] if row["what"] == "figure"]
    assert {row["target"] for row in rows} == {0.8}
    said = 0
    for row in rows:
        if row["low"] is None:
            continue
        assert (row["tipping"] is None) == (row["low"] <= 0.8 <= row["high"])
        if row["tipping"] is not None and row["low"] > 0.8:  # class by class no sooner than from the limits alone
            assert row["tipping"] >= float(reversal_ratio(row["low"], 0.8)) - 1e-9
            said += 1
        if 0 < row["estimate"] < 1:
            assert row["worth_1_5"] == pytest.approx(float(worth(row["estimate"], 1.5)))
    assert said > 5


def test_statements_of_compare_rank_and_selection_turn_at_one_ratio(whole):
    def key(row):
        return row["of"], tuple(row["domain"].items())

    compared = {key(row): row for row in whole["compare"]}
    for row in whole["selection"]:
        if row["what"] == "statement":
            assert (row["tipping"], row["reversal"]) == (compared[key(row)]["tipping"], compared[key(row)]["reversal"])
    for row in whole["rank"]:
        assert row["reversal"] == pytest.approx(compared[key(row)]["reversal"], rel=1e-9)
    for row in whole["compare"]:
        assert (row["tipping"] is not None) == (row["finding"] == "differs")
        assert row["tipping"] is None or 1 <= row["tipping"] < row["reversal"]


@pytest.fixture(scope="module")
def notebook(province):
    """Cells and weights of the first wave, in a few lines of a notebook."""
    cells = tabulate(read_snapshot(province / "first.parquet"), ["unit"], keep=["field", "month", "channel"])
    with (province / "dossiers.csv").open(encoding="utf-8") as file:
        counts = {(row["unit"], row["field"], row["month"]): int(row["dossiers"]) for row in csv.DictReader(file)}
    return cells, frame_weights(cells, {key: n for key, n in counts.items() if key[2] < "2026"})


def test_an_office_turns_where_it_equals_the_rest_of_the_province(whole, notebook):
    """The rest by hand, from all cells that are not the office's."""
    cells, weights = notebook
    all_ = pooled(cells, ["overall"])
    for row in whole["rank"]:
        code = [cells.label("unit", k) for k in range(len(cells.labels["unit"]))].index(row["domain"]["unit"])
        rest = weights.final * (cells.code("unit") != code)
        share = (rest @ all_.y)[0] / (rest @ all_.x)[0]
        if row["reversal"] is not None:
            assert row["reversal"] == pytest.approx(float(reversal_ratio(row["estimate"], share)), rel=1e-9)
    assert sum(row["reversal"] is not None for row in whole["rank"]) > 10


def test_trend_says_at_which_ratio_a_change_turns(tmp_path):
    rng = np.random.default_rng(1)
    for name, share in (("one", 0.7), ("two", 0.85)):
        rows = [(week, 5 if rng.random() < share else 2) for week in range(20) for _ in range(30)]
        _write(tmp_path / f"{name}.csv", ("psu", "q"), rows)
    (tmp_path / "design.yaml").write_text(DESIGN)
    arguments = ("trend", tmp_path / "one.csv", tmp_path / "two.csv", "--design", tmp_path / "design.yaml")
    rows = rows_of(*arguments)
    (change,) = [row for row in rows if row["what"] == "change"]
    shares = [row["estimate"] for row in rows if row["what"] == "wave"]
    assert change["reversal"] == pytest.approx(float(reversal_ratio(*shares)))
    assert 1 < change["tipping"] < change["reversal"]
    assert "turns at" in call(*arguments).stdout


def _write(path, names, rows):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([names, *rows])


@pytest.fixture
def two_samples(tmp_path):
    """600 who came by themselves, 88% satisfied, and 400 drawn, 79%."""
    rng = np.random.default_rng(2)
    rows = [(f"o{n // 10}", "open", "a", 5 if rng.random() < 0.88 else 2) for n in range(600)]
    rows += [(f"d{n // 5}", "drawn", "a", 5 if rng.random() < 0.79 else 2) for n in range(400)]
    _write(tmp_path / "both.csv", ("psu", "sample", "unit", "q"), rows)
    (tmp_path / "design.yaml").write_text(DESIGN)
    return tmp_path, rows


def test_a_reference_sample_is_held_against_those_who_came_by_themselves(two_samples):
    folder, rows = two_samples
    arguments = ("selection", folder / "both.csv", "--design", folder / "design.yaml")
    arguments = (*arguments, "--reference", "sample=drawn", "--response", "0.4")
    (found,) = [row for row in rows_of(*arguments) if row["what"] == "reference"]
    import pyarrow as pa

    sides = []
    for label in ("open", "drawn"):
        psu, q = zip(*((row[0], row[3]) for row in rows if row[1] == label), strict=True)
        table = pa.table({"psu": psu, "q": q})
        own = estimate(tabulate(table, codebook=Codebook.plain({"A": ["q"]}), design=Design(psus="psu"))).row("overall")
        sides.append((own["estimate"], own["low"], own["high"]))
    by_hand = estimated_ratio(*sides)
    assert found["ratio"] == pytest.approx(by_hand.ratio, rel=1e-9)
    assert (found["ratio_low"], found["ratio_high"]) == pytest.approx((by_hand.low, by_hand.high), rel=0.03)
    assert (found["mode"], found["other_mode"], found["response"], found["other_n"]) == ("open", "drawn", 0.4, 400)
    printed = call(*arguments).stdout
    assert (
        "Difference between those who answered by themselves (open) and those asked by chance (drawn, of whom 40.0%"
        in printed
    )
    assert "selection" not in printed.lower()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--reference", "sample=drawn"), "--response"),
        (("--reference", "sample", "--response", "0.4"), "COLUMN=LABEL"),
        (("--reference", "sample=nobody", "--response", "0.4"), "there are drawn, open"),
        (("--reference", "psu=o12", "--response", "0.4"), "labels"),
        (("--response", "0.4"), "--reference"),
        (("--target", "80"), "between 0 and 1"),
        (("--within", "unit"), "--modes"),
        (("--modes", "unit"), "nothing to compare"),
    ],
)
def test_what_cannot_be_compared_is_said(two_samples, more, said):
    folder, _ = two_samples
    done = call("selection", folder / "both.csv", "--design", folder / "design.yaml", *more)
    assert done.exit_code in (1, 2)
    assert said in (done.stderr + str(done.exception))


def test_ways_of_asking_are_compared_within_offices_and_fields(province, notebook):
    arguments = ("selection", province / "first.parquet", "--frame", province / "dossiers.csv", "--modes", "channel")
    found = [row for row in rows_of(*arguments) if row["what"] == "mode"]
    assert found
    for row in found:
        assert row["ratio_low"] < row["ratio"] < row["ratio_high"]
        assert row["strata"] >= 1
        assert row["finding"] in ("differs", "not enough evidence")
    cells, weights = notebook
    names = [cells.label("channel", code) for code in cells.code("channel")]
    group = np.select([np.array(names) == found[0]["mode"], np.array(names) == found[0]["other_mode"]], [1, 0], -1)
    by_hand = mode_effect(cells, weights, pooled(cells, ["overall"]), group, ["unit", "field"])
    assert (found[0]["ratio"], found[0]["ratio_low"]) == pytest.approx((by_hand.ratio, by_hand.low), rel=1e-9)
    assert "Ways of asking" in call(*arguments).stdout


def test_the_size_of_a_reference_sample_is_said():
    assert "1237 people" in call("sample", "reference", "--share", "0.85", "--ratio", "1.25").stdout
    said = call("sample", "reference", "--share", "0.85", "--margin", "0.32", "--response", "0.4").stdout
    assert "978 people" in said
    assert "stays silent" in said
    assert call("sample", "reference", "--share", "0.85").exit_code == 2


def test_where_everybody_is_satisfied_the_limit_stands_for_the_share(tmp_path):
    """No ratio moves 100%; the lower limit is what the statement rests on, and it never says "infinitely sure"."""
    rng = np.random.default_rng(5)
    rows = [(f"a{n // 10}", "a", 5) for n in range(200)]
    rows += [(f"b{n // 10}", "b", 5 if rng.random() < 0.6 else 2) for n in range(400)]
    _write(tmp_path / "t.csv", ("psu", "unit", "q"), rows)
    (tmp_path / "design.yaml").write_text(DESIGN)
    arguments = (tmp_path / "t.csv", "--design", tmp_path / "design.yaml", "--by", "unit")
    (line,) = rows_of("compare", *arguments, "--between", "domains")
    limits = {row["domain"].get("unit"): row for row in rows_of("estimate", *arguments) if row["of"] == "overall"}
    assert line["estimate"] == 1
    assert line["reversal"] == pytest.approx(float(reversal_ratio(limits["a"]["low"], line["other_estimate"])))
    assert 1 < line["tipping"] < line["reversal"]


def test_a_workbook_shows_trials_in_percent(province, tmp_path):
    import openpyxl

    call("estimate", province / "first.parquet", "--selection", "1.5", "--out", tmp_path / "e.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "e.xlsx")["estimates"]
    names = [cell.value for cell in sheet[1]]
    formats = {name: sheet[2][place].number_format for place, name in enumerate(names)}
    assert {formats[name] for name in ("estimate", "low", "at_1_5", "at_1_5_low", "at_1_5_high")} == {"0.0%"}
