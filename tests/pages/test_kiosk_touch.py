"""Large enough for any finger, far enough from the next, in each state; and nothing is lost on the narrowest screen."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.pages.conftest import SIZES
from tests.pages.walk import kiosks_of_each_kind, walk

pytestmark = pytest.mark.browser

MAIN, OTHER, APART = 72, 48, 12  # CSS pixels, as the kiosk promises
FACE, BETWEEN_FACES = 44, 8  # on a phone, where all levels have to be in view at once (`test_kiosk_levels.py`)
# Everything that a finger may meet now, outermost first; a choice is as large as its label. Links within a sentence and
# what a finger meets on a phone's own keyboard are not ours to size; the tall screen's keyboard is measured there.
MET = """() => {
    const shown = (one) => one.checkVisibility({visibilityProperty: true}) && !one.closest(".drawn-once");
    const dialog = document.querySelector("dialog[open]");
    const all = "a[href], button, label.option, label.look, textarea, input";
    const found = [...(dialog ?? document).querySelectorAll(all)]
        .filter((one) => shown(one) && !one.parentElement.closest("a, button, label.option, label.look"));
    return found.map((one) => {
        const {left, top, right, bottom} = one.getBoundingClientRect();
        const name = `${one.className || one.nodeName} ${one.textContent.trim().slice(0, 24)}`;
        return {name, left, top, right, bottom,
                face: one.matches(".face"),
                main: one.matches(".face, .tile, .next, .back, .primary, .primary-look, .start"),
                key: Boolean(one.closest(".keys")), said: one.type === "hidden"};
    }).filter((one) => !one.said && one.right > one.left);
}"""


def too_small(met: list[dict], size: str) -> list[str]:
    found = []
    for one in met:
        least = FACE if one["face"] and size == "phone" else MAIN if one["main"] else OTHER
        width, height = one["right"] - one["left"], one["bottom"] - one["top"]
        if height < least - 0.5 or width < OTHER - 0.5:
            found.append(f"{one['name']}: {width:.0f} x {height:.0f}")
    return found


def too_near(met: list[dict], size: str) -> list[str]:
    found = []
    for place, one in enumerate(met):
        for other in met[place + 1 :]:
            across = max(one["left"], other["left"]) - min(one["right"], other["right"])
            along = max(one["top"], other["top"]) - min(one["bottom"], other["bottom"])
            least = BETWEEN_FACES if one["face"] and other["face"] and size == "phone" else APART
            if max(across, along) < least - 0.5:
                found.append(f"{one['name']} | {other['name']}: {max(across, along):.0f}")
    return found


def faults(page: Page, language: str, look: str, size: str) -> dict[str, list[str]]:
    wrong = {}
    for name in walk(page, language, look):
        if name == "unknown-point":  # a page of the whole site; its links are of text
            continue
        met = [one for one in page.evaluate(MET) if size == "kiosk" or not one["key"]]
        assert met, name
        if found := too_small(met, size) + too_near(met, size):
            wrong[name] = found
    return wrong


@pytest.mark.parametrize("size", ["kiosk", pytest.param("phone", marks=pytest.mark.long)])
def test_every_control_is_large_enough_and_far_enough_from_the_next(opens, database, settings, size):
    kiosks_of_each_kind(database, settings)
    assert faults(opens("about:blank", size=size), "vi", "", size) == {}


@pytest.mark.long
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("look", ["", "large", "contrast"])
def test_every_control_is_large_enough_in_each_size_language_and_look(opens, database, settings, size, language, look):
    kiosks_of_each_kind(database, settings)
    assert faults(opens("about:blank", size=size), language, look, size) == {}


def test_nothing_is_cut_off_at_320_pixels_which_is_a_desk_screen_at_400_per_cent(opens, database, settings):
    kiosks_of_each_kind(database, settings)
    page = opens("about:blank")
    page.set_viewport_size({"width": 320, "height": 568})
    wrong = [
        name for name in walk(page, "vi") if page.evaluate("document.documentElement.scrollWidth - innerWidth") > 0
    ]
    assert wrong == []


def test_a_page_that_tells_of_a_fault_goes_back_once_the_first_page_can_be_had(opens, database, settings):
    kiosks_of_each_kind(database, settings)
    page = opens("about:blank")
    page.clock.install()
    page.goto("/k/to-hieu-1/vi/nothing")
    expect(page.locator("[data-again]")).to_be_visible()
    down = True
    page.route("**/k/to-hieu-1", lambda route: route.abort() if down else route.continue_())
    with page.expect_event("requestfailed"):
        page.clock.run_for(61_000)
    assert page.url.endswith("/vi/nothing")
    down = False
    page.clock.run_for(61_000)
    expect(page.locator(".start").first).to_be_visible()
