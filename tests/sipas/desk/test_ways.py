"""How answers came, at the desk: from ten on, as of the last night, what deserves a look first."""

from __future__ import annotations

from html import unescape

import pytest

from sipas import clock
from sipas.fieldwork.asking import asking_at
from sipas.fieldwork.devices import make_code
from sipas.intake.maintenance import maintain
from sipas.intake.ways import Way
from tests.make import OPENING, a_point, a_response, a_wave
from tests.officers import signs_in
from tests.people import text_of
from tests.sealing import Device

WORD = "mười bảy con chim sẻ"


@pytest.fixture
def night(client, database, settings):
    """What the wave's page says; the night has been."""
    a_point(database, "to-hieu-1", "03646", form="short")
    a_point(database, "chieng-an-1", "03664", form="short")
    a_wave(database, settings)
    signs_in(client, settings)

    def shown(language="en"):
        maintain(database, settings.home)
        return text_of(unescape(client.get(f"/desk/wave/w1?lang={language}").text))

    return shown


def some(database, settings, point, count, way):
    for _ in range(count):
        a_response(database, settings, point, way=way)


def test_below_ten_answers_nothing_is_shown(night, database, settings):
    some(database, settings, "to-hieu-1", 9, Way.OPEN)
    assert "How answers came" not in night()
    some(database, settings, "to-hieu-1", 1, Way.OPEN)
    assert "to-hieu-1 0 0 10" in night()


def test_most_by_the_open_address_stand_first_and_a_screen_that_is_passed_by_is_named(
    night, client, database, settings
):
    with database.writing() as session:
        code = make_code(session, "to-hieu-1", clock.now())
    assert Device(client).enrols(code).status_code == 200
    some(database, settings, "to-hieu-1", 20, Way.SCREEN)
    some(database, settings, "to-hieu-1", 30, Way.OPEN)
    some(database, settings, "chieng-an-1", 40, Way.CODE)
    text = night()
    text = text[text.index("How answers came") :]
    assert "to-hieu-1 has a screen of its own, yet many came by its open address 20 0 30" in text
    assert "chieng-an-1 0 40 0" in text
    assert text.index("to-hieu-1") < text.index("chieng-an-1")
    assert "Địa chỉ mở" in night("vi")


def test_answers_without_a_point_are_shown_for_their_office(night, database, settings):
    with database.reading() as session:
        visit = asking_at(session, "to-hieu-1", OPENING)
    abroad = next(one.code for one, _ in visit.services if visit.codes(one.code).several)
    for point in ("to-hieu-1", "chieng-an-1"):
        for _ in range(6):
            a_response(database, settings, point, service=abroad, way=Way.SCREEN)
    text = night()
    text = text[text.index("How answers came") : text.index("As of last night")]
    assert " 12 0 0" in text
    assert "to-hieu-1" not in text
