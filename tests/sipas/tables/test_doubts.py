"""What offices hand in, kind by kind: read rightly, or refused in one sentence that names the place."""

import random
import zipfile
from pathlib import Path

import numpy as np
import openpyxl
import pytest

from sipas.errors import BadFile
from sipas.tables import BadTable, read_in_pieces, read_table
from sipas.tables.account import gathered_readings

FILES = Path(__file__).parent / "files"
ROWS = [["03646" if n % 2 else "03664", str(1 + n % 5)] for n in range(12)]


def a_workbook(path, *rows, change=lambda sheet: None):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    change(book.active)
    book.save(path / "t.xlsx")
    return path / "t.xlsx"


def refused(path, **options):
    def read():
        table = read_table(path, **options)
        table.load(table.columns)

    with pytest.raises(BadFile) as error:
        read()
    return str(error.value)


@pytest.mark.parametrize("body", ["w;x\n1.250;a\n980;b\n", "w\tx\n1.250\ta\n2.500\tb\n", "w,x\n1.250,a\n1.000,b\n"])
def test_a_column_that_can_be_read_both_ways_is_refused_and_may_be_settled(folder, body):
    path = folder.holds(body)
    with pytest.raises(BadTable, match=r"line 2, column w: “1\.250” may mean 1250 or 1\.25, and no number of this"):
        read_table(path).numbers("w")
    assert read_table(path, decimal="comma").numbers("w")[0] == 1250
    assert read_table(path, decimal="point").numbers("w")[0] == 1.25


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("w;x\n1.250;a\n12.5;b\n", [1.25, 12.5]),
        ("w;x\n1.250;a\n0.125;b\n", [1.25, 0.125]),
        ("w;x\n1.250;a\n1234.567;b\n", [1.25, 1234.567]),
        ("w;x\n1.2500;a\n2.250;b\n", [1.25, 2.25]),
        ("w;x\n1,250;a\n2,500;b\n", [1.25, 2.5]),
        ("w;x\n1250;a\n980;b\n", [1250, 980]),
    ],
)
def test_a_value_that_can_mean_one_thing_settles_its_column(folder, body, expected):
    table = read_table(folder.holds(body))
    assert table.numbers("w").tolist() == expected
    assert table.reading.doubts == []


def test_neighbours_settle_a_column_and_the_account_says_so(folder):
    table = read_table(folder.holds("w;share\n1.250;0,5\n980;0,25\n"))
    assert table.numbers("w").tolist() == [1250, 980]
    (doubt,) = table.reading.doubts
    assert "column w: “1.250” was read as 1250, a number with a separator of thousands" in str(doubt)
    table = read_table(folder.holds("w;share\n1.250;0.5\n2.500;0.25\n"))
    assert table.numbers("w").tolist() == [1.25, 2.5]
    with pytest.raises(
        BadTable, match=r"“1\.250” may mean 1250 or 1\.25"
    ):  # nobody writes 980 beside 1.250 for decimals
        read_table(folder.holds("w;share\n1.250;0.5\n980;0.25\n")).numbers("w")


def test_numbers_among_texts_of_a_workbook_are_doubted(tmp_path):
    path = a_workbook(tmp_path, ["w"], [980], ["1.250"])
    with pytest.raises(BadTable, match=r"“1\.250” is text, while other cells of this column are numbers"):
        read_table(path).numbers("w")
    assert read_table(a_workbook(tmp_path, ["w"], [1.125], [2.375])).numbers("w").tolist() == [1.125, 2.375]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda s: s.merge_cells("A2:A7"), "merged cells stand in the table (A2:A7; 1 in all)"),
        (lambda s: _hide(s, 5, 6), "2 rows are hidden or filtered out in Excel (rows 5, 6)"),
        (lambda s: s.append(["Tổng cộng", 36]), "row 14 seems to be a sum (“Tổng cộng”)"),
        (lambda s: _error(s, "B13"), "cell B13 holds the error #N/A"),
        (lambda s: _above(s, "UBND TỈNH SƠN LA"), "the header seems to stand in row 2 (unit, q01), and row 1 above"),
        (
            lambda s: _above(s, "UBND", "BÁO CÁO", None),
            "the header seems to stand in row 4 (unit, q01), and rows 1 to 2",
        ),
    ],
)
def test_what_excel_shows_otherwise_is_named_by_its_place(tmp_path, change, complaint):
    path = a_workbook(tmp_path, ["unit", "q01"], *ROWS)
    assert read_table(path).rows == 12
    assert complaint in refused(a_workbook(tmp_path, ["unit", "q01"], *ROWS, change=change))


def _hide(sheet, *rows):
    for row in rows:
        sheet.row_dimensions[row].hidden = True


def _error(sheet, cell):
    sheet[cell] = "#N/A"
    sheet[cell].data_type = "e"


def _above(sheet, *titles):
    sheet.insert_rows(1, len(titles))
    for row, title in enumerate(titles, 1):
        sheet.cell(row, 1, title)


def test_hidden_sheets_are_not_read_unless_they_are_asked_for(tmp_path):
    path = a_workbook(tmp_path, ["q01"], ["5"])
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["xl/workbook.xml"] = parts["xl/workbook.xml"].replace(b'state="visible"', b'state="hidden"')
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    assert "all its sheets are hidden (“Sheet”); show the one to be read" in refused(path)
    assert read_table(path, sheet="Sheet").rows == 1


def test_a_header_of_two_rows_is_named(tmp_path):
    head = [["STT", "Đơn vị", "Mức độ hài lòng", None], [None, None, "Tiếp cận", "Thủ tục"]]
    rows, ranges = [*head, [1, "A", 4, 5], [2, "B", 3, 5]], ("A1:A2", "B1:B2", "C1:D1")
    merged = a_workbook(tmp_path, *rows, change=lambda sheet: [sheet.merge_cells(name) for name in ranges])
    assert "the header seems to take two rows, 1 and 2" in refused(merged)
    assert "the header seems to take two rows, 1 and 2" in refused(a_workbook(tmp_path, *rows))


@pytest.mark.parametrize("separator", ",;\t")
def test_letterhead_and_sum_of_a_text_file_are_named(folder, separator):
    table = "\n".join(separator.join(row) for row in [["unit", "q01"], *ROWS])
    above = folder.holds(f"UBND TỈNH{separator}\nPhiếu năm 2026{separator}\n{table}\n")
    assert "the header seems to stand in row 3 (unit, q01), and rows 1 to 2 above it are a title" in refused(above)
    alone = folder.holds(f"UBND TỈNH\n{table}\n")
    assert "the header seems to stand in row 2 (unit, q01), and row 1 above it is a title" in refused(alone)
    below = folder.holds(f"{table}\nTỔNG CỘNG{separator}36\n")
    assert "row 14 seems to be a sum (“TỔNG CỘNG”)" in refused(below)
    with pytest.raises(BadFile, match="row 14 seems to be a sum"):
        list(read_in_pieces(below))


def test_dates_beside_texts_like_dates_are_refused(tmp_path):
    import datetime as dt

    rows = [["day"], *([dt.date(2026, 3, day)] for day in range(1, 12)), ["13/03/2026"]]
    told = refused(a_workbook(tmp_path, *rows))
    assert "some cells are dates to Excel, others are texts such as “13/03/2026” (row 13)" in told
    assert read_table(a_workbook(tmp_path, *rows[:-1])).text("day")[0].as_py() == "2026-03-01"


def test_the_first_visible_sheet_is_read_or_the_one_that_is_asked_for(tmp_path):
    book = openpyxl.Workbook()
    book.active.title, book.active.sheet_state = "Nháp", "hidden"
    for title, value in (("Phiếu", "5"), ("Phiếu 2", "4")):
        book.create_sheet(title).append(["q01"])
        book[title].append([value])
    book.active = 1
    book.save(tmp_path / "t.xlsx")
    table = read_table(tmp_path / "t.xlsx")
    assert (table.text("q01").to_pylist(), table.reading.sheet, table.reading.sheets) == (["5"], "Phiếu", 2)
    assert "the sheet “Phiếu” is read; the others are not (“Phiếu 2”)" in str(table.reading.doubts[0])
    chosen = read_table(tmp_path / "t.xlsx", sheet="phiếu 2")
    assert (chosen.text("q01").to_pylist(), chosen.reading.doubts) == (["4"], [])
    told = refused(tmp_path / "t.xlsx", sheet="Tháng 3")
    assert "has no sheet “Tháng 3”; its sheets are: “Nháp”, “Phiếu”, “Phiếu 2”" in told


def test_the_separator_is_judged_by_the_rows(folder):
    table = read_table(folder.holds("Cơ quan, đơn vị, nơi đến;q01\nA;5\nB;4\n"))
    assert (table.columns, table.separator) == (("Cơ quan, đơn vị, nơi đến", "q01"), ";")
    assert read_table(folder.holds("w\n1,5\n2,5\n")).numbers("w").tolist() == [1.5, 2.5]


def test_error_words_of_a_text_file_are_refused_where_they_are_asked_for(folder):
    table = read_table(folder.holds("unit,q01,extra\nA,5,#REF!\n#N/A,4,x\n"))
    assert table.text("q01").to_pylist() == ["5", "4"]
    for ask in (table.text, table.coded):
        with pytest.raises(BadTable, match="line 3, column unit: #N/A is an error of Excel"):
            ask("unit")


@pytest.mark.parametrize(
    ("content", "name", "complaint"),
    [
        (b"<html><body><table><tr><td>unit</td></tr></table>", "a.xls", "a.xls is a web page, whatever its name"),
        (b"\xef\xbb\xbf<!DOCTYPE html>\n<html>", "a.csv", "a.csv is a web page"),
        (b'<?xml version="1.0"?>\n<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">', "a.xls", "of 2003"),
        (b"%PDF-1.7 ...", "a.csv", "is no table but a PDF document"),
        (b"\x89PNG\r\n", "a.csv", "is no table but a picture"),
        ("§¬n vÞ,q01\nX· ChiÒng ¢n,5\n§Êt ®ai,4\n".encode("latin-1"), "a.csv", "written for the old fonts of TCVN3"),
        ("Ñôn vò,q01\nPhöôøng Toâ Hieäu,5\nñaát ñai,4\n".encode("cp1252"), "a.csv", "written for the old fonts of VNI"),
        ("§¬n vÞ,q01\n§Êt ®ai,5\nHé tÞch,4\n".encode(), "a.csv", "written for the old fonts of TCVN3"),
        ("Đơn vị,q01\nĐất đai,5\n".encode("utf-16"), "a.csv", "is written in UTF-16"),
    ],
)  # fmt: skip
def test_a_file_is_told_as_what_it_is(folder, content, name, complaint):
    assert complaint in refused(folder.holds(content, name))


def test_words_of_other_languages_and_of_vietnam_are_no_old_fonts(folder):
    for words in ("São Tomé,Praça\n", "Đất đai,Hộ tịch\n", "café,naïve\n", "Ñandú,año\n", "§ 5,® mark\n"):
        read_table(folder.holds("a,b\n" + words))


def test_an_archive_of_one_text_file_is_opened_and_others_are_told(tmp_path):
    def packed(**files):
        with zipfile.ZipFile(tmp_path / "t.zip", "w") as archive:
            for name, content in files.items():
                archive.writestr(name.replace("_", "."), content)
        return tmp_path / "t.zip"

    table = read_table(packed(answers_csv="q01\n5\n"))
    assert table.text("q01").to_pylist() == ["5"]
    assert str(table.reading.doubts[0]) == "t.zip: the file answers.csv in it is read"
    assert [piece.rows for piece in read_in_pieces(tmp_path / "t.zip")] == [1]
    assert "a ZIP archive of 2 files (a.csv, b.csv); unpack it" in refused(packed(a_csv="q\n5\n", b_csv="q\n5\n"))
    assert "a ZIP archive of one file, a.docx" in refused(packed(a_docx="x"))


def test_old_workbooks_are_read_and_say_what_they_cannot_show():
    table = read_table(FILES / "excel-2003.xls")
    assert (table.columns, table.rows, table.line(0)) == (("unit", "w", "q01", "ngày"), 20, 2)
    assert table.text("unit").to_pylist()[:2] == ["03646", "03664"]
    assert table.text("ngày").to_pylist()[0] == "2026-03-01"
    assert table.numbers("w").tolist() == [1.5] * 20
    told = [str(doubt) for doubt in table.reading.doubts]
    assert any("hidden rows and columns cannot be told from others" in one for one in told)
    assert any("the sheet “Phiếu” is read; the others are not (“Giải thích”)" in one for one in told)
    assert "merged cells stand in the table (A2:A5; 1 in all)" in refused(FILES / "excel-2003-merged.xls")


ODS = """<?xml version="1.0" encoding="UTF-8"?><office:document-content
 xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" office:version="1.2"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0">
<office:body><office:spreadsheet><table:table table:name="Phiếu">{rows}</table:table></office:spreadsheet></office:body>
</office:document-content>"""
MANIFEST = """<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>"""
CELL = '<table:table-cell office:value-type="string"{more}><text:p>{value}</text:p></table:table-cell>'


def an_ods(path, rows):
    with zipfile.ZipFile(path / "t.ods", "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", MANIFEST)
        archive.writestr("content.xml", ODS.format(rows=rows))
    return path / "t.ods"


def test_a_workbook_of_libreoffice_is_read_and_a_bomb_is_not_unpacked(tmp_path):
    rows = "".join(
        f"<table:table-row>{''.join(CELL.format(value=v, more='') for v in row)}</table:table-row>"
        for row in [["unit", "q01"], ["03646", "5"]]
    )
    table = read_table(an_ods(tmp_path, rows))
    assert [record.cells for record in table.records()] == [{"unit": "03646", "q01": "5"}]
    bomb = '<table:table-row table:number-rows-repeated="1048576">{}</table:table-row>'.format(
        CELL.format(value="x", more=' table:number-columns-repeated="16384"')
    )
    assert "more than 20000000 cells" in refused(an_ods(tmp_path, bomb))


def test_the_account_says_how_a_file_was_read(folder):
    with gathered_readings() as found:
        table = read_table(folder.holds("unit;w\n03646;12,5\n;\n03664;0,5\n"))
        np.testing.assert_array_equal(table.numbers("w"), [12.5, 0.5])
    (reading,) = found
    assert reading.record() == {
        "file": "t", "kind": "CSV", "rows": 2, "header": 1, "encoding": "UTF-8", "separator": ";", "sheet": None,
        "sheets": None, "decimals": {"w": "comma"}, "dates": {}, "blank_rows": 1, "doubts": [],
    }  # fmt: skip
    assert [str(line) for line in reading.sentences()] == [
        "t: read as CSV, 2 rows; the header stands in line 1",
        "t: written in UTF-8, cells parted by “;”",
        "t: numbers with a decimal comma: w",
        "t: empty rows passed over: 1",
    ]


@pytest.mark.parametrize(
    "body",
    [
        "code,name,name_en,kind\n03646,Tô Hiệu,To Hieu\nA,B,C,D\n",
        "code,name,,kind\n03646,Tô Hiệu,ghi chú,ward\n03664,Chiềng An,ghi chú,ward\n",
    ],
)
def test_a_full_header_is_no_title_whatever_is_wrong_below(folder, body):
    told = refused(folder.holds(body))
    assert "the header seems" not in told
    assert "3 cells where the header has 4" in told or "column 3 has values but no name" in told


def test_a_damaged_old_workbook_is_refused_and_ends_nobody(folder):
    plain = (FILES / "excel-2003.xls").read_bytes()
    told = []
    for seed in range(12):
        draw = random.Random(seed)
        changed = bytearray(plain)
        for _ in range(200):
            changed[draw.randrange(8, len(changed))] = draw.randrange(256)
        try:
            read_table(folder.holds(bytes(changed), "damaged.xls"))
        except BadFile as error:
            told.append(str(error))
    assert len(told) > 6
    assert not any("panic" in one for one in told)
