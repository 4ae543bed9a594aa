"""Cells are sums of counts: the same for any order and any partition of the rows."""

import sys
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import Cells, Codebook, CodebookItem, Design, read_snapshot, tabulate, write_snapshot
from analysis.errors import AnalysisError, BadCodebook, BadData, DifferentCells, NotASnapshot, NotInCells
from analysis.tabulation.cells import merge_cells

pass_over_rows = sys.modules["analysis.tabulation.tabulate"]  # the name is that of the function as well
CODEBOOK = Codebook.plain({"speed": ["q1", "q2"], "place": ["q2", "q3"]}, not_applicable=[9], missing=[0])
DESIGN = Design(strata="stratum", psus="psu", weights="w")
ALL_SUMS = {
    "person_means": True,
    "cross_products": ["speed", "overall"],
    "complete": ["place"],
    "straight_lines": 2,
    "importance": "q1",
}


def a_table(rows: int = 200, seed: int = 1) -> pa.Table:
    rng = np.random.default_rng(seed)
    answers = {
        code: pa.array(rng.choice([0, 1, 2, 3, 4, 5, 9], rows), mask=rng.random(rows) < 0.2)
        for code in CODEBOOK.item_codes
    }
    return pa.table(
        {
            "stratum": rng.choice(["a", "b"], rows),
            "psu": rng.integers(1, 5, rows),
            "w": rng.choice([1.5, 2.25], rows),
            "unit": pa.array(rng.choice(["03646", "00007", "x"], rows), mask=rng.random(rows) < 0.1),
            **answers,
        }
    )


def cells_of(table: pa.Table, **more) -> Cells:
    return tabulate(table, ["unit"], **{"codebook": CODEBOOK, "design": DESIGN, **more})


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 999), st.integers(1, 199), st.booleans(), st.booleans(), st.sampled_from([DESIGN, Design("stratum")])
)
def test_cells_do_not_depend_on_the_order_of_rows_nor_on_how_they_are_split(seed, cut, elements, all_sums, design):
    table = a_table(seed=seed)
    shuffled = table.take(np.random.default_rng(seed).permutation(len(table)))
    asked = {"elements": elements, "design": design, **(ALL_SUMS if all_sums else {})}
    whole = cells_of(table, **asked)
    parts = [cells_of(part, **asked) for part in (shuffled.slice(0, cut), shuffled.slice(cut))]
    assert (parts[0] + parts[1]).to_bytes() == (parts[1] + parts[0]).to_bytes() == whole.to_bytes()
    assert whole.size == 200


def test_counts_are_those_of_a_plain_loop_over_rows():
    table = a_table()
    cells = cells_of(table)
    rows = table.to_pylist()
    for place in range(len(cells)):
        key = {column: cells.label(column, cells.codes[column][place]) for column in cells.keys}
        here = [row for row in rows if {c: None if row[c] is None else str(row[c]) for c in cells.keys} == key]
        assert len(here) == cells.rows[place]
        for item in CODEBOOK.items:
            expected = [0] * 7
            for row in here:
                expected[{None: 0, 9: 6}.get(row[item.code], row[item.code])] += 1
            assert cells.item(item.code)[place].tolist() == expected


@pytest.mark.parametrize("elements", [False, True])
@pytest.mark.parametrize("all_sums", [False, True])
def test_cells_do_not_depend_on_the_number_of_threads(monkeypatch, elements, all_sums):
    table, asked = a_table(1000), {"elements": elements, **(ALL_SUMS if all_sums else {})}
    one = cells_of(table, **asked)
    for module, name, value in ((pa, "cpu_count", lambda: 3), (pass_over_rows, "MANY_ROWS", 1)):
        monkeypatch.setattr(module, name, value)
    assert cells_of(table, **asked).to_bytes() == one.to_bytes()
    wrong = table.set_column(5, "q2", pa.array([*[5] * 900, 7, *[5] * 99]))
    wrong = wrong.set_column(6, "q3", pa.array([*[5] * 10, 8, *[5] * 989]))
    with pytest.raises(BadData, match="item q2, row 901: the value 7"):
        cells_of(wrong, **asked)


def test_a_cell_of_very_many_rows_is_counted_in_full():
    table = pa.table({"psu": np.repeat([1, 2], [70_000, 300]), "q": pa.array([5] * 70_300, pa.int8())})
    cells = tabulate(table, codebook=Codebook.plain(["q"]), design=Design(psus="psu"))
    assert cells.rows.tolist() == [70_000, 300]
    assert cells.item("q")[:, 5].tolist() == [70_000, 300]


def test_person_sums_are_those_of_a_plain_loop_over_rows():
    table = a_table()
    cells = cells_of(table, person_means=True)
    found = np.zeros((3, 3), dtype=int)
    for row in table.to_pylist():
        scores = [row[item] - 1 for item in ("q2", "q3") if row[item] not in (None, 0, 9)]
        found[:, len(scores)] += 1, sum(scores), sum(scores) ** 2
    sums = cells.persons["place"]
    assert [sums.rows.sum(0).tolist(), sums.total.sum(0).tolist(), sums.squares.sum(0).tolist()] == found.tolist()


def test_saved_cells_come_back_equal(tmp_path):
    for more in ({}, {"elements": True}, ALL_SUMS, {"design": Design("stratum")}):
        cells = cells_of(a_table(), **more)
        cells.save(tmp_path / "cells.parquet")
        again = Cells.load(tmp_path / "cells.parquet")
        assert again == cells
        assert again.digest == cells.digest
        assert (again + cells).size == 400


def test_a_file_with_the_same_cell_twice_is_refused(tmp_path):
    cells = cells_of(a_table())
    cells.take(np.array([0, 1, 1, 2])).save(tmp_path / "cells.parquet")
    with pytest.raises(DifferentCells, match="the same cell twice"):
        Cells.load(tmp_path / "cells.parquet")


def test_counts_beyond_what_can_be_added_are_refused():
    cells = tabulate(pa.table({"q1": [1]}), codebook=Codebook.plain(["q1"]), design=Design())
    with pytest.raises(AnalysisError, match="64-bit"):
        merge_cells([replace(cells, elements=False, rows=np.array([2**59])) for _ in range(4)])


def test_text_and_numbers_and_floats_give_the_same_cells():
    table = a_table()
    as_text = table.set_column(4, "q1", pa.array([None if v is None else f" {v} " for v in table["q1"].to_pylist()]))
    as_text = as_text.set_column(1, "psu", as_text["psu"].cast(pa.string()))
    as_float = table.set_column(4, "q1", table["q1"].cast(pa.float64()))
    as_float = as_float.set_column(1, "psu", as_float["psu"].cast(pa.float64()))
    as_bytes = table.set_column(4, "q1", table["q1"].cast(pa.int8()))
    as_coded = table.set_column(3, "unit", table["unit"].dictionary_encode())
    assert cells_of(as_text) == cells_of(as_float) == cells_of(as_bytes) == cells_of(as_coded) == cells_of(table)


def test_composed_and_decomposed_letters_are_one_label():
    table = pa.table({"unit": ["Hòa Bình", "Ho\u0300a Bi\u0300nh"], "q1": [5, 4]})
    cells = tabulate(table, ["unit"], codebook=Codebook.plain(["q1"]), design=Design(psus="unit"))
    assert len(cells) == 1


@pytest.mark.parametrize("value", ["6", "-1", "x", "4.5", "300", "99999999"])
def test_a_value_outside_the_scale_is_named_with_its_row(value):
    table = pa.table({"q1": ["5", "", value]})
    with pytest.raises(BadData, match=rf"item q1, row 3: the value '{value}'"):
        tabulate(table, codebook=Codebook.plain(["q1"]), design=Design())


def test_an_empty_stratum_is_refused_with_its_row():
    table = pa.table({"s": ["a", None], "q1": [5, 4]})
    with pytest.raises(BadData, match="column s is empty in row 2"):
        tabulate(table, codebook=Codebook.plain(["q1"]), design=Design(strata="s"))


def test_missing_columns_are_named():
    with pytest.raises(BadData, match="missing columns: w, q9"):
        tabulate(pa.table({"a": [1]}), codebook=Codebook.plain(["q9"]), design=Design(weights="w"))


def test_no_rows_is_refused():
    with pytest.raises(BadData, match="no rows"):
        tabulate(pa.table({"q1": pa.array([], pa.int8())}), codebook=Codebook.plain(["q1"]), design=Design())


def test_cells_of_different_questionnaires_do_not_add():
    other = tabulate(pa.table({"q1": [1]}), codebook=Codebook.plain(["q1"]), design=Design())
    with pytest.raises(DifferentCells):
        other + cells_of(a_table())


def test_a_column_that_was_not_kept_is_named():
    with pytest.raises(NotInCells, match="column sex"):
        cells_of(a_table()).code("sex")


def test_a_snapshot_explains_itself_and_its_rows_may_stand_in_any_order(tmp_path):
    codebook = Codebook(
        instrument="demo",
        version="1",
        wave="2026-1",
        simulated=True,
        columns={"strata": ("stratum",), "psu": ("psu",)},
        items=(CodebookItem("q1", "Chỗ ngồi", "F"), CodebookItem("q2", factor="F"), CodebookItem("O")),
        factors=(("F", "Tiếp cận"),),
        psus=(("a", "1"), ("b", "9")),
    )
    table = pa.table({"stratum": ["a", "b"], "psu": ["1", "9"], "q1": [5, None], "q2": [-1, 3], "O": [2, 2]})
    snapshot = write_snapshot(tmp_path / "one.parquet", table, codebook)
    turned = write_snapshot(tmp_path / "two.parquet", table.take([1, 0]), codebook)
    again = read_snapshot(snapshot.path)
    assert again.codebook == codebook
    assert again.rows == 2
    assert again.digest == snapshot.digest
    assert tabulate(turned, ["stratum"]) == tabulate(snapshot, ["stratum"])
    assert codebook.overall_items == ("q1", "q2")
    changed = write_snapshot(tmp_path / "two.parquet", table.set_column(2, "q1", pa.array([4, None])), codebook)
    assert changed.digest != snapshot.digest
    assert tabulate(snapshot, ["stratum"]).item("q1").tolist() == [[0, 0, 0, 0, 0, 1, 0], [1, 0, 0, 0, 0, 0, 0]]
    assert tabulate([snapshot, turned]).size == 4


def test_a_snapshot_with_a_level_outside_the_scale_is_not_written(tmp_path):
    with pytest.raises(BadData, match="q1 holds values from 0 to 6"):
        write_snapshot(tmp_path / "x.parquet", pa.table({"q1": [0, 6]}), Codebook.plain(["q1"]))
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_no_snapshot_is_named(tmp_path):
    (tmp_path / "x.parquet").write_text("no")
    with pytest.raises(NotASnapshot, match=r"x\.parquet"):
        read_snapshot(tmp_path / "x.parquet")


def test_a_codebook_refuses_contradictions():
    for wrong in (
        lambda: Codebook(items=()),
        lambda: Codebook.plain({"q1": ["q1"]}),
        lambda: Codebook.plain(["q1"], satisfied=[6]),
        lambda: Codebook.plain(["q1"], levels=1),
        lambda: Codebook(items=(CodebookItem("a"),), columns={"stratum": ("x",)}),
    ):
        with pytest.raises(BadCodebook):
            wrong()


class Frame:
    """What a frame of another library shows of itself: Arrow's C stream, texts as Polars and pandas hand them out."""

    def __init__(self, table):
        self.table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self.table.__arrow_c_stream__(requested_schema)


@pytest.mark.parametrize("text", ["string", "large_string", "string_view"])
@pytest.mark.parametrize("categorical", [False, True])
def test_frames_of_other_libraries_give_the_cells_of_an_arrow_table(text, categorical):
    units, psus, answers = ["a", None, "b", "a"], ["1", "2", "1", "2"], [5, None, 3, 4]
    plain = pa.table({"unit": units, "psu": psus, "q": answers})
    kind = pa.type_for_alias(text)
    columns = [pa.array(units, kind), pa.array(psus, kind)]
    if categorical:
        columns = [
            pa.DictionaryArray.from_arrays(column.cast(pa.string()).dictionary_encode().indices, labels)
            for column, labels in zip(columns, (pa.array(["a", "b"], kind), pa.array(["1", "2"], kind)), strict=True)
        ]
    floats = pa.array([5.0, None, 3.0, 4.0])  # as pandas has whole numbers with gaps
    frame = Frame(pa.table([*columns, floats], names=["unit", "psu", "q"]))
    asked = {"codebook": Codebook.plain(["q"]), "design": Design(psus="psu")}
    assert tabulate(frame, ["unit"], **asked).to_bytes() == tabulate(plain, ["unit"], **asked).to_bytes()
    twice = tabulate([frame, plain], ["unit"], **asked)
    assert twice.rows.sum() == 8


def test_what_is_no_source_of_rows_is_refused_by_its_kind():
    with pytest.raises(
        BadData, match="dict is no source of rows; give a snapshot, a path, an Arrow table, or a pandas"
    ):
        tabulate({"q": [1, 2]}, codebook=Codebook.plain(["q"]), design=Design())
