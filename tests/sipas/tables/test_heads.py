"""Columns under Vietnamese heads: one way of reading them, at every table of the platform."""

from __future__ import annotations

import datetime as dt

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sipas import i18n
from sipas.fieldwork.counted import frame_between
from sipas.fieldwork.population_counts import load_frame
from sipas.i18n.code_labels import ALSO, WORDS, column_labels
from sipas.importing import import_responses
from sipas.importing.columns import KNOWN, heads_of
from sipas.intake import stored
from sipas.tables import BadTable, Heads, read_in_pieces, read_table
from surveys import catalogue, load
from tests.make import a_csv, a_wave

TODAY = dt.date(2026, 9, 30)
DOSSIERS = ("unit", "field", "month", "dossiers")
ROW = ("03646", "ho-tich", "2026-01", "12")


def written(folder, kind, heads):
    """A table of one row under these heads."""
    path = folder / f"dossiers.{kind}"
    if kind == "csv":
        path.write_text(",".join(heads) + "\n" + ",".join(ROW) + "\n", "utf-8")
    elif kind == "xlsx":
        book = openpyxl.Workbook()
        book.active.append(heads)
        book.active.append(ROW)
        book.save(path)
    else:
        pq.write_table(pa.table(dict(zip(heads, ([cell] for cell in ROW), strict=True))), path)
    return path


@pytest.mark.parametrize("kind", ["csv", "xlsx", "parquet"])
@pytest.mark.parametrize(
    "heads",
    [
        ("Đơn vị", "Lĩnh vực", "Tháng", "Số hồ sơ"),
        ("  MA DON VI ", "linh_vuc", "thang", "so  ho so"),
        ("unit", "Lĩnh vực", "month", "Hồ sơ"),
        ("unit", "field", "month", "dossiers"),
    ],
)
def test_dossiers_are_loaded_under_any_of_their_heads(database, tmp_path, kind, heads):
    with database.writing() as session:
        assert load_frame(session, written(tmp_path, kind, heads), TODAY).rows == 1
    with database.reading() as session:
        (cell,) = frame_between(session, "2026-01", "2026-01")
        assert (cell.unit, cell.field, cell.dossiers) == ("03646", "ho-tich", 12)


def test_a_complaint_names_the_head_that_stands_in_the_file(database, tmp_path):
    path = a_csv(tmp_path, "Đơn vị,Lĩnh vực,Tháng,Số hồ sơ\n3646,ho-tich,2026-01,5\n")
    with pytest.raises(BadTable, match=r"line 2, column Đơn vị: .*“3646”"), database.writing() as session:
        load_frame(session, path, TODAY)
    path = a_csv(tmp_path, "Đơn vị,Lĩnh vực,Số hồ sơ\n03646,ho-tich,5\n")
    with pytest.raises(Exception, match=r"no column month.*Đơn vị, Lĩnh vực, Số hồ sơ"), database.writing() as session:
        load_frame(session, path, TODAY)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_answers_are_imported_under_vietnamese_heads_and_words(database, settings, tmp_path, kind):
    a_wave(database, settings)
    heads = [
        "Điểm",
        "Lĩnh vực",
        "Ngày",
        "Kênh",
        "Giới tính",
        "O",
        "B1.1: Biển chỉ dẫn dễ thấy, dễ tìm",
    ]
    row = ["to-hieu-1", "ho-tich", "16/09/2026", "Gọi điện thoại", "Nữ", "Rất hài lòng", "4"]
    path = tmp_path / f"answers.{kind}"
    if kind == "csv":
        path.write_text(";".join(heads) + "\n" + ";".join(row) + "\n", "utf-8")
    else:
        book = openpyxl.Workbook()
        book.active.append(heads)
        book.active.append(row)
        book.create_sheet("Giải thích").append(["Điểm", "mã điểm"])
        book.save(path)
    assert import_responses(database, settings.home, path, "w1", None, TODAY) == (1, 0)
    with database.reading() as session:
        assert stored(session, 1) == 1


def test_no_two_columns_share_a_name_in_any_table_of_the_platform():
    tables = [column_labels(DOSSIERS), column_labels(KNOWN), column_labels(WORDS["column"])]
    for names in tables:
        heads = Heads(names)
        for column, others in names.items():
            for said in (column, *others):
                assert list(heads.meant([said], "f")) == [column], said
    assert set(ALSO) <= set(WORDS["column"])


@pytest.mark.parametrize("code", list(catalogue()))
def test_an_item_is_named_by_its_code_or_with_its_text_in_each_language(code):
    heads = heads_of(load(code))
    for item in load(code).items:
        assert list(heads.meant([item.code, f"{item.code}: {item.text}"][1:], "f")) == [item.code]
        assert list(heads.meant([item.code], "f")) == [item.code]


def test_a_name_of_two_columns_means_neither_and_a_strange_one_stays():
    heads = Heads({"a": ["same"], "b": ["Same"]})
    assert heads.meant(["same", "other", "a"], "f") == {"same": "same", "other": "other", "a": "a"}


def test_pieces_and_whole_tables_say_the_same(tmp_path):
    path = a_csv(tmp_path, "Đơn vị,Ghi chú\n03646,x\n")
    heads = Heads(column_labels(["unit"]))
    pieces = read_in_pieces(path).under(heads)
    assert pieces.columns == read_table(path).under(heads).columns == ("unit", "Ghi chú")
    (piece,) = pieces
    assert piece.text("unit").to_pylist() == ["03646"]
    assert (piece.called("unit"), pieces.called("unit"), piece.called("Ghi chú")) == ("Đơn vị", "Đơn vị", "Ghi chú")


def test_the_language_of_the_reader_does_not_matter():
    for language in i18n.LANGUAGES:
        with i18n.speaking(language):
            assert "Tháng".casefold() in {name.casefold() for name in column_labels(["month"])["month"]}
