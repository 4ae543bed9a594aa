"""What can be measured of how the kiosk looks: sizes, nothing cut off, our fonts, no complaint of the browser."""

from __future__ import annotations

from itertools import pairwise, product

import pytest

import surveys
from sipas import clock
from tests.make import a_point, a_wave
from tests.pages.conftest import SIZES, each_once
from tests.pages.test_kiosk import shown
from tests.pages.test_kiosk_everyone import CUT_OFF
from tests.pages.walk import opens_every_gate

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def kiosk(database, settings):
    a_point(database, "to-hieu-1", "03646", form="full")
    a_wave(database, settings, "w1", "service-2024", opens_on=clock.today())


@pytest.mark.parametrize("size", SIZES)
def test_targets_are_large_and_apart_and_faces_equal(opens, size):
    page = opens("/k/to-hieu-1/en", size=size)
    opens_every_gate(page)
    page.goto("/k/to-hieu-1/en#q-B5.1")
    cards = [one.bounding_box() for one in page.locator('[id="q-B5.1"] .face .card').all()]
    assert len(cards) == 5
    assert len({(round(box["width"]), round(box["height"])) for box in cards}) == 1
    for box in cards:
        assert min(box["width"], box["height"]) >= (44 if size == "phone" else 72)
    for one, two in pairwise(cards):
        apart = max(two["x"] - one["x"] - one["width"], two["y"] - one["y"] - one["height"])
        assert apart >= (8 if size == "phone" else 12)
    for selector in (".back", ".next"):
        box = page.locator(f'[id="q-B5.1"] {selector} >> visible=true').bounding_box()
        assert min(box["width"], box["height"]) >= 72
    for link in page.locator(".switch a").all():
        assert link.bounding_box()["height"] >= 48


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_button_that_sends_is_in_sight_at_a_kiosk(opens, language):
    page = opens(f"/k/to-hieu-1/{language}#q-about")
    assert page.locator(".primary").evaluate("e => e.getBoundingClientRect().bottom <= innerHeight")


@pytest.mark.parametrize(
    ("size", "language"), each_once(("kiosk", "vi"), ("phone", "en"), ("desk", "vi"), of=product(SIZES, ("vi", "en")))
)
def test_nothing_is_cut_off_and_the_browser_has_no_complaint(opens, size, language):
    page = opens("about:blank", size=size)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    for path in ("", f"/{language}", f"/{language}/privacy", f"/{language}/thanks"):
        page.goto("/k/to-hieu-1" + path)
        assert wider_than_the_window(page) <= 0, path
    page.goto(f"/k/to-hieu-1/{language}")
    sections = page.locator("form section").evaluate_all("all => all.map((one) => one.id)")
    assert sections == [f"q-{name}" for name in ("service", *surveys.load("service-2024").forms["full"], "about")]
    opens_every_gate(page)
    for section in sections:
        page.goto(f"/k/to-hieu-1/{language}#{section}")
        assert shown(page) == [section]
        assert wider_than_the_window(page) <= 0, page.url
        words = page.locator("section:target .word, section:target .question")
        assert words.evaluate_all(CUT_OFF) == [], page.url
    assert complaints == []


def wider_than_the_window(page) -> int:
    return page.evaluate("document.documentElement.scrollWidth - innerWidth")


def test_letters_are_ours_and_large_on_a_kiosk(opens):
    page = opens("/k/to-hieu-1")
    assert page.evaluate("document.fonts.ready.then(() => document.fonts.check('400 20px \"Noto Sans\"', 'Ợ ữ ẫ Đ'))")
    assert page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)") >= 28
    ours = "[...document.fonts].filter(f => f.family.includes('Noto Sans')).map(f => f.status)"
    assert page.evaluate(ours) == ["loaded", "loaded"]


def test_a_first_visit_is_light(opens):
    page = opens("about:blank")
    sizes: dict[str, int] = {}
    page.on("requestfinished", lambda r: sizes.update({r.url.rsplit("/", 1)[-1]: r.sizes()["responseBodySize"]}))
    page.goto("/k/to-hieu-1/vi", wait_until="networkidle")
    fonts = sum(size for name, size in sizes.items() if name.endswith(".woff2"))
    assert 0 < fonts < 45_000
    assert sum(sizes.values()) - fonts < 25_000, sizes
