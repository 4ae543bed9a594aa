"""Nothing jumps under the eyes or the finger of whoever has just opened a page, though its letters come late."""

from __future__ import annotations

import time
from itertools import product

import pytest
from playwright.sync_api import Page

from sipas import clock
from tests.make import a_point, a_wave
from tests.make_release import a_release
from tests.pages.conftest import SIZES, each_once

pytestmark = pytest.mark.browser

LIMIT = 0.05  # cumulative layout shift; the web's own measure calls 0.1 good
LATE = 0.4  # seconds by which fonts come after the page
START = """
    window.shifted = 0;
    new PerformanceObserver((list) => list.getEntries().forEach((one) => {
        if (!one.hadRecentInput) window.shifted += one.value;
    })).observe({type: "layout-shift", buffered: true});
"""
WAYS = list(product(("/k/to-hieu-1", "/k/to-hieu-1/LANGUAGE", "/q/to-hieu-1", "/results"), SIZES, ("vi", "en")))


def shift(page: Page, path: str) -> float:
    """How far the page's parts moved by themselves, as Chromium sums it up, until its late fonts are in use."""

    def later(route) -> None:
        time.sleep(LATE)
        route.continue_()

    page.route("**/*.woff2", later)
    page.add_init_script(START)
    page.goto(path, wait_until="networkidle")
    page.evaluate("document.fonts.ready")
    page.evaluate(
        "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 100))))"
    )
    return float(page.evaluate("window.shifted"))


@pytest.mark.parametrize(
    ("path", "size", "language"),
    each_once(
        ("/k/to-hieu-1", "kiosk", "vi"),
        ("/k/to-hieu-1/LANGUAGE", "phone", "vi"),
        ("/q/to-hieu-1", "phone", "en"),
        ("/results", "phone", "vi"),
        ("/results", "desk", "en"),
        of=WAYS,
    ),
)
def test_what_has_been_shown_stays_where_it_is(opens, database, settings, path, size, language):
    a_point(database, "to-hieu-1", "03646")
    a_wave(database, settings, "w1", opens_on=clock.today())
    a_release(settings.home)
    page = opens("/health", size=size)
    moved = shift(page, f"{path.replace('LANGUAGE', language)}?lang={language}")
    assert moved < LIMIT, f"{path} {size} {language}: {moved:.3f}"


def test_a_page_that_jumps_is_seen_to_jump(opens):
    page = opens("/health", size="phone")
    page.route("**/jumps", lambda route: route.fulfill(content_type="text/html", body=JUMPS))
    assert shift(page, "/jumps") > LIMIT


JUMPS = """<!doctype html><p id="late"></p><p style="height:300px">Here</p><script>
setTimeout(() => { document.getElementById("late").style.height = "200px"; }, 100);
</script>"""
