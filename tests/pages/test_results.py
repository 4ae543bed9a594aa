"""The public pages in a real browser: on a telephone, at a desk, on paper, without scripts and with the keyboard."""

from __future__ import annotations

from itertools import product

import pytest
from playwright.sync_api import Page, expect

from tests.make_release import a_release
from tests.pages.conftest import SIZES, each_once

pytestmark = pytest.mark.browser

RELEASE = "/results/2026-1-r1"
PAGES = ["/results", f"{RELEASE}/unit/03646", f"{RELEASE}/service/dat-dai", f"{RELEASE}/method", "/results/none/"]
LONG = ("so-tu-phap", "Sở " + "Nông nghiệp và Môi trường " * 3, "Department of " + "Agriculture and Environment " * 3)


@pytest.fixture(autouse=True)
def shelf(settings):
    """A release in which seven people stand behind one figure."""
    return a_release(settings.home, people={("04240", "dat-dai"): 7})


def width(page: Page) -> int:
    return page.evaluate("document.documentElement.scrollWidth")


@pytest.mark.parametrize(
    ("size", "language"), each_once(("kiosk", "vi"), ("phone", "en"), ("desk", "vi"), of=product(SIZES, ("vi", "en")))
)
def test_nothing_runs_over_the_edge_and_the_content_policy_is_kept(opens, size, language):
    page = opens(f"/results?lang={language}", size=size)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if "404" not in message.text else None)
    for address in PAGES:
        page.goto(f"{address}?lang={language}")
        assert width(page) <= SIZES[size][0], address
        expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert said == []


def test_nothing_runs_over_the_edge_at_any_width_between_telephone_and_desk(opens):
    page = opens(f"{RELEASE}/unit/03646?lang=vi", size="desk")
    for across in range(320, 1441, 10):
        page.set_viewport_size({"width": across, "height": 900})
        assert width(page) <= across, across


def test_without_scripts_a_reader_finds_a_unit_and_comes_back(opens):
    page = opens("/results?lang=en", size="phone", scripts=False)
    page.get_by_role("link", name="Tô Hiệu ward").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Tô Hiệu ward")
    page.get_by_role("link", name="Tiếng Việt").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Phường Tô Hiệu")
    expect(page.locator("html")).to_have_attribute("lang", "vi")
    page.get_by_role("link", name="Toàn tỉnh", exact=True).click()
    expect(page).to_have_url(f"{opens.server}{RELEASE}/")


def test_the_order_of_units_is_chosen_with_the_keyboard(opens):
    page = opens("/results?lang=en", size="desk", scripts=False)
    choice = page.get_by_role("link", name="by share")
    choice.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{opens.server}/results?sort=share&lang=en#units")
    expect(choice).to_have_attribute("aria-current", "true")
    expect(page.get_by_text("This is not a ranking")).to_be_visible()


def test_on_a_telephone_tables_still_are_tables_to_a_screen_reader(opens):
    page = opens("/results?lang=en", size="phone")
    table = page.get_by_role("table", name="Share of satisfied answers by responsible unit")
    row = table.get_by_role("row").filter(has=page.get_by_role("rowheader", name="Tô Hiệu ward"))
    expect(row.get_by_role("cell")).to_have_count(5)
    assert page.get_by_role("img", name="Satisfied answers by factor").count() == 1


def test_links_and_buttons_are_large_enough_for_a_finger(opens):
    page = opens("/results?lang=en", size="phone")
    for link in page.locator("nav a, .back a, .button").all():
        box = link.bounding_box()
        assert box is None or box["height"] >= 44, link.inner_text()


@pytest.mark.parametrize("name", ["index.html", "index.en.html"])
def test_the_page_of_a_release_folder_opens_from_a_disk(browser, shelf, name):
    context = browser.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=True)
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((shelf / name).as_uri())
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert width(page) <= 390
    assert asked == [(shelf / name).as_uri()]
    assert page.locator(".headline").evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(13, 86, 97)"
    page.locator(".languages a").click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    context.close()


def test_very_long_names_wrap_instead_of_widening_the_page(opens, settings):
    units = (("so-x", LONG[1], LONG[2], "department"), ("03646", "Phường Tô Hiệu", "Tô Hiệu ward", "ward"))
    a_release(settings.home, "2026-2-r1", units=units, published_on="2026-12-31")
    for size in SIZES:
        page = opens("/results", size=size)
        assert width(page) <= SIZES[size][0]
