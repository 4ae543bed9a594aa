"""An interview at a screen: what is answered alone is hidden before the screen is given back, scripts or not."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from sipas.intake.models import Response
from tests.interviews import an_interview
from tests.pages.device import Screen
from tests.pages.test_kiosk import chooses, presses, shown, tabs_to

pytestmark = pytest.mark.browser

HAND_OVER, GIVE_BACK, FIRST, SECOND, BEFORE, AFTER = "hand-over-1", "give-back-1", "q-A2", "q-R1", "q-O", "q-gave"
DONE = ".lock input"


@pytest.fixture(autouse=True)
def interview(request, database, settings):
    return None if "households" in request.fixturenames else an_interview(database, settings)


@pytest.fixture
def households(database, settings):
    """Where households are asked, the first question is answered alone: no service field stands before it."""
    return an_interview(database, settings, alone=("O",), number=1007, population="households", series="other")


def alone(database) -> list[tuple[int, int]]:
    """What is stored of both items, of each row."""
    with database.reading() as session:
        return [(row.answers[2], row.answers[3]) for row in session.scalars(select(Response))]


def is_at(page: Page, section: str) -> Page:
    expect(page.locator(f'[id="{section}"]')).to_be_visible()
    assert shown(page) == [section]
    return page


def handed_over(page: Page) -> Page:
    """The interviewer asks up to the hand-over, where the respondent begins."""
    chooses(page, "service", 1)
    presses(page, ".next")
    chooses(is_at(page, BEFORE), "O", 4)
    presses(page, ".next")
    assert page.locator(f"#{HAND_OVER} h2 >> visible=true").count() == 1
    presses(is_at(page, HAND_OVER), ".next")
    return is_at(page, FIRST)


def given_back(page: Page) -> Page:
    """The respondent answers both alone, and hides it."""
    chooses(handed_over(page), "A2", 1)
    presses(page, ".next")
    chooses(is_at(page, SECOND), "R1", 2)
    page.locator(DONE).check(force=True)
    return is_at(page, GIVE_BACK)


def sees_nothing_chosen(page: Page) -> None:
    """No answer that was given alone is to be seen, nor said on another screen."""
    assert page.locator("[name=A2]:checked, [name=R1]:checked").count() == 2, "they are there, to be sent"
    assert page.locator("[name=A2] >> visible=true").count() == 0
    assert page.locator("[name=R1] >> visible=true").count() == 0
    assert page.locator(".undo >> visible=true").count() == 0
    assert "checked" not in page.locator("main").aria_snapshot().replace("Contrast [checked]", "")


def sends(page: Page) -> None:
    presses(is_at(page, AFTER), ".next")
    presses(page, ".primary")
    expect(page.locator("h1")).to_contain_text("Cảm ơn")


@pytest.mark.parametrize("scripts", [True, False])
def test_what_was_answered_alone_is_hidden_and_stored(opens, database, scripts):
    page = given_back(opens("/k/to-hieu-1/vi", scripts=scripts))
    sees_nothing_chosen(page)
    presses(page, ".next")
    sends(page)
    assert alone(database) == [(1, 2)]


@pytest.mark.parametrize("scripts", [True, False])
def test_the_way_back_passes_over_what_was_answered_alone(opens, scripts):
    page = given_back(opens("/k/to-hieu-1/vi", scripts=scripts))
    presses(page, ".next")
    presses(is_at(page, AFTER), ".back")
    sees_nothing_chosen(is_at(page, HAND_OVER))
    presses(page, ".next")
    presses(is_at(page, AFTER), ".back")
    presses(is_at(page, HAND_OVER), ".back")
    presses(is_at(page, BEFORE), ".next")
    sees_nothing_chosen(is_at(page, HAND_OVER))


@pytest.mark.parametrize("scripts", [True, False])
def test_neither_the_browsers_own_way_back_nor_an_address_shows_it(opens, scripts):
    page = given_back(opens("/k/to-hieu-1/vi", scripts=scripts))
    presses(page, ".next")
    is_at(page, AFTER)
    passed = []
    for _ in range(2):
        page.go_back()
        sees_nothing_chosen(page)
        passed += shown(page)
    assert passed == [GIVE_BACK, GIVE_BACK]  # before it lay questions that were answered alone
    for section in (FIRST, SECOND):
        page.goto(f"/k/to-hieu-1/vi#{section}")
        sees_nothing_chosen(is_at(page, GIVE_BACK))


@pytest.mark.parametrize("scripts", [True, False])
def test_until_it_is_hidden_no_screen_says_that_it_is(opens, scripts):
    page = handed_over(opens("/k/to-hieu-1/vi", scripts=scripts))
    page.goto(f"/k/to-hieu-1/vi#{GIVE_BACK}")
    presses(is_at(page, HAND_OVER), ".next")
    is_at(page, FIRST)


@pytest.mark.parametrize("scripts", [True, False])
def test_alone_one_changes_ones_mind_until_it_is_hidden(opens, database, scripts):
    page = handed_over(opens("/k/to-hieu-1/vi", scripts=scripts))
    chooses(page, "A2", 1)
    presses(page, ".next")
    presses(is_at(page, SECOND), ".back")
    chooses(is_at(page, FIRST), "A2", 5)
    presses(page, ".next")
    page.locator(DONE).check(force=True)
    presses(is_at(page, GIVE_BACK), ".next")
    sends(page)
    assert alone(database) == [(5, 0)]


@pytest.mark.parametrize("scripts", [True, False])
def test_with_the_keyboard_alone(opens, scripts):
    page = handed_over(opens("/k/to-hieu-1/en", scripts=scripts))
    tabs_to(page, "[name=A2]")
    page.keyboard.press("Space")
    tabs_to(page, ".next")
    page.keyboard.press("Enter")
    is_at(page, SECOND)
    tabs_to(page, DONE)
    page.keyboard.press("Space")
    is_at(page, GIVE_BACK)
    tabs_to(page, ".next")
    page.keyboard.press("Enter")
    is_at(page, AFTER)


def test_a_touch_does_not_go_on_and_is_said_on_no_other_screen(opens):
    page = handed_over(opens("/k/to-hieu-1/vi"))
    page.locator("#A2-1").click()
    page.wait_for_timeout(900)
    presses(is_at(page, FIRST), ".next")
    page.locator("#R1-1").click()
    page.wait_for_timeout(900)
    is_at(page, SECOND)
    page.locator(DONE).click()
    sees_nothing_chosen(is_at(page, GIVE_BACK))
    expect(page).to_have_url(re.compile(f"#{GIVE_BACK}$"))


def test_another_language_shows_nothing_either(opens):
    page = given_back(opens("/k/to-hieu-1/vi"))
    page.locator("[data-switch]").first.click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator(f"#{GIVE_BACK} h2")).to_have_text("Your answers are hidden")
    sees_nothing_chosen(is_at(page, GIVE_BACK))


@pytest.mark.parametrize("scripts", [True, False])
def test_a_form_that_comes_back_from_the_server_stays_locked(opens, scripts):
    page = given_back(opens("/k/to-hieu-1/vi", scripts=scripts))
    page.goto("/k/to-hieu-1/vi#q-about")
    page.locator("textarea").evaluate("one => one.removeAttribute('maxlength')")
    page.locator("textarea").fill("x" * 3000)
    presses(page, ".primary")
    expect(page.locator("#errors")).to_be_visible()
    for section in (FIRST, SECOND):
        page.evaluate("there => { location.hash = there; }", section)
        sees_nothing_chosen(is_at(page, GIVE_BACK))


@pytest.mark.parametrize("language", ["vi", "en"])
def test_in_large_letters_on_the_smallest_screen_nothing_lies_beside_the_page(opens, language):
    page = opens(f"/k/to-hieu-1/{language}?look=large", size="phone")
    page.set_viewport_size({"width": 320, "height": 560})
    beside = "document.documentElement.scrollWidth - innerWidth"
    given_back(page)
    for section in (GIVE_BACK, HAND_OVER):
        page.evaluate("there => { location.hash = there; }", section)
        assert page.evaluate(beside) <= 0, section
    page.evaluate("document.querySelector('[data-questionnaire]').reset()")
    for section in (HAND_OVER, SECOND):
        page.evaluate("there => { location.hash = there; }", section)
        assert page.evaluate(beside) <= 0, section


def test_who_starts_again_finds_it_open_and_empty(opens):
    page = given_back(opens("/k/to-hieu-1/vi"))
    page.locator("[data-stop]").click()
    expect(page.locator(".start").first).to_be_visible()
    page.goto("/k/to-hieu-1/vi")
    handed_over(page)
    assert page.locator("[name=A2]:checked, [name=R1]:checked").count() == 0


def test_an_interview_is_asked_whether_it_goes_on_after_ten_minutes(opens):
    page = opens("/k/to-hieu-1")
    page.clock.install(time=0)
    page.goto("/k/to-hieu-1/en")
    page.clock.pause_at(300)  # from here only the test moves the clock, however slow the machine is
    page.locator("#service-1").check(force=True)
    page.clock.run_for(590_000)
    expect(page.locator(".idle")).to_be_hidden()
    page.clock.run_for(11_000)
    expect(page.locator(".idle")).to_be_visible()
    page.clock.run_for(21_000)
    expect(page).to_have_url(re.compile("/k/to-hieu-1$"))


def test_a_screen_without_its_server_seals_what_was_answered_alone(opens, database):
    screen = Screen(opens("/"), database).enrols()
    screen.opens("/vi")
    page = given_back(screen.page)
    presses(page, ".next")
    sends(page)
    screen.is_thanked()
    assert screen.sends() == "done"
    assert alone(database) == [(1, 2)]


def test_a_household_is_asked_without_the_line_from_the_hand_over_on(opens, database, households):
    screen = Screen(opens("/"), database).enrols()
    screen.opens("/vi")
    page = is_at(screen.page, HAND_OVER)
    assert page.locator(f"#{HAND_OVER} .open .back").get_attribute("href") == "/k/to-hieu-1"
    presses(page, ".next")
    chooses(is_at(page, BEFORE), "O", 1)
    page.locator(DONE).check(force=True)
    presses(is_at(page, GIVE_BACK), ".next")
    for section in (FIRST, SECOND, AFTER):
        presses(is_at(page, section), ".next")
    presses(page, ".primary")
    screen.is_thanked()
    assert screen.sends() == "done"
    with database.reading() as session:
        (row,) = session.scalars(select(Response)).all()
    assert (row.channel, row.answers[0]) == (8, 1)
