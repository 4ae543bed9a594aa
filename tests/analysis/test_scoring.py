"""Scoring rules against the worked examples that their authors published."""

import pyarrow as pa
import pytest

from analysis import Codebook, CodebookItem, Design, estimate, tabulate
from analysis.errors import BadMethod
from analysis.scoring import RULES, scoring_named


def answered(counts, levels=None, satisfied=(4, 5)):
    """Everyone a PSU of their own; so many answers per level, lowest first."""
    levels = len(counts) if levels is None else levels
    column = [level for level, count in enumerate(counts, start=1) for _ in range(count)]
    codebook = Codebook(items=(CodebookItem("q", levels=levels, satisfied=satisfied),))
    return tabulate(pa.table({"q": column}), codebook=codebook, design=Design())


@pytest.mark.parametrize(
    ("counts", "hundred", "top"),
    [((23, 46, 153, 419, 528), 79.58, 0.810), ((67, 73, 205, 1276, 4434), 91.03, 0.943)],
)
def test_the_british_score_and_the_top_two_share_of_its_published_examples(counts, hundred, top):
    cells = answered(counts)
    assert estimate(cells, scoring="govuk-100").row("q")["estimate"] == pytest.approx(hundred, abs=0.005)
    assert estimate(cells).row("q")["estimate"] == pytest.approx(top, abs=0.0005)


def test_a_score_over_one_item_per_level_is_what_its_levels_are_worth():
    item = CodebookItem("q")
    assert scoring_named("mean-level").scores(item).tolist() == [1, 2, 3, 4, 5]
    assert scoring_named("onestop-3").scores(CodebookItem("q", levels=3, satisfied=(2, 3))).tolist() == [0, 1, 2]
    assert scoring_named("ikm-2017").scores(CodebookItem("q", levels=4, satisfied=(3, 4))).tolist() == [25, 50, 75, 100]


def test_class_boundaries_are_those_of_the_unrounded_value():
    rule = scoring_named("ikm-2017")
    found = [rule.word(value) for value in (100, 88.31, 88.305, 76.61, 76.6, 65, 64.999, 25)]
    assert found == ["A", "A", "B", "B", "C", "C", "D", "D"]
    assert rule.word(24.9) is None


def test_a_rule_for_other_scales_is_refused():
    with pytest.raises(BadMethod, match="needs three"):
        scoring_named("onestop-3").scores(CodebookItem("q"))
    with pytest.raises(BadMethod, match="needs four"):
        scoring_named("ikm-2017").scores(CodebookItem("q"))
    with pytest.raises(BadMethod, match="sipas-top2"):
        scoring_named("nps")


def test_every_figure_states_its_rule_and_version():
    assert {rule.label for rule in RULES.values()} >= {"sipas-top2 v1", "govuk-100 v1"}
    assert estimate(answered((1, 1, 1, 1, 1))).scoring == "sipas-top2 v1"


def test_not_applicable_lowers_neither_numerator_nor_denominator():
    table = pa.table({"q": [5, 5, 1, -1, None]})
    codebook = Codebook(items=(CodebookItem("q"),))
    row = estimate(tabulate(table, codebook=codebook, design=Design())).row("q")
    assert (row["n"], row["estimate"]) == (3, pytest.approx(2 / 3))
