"""Posters and strips from the desk's page of a wave."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from sipas import clock, create_app
from sipas.fieldwork.points import set_invitation
from sipas.fieldwork.waves import close_wave, wave_of
from sipas.intake.invitations import Invitation
from sipas.web.installation import of_app
from tests.make import a_point, a_wave
from tests.officers import signs_in

PASSWORD = "lúa nương mùa này"


@pytest.fixture
def officer(database, settings):
    """Signed in, at a server that knows its address."""
    a_point(database, "to-hieu-1", "03646", form="short")
    a_point(database, "to-hieu-phone", "03646", form="short", channel="phone")
    a_wave(database, settings, opens_on=clock.today())
    app = create_app(replace(settings, address="https://sonla.example.vn"))
    client = app.test_client()
    signs_in(client, settings)
    yield client
    of_app(app).database.engine.dispose()


def issued(database):
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(Invitation))


def test_an_open_wave_offers_a_poster_for_each_point_and_strips_where_codes_are_asked(officer, database):
    page = officer.get("/desk/wave/w1?lang=en").text
    assert 'action="/desk/poster"' in page
    assert 'value="to-hieu-1"' in page
    assert 'action="/desk/strips"' not in page
    assert "sipas point set POINT" in page
    with database.writing() as session:
        set_invitation(session, "to-hieu-phone", "required")
    strips = officer.get("/desk/wave/w1").text.split('action="/desk/strips"')[1]
    assert 'value="to-hieu-phone"' in strips
    assert 'value="to-hieu-1"' not in strips


@pytest.mark.parametrize(
    ("language", "words"),
    [("vi", "chưa ai khai báo người dân vào máy chủ này bằng địa chỉ nào"), ("en", "nobody has said at which address")],
)
def test_without_an_address_the_page_says_so_and_what_to_do_in_place_of_buttons(
    officer, app, settings, language, words
):
    assert words not in officer.get(f"/desk/wave/w1?lang={language}").text
    nowhere = app.test_client()
    signs_in(nowhere, settings)
    page = nowhere.get(f"/desk/wave/w1?lang={language}").text
    assert words in page
    assert "sipas config set address https://sonla.example.vn" in page
    assert "/desk/poster" not in page
    assert "/desk/strips" not in page


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="no pdftotext: poppler-utils")
def test_sheets_of_a_simulated_wave_are_marked(officer, database, tmp_path):
    with database.writing() as session:
        set_invitation(session, "to-hieu-phone", "required")
        wave_of(session, "w1").simulated = True
    for reply in (
        officer.get("/desk/poster?point=to-hieu-1"),
        officer.post("/desk/strips", data={"point": "to-hieu-phone", "count": "1"}),
    ):
        (tmp_path / "printed.pdf").write_bytes(reply.data)
        told = subprocess.run(["pdftotext", "printed.pdf", "-"], cwd=tmp_path, check=True, capture_output=True).stdout
        assert told.decode().count("MÔ PHỎNG / SIMULATED") == 1


def test_a_wave_that_is_over_offers_none(officer, database):
    with database.writing() as session:
        close_wave(session, "w1", clock.today())
    assert "/desk/poster" not in officer.get("/desk/wave/w1").text


@pytest.mark.parametrize("size", ["A4", "A3"])
def test_the_poster_comes_as_a_file(officer, size):
    reply = officer.get(f"/desk/poster?point=to-hieu-1&size={size}")
    assert reply.data.startswith(b"%PDF")
    assert reply.mimetype == "application/pdf"
    assert reply.headers["Content-Disposition"] == 'attachment; filename="poster-to-hieu-1.pdf"'
    assert reply.headers["Cache-Control"] == "no-store"


def test_strips_issue_as_many_codes_as_are_printed(officer, database):
    with database.writing() as session:
        set_invitation(session, "to-hieu-phone", "required")
    reply = officer.post("/desk/strips", data={"point": "to-hieu-phone", "count": "13"})
    assert reply.data.startswith(b"%PDF")
    assert issued(database) == 13
    for count in ("0", "601", "many", ""):
        assert officer.post("/desk/strips", data={"point": "to-hieu-phone", "count": count}).status_code == 400
    assert officer.post("/desk/strips", data={"point": "to-hieu-1", "count": "3"}).status_code == 400
    assert issued(database) == 13


def test_nothing_is_printed_or_issued_for_a_stranger_or_without_an_address(officer, app, database, settings):
    stranger = officer.application.test_client()
    assert stranger.get("/desk/poster?point=to-hieu-1").status_code == 303
    assert stranger.post("/desk/strips", data={"point": "to-hieu-phone", "count": "3"}).status_code == 303
    with database.writing() as session:
        set_invitation(session, "to-hieu-phone", "required")
    nowhere = app.test_client()  # this server does not know its address
    signs_in(nowhere, settings)
    assert nowhere.get("/desk/poster?point=to-hieu-1").status_code == 503
    assert nowhere.post("/desk/strips", data={"point": "to-hieu-phone", "count": "3"}).status_code == 503
    assert issued(database) == 0
    assert officer.get("/desk/poster?point=nowhere").status_code == 404
