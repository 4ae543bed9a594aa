"""What is left of a visit on the disk of a screen, to whoever takes it away."""

from __future__ import annotations

import re

import pytest

from tests.pages.device import Screen, stored

pytestmark = pytest.mark.browser


def test_the_raw_store_of_a_stolen_screen_shows_no_answer(machine, database):
    screen = Screen(machine.starts(), database).enrols()
    for level in (1, 5):
        screen.opens().answers(level, "Cán bộ quầy Xuynglam chậm").is_thanked()
    machine.is_killed()
    assert machine.finds("sipas-to-hieu-1")  # the store is there to be read
    for text in ("Xuynglam", '"fields":{', '"week":"20', '"service":"', "form=short", "comment="):
        assert machine.finds(text) == [], text


@pytest.mark.parametrize("end", ["finished", "abandoned", "killed"])
def test_nothing_that_was_typed_or_chosen_is_left_in_the_profile_of_an_enrolled_screen(machine, database, end):
    screen = Screen(machine.starts(), database).enrols().opens()
    page = screen.page
    page.locator("#service-1").check(force=True)
    page.goto(f"{page.url}#q-O")
    page.locator("#O-2").check(force=True)
    page.goto(f"{page.url.split('#')[0]}#q-about")
    page.locator("textarea").press_sequentially("Chờ bốn mươi bảy phút")
    if end == "finished":
        page.locator(".primary >> visible=true").click()
        screen.is_thanked()
        page.wait_for_timeout(500)
        machine.ends()
    elif end == "abandoned":
        page.goto("/k/to-hieu-1")
        page.wait_for_timeout(500)
        machine.ends()
    else:
        page.wait_for_timeout(1500)  # time enough to write a session down
        machine.is_killed()
    assert machine.finds("bốn mươi bảy", "O=2", "service=ho-tich", '"O":"2"') == []


def test_back_after_the_thanks_of_an_enrolled_screen_shows_no_answers(machine, database, line):
    screen = Screen(machine.starts(), database).enrols().opens()
    line.cut()  # no reply can set a cookie
    screen.answers(4, "Tốt").is_thanked()
    for _ in range(3):
        screen.page.go_back(wait_until="commit")
        screen.page.wait_for_timeout(300)
        assert screen.page.locator("input:checked").count() == 0
        assert screen.page.locator("textarea").count() == 0 or screen.page.locator("textarea").input_value() == ""
    line.mend()


def test_the_signing_key_cannot_be_taken_off_the_device(opens, database):
    screen = Screen(opens("/"), database).enrols()
    taken = screen.page.evaluate(
        """async ([names, point]) => {
            const { open, get } = await import(names[0]);
            const { keys } = await get(await open(point), "device");
            const formats = ["jwk", "pkcs8"];
            const tried = formats.map((one) => crypto.subtle.exportKey(one, keys.privateKey).then(() => one, () => ""));
            return (await Promise.all(tried)).join("");
        }""",
        screen.call(""),
    )
    assert taken == ""


@pytest.mark.parametrize(
    "end",
    [
        "finished",
        "abandoned",
        "killed",
        *(pytest.param(end, marks=pytest.mark.long) for end in ("walked away", "killed after the thanks")),
    ],
)
@pytest.mark.parametrize("path", ["/k/to-hieu-1/en", pytest.param("/q/to-hieu-1/en", marks=pytest.mark.long)])
def test_a_browser_that_posts_by_itself_keeps_nothing_of_a_visit_in_its_profile(machine, database, path, end):
    """With Chromium's own page memory on, and not enrolled; a session is written down within a second or two."""
    page = machine.starts(path).context.pages[0]
    page.locator("#service-1").check(force=True)
    page.goto(f"{path}#q-O")
    page.locator("#O-2").check(force=True)
    page.goto(f"{path}#q-about")
    page.locator("textarea").press_sequentially("Chờ bốn mươi bảy phút")
    page.wait_for_timeout(2000)
    if end in ("finished", "killed after the thanks"):
        page.locator(".primary >> visible=true").click()
        Screen(page, database).is_thanked()
    elif end == "abandoned":
        page.locator(".stop >> visible=true").first.click()
        page.wait_for_url(re.compile("/to-hieu-1/?$"))
    elif end == "walked away":
        page.goto(path.rsplit("/", 1)[0])  # as the idle reset leads it
    page.wait_for_timeout(2000)
    machine.is_killed() if end.startswith("killed") else machine.ends()
    assert machine.finds("to-hieu-1")  # it does find what is there
    assert machine.finds("bốn mươi bảy", "service=ho-tich", "O=2") == []
    assert len(stored(database)) == (end in ("finished", "killed after the thanks"))
