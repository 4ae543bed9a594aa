"""`sipas rank` as an analyst calls it: words first, ranks only as what they may be."""

import csv

import pytest

from analysis import estimate, frame_weights, rank_sets, read_snapshot, tabulate
from analysis.comparison.differences import figures_of
from sipas.i18n import say
from tests.sipas.estimating.calls import call, rows_of


@pytest.fixture(scope="module")
def rows(province):
    return rows_of("rank", province / "first.parquet", "--frame", province / "dossiers.csv", "--by", "unit")


@pytest.fixture(scope="module")
def direct(province):
    """Cells and weights of the same, in a few lines of a notebook."""
    cells = tabulate(read_snapshot(province / "first.parquet"), ["unit"], keep=["field", "month"])
    with (province / "dossiers.csv").open(encoding="utf-8") as file:
        cellwise = [row for row in csv.DictReader(file) if row["month"] < "2026"]
    dossiers = {(row["unit"], row["field"], row["month"]): int(row["dossiers"]) for row in cellwise}
    return cells, frame_weights(cells, dossiers)


def test_sets_of_ranks_are_those_of_the_statistics(rows, direct):
    cells, weights = direct
    joint = figures_of(cells, weights, ["overall"], [{}, *(row["domain"] for row in rows)])
    assert all(0 < row["estimate"] < 1 for row in rows)
    sets = rank_sets(joint.value[1:], joint.covariance[1:, 1:], df=joint.df[1:])
    assert [(row["rank"], row["rank_low"], row["rank_high"]) for row in rows] == list(
        zip(sets.rank.tolist(), sets.low.tolist(), sets.high.tolist(), strict=True)
    )
    assert [row["rank"] for row in rows] == sorted(row["rank"] for row in rows)
    assert {row["method"] for row in rows} == {"holm"}


def test_three_words_follow_from_the_difference_to_the_whole(rows, province):
    compared = rows_of("compare", province / "first.parquet", "--frame", province / "dossiers.csv", "--by", "unit")
    by_unit = {row["domain"]["unit"]: row for row in compared}
    for row in rows:
        gap = by_unit[row["domain"]["unit"]]
        word = "not distinguishable" if gap["adjusted"] >= 0.05 else "above" if gap["difference"] > 0 else "below"
        assert row["standing"] == word
    fields = rows_of("rank", province / "first.parquet", "--frame", province / "dossiers.csv", "--by", "field")
    assert {row["standing"] for row in fields} > {"not distinguishable"}


def test_interval_beside_the_rank_is_the_one_of_estimate(rows, direct):
    table = estimate(*direct, by=["unit"])
    own = table.row("overall", unit=rows[0]["domain"]["unit"])
    assert (rows[0]["low"], rows[0]["high"]) == pytest.approx((own["low"], own["high"]), rel=1e-12)
    assert rows[0]["n"] == own["n"]


def test_stepdown_names_its_draws_and_seed_and_repeats_itself(province):
    arguments = ("rank", province / "first.parquet", "--by", "field", "--method", "stepdown", "--draws", "2000")
    first, again = rows_of(*arguments, "--seed", "7"), rows_of(*arguments, "--seed", "7")
    assert first == again
    assert first[0]["method"] == "stepdown draws=2000 seed=7"


def test_a_domain_with_one_cluster_is_shown_but_not_ranked(office):
    office.write(edit=lambda row: row | ({"field": "khác"} if row["unit"] == "03646" and row["psu"] == "1" else {}))
    rows = rows_of("rank", office.data, "--design", office.folder / "design.yaml", "--by", "field")
    (lone,) = [row for row in rows if row["domain"] == {"field": "khác"}]
    assert (lone["rank"], lone["rank_low"], lone["standing"]) == (None, None, None)
    assert "not ranked" in lone["flags"]
    assert {row["ranked"] for row in rows} == {2}
    printed = call("rank", office.data, "--design", office.folder / "design.yaml", "--by", "field").stdout
    assert "overall; domains ranked together (holm): 2" in printed


def test_table_never_prints_a_bare_rank(province):
    result = call("rank", province / "first.parquet", "--by", "unit")
    assert "domains ranked together (holm): 24" in result.stdout
    assert "rank between" in result.stdout
    assert "Unweighted" in result.stderr
    line = next(line for line in result.stdout.splitlines() if "unit dept-0" in line)
    assert "–" in line


def test_workbook_is_written(province, tmp_path):
    out = tmp_path / "ranks.xlsx"
    result = call("rank", province / "first.parquet", "--by", "unit", "--out", out)
    assert (result.exit_code, result.stdout) == (0, "")
    assert out.stat().st_size > 1000


def test_nothing_to_rank_is_refused(office):
    office.write()
    design = office.folder / "design.yaml"
    design.write_text("psu: psu\nitems: [q01]\n", "utf-8")
    office.data.write_text("psu,unit,q01\n1,a,5\n2,a,4\n1,b,1\n", "utf-8")
    result = call("rank", office.data, "--design", design, "--by", "unit")
    assert result.exit_code == 1
    assert "needs two domains with a standard error" in say(result.exception)


def test_domains_must_be_named(province):
    result = call("rank", province / "first.parquet")
    assert result.exit_code == 2
    assert "--by" in result.stderr
