"""Forms of many offices become the population: shown first, all or nothing, names said once and kept."""

from __future__ import annotations

import json
import stat

import pytest
from click.testing import CliRunner
from openpyxl import Workbook
from sqlalchemy import select

from sipas.cli import group
from sipas.fieldwork.models import PopulationCount
from sipas.files.home_paths import HomePaths
from tests.sipas.fieldwork.dossier_form.making import FIELDS, a_form, fill, rows_of

CODES = {("03646", "ho-tich"): 64, ("03646", "chung-thuc"): 300, ("03646", "dat-dai"): 17}


@pytest.fixture
def form(settings, monkeypatch, today):
    """Runs `sipas frame form` at the home; gives its exit status and what it said."""
    monkeypatch.setenv("SIPAS_HOME", str(settings.home))
    monkeypatch.setenv("SIPAS_LANGUAGE", "en")
    monkeypatch.setattr("sipas.clock.today", lambda: today)

    def run(*words) -> tuple[int, str]:
        done = CliRunner().invoke(group, ["frame", "form", *map(str, words)])
        return done.exit_code, done.output + str(done.exception or "")

    return run


def stored(database, period="2026-Q1") -> dict[tuple[str, str], int]:
    with database.reading() as session:
        cells = session.scalars(select(PopulationCount).where(PopulationCount.month == period))
        return {(cell.unit, cell.field): cell.dossiers for cell in cells}


def test_a_quarters_form_is_stored_as_a_quarter_and_as_no_month(form, database, tmp_path):
    path = a_form(tmp_path / "to-hieu.xlsx")
    status, said = form(path, "--dry-run")
    assert (status, stored(database)) == (0, {})
    assert "1 forms of 2026-Q1: 381 dossiers in 3 counts; new 3, changed 0, unchanged 0." in said
    assert form(path)[0] == 0
    assert stored(database) == CODES
    with database.reading() as session:
        assert set(session.scalars(select(PopulationCount.month))) == {"2026-Q1"}
        assert set(session.scalars(select(PopulationCount.source))) == {"to-hieu.xlsx"}


def test_a_corrected_form_shows_what_changes_from_what_to_what(form, database, tmp_path):
    form(a_form(tmp_path / "f.xlsx"))
    status, said = form(a_form(tmp_path / "f.xlsx", rows=rows_of({**FIELDS, "Đất đai": 21})))
    assert status == 0
    assert "new 0, changed 1, unchanged 2" in said
    assert "03646, dat-dai, 2026-Q1: 17 → 21" in said
    assert stored(database) == CODES | {("03646", "dat-dai"): 21}


def test_a_count_that_the_new_form_lacks_stays_and_is_told(form, database, tmp_path):
    form(a_form(tmp_path / "f.xlsx"))
    status, said = form(a_form(tmp_path / "f.xlsx", rows=rows_of({"Hộ tịch": 70})))
    assert status == 0
    assert "that are loaded and are not in the form stay as they are (chung-thuc, dat-dai)" in said
    assert stored(database) == CODES | {("03646", "ho-tich"): 70}


def test_one_bad_form_among_many_and_nothing_is_taken(form, database, tmp_path):
    good = a_form(tmp_path / "good.xlsx")
    bad = a_form(tmp_path / "bad.xlsx", unit="UBND xã Mường Chanh", damage=lambda sheet: sheet.__setitem__("G12", 63))
    status, said = form(good, bad)
    assert status == 1
    assert "bad.xlsx [II.06a], row 12" in said
    assert stored(database) == {}


def test_sheets_of_one_workbook_are_offices_and_others_are_named(form, database, tmp_path):
    book = Workbook()
    book.active.title = "Ghi chú"
    book.active["A1"] = "Gửi phòng Nội vụ"
    for name, unit in (("a", "UBND phường Tô Hiệu"), ("b", "Trung tâm Phục vụ hành chính công phường Chiềng Cơi")):
        fill(book.create_sheet(name), unit)
    book.save(tmp_path / "all.xlsx")
    status, said = form(tmp_path / "all.xlsx")
    assert status == 0, said
    assert "sheets that are no form are not read: Ghi chú" in said
    assert len({unit for unit, _ in stored(database)}) == 2


def test_the_same_office_twice_is_refused(form, database, tmp_path):
    status, said = form(a_form(tmp_path / "one.xlsx"), a_form(tmp_path / "two.xlsx"))
    assert status == 1
    assert "two.xlsx [II.06a]: 03646, 2026-Q1: one.xlsx [II.06a] says the same office and period" in said
    assert stored(database) == {}


def test_a_name_that_nobody_knows_is_said_once_and_kept_in_a_private_file(form, database, settings, tmp_path):
    rows = rows_of({"Hộ tịch": 64, "Môi trường và đất": 17, "Thi đua": 5})
    path = a_form(tmp_path / "f.xlsx", unit="Phường trung tâm", rows=rows)
    status, said = form(path)
    assert status == 1
    assert "row 13: the registry has no service field “Môi trường và đất”" in said
    assert "the registry has no unit “Phường trung tâm”" in said
    meaning = ("--field", "Môi trường và đất=dat-dai", "--field", "Thi đua=-", "--office", "Phường trung tâm=03646")
    status, said = form(path, *meaning)
    assert (status, stored(database)) == (1, {})  # no terminal, and no --yes
    assert "“môi trường và đất” = dat-dai" in said
    status, said = form(path, *meaning, "--yes")
    assert status == 0
    assert "Rows of fields that are not asked about are left out: 1, 5 dossiers." in said
    assert stored(database) == {("03646", "ho-tich"): 64, ("03646", "dat-dai"): 17}
    kept = HomePaths(settings.home).form_meanings
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert json.loads(kept.read_text())["units"] == {"phường trung tâm": "03646"}
    assert form(path)[0] == 0


@pytest.mark.parametrize("name", ["UBND phường To Hieu", "Phường Tố Hiệu", "phường Tô"])
def test_a_name_that_is_only_like_another_means_nothing(form, database, tmp_path, name):
    status, said = form(a_form(tmp_path / "f.xlsx", unit=name))
    assert (status, stored(database)) == (1, {})
    assert f"no unit “{name}”" in said


@pytest.mark.parametrize(
    "name",
    [
        "ỦY BAN NHÂN DÂN PHƯỜNG TÔ HIỆU",
        "Trung tâm Phục vụ hành chính công phường Tô Hiệu",
        "Bộ phận Tiếp nhận và trả kết quả UBND Phường Tô Hiệu",
        "03646",
        "Phường  Tô\u00a0Hiệu.",
    ],
)
def test_an_office_is_known_by_its_name_with_what_stands_before_it(form, database, tmp_path, name):
    assert form(a_form(tmp_path / "f.xlsx", unit=name))[0] == 0
    assert stored(database) == CODES


def test_two_rows_that_mean_one_field_are_added_up_and_told(form, database, tmp_path):
    rows = rows_of({"Hộ tịch": 64, "Nuôi con nuôi": 6})
    status, said = form(a_form(tmp_path / "f.xlsx", rows=rows), "--field", "Nuôi con nuôi=ho-tich", "--yes")
    assert status == 0
    assert "rows 12, 13 are all ho-tich, and are added up" in said
    assert stored(database) == {("03646", "ho-tich"): 70}


def test_a_code_that_the_registry_lacks_means_nothing(form, tmp_path):
    status, said = form(a_form(tmp_path / "f.xlsx"), "--field", "Hộ tịch=civil", "--yes")
    assert status == 1
    assert "“civil” is no code of the registry" in said


def test_dossiers_at_an_office_that_does_not_handle_them_are_refused(form, database, tmp_path):
    rows = rows_of({"Hộ tịch": 64, "Lý lịch tư pháp": 9})
    status, said = form(a_form(tmp_path / "f.xlsx", rows=rows))
    assert status == 1
    assert "row 13: ly-lich-tu-phap at 03646 is handled by" in said
    assert stored(database) == {}


def test_where_the_form_names_no_office_a_table_of_files_does(form, database, tmp_path):
    path = a_form(tmp_path / "xa-01.xlsx", unit="")
    assert "no line says the reporting unit" in form(path)[1]
    table = tmp_path / "offices.csv"
    table.write_text("file,unit\nxa-01.xlsx,03646\n", "utf-8")
    assert form(path, "--units", table)[0] == 0
    assert stored(database) == CODES
    assert form(path, "--unit", "03646")[0] == 0
    assert form(path, path, "--unit", "03646")[0] == 1


def test_a_period_that_somebody_says_and_another_that_the_form_says_is_refused(form, tmp_path):
    status, said = form(a_form(tmp_path / "f.xlsx"), "--period", "2026-Q2")
    assert status == 1
    assert "the form says 2026-Q1, and --period says 2026-Q2" in said


def test_damaged_meanings_never_pass_for_none(form, database, settings, tmp_path):
    for data in (b"", b"{}", b'{"fields": 1, "heads": {}, "units": {}}', b"\xff", b"null"):
        HomePaths(settings.home).form_meanings.write_bytes(data)
        status, said = form(a_form(tmp_path / "f.xlsx"))
        assert (status, stored(database)) == (1, {})
        assert "dossier-forms.json" in said


def test_a_quarter_that_is_not_over_is_refused(form, tmp_path):
    path = a_form(tmp_path / "f.xlsx", period="Kỳ báo cáo: Quý IV/2026", days="")
    status, said = form(path)
    assert status == 1
    assert "2026-Q4 is not over" in said
