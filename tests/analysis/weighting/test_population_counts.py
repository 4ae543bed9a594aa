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


def test_an_arrow_table_is_a_frame_too_and_its_lacking_columns_are_named():
    cells = cells_of({("a", "land"): 20})
    frame = pa.table({"unit": ["a", "a"], "field": ["land", "land"], "dossiers": [60, 40]})
    assert frame_weights(cells, frame, columns=("unit", "field")).total == pytest.approx(100)
    with pytest.raises(BadData, match="missing columns: month"):
        frame_weights(cells, frame)


def test_a_count_that_is_no_count_is_refused_with_its_place():
    with pytest.raises(CannotCalibrate, match="count for a/land must be"):
        frame_weights(cells_of({("a", "land"): 20}), {("a", "land"): -4}, columns=("unit", "field"))


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
