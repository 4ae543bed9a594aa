"""No page, state, language or look has a fault that axe can find; what a screen reader meets is written down."""

from __future__ import annotations

import datetime as dt

import pytest
from playwright.sync_api import Page

from tests.make import a_wave
from tests.make_release import a_release
from tests.officers import PASSWORD, an_account, code
from tests.pages.axe import brought_along, violations
from tests.pages.conftest import SIZES
from tests.pages.trees import FOLDER, tree
from tests.pages.walk import device_walk, hide_what_differs, kiosks_of_each_kind, walk

pytestmark = pytest.mark.browser

DESK = (
    *("", "/wave/2026-1", "/screens", "/languages", "/people", "/log", "/help", "/account", "/account/password"),
    *("/account/authenticator", "/people/can-bo"),
)

EACH_ONCE = [("phone", "vi", ""), ("kiosk", "en", "contrast-large")]
EVERY = [
    (s, code, look) for s in SIZES for code in ("vi", "en") for look in ("", "contrast", "large", "contrast-large")
]
RELEASE = "/results/2026-1-r1"
PUBLIC = ("/", "/results", f"{RELEASE}/unit/03646", f"{RELEASE}/service/dat-dai", f"{RELEASE}/method", "/results/none/")


@pytest.fixture
def kiosks(database, settings):
    kiosks_of_each_kind(database, settings)


def every_page_passes(page: Page, language: str, look: str) -> None:
    wrong = {}
    brought_along(page)
    for name in walk(page, language, look):
        page.evaluate("Promise.all(document.getAnimations().map(one => one.finished))")
        if found := violations(page):
            wrong[name] = found
    assert wrong == {}


@pytest.mark.parametrize(("size", "language", "look"), EACH_ONCE)
def test_axe_finds_nothing_on_any_kind_of_kiosk_page(opens, kiosks, size, language, look):
    every_page_passes(opens("about:blank", size=size), language, look)


@pytest.mark.long
@pytest.mark.parametrize(("size", "language", "look"), EVERY)
def test_axe_finds_nothing_in_any_size_language_and_look(opens, kiosks, size, language, look):
    every_page_passes(opens("about:blank", size=size), language, look)


@pytest.mark.parametrize(("size", "language", "look"), [("phone", "vi", ""), ("kiosk", "en", "contrast-large")])
def test_axe_finds_nothing_on_the_pages_of_a_screen(opens, kiosks, database, size, language, look):
    page = brought_along(opens("about:blank", size=size))
    found = {name: violations(page) for name in device_walk(page, database, language, look)}
    assert found == {"device-enrol": [], "device-pin": [], "device-state": []}


@pytest.mark.parametrize(("size", "language"), [("phone", "vi"), ("desk", "en")])
def test_axe_finds_nothing_on_the_public_pages(opens, settings, size, language):
    a_release(settings.home, people={("04240", "dat-dai"): 7})
    page = brought_along(opens("about:blank", size=size))
    wrong = {}
    for path in (*PUBLIC, "/desk"):
        page.goto(f"{path}?lang={language}")
        if found := violations(page):
            wrong[path] = found
    assert wrong == {}


@pytest.mark.parametrize(("size", "language"), [("phone", "vi"), ("desk", "en")])
def test_axe_finds_nothing_at_the_desk(opens, database, settings, size, language):
    a_wave(database, settings, "2026-1", opens_on=dt.date(2026, 1, 1), simulated=True)
    an_account(settings, "hoa")
    an_account(settings, "can-bo", "clerk", unit="03646", factor=False)
    page, wrong = opens(f"/desk/login?lang={language}", size=size), {}

    def looks(path):
        if found := violations(page):
            wrong[path] = found

    def sends():
        with page.expect_navigation():
            page.keyboard.press("Enter")

    page.fill("#name", "hoa")
    page.fill("#password", "not this one")
    sends()
    looks("a wrong password")
    page.fill("#password", PASSWORD)
    sends()
    looks("the second step")
    page.fill("#code", "000000")
    sends()
    looks("a wrong code")
    page.fill("#code", code(settings, "hoa"))
    sends()
    for path in DESK:
        page.goto(f"/desk{path}?lang={language}")
        looks(path)
    with page.expect_navigation():
        page.click("form[action*=reset] button")
    looks("a first password")
    assert wrong == {}


def test_axe_would_find_a_picture_without_words(opens, kiosks):
    page = opens("/k/to-hieu-1/vi")
    page.evaluate("document.querySelector('main').append(new Image())")
    assert any(line.startswith("image-alt") for line in violations(page))


@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_screen_reader_meets_what_is_written_down(opens, kiosks, language):
    """After a change that you want, `python -m tests.pages.trees` writes the trees anew; read them first."""
    page = opens("about:blank")
    differ = [
        name
        for name in walk(page, language)
        if tree(page) != (FOLDER / language / f"{name}.yaml").read_text(encoding="utf-8")
    ]
    assert differ == []


@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_screen_reader_meets_what_is_written_down_on_the_pages_of_a_screen(opens, kiosks, database, language):
    page = opens("about:blank")
    differ = []
    for name in device_walk(page, database, language):
        hide_what_differs(page)
        if tree(page) != (FOLDER / language / f"{name}.yaml").read_text(encoding="utf-8"):
            differ.append(name)
    assert differ == []
