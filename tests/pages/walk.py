"""Every kind of page and state of the kiosk, one after the other: for screens, for axe, for the accessibility trees."""

from __future__ import annotations

from collections.abc import Iterator

from playwright.sync_api import Page, expect

from sipas import clock
from sipas.database import Database
from sipas.settings import Settings
from tests.make import a_point, a_wave


def kiosks_of_each_kind(database: Database, settings: Settings) -> None:
    """The short form at a kiosk, the demo questionnaire with every kind of question, and three levels of 2018."""
    a_point(database, "to-hieu-1", "03646", form="short")
    a_point(database, "chieng-an-1", "03664")
    a_point(database, "chieng-coi-1", "03670")
    for code, instrument in (("to-hieu-1", "service-2024"), ("chieng-an-1", "demo"), ("chieng-coi-1", "onestop-2018")):
        a_wave(database, settings, instrument, instrument, opens_on=clock.today(), at=[code])


def walk(page: Page, language: str, look: str = "") -> Iterator[str]:
    """One visit and a few looks aside; yields the name of each screen when it can be seen."""
    query = f"?look={look}" if look else ""
    page.goto(f"/k/to-hieu-1{query}")
    yield "start"
    page.locator(f".start[lang={language}]").click()
    yield "service"
    page.locator("#service-2").click()
    page.locator("#q-O").wait_for()
    yield "question"
    page.locator('[id="O-4"]').check()
    yield "chosen"
    page.clock.install()
    _fresh(page, f"/k/to-hieu-1/{language}{query}#q-O")
    page.clock.run_for(63_000)
    expect(page.locator(".idle")).to_be_visible()
    yield "idle"
    page.locator(".idle button").click()
    for name in ("B5.0", "about"):
        _fresh(page, f"/k/to-hieu-1/{language}{query}#q-{name}")
        yield name
    page.locator("textarea").click()
    expect(page.locator(".keys")).to_be_visible()
    yield "keyboard"
    page.locator(".primary").click()
    yield "errors"
    for name in ("privacy", "thanks"):
        page.goto(f"/k/to-hieu-1/{language}/{name}{query}")
        yield name
    for item in ("how", "better", "trips"):
        _fresh(page, f"/k/chieng-an-1/{language}{query}#q-{item}")
        yield item
    _fresh(page, f"/k/chieng-coi-1/{language}{query}#q-I2")
    yield "three-levels"
    page.goto(f"/k/nowhere/{language}")
    yield "unknown-point"
    for name, path in (("code", "/q/"), ("code-slip", "/q/2345CFHT"), ("code-unknown", "/q/2345CFHM")):
        page.goto(f"{path}?lang={language}{look and '&look='}{look}")
        yield name


def _fresh(page: Page, path: str) -> None:
    page.goto("about:blank")
    page.goto(path)
