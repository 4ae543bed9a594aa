"""What stands in a column of answers, however it was written, is one of few states or refused with its place."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from analysis import Codebook, CodebookItem, Design, tabulate, write_snapshot
from analysis.errors import BadCodebook, BadData
from analysis.tabulation.answer_codes import item_states
from analysis.tabulation.tabulate import design_of

CODEBOOK = Codebook.plain(["q"], not_applicable=[9, -8], missing=[0, 99])
(ITEM,) = CODEBOOK.items


def states(values, kind):
    return item_states(pa.array(values, kind), ITEM, CODEBOOK).tolist()


@pytest.mark.parametrize("kind", [pa.int8(), pa.int16(), pa.int64(), pa.float64()])
def test_levels_are_themselves_and_what_is_empty_missing_or_not_applicable_has_a_state(kind):
    assert states([1, 5, None, 9, -8, 0, 99], kind) == [1, 5, 0, 6, 6, 0, 0]
    assert states([1, 5, 3], kind) == [1, 5, 3]


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int8(), pa.string())])
def test_texts_are_read_as_the_numbers_they_say(kind):
    assert states(["1", " 5 ", "", "  ", None, "9", "99"], kind) == [1, 5, 0, 0, 0, 6, 0]


def test_a_text_with_a_needless_decimal_is_its_number_and_a_nan_is_empty():
    assert states(["4.0", "2"], pa.string()) == [4, 2]
    assert states([4.0, float("nan"), 2.0], pa.float64()) == [4, 0, 2]


@pytest.mark.parametrize(
    ("values", "kind", "said"),
    [
        ([5, 6, 7], pa.int64(), "item q, row 12: the value 6 is not one of the levels 1 to 5"),
        ([5, 4, -1], pa.int8(), "item q, row 13: the value -1 "),
        ([None, 4, 100000], pa.int64(), "item q, row 13: the value 100000 "),
        ([None, 2.5], pa.float64(), "item q, row 12: the value 2.5 "),
        ([None, "4", "x"], pa.string(), "item q, row 13: the value 'x' "),
        (["", " ", "3", "4a", "y"], pa.string(), "item q, row 14: the value '4a' "),
        ([float("nan"), 9.0, 0.0, 3.5], pa.float64(), "item q, row 14: the value 3.5 "),
        ([-128, 1], pa.int64(), "item q, row 11: the value -128 "),
    ],
)
def test_another_value_is_refused_with_its_row(values, kind, said):
    with pytest.raises(BadData) as seen:
        item_states(pa.array(values, kind), ITEM, CODEBOOK, before=10)
    assert str(seen.value).startswith(said)


def test_rows_that_stay_rows_stand_in_the_order_of_their_answers():
    table = pa.table({"psu": [1, 1, 1, 1, 2], "q": [2, 1, 1, 2, 1], "r": [1, 5, 2, None, 1]})
    for order in ([0, 1, 2, 3, 4], [3, 4, 2, 1, 0]):
        cells = tabulate(
            table.take(order), codebook=Codebook.plain(["q", "r"]), design=Design(psus="psu"), elements=True
        )
        assert [np.argmax(row) for row in cells.item("q")] == [1, 1, 2, 2, 1]
        assert [np.argmax(row) for row in cells.item("r")] == [2, 5, 0, 1, 1]


def test_a_path_of_a_snapshot_brings_its_codebook_and_a_table_needs_one(tmp_path):
    table = pa.table({"psu": [1, 2, 2], "q": [5, 4, 1]})
    path = tmp_path / "wave.parquet"
    write_snapshot(path, table, CODEBOOK)
    for given in (path, str(path), [str(path)]):
        assert tabulate(given, design=Design(psus="psu")).rows.tolist() == [1, 2]
    with pytest.raises(BadCodebook, match="a table needs a codebook"):
        tabulate(table, design=Design(psus="psu"))
    with pytest.raises(BadData, match="there are no rows"):
        tabulate(table.slice(0, 0), codebook=CODEBOOK, design=Design(psus="psu"))


def test_the_design_of_a_codebook_is_read_from_its_columns():
    columns = {"strata": ("s",), "psu": ("p",), "ssu": ("h",), "weight": ("w",), "fpc": ("N", "M")}
    book = replace(CODEBOOK, columns=columns, psus=(("a", "1"), ("a", "2")))
    assert design_of(book) == Design(
        strata="s", psus="p", ssus="h", weights="w", fpc=("N", "M"), sampled=(("a", "1"), ("a", "2"))
    )
    assert design_of(CODEBOOK) == Design()


def test_a_persons_mean_needs_items_with_equally_many_levels():
    items = (CodebookItem("q"), CodebookItem("r", levels=3, satisfied=(3,)))
    book = replace(Codebook.plain({"F": ["q", "r"]}), items=items)
    table = pa.table({"psu": [1, 2], "q": [5, 4], "r": [3, 1]})
    with pytest.raises(BadCodebook, match="factor F: a person's mean needs items with equally many levels"):
        tabulate(table, codebook=book, design=Design(psus="psu"), person_means=True)
