"""The page that keeps what could not be stored: a button without scripts, by itself with them."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from sipas import clock
from sipas.intake import stored
from tests.make import a_point, a_wave

pytestmark = pytest.mark.browser
HEADING = {"vi": "chưa gửi được", "en": "not sent yet"}


@pytest.fixture(autouse=True)
def kiosk(database, settings):
    a_point(database, "to-hieu-1", "03646", form="short")
    a_wave(database, settings, opens_on=clock.today())


def count(database) -> int:
    with database.reading() as session:
        return stored(session, 1)


def sends(page: Page) -> None:
    """Fills in what must be, and sends; the server cannot store it."""
    page.evaluate("for (const id of ['service-1', 'O-4']) document.getElementById(id).checked = true")
    page.evaluate("document.querySelector('form[data-questionnaire]').submit()")
    page.locator(".kept").wait_for()


@pytest.mark.parametrize("language", ["vi", "en"])
def test_without_scripts_one_button_sends_the_same_again(opens, database, language):
    page = opens(f"/k/to-hieu-1/{language}", scripts=False)
    page.locator('[id="service-1"]').check(force=True)
    page.goto(f"/k/to-hieu-1/{language}#q-O")
    page.locator('[id="O-4"]').check(force=True)
    page.goto(f"/k/to-hieu-1/{language}#q-about")
    with database.queue():
        page.locator("main .primary >> visible=true").click()
        expect(page.locator("h1")).to_contain_text(HEADING[language])
        assert count(database) == 0
    page.locator(".primary").click()
    page.wait_for_url("**/thanks#done")
    assert count(database) == 1


def test_with_scripts_the_page_sends_by_itself_when_the_server_can_again(opens, database):
    page = opens("/k/to-hieu-1/vi")
    with database.queue():
        sends(page)
        expect(page.get_by_role("status")).to_contain_text("giây")
    page.wait_for_url("**/thanks*", timeout=15_000)
    assert count(database) == 1


def test_who_stops_leaves_nothing_behind(opens, database):
    page = opens("/k/to-hieu-1/vi")
    with database.queue():
        sends(page)
    page.locator(".back").click()
    page.wait_for_url("**/k/to-hieu-1")
    assert count(database) == 0
