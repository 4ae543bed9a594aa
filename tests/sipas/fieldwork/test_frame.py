"""Dossier counts in, all or nothing."""

import datetime as dt

import openpyxl
import pytest
from click.testing import CliRunner
from sqlalchemy import delete, func, select

from sipas.cli import group
from sipas.errors import ManyErrors
from sipas.fieldwork.counted import frame_between
from sipas.fieldwork.models import PopulationCount
from sipas.fieldwork.population_counts import Loaded, load_frame
from tests.make import a_csv

GOOD = "unit,field,month,dossiers\n03646,ho-tich,2026-01,120\n03646,dat-dai,2026-02,30\n"


def test_counts_come_in_with_their_source(database, tmp_path, today):
    with database.writing() as session:
        assert load_frame(session, a_csv(tmp_path, GOOD), today, "One-stop system").rows == 2
    with database.reading() as session:
        (cell,) = frame_between(session, "2026-02", "2026-12")
        assert (cell.unit, cell.dossiers, cell.source) == ("03646", 30, "One-stop system")


def test_a_cell_that_is_loaded_again_is_replaced(database, tmp_path, today):
    for count in ("120", "125"):
        with database.writing() as session:
            load_frame(session, a_csv(tmp_path, GOOD.replace("120", count)), today)
    with database.reading() as session:
        assert frame_between(session, "2026-01", "2026-01")[0].dossiers == 125


def test_excel_in_vietnam_writes_semicolons_and_a_mark(database, tmp_path, today):
    path = tmp_path / "frame.csv"
    path.write_bytes(GOOD.replace(",", ";").encode("utf-8-sig"))
    with database.writing() as session:
        assert load_frame(session, path, today) == Loaded(2, 0, ("2026-01", "2026-02"))


def test_a_month_that_excel_took_for_a_date_is_that_month(database, tmp_path, today):
    book = openpyxl.Workbook()
    for row in (["unit", "field", "month", "dossiers"], ["03646", "ho-tich", dt.date(2026, 1, 1), 120]):
        book.active.append(row)
    book.save(tmp_path / "frame.xlsx")
    with database.writing() as session:
        assert load_frame(session, tmp_path / "frame.xlsx", today).months == ("2026-01",)


def test_a_month_to_come_is_refused_by_its_line(database, tmp_path, today):
    rows = "03646,ho-tich,2026-10,5\n03646,ho-tich,2062-10,5\n03646,ho-tich,2026-09,5\n"
    with pytest.raises(ManyErrors) as refused, database.writing() as session:
        load_frame(session, a_csv(tmp_path, "unit,field,month,dossiers\n" + rows), today)
    told = str(refused.value)
    assert "line 2, column month: 2026-10 lies in the future" in told
    assert "line 3, column month: 2062-10 lies in the future" in told
    assert "line 4" not in told


def test_dossiers_at_an_office_that_does_not_handle_them_are_refused_and_the_right_one_is_named(
    database, tmp_path, today
):
    rows = "03646,van-hoa,2026-01,5\nso-van-hoa-the-thao-du-lich,van-hoa,2026-01,5\nso-noi-vu,ho-tich,2026-01,9\n"
    with pytest.raises(ManyErrors) as refused, database.writing() as session:
        load_frame(session, a_csv(tmp_path, "unit,field,month,dossiers\n" + rows), today)
    told = str(refused.value)
    assert "line 2, column unit: van-hoa at 03646 is handled by so-van-hoa-the-thao-du-lich" in told
    assert "line 4, column unit: ho-tich at so-noi-vu is handled by" in told
    assert "line 3" not in told


def test_a_wrong_row_that_is_there_already_goes_by_a_zero(database, tmp_path, today):
    with database.writing() as session:
        session.add(PopulationCount(unit="03646", field="van-hoa", month="2026-01", dossiers=5, source=""))
    mended = "unit,field,month,dossiers\n03646,van-hoa,2026-01,0\nso-van-hoa-the-thao-du-lich,van-hoa,2026-01,5\n"
    with database.writing() as session:
        loaded = load_frame(session, a_csv(tmp_path, mended), today)
    assert (loaded.new, loaded.replaced) == (1, 1)


def test_every_bad_line_is_told_and_nothing_is_stored(database, tmp_path, today):
    bad = (
        GOOD + "3646,ho-tich,2026-01,5\n03646,hotich,2026-01,5\n03646,ho-tich,1/2026,5\n03646,ho-tich,2026-03,-5\n"
        "03646,ho-tich,2026-01,1.5\n"
    )
    with pytest.raises(ManyErrors) as refused, database.writing() as session:
        load_frame(session, a_csv(tmp_path, bad), today)
    told = str(refused.value)
    for line, word in ((4, "3646"), (5, "hotich"), (6, "1/2026"), (7, "-5"), (8, "1.5"), (8, "line 2")):
        assert f"line {line}" in told
        assert word in told
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(PopulationCount)) == 0


def test_rows_without_a_count_are_told_once(database, tmp_path, today):
    empty = "".join(f"03646,ho-tich,2025-{month:02},\n" for month in range(1, 8))
    with pytest.raises(ManyErrors) as refused, database.writing() as session:
        load_frame(session, a_csv(tmp_path, GOOD + empty), today)
    assert str(refused.value).endswith(
        "line 4, column dossiers: Rows without a number of dossiers: 7 (4, 5, 6, 7, 8, …). Write 0 where no dossier "
        "was handled, or delete the row."
    )
    assert "is no count" not in str(refused.value)


@pytest.mark.parametrize("name", ["dossiers.csv", "dossiers.xlsx", "dossiers.parquet"])
def test_what_save_writes_load_reads(database, settings, tmp_path, monkeypatch, today, name):
    with database.writing() as session:
        load_frame(session, a_csv(tmp_path, GOOD), today)
    monkeypatch.setenv("SIPAS_HOME", str(settings.home))
    done = CliRunner().invoke(group, ["frame", "save", str(tmp_path / name)])
    assert (done.exit_code, done.stdout) == (0, ""), done.exception
    with database.writing() as session:
        session.execute(delete(PopulationCount))
        assert load_frame(session, tmp_path / name, today).rows == 2
        assert [cell.dossiers for cell in frame_between(session, "2026-01", "2026-12")] == [30, 120]


HEAD = "unit,field,month,dossiers\n"
MONTHS = "03646,ho-tich,2026-01,120\n03646,ho-tich,2026-02,110\n03646,ho-tich,2026-03,130\n"
QUARTER = "03646,ho-tich,2026-Q1,360\n"


def cells(database) -> list[tuple[str, int]]:
    with database.reading() as session:
        found = session.scalars(select(PopulationCount).order_by(PopulationCount.month))
        return [(cell.month, cell.dossiers) for cell in found]


@pytest.mark.parametrize(("first", "second"), [(MONTHS, QUARTER), (QUARTER, MONTHS)])
def test_a_quarter_and_its_months_never_count_the_same_dossiers_twice(database, tmp_path, today, first, second):
    with database.writing() as session:
        load_frame(session, a_csv(tmp_path, HEAD + first), today)
    with pytest.raises(ManyErrors, match="count twice"), database.writing() as session:
        load_frame(session, a_csv(tmp_path, HEAD + second), today)
    assert sum(dossiers for _, dossiers in cells(database)) == 360
    with database.writing() as session:
        loaded = load_frame(session, a_csv(tmp_path, HEAD + second), today, instead=True)
    assert loaded.removed == first.count("\n")
    assert sum(dossiers for _, dossiers in cells(database)) == 360
    assert len(cells(database)) == second.count("\n")


def test_one_month_never_takes_the_place_of_a_quarter(database, tmp_path, today):
    with database.writing() as session:
        load_frame(session, a_csv(tmp_path, HEAD + QUARTER), today)
    with pytest.raises(ManyErrors, match="all three"), database.writing() as session:
        load_frame(session, a_csv(tmp_path, HEAD + MONTHS.partition("\n")[0] + "\n"), today, instead=True)
    assert cells(database) == [("2026-Q1", 360)]


def test_a_file_with_a_quarter_and_a_month_of_it_is_refused(database, tmp_path, today):
    with pytest.raises(ManyErrors, match="2026-02 of this unit and field"), database.writing() as session:
        load_frame(session, a_csv(tmp_path, HEAD + QUARTER + "03646,ho-tich,2026-02,110\n"), today)


def test_a_quarter_that_is_not_over_is_refused(database, tmp_path, today):
    text = HEAD + "03646,ho-tich,2026-Q3,5\n03646,dat-dai,2026-Q4,5\n"
    with pytest.raises(ManyErrors) as refused, database.writing() as session:
        load_frame(session, a_csv(tmp_path, text), today.replace(month=8))
    assert str(refused.value).count("is not over") == 2
