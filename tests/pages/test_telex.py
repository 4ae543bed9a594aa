"""The on-screen keyboard: what is typed by Telex becomes Vietnamese, at a kiosk and nowhere else."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.pages.walk import kiosks_of_each_kind

pytestmark = pytest.mark.browser

# `<` is the key that takes a letter away.
TYPED = {
    "camr own": "cảm ơn",
    "cams own": "cám ơn",
    "tieengs vieetj": "tiếng việt",
    "tiengse vietje": "tiếng việt",
    "ddaay": "đây",
    "dangd": "đang",
    "dduwowcj": "được",
    "dduocwj": "được",
    "nguwowif": "người",
    "nguoiwf": "người",
    "thuowng": "thương",
    "thuongw": "thương",
    "thuowr": "thuở",
    "huwowng": "hương",
    "muaw": "mưa",
    "nuwax": "nữa",
    "w": "ư",
    "cw": "cư",
    "tw": "tư",
    "quaaj": "quậ",
    "quawng": "quăng",
    "quows": "quớ",
    "quys": "quý",
    "hoaf": "hòa",
    "hoanf": "hoàn",
    "hoafn": "hoàn",
    "thuys": "thúy",
    "thuyeenf": "thuyền",
    "khoer": "khỏe",
    "ngoaif": "ngoài",
    "khuyur": "khuỷu",
    "gias": "giá",
    "giuwax": "giữa",
    "gif": "gì",
    "giaays": "giấy",
    "hoawcj": "hoặc",
    "bieenj phaps": "biện pháp",
    "chowf laau": "chờ lâu",
    "nhanh choongs": "nhanh chống",
    "thuw kys": "thư ký",
    "uwowcs": "ước",
    "yeeu": "yêu",
    "Ddaays": "Đấy",
    "DDAATS DDAI": "ĐẤT ĐAI",
    "OWN": "ƠN",
    "ass": "as",
    "aaa": "aa",
    "aww": "aw",
    "ddd": "dd",
    "tieengsz": "tiêng",
    "tieengsf": "tiềng",
    "hoanf<": "hòa",
    "camr<<": "c",
    "cam<<<<": "",
    "ghees, banf!": "ghế, bàn!",
    "2 giowf": "2 giờ",
    "khoeo": "khoeo",
}
RUN = """async (table) => {
    const { press, erase } = await import("/static/js/kiosk/telex.js");
    return table.map((typed) => [...typed].reduce((text, key) => key === "<" ? erase(text) : press(text, key), ""));
}"""


@pytest.fixture(autouse=True)
def kiosks(database, settings):
    kiosks_of_each_kind(database, settings)


def test_telex_composes_as_people_know_it(opens):
    got = opens("/k/to-hieu-1").evaluate(RUN, list(TYPED))
    assert dict(zip(TYPED, got, strict=True)) == TYPED


def types(page: Page, keys: str) -> None:
    for key in keys:
        page.locator(f'.keys button[data-key="{key}"]').click()


def comment_at(opens, point: str, **more) -> Page:
    page = opens(f"/k/{point}/vi#q-about", **more)
    page.locator("textarea").scroll_into_view_if_needed()
    return page


def test_at_a_kiosk_the_comment_is_typed_on_the_screen(opens, database):
    page = comment_at(opens, "to-hieu-1", has_touch=True)
    box = page.locator("textarea")
    expect(page.locator(".keys")).to_be_hidden()
    box.tap()
    expect(page.locator(".keys")).to_be_visible()
    types(page, "camr own")
    expect(box).to_have_value("Cảm ơn")  # a sentence begins with a capital by itself
    types(page, ".")
    types(page, " gh")
    page.get_by_role("button", name="ê", exact=True).click()
    page.get_by_role("button", name="sắc").click()
    expect(box).to_have_value("Cảm ơn. Ghế")
    page.get_by_role("button", name="Xóa").click()
    expect(box).to_have_value("Cảm ơn. Gh")
    page.get_by_role("button", name="Đóng bàn phím").click()
    expect(page.locator(".keys")).to_be_hidden()


def rests_on(page: Page, box, milliseconds: int) -> None:
    """A finger that stays on the glass for a while, as hesitant people's do."""
    place = box.bounding_box()
    spot = {"x": place["x"] + place["width"] / 2, "y": place["y"] + place["height"] / 2}
    fingers = page.context.new_cdp_session(page)
    fingers.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [spot]})
    page.wait_for_timeout(milliseconds)
    fingers.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


@pytest.mark.parametrize("size", ["kiosk", "desk"])
def test_a_finger_that_rests_on_the_box_types_no_letter_and_leaves_the_caret_there(opens, size):
    page = comment_at(opens, "to-hieu-1", size=size, has_touch=True)
    box = page.locator("textarea")
    rests_on(page, box, 150)
    expect(page.locator(".keys")).to_be_visible()
    expect(box).to_be_focused()
    expect(box).to_have_value("")


def test_keys_are_large_and_the_word_is_heard_by_whoever_works_with_a_switch(opens):
    page = comment_at(opens, "to-hieu-1")
    page.get_by_role("button", name="Mở bàn phím").press("Enter")
    for key in page.locator(".keys button").all():
        box = key.bounding_box()
        assert min(box["width"], box["height"]) >= 72, key.inner_text()
    page.locator('.keys button[data-key="a"]').focus()
    page.keyboard.press("Enter")
    page.locator('.keys button[data-key="s"]').focus()
    page.keyboard.press("Space")
    expect(page.locator(".keys [role=status]")).to_have_text("Á")
    expect(page.locator('.keys button[data-key="s"]')).to_be_focused()
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_it_writes_where_the_caret_is_and_never_more_than_fits(opens):
    page = comment_at(opens, "to-hieu-1")
    box = page.locator("textarea")
    box.fill("Ghế cũ")
    page.get_by_role("button", name="Mở bàn phím").click()
    box.evaluate("e => e.setSelectionRange(3, 3)")
    types(page, " raats")
    expect(box).to_have_value("Ghế rất cũ")
    box.fill("a" * int(box.get_attribute("maxlength")))
    before = box.input_value()
    types(page, "n")
    expect(box).to_have_value(before)


def test_another_language_brings_its_own_words_and_keeps_what_was_typed(opens):
    page = comment_at(opens, "to-hieu-1")
    page.get_by_role("button", name="Mở bàn phím").click()
    types(page, "toots")
    page.locator("[data-switch]").click()
    expect(page.get_by_role("button", name="Close the keyboard")).to_be_visible()
    expect(page.locator("textarea")).to_have_value("Tốt")


def test_a_persons_own_device_has_its_own_keyboard(opens, database):
    with database.writing() as session:
        from sipas.fieldwork.points import point

        point(session, "to-hieu-1").channel = "web"
    page = comment_at(opens, "to-hieu-1", size="phone", has_touch=True)
    page.locator("textarea").tap()
    expect(page.locator(".keys")).to_have_count(0)
    expect(page.locator("textarea")).not_to_have_attribute("inputmode", "none")
