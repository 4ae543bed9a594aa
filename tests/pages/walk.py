"""Every kind of page and state of the kiosk, one after the other: for screens, for axe, for the accessibility trees."""

from __future__ import annotations

from collections.abc import Iterator

from playwright.sync_api import Page, expect

from sipas import clock
from sipas.config.settings import Settings
from sipas.fieldwork.devices import make_code
from sipas.storage.database import Database
from tests.make import a_point, a_wave


def kiosks_of_each_kind(database: Database, settings: Settings) -> None:
    """The short form at a kiosk, the demo with every kind of question, and levels of 2018 with faces and without."""
    a_point(database, "to-hieu-1", "03646", form="short")
    a_point(database, "chieng-an-1", "03664")
    a_point(database, "chieng-coi-1", "03670")
    for code, instrument in (("to-hieu-1", "service-2024"), ("chieng-an-1", "demo"), ("chieng-coi-1", "onestop-2018")):
        a_wave(database, settings, instrument, instrument, opens_on=clock.today(), at=[code])


def walk(page: Page, language: str, look: str = "") -> Iterator[str]:
    """One visit and a few looks aside; yields the name of each screen when it can be seen."""
    query = f"?look={look}" if look else ""
    page.goto(f"/k/to-hieu-1{query}")
    yield "start"
    page.locator(f".start[lang={language}]").click()
    page.wait_for_url(f"**/{language}*")  # and its scripts, which a click does not wait for
    yield "service"
    page.locator("#service-2").click()
    page.locator("#q-O").wait_for()
    yield "question"
    page.locator('[id="O-4"]').evaluate("one => { one.checked = true; }")  # a click would soon go on by itself
    yield "chosen"
    page.clock.install()
    _fresh(page, f"/k/to-hieu-1/{language}{query}#q-O")
    page.clock.run_for(63_000)
    expect(page.locator(".idle")).to_be_visible()
    yield "idle"
    page.locator(".idle button").click()
    _fresh(page, f"/k/to-hieu-1/{language}{query}#q-F")
    yield "F"
    page.locator('[id="F-2"]').click()  # yes, which opens the gate
    page.locator("#q-B5\\.2").wait_for()
    yield "B5.2"
    _fresh(page, f"/k/to-hieu-1/{language}{query}#q-about")
    yield "about"
    page.locator("textarea").click()
    expect(page.locator(".keys")).to_be_visible()
    yield "keyboard"
    page.locator(".primary").click()
    page.locator("#errors").wait_for()
    page.wait_for_load_state()
    yield "errors"
    for name in ("privacy", "thanks"):
        page.goto(f"/k/to-hieu-1/{language}/{name}{query}")
        yield name
        if name == "privacy":
            page.locator("summary").click()
            yield "privacy-whole"
    for item in ("gave", "how", "better", "trips"):
        _fresh(page, f"/k/chieng-an-1/{language}{query}#q-{item}")
        yield item
    _fresh(page, f"/k/chieng-coi-1/{language}{query}#q-S")
    yield "three-levels"
    _fresh(page, f"/k/chieng-coi-1/{language}{query}#q-I1")
    yield "no-faces"
    page.goto(f"/k/nowhere/{language}")
    yield "unknown-point"
    for name, path in (("code", "/q/"), ("code-slip", "/q/2345CFHJ678V"), ("code-unknown", "/q/2345CFHJ678L")):
        page.goto(f"{path}?lang={language}{look and '&look='}{look}")
        yield name


def device_walk(page: Page, database: Database, language: str, look: str = "") -> Iterator[str]:
    """What an installer and staff see of a screen: the code, the PIN, what it holds."""
    query = f"?look={look}" if look else ""
    with database.writing() as session:
        code = make_code(session, "to-hieu-1", clock.now())
    page.goto(f"/k/to-hieu-1/{language}/device{query}")
    page.locator("#code").fill("AAAA-AAAA")
    page.locator("#pin").fill("2468")
    page.locator("[data-enrol] .primary").click()
    expect(page.locator("[data-said]")).not_to_be_empty()
    yield "device-enrol"
    page.locator("#code").fill(code)
    page.locator("[data-enrol] .primary").click()
    expect(page.locator("[data-state]")).to_be_visible()
    page.goto(f"/k/to-hieu-1/{language}/device{query}")
    page.locator("#asked").fill("0000")
    page.locator("[data-pin] .primary").click()
    expect(page.locator("[data-said]")).not_to_be_empty()
    yield "device-pin"
    page.locator("#asked").fill("2468")
    page.locator("[data-pin] .primary").click()
    expect(page.locator("[data-state]")).to_be_visible()
    page.locator("[data-value=contact]").evaluate("said => { said.textContent = ''; }")  # filled in once all is sent
    page.locator("[data-send]").click()
    expect(page.locator("[data-value=contact]")).to_contain_text("20")
    expect(page.locator("[data-said]")).not_to_be_empty()
    yield "device-state"


def hide_what_differs(page: Page) -> None:
    """What each device and day has of its own, out of the page, so that the rest can be compared."""
    page.evaluate(
        """document.querySelectorAll("[data-value]").forEach((said) => {
            const own = ["contact", "persistent", "room", "software", "device"];
            if (own.includes(said.dataset.value)) said.textContent = "#";
        })"""
    )


def opens_every_gate(page: Page) -> None:
    """Answers, on the page that is open, whatever keeps a question from being asked."""
    page.evaluate(
        """document.querySelectorAll("section[data-asked-if]").forEach((section) => {
            for (const condition of section.dataset.askedIf.split(" ")) {
                const [name, answers] = condition.split("=");
                const opens = (one) => answers.split("|").includes(one.value);
                const wanted = [...document.getElementsByName(name)].find(opens);
                wanted.checked = true;
                wanted.dispatchEvent(new Event("change", { bubbles: true }));
            }
        })"""
    )


def _fresh(page: Page, path: str) -> None:
    """The page as nobody has touched it. By way of about:blank it would cost a process of the browser each time."""
    before = page.url.split("#")[0]
    page.goto(path)
    if page.url.split("#")[0] == before:  # the same document, at another place
        page.reload()
