"""The service field among many, found by typing or chosen before by a QR code; and a screen read aloud."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

import surveys
from sipas import clock
from sipas.intake.models import Response
from sipas.registry.models import Service
from sipas.web import assets
from tests.make import a_point, a_wave

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def points(database, settings):
    a_point(database, "to-hieu-1", "03646", form="short")
    a_point(database, "to-hieu-2", "03646", form="short", channel="web")
    a_wave(database, settings, "w1", "service-2024", version=1, opens_on=clock.today())


def responses(database) -> list[Response]:
    with database.reading() as session:
        return list(session.scalars(select(Response)))


def shown(page: Page) -> list[str]:
    """The names of the services that can be seen."""
    return [one.split("\n")[0] for one in page.locator("#q-service .option:visible").all_inner_texts()]


@pytest.mark.parametrize(
    ("typed", "left"),
    [
        ("ho tich", ["Hộ tịch"]),
        ("HỘ TỊCH", ["Hộ tịch"]),
        ("dat", ["Đất đai"]),
        ("thong giao", ["Giao thông vận tải"]),
        ("xã hội", ["Bảo trợ xã hội"]),
        ("khai sinh", ["Hộ tịch"]),
        ("so do", ["Đất đai"]),
        ("bang lai", ["Giao thông vận tải"]),
    ],
)
def test_services_are_found_without_marks_and_capitals(opens, typed, left):
    page = opens("/k/to-hieu-2/vi", size="phone")
    assert len(shown(page)) == 12
    page.get_by_label("Tìm theo tên").fill(typed)
    assert shown(page) == left
    expect(page.locator(".find [role=status]")).to_have_text("Đang hiện: 1 / 12")


def test_what_is_chosen_stays_in_sight_and_where_nothing_fits_all_are_shown(opens):
    page = opens("/k/to-hieu-2/en", size="phone")
    page.locator("#service-2").focus()
    page.keyboard.press("Space")
    page.get_by_label("Find by name").fill("land")
    assert shown(page) == ["Certification", "Land"]
    page.get_by_label("Find by name").fill("zzz")
    assert len(shown(page)) == 12
    expect(page.locator(".find [role=status]")).to_have_text("Nothing was found. Please choose one of those below.")


def test_what_is_typed_to_find_is_never_sent_and_enter_sends_nothing(opens, database):
    page = opens("/k/to-hieu-2/en", size="phone")
    page.get_by_label("Find by name").fill("land")
    page.get_by_label("Find by name").press("Enter")
    assert page.url.endswith("/k/to-hieu-2/en")
    assert responses(database) == []
    page.locator("#q-service .option:visible").click()
    page.locator("#q-O").wait_for()
    page.locator('[id="O-4"]').check()
    page.goto(page.url.split("#")[0] + "#q-about")
    with page.expect_request(lambda request: request.method == "POST") as posted:
        page.locator(".primary").click()
    assert "land" not in posted.value.post_data
    assert len(responses(database)) == 1


def test_another_language_narrows_by_its_own_names(opens):
    page = opens("/k/to-hieu-2/vi", size="phone")
    page.get_by_label("Tìm theo tên").fill("dat")
    page.locator("[data-switch]").click()
    expect(page.get_by_label("Find by name")).to_be_visible()
    assert len(shown(page)) == 12
    page.get_by_label("Find by name").fill("lab merit")
    assert shown(page) == ["Labour and people with merit"]


def test_at_a_kiosk_the_name_is_typed_on_the_screen(opens):
    page = opens("/k/to-hieu-1/vi?look=large")
    page.get_by_label("Tìm theo tên").click()
    keys = page.locator("#q-service .keys")
    for key in "dat":
        keys.locator(f"[data-key={key}]").click()
    assert shown(page) == ["Đất đai"]


def test_where_all_services_are_in_view_there_is_no_field_to_find_them(opens):
    for language in ("en", "vi"):
        page = opens(f"/k/to-hieu-1/{language}")
        expect(page.locator("#q-service .option").last).to_be_in_viewport(ratio=1)
        expect(page.locator(".find input")).to_be_hidden()
        for way in page.locator("#q-service .ways > *").all():  # and the ways on are not pushed out of it
            expect(way).to_be_in_viewport(ratio=1)
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.locator(".find input")).to_be_visible()


def test_what_people_say_stands_below_the_name_and_is_no_part_of_it(opens):
    page = opens("/k/to-hieu-2/vi", size="phone", has_touch=True)
    expect(page.locator("#q-service .option small").first).to_have_text("khai sinh, khai tử, kết hôn")
    page.locator("#q-service .option").first.tap()
    expect(page.locator("section:target .undo")).to_contain_text("Đã chọn: Hộ tịch Sửa lại")


def test_few_services_need_no_search_and_without_scripts_all_are_listed(opens, database, settings):
    page = opens("/k/to-hieu-2/vi", size="phone", scripts=False)
    assert len(shown(page)) == 12
    expect(page.locator(".find")).to_be_hidden()


@pytest.mark.parametrize("scripts", [True, False])
def test_a_qr_code_at_a_counter_chooses_the_service_field(opens, database, scripts):
    page = opens("/k/to-hieu-2?service=dat-dai", size="phone", scripts=scripts)
    page.locator(".start[lang=vi]").click()
    expect(page.locator("section:target")).to_have_id("q-O")
    page.locator('[id="O-4"]').check()
    page.goto(page.url.split("#")[0] + "#q-about")
    page.locator(".primary").click()
    page.wait_for_url("**/thanks**")
    (row,) = responses(database)
    with database.reading() as session:
        assert session.get(Service, row.field).code == "dat-dai"


STUB = """
  window.spoken = []; window.cancelled = 0;
  const voices = VOICES;
  window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
  const speech = { getVoices: () => voices, speak: (one) => spoken.push(one), cancel: () => { cancelled += 1; },
                   addEventListener: (name, deed) => { window.arrived = deed; } };
  Object.defineProperty(window, "speechSynthesis", { value: speech });
"""
LOCAL, REMOTE = '{lang: "vi-VN", localService: true}', '{lang: "vi-VN", localService: false}'


def listens(opens, voices: str, path: str = "/k/to-hieu-2/vi#q-O") -> Page:
    page = opens("about:blank", size="phone")
    page.add_init_script(STUB.replace("VOICES", f"[{voices}]"))
    page.goto(path)
    page.locator("section:target").wait_for()
    return page


def becomes(page: Page, expression: str) -> None:
    """Waits until it is true; `wait_for_function` asks again by `eval`, which the page's policy forbids."""
    for _ in range(80):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(100)
    raise AssertionError(expression)


def said(page: Page) -> list[str]:
    return page.evaluate("spoken.map(one => one.text)")


def test_a_screen_is_read_aloud_when_asked_and_never_by_itself(opens):
    page = listens(opens, LOCAL)
    button = page.locator("section:target .aloud")
    expect(button).to_have_text("Đọc to")
    assert said(page) == []
    button.click()
    item = surveys.load("service-2024", 1).item("O")
    assert said(page) == [item.scale.lead, item.text, *item.scale.levels]
    assert page.evaluate("spoken.every(one => one.lang === 'vi' && one.voice.lang === 'vi-VN')")
    expect(button).to_have_text("Ngừng đọc")
    page.evaluate("spoken.at(-1).onend()")
    expect(button).to_have_text("Đọc to")


@pytest.mark.parametrize("leaves", ["button", "next", "language"])
def test_reading_ends_when_the_screen_is_left(opens, leaves):
    page = listens(opens, LOCAL)
    page.locator("section:target .aloud").click()
    before = page.evaluate("cancelled")
    {
        "button": page.locator("section:target .aloud"),
        "next": page.locator("section:target .next"),
        "language": page.locator("[data-switch]"),
    }[leaves].click()
    becomes(page, f"cancelled > {before}")
    expect(page.locator("#q-O .aloud span")).to_have_text("Read aloud" if leaves == "language" else "Đọc to")


@pytest.mark.parametrize("voices", ["", REMOTE, '{lang: "en-GB", localService: true}'])
def test_without_a_voice_of_the_language_on_the_device_there_is_no_button(opens, voices):
    page = listens(opens, voices)
    expect(page.locator("section:target .aloud")).to_be_hidden()


def test_a_voice_that_arrives_late_brings_the_button(opens):
    page = listens(opens, "")
    page.evaluate(f"speechSynthesis.getVoices().push({LOCAL}); arrived()")
    expect(page.locator("section:target .aloud")).to_be_visible()


def recorded(settings, monkeypatch):
    """The opening item with a recording in Vietnamese, as an instrument file would name it."""
    from dataclasses import replace

    plain = surveys.load("service-2024", 1)
    (opening,) = plain.opening
    made = replace(plain, opening=(replace(opening, audio=(("vi", "O.vi.mp3"),)),))
    name = "audio/O.vi.mp3"
    monkeypatch.setitem(assets.assets(), name, assets.Asset(name, b"ID3 no sound", "0123456789", ()))
    assets.by_path.cache_clear()
    monkeypatch.setattr(surveys, "load", lambda *_: made)


def test_a_recording_is_played_and_the_voice_reads_where_it_cannot_be_had(opens, settings, monkeypatch):
    from sipas.kiosk import forms, pages

    for cached in (forms._form_for, pages._prepared):
        cached.cache_clear()
    recorded(settings, monkeypatch)
    try:
        page = listens(opens, LOCAL)
        with page.expect_request("**/static/audio/O.vi.0123456789.mp3"):
            page.locator("section:target .aloud").click()
        becomes(page, "spoken.length > 0")  # these bytes are no sound
        page = listens(opens, "")
        expect(page.locator("section:target .aloud")).to_be_visible()
        page = listens(opens, "", "/k/to-hieu-2/vi#q-B1.0")
        expect(page.locator("section:target .aloud")).to_be_hidden()
    finally:
        for cached in (forms._form_for, pages._prepared, assets.by_path):
            cached.cache_clear()
