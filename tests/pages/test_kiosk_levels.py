"""Nobody misses the satisfied levels: on a phone all five are in view at once, and they always stand in one place."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from sipas import clock
from tests.make import a_point, a_wave
from tests.pages.walk import opens_every_gate

pytestmark = pytest.mark.browser

FACE, APART = 44, 8  # CSS pixels on a phone; a kiosk has 72 and 12 (`test_kiosk_touch.py`)
# Of each question with faces: where the first begins and the last ends, the lowest face, the narrowest gap.
LEVELS = """() => [...document.querySelectorAll("section")].filter((one) => one.querySelector(".face")).map((one) => {
    location.hash = one.id;
    scrollTo(0, 0);
    const faces = [...one.querySelectorAll(".face")].map((face) => face.getBoundingClientRect());
    const gaps = faces.slice(1).map((face, n) => Math.max(face.top - faces[n].bottom, face.left - faces[n].right));
    return {id: one.id, top: Math.round(faces[0].top), bottom: Math.max(...faces.map((face) => face.bottom)),
            height: Math.min(...faces.map((face) => face.height)), gap: Math.min(...gaps), count: faces.length};
})"""


@pytest.fixture(autouse=True)
def points(database, settings):
    """All questions of a real survey, and of a simulated one, whose banner takes room."""
    a_point(database, "to-hieu-1", "03646", channel="web")
    a_point(database, "chieng-an-1", "03664", channel="web")
    a_point(database, "chieng-coi-1", "03670", form="short")
    a_point(database, "moc-son-1", "03670", channel="web")
    a_wave(database, settings, "facts", "onestop-2018", opens_on=clock.today(), at=["moc-son-1"])
    a_wave(database, settings, "real", opens_on=clock.today(), at=["to-hieu-1", "chieng-coi-1"])
    a_wave(database, settings, "simulated", opens_on=clock.today(), at=["chieng-an-1"], simulated=True)


def levels(page: Page, point: str, language: str, look: str) -> list[dict]:
    page.goto("about:blank")
    page.goto(f"/k/{point}/{language}{look and '?look='}{look}")
    opens_every_gate(page)
    found = page.evaluate(LEVELS)
    assert len(found) == 17, page.url  # each item of the full form that is rated
    return found


@pytest.mark.parametrize(
    ("width", "height", "look"),
    [
        (320, 560, ""),
        (360, 640, "large"),
        pytest.param(390, 664, "", marks=pytest.mark.long),
        pytest.param(1080, 1920, "large", marks=pytest.mark.long),
        pytest.param(1440, 900, "", marks=pytest.mark.long),
    ],
)
def test_all_five_levels_are_in_view_at_once_and_always_in_one_place(opens, width, height, look):
    page = opens("about:blank", size="phone")
    page.set_viewport_size({"width": width, "height": height})
    for point in ("to-hieu-1", "chieng-an-1"):
        for language in ("vi", "en"):
            found = levels(page, point, language, look)
            assert [one["id"] for one in found if one["bottom"] > height or one["count"] != 5] == []
            assert len({one["top"] for one in found}) == 1, (point, language)
            assert min(one["height"] for one in found) >= FACE - 0.5
            assert min(one["gap"] for one in found) >= APART - 0.5


# The same of a question whose levels have no faces.
PLAIN = """(id) => {
    location.hash = id;
    scrollTo(0, 0);
    const all = [...document.querySelectorAll("section:target .row .option")].map((one) => one.getBoundingClientRect());
    return {count: all.length, top: all[0].top, bottom: Math.max(...all.map((one) => one.bottom)),
            height: Math.min(...all.map((one) => one.height)),
            gap: Math.min(...all.slice(1).map((one, n) => one.top - all[n].bottom)),
            ways: Math.max(...[...document.querySelectorAll("section:target .ways > *")]
                .map((one) => one.getBoundingClientRect().right)), right: all[0].right};
}"""


@pytest.mark.parametrize(("width", "height", "look"), [(320, 560, ""), (360, 640, "large"), (1080, 1920, "large")])
def test_levels_without_faces_are_in_view_at_once_and_as_large_as_elsewhere(opens, width, height, look):
    page = opens("about:blank", size="phone")
    page.set_viewport_size({"width": width, "height": height})
    for language in ("vi", "en"):
        page.goto(f"/k/moc-son-1/{language}{look and '?look='}{look}")
        for item in ("I1", "I3", "I4"):
            found = page.evaluate(PLAIN, f"q-{item}")
            assert found["count"] == 3, item
            assert 0 < found["top"] < found["bottom"] <= height, (item, language)
            assert found["height"] >= 72 - 0.5
            assert found["gap"] >= 12 - 0.5
            assert found["ways"] <= found["right"] + 0.5  # no way on beyond the edge


def test_what_was_chosen_is_said_below_the_answers_which_stay_where_they_were(opens):
    page = opens("/k/to-hieu-1/en#q-O", size="phone", has_touch=True)
    before = page.locator("section:target .face").first.bounding_box()
    page.locator("section:target .face").nth(3).tap()
    expect(page.locator("section:target .undo")).to_contain_text("You chose: Satisfied")
    expect(page.locator("section:target")).not_to_have_id("q-O")
    assert page.locator("section:target .face").first.bounding_box()["y"] == before["y"]
    under = page.locator("section:target .undo").bounding_box()
    assert under["y"] > page.locator("section:target .face").last.bounding_box()["y"]


# For each face in view: its words, how many lines they take, and how far they are from the nearer side of their box.
ROOM = """() => [...document.querySelectorAll("section:target .face")].map((face) => {
    const word = document.createRange();
    word.selectNodeContents(face.querySelector(".word"));
    const [said, box] = [word.getBoundingClientRect(), face.querySelector(".card").getBoundingClientRect()];
    const lines = new Set([...word.getClientRects()].map((line) => Math.round(line.top))).size;
    return [word.toString().trim(), lines, Math.min(said.left - box.left, box.right - said.right)];
})"""


@pytest.mark.parametrize(("language", "longest", "lines"), [("vi", "Bình thường", 1), ("en", "Very satisfied", 2)])
def test_the_words_of_a_level_do_not_touch_the_edge_of_their_box(opens, language, longest, lines):
    page = opens(f"/k/to-hieu-1/{language}#q-O", has_touch=True)
    page.evaluate("document.fonts.ready")
    for chosen in (None, 2, 4):
        if chosen is not None:
            page.locator(f"section:target input[type=radio] >> nth={chosen}").check(force=True)
            page.evaluate("location.hash = '#q-O'")
        found = page.evaluate(ROOM)
        assert len(found) == 5
        assert min(room for _, _, room in found) >= 8, found
        assert {said: count for said, count, _ in found}[longest] == lines


@pytest.mark.parametrize("language", ["vi", "en"])
def test_large_letters_leave_the_way_in_and_an_open_keyboard_the_way_out_in_view(opens, language):
    page = opens("/k/chieng-coi-1?look=large")
    for way in page.locator(".start").all():
        expect(way).to_be_in_viewport(ratio=1)
    for look in ("", "?look=large"):
        page.goto("about:blank")
        page.goto(f"/k/chieng-coi-1/{language}{look}#q-about")
        page.locator("textarea").click()
        expect(page.locator(".keys")).to_be_visible()
        expect(page.locator(".primary")).to_be_in_viewport(ratio=1)
        last, way = page.locator(".keys .space").bounding_box(), page.locator(".primary").bounding_box()
        assert last["y"] + last["height"] <= way["y"]
