"""Which way an answer came is known at the door through which it came, and nowhere else."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from sipas import clock
from sipas.fieldwork.devices import make_code
from sipas.intake.models import Response
from sipas.intake.ways import Way, all_ways_of, held
from tests.make import a_point, a_wave, some_codes
from tests.people import Visitor
from tests.sealing import Device, said, sealed
from tests.sipas.kiosk.test_phone import Guest


@pytest.fixture(autouse=True)
def points(database, settings):
    a_point(database, "to-hieu-1", "03646", form="short")
    a_point(database, "poster", "03646", form="short", channel="web")
    a_wave(database, settings, opens_on=clock.today())


def counted(database, settings):
    held(settings.home).flush()
    with database.reading() as session:
        found = all_ways_of(session.connection(), settings.home, 1)
        assert found.total() == len(session.scalars(select(Response)).all())
    return {Way(key[3]): number for key, number in found.items()}


def test_what_an_enrolled_device_sealed_came_from_a_screen(client, database, settings):
    with database.writing() as session:
        code = make_code(session, "to-hieu-1", clock.now())
    device = Device(client)
    assert device.enrols(code).status_code == 200
    device.sends(*(sealed(settings.home, said()) for _ in range(3)))
    device.sends(sealed(settings.home, said({"service": "ho-tich", "comment": "Tốt"}), kind="comment"))
    assert counted(database, settings) == {Way.SCREEN: 3}


def test_a_post_to_a_kiosks_address_came_by_an_open_one_also_from_the_same_browser(client, database, settings):
    visitor = Visitor(client, "to-hieu-1")
    visitor.opens_the_questionnaire()
    visitor.answers_everything(4)
    assert visitor.sends().status_code == visitor.sends().status_code == 303
    assert counted(database, settings) == {Way.OPEN: 1}


def test_a_code_that_is_spent_is_a_way_of_its_own_and_a_poster_is_open(client, database, settings):
    (code,) = some_codes(database, settings)
    for mark in (code, code, "poster"):
        Guest(client, mark).opens().sends()
    assert counted(database, settings) == {Way.CODE: 1, Way.OPEN: 1}
