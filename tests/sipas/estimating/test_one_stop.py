"""`sipas onestop`: facts from a wave, counts from a file, and nothing where something is missing."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import openpyxl
import pytest

from analysis import read_snapshot, write_snapshot
from sipas.fieldwork.waves import BadWave, close_wave, open_wave
from sipas.i18n import say, speaking
from sipas.publishing.freeze import freeze
from tests.make import A_MORNING, OPENING, a_point, a_response, a_wave
from tests.sipas.estimating.calls import call, rows_of

UNIT, OTHER = "03646", "03664"
END = dt.date(2026, 12, 1)
HEAD = (
    "unit,dossiers,dossiers_online,complaints,complaints_in_time,behaviour_complaints,behaviour_refuted,"
    "behaviour_upheld,points_2,points_5,points_6,source_5\n"
)
WHOLE = HEAD + f"{UNIT},1000,300,20,18,4,1,3,1.5,2,1.8,Đoàn kiểm tra 3/9/2026\n"


@pytest.fixture
def snapshot(database, settings):
    """Ten dossiers at one office: six early, two on the day, one late, one not come yet; one complaint."""
    a_point(database)
    a_point(database, "chieng-an-1", OTHER)
    a_wave(database, settings, instrument="onestop-2018")
    told = [{"I1": "1"}] * 6 + [{"I1": "2"}, {"I1": "2", "I7": "yes"}, {"I1": "3"}, {"I1": "na"}]
    for place, one in enumerate(told):
        said = {"S": "2", "I3": "2" if place == 0 else "1", "I4": "3" if place < 2 else "1", "I7": "no"} | one
        a_response(database, settings, answers=said, moment=A_MORNING + dt.timedelta(days=7 * (place % 4)))
    a_response(database, settings, "chieng-an-1", answers={"S": "1", "I3": "3"})
    with database.writing() as session:
        close_wave(session, "w1", END)
    return freeze(database, settings.home, "w1", END).path


def refusal(*arguments):
    """What a person is told by a command that gives no figures."""
    refused = call(*arguments)
    assert refused.exit_code
    with speaking("en"):
        return say(refused.exception)


def of(rows, unit):
    return {row["indicator"]: row for row in rows if row["domain"] == {"unit": unit}}


def test_nine_indicators_have_a_sum_and_a_class(snapshot, tmp_path):
    (tmp_path / "offices.csv").write_text(WHOLE, encoding="utf-8")
    found = of(rows_of("onestop", "points", snapshot, "--system", tmp_path / "offices.csv"), UNIT)
    points = {number: row["points"] for number, row in found.items()}
    # 1: (6 x 2 + 2 x 1)/9; 3: (9 x 2 + 1)/10; 4: 8 x 2/10; 7: (7 x 2 + 1 x 1/4)/9, for one complaint of four is refuted
    assert points == {
        "1": 1.6,
        "2": 1.5,
        "3": 1.9,
        "4": 1.6,
        "5": 2.0,
        "6": 1.8,
        "7": 1.6,
        "8": 1.0,
        "9": 2.0,
        "sum": 15.0,
    }
    assert found["sum"]["class"] == "Xuất sắc"
    assert found["1"]["n"] == 9, "who has no result yet is not counted"
    assert found["1"]["low"] < 14 / 9 < found["1"]["high"]
    assert found["5"]["source"] == "Đoàn kiểm tra 3/9/2026"


def test_what_is_missing_stays_missing_and_there_is_no_sum(snapshot, tmp_path):
    rows = rows_of("onestop", "points", snapshot)
    found = of(rows, UNIT)
    assert {number for number, row in found.items() if row["points"] is None} == {"2", "5", "6", "7", "8", "9", "sum"}
    assert found["sum"]["class"] is None
    assert of(rows, OTHER)["1"]["missing"] == "nobody answered this question"
    told = call("onestop", "points", snapshot)
    assert "indicator 1 is missing at 1 offices (03664): nobody answered this question" in told.stderr
    assert "at 2 offices (03646, 03664) an indicator rests on fewer than 10 answers: see its limits" in told.stderr
    assert "whether Decree 118/2025 keeps it is not verified" in told.stderr


@pytest.mark.parametrize(
    ("counts", "reason"),
    [
        ("4,1,2", "of 4 complaints about behaviour 1 are not decided"),
        ("4,,3", "complaints about behaviour and their outcomes are not counted"),
    ],
)
def test_points_for_behaviour_exist_only_where_outcomes_are_complete(snapshot, tmp_path, counts, reason):
    (tmp_path / "offices.csv").write_text(WHOLE.replace("4,1,3", counts), encoding="utf-8")
    found = of(rows_of("onestop", "points", snapshot, "--system", tmp_path / "offices.csv"), UNIT)
    assert (found["7"]["points"], found["7"]["missing"]) == (None, reason)
    assert found["sum"]["points"] is None


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (",300,", ",1300,", "line 2, column dossiers_online: this is more than dossiers (1000)"),
        (",18,", ",21,", "column complaints_in_time: this is more than complaints (20)"),
        ("4,1,3", "4,2,3", "column behaviour_refuted: this is more than behaviour_complaints (4)"),
        (",1000,", ",1.000,", "column dossiers: “1.000” is no whole number"),
        (",1.5,", ",2.5,", "column points_2: “2.5” are no points"),
        (",1.5,", ",1.55,", "column points_2: “1.55” are no points"),
        (",Đoàn kiểm tra 3/9/2026", ",", "column points_5: say in source_5 who inspected"),
        (f"{UNIT},", "3646,", "office 3646 of the file is 03646 in the answers: Excel took its zeros away"),
    ],
)
def test_a_doubtful_file_is_refused_by_place(snapshot, tmp_path, old, new, complaint):
    assert old in WHOLE
    (tmp_path / "offices.csv").write_text(WHOLE.replace(old, new, 1), encoding="utf-8")
    assert complaint in refusal("onestop", "points", snapshot, "--system", tmp_path / "offices.csv")


def test_the_template_has_a_row_for_each_office_and_comes_back(snapshot, tmp_path):
    file = tmp_path / "offices.xlsx"
    assert call("onestop", "template", snapshot, "--out", file).exit_code == 0
    sheet = openpyxl.load_workbook(file).worksheets[0]
    assert [row[0].value for row in sheet.iter_rows(min_row=2) if row[0].value] == [UNIT, OTHER]
    found = of(rows_of("onestop", "points", snapshot, "--system", file), UNIT)
    assert found["8"]["missing"] == "the file says nothing of it"


def test_answers_to_another_questionnaire_and_the_retired_version_are_refused(database, settings, tmp_path):
    a_wave(database, settings)
    a_response(database, settings)
    with database.writing() as session:
        close_wave(session, "w1", END)
    told = refusal("onestop", "points", freeze(database, settings.home, "w1", END).path)
    assert "the nine indicators need those of onestop-2018 version 2" in told
    with database.writing() as session, pytest.raises(BadWave, match="is retired"):
        open_wave(session, "w2", "onestop-2018", 1, opens_on=OPENING)


def test_a_complaint_that_the_office_does_not_count_is_no_zero(snapshot, tmp_path):
    (tmp_path / "offices.csv").write_text(WHOLE.replace("4,1,3", "0,0,0"), encoding="utf-8")
    found = of(rows_of("onestop", "points", snapshot, "--system", tmp_path / "offices.csv"), UNIT)
    assert found["7"]["points"] is None
    assert (
        found["7"]["missing"] == "people say that they complained about behaviour, and the office counts no complaint"
    )


def test_official_words_of_the_second_version_are_the_second_version(snapshot, tmp_path):
    kept = read_snapshot(snapshot)
    for version, taken in (("2001", True), ("1001", False)):
        other = write_snapshot(tmp_path / f"{version}.parquet", kept.table(), replace(kept.codebook, version=version))
        assert (call("onestop", "points", other.path).exit_code == 0) is taken, version
