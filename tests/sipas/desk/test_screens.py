"""The kiosks' screens at the desk: a code to enrol, what waits, what is missing, and an end."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from html import unescape

import pytest

from sipas import clock
from sipas.fieldwork.devices import devices
from sipas.fieldwork.models import Device as Row
from sipas.web.installation import install, of_app
from tests.make import a_point, a_wave
from tests.officers import signs_in
from tests.sealing import Device, said, sealed

WORD = "mười bảy con chim sẻ"


@pytest.fixture
def officer(database, settings, client):
    a_point(database, "to-hieu-1", "03646", form="short")
    a_wave(database, settings, "w1", opens_on=clock.today())
    signs_in(client, settings)
    return client


def page(officer):
    return unescape(officer.get("/desk/screens?lang=en").text)


def test_a_code_is_shown_once_with_its_address_and_enrols_a_screen(officer, database):
    reply = officer.post("/desk/screens/code?lang=en", data={"point": "to-hieu-1"})
    code = re.search(r"[A-Z2-9]{4}-[A-Z2-9]{4}", reply.text)[0]
    assert "/k/to-hieu-1/vi/device" in reply.text
    assert "There is a QR code as well once the setting “address” says" in reply.text
    assert code not in page(officer)
    assert Device(officer).enrols(code).status_code == 200
    assert "Last contact" in page(officer)


def test_with_the_servers_address_the_code_of_a_screen_is_a_qr_code_too(officer, app, settings):
    install(app, replace(of_app(app), settings=replace(settings, address="https://sonla.example.vn")))
    reply = officer.post("/desk/screens/code?lang=en", data={"point": "to-hieu-1"})
    assert "<code>https://sonla.example.vn/k/to-hieu-1/vi/device</code>" in reply.text
    assert 'src="data:image/svg+xml;base64,' in reply.text


def test_counts_and_days_show_and_what_is_amiss_is_said(officer, database, settings):
    code = re.search(r"[A-Z2-9]{4}-[A-Z2-9]{4}", officer.post("/desk/screens/code", data={"point": "to-hieu-1"}).text)[
        0
    ]
    device = Device(officer)
    device.enrols(code)
    device.sends(sealed(settings.home, said()), sealed(settings.home, said()))
    device.made += 3
    device.sends(waiting=1, clock=5)
    html = page(officer)
    assert re.search(r"Missing</dt><dd>2<", html)
    assert "neither came nor wait" in html
    assert "clock is wrong" in html
    assert "Not heard of" not in html
    with database.writing() as session:
        session.get_one(Row, device.id).last_contact = clock.today() - dt.timedelta(days=3)
    assert "Not heard of for 3 days" in page(officer)


def test_a_revoked_screen_is_said_to_be_so(officer, database):
    code = re.search(r"[A-Z2-9]{4}-[A-Z2-9]{4}", officer.post("/desk/screens/code", data={"point": "to-hieu-1"}).text)[
        0
    ]
    device = Device(officer)
    device.enrols(code)
    assert officer.post("/desk/screens/revoke", data={"device": device.id}).status_code == 303
    with database.reading() as session:
        assert devices(session)[0].device.revoked
    assert "revoked" in page(officer)
    assert device.sends().status_code == 403


def test_nobody_makes_codes_or_revokes_without_signing_in(client, database):
    a_point(database, "to-hieu-1", "03646")
    for address in ("/desk/screens/code", "/desk/screens/revoke"):
        assert client.post(address, data={"point": "to-hieu-1"}).headers["Location"].startswith("/desk/login")
