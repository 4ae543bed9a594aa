"""Empty workbooks: written, filled in as somebody in an office does, and accepted back."""

from __future__ import annotations

import datetime as dt
import zipfile

import openpyxl
import pytest
from click.testing import CliRunner
from sqlalchemy import select

from analysis import read_snapshot
from sipas import clock
from sipas.cli import group
from sipas.errors import BadFile
from sipas.fieldwork.counted import frame_between
from sipas.fieldwork.population_counts_template import months_of
from sipas.files.destinations import AlreadyThere
from sipas.i18n import say, speaking
from sipas.intake.models import Response
from sipas.tables import BadTable
from surveys import NOT_ANSWERED, NOT_APPLICABLE, NOT_ASKED, load
from tests.make import a_point, a_wave

LANGUAGES = ("vi", "en")


@pytest.fixture
def run(settings, database, monkeypatch):
    """A command of this installation, in a language; an error that it ends with is raised."""
    monkeypatch.setenv("SIPAS_HOME", str(settings.home))
    monkeypatch.setattr(clock, "today", lambda: dt.date(2026, 9, 30))

    def call(*arguments, language="vi"):
        with speaking(language):
            result = CliRunner().invoke(group, [str(one) for one in arguments], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result

    return call


def fill(path, *rows):
    """Type rows below the heads, a cell for each head that they name."""
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    heads = {cell.value.split(":")[0]: cell.column for cell in sheet[1]}
    for line, row in enumerate(rows, 2):
        for head, value in row.items():
            sheet.cell(line, heads[head], value)
    book.save(path)


@pytest.mark.parametrize(
    ("language", "heads", "words"),
    [
        ("vi", ("Điểm", "Lĩnh vực", "Ngày", "Số ghi trên phiếu", "Kênh", "Giới tính"), ("phiếu giấy", "Nữ")),
        ("en", ("Point", "Field", "Date", "Number on the form", "Channel", "Sex"), ("paper", "Woman")),
    ],
)
def test_a_workbook_for_answers_comes_back_filled_in(database, settings, run, tmp_path, language, heads, words):
    a_point(database, "to-hieu-1", form="short")
    a_wave(database, settings)
    path = tmp_path / "answers.xlsx"
    run("responses", "template", "--wave", "w1", "--out", path, language=language)
    point, field, day, number, channel, sex = heads
    first = {point: "to-hieu-1", field: "ho-tich", day: "16/09/2026", "O": "5", "B1.2": 4, "B4.1": "na"}
    second = {point: "to-hieu-1", field: "dat-dai", day: "2026-09-17", number: "P-7", channel: words[0], sex: words[1],
              "O": "2"}  # fmt: skip
    fill(path, first, second)
    said = run("responses", "import", path, "--wave", "w1", language=language)
    assert "2" in said.stderr
    with database.reading() as session:
        rows = session.scalars(select(Response)).all()
    assert sorted((row.channel, row.sex, row.answers[0]) for row in rows) == [(4, 0, 5), (4, 1, 2)]
    again = run("responses", "import", path, "--wave", "w1", language=language)
    assert "2" in again.stderr
    with database.reading() as session:
        assert len(session.scalars(select(Response)).all()) == 2


@pytest.mark.parametrize("instrument", ["demo", "onestop-2018", "service-2024", "sipas-2023"])
@pytest.mark.parametrize("form", ["short", "full"])
def test_every_questionnaire_and_form_has_a_workbook_with_each_of_its_items(run, tmp_path, instrument, form):
    path = tmp_path / "answers.xlsx"
    run("responses", "template", "--instrument", instrument, "--form", form, "--out", path)
    heads = [cell.value for cell in openpyxl.load_workbook(path).worksheets[0][1]]
    asked = load(instrument)
    assert heads[-len(asked.forms[form]) :] == [f"{code}: {asked.item(code).text}" for code in asked.forms[form]]


def test_forms_of_the_provinces_survey_come_back_with_lists_and_feedback_only_of_those_who_gave_any(
    database, settings, run, tmp_path
):
    a_point(database, "to-hieu-1")
    a_wave(database, settings, instrument="sipas-2023")
    path = tmp_path / "answers.xlsx"
    run("responses", "template", "--wave", "w1", "--out", path)
    visit = {"Điểm": "to-hieu-1", "Lĩnh vực": "ho-tich", "Ngày": "16/09/2026"}
    rows = (
        {"Q1.1": 3, "Q2": "loudspeaker internet", "Q5": "Có một số công chức", "Q8": "commune proposal", "A4.10": 5,
         "B1.1": 4, "B5.1": 2, "B5.2": "na", "Q10.10": 4},
        {"Q8": "school", "B1.1": "na", "B5.1": 5},
        {"Q6": "Không ai phải đưa", "B5.3": 1},
    )  # fmt: skip
    fill(path, *(visit | row for row in rows))
    said = run("responses", "import", path, "--wave", "w1", language="en").stderr
    assert "3 answers" in said
    codes = [item.code for item in load("sipas-2023").items]
    with database.reading() as session:
        stored = [dict(zip(codes, row.answers, strict=True)) for row in session.scalars(select(Response))]
    by_q8 = {row["Q8"]: row for row in stored}
    first, second, third = by_q8[1 + 0b1001000], by_q8[1 + 0b0000001], by_q8[NOT_ANSWERED]
    assert [first[code] for code in ("Q1.1", "Q2", "Q5", "A4.10", "B1.1", "B5.1", "B5.2", "B5.3", "Q10.10")] == [
        3, 1 + 0b0100001, 2, 5, 4, 2, NOT_APPLICABLE, NOT_ANSWERED, 4
    ]  # fmt: skip
    assert [second[code] for code in ("B1.1", "B5.1", "B5.2", "B5.3")] == [NOT_APPLICABLE, *[NOT_ASKED] * 3]
    assert [third[code] for code in ("Q6", "B5.1", "B5.3")] == [1, NOT_ASKED, NOT_ASKED]


def test_forms_of_households_come_back_and_their_snapshot_knows_the_factors_and_conditions(
    database, settings, run, tmp_path
):
    a_point(database, "to-hieu-1")
    a_wave(database, settings, instrument="sipas-2023", population="households", series="other",
           opens_on=dt.date(2026, 9, 1))  # fmt: skip
    path = tmp_path / "answers.xlsx"
    run("responses", "template", "--wave", "w1", "--out", path)
    row = {
        "Điểm": "to-hieu-1",
        "Ngày": "16/09/2026",
        "Q1.1": 2,
        "A1.1": 4,
        "B1.1": "na",
        "Q8": "proposal",
        "B5.1": 3,
    }
    fill(path, *[row] * 3)
    run("responses", "import", path, "--wave", "w1")
    run("wave", "close", "w1")
    run("freeze", "w1")
    codebook = read_snapshot(settings.home / "snapshots" / "w1.parquet").codebook
    items = load("sipas-2023").items
    assert codebook.item_codes == tuple(item.code for item in items if item.satisfied)
    assert [one.code for one in codebook.questions] == [item.code for item in items if not item.satisfied]
    assert list(codebook.factor_items) == ["A1", "A2", "A3", "A4", "B1", "B2", "B3", "B4", "B5"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_workbook_for_dossiers_comes_back_filled_in(database, run, tmp_path, language):
    path = tmp_path / "dossiers.xlsx"
    run("frame", "template", "--months", "2026-07..2026-08", "--out", path, language=language)
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    total = 0
    for line in range(2, sheet.max_row + 1):
        sheet.cell(line, 4, line)
        total += line
    book.save(path)
    run("frame", "load", path, language=language)
    with database.reading() as session:
        cells = frame_between(session, "2026-01", "2026-12")
        assert sum(cell.dossiers for cell in cells) == total
        assert {cell.month for cell in cells} == {"2026-07", "2026-08"}
        assert "03646" in {cell.unit for cell in cells}


def test_an_empty_workbook_for_dossiers_keeps_what_is_typed_as_text(database, run, tmp_path):
    path = tmp_path / "dossiers.xlsx"
    run("frame", "template", "--out", path)
    fill(path, {"Đơn vị": "03646", "Lĩnh vực": "ho-tich", "Tháng": "2026-03", "Số hồ sơ": 12})
    assert "1" in run("frame", "load", path).stderr
    with zipfile.ZipFile(path) as parts:
        assert b'numFmtId="49"' in parts.read("xl/styles.xml")  # Excel's own number for text


def test_the_codes_are_text_the_heads_stay_in_view_and_a_second_sheet_explains(database, settings, run, tmp_path):
    a_point(database, "to-hieu-1", form="short")
    a_wave(database, settings)
    path = tmp_path / "answers.xlsx"
    run("responses", "template", "--wave", "w1", "--out", path)
    book = openpyxl.load_workbook(path)
    sheet, explained, codes = book.worksheets
    assert (explained.title, codes.title) == ("Giải thích", "Danh mục mã")
    assert sheet.freeze_panes == "A2"
    assert all(cell.value is None for row in sheet.iter_rows(min_row=2) for cell in row)
    lists = {str(one.sqref): one for one in sheet.data_validations.dataValidation if one.type == "list"}
    assert lists["A2:A20001"].formula1 == "'Danh mục mã'!$A$3"
    told = {row[0]: row[2] for row in explained.iter_rows(values_only=True) if row[0]}
    assert "1 Rất không hài lòng" in told["B1.2: Đủ ghế ngồi và bàn viết"]
    assert [cell.value for cell in codes["A"][2:3]] == ["to-hieu-1"]


def test_a_row_that_was_prepared_and_not_filled_in_is_refused_by_its_line(run, tmp_path):
    path = tmp_path / "dossiers.xlsx"
    run("frame", "template", "--months", "2026-07", "--out", path)
    with pytest.raises(BadTable) as told, speaking("vi"):
        CliRunner().invoke(group, ["frame", "load", str(path)], catch_exceptions=False)
    with speaking("vi"):
        assert "dòng 2, cột Số hồ sơ" in say(told.value)


def test_an_existing_file_is_not_overwritten_and_another_ending_is_refused(run, tmp_path):
    (tmp_path / "a.xlsx").write_bytes(b"mine")
    with pytest.raises(AlreadyThere):
        run("frame", "template", "--out", tmp_path / "a.xlsx")
    assert (tmp_path / "a.xlsx").read_bytes() == b"mine"
    told = CliRunner().invoke(group, ["frame", "template", "--out", str(tmp_path / "a.csv")])
    assert (told.exit_code, ".xlsx" in told.output) == (2, True)
    told = CliRunner().invoke(group, ["responses", "template", "--out", str(tmp_path / "b.xlsx")])
    assert (told.exit_code, "--instrument" in told.output) == (2, True)


@pytest.mark.parametrize("given", ["2026", "2026-13", "2026-05..2026-01", "March", "2026-01..", "0000-01..9999-12"])
def test_what_is_no_month_is_refused(given):
    with pytest.raises(Exception, match="month"):
        months_of(given)


def test_two_columns_of_the_same_meaning_are_refused(database, settings, run, tmp_path):
    path = tmp_path / "dossiers.csv"
    path.write_text("Đơn vị,unit,Lĩnh vực,Tháng,Số hồ sơ\n03646,03646,ho-tich,2026-01,5\n", "utf-8")
    with pytest.raises(BadFile, match="“Đơn vị”, “unit” mean the same"):
        run("frame", "load", path)


def test_the_sheets_beside_the_rows_are_no_doubt_and_another_one_is_told_and_may_be_read(run, tmp_path):
    path = tmp_path / "dossiers.xlsx"
    run("frame", "template", "--out", path)
    fill(path, {"Đơn vị": "03646", "Lĩnh vực": "dat-dai", "Tháng": "2026-08", "Số hồ sơ": 7})
    assert "không đọc các trang khác" not in run("frame", "load", path).stderr
    book = openpyxl.load_workbook(path)
    other = book.create_sheet("Quý 2", 0)
    for row in (("Đơn vị", "Lĩnh vực", "Tháng", "Số hồ sơ"), ("03646", "dat-dai", "2026-06", 9)):
        other.append(row)
    book.active = 0
    book.save(path)
    told = run("frame", "load", path, "--explain").stderr
    assert "dossiers.xlsx: chỉ đọc trang tính “Quý 2”; không đọc các trang khác" in told
    assert "dossiers.xlsx: đọc như XLSX, 1 dòng dữ liệu; tiêu đề ở dòng 1" in told
    assert "2026-06" in told
    first = openpyxl.load_workbook(path).sheetnames[1]
    assert "2026-08" in run("frame", "load", path, "--sheet", first).stderr
