"""The keyboard of a visitor's own phone: it covers half of the page, and never the button that sends."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from sipas import clock
from tests.make import a_point, a_wave

pytestmark = pytest.mark.browser

OPEN, SHUT, NARROW = (390, 330), (390, 664), (320, 300)
# What Safari does: the page keeps its size, and only the part that is seen becomes smaller.
COVERED = """
    const seen = Object.assign(new EventTarget(), {height: innerHeight, offsetTop: 0, scale: 1});
    Object.defineProperty(window, "visualViewport", {value: seen});
    window.keyboard = (height) => { seen.height = height; seen.dispatchEvent(new Event("resize")); };
"""


@pytest.fixture
def last(opens, database, settings):
    """`last("vi")`: the page on which a comment is written, at the end of the short form."""
    a_point(database, "to-hieu-phone", "03646", form="short", channel="phone")
    a_wave(database, settings, "w1", opens_on=clock.today())

    def last(language: str, look: str = "", script: str = "") -> Page:
        page = opens("/health", size="phone")
        page.add_init_script(script)
        page.set_viewport_size({"width": SHUT[0], "height": SHUT[1]})
        page.goto(f"/q/to-hieu-phone/{language}?look={look}#q-about")
        return page

    return last


def places(page: Page) -> dict[str, list[float]]:
    """Where the button that sends and the text that is written lie in the window: top and bottom, in pixels."""
    return page.evaluate(
        """() => {
            const of = (which) => document.querySelector(`#q-about ${which}`).getBoundingClientRect();
            const [send, text] = [of(".primary"), of("textarea")];
            return {send: [send.top, send.bottom], text: [text.top, text.bottom]};
        }"""
    )


def on_top(page: Page, height: float) -> bool:
    """Whether a finger on the middle of the button that sends touches it and nothing that lies above it."""
    return page.evaluate(
        """(height) => {
            const button = document.querySelector("#q-about .primary"), box = button.getBoundingClientRect();
            const met = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
            return box.bottom <= height && met === button;
        }""",
        height,
    )


@pytest.mark.parametrize("size", [OPEN, NARROW])
@pytest.mark.parametrize(("language", "look"), [("vi", ""), ("en", ""), ("vi", "large")])
def test_where_the_keyboard_makes_the_page_smaller_send_stays_in_view_and_what_is_written_too(
    last, size, language, look
):
    page = last(language, look)
    assert "interactive-widget=resizes-content" in page.locator("meta[name=viewport]").get_attribute("content")
    page.locator("#q-about textarea").focus()
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.keyboard.type("Cần thêm ghế ngồi")
    where = places(page)
    assert on_top(page, size[1]), where
    assert where["text"][0] + 40 < where["send"][0], where  # the line that is written is not under the button
    assert where["text"][0] >= -1 or where["text"][1] > 60, where
    page.locator("#q-about .primary").click()
    expect(page.locator(".summary")).to_be_visible()  # nothing was answered; but the button was reached


def test_where_the_keyboard_lies_over_the_page_send_moves_above_it(last):
    page = last("vi", script=COVERED)
    page.locator("#q-about textarea").focus()
    page.evaluate("keyboard(330)")
    assert on_top(page, 330), places(page)
    page.evaluate("keyboard(664)")
    assert on_top(page, 664), places(page)


def test_without_the_keyboard_and_without_scripts_send_is_in_view(opens, last):
    last("vi")
    page = opens("/q/to-hieu-phone/vi#q-about", size="phone", scripts=False)
    page.set_viewport_size({"width": OPEN[0], "height": OPEN[1]})
    button = page.locator("#q-about .primary")
    box = button.bounding_box()
    assert 0 < box["y"] < box["y"] + box["height"] <= OPEN[1]


def test_the_code_on_a_receipt_is_typed_with_the_way_on_in_view(opens, last):
    last("vi")
    page = opens("/q/", size="phone")
    page.set_viewport_size({"width": OPEN[0], "height": OPEN[1]})
    page.locator("#code").focus()
    page.keyboard.type("2345 CFHJ 678L")
    box = page.locator(".primary").bounding_box()
    assert box["y"] + box["height"] <= OPEN[1], box
    assert re.fullmatch("2345 CFHJ 678L", page.locator("#code").input_value())
