"""Figures side by side: what they are together, and whom each counts."""

import numpy as np
import pytest

from analysis import Codebook, Design, estimate, tabulate
from analysis.errors import BadMethod
from analysis.estimands.estimands import categories, combined, complete_cases, numeric, pooled, select, straight_lined
from analysis.estimation.estimate import figures
from tests.analysis import by_hand
from tests.analysis.estimation.test_estimate import a_table, cells_of


@pytest.fixture(scope="module")
def cells():
    return cells_of(by_hand.a_sample())


def test_figures_side_by_side_are_shares_or_totals_only_if_each_is(cells):
    share, other = pooled(cells, ["q1"]), pooled(cells, ["A"])
    level = numeric(cells, "visits")
    total = categories(cells, "field").as_total()
    both = combined([share, other])
    assert (both.of, both.kinds) == (("q1", "A"), ("item", "factor"))
    assert (both.share, both.total, both.scoring) == (True, False, "sipas-top2 v1")
    assert combined([share, level]).share is False
    assert combined([total, total]).total is True
    assert combined([total, share]).total is False
    assert both.y.tolist() == np.concatenate([share.y, other.y], axis=1).tolist()
    assert combined([level, share]).scoring == level.scoring


def test_titles_are_joined_in_their_order(cells):
    one, other = pooled(cells, ["q1"]).titles, pooled(cells, ["A", "overall"]).titles
    both = one + other
    assert (both.of, both.kinds) == (("q1", "A", "overall"), ("item", "factor", "overall"))
    assert (both.share, both.total, both.scoring) == (True, False, "sipas-top2 v1")


def test_rows_without_the_label_are_in_no_category_and_not_counted():
    sample = by_hand.a_sample()
    sample["field"] = np.where(np.arange(400) < 50, "", sample["field"])
    table = figures(cells_of(sample), None, categories(cells_of(sample), "field"), by=[])
    assert table.n.tolist() == [[350, 350, 350]]
    w, known = sample["w"], sample["field"] != ""
    for place, label in enumerate(("civil", "land", "tax")):
        share = w[sample["field"] == label].sum() / w[known].sum()
        assert table.value[0, place] == pytest.approx(share)


def test_straight_lines_are_those_of_five_answers_unless_another_number_is_asked():
    sample = by_hand.a_sample(missing=0.3)
    codebook = Codebook.plain(by_hand.ITEMS, missing=[0])
    cells = tabulate(a_table(sample), codebook=codebook, design=Design("stratum", "psu", "w"), straight_lines=5)
    levels = np.column_stack([sample[code] for code in by_hand.CODES])
    enough = (levels > 0).sum(1) >= 5
    assert figures(cells, None, straight_lined(cells)).row("straight lines")["n"] == enough.sum()


def test_of_those_who_answered_all_items_each_has_its_share_and_says_its_rule():
    sample = by_hand.a_sample()
    codebook = Codebook.plain(by_hand.ITEMS, missing=[0])
    cells = tabulate(a_table(sample), codebook=codebook, design=Design("stratum", "psu", "w"), complete=["A"])
    whole = np.logical_and.reduce([sample[code] > 0 for code in by_hand.ITEMS["A"]])
    found = figures(cells, None, complete_cases(cells, "A"))
    assert found.scoring == "sipas-top2 v1"
    for code in by_hand.ITEMS["A"]:
        row = found.row(code)
        share = (sample["w"] * (sample[code] >= 4))[whole].sum() / sample["w"][whole].sum()
        assert (row["n"], row["estimate"]) == (whole.sum(), pytest.approx(share))


def test_a_choice_of_cells_leaves_the_others_in_the_design(cells):
    chosen = np.array([cells.label("unit", code) == "north" for code in cells.code("unit")])
    row = figures(cells, None, select(pooled(cells, ["A"]), chosen), by=[]).row("A")
    same = estimate(cells, by=["unit"]).row("A", unit="north")
    names = ("estimate", "n", "answers", "df")
    assert [row[name] for name in names] == [same[name] for name in names]
    assert row["se"] == pytest.approx(same["se"], rel=1e-10)
    with pytest.raises(BadMethod, match="as long as the cells"):
        select(pooled(cells, ["A"]), chosen[1:])
