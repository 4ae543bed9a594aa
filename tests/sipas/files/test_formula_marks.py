"""Labels that look like formulas: marked in CSV files and workbooks, taken back by our readers, plain elsewhere."""

from __future__ import annotations

import csv

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as how_often
from hypothesis import strategies as st

from sipas.estimating.writing import write_table
from sipas.files.formula_marks import marked, unmarked
from sipas.tables import read_in_pieces, read_table

LABELS = ['=HYPERLINK("http://x";"Sở")', "+84 912", "- khác", "@Sở", "'=1", "''@x", "Sở = 1", "'quoted'", "=1+1"]
STAY = ["-5", "+3", "-0,5", "-1.250", "-12%", "-1e3", "'-5", "03646", "Sở"]
TEXTS = st.text(st.sampled_from("'=+-@ a1.,%Ở"), min_size=1, max_size=6)


@given(TEXTS)
def test_every_text_comes_back(text):
    assert unmarked(marked(text)) == text


@given(TEXTS)
def test_only_numbers_begin_with_such_a_sign(text):
    if marked(text)[0] in "=+-@":
        assert set(text) <= set("+-.,%1 ")
        assert "1" in text


def written(folder, texts, suffix, column="label"):
    path = folder / f"t{suffix}"
    write_table(pa.table({column: texts, "n": list(range(len(texts)))}), path)
    return path


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".parquet"])
def test_labels_go_through_each_kind_of_file_and_our_readers_unharmed(tmp_path, suffix):
    path = written(tmp_path, LABELS + STAY, suffix)
    table = read_table(path)
    assert table.text("label").to_pylist() == LABELS + STAY
    assert [record["label"] for record in table.records()] == LABELS + STAY
    which, words = table.coded("label")
    assert [words[place] for place in which] == LABELS + STAY
    if suffix != ".parquet":
        (piece,) = read_in_pieces(path)
        assert piece.text("label").to_pylist() == LABELS + STAY


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_no_cell_of_theirs_begins_a_formula_and_numbers_bear_no_mark(tmp_path, suffix):
    path = written(tmp_path, LABELS + STAY, suffix)
    if suffix == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as file:
            cells = [row[0] for row in csv.reader(file)][1:]
    else:
        cells = [row[0].value for row in openpyxl.load_workbook(path).active.iter_rows(min_row=2)]
    assert cells == [marked(text) for text in LABELS] + STAY
    assert not [cell for cell in cells if cell[0] in "=@" or (cell[0] in "+-" and cell not in STAY)]


def test_parquet_carries_labels_as_they_are(tmp_path):
    assert pq.read_table(written(tmp_path, LABELS, ".parquet"))["label"].to_pylist() == LABELS


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_codes_bear_no_mark_where_a_column_holds_codes_and_a_label_there_does(tmp_path, suffix):
    path = written(tmp_path, ["-x1", "@receiver", "=x", "- Sở"], suffix, "unit")
    raw = [str(one) for one in read_table(path).raw("unit").to_pylist()]
    assert raw == ["-x1", "@receiver", "'=x", "'- Sở"]
    assert read_table(path).text("unit").to_pylist() == ["-x1", "@receiver", "=x", "- Sở"]


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_the_name_of_a_column_is_a_label_too(tmp_path, suffix):
    path = written(tmp_path, ["a"], suffix, "=Tên đơn vị")
    assert read_table(path).columns == ("=Tên đơn vị", "n")
    if suffix == ".csv":
        assert path.read_text("utf-8-sig").startswith("'=Tên đơn vị,n")


@how_often(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(TEXTS.filter(lambda text: text.strip() == text), min_size=1, max_size=5))
def test_any_labels_come_back_from_csv(tmp_path, texts):
    assert read_table(written(tmp_path, texts, ".csv")).text("label").to_pylist() == texts
