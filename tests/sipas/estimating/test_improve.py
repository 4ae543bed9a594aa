"""`sipas improve` as an analyst calls it: association beside performance, and advice only where it can be given."""

from dataclasses import replace

import numpy as np
import pytest

from analysis import estimate, importance_of, read_snapshot, tabulate, write_snapshot
from sipas.i18n import say
from tests.sipas.estimating.calls import call, rows_of


@pytest.fixture(scope="module")
def full(province, tmp_path_factory):
    """The wave's full forms only, so that everybody was asked everything."""
    snapshot = read_snapshot(province / "first.parquet")
    table = snapshot.table()
    kept = table.filter([form == "full" for form in table["form"].to_pylist()])
    items = tuple(item for item in snapshot.codebook.items if not item.code.endswith(".0"))
    path = tmp_path_factory.mktemp("full") / "full.parquet"
    write_snapshot(path, kept, replace(snapshot.codebook, items=items, psus=None))
    return path


def test_shares_of_importance_are_those_of_the_rows(full):
    rows = rows_of("improve", full)
    snapshot = read_snapshot(full)
    table = snapshot.table()

    def person_mean(items):
        levels = np.column_stack([table[item].fill_null(0).to_numpy() for item in items]).astype(float)
        seen = levels > 0
        enough = seen.sum(axis=1) >= (len(items) + 1) // 2
        return np.where(enough, (levels * seen).sum(axis=1) / np.maximum(seen.sum(axis=1), 1), np.nan)

    groups = snapshot.codebook.factor_items
    found = importance_of(
        np.column_stack([person_mean(items) for items in groups.values()]),
        person_mean(["O"]),
        list(groups),
        strata=table["stratum"].to_pylist(),
        psus=table["psu"].to_pylist(),
    )
    ours = {row["of"]: row for row in rows}
    for place, factor in enumerate(found.factors):
        assert ours[factor]["importance"] == pytest.approx(float(found.share[place]), rel=1e-6)
        assert ours[factor]["importance_low"] == pytest.approx(float(found.low[place]), rel=1e-5)
    assert rows[0]["r2"] == pytest.approx(found.r2, rel=1e-6)
    assert rows[0]["persons"] == found.persons
    assert [row["importance"] for row in rows] == sorted((row["importance"] for row in rows), reverse=True)
    assert all("association, not cause" in row["flags"] for row in rows)


def test_performance_is_the_share_that_estimate_gives(full):
    rows = rows_of("improve", full, "--by", "field")
    table = estimate(tabulate(read_snapshot(full), ["field"]))
    for row in rows:
        own = table.row(row["of"], **row["domain"])
        assert (row["performance"], row["low"], row["high"]) == (own["estimate"], own["low"], own["high"])
    assert len({tuple(row["domain"].items()) for row in rows}) == 7


def test_advice_is_given_only_where_the_difference_stands(full):
    for row in rows_of("improve", full, "--by", "field"):
        if row["advice"] == "improve first":
            assert row["difference"] < 0
            assert row["adjusted"] < 0.05
        elif row["advice"] == "keep up":
            assert row["difference"] > 0
            assert row["adjusted"] < 0.05


def test_a_domain_too_small_for_a_model_says_so_and_the_others_stand(full):
    rows = rows_of("improve", full, "--by", "unit,field")
    silent = [row for row in rows if row["importance"] is None]
    assert all(row["flags"] and row["of"] == "" for row in silent)
    assert len(rows) > len(silent)


def test_table_says_association_not_cause(full):
    printed = call("improve", full).stdout
    assert "association, not cause" in printed
    assert "importance" in printed


def test_an_outcome_within_a_factor_would_explain_itself(full):
    result = call("improve", full, "--outcome", "B1.1")
    assert result.exit_code == 1
    assert "B1.1 is one of several items of B1" in say(result.exception)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--outcome", "Z9"], "there is no item Z9; the items are O, B1.1"),
        (["--by", "commune"], "commune"),
    ],
)
def test_bad_name_is_refused_by_name(full, arguments, complaint):
    result = call("improve", full, *arguments)
    assert (result.exit_code, result.stdout) == (1, "")
    assert complaint in say(result.exception)


def test_the_outcome_is_asked_for_where_it_is_not_plain(office):
    office.write()
    result = call("improve", office.data, "--design", office.folder / "design.yaml")
    assert result.exit_code == 1
    assert "with --outcome" in say(result.exception)


def test_plain_table_takes_a_factor_of_one_item_as_outcome(office):
    design = "psu: psu\nstrata: unit\nitems: {speed: [q01], place: [q02], whole: [q03]}\nnot_applicable: 9\n"
    office.write(design=design)
    rows = rows_of("improve", office.data, "--design", office.folder / "design.yaml", "--outcome", "q03")
    assert {row["of"] for row in rows} == {"speed", "place"}
    assert sum(row["importance"] for row in rows) == pytest.approx(rows[0]["r2"], rel=1e-9)
