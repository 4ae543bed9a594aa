"""Weights from dossiers: post-strata by unit and field, mergers by rule, nobody silently left out."""

import numpy as np
import pyarrow as pa
import pytest

from analysis import Codebook, Design, estimate, frame_weights, tabulate
from analysis.errors import BadData, CannotCalibrate

CODEBOOK = Codebook.plain(["q"])


def cells_of(counts, months=("2026-01",), seed=1):
    """So many answers per unit and field, spread over four weeks and the months."""
    rng = np.random.default_rng(seed)
    unit, field = zip(*[key for key, n in counts.items() for _ in range(n)], strict=True)
    table = pa.table({
        "unit": unit, "field": field, "week": rng.integers(0, 4, len(unit)), "month": rng.choice(months, len(unit)),
        "q": rng.integers(1, 6, len(unit)),
    })  # fmt: skip
    return tabulate(table, ["unit", "field"], codebook=CODEBOOK, design=Design("unit", "week"), keep=["month"])


def by(weights, *columns):
    cells, found = weights.cells, {}
    for place in range(len(cells)):
        key = tuple(cells.label(column, cells.codes[column][place]) for column in columns)
        found[key] = found.get(key, 0.0) + weights.final[place] * cells.rows[place]
    return found


def test_each_answer_stands_for_the_dossiers_of_its_unit_and_field():
    counts = {("a", "land"): 20, ("a", "tax"): 40, ("b", "land"): 15}
    frame = {("a", "land"): 1000, ("a", "tax"): 500, ("b", "land"): 90}
    weights = frame_weights(cells_of(counts), frame, columns=("unit", "field"))
    assert by(weights, "unit", "field") == pytest.approx(frame)
    assert weights.diagnostics["merged"] == []
    assert weights.diagnostics["population"] == 1590
    assert not weights.unweighted


def test_small_classes_merge_within_their_unit_and_are_listed():
    counts = {("a", "land"): 20, ("a", "tax"): 3, ("a", "civil"): 4, ("b", "land"): 2}
    frame = {("a", "land"): 1000, ("a", "tax"): 50, ("a", "civil"): 60, ("a", "welfare"): 7, ("b", "land"): 90}
    weights = frame_weights(cells_of(counts), frame, columns=("unit", "field"))
    assert weights.diagnostics["merged"] == [[("a", "civil"), ("a", "land"), ("a", "tax"), ("a", "welfare")]]
    assert by(weights, "unit") == pytest.approx({("a",): 1117, ("b",): 90})


def test_merging_stops_when_a_class_is_large_enough():
    counts = {("a", "land"): 50, ("a", "tax"): 6, ("a", "civil"): 7}
    frame = {("a", "land"): 1000, ("a", "tax"): 50, ("a", "civil"): 60}
    weights = frame_weights(cells_of(counts), frame, columns=("unit", "field"))
    assert weights.diagnostics["merged"] == [[("a", "civil"), ("a", "tax")]]


def test_answers_in_a_field_without_dossiers_join_another_field_of_the_unit():
    counts = {("a", "land"): 50, ("a", "tax"): 30, ("a", "civil"): 12}
    frame = {("a", "land"): 1000, ("a", "tax"): 50}
    weights = frame_weights(cells_of(counts), frame, columns=("unit", "field"))
    assert weights.diagnostics["merged"] == [[("a", "civil"), ("a", "tax")]]
    assert weights.total == pytest.approx(1050)


def test_a_unit_without_answers_is_listed_as_uncovered():
    weights = frame_weights(
        cells_of({("a", "land"): 20}), {("a", "land"): 100, ("b", "land"): 7}, columns=("unit", "field")
    )
    assert weights.diagnostics["uncovered"] == [("b", 7.0)]
    assert weights.diagnostics["population_uncovered"] == 7
    assert weights.total == pytest.approx(100)


def test_answers_of_a_unit_without_any_dossiers_are_refused():
    with pytest.raises(CannotCalibrate, match="answers but no dossiers for z"):
        frame_weights(cells_of({("a", "land"): 20, ("z", "land"): 20}), {("a", "land"): 100}, columns=("unit", "field"))


def test_the_month_is_a_further_margin_over_the_units_that_answered():
    counts = {("a", "land"): 200, ("b", "land"): 200}
    months = ("2026-01", "2026-02", "2026-03")
    frame = {(unit, "land", month): 100.0 * (k + 1) for unit in "ab" for k, month in enumerate(months)}
    frame["c", "land", "2026-01"] = 5000.0
    weights = frame_weights(cells_of(counts, months), frame)
    assert by(weights, "month") == pytest.approx({("2026-01",): 200, ("2026-02",): 400, ("2026-03",): 600})
    assert by(weights, "unit") == pytest.approx({("a",): 600, ("b",): 600})
    assert weights.diagnostics["margins"] == ["month"]


def test_a_month_with_few_answers_joins_its_neighbour():
    counts = {("a", "land"): 200}
    frame = {("a", "land", f"2026-0{month}"): 100.0 for month in (1, 2, 3)}
    weights = frame_weights(cells_of(counts, ("2026-01", "2026-03")), frame)
    assert weights.diagnostics["merged_margins"] == {"month": [["2026-01", "2026-02"]]}
    assert by(weights, "month") == pytest.approx({("2026-01",): 200, ("2026-03",): 100})


def test_a_margin_that_cannot_be_met_is_left_out_and_said():
    table = pa.table({"unit": ["a"] * 20 + ["b"] * 20, "field": ["x"] * 40, "week": [1, 2] * 20,
                      "month": ["1"] * 20 + ["2"] * 20, "q": [4, 2] * 20})  # fmt: skip
    cells = tabulate(table, codebook=CODEBOOK, design=Design("unit", "week"), keep=["month", "field", "unit"])
    frame = {("a", "x", "1"): 50, ("a", "x", "2"): 50, ("b", "x", "1"): 10, ("b", "x", "2"): 20}
    weights = frame_weights(cells, frame)
    assert weights.diagnostics["margins"] == []
    assert "left out" in weights.diagnostics["warnings"][0]
    assert by(weights, "unit") == pytest.approx({("a",): 100, ("b",): 30})


def test_a_class_without_dossiers_joins_the_smallest_of_its_unit_though_it_is_larger():
    counts = {("a", "civil"): 50, ("a", "land"): 10, ("a", "tax"): 30}
    frame = {("a", "land"): 100, ("a", "tax"): 60}
    weights = frame_weights(cells_of(counts), frame, columns=("unit", "field"))
    assert weights.diagnostics["merged"] == [[("a", "civil"), ("a", "land")]]
    assert by(weights, "field") == pytest.approx({("civil",): 100 * 50 / 60, ("land",): 100 * 10 / 60, ("tax",): 60})


def test_ten_answers_are_enough_for_a_class_and_nine_are_not():
    for few, merged in ((10, []), (9, [[("a", "land"), ("a", "tax")]])):
        cells = cells_of({("a", "land"): few, ("a", "tax"): 30})
        weights = frame_weights(cells, {("a", "land"): 70, ("a", "tax"): 60}, columns=("unit", "field"))
        assert weights.diagnostics["merged"] == merged


def months_of(dossiers, *answers):
    """Weights of one office with so many answers in January, February, March, and what was merged."""
    month = [f"2026-0{k + 1}" for k, n in enumerate(answers) for _ in range(n)]
    table = pa.table({"unit": ["a"] * len(month), "field": ["x"] * len(month), "month": month,
                      "week": [k % 4 for k in range(len(month))], "q": [4] * len(month)})  # fmt: skip
    cells = tabulate(table, ["unit", "field"], codebook=CODEBOOK, design=Design("unit", "week"), keep=["month"])
    frame = {("a", "x", f"2026-0{k + 1}"): float(n) for k, n in enumerate(dossiers)}
    weights = frame_weights(cells, frame)
    return by(weights, "month"), weights.diagnostics


def test_a_first_month_with_few_answers_takes_the_next_one_in():
    found, about = months_of([100, 200, 300], 5, 20, 20)
    assert about["merged_margins"] == {"month": [["2026-01", "2026-02"]]}
    assert found == pytest.approx({("2026-01",): 60, ("2026-02",): 240, ("2026-03",): 300})


def test_a_first_month_without_dossiers_takes_the_next_one_in():
    assert months_of([0, 200, 300], 20, 20, 20)[1]["merged_margins"] == {"month": [["2026-01", "2026-02"]]}


def test_a_later_month_without_dossiers_joins_the_one_before():
    assert months_of([100, 0, 300], 20, 20, 20)[1]["merged_margins"] == {"month": [["2026-01", "2026-02"]]}
    assert months_of([100, 200, 0], 20, 20, 20)[1]["merged_margins"] == {"month": [["2026-02", "2026-03"]]}


def test_the_last_month_with_few_answers_joins_the_one_before():
    found, about = months_of([100, 200, 300], 20, 10, 9)
    assert about["merged_margins"] == {"month": [["2026-02", "2026-03"]]}
    assert found["2026-01",] == pytest.approx(100)


def test_the_diagnostics_name_the_method_and_the_margins_that_were_used():
    assert months_of([100, 200, 300], 20, 20, 20)[1]["method"] == "raking"
    single = months_of([100], 20)[1]
    assert (single["method"], single["margins"], single["iterations"]) == ("poststratify", [], 1)
    joined = months_of([100, 200], 20, 3)[1]
    assert (joined["method"], joined["margins"]) == ("poststratify", [])


def test_one_class_with_more_than_a_twentieth_of_all_dossiers_is_warned_of():
    cells = cells_of({(f"u{k:02}", "x"): 10 for k in range(21)})
    for most, warned in ((10.0, False), (11.0, True)):
        frame = {(f"u{k:02}", "x"): most if k == 4 else 10.0 for k in range(21)}
        warnings = frame_weights(cells, frame, columns=("unit", "field")).diagnostics["warnings"]
        assert any("more than a twentieth" in warning for warning in warnings) is warned
    few = cells_of({(f"u{k}", "x"): 10 for k in range(4)})
    even = frame_weights(few, {(f"u{k}", "x"): 20 for k in range(4)}, columns=("unit", "field"))
    assert even.diagnostics["warnings"] == []


def test_rows_without_their_class_are_refused_and_counted():
    table = pa.table({"unit": ["a"] * 20, "field": ["x"] * 17 + [""] * 3, "week": [1, 2] * 10, "q": [4] * 20})
    cells = tabulate(table, ["unit", "field"], codebook=CODEBOOK, design=Design("unit", "week"))
    with pytest.raises(CannotCalibrate, match="3 rows have no field"):
        frame_weights(cells, {("a", "x"): 50}, columns=("unit", "field"))


def test_of_many_units_without_dossiers_twenty_are_named_and_the_others_counted():
    counts = {(f"u{k:02}", "x"): 10 for k in range(24)}
    for dossiers, said in ((1, r"u20, … \(\+3\):"), (4, "u23: add")):
        frame = {(f"u{k:02}", "x"): 10 for k in range(dossiers)}
        with pytest.raises(CannotCalibrate, match=said):
            frame_weights(cells_of(counts), frame, columns=("unit", "field"))


def test_an_arrow_table_is_a_frame_too_and_its_lacking_columns_are_named():
    cells = cells_of({("a", "land"): 20})
    frame = pa.table({"unit": ["a", "a"], "field": ["land", "land"], "dossiers": [60, 40]})
    assert frame_weights(cells, frame, columns=("unit", "field")).total == pytest.approx(100)
    with pytest.raises(BadData, match="missing columns: month"):
        frame_weights(cells, frame)


def test_a_count_that_is_no_count_is_refused_with_its_place():
    with pytest.raises(CannotCalibrate, match="count for a/land must be"):
        frame_weights(cells_of({("a", "land"): 20}), {("a", "land"): -4}, columns=("unit", "field"))
    for wrong in ({("a", "land"): float("nan")}, {("a", "land"): float("inf")}, {("a", "land"): None}, {"a": 4}):
        with pytest.raises(CannotCalibrate, match="must be a number that is not negative, by unit, field"):
            frame_weights(cells_of({("a", "land"): 20}), wrong, columns=("unit", "field"))


def test_weights_from_the_frame_repair_an_eager_office():
    """The eager office asks ten times as often and pleases more: unweighted, the province looks too good."""
    rng = np.random.default_rng(2)
    n = np.array([2000, 200])
    unit = np.repeat(["eager", "shy"], n)
    level = np.where(rng.random(2200) < np.repeat([0.95, 0.6], n), 5, 2)
    table = pa.table({"unit": unit, "field": ["x"] * 2200, "week": rng.integers(0, 12, 2200), "q": level})
    cells = tabulate(table, codebook=CODEBOOK, design=Design("unit", "week"), keep=["unit", "field"])
    frame = {("eager", "x"): 1000, ("shy", "x"): 1000}
    row = estimate(cells, frame_weights(cells, frame, columns=("unit", "field"))).row("q")
    assert row["low"] < 0.775 < row["high"]
    assert estimate(cells).row("q")["low"] > 0.88
