"""A screen whose clock is wrong: it corrects what it can, says where it doubts, and decides no month by it."""

from __future__ import annotations

import datetime as dt

import pytest
from playwright.sync_api import Page
from sqlalchemy import select

from sipas import clock
from sipas.fieldwork.devices import devices
from sipas.intake.models import Response
from sipas.storage.database import Database
from sipas.web.assets import assets
from tests.make import a_point, a_wave
from tests.pages.device import Screen

pytestmark = pytest.mark.browser
DAY = 86_400_000
NOON = int(dt.datetime(2026, 11, 24, 12, tzinfo=clock.ZONE).timestamp() * 1000)
MOMENT = """async ([name, known, now]) => (await import(name)).moment(known, now)"""


@pytest.fixture
def screen(opens, database, settings):
    a_point(database, "to-hieu-1", "03646", form="short")
    a_wave(database, settings, "w1", "service-2024", opens_on=clock.today())
    return Screen(opens("/"), database).enrols()


def at(page: Page, seen: int, off: int, now: int) -> tuple[bool, str, str]:
    name = f"/static/{assets()['js/device/clock.js'].path}"
    found = page.evaluate(MOMENT, [name, {"seen": seen, "off": off}, now])
    return found["doubt"], found["week"], found["date"]


@pytest.mark.parametrize(
    ("off", "now", "expected"),
    [
        (0, NOON, (False, "2026-W48", "2026-11-24")),
        (9 * DAY, NOON - 9 * DAY, (False, "2026-W48", "2026-11-24")),  # as wrong as at the last contact: corrected
        (-400 * DAY, NOON + 400 * DAY, (False, "2026-W48", "2026-11-24")),
        (0, NOON - 59_000, (False, "2026-W48", "2026-11-24")),  # a moment's drift
        (0, NOON - 3 * DAY, (True, "2026-W47", "2026-11-21")),  # it ran backwards
        (0, NOON + 12 * 3_600_000, (False, "2026-W48", "2026-11-25")),  # midnight of the province, not of Greenwich
    ],
)
def test_what_a_clock_says_is_corrected_by_the_last_contact_and_doubted_where_it_ran_backwards(
    opens, off, now, expected
):
    assert at(opens("/"), NOON, off, now) == expected


def test_a_year_before_the_first_survey_is_doubted_without_any_contact(opens):
    page = opens("/")
    assert at(page, 0, 0, 0)[0]  # a battery that died: 1970
    assert not at(page, 0, 0, NOON)[0]


def found(database: Database) -> tuple[list[int], bool]:
    """The months of what is stored, and whether the desk is told of a wrong clock."""
    with database.reading() as session:
        return [row.month for row in session.scalars(select(Response))], devices(session)[-1].device.clock_off


@pytest.mark.parametrize("days", [-400, -40, 40])
def test_a_clock_that_is_days_off_decides_no_month_and_the_desk_is_told(screen, database, days):
    screen.page.clock.set_fixed_time(clock.now() + dt.timedelta(days=days))
    screen.opens().answers(4).is_thanked()
    screen.opens()
    assert screen.sends() == "done"
    assert found(database) == ([int(f"{clock.today():%Y%m}")], True)
