"""Collected answers from a file go through the same door, all or nothing."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select

from sipas.errors import BadFile, ManyErrors, SipasError, WaveState
from sipas.fieldwork.waves import close_wave
from sipas.importing import import_responses
from sipas.intake import stored
from sipas.intake.models import Response
from surveys import NOT_APPLICABLE, load
from tests.make import a_csv, a_response, a_wave

HEAD = "point,field,date,sex,O,B1.1,B5.1\n"
LINE = "to-hieu-1,ho-tich,2026-09-16,f,5,4,na\n"
TODAY = dt.date(2026, 9, 30)


def bring(database, settings, path, form=None):
    return import_responses(database, settings.home, path, "w1", form, TODAY)


def test_a_line_leaves_the_same_row_as_a_visit(database, settings, tmp_path):
    a_wave(database, settings)
    bring(database, settings, a_csv(tmp_path, HEAD + LINE))
    a_response(database, settings, answers={"O": "5", "B1.1": "4", "B5.1": "na"}, sex=1)
    with database.reading() as session:
        one, two = session.scalars(select(Response))
    differing = {c.key for c in Response.__table__.columns if getattr(one, c.key) != getattr(two, c.key)}
    assert differing == {"key", "channel"}
    assert NOT_APPLICABLE in one.answers


def test_the_same_file_counts_once_and_a_numbered_form_too(database, settings, tmp_path):
    a_wave(database, settings)
    path = a_csv(tmp_path, HEAD + LINE + LINE)
    assert bring(database, settings, path) == (2, 0)
    assert bring(database, settings, path) == (0, 2)
    numbered = a_csv(tmp_path, "id," + HEAD + "P-7," + LINE, "numbered.csv")
    assert bring(database, settings, numbered) == (1, 0)
    corrected = a_csv(tmp_path, "id," + HEAD + "P-7," + LINE.replace("5,4", "5,5") + "P-8," + LINE, "again.csv")
    assert bring(database, settings, corrected) == (1, 1)


def test_words_of_the_scale_and_days_as_people_write_them_are_understood(database, settings, tmp_path):
    a_wave(database, settings)
    scale = load("service-2024").item("O").scale
    text = f"point;field;date;O;B1.1\r\nto-hieu-1;ho-tich;16/09/2026;{scale.levels[4]};2\r\n"
    path = tmp_path / "excel.csv"
    path.write_bytes(text.encode("utf-8-sig"))
    assert bring(database, settings, path) == (1, 0)
    with database.reading() as session:
        (row,) = session.scalars(select(Response))
    codes = [item.code for item in load("service-2024").items]
    assert (row.answers[codes.index("O")], row.answers[codes.index("B1.1")]) == (5, 2)


def test_every_bad_line_is_told_by_number_column_and_reason_and_nothing_is_stored(database, settings, tmp_path):
    a_wave(database, settings)
    a_response(database, settings)
    lines = [
        LINE,
        "nowhere,ho-tich,2026-09-16,f,5,4,\n",
        "to-hieu-1,hotich,2026-09-16,f,5,4,\n",
        "to-hieu-1,ho-tich,2026-99-16,f,5,4,\n",
        "to-hieu-1,ho-tich,2026-10-16,f,5,4,\n",
        "to-hieu-1,ho-tich,2026-08-16,f,5,4,\n",
        "to-hieu-1,ho-tich,2026-09-16,x,5,4,\n",
        "to-hieu-1,ho-tich,2026-09-16,f,6,4,\n",
        "to-hieu-1,ho-tich,2026-09-16,f,5,na,\n",
        "to-hieu-1,ho-tich,2026-09-16,f,,,\n",
    ]
    with pytest.raises(ManyErrors) as refused:
        bring(database, settings, a_csv(tmp_path, HEAD + "".join(lines)))
    told = str(refused.value)
    for line, column, word in (
        (3, "point", "nowhere"),
        (4, "field", "hotich"),
        (5, "date", "2026-99-16"),
        (6, "date", "future"),
        (7, "date", "w1"),
        (8, "sex", "x"),
        (9, "O", "6"),
        (10, "B1.1", "na"),
        (11, "line 11", "No question"),
    ):
        assert any(f"line {line}" in one and column in one and word in one for one in told.splitlines()), (line, told)
    with database.reading() as session:
        assert stored(session, 1) == 1


@pytest.mark.parametrize(
    ("head", "word"),
    [
        ("point,field,O\n", "date"),
        ("point,field,date\n", "item"),
        ("point,field,date,O,B9.9\n", r"B9\.9"),
        ("point,field,date,B1.0,B1.1\n", r"B1\.0"),
    ],
)
def test_a_file_with_the_wrong_columns_is_refused(database, settings, tmp_path, head, word):
    a_wave(database, settings)
    with pytest.raises(BadFile, match=word):
        bring(database, settings, a_csv(tmp_path, head + ",".join(["to-hieu-1"] * head.count(",") + ["5"]) + "\n"))


def test_a_closed_wave_takes_nothing(database, settings, tmp_path):
    a_wave(database, settings)
    with database.writing() as session:
        close_wave(session, "w1", TODAY)
    with pytest.raises(WaveState, match="closed"):
        bring(database, settings, a_csv(tmp_path, HEAD + LINE))


def test_an_unknown_wave_is_named(database, settings, tmp_path):
    with pytest.raises(SipasError, match="w1"):
        bring(database, settings, a_csv(tmp_path, HEAD + LINE))
