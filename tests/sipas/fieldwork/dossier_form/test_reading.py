"""The offices' form as it is: read by its heads, and refused by its row wherever it does not add up."""

from __future__ import annotations

import csv
import random
import unicodedata

import pytest
from openpyxl import Workbook

from sipas.errors import BadFile, SipasError
from sipas.fieldwork.dossier_form.heads import POPULATION, ROLES
from sipas.fieldwork.dossier_form.reading import DossierForm, read_form
from sipas.tables.grid import read_grids
from tests.sipas.fieldwork.dossier_form.making import FIELDS, FIRST, a_form, fill, numbers, rows_of
from tests.sipas.tables.test_doubts import CELL, an_ods

TOTAL = FIRST + len(FIELDS)


def read(path, **said) -> DossierForm:
    (grid,) = read_grids(path)
    return read_form(grid, **said)


def refusal(path) -> str:
    with pytest.raises(SipasError) as refused:
        read(path)
    assert isinstance(refused.value, BadFile)
    return str(refused.value)


def resolved(form: DossierForm) -> dict[str, int]:
    return {row.name: row.numbers[POPULATION] for row in form.rows}


def test_the_resolved_dossiers_of_each_field_are_the_population(tmp_path):
    form = read(a_form(tmp_path / "f.xlsx"))
    assert resolved(form) == FIELDS
    assert (form.unit, form.period, form.population) == ("UBND phường Tô Hiệu", "2026-Q1", 381)
    assert list(form.rows[0].numbers.values()) == numbers(64)
    assert form.notes == ()


def test_heads_are_told_by_their_words_in_any_spelling_and_order(tmp_path):
    def spoil(sheet):
        for row in (8, 9, 10):
            for cell in sheet[row]:
                if cell.value and cell.coordinate in ("B8", "G8", "H9", "I9"):
                    cell.value = unicodedata.normalize("NFD", cell.value.upper().replace(" ", " \u00a0"))
        for row in range(9, TOTAL + 1):  # on time before early
            sheet[f"H{row}"], sheet[f"I{row}"] = sheet[f"I{row}"].value, sheet[f"H{row}"].value

    (grid,) = read_grids(a_form(tmp_path / "f.xlsx", damage=lambda sheet: (unmerge(sheet), spoil(sheet))))
    form = read_form(grid)
    assert resolved(form) == FIELDS
    assert list(form.rows[1].numbers.values()) == numbers(300)


def unmerge(sheet):
    for name in [str(one) for one in sheet.merged_cells.ranges]:
        sheet.unmerge_cells(name)


def test_groups_with_roman_numbers_and_their_sums_are_no_fields(tmp_path):
    body = rows_of({"Hộ tịch": 64, "Đất đai": 17})
    group = ["I", "Thẩm quyền cấp xã", *body[-1][2:]]
    rows = [["A", "CẤP XÃ"], group, *body[:2], ["II", "Chứng thực", *numbers(30)]]
    rows.append(["", "TỔNG CỘNG", *(a + b for a, b in zip(body[-1][2:], numbers(30), strict=True))])
    form = read(a_form(tmp_path / "f.xlsx", rows=rows))
    assert resolved(form) == {"Hộ tịch": 64, "Đất đai": 17, "Chứng thực": 30}
    rows[1] = ["I", "Thẩm quyền cấp xã", *numbers(82)]
    assert "row 13: “resolved total” of this group is 82, and its rows are together 81" in refusal(
        a_form(tmp_path / "g.xlsx", rows=rows)
    )


def test_blanks_dashes_and_grouped_texts_are_what_the_sums_bear_out(tmp_path):
    rows = rows_of({"Hộ tịch": 1300, "Chứng thực": 0})
    rows[0][6], rows[2][6] = "1.300", "1.300"
    rows[1][2:] = ["", "-", "–", None, 0, "", "", "", "3", "3", 0]
    rows[1][2], rows[1][3] = 3, 3
    rows[2][2:] = ["1.332", *(a + b for a, b in zip(rows[0][3:6], [3, 0, 0], strict=True)), "1.300", *rows[0][7:10],
                   rows[0][10] + 3, rows[0][11] + 3, rows[0][12]]  # fmt: skip
    assert resolved(read(a_form(tmp_path / "f.xlsx", rows=rows))) == {"Hộ tịch": 1300, "Chứng thực": 0}


@pytest.mark.parametrize("column", range(2, 13))
@pytest.mark.parametrize("by", [1, -1])
def test_no_number_can_be_wrong_by_one_without_a_word(tmp_path, column, by):
    def spoil(sheet):
        sheet.cell(FIRST + 1, column + 1).value += by

    told = refusal(a_form(tmp_path / "f.xlsx", damage=spoil))
    assert f"row {FIRST + 1}: " in told
    assert f"row {TOTAL}: " in told
    assert f"“{ROLES[column - 2]}” of the total" in told


def shift(sheet):
    for row in range(FIRST, TOTAL + 1):  # an empty column slipped in before the resolved ones
        for column in range(13, 6, -1):
            sheet.cell(row, column + 1).value = sheet.cell(row, column).value
        sheet.cell(row, 7).value = None


def put(**cells):
    def spoil(sheet):
        for name, value in cells.items():
            sheet[name] = value

    return spoil


def one_more_in_process(sheet):
    for name in ("K12", "L12", "K15", "L15"):  # every sum agrees but what is left of the received ones
        sheet[name].value += 1


DAMAGES = {
    "more in process than are left": (one_more_in_process, "row 12: received 68 less resolved 64 leaves 4"),
    "a head is missing": (put(H9=None), "lack: resolved early"),
    "a head stands twice": (put(H9="Đúng hạn"), "both seem to be “resolved on time”"),
    "no column of names": (put(B8=None), "no column is headed “Lĩnh vực”"),
    "a group of heads is missing": (put(G8=None), "no heads of form II.06a"),
    "a column slipped in": (shift, "“resolved total” is 0"),
    "a row is hidden": (lambda sheet: setattr(sheet.row_dimensions[13], "hidden", True), "are hidden in Excel (13)"),
    "a text for a number": (put(G12="sáu tư"), "row 12, column G: “sáu tư” is no count"),
    "an error": (put(G12="#REF!"), "“#REF!” is no count"),
    "a fraction": (put(G12=64.5), "“64.5” is no count"),
    "a negative number": (put(G12=-64), "“-64” is no count"),
    "a formula without a result": (put(G12="=H12+I12+J12"), "formula in cell G12 has no stored result"),
    "numbers without a field": (put(B13=None), "row 13: numbers without a field"),
    "a row is missing": (lambda sheet: [setattr(cell, "value", None) for cell in sheet[13]], "is a row missing"),
    "no total": (put(B15="Ghi chú", A15=None), "no row says “Tổng cộng”"),
    "numbers below the total": (put(B16="Xây dựng", G16=4), "row 16: numbers stand below the total"),
    "merged numbers": (lambda sheet: sheet.merge_cells("G12:G13"), "merged cells (rows 12–13)"),
    "two units": (put(E3="Đơn vị báo cáo: UBND xã Mường Chanh"), "several reporting units"),
    "two periods": (put(E3="Kỳ báo cáo: Quý II/2026"), "several periods (2026-Q1, 2026-Q2)"),
    "other days": (put(E5="(Từ ngày 01/01/2026 đến ngày 30/06/2026)"), "the days 2026-01-01 to 2026-06-30"),
    "a day that is none": (put(E5="(Từ ngày 31/02/2026 đến ngày 31/03/2026)"), "the days 31/02/2026 to 31/03/2026"),
    "half a year": (put(E4="Kỳ báo cáo: 6 tháng đầu năm 2026", E5=None), "neither a month's nor a quarter's"),
    "no period": (put(E4=None, E5=None), "--period 2026-Q1"),
    "two tables": (lambda sheet: fill_again(sheet), "stand in rows 8 and 30"),
}


def fill_again(sheet):
    for column in "ABCGK":
        sheet[f"{column}30"] = sheet[f"{column}8"].value


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_form_is_refused_by_its_place_and_never_read(tmp_path, damage):
    spoil, told = DAMAGES[damage]
    said = refusal(a_form(tmp_path / "form.xlsx", damage=spoil))
    assert told in said
    assert "form.xlsx" in said


@pytest.mark.parametrize(
    ("line", "days", "period"),
    [
        ("Kỳ báo cáo: Quý I/2026", "", "2026-Q1"),
        ("KỲ BÁO CÁO: QUÝ 4 NĂM 2025", "", "2025-Q4"),
        ("Kỳ báo cáo: Tháng 3/2026", "(Từ ngày 01/3/2026 đến ngày 31/3/2026)", "2026-03"),
        ("Kỳ báo cáo: tháng 03 năm 2026", "(Từ ngày 15 tháng 02 năm 2026 đến ngày 14 tháng 3 năm 2026)", "2026-03"),
        ("Kỳ báo cáo: Quý I/2026", "(Từ ngày 15/12/2025 đến ngày 14/03/2026)", "2026-Q1"),
        ("", "(Từ ngày 01/04/2026 đến ngày 30/06/2026)", "2026-Q2"),
    ],
)
def test_the_period_is_a_month_or_a_quarter_in_the_words_offices_use(tmp_path, line, days, period):
    form = read(a_form(tmp_path / "f.xlsx", period=line, days=days))
    assert form.period == period
    assert bool(form.notes) == ("15" in days)  # days of the report's closing are told


def test_a_head_in_other_words_is_understood_once_somebody_said_it(tmp_path):
    path = a_form(tmp_path / "f.xlsx", damage=put(H9="Sớm"))
    assert "--head “ITS WORDS=resolved early”" in refusal(path)
    assert "H “Sớm”" in refusal(path)
    assert resolved(read(path, heads={"som": "resolved early"})) == FIELDS


@pytest.mark.parametrize(
    "cells",
    [
        {"K1": "Đơn vị báo cáo: Xã A"},
        {"K1": "- Đơn vị báo cáo:", "L1": "Xã A"},
        {"K1": "Đơn vị báo cáo", "K2": "Xã A"},
    ],
)
def test_the_unit_may_stand_behind_the_words_beside_them_or_below(tmp_path, cells):
    path = a_form(tmp_path / "f.xlsx", unit="", damage=lambda sheet: (unmerge(sheet), put(**cells)(sheet)))
    assert read(path).unit == "Xã A"


def test_a_text_file_of_the_form_is_read_alike(tmp_path):
    book = Workbook()
    fill(book.active)
    path = tmp_path / "f.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, delimiter=";").writerows([cell.value for cell in row] for row in book.active.iter_rows())
    assert resolved(read(path)) == FIELDS


def test_a_workbook_of_libreoffice_is_read_alike_and_says_what_it_cannot_show(tmp_path):
    book = Workbook()
    fill(book.active)
    rows = "".join(
        f"<table:table-row>{''.join(CELL.format(value=_xml(cell.value), more='') for cell in row)}</table:table-row>"
        for row in book.active.iter_rows()
    )
    (grid,) = read_grids(an_ods(tmp_path, rows))
    assert resolved(read_form(grid)) == FIELDS
    assert any("hidden rows and columns cannot be told" in str(doubt) for doubt in grid.reading.doubts)


def _xml(value: object) -> str:
    return "" if value is None else str(value).replace("\n", "</text:p><text:p>")


def _one_cell(sheet, draw):
    cell = sheet.cell(draw.randint(FIRST, TOTAL), draw.randint(3, 13))
    cell.value = draw.choice([None, 0, draw.randint(1, 400), str(cell.value), f"{cell.value} hồ sơ", 1.5])


def _a_column_moved(sheet, draw):
    one, other = draw.sample(range(3, 14), 2)
    for row in range(FIRST, TOTAL + 1):
        first, second = sheet.cell(row, one), sheet.cell(row, other)
        first.value, second.value = second.value, first.value


def _a_row_gone(sheet, draw):
    sheet.delete_rows(draw.randint(FIRST, TOTAL))


def _a_row_twice(sheet, draw):
    row = [cell.value for cell in sheet[draw.randint(FIRST, TOTAL - 1)]]
    sheet.insert_rows(TOTAL)
    for place, value in enumerate(row, 1):
        sheet.cell(TOTAL, place).value = value


def _a_cell_slipped_down(sheet, draw):
    column = draw.randint(2, 13)
    for row in range(TOTAL, FIRST, -1):
        sheet.cell(row, column).value = sheet.cell(row - 1, column).value


@pytest.mark.parametrize("damage", [_one_cell, _a_column_moved, _a_row_gone, _a_row_twice, _a_cell_slipped_down])
def test_whatever_happens_to_the_numbers_no_other_population_is_read_in_silence(tmp_path, damage):
    """Forty times each: refused, or the same figures (a column that is moved within its sum changes none)."""
    read_all = 0
    for seed in range(40):
        draw = random.Random(f"{damage.__name__} {seed}")
        fields = {name: draw.randint(20, 900) for name in ("Hộ tịch", "Chứng thực", "Đất đai")}
        path = a_form(tmp_path / "f.xlsx", rows=rows_of(fields), damage=lambda sheet, by=draw: damage(sheet, by))
        try:
            found = resolved(read(path))
        except BadFile:
            continue
        read_all += 1
        assert found == fields, seed
    assert read_all < 40
