"""Whole visits in a real browser: with the keyboard alone, without scripts, back and forward, by touch."""

from __future__ import annotations

import re
from itertools import product

import pytest
from playwright.sync_api import Browser, BrowserType, Page, expect
from sqlalchemy import select

import surveys
from sipas import clock
from sipas.intake.models import Response
from tests.make import a_point, a_wave
from tests.pages.conftest import each_once

pytestmark = pytest.mark.browser

SHORT = ("O", "B1.0", "B2.0", "B3.0", "B4.0", "B5.0")


@pytest.fixture(autouse=True)
def kiosks(database, settings):
    """A kiosk with the short form, and a web point with every kind of question."""
    a_point(database, "to-hieu-1", "03646", form="short")
    a_point(database, "chieng-an-1", "03664", form="full", channel="web")
    a_wave(database, settings, "w1", "service-2024", version=1, opens_on=clock.today(), at=["to-hieu-1"])
    a_wave(database, settings, "w2", "demo", opens_on=clock.today(), at=["chieng-an-1"])


def answers(database) -> list[list[int]]:
    with database.reading() as session:
        return [
            [byte for byte in row.answers if byte != surveys.NOT_ASKED] for row in session.scalars(select(Response))
        ]


def shown(page: Page) -> list[str]:
    """The sections that can be seen now."""
    return [one.get_attribute("id") or "" for one in page.locator("form section").all() if one.is_visible()]


def chooses(page: Page, item: str, number: int) -> None:
    """By keyboard, after which the page waits to be sent on; a touch would go on by itself."""
    choice = page.locator(f'[id="{item}-{number}"]')
    choice.press("Space")
    expect(choice).to_be_checked()


def presses(page: Page, selector: str) -> None:
    page.locator(f"{selector} >> visible=true").click()


def tabs_to(page: Page, selector: str, most: int = 40) -> None:
    """Presses Tab until what has the focus matches."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.locator(":focus").evaluate("(element, wanted) => element.matches(wanted)", selector):
            return
    raise AssertionError(f"Tab does not lead to {selector}")


@pytest.mark.parametrize(
    ("language", "scripts"), each_once(("vi", True), ("en", False), of=product(("vi", "en"), (True, False)))
)
def test_a_visit_with_the_keyboard_alone(opens, database, language, scripts):
    page = opens("/k/to-hieu-1", scripts=scripts)
    tabs_to(page, f".start[lang={language}]")
    page.keyboard.press("Enter")
    expect(page.locator("#q-service")).to_be_visible()
    for item in ("service", *SHORT):
        tabs_to(page, f'[name="{item}"]')
        page.keyboard.press("Space")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowDown")
        tabs_to(page, ".next")
        page.keyboard.press("Enter")
        expect(page.locator(f'[id="q-{item}"]')).to_be_hidden()
    tabs_to(page, ".primary")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text({"vi": "Cảm ơn", "en": "Thank you"}[language])
    assert page.url.endswith(f"/k/to-hieu-1/{language}/thanks#done")
    assert answers(database) == [[3] * 6]


def test_back_and_forward_lose_nothing_without_scripts(opens, database):
    page = opens("/k/to-hieu-1/vi", scripts=False)
    assert shown(page) == ["q-service"]
    chooses(page, "service", 2)
    presses(page, ".next")
    for number, item in enumerate(SHORT[:3], 1):
        assert shown(page) == [f"q-{item}"]
        chooses(page, item, number)
        presses(page, ".next")
    page.go_back()
    page.go_back()
    assert shown(page) == ["q-B1.0"]
    expect(page.locator('[id="B1.0-2"]')).to_be_checked()
    page.go_forward()
    page.go_forward()
    assert shown(page) == ["q-B3.0"]
    presses(page, ".back")
    assert shown(page) == ["q-B2.0"]
    expect(page.locator('[id="B2.0-3"]')).to_be_checked()
    for _ in range(4):
        presses(page, ".next")
    assert shown(page) == ["q-about"]
    presses(page, ".primary")
    expect(page.locator("h1")).to_contain_text("Cảm ơn")
    assert answers(database) == [[1, 2, 3, 0, 0, 0]]


def test_enter_on_an_answer_sends_nothing(opens, database):
    for scripts in (True, False):
        page = opens("/k/to-hieu-1/en", scripts=scripts)
        chooses(page, "service", 1)
        page.goto("/k/to-hieu-1/en#q-O")
        page.locator('[id="O-4"]').focus()
        page.keyboard.press("Space")
        page.keyboard.press("Enter")
        page.wait_for_timeout(300)
        assert "/thanks" not in page.url
        assert answers(database) == []


def test_what_is_missing_stands_in_a_focused_summary_whose_links_lead_there(opens, database):
    page = opens("/k/to-hieu-1/en#q-B1.0", scripts=False)
    chooses(page, "B1.0", 4)
    page.goto("/k/to-hieu-1/en#q-about")
    presses(page, ".primary")
    assert page.title().startswith("Error:")
    expect(page.locator(".summary")).to_be_focused()
    link = page.locator(".summary a")
    expect(link).to_have_count(1)
    link.click()
    assert shown(page) == ["q-service"]
    expect(page.locator("#service-error")).to_contain_text(link.inner_text())
    chooses(page, "service", 3)
    page.goto(page.url.split("#")[0] + "#q-B1.0")
    expect(page.locator('[id="B1.0-4"]')).to_be_checked()
    page.goto(page.url.split("#")[0] + "#q-about")
    presses(page, ".primary")
    expect(page.locator("h1")).to_contain_text("Thank you")
    assert answers(database) == [[0, 4, 0, 0, 0, 0]]


def test_a_touch_goes_on_by_itself_and_can_be_undone(opens, database):
    page = opens("/k/to-hieu-1/en", has_touch=True)
    for item in ("service", "O"):
        page.locator(f'[id="{item}-2"]').tap()
        expect(page.locator(f'[id="q-{item}"]')).to_be_hidden()
    expect(page.locator(".undo")).to_contain_text("You chose: Dissatisfied")
    page.locator(".undo a").tap()
    assert shown(page) == ["q-O"]
    page.locator('[id="O-5"]').tap()
    for item in SHORT[1:5]:
        page.locator(f'[id="{item}-4"]').tap()
        expect(page.locator(f'[id="q-{item}"]')).to_be_hidden()
    page.locator('[id="B5.0-na"]').tap()
    expect(page.locator("#q-about")).to_be_visible()
    page.locator(".primary").tap()
    expect(page.locator("h1")).to_contain_text("Thank you")
    assert answers(database) == [[5, 4, 4, 4, 4, surveys.NOT_APPLICABLE]]


def test_a_second_tap_in_the_moment_after_answers_nothing_and_passes_over_nothing(opens):
    page = opens("about:blank", size="kiosk", has_touch=True)
    page.clock.install(time=0)
    page.goto("/k/to-hieu-1/en#q-O")
    page.clock.pause_at(3600)  # from here only the test moves the clock, however slow the machine is
    face, go_on = page.locator('[id="O-2"] + .card').bounding_box(), page.locator("#q-O .next").bounding_box()

    def taps(box: dict[str, float]) -> None:
        page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    taps(face)
    page.clock.run_for(460)
    expect(page.locator('[id="q-B1.0"]')).to_be_visible()
    page.clock.run_for(400)
    taps(face)
    taps(go_on)
    assert shown(page) == ["q-B1.0"]
    assert page.locator('[id="q-B1.0"] :checked').count() == 0
    page.clock.run_for(200)
    taps(face)
    assert page.locator('[id="q-B1.0"] :checked').count() == 1


def test_the_service_is_asked_for_where_it_stands_and_not_at_the_end(opens):
    page = opens("/k/to-hieu-1/en")
    go_on = page.locator('[id="q-service"] .next')
    go_on.click()
    said = page.locator('[id="q-service"] [role=alert]')
    expect(said).to_have_text("Please choose what you came here for.")
    expect(page.locator('[id="service-1"]')).to_be_focused()
    assert shown(page) == ["q-service"]
    page.locator('[id="service-1"]').check(force=True)
    expect(said).to_have_count(0)
    go_on.click()
    assert shown(page) == ["q-O"]


def test_arrow_keys_do_not_go_on_by_themselves(opens):
    page = opens("/k/to-hieu-1/en#q-O")
    page.locator('[id="O-1"]').focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.wait_for_timeout(700)
    assert shown(page) == ["q-O"]


def test_every_kind_of_question_can_be_answered_without_scripts(opens, database):
    page = opens("/k/chieng-an-1/vi", size="phone", scripts=False)
    said = {"service": [1], "O": [5], "gave": [2], "heard": [3], "how": [2], "better": [1, 3], "trips": [4]}
    for item, numbers in said.items():
        page.goto(f"/k/chieng-an-1/vi#q-{item}")
        for number in numbers:
            chooses(page, item, number)
    page.goto("/k/chieng-an-1/vi#q-about")
    page.locator("textarea").fill("Cần thêm ghế")
    presses(page, ".primary")
    expect(page.locator("h1")).to_contain_text("Cảm ơn")
    assert answers(database) == [[5, 0, 0, 0, 2, 3, 2, 1 + 0b101, 4]]


@pytest.mark.parametrize("scripts", [True, False])
def test_back_after_the_thanks_shows_no_answers_even_from_the_browsers_own_memory(
    browser_type: BrowserType, whole, server, scripts
):
    browser: Browser = browser_type.launch(**whole, ignore_default_args=["--disable-back-forward-cache"])
    page = browser.new_context(java_script_enabled=scripts, base_url=server).new_page()
    page.goto("/k/to-hieu-1/en")
    chooses(page, "service", 1)
    page.goto("/k/to-hieu-1/en#q-O")
    chooses(page, "O", 4)
    page.goto("/k/to-hieu-1/en#q-about")
    presses(page, ".primary")
    expect(page.locator("h1")).to_contain_text("Thank you")
    page.wait_for_timeout(2_300)  # the cookie is gone; the browser has evicted the page
    for _ in range(3):
        page.go_back(wait_until="commit")
        page.wait_for_timeout(300)
        assert page.locator("input:checked").count() == 0
    browser.close()


def test_whoever_walks_away_is_asked_and_then_forgotten(opens):
    page = opens("/k/to-hieu-1/en")
    page.clock.install()
    page.reload()
    chooses(page, "service", 1)
    page.clock.run_for(61_000)
    expect(page.locator(".idle")).to_be_visible()
    expect(page.locator(".idle button")).to_be_focused()
    page.locator(".idle button").click()
    expect(page.locator(".idle")).to_be_hidden()
    expect(page.locator("#service-1")).to_be_checked()
    page.clock.run_for(61_000)
    page.clock.run_for(21_000)
    expect(page).to_have_url(re.compile(r"/k/to-hieu-1$"))


def test_the_thanks_of_a_kiosk_return_to_the_start_and_those_of_a_phone_stay(opens):
    page = opens("/k/chieng-an-1/en/thanks", size="phone")
    assert page.locator("[data-returns]").count() == 0
    page = opens("/k/to-hieu-1/en/thanks")
    page.clock.install()
    page.reload()
    page.clock.run_for(16_500)
    expect(page).to_have_url(re.compile(r"/k/to-hieu-1$"))


def test_one_long_page_serves_browsers_that_cannot_show_one_item_at_a_time(opens, database):
    """The rules for paging are taken out of the style sheet, as an old browser would pass over them."""
    page = opens("about:blank", size="phone", scripts=False)

    def grows_old(route):
        reply = route.fetch()
        assert "@supports selector(:has(a))" in reply.text()
        old = reply.text().replace("selector(:has(a))", "selector(:unheard-of(a))")
        route.fulfill(body=old, content_type="text/html")  # without the policy, which would refuse another style

    page.route("**/k/to-hieu-1/vi", grows_old, times=1)
    page.goto("/k/to-hieu-1/vi")
    assert len(shown(page)) == 8
    chooses(page, "service", 1)
    chooses(page, "O", 5)
    presses(page, ".primary")
    expect(page.locator("h1")).to_contain_text("Cảm ơn")
    assert answers(database) == [[5, 0, 0, 0, 0, 0]]
