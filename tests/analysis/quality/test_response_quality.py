"""How well a wave was answered."""

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest

from analysis import Codebook, CodebookItem, Design, tabulate
from analysis.quality.response_quality import coverage, item_response, straight_lines
from tests.analysis.province import a_province, levels, snapshot_table


def test_item_response_counts_what_the_rows_hold():
    province = a_province()
    codebook = Codebook(items=tuple(CodebookItem(q.code, factor=q.factor) for q in province.questions))
    table = snapshot_table(province).append_column("form", province.responses["form"].cast("string"))
    cells = tabulate(table, by=["unit"], codebook=codebook, design=Design(strata="stratum", psus="psu"), keep=["form"])
    labels = [cells.label("form", code) for code in cells.code("form")]
    full = item_response(cells, where=np.array(labels) == "full")
    rows = levels(province)[np.array(province.responses["form"].to_pylist()) == "full"]
    for k, found in enumerate(full):
        assert found.item == province.questions[k].code
        if province.questions[k].code not in ("B1.0", "B2.0", "B3.0"):
            assert found.answered == ((rows[:, k] > 0) & (rows[:, k] < 6)).sum()
            assert found.not_applicable == (rows[:, k] == 254).sum()
            assert found.missing == (rows[:, k] == 0).sum()
            assert found.nonresponse == pytest.approx(0.03, abs=0.02)
    assert sum(found.answered for found in item_response(cells)) > sum(found.answered for found in full)


def test_an_item_nobody_had_before_them_has_no_rate():
    codebook = Codebook(items=(CodebookItem("q"),))
    cells = tabulate(pa.table({"q": [-1, -1]}), codebook=codebook, design=Design())
    assert [(found.not_applicable, found.nonresponse) for found in item_response(cells)] == [(2, None)]


def test_one_stroke_is_one_level_in_enough_answers():
    forms = [[4] * 6, [4, 4, 4, 4, 0, -1], [4, 4, 4, 4, 4, 0], [0] * 6, [1, 2, 1, 2, 1, 2]]
    assert straight_lines(forms).tolist() == [True, False, True, False, False]
    assert straight_lines(forms, least=4).tolist() == [True, True, True, False, False]
    assert straight_lines([[5.0, np.nan, 5.0]], least=2).tolist() == [True]


def test_over_eager_offices_of_the_province_are_flagged():
    province = a_province(small=0.0, volume=6.0)
    received = Counter()
    for row in province.frame.to_pylist():
        received[row["unit"]] += row["dossiers"]
    found = coverage(Counter(province.responses["unit"].to_pylist()), received)
    assert {unit.name for unit in found if unit.flag == "eager"} == province.eager_units


def test_units_on_one_side_only_are_named():
    found = {unit.name: unit for unit in coverage({"a": 40, "x": 3}, {"a": 400, "b": 50})}
    assert (found["x"].flag, found["x"].rate) == ("no dossiers", None)
    assert (found["b"].flag, found["b"].rate) == ("no answers", 0)
    assert coverage({"a": 4}, {"a": 40})[0].times is None


@pytest.mark.parametrize(
    ("answers", "dossiers", "flag"),
    [(30, 60, "eager"), (29, 58, None), (30, 61, None), (8, 256, "faint"), (7, 224, None), (8, 255, None)],
)
def test_four_times_or_a_quarter_of_the_others_rate_on_thirty_answers(answers, dossiers, flag):
    """The others answer at 0.125 a dossier; thirty answers given, or thirty to be expected."""
    asked = {"eager": 4.0, "faint": 0.25}
    found = coverage({"a": answers, "b": 125}, {"a": dossiers, "b": 1000}, **asked)
    assert found[0].flag == flag
    assert found[0].times == pytest.approx(answers / dossiers * 8)


def test_by_default_three_times_and_a_third():
    found = coverage({"a": 31, "b": 125}, {"a": 82, "b": 1000})
    assert found[0].flag == "eager"  # 3.02 times
    assert coverage({"a": 31, "b": 125}, {"a": 84, "b": 1000})[0].flag is None  # 2.95 times
    assert coverage({"a": 12, "b": 125}, {"a": 290, "b": 1000})[0].flag == "faint"  # 0.331 times
    assert coverage({"a": 12, "b": 125}, {"a": 285, "b": 1000})[0].flag is None  # 0.337 times


def test_a_faint_office_is_flagged_only_where_answers_were_to_be_expected():
    found = {unit.name: unit.flag for unit in coverage({"a": 900, "b": 5, "c": 1}, {"a": 9000, "b": 1000, "c": 30})}
    assert found == {"a": "eager", "b": "faint", "c": None}
