"""A citizen's own phone in a real browser: the code typed, the questionnaire answered, its relative links followed."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

import surveys
from sipas import clock
from sipas.intake.models import Response
from tests.make import a_point, a_wave, some_codes
from tests.pages.test_kiosk import chooses, presses

pytestmark = pytest.mark.browser

SAID = {"O": 4, "B1.2": 4, "B2.2": 4, "B3.2": 4, "B4.1": 4, "F": 1}  # the short form of one who gave no feedback


@pytest.fixture
def code(database, settings):
    a_point(database, "to-hieu-phone", "03646", form="short", channel="phone")
    a_wave(database, settings, opens_on=clock.today())
    return some_codes(database, settings)[0]


@pytest.mark.parametrize("scripts", [True, False])
def test_from_the_typed_code_to_the_thanks(opens, database, code, scripts):
    page = opens("/q/", size="phone", scripts=scripts)
    expect(page.locator("#code")).to_be_focused()
    page.keyboard.type(f" {code[:4].lower()} {code[4:].lower()}")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/q/{code}$"))
    page.locator(".start[lang=vi]").click()
    expect(page).to_have_url(re.compile(f"/q/{code}/vi$"))
    chooses(page, "service", 1)
    for item, number in SAID.items():
        page.goto(f"/q/{code}/vi#q-{item}")
        chooses(page, item, number)
    page.goto(f"/q/{code}/vi#q-about")
    presses(page, ".primary")
    expect(page.locator("h1")).to_contain_text("Cảm ơn")
    expect(page.get_by_text("Mã của Ông/Bà đã được dùng.")).to_be_visible()
    expect(page.locator("main a")).to_have_count(0)  # a second form would be answered for nothing
    with database.reading() as session:
        (row,) = session.scalars(select(Response)).all()
    stored = dict(zip((item.code for item in surveys.load("service-2024").items), row.answers, strict=True))
    assert row.channel == 2
    assert {item: byte for item, byte in stored.items() if byte != surveys.NOT_ASKED} == SAID


def test_its_ways_lead_back_and_to_the_other_language(opens, code):
    page = opens(f"/q/{code}/vi", size="phone")
    page.locator(".switch a[lang=en]").click()
    expect(page).to_have_url(re.compile(f"/q/{code}/en"))
    page.locator(".stop").first.click()
    expect(page).to_have_url(re.compile(f"/q/{code}/$"))
    page.locator(".start[lang=en]").click()
    expect(page).to_have_url(re.compile(f"/q/{code}/en"))


def test_what_is_missing_is_shown_with_every_answer_kept(opens, code):
    page = opens(f"/q/{code}/en", size="phone", scripts=False)
    page.goto(f"/q/{code}/en#q-O")
    chooses(page, "O", 3)
    page.goto(f"/q/{code}/en#q-about")
    presses(page, ".primary")
    expect(page.locator(".summary")).to_be_visible()
    expect(page.locator('[id="O-3"]')).to_be_checked()


def test_where_a_code_was_refused_larger_letters_are_still_a_touch_away(opens, code):
    page = opens("/q/?lang=en", size="phone")
    page.locator("#code").fill("nonsense")
    page.keyboard.press("Enter")
    expect(page.locator("#code")).to_have_attribute("aria-invalid", "true")
    page.locator("[data-look=large]").click()
    expect(page.locator("html.large #code")).to_be_visible()


def test_a_slip_is_read_out_at_the_field(opens, code):
    slipped = code[:2] + ("3" if code[2] != "3" else "8") + code[3:]
    page = opens(f"/q/{slipped}?lang=en", size="phone")
    field = page.locator("#code")
    expect(field).to_be_focused()
    expect(field).to_have_value(slipped)
    expect(field).to_have_accessible_description(re.compile("One character of this code"))
