"""The desk in a real browser, without scripts."""

from __future__ import annotations

import datetime as dt

import pytest
from playwright.sync_api import expect

from tests.make import a_point, a_wave
from tests.officers import PASSWORD, an_account, code
from tests.pages.conftest import SIZES

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def desk(database, settings):
    """A wave at two points, and a coordinator."""
    a_point(database, "to-hieu-1", "03646", form="short")
    a_point(database, "chieng-an-1", "03664", form="full", channel="web")
    a_wave(database, settings, "2026-1", "service-2024", opens_on=dt.date(2026, 1, 1), simulated=True)
    an_account(settings, "hoa", "coordinator", person="Lò Thị Hoa")


@pytest.mark.parametrize("size", SIZES)
def test_an_officer_signs_in_looks_at_a_wave_and_signs_out(opens, settings, size):
    page = opens("/desk?lang=en", size=size, scripts=False)
    page.get_by_label("Account").fill("hoa")
    page.get_by_label("Password").fill("not this one")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("Name or password is not right")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("The second factor")
    page.keyboard.type(code(settings, "hoa"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Waves and releases")
    page.locator(".card a").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Wave 2026-1")
    assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size][0]
    page.get_by_role("button", name="Sign out").click()
    page.goto("/desk/wave/2026-1?lang=en")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in to the desk")


def test_the_desks_cookie_goes_nowhere_else(opens, settings):
    page = opens("/desk/login?lang=en", scripts=False)
    page.get_by_label("Account").fill("hoa")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_label("The six digits").fill(code(settings, "hoa"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Waves and releases")
    seen = {one["name"]: (one["path"], one["sameSite"], one["httpOnly"]) for one in page.context.cookies()}
    assert seen == {"desk": ("/desk", "Strict", True), "desk-browser": ("/desk/login", "Strict", True)}
