"""Whole visits by each means, in each language, with the short and the full form: from the first page to the row."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

import surveys
from sipas import clock
from sipas.intake.models import Response
from tests.make import a_point, a_wave
from tests.pages.test_kiosk import tabs_to

pytestmark = [pytest.mark.browser, pytest.mark.long]

THANKS = {"vi": "Cảm ơn", "en": "Thank you"}


def asked(form: str) -> list[str]:
    """The items of the form, in their order."""
    return list(surveys.load("service-2024").forms[form])


def chosen(item: str) -> str:
    """The answer that is given: “satisfied”, and to the gate the one that opens the questions behind it."""
    return f'[id="{item}-{2 if item == "F" else 4}"]'


def by_touch(page: Page, item: str) -> None:
    page.locator(chosen(item)).tap()


def by_mouse(page: Page, item: str) -> None:
    page.locator(chosen(item)).click()


def by_keyboard(page: Page, item: str) -> None:
    tabs_to(page, f'[name="{item}"]')
    page.keyboard.press("Space")
    for _ in range(1 if item == "F" else 3):
        page.keyboard.press("ArrowDown")
    tabs_to(page, ".next")
    page.keyboard.press("Enter")


def without_scripts(page: Page, item: str) -> None:
    page.locator(chosen(item)).check(force=True)
    page.locator(".next >> visible=true").first.click()


WAYS = {"touch": by_touch, "mouse": by_mouse, "keyboard": by_keyboard, "scripts off": without_scripts}


@pytest.mark.parametrize("form", ["short", "full"])
@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("way", WAYS)
def test_a_whole_visit(opens, database, settings, way, language, form):
    a_point(database, "to-hieu-1", "03646", form=form)
    a_wave(database, settings, "w1", "service-2024", opens_on=clock.today())
    page = opens("/k/to-hieu-1", has_touch=way == "touch", scripts=way != "scripts off")
    page.locator(f".start[lang={language}]").click()
    items = asked(form)
    for item in ("service", *items):
        expect(page.locator(f'[id="q-{item}"]')).to_be_visible()
        WAYS[way](page, item)
        expect(page.locator(f'[id="q-{item}"]')).to_be_hidden()
    page.locator(".primary >> visible=true").click()
    expect(page.locator("h1")).to_contain_text(THANKS[language])
    with database.reading() as session:
        (row,) = session.scalars(select(Response)).all()
    given = [2 if item == "F" else 4 for item in items]
    assert [byte for byte in row.answers if byte != surveys.NOT_ASKED] == given
