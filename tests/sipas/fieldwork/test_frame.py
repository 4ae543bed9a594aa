"""Dossier counts in, all or nothing."""

import pytest
from click.testing import CliRunner
from sqlalchemy import delete, func, select

from sipas.cli import group
from sipas.errors import ManyErrors
from sipas.fieldwork.frame import frame_between, load_frame
from sipas.fieldwork.models import FrameCell
from tests.make import a_csv

GOOD = "unit,field,month,dossiers\n03646,ho-tich,2026-01,120\n03646,dat-dai,2026-02,30\n"


def test_counts_come_in_with_their_source(database, tmp_path):
    with database.writing() as session:
        assert load_frame(session, a_csv(tmp_path, GOOD), "One-stop system") == 2
    with database.reading() as session:
        (cell,) = frame_between(session, "2026-02", "2026-12")
        assert (cell.unit, cell.dossiers, cell.source) == ("03646", 30, "One-stop system")


def test_a_cell_that_is_loaded_again_is_replaced(database, tmp_path):
    for count in ("120", "125"):
        with database.writing() as session:
            load_frame(session, a_csv(tmp_path, GOOD.replace("120", count)))
    with database.reading() as session:
        assert frame_between(session, "2026-01", "2026-01")[0].dossiers == 125


def test_excel_in_vietnam_writes_semicolons_and_a_mark(database, tmp_path):
    path = tmp_path / "frame.csv"
    path.write_bytes(GOOD.replace(",", ";").encode("utf-8-sig"))
    with database.writing() as session:
        assert load_frame(session, path) == 2


def test_every_bad_line_is_told_and_nothing_is_stored(database, tmp_path):
    bad = (
        GOOD + "3646,ho-tich,2026-01,5\n03646,hotich,2026-01,5\n03646,ho-tich,1/2026,5\n03646,ho-tich,2026-03,-5\n"
        "03646,ho-tich,2026-01,1.5\n"
    )
    with pytest.raises(ManyErrors) as refused, database.writing() as session:
        load_frame(session, a_csv(tmp_path, bad))
    told = str(refused.value)
    for line, word in ((4, "3646"), (5, "hotich"), (6, "1/2026"), (7, "-5"), (8, "1.5"), (8, "line 2")):
        assert f"line {line}" in told
        assert word in told
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(FrameCell)) == 0


@pytest.mark.parametrize("name", ["dossiers.csv", "dossiers.xlsx", "dossiers.parquet"])
def test_what_save_writes_load_reads(database, settings, tmp_path, monkeypatch, name):
    with database.writing() as session:
        load_frame(session, a_csv(tmp_path, GOOD))
    monkeypatch.setenv("SIPAS_HOME", str(settings.home))
    done = CliRunner().invoke(group, ["frame", "save", str(tmp_path / name)])
    assert (done.exit_code, done.stdout) == (0, ""), done.exception
    with database.writing() as session:
        session.execute(delete(FrameCell))
        assert load_frame(session, tmp_path / name) == 2
        assert [cell.dossiers for cell in frame_between(session, "2026-01", "2026-12")] == [30, 120]
