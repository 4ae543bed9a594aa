"""Tables as offices send them, each quirk once, each in a real file."""

import datetime as dt
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from sipas.errors import BadFile
from sipas.tables import BadTable, Problems, pieces, read_in_pieces, read_table

PIECED = [
    "a,b\n1,2\n3,4\n",
    "a;b;;\n1;2;;\n;;;\n;;;\n",
    'a,b\n1,"two\nlines"\n\n3,x\n,\n4,y\n',
    "sep=;\na,b;c\n1;2\n",
    "\ufefftên\tb\r\nĐo\u0302\u0323i\t1\r\n\r\n\t2",
    "a,b\r1,2\r3,4",
    "a\n\n1\n",
    "".join(f"{n},{n % 7}\n" if n else "a,b\n" for n in range(400)),
]


@pytest.mark.parametrize("body", PIECED)
def test_a_table_read_in_pieces_is_the_table_read_whole(folder, monkeypatch, body):
    monkeypatch.setattr(pieces, "BLOCK", 100)
    path = folder.holds(body)
    whole = [(one.line, one.cells) for one in read_table(path).records()]
    table = read_in_pieces(path)
    for _again in range(2):
        assert [(one.line, one.cells) for piece in table for one in piece.records()] == whole
    assert table.columns == read_table(path).columns
    if len(body) > 1000:
        assert len(list(table)) > 10
    for piece in table:
        for column in table.columns:
            which, words = piece.coded(column)
            assert [words[n] if n >= 0 else None for n in which] == piece.text(column).to_pylist()


@pytest.mark.parametrize(
    "body",
    [
        "",
        "a,b\n",
        "a,b\n1,2\n3\n",
        'a,b\n1,"2\n',
        "a,b\n1,\0\n",
        "a,b\n1,đơn\n".encode("windows-1258"),
        "a,b\n1,2\n".encode("utf-16"),
        "a,b\n1,ơ".encode()[:-1],
        "a,a\n1,2\n",
        "a,\n1,2\n",
    ],
)
def test_what_is_refused_whole_is_refused_in_pieces_in_the_same_words(folder, body):
    path = folder.holds(body)
    with pytest.raises(BadFile) as whole:
        read_table(path)
    with pytest.raises(BadFile) as pieced:
        list(read_in_pieces(path))
    assert str(pieced.value) == str(whole.value)


def test_columns_of_any_type_are_coded_alike(folder):
    path = folder.parquet(
        whole=pa.array([3, None, 3]),
        loose=pa.array([3.0, float("nan"), 4.5]),
        words=pa.array(["x", " x", ""]).dictionary_encode(),
        view=pa.array(["x", None, "y"], pa.string_view()),
        large=pa.array(["x", None, "y"], pa.large_string()),
        day=pa.array([dt.date(2026, 3, 2)] * 3),
        nothing=pa.nulls(3),
    )
    (piece,) = read_in_pieces(path)
    for column in piece.columns:
        which, words = piece.coded(column)
        assert [words[n] if n >= 0 else None for n in which] == read_table(path).text(column).to_pylist()


def test_csv_as_excel_in_vietnam_writes_it(folder):
    path = folder.holds('﻿unit;field;w\r\n03646;Đất đai;12,5\r\n03649;"Hộ tịch; chứng thực";0,75\r\n')
    table = read_table(path)
    assert table.columns == ("unit", "field", "w")
    assert table.text("unit").to_pylist() == ["03646", "03649"]
    assert table.text("field").to_pylist() == ["Đất đai", "Hộ tịch; chứng thực"]
    assert table.numbers("w").tolist() == [12.5, 0.75]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_separator_and_line_end_are_found_out(folder, separator, end):
    text = end.join(separator.join(cells) for cells in (["a", "b", "c"], ["01", "", "x"], ["2", "y", ""]))
    for body in (text, text + end):
        table = read_table(folder.holds(body))
        assert [record.cells for record in table.records()] == [
            {"a": "01", "b": "", "c": "x"},
            {"a": "2", "b": "y", "c": ""},
        ]
        assert [record.line for record in table.records()] == [2, 3]


def test_separators_inside_a_quoted_name_do_not_decide(folder):
    table = read_table(folder.holds('"Tên, họ, chữ đệm";w\nAn;1\n'))
    assert table.columns == ("Tên, họ, chữ đệm", "w")


def test_declared_separator_is_obeyed_and_counted_as_a_line(folder):
    table = read_table(folder.holds("sep=;\na,b;c\n1;2\n"))
    assert table.columns == ("a,b", "c")
    assert table.line(0) == 3


def test_text_is_composed_and_trimmed(folder):
    table = read_table(folder.holds("tên\n  Đo\u0302\u0323i \n".replace("tên", "te\u0302n")))
    assert table.columns == ("tên",)
    assert table.text("tên").to_pylist() == ["Đội"]


def test_lines_are_right_after_blank_lines_and_cells_of_several_lines(folder):
    table = read_table(folder.holds('a,b\n1,"two\nlines"\n\n3,x\n,\n4,y\n'))
    assert [(record.line, record["a"]) for record in table.records()] == [(2, "1"), (5, "3"), (7, "4")]
    assert table.text("b").to_pylist() == ["two\nlines", "x", "y"]


def test_rows_of_bare_separators_below_a_table_are_no_rows(folder):
    assert read_table(folder.holds("a;b;;\n1;2;;\n;;;\n;;;\n")).rows == 1


def test_words_that_other_readers_take_for_missing_stay_words(folder):
    assert read_table(folder.holds("a,b\nNA,null\n")).text("a").to_pylist() == ["NA"]


@pytest.mark.parametrize(
    ("encoding", "named"),
    [("utf-16", "UTF-16"), ("utf-16-le", "UTF-16"), ("utf-32", "UTF-32"), ("windows-1258", "Windows-1258")],
)
def test_other_encodings_are_named_with_the_way_to_save(folder, encoding, named):
    text = (
        "unit,field\n1,Ho\u0323c ba\u0323\n2,\u0110a\u0301t\n"
        if encoding == "windows-1258"
        else "unit,field\n1,Đất đai\n"
    )
    with pytest.raises(BadFile, match=f"is written in {named}, not in UTF-8.*CSV UTF-8"):
        read_table(folder.holds(text.encode(encoding)))


def test_windows_1258_without_tone_marks_is_still_named(folder):
    with pytest.raises(BadFile, match=r"Windows-1258.*line 2"):
        read_table(folder.holds("unit,field\n1,đơn thư\n".encode("windows-1258")))


def test_zero_bytes_are_refused_with_their_line(folder):
    with pytest.raises(BadFile, match="line 3 holds a zero byte"):
        read_table(folder.holds(b"a,b\n1,2\n3,\0\n"))


@pytest.mark.parametrize("body", [b"", b"\n\n", "﻿".encode(), b"  \r\n"])
def test_empty_file_is_refused(folder, body):
    with pytest.raises(BadFile, match="is empty"):
        read_table(folder.holds(body))


def test_header_without_rows_is_refused_unless_allowed(folder):
    path = folder.holds("old,new\n")
    with pytest.raises(BadFile, match="has a header and no rows"):
        read_table(path)
    assert list(read_table(path, rows_needed=False).records()) == []


def test_column_names_must_be_there_and_differ(folder):
    with pytest.raises(BadFile, match="column name a stands more than once"):
        read_table(folder.holds("a,b, a\n1,2,3\n"))
    with pytest.raises(BadFile, match="column 2 has values but no name"):
        read_table(folder.holds("a,,c\n1,2,3\n"))


def test_ragged_lines_are_named_by_number(folder):
    with pytest.raises(BadTable) as refused:
        read_table(folder.holds('a,b,c\n1,2,3\n\n4,5\n"6\n7",8,9\n1,2,3,4\n'))
    assert [(problem.line, str(problem.reason)[:8]) for problem in refused.value.problems] == [
        (4, "2 cells "),
        (7, "4 cells "),
    ]


def test_quotation_mark_never_closed_is_found(folder):
    with pytest.raises(BadTable, match="line 3: a quotation mark"):
        read_table(folder.holds('a,b\n1,2\n3,"x\n4,5\n6,7\n'))


def test_missing_column_is_named_with_its_likeliest_spelling(folder):
    with pytest.raises(BadFile, match="has no column stratum; did you mean Stratum"):
        read_table(folder.holds("Stratum,psu\n1,2\n")).require("psu", "stratum")


def test_absent_file_folder_and_old_workbook_are_told_apart(folder):
    with pytest.raises(BadFile, match="does not exist"):
        read_table(folder.path / "none.csv")
    with pytest.raises(BadFile, match="is a folder"):
        read_table(folder.path)
    with pytest.raises(BadFile, match=r"a.xls cannot be read as a workbook"):
        read_table(folder.holds(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "a.xls"))


@pytest.mark.parametrize(
    ("header", "cells", "expected"),
    [
        ("w;x", ["1,5", "2", ""], [1.5, 2, np.nan]),
        ("w;x", ["1,234", "2,000"], [1.234, 2]),
        ("w;x", ["1,234", "10", "0,5"], [1.234, 10, 0.5]),
        ("w,x", ["1.5", "-2e3", " 7 "], [1.5, -2000, 7]),
        ("w,x", ['"1,5"', "2"], [1.5, 2]),
    ],
)
def test_decimal_marks_are_understood(folder, header, cells, expected):
    body = "\n".join([header, *(cell + header[1] + "x" for cell in cells)])
    np.testing.assert_array_equal(read_table(folder.holds(body)).numbers("w"), expected)


@pytest.mark.parametrize(
    ("header", "cells", "complaint"),
    [
        ("w;x", ["1", "abc"], "line 3, column w: “abc” is not a number"),
        ("w;x", ["1", "nan"], "line 3, column w: “nan” is not a number"),
        ("w;x", ["1", "inf"], "line 3, column w: “inf” is not a number"),
        ("w;x", ["1e999", "x"], "line 2, column w: “1e999” is not a number"),
        ("w;x", ["1.234,5"], "“1.234,5” has a separator of thousands"),
        ("w;x", ["1.5", "1,5"], "line 3, column w: “1,5” has a decimal comma, but other cells"),
        ("w,x", ['"1,234"'], "line 2, column w: “1,234” may mean 1234 or 1.234, and no number of this column tells"),
        ("w;x", ["1,234", "10"], "line 2, column w: “1,234” may mean 1234 or 1.234"),
        ("w,x", ['"1,234,567"'], "“1,234,567” has a separator of thousands"),
    ],
)
def test_numbers_that_are_none_or_could_be_two_are_refused(folder, header, cells, complaint):
    body = "\n".join([header, *(cell + header[1] + "x" for cell in cells)])
    with pytest.raises(BadTable) as refused:
        read_table(folder.holds(body)).numbers("w")
    assert complaint in str(refused.value)


def test_a_cause_is_told_once_with_its_lines(folder):
    table = read_table(folder.holds("w\n" + "x\n" * 5000))
    with pytest.raises(BadTable) as refused:
        table.numbers("w")
    assert refused.value.count == 5000
    told = str(refused.value).splitlines()
    assert told[1].endswith("(the same in 999 more: 3, 4, 5, 6, 7, …)")
    assert told[2:] == ["  ... and 4000 more"]


def test_different_problems_are_told_twenty_at_a_time(folder):
    table = read_table(folder.holds("w\n" + "".join(f"x{number}\n" for number in range(50))))
    with pytest.raises(BadTable) as refused:
        table.numbers("w")
    told = str(refused.value).splitlines()
    assert len(told) == 22
    assert told[-1].strip() == "... and 30 more"


def test_problems_of_a_caller_name_place_and_value(folder):
    table = read_table(folder.holds("unit\n03646\n99999\n"))
    problems = Problems(table)
    problems.refuse()
    problems.add(1, "unit", "no unit has the code {value}")
    with pytest.raises(BadTable, match="t, line 3, column unit: no unit has the code 99999"):
        problems.refuse()


def test_workbook_shows_codes_as_the_sheet_does(folder):
    path = folder.workbook(
        ["unit", "code", "w", "day", "kept"],
        ["03646", 3646, 36.363636, dt.date(2026, 3, 2), 3646],
        [None, 12.0, 1, None, 7],
        formats={"E2": "00000", "E3": "00000"},
    )
    table = read_table(path)
    assert table.text("unit").to_pylist() == ["03646", None]
    assert table.text("code").to_pylist() == ["3646", "12"]
    assert table.text("kept").to_pylist() == ["03646", "00007"]
    assert table.text("day").to_pylist() == ["2026-03-02", None]
    assert table.numbers("w").tolist() == [36.363636, 1]
    assert table.stored_as_numbers == {"code", "w"}


def test_workbook_lines_are_the_rows_that_excel_counts(folder):
    path = folder.workbook([None], ["a", "b", None], [None], ["1", "2", None], [None, None], [None, "x"])
    assert [(record.line, record["a"]) for record in read_table(path).records()] == [(4, "1"), (6, "")]


def test_workbook_with_several_sheets_says_which_is_read(folder):
    path = folder.workbook(["a"], ["1"], other_sheet=True)
    (note,) = read_table(path).reading.doubts
    assert "the sheet “Sheet” is read; the others are not (“Khác”)" in str(note)


def test_workbook_formula_without_result_is_refused(folder):
    with pytest.raises(BadTable, match="formula in cell B2 has no stored result"):
        read_table(folder.workbook(["a", "b"], ["1", "=A2*2"]))


def test_workbook_value_outside_the_named_columns_is_refused(folder):
    with pytest.raises(BadTable, match="line 2, column C: “stray” stands outside"):
        read_table(folder.workbook(["a", "b"], ["1", "2", "stray"]))


def test_workbook_that_is_none_and_workbook_named_csv_are_told_apart(folder):
    with pytest.raises(BadFile, match="no readable Excel workbook"):
        read_table(folder.holds(b"PK\x03\x04nonsense", "a.xlsx"))
    path = folder.workbook(["a"], ["1"])
    assert read_table(path.rename(path.with_suffix(".csv"))).rows == 1


def test_parquet_columns_of_every_kind_become_codes(folder):
    path = folder.parquet(
        unit=pa.array(["03646x", None, "te\u0302n"]),
        kind=pa.array(["a", "b", "a"]).dictionary_encode(),
        number=pa.array([7, None, 3646], pa.int16()),
        gaps=pa.array([7.0, float("nan"), 2.5]),
        day=pa.array([dt.date(2026, 3, 2), None, None]),
    )
    table = read_table(path)
    assert table.text("unit").to_pylist() == ["03646x", None, "tên"]
    assert table.text("kind").to_pylist() == ["a", "b", "a"]
    assert table.text("number").to_pylist() == ["7", None, "3646"]
    assert table.text("gaps").to_pylist() == ["7", None, "2.5"]
    assert table.text("day").to_pylist() == ["2026-03-02", None, None]
    np.testing.assert_array_equal(table.numbers("number"), [7, np.nan, 3646])
    with pytest.raises(BadTable, match="row 1, column unit: “03646x” is not"):
        table.numbers("unit")


def test_parquet_that_cannot_serve_is_refused(folder):
    with pytest.raises(BadFile, match="no readable Parquet file"):
        read_table(folder.holds(b"PAR1 and nothing else", "a.parquet"))
    with pytest.raises(BadFile, match="column nested holds list"):
        read_table(folder.parquet(nested=pa.array([[1], [2]]))).text("nested")


def test_a_file_without_line_ends_is_refused_before_it_is_held(folder, monkeypatch):
    monkeypatch.setattr("sipas.tables.delimited.LONGEST", 5_000_000)
    for read in (read_table, read_in_pieces):
        for body, line in ((b"x" * 6_000_000, 1), (b"a,b\n1,2\n" + b"x" * 6_000_000, 3)):
            path = folder.holds(body)
            monkeypatch.setattr(Path, "read_bytes", None)  # holding it whole would fail now
            with pytest.raises(BadFile, match=f"t: line {line} is longer than 4 MB"):
                read(path)


def test_a_line_of_a_megabyte_is_read(folder):
    assert read_table(folder.holds("a,b\n1," + "x" * 1_000_000 + "\n")).rows == 1


def test_a_cell_of_millions_of_letters_is_named_by_its_line(folder):
    said = "line {}: a cell that begins here is longer than 4194304 letters"
    with pytest.raises(BadFile, match=said.format(3)):
        list(read_table(folder.holds('a,b\n1,2\n1,"' + "word\n" * 2_000_000 + '"\n')).records())
    path = folder.holds('"a' + "word\n" * 1_000_000 + '",b\n')
    for read in (read_table, read_in_pieces):
        with pytest.raises(BadFile, match=said.format(1)):
            read(path)


def test_columns_beyond_those_of_excel_are_refused(folder):
    path = folder.holds(",".join(f"c{n}" for n in range(16_385)) + "\n")
    for read in (read_table, read_in_pieces):
        with pytest.raises(BadFile, match="t has 16385 columns; at most 16384 are read"):
            read(path)
    with pytest.raises(BadFile, match="has 16385 columns"):
        read_table(folder.parquet(**{f"c{n}": pa.nulls(1) for n in range(16_385)}))


def test_a_parquet_file_of_more_rows_than_a_table_has_is_refused(folder, monkeypatch):
    path = folder.parquet(a=pa.nulls(2_000))
    monkeypatch.setattr("sipas.tables.parquet.MOST_ROWS", 1_999)
    for read in (read_table, read_in_pieces):
        with pytest.raises(BadFile, match="has 2000 rows; at most 1999"):
            read(path)


def test_a_parquet_file_with_any_byte_changed_is_read_or_refused_in_a_sentence(folder):
    path = folder.parquet(a=pa.array(["x", "y"] * 50), b=pa.array(range(100)))
    whole, refused = path.read_bytes(), 0
    for place in range(4, len(whole) - 4, 3):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        for read in (
            lambda: list(read_table(path).records()),
            lambda: [list(p.records()) for p in read_in_pieces(path)],
        ):
            try:
                read()
            except BadFile:  # any other error would be one that nobody foresaw
                refused += 1
    assert refused > 100
