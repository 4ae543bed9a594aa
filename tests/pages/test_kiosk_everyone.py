"""For everyone: contrast, large letters, another language in the middle, a way out, no stranger's form."""

from __future__ import annotations

import re
from itertools import product

import pytest
from playwright.sync_api import Page, expect

from tests.pages.conftest import SIZES, each_once
from tests.pages.walk import kiosks_of_each_kind, walk

pytestmark = pytest.mark.browser

INK = "getComputedStyle(document.body).color"
CUT_OFF = "all => all.filter((e) => e.scrollWidth - e.clientWidth > 1).map((e) => e.innerText)"
LETTERS = "parseFloat(getComputedStyle(document.documentElement).fontSize)"


@pytest.fixture(autouse=True)
def kiosks(database, settings):
    kiosks_of_each_kind(database, settings)


def seen(page: Page) -> tuple[str, float]:
    return page.evaluate(INK), page.evaluate(LETTERS)


@pytest.mark.parametrize(
    ("size", "scripts"), each_once(("kiosk", True), ("phone", False), of=product(SIZES, (True, False)))
)
def test_contrast_and_large_letters_are_one_touch_away_and_stay_to_the_end(opens, size, scripts):
    page = opens("/k/to-hieu-1", size=size, scripts=scripts)
    ink, letters = seen(page)
    page.locator("[data-look=contrast]").click()
    expect(page).to_have_url(re.compile("look=contrast$"))
    page.locator("[data-look=large]").click()
    expect(page).to_have_url(re.compile("look=contrast-large$"))
    assert seen(page)[0] == "rgb(255, 255, 255)" != ink
    assert seen(page)[1] > 1.25 * letters
    wanted = seen(page)
    page.locator(".start[lang=vi]").click()
    expect(page.locator("#q-service")).to_be_visible()
    assert seen(page) == wanted
    page.locator("#service-1").press("Space")
    page.goto(page.url.split("#")[0] + "#q-O")
    page.locator('[id="O-5"]').press("Space")
    page.goto(page.url.split("#")[0] + "#q-about")
    page.locator(".primary").click()
    expect(page.locator("h1")).to_contain_text("Cảm ơn")
    assert seen(page) == wanted
    page.locator(".next").click()
    expect(page).to_have_url(re.compile("/k/to-hieu-1$"))
    assert seen(page) == (ink, letters)  # the next person finds the page as it always is


@pytest.mark.parametrize("scripts", [True, False])
def test_the_look_changes_in_the_middle_of_a_form_and_no_answer_is_lost(opens, scripts):
    page = opens("/k/to-hieu-1/vi", scripts=scripts)
    page.locator("#service-3").check(force=True)
    page.goto("/k/to-hieu-1/vi#q-O")
    before = seen(page)
    page.locator("#look-contrast").focus()
    page.keyboard.press("Space")
    assert seen(page)[0] != before[0]
    page.locator("#look-large").check(force=True)
    assert seen(page)[1] > before[1]
    expect(page.locator("#service-3")).to_be_checked()
    page.goto("/k/to-hieu-1/vi#q-about")
    page.locator(".primary").click()  # no question answered: the same page, with a summary, as it looked
    expect(page.locator(".summary")).to_be_visible()
    expect(page.locator("#look-contrast")).to_be_checked()
    page.locator("#look-contrast").uncheck(force=True)
    assert seen(page)[0] == before[0]


@pytest.mark.parametrize("size", SIZES)
def test_nothing_is_cut_off_in_large_letters(opens, size):
    page = opens("about:blank", size=size)
    looked = 0
    for name in walk(page, "en", "large"):
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, name
        words = page.locator(".word >> visible=true")
        looked += words.count()
        assert words.evaluate_all(CUT_OFF) == [], name
    assert looked > 20


def test_a_look_that_nobody_knows_changes_nothing(client):
    plain = client.get("/k/to-hieu-1").text
    assert client.get("/k/to-hieu-1?look=x%22onload&service=nothing&_external=1").text == plain


def test_motion_and_colours_of_the_system_are_respected(opens):
    page = opens("/k/to-hieu-1/vi#q-O", reduced_motion="reduce", forced_colors="active")
    assert page.evaluate("document.getAnimations().length") == 0
    page.locator('[id="O-4"]').check(force=True)
    width = "getComputedStyle(document.querySelector('[id=\"{}\"] + .card')).borderTopWidth"
    assert page.evaluate(width.format("O-4")) != page.evaluate(width.format("O-3"))


def test_another_language_in_the_middle_keeps_answers_where_scripts_run(opens):
    page = opens("/k/to-hieu-1/vi")
    loaded = []
    page.on("load", lambda _: loaded.append(1))
    page.locator("#service-3").check(force=True)
    page.goto("/k/to-hieu-1/vi#q-about")
    page.locator("textarea").fill("Cần thêm ghế")
    page.goto("/k/to-hieu-1/vi#q-O")
    page.locator('[id="O-4"]').focus()
    page.keyboard.press("Space")
    expect(page.locator("[data-switch] small")).to_be_hidden()
    page.locator("[data-switch]").click()
    expect(page.locator("#q-O .question")).to_have_text("This visit as a whole")
    assert page.url.endswith("/k/to-hieu-1/en#q-O")
    assert page.locator("html").get_attribute("lang") == "en"
    assert "ward" in page.title()
    for chosen in ("service-3", "O-4"):
        expect(page.locator(f'[id="{chosen}"]')).to_be_checked()
    assert page.locator("textarea").input_value() == "Cần thêm ghế"
    page.locator("[data-switch]").click()
    expect(page.locator("#q-O .question")).to_have_text("Lần làm thủ tục này nói chung")
    page.goto("/k/to-hieu-1/vi#q-about")
    page.locator(".primary").click()
    expect(page.locator("h1")).to_contain_text("Cảm ơn")
    page.wait_for_load_state()  # its heading can be seen a moment before
    assert len(loaded) == 1  # the thanks; until then it was one and the same document


def test_a_form_with_a_summary_changes_its_language_too(opens):
    page = opens("/k/to-hieu-1/vi#q-B1.2")
    page.locator('[id="B1.2-4"]').check(force=True)
    page.goto("/k/to-hieu-1/vi#q-about")
    page.locator(".primary").click()
    expect(page.locator(".summary")).to_be_visible()
    page.locator("[data-switch]").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator('[id="B1.2-4"]')).to_be_checked()
    expect(page.locator(".summary")).to_have_count(0)


def test_without_scripts_the_switch_says_beforehand_that_answers_start_anew(opens):
    page = opens("/k/to-hieu-1/vi", scripts=False)
    expect(page.locator("[data-switch]")).to_have_text("English (starts again)")


def test_where_the_other_language_cannot_be_had_the_switch_says_so_and_keeps_the_answers(opens):
    page = opens("/k/to-hieu-1/vi")
    page.locator("#service-3").check(force=True)
    page.route("**/k/to-hieu-1/en*", lambda route: route.abort())
    page.locator("[data-switch]").click()
    expect(page.locator("[data-switch] small")).to_be_visible()
    expect(page.locator("#service-3")).to_be_checked()


@pytest.mark.parametrize("scripts", [True, False])
def test_a_private_way_out_keeps_nothing_and_back_shows_nothing(opens, scripts):
    page = opens("/k/to-hieu-1/vi", scripts=scripts)
    page.locator("#service-3").check(force=True)
    page.locator(".stop").click()
    expect(page).to_have_url(re.compile("/k/to-hieu-1$"))
    page.go_back()
    assert page.locator("input:checked").count() == 0


def test_the_question_to_whoever_left_holds_the_focus_and_is_heard_twice(opens):
    page = opens("/k/to-hieu-1/en")
    page.clock.install()
    page.goto("/k/to-hieu-1/en#q-O")
    page.reload()
    page.locator('[id="O-2"]').focus()
    page.clock.run_for(60_500)
    expect(page.locator(".idle button")).to_be_focused()
    for _ in range(4):
        page.keyboard.press("Shift")  # a key alone is a sign of life
    expect(page.locator(".idle")).to_be_hidden()
    expect(page.locator('[id="O-2"]')).to_be_focused()
    heard = []
    page.expose_function("heard", lambda text: heard.append(text))
    page.evaluate(
        "new MutationObserver(([one]) => heard(one.target.textContent)).observe("
        "document.querySelector('.idle [role=status]'), {childList: true})"
    )
    page.clock.run_for(60_500)
    assert page.evaluate("document.querySelector('.idle').matches(':modal')")
    page.clock.run_for(21_000)
    expect(page).to_have_url(re.compile("/k/to-hieu-1$"))
    assert [text for text in heard if text] == ["seconds left: 10", "seconds left: 5"]


@pytest.mark.parametrize("path", ["/k/to-hieu-1/vi/privacy", "/k/to-hieu-1?look=large"])
def test_a_page_that_nobody_reads_goes_back_to_the_start_as_it_always_is(opens, path):
    page = opens(path)
    page.clock.install()
    page.reload()
    page.clock.run_for(61_000)
    page.clock.run_for(21_000)
    expect(page).to_have_url(re.compile("/k/to-hieu-1$"))


def test_after_a_step_the_tab_key_meets_that_steps_controls_in_the_order_of_the_eye(opens):
    page = opens("/k/to-hieu-1/vi")
    page.locator("#service-2").check(force=True)
    page.goto("/k/to-hieu-1/vi#q-O")
    met = []
    for _ in range(3):
        page.keyboard.press("Tab")
        met.append(page.locator(":focus").evaluate("e => [e.closest('section')?.id, e.className || 'answer']"))
    assert met == [["q-O", "answer"], ["q-O", "back"], ["q-O", "next skips"]]
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('section')") is None, "no step that is out of sight"
    tops = page.locator("#q-O :is(a, input, button):visible").evaluate_all(
        "all => all.map((e) => e.closest('label, a, button').getBoundingClientRect().top)"
    )
    assert tops == sorted(tops), "the order of the document is the order on the screen"


def test_with_the_colours_of_the_system_every_control_keeps_an_edge_and_the_focus_shows(opens):
    page = opens("/k/to-hieu-1/vi#q-O", forced_colors="active")
    edges = page.locator("#q-O :is(.card, .ways a):visible").evaluate_all(
        """all => all.map((e) => { const s = getComputedStyle(e);
            return [parseFloat(s.borderTopWidth), s.borderTopStyle, s.borderTopColor, s.backgroundColor]; })"""
    )
    assert len(edges) >= 7
    for width, style, edge, ground in edges:
        assert width >= 2, edges
        assert style == "solid", edges
        assert edge != ground, edges
    page.locator('[id="O-1"]').focus()
    page.keyboard.press("ArrowDown")
    ring = page.evaluate(
        """(() => { const s = getComputedStyle(document.activeElement.parentElement.querySelector(".card"));
            return [s.outlineStyle, parseFloat(s.outlineWidth), s.outlineColor, s.backgroundColor]; })()"""
    )
    assert ring[0] == "solid", ring
    assert ring[1] >= 3, ring
    assert ring[2] != ring[3], ring
