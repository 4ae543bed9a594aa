"""A wave keeps the version on which it was opened, whatever comes after it; between versions a series breaks."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select

import surveys
from analysis import read_snapshot
from sipas import clock
from sipas.fieldwork.devices import make_code
from sipas.fieldwork.waves import close_wave
from sipas.importing import import_responses
from sipas.intake.models import Response
from sipas.publishing.freeze import freeze
from tests.make import a_csv, a_point, a_response, a_wave
from tests.sealing import Device, said, sealed
from tests.sipas.estimating.calls import call, rows_of
from tests.wordings import a_wording

OPENING = dt.date(2026, 9, 1)
CODES = {version: [item.code for item in surveys.load("service-2024", version).items] for version in (1, 2)}


@pytest.fixture
def old(database, settings, tmp_path):
    """A wave on version 1 at a kiosk with the short form, where version 2 and official words came since."""
    a_point(database, form="short")
    a_wave(database, settings, "w1", version=1, opens_on=OPENING)
    a_wording(settings.home, tmp_path, version=2)
    assert surveys.load("service-2024").version == 2001


def answers(database):
    with database.reading() as session:
        return [dict(zip(CODES[1], row.answers, strict=True)) for row in session.scalars(select(Response))]


def test_its_pages_ask_what_they_asked(old, client):
    for page in ("/k/to-hieu-1/vi", "/k/to-hieu-1/vi?shell="):
        said = client.get(page).text
        assert "Nơi tiếp đón: chỉ dẫn, chỗ ngồi, trang thiết bị" in said
        assert 'name="B1.0"' in said
        assert 'name="F"' not in said
        assert "Dưới 30" in said
    assert "/k/to-hieu-1/vi?shell=" in client.get("/k/to-hieu-1/worker.js").text


def test_what_a_visitor_an_enrolled_screen_and_a_file_bring_is_stored_by_its_items(
    old, client, database, settings, tmp_path
):
    client.post("/k/to-hieu-1/vi", data={"id": "0" * 32, "service": "ho-tich", "B1.0": "2"})
    with database.writing() as session:
        code = make_code(session, "to-hieu-1", clock.now())
    device = Device(client)
    device.enrols(code)
    kept = sealed(settings.home, said({"service": "ho-tich", "B1.0": "3"}), version="1")
    assert device.sends(kept).json["outcomes"] == ["stored"]
    file = a_csv(tmp_path, f"point,field,date,B1.0\nto-hieu-1,ho-tich,{clock.today()},4\n")
    assert import_responses(database, settings.home, file, "w1", "short", clock.today()) == (1, 0)
    assert sorted(row["B1.0"] for row in answers(database)) == [2, 3, 4]


def test_it_is_frozen_as_what_it_was(old, database, settings):
    for day in (2, 9, 16):
        a_response(database, settings, moment=dt.datetime(2026, 9, day, 3, tzinfo=dt.timezone.utc))
    with database.writing() as session:
        close_wave(session, "w1", dt.date(2026, 9, 30))
    frozen = freeze(database, settings.home, "w1", dt.date(2026, 9, 30))
    codebook = read_snapshot(frozen.path).codebook
    assert codebook.version == "1"
    assert codebook.item_codes == ("O", "B1.0", "B2.0", "B3.0", "B4.0", "B5.0")


@pytest.fixture
def three(database, settings, tmp_path):
    """Snapshots of three waves: of the first version, of the second, and of the second in official words."""
    a_point(database)
    a_wording(settings.home, tmp_path, version=2)
    for number, version in enumerate((1, 2, 2001), 1):
        first = dt.date(2026, 4 + number, 1)
        a_wave(database, settings, f"w{number}", version=version, opens_on=first)
        for day in (2, 9, 16, 23):
            for level in ("2", "4", "5"):
                moment = dt.datetime(2026, 4 + number, day, 3, tzinfo=dt.timezone.utc)
                a_response(database, settings, moment=moment, answers={"O": level, "B3.2": level})
        with database.writing() as session:
            close_wave(session, f"w{number}", dt.date(2026, 4 + number, 28))
        freeze(database, settings.home, f"w{number}", dt.date(2026, 4 + number, 28))
    return [settings.home / f"snapshots/w{number}.parquet" for number in (1, 2, 3)]


def test_a_series_over_versions_has_a_break_at_each_and_compare_refuses(three):
    rows = rows_of("trend", *three, "--of", "B3.2")
    changes = [row for row in rows if row["what"] == "change"]
    assert [(row["start"], row["end"], row["estimate"]) for row in changes] == [("w1", "w2", None), ("w2", "w3", None)]
    assert [row["broken"] for row in changes] == [["instrument", "scoring"], ["instrument"]]
    for one, other in ((0, 1), (1, 2)):
        refused = call("compare", three[one], "--against", three[other])
        assert refused.exit_code != 0
        assert "did not measure the same thing (another questionnaire)" in refused.output + str(refused.exception)
