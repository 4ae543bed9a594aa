"""Workbooks of every kind: read as Excel shows them, or refused in one sentence before they take room or time."""

import contextlib
import datetime as dt
import struct
import subprocess
import sys
import zipfile
from dataclasses import replace

import openpyxl
import pytest
import xlsxwriter

from sipas.errors import BadFile
from sipas.tables import BadTable, read_in_pieces, read_table
from sipas.tables.package import LIMITS, Limits
from sipas.tables.table import number_as_text
from sipas.tables.workbook import read_workbook
from tests.workbooks import HEADER, a_workbook, again

ONE = '<row r="2"><c r="A2"><v>1</v></c></row>'
CSV = "Save the sheet as “CSV UTF-8” and give that file"


def cells(table):
    return [record.cells for record in table.records()]


A_MOMENT = dt.datetime(2026, 3, 2, 14, 30)  # noqa: DTZ001 - workbooks know of no zone
MIXED = [
    *("03646", "Đất đai", " x ", "a_x005F_b", "line\nbreak", "'quoted'", "=not a formula", "<&>", "😀", "x" * 32_767),
    *(0, 1, -7, 3646, 12.5, 1e-9, 1e20, 123456789012345678, 0.1, -0.0, True, False, None, ""),
    *(dt.date(2026, 3, 2), A_MOMENT, dt.time(8, 15), dt.timedelta(hours=30)),
    *(dt.date(1900, 1, 15), dt.date(9999, 12, 31)),
]


def shown_by_openpyxl(cell):
    """What our reader made of a cell as long as openpyxl handed it the values."""
    value = cell.value
    if value is None or (isinstance(value, str) and not value.strip()):
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        pattern = cell.number_format or ""
        return number_as_text(value).zfill(len(pattern)) if set(pattern) == {"0"} else number_as_text(value)
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, dt.date | dt.time | dt.datetime) else str(value)


@pytest.mark.parametrize("from_1904", [False, True])
def test_every_kind_of_value_is_what_openpyxl_reads(tmp_path, from_1904):
    book = openpyxl.Workbook()
    if from_1904:
        book.epoch = openpyxl.utils.datetime.MAC_EPOCH
    book.active.append(["kept", "code", "value"])
    for value in MIXED:
        if not (from_1904 and isinstance(value, dt.date) and value.year < 1904):
            book.active.append(["x", 7, value])
            book.active.cell(book.active.max_row, 2).number_format = "00000"
            if isinstance(value, str):
                book.active.cell(book.active.max_row, 3).data_type = "s"
    book.save(tmp_path / "t.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "t.xlsx").active
    expected = [[shown_by_openpyxl(cell) for cell in row] for row in sheet.iter_rows(min_row=2)]
    expected = [["a_b" if text == "a_x005F_b" else text for text in row] for row in expected]
    assert [list(row.values()) for row in cells(read_table(tmp_path / "t.xlsx"))] == expected
    assert expected[0][1] == "00007"


def test_a_workbook_of_another_program_is_read_alike(tmp_path):
    with xlsxwriter.Workbook(tmp_path / "t.xlsx") as book:
        sheet = book.add_worksheet("Số liệu")
        book.add_worksheet("Khác")
        day, code = book.add_format({"num_format": "dd/mm/yyyy"}), book.add_format({"num_format": "00000"})
        for column, name in enumerate(("day", "code", "rich", "sum")):
            sheet.write_string(0, column, name)
        sheet.write_datetime(2, 0, A_MOMENT.replace(hour=0, minute=0), day)
        sheet.write_number(2, 1, 3646, code)
        sheet.write_rich_string(2, 2, "Hộ ", book.add_format({"bold": True}), "tịch")
        sheet.write_formula(2, 3, "=1+1", None, 2)
    table = read_table(tmp_path / "t.xlsx")
    assert cells(table) == [{"day": "2026-03-02", "code": "03646", "rich": "Hộ tịch", "sum": "2"}]
    assert table.line(0) == 3
    assert "the sheet “Số liệu” is read; the others are not (“Khác”)" in str(table.reading.doubts[0])


def test_a_formula_whose_result_is_no_text_at_all_is_an_empty_cell(tmp_path):
    rows = ['<row><c><v>1</v></c><c t="str"><f>""</f><v></v></c></row>']
    assert cells(read_workbook(a_workbook(tmp_path / "t.xlsx", rows))) == [{"a": "1", "b": ""}]


PREFIXED = (
    '<x:worksheet xmlns:x="urn:x"><x:sheetData><x:row><x:c t="inlineStr"><x:is><x:t>a</x:t></x:is></x:c></x:row>'
    '<x:row><x:c t="s"><x:v>0</x:v></x:c></x:row></x:sheetData><x:drawing><x:row>9</x:row></x:drawing></x:worksheet>'
)


def test_prefixes_runs_sounds_and_cells_without_an_address_are_read(tmp_path):
    texts = ["<si><r><t>Hộ </t></r><r><t>tịch</t></r><rPh><t>sound</t></rPh></si>"]
    assert cells(read_workbook(a_workbook(tmp_path / "t.xlsx", texts=texts, sheet1=PREFIXED))) == [{"a": "Hộ tịch"}]


def test_the_size_that_a_sheet_claims_is_not_believed(tmp_path):
    head = '<dimension ref="A1:XFD1048576"/>'
    found = read_workbook(a_workbook(tmp_path / "t.xlsx", [ONE], header=HEADER, head=""))
    claimed = read_workbook(
        a_workbook(tmp_path / "u.xlsx", sheet1=f"<worksheet>{head}<sheetData>{HEADER}{ONE}</sheetData></worksheet>")
    )
    assert cells(found) == cells(claimed) == [{"a": "1", "b": ""}]


def test_a_million_empty_rows_with_a_style_are_passed_over(tmp_path):
    rows = (f'<row r="{row}" s="1" customFormat="1"/>' for row in range(3, 1_048_577))
    assert read_workbook(a_workbook(tmp_path / "t.xlsx", [ONE, *rows])).rows == 1


def test_a_cell_far_out_is_a_complaint_about_that_cell(tmp_path):
    with pytest.raises(BadTable, match="line 1048576, column XFD: “1” stands outside"):
        read_workbook(a_workbook(tmp_path / "t.xlsx", ['<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>']))


def test_complaints_are_counted_beyond_those_that_are_kept(tmp_path):
    rows = [f'<row r="{n}"><c r="A{n}"><f>1</f></c></row>' for n in range(2, 3002)]
    with pytest.raises(BadTable) as refused:
        read_workbook(a_workbook(tmp_path / "t.xlsx", rows))
    assert (refused.value.count, len(refused.value.problems)) == (3000, 1000)


BOMBS = {  # kind -> (what the workbook is made of, what is said of it)
    "texts": ({"rows": [ONE], "texts": again("<si/>", 4_001_000)}, "more than 4000000 different texts"),
    "a text": ({"rows": [ONE], "texts": ["<si><t>", *again("x" * 1000, 40_000), "</t></si>"]}, "1048576 letters"),
    "runs": ({"rows": [ONE], "texts": ["<si>", *again("<r><t>x</t></r>", 2_000_000), "</si>"]}, "1048576 letters"),
    "a cell": ({"rows": ['<row r="2"><c t="inlineStr"><is><t>', *again("x", 2_000_000)]}, "1048576 letters"),
    "blank cells": ({"rows": again("<row>" + "<c/>" * 16_000 + "</row>", 1000, 1)}, "3000000 cells without a value"),
    "blank texts": ({"rows": again('<row><c s="1" t="s"/></row>', 1_100_000)}, "row 1048577 comes after"),
    "columns": (
        {"header": '<row r="1"><c r="XFD1" t="str"><v>a</v></c></row>', "rows": [ONE]},
        "more than 2048 columns",
    ),
    "a tag": ({"rows": ['<row r="2"><c r="A2" x="', *again("x" * 1000, 5000), '"/></row>']}, "one tag in it"),
    "a comment": ({"rows": ["<!--", *again("x" * 1000, 5000), "-->"]}, "one tag in it"),
    "attributes": ({"rows": ["<row ", *(f'x{n}="" ' for n in range(400_000)), "/>"]}, "one tag in it"),
    "folds": ({"rows": [" " * (1 << 20)] * 40}, "more than 100 times its size"),
    "styles": (
        {"rows": [ONE], "formats": f"<xf {' ' * 195}/>" * 175_000},
        "more than 100 times its size|holds more than 32 MB",
    ),
    "depth": ({"rows": again("<a>", 100_000)}, "too deep in each other"),
    "depth of values": ({"rows": ["<row><c>", *again("<v>", 100_000)]}, "too deep in each other"),
    "depth of texts": ({"rows": [ONE], "texts": again("<si>", 100_000)}, "too deep in each other"),
    "depth of styles": ({"rows": [ONE], "formats": "<a>" * 100_000}, "too deep in each other"),
}


@pytest.mark.parametrize("kind", BOMBS)
def test_a_small_file_that_unpacks_to_much_is_refused_in_a_sentence_that_says_what_to_do(tmp_path, kind):
    made, said = BOMBS[kind]
    path = a_workbook(tmp_path / "dossiers.xlsx", **made)
    with pytest.raises(BadFile, match=said) as refused:
        read_workbook(path)
    told = str(refused.value)
    assert told.startswith("dossiers.xlsx is ")
    assert "\n" not in told
    assert told.endswith((CSV, "save it again as .xlsx"))


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({"texts": 2}, "more than 2 different texts"),
        ({"text": 8}, "texts take more than 0 MB"),
        ({"places": 5}, "more than 5 cells, rows times columns"),
        ({"columns": 1}, "more than 1 columns"),
        ({"cell": 3}, "more than 3 letters"),
        ({"blanks": 0}, "more than 0 cells without a value"),
        ({"parts": 3}, "more than 3 parts"),
        ({"part": 100}, "holds more than 0 MB"),
        ({"packed": 10}, "texts take more than 0 MB"),
        ({"small": 0, "fold": 1}, "more than 1 times its size"),
    ],
)
def test_each_limit_is_a_count(tmp_path, limits, said):
    texts = ["<si><t>three</t></si><si><t>four</t></si><si><t>five</t></si>"]
    rows = [f'<row r="{n}"><c r="A{n}" t="s"><v>{n - 2}</v></c></row>' for n in (2, 3, 4)]
    blank = [f'<row r="{n}"><c r="A{n}"/><c r="B{n}"/><c r="C{n}"/><c r="D{n}"/></row>' for n in range(5, 20)]
    path = a_workbook(tmp_path / "t.xlsx", [*rows, *blank], texts)
    assert read_workbook(path, LIMITS).rows == 3
    with pytest.raises(BadFile, match=said):
        read_workbook(path, replace(LIMITS, **limits))


LAUGH = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY b SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize("part", ["sheet1", "sharedStrings", "styles", "workbook"])
@pytest.mark.parametrize("declared", [LAUGH, OUTSIDE])
def test_no_part_may_declare_entities(tmp_path, part, declared):
    path = a_workbook(tmp_path / "t.xlsx", [ONE], **{part: f"{declared}<x>&b;</x>"})
    with pytest.raises(BadFile, match="declares a document type"):
        read_workbook(path)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ({"packing": zipfile.ZIP_LZMA}, "packed in an unknown way"),
        ({"packing": zipfile.ZIP_BZIP2}, "packed in an unknown way"),
        ({"rows": [ONE, ONE]}, "row 2 comes after row 2"),
        ({"rows": ['<row r="1048577"/>']}, "row 1048577 comes after"),
        ({"rows": ['<row r="2"><c r="B2"/><c r="A2"/></row>']}, "cells of row 2 do not follow"),
        ({"rows": ['<row r="2"><c r="XFE2"/></row>']}, "cells of row 2 do not follow"),
        ({"rows": ['<row r="2"><c r="a2"/></row>']}, "a cell stands in column a"),
        ({"rows": ['<row r="2"><c r="A2"><c r="B2"/></c></row>']}, "lie in each other"),
        ({"rows": ['<row r="2"><c t="s"><v>0</v></c></row>']}, "names text 0 of 0"),
        ({"rows": ['<row r="2"><c t="s"><v>-1</v></c></row>'], "texts": ["<si/>"]}, "names text -1 of 1"),
        ({"rows": ['<row r="2"><c><v>x</v></c></row>']}, "invalid literal"),
        ({"rows": ["<row></x>"]}, "mismatched tag"),
        ({"workbook": "<workbook/>"}, "is empty"),
        ({"workbook": b"\x00\x01"}, "no readable Excel workbook"),
    ],
)
def test_a_workbook_that_breaks_its_format_is_refused_with_the_reason(tmp_path, made, said):
    with pytest.raises(BadFile, match=said):
        read_workbook(a_workbook(tmp_path / "t.xlsx", **made))


def test_a_number_of_a_million_digits_is_no_fault(tmp_path):
    rows = ["<row><c><v>", *again("9", 1_000_000), "</v></c></row>"]
    assert read_workbook(a_workbook(tmp_path / "t.xlsx", rows)).text("a").to_pylist() == ["inf"]


def test_a_damaged_archive_of_any_kind_is_refused_with_the_reason(tmp_path):
    whole = a_workbook(tmp_path / "t.xlsx", [ONE]).read_bytes()
    path = tmp_path / "u.xlsx"
    for cut in range(4, len(whole), 37):
        path.write_bytes(whole[:cut])
        with pytest.raises(BadFile, match="no readable Excel workbook"):
            read_workbook(path)
        path.write_bytes(whole[:cut] + bytes((whole[cut] ^ 0xFF,)) + whole[cut + 1 :])
        with contextlib.suppress(BadFile):  # any other error would be one that nobody foresaw
            read_workbook(path)


def _directory(path, offset, kind, value):
    """Every entry of the archive's list claims something else."""
    data, at = bytearray(path.read_bytes()), 0
    while (at := data.find(b"PK\x01\x02", at)) >= 0:
        struct.pack_into(kind, data, at + offset, value)
        at += 46
    path.write_bytes(data)


@pytest.mark.parametrize("claimed", [1, 0x7FFFFFFF])
def test_what_an_archive_claims_of_its_sizes_moves_no_limit(tmp_path, claimed):
    path = a_workbook(tmp_path / "t.xlsx", [" " * (1 << 20)] * 40)
    _directory(path, 20, "<I", claimed)
    _directory(path, 24, "<I", claimed)
    with pytest.raises(BadFile):
        read_workbook(path)


def test_a_part_that_is_locked_with_a_password_is_told(tmp_path):
    path = a_workbook(tmp_path / "t.xlsx", [ONE])
    _directory(path, 8, "<H", 1)
    with pytest.raises(BadFile, match="no readable Excel workbook"):
        read_workbook(path)


@pytest.mark.parametrize("far", [False, True])
def test_an_archive_of_very_many_parts_is_refused_before_its_list_is_read(tmp_path, far):
    path = tmp_path / "t.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(70_000 if far else 10_001):  # beyond 65,535 the count stands in another place
            archive.writestr(str(number), b"")
    with pytest.raises(BadFile, match="more than 10000 parts"):
        read_workbook(path)


def test_a_workbook_read_in_pieces_is_the_workbook_read_whole(tmp_path):
    rows = (f'<row r="{n}"><c r="A{n}"><v>{n}</v></c><c r="B{n}"><v>{n % 7}</v></c></row>' for n in range(2, 140_002))
    path = a_workbook(tmp_path / "t.xlsx", rows)
    whole, pieces = read_table(path), read_in_pieces(path)
    for _again in range(2):
        assert [(one.line, one["a"]) for piece in pieces for one in piece.records()] == [
            (one.line, one["a"]) for one in whole.records()
        ]
    assert len(list(pieces)) == 3


READ = """
import sys
from sipas.tables import read_table
rows = read_table(sys.argv[1]).rows
print(rows, next(int(line.split()[1]) >> 10 for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""  # not `getrusage`: what that says begins with the parent's


def test_memory_does_not_grow_with_the_sheet(tmp_path):
    """Of 1.2 million cells (as openpyxl's values they took 170 MB) at most two pieces are in memory at a time."""
    letters = [*(chr(65 + place) for place in range(26)), "AA", "AB", "AC", "AD"]
    header = "<row>" + "".join(f'<c t="inlineStr"><is><t>h{one}</t></is></c>' for one in letters) + "</row>"

    def peak(last):
        row = "".join(f'<c r="{one}{{0}}"><v>{{1}}</v></c>' for one in letters)
        rows = (f'<row r="{n}">{row.format(n, n % 5 + 1)}</row>' for n in range(2, last + 2))
        path = a_workbook(tmp_path / f"{last}.xlsx", rows, header=header)
        run = subprocess.run([sys.executable, "-c", READ, path], check=True, capture_output=True, text=True)
        read, mebibytes = map(int, run.stdout.split())
        assert read == last
        return mebibytes

    assert peak(40_000) - peak(400) < 60


def test_the_limits_leave_room_for_a_million_rows_of_thirty_columns():
    assert Limits().places >= 30_000_000
    assert Limits().part >= 2 << 30


def test_hidden_columns_are_read_and_named_by_sheet_and_letter(tmp_path):
    book = openpyxl.Workbook()
    book.active.title = "Phiếu"
    book.active.append(["unit", "w", "note", "q01"])
    book.active.append(["03646", 1.5, "x", 4])
    book.active.column_dimensions["B"].hidden = True
    book.active.column_dimensions["D"].hidden = True
    book.active.column_dimensions["F"].hidden = True  # has nothing in it
    book.save(tmp_path / "t.xlsx")
    table = read_table(tmp_path / "t.xlsx")
    assert table.numbers("w").tolist() == [1.5]
    (told,) = map(str, table.reading.doubts)
    assert "t.xlsx, sheet “Phiếu”: hidden columns are read as well as the others: B (w), D (q01);" in told
