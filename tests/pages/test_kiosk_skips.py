"""Skip logic at a screen: a question behind a gate is met by those whose answer opens it, with scripts and without."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

import surveys
from sipas import clock
from sipas.intake.models import Response
from tests.make import a_point, a_wave
from tests.pages.device import Screen
from tests.pages.test_kiosk import chooses, presses, shown, tabs_to

pytestmark = pytest.mark.browser

DEMO = surveys.load("demo")
GATE, GATED, AFTER = "gave", "heard", "about"  # on the short form the last step comes next
NO, YES = 1, 2


@pytest.fixture(autouse=True)
def kiosk(database, settings):
    a_point(database, "to-hieu-1", "03646", form="short")
    a_wave(database, settings, "w1", "demo", opens_on=clock.today())


def row(database) -> dict[str, int]:
    with database.reading() as session:
        (one,) = session.scalars(select(Response)).all()
    return dict(zip((item.code for item in DEMO.items), one.answers, strict=True))


def at_the_gate(page: Page) -> Page:
    """Chooses a service and passes over the questions before the gate."""
    chooses(page, "service", 1)
    presses(page, ".next")
    for item in ("O", "A2", "R1"):
        assert shown(page) == [f"q-{item}"]
        presses(page, ".next")
    assert shown(page) == [f"q-{GATE}"]
    return page


@pytest.mark.parametrize("scripts", [True, False])
@pytest.mark.parametrize(("said", "then"), [(NO, AFTER), (YES, GATED), (None, AFTER)])
def test_the_gate_leads_on_to_the_right_question_and_back(opens, scripts, said, then):
    page = at_the_gate(opens("/k/to-hieu-1/vi", scripts=scripts))
    if said:
        chooses(page, GATE, said)
    presses(page, ".next")
    assert shown(page) == [f"q-{then}"]
    presses(page, ".back")
    assert shown(page) == [f"q-{GATE}"]
    if then == GATED:
        presses(page, ".next")
        presses(page, ".next")
        assert shown(page) == [f"q-{AFTER}"]
        presses(page, ".back")
        assert shown(page) == [f"q-{GATED}"]


@pytest.mark.parametrize("scripts", [True, False])
def test_a_gate_that_is_closed_again_takes_the_answer_behind_it_along(opens, database, scripts):
    page = at_the_gate(opens("/k/to-hieu-1/vi", scripts=scripts))
    chooses(page, GATE, YES)
    presses(page, ".next")
    chooses(page, GATED, 5)
    presses(page, ".back")
    chooses(page, GATE, NO)
    presses(page, ".next")
    assert shown(page) == [f"q-{AFTER}"]
    presses(page, ".primary")
    expect(page.locator("h1")).to_contain_text("Cảm ơn")
    assert (row(database)[GATE], row(database)[GATED]) == (NO, surveys.NOT_ASKED)


@pytest.mark.parametrize("scripts", [True, False])
def test_an_answer_behind_an_open_gate_is_stored(opens, database, scripts):
    page = at_the_gate(opens("/k/to-hieu-1/en", scripts=scripts))
    chooses(page, GATE, YES)
    presses(page, ".next")
    chooses(page, GATED, 2)
    presses(page, ".next")
    presses(page, ".primary")
    expect(page.locator("h1")).to_contain_text("Thank you")
    assert (row(database)[GATE], row(database)[GATED]) == (YES, 2)


def test_a_touch_goes_on_to_the_right_question_and_its_number(opens):
    page = at_the_gate(opens("/k/to-hieu-1/vi"))
    counts = page.locator("section:target .progress p")
    expect(counts).to_have_text(re.compile("5 / 6$"))
    page.locator(f'[id="{GATE}-{YES}"]').click()
    expect(page.locator(f"#q-{GATED}")).to_be_visible()
    expect(counts).to_have_text(re.compile("6 / 7$"))
    expect(page.locator(f"#q-{GATED} .undo")).to_contain_text("Có")
    page.locator(f"#q-{GATED} .undo a").click()
    page.locator(f'[id="{GATE}-{NO}"]').click()
    expect(page.locator(f"#q-{AFTER}")).to_be_visible()
    expect(counts).to_have_text(re.compile("6 / 6$"))
    page.locator("[data-switch]").first.click()  # other words, the same way
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(counts).to_have_text(re.compile("6 / 6$"))
    expect(page.locator(f"#q-{GATED}")).to_have_attribute("hidden", "")


@pytest.mark.parametrize("scripts", [True, False])
def test_the_keyboard_reaches_no_question_behind_a_closed_gate(opens, scripts):
    page = at_the_gate(opens("/k/to-hieu-1/vi", scripts=scripts))
    tabs_to(page, f'[name="{GATE}"]')
    page.keyboard.press("Space")  # no
    tabs_to(page, ".next")
    assert page.locator(f"#q-{GATE} .next >> visible=true").count() == 1
    page.keyboard.press("Enter")
    expect(page.locator(f"#q-{AFTER}")).to_be_visible()


def test_who_comes_to_a_closed_question_all_the_same_reads_whom_it_is_for(opens):
    page = opens("/k/to-hieu-1/vi#q-heard", scripts=False)
    expect(page.locator(f"#q-{GATED} .only-if")).to_be_visible()
    expect(page.locator(f"#q-{GATED} fieldset")).to_be_hidden()
    presses(page, ".next")
    assert shown(page) == [f"q-{AFTER}"]


def test_with_scripts_the_way_back_of_the_browser_passes_over_a_closed_question(opens):
    page = at_the_gate(opens("/k/to-hieu-1/vi"))
    chooses(page, GATE, YES)
    presses(page, ".next")
    presses(page, ".back")
    chooses(page, GATE, NO)
    presses(page, ".next")
    page.go_back()  # the gate
    page.go_back()  # what was behind it
    expect(page.locator(f"#q-{GATED}")).to_be_hidden()
    expect(page.locator(f"#q-{AFTER}")).to_be_visible()


def test_a_browser_without_has_shows_one_long_page_that_says_whom_a_question_is_for(opens):
    page = opens("/k/to-hieu-1/vi", scripts=False)
    sheet = page.locator("style").nth(1).text_content()
    assert sheet.startswith(".other{display:none}@supports selector(:has(a)){")  # which such a browser passes over
    text = page.locator(f"#q-{GATED} .only-if").text_content()
    assert "“Có”" in text
    assert DEMO.item(GATE).text in text
    assert page.locator(f"#q-{GATE} .next").nth(1).get_attribute("class").endswith(" other")


def test_the_policy_of_the_page_names_its_rules_and_nothing_is_refused(opens):
    page = opens()
    refused = []
    page.on("console", lambda message: refused.append(message.text) if message.type == "error" else None)
    reply = page.goto("/k/to-hieu-1/vi")
    assert reply.header_value("content-security-policy").count("'sha256-") == 2
    assert refused == []
    assert page.goto("/k/to-hieu-1").header_value("content-security-policy").count("'sha256-") == 1


@pytest.mark.parametrize("said", [NO, YES])
def test_a_screen_without_its_server_seals_the_same(opens, database, said):
    screen = Screen(opens("/"), database).enrols()
    screen.opens()
    page = at_the_gate(screen.page)
    chooses(page, GATE, YES)
    presses(page, ".next")
    chooses(page, GATED, 3)
    presses(page, ".back")
    chooses(page, GATE, said)
    presses(page, ".next")
    if said == YES:
        presses(page, ".next")
    presses(page, ".primary")
    screen.is_thanked()
    assert screen.sends() == "done"
    assert row(database)[GATED] == (3 if said == YES else surveys.NOT_ASKED)
