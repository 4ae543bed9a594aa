"""An enrolled screen: it seals, waits, sends once, and works without the server."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import Error, expect

from sipas import clock
from sipas.fieldwork.devices import devices, missing_messages
from sipas.fieldwork.waves import close_wave, wave_of
from sipas.intake.models import StoredComment
from sipas.kiosk import batch_receiver
from sipas.registry.models import Service
from tests.make import a_wave
from tests.pages.device import CALL, Screen, stored, wait_until

pytestmark = pytest.mark.browser


def versions(screen: Screen) -> list[str]:
    """The versions of the point's pages that are on the device."""
    for _ in range(5):
        try:
            return screen.page.evaluate("caches.keys()")
        except Error:  # the page was just starting anew
            screen.page.wait_for_load_state()
    return []


def device(database):
    with database.reading() as session:
        return devices(session)[-1].device


def test_a_visit_is_sealed_kept_and_sent_later(opens, database):
    screen = Screen(opens("/"), database).enrols()
    posts = []
    screen.page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
    screen.opens().answers(5, "Rất tốt").is_thanked()
    assert len(screen.holds()) == 2
    assert stored(database) == []
    assert screen.sends() == "done"
    assert screen.holds() == []
    (row,), (comment,) = stored(database), stored(database, StoredComment)
    assert row.answers[0] == 5
    assert comment.text == "Rất tốt"
    assert all(url.endswith("/sealed") for url in posts)
    assert len(posts) >= 2  # the answer and its comment travel apart


def test_what_the_thanks_wait_for_is_asked_to_reach_the_disk(opens, database):
    page = opens("/")
    page.add_init_script("""
      const plain = IDBDatabase.prototype.transaction;
      IDBDatabase.prototype.transaction = function (stores, mode, options) {
        const made = plain.call(this, stores, mode, options);
        if (mode === "readwrite") {
          const asked = JSON.parse(localStorage.asked ?? "[]");
          localStorage.asked = JSON.stringify([...asked, made.durability]);
        }
        return made;
      };
    """)
    screen = Screen(page, database).enrols()
    screen.opens()
    page.evaluate("localStorage.asked = '[]'")
    screen.answers(5).is_thanked()
    asked = page.evaluate("JSON.parse(localStorage.asked)")
    assert asked
    assert set(asked) == {"strict"}


def test_a_browser_that_was_not_enrolled_posts_by_itself(opens, database):
    page = opens("/k/to-hieu-1/en")
    Screen(page, database).answers(3).is_thanked()
    assert len(stored(database)) == 1
    assert page.evaluate("navigator.serviceWorker.getRegistrations().then((all) => all.length)") == 0
    assert page.evaluate("indexedDB.databases().then((all) => all.length)") == 0


@pytest.mark.parametrize("count", [60, pytest.param(200, marks=pytest.mark.long)])
def test_answers_over_a_cut_line_a_lost_reply_a_killed_browser_and_two_tabs(
    machine, line, database, monkeypatch, count
):
    arrived = []
    plain = batch_receiver.BatchReceiver._visit

    def noted(self, asking, said, moment):
        said_levels = [said.fields.get(item, ["0"])[0] for item in ("O", "B1.2", "B2.2", "B3.2")]
        arrived.append(sum((int(level) - 1) * 5**place for place, level in enumerate(said_levels)))
        return plain(self, asking, said, moment)

    monkeypatch.setattr(batch_receiver.BatchReceiver, "_visit", noted)
    screen = Screen(machine.starts(), database).enrols().opens("/en")
    line.cut()  # in the middle of a visit
    screen.answers(4).is_thanked()
    screen.makes(count - 1)
    assert len(screen.holds()) == 2 * count
    assert screen.sends() == "failed"
    machine.is_killed()

    screen = Screen(machine.starts(), database)  # the server is still gone
    expect(screen.page.locator(".start").first).to_be_visible()
    gone = 2 * count - len(screen.holds())
    assert gone in (0, 20)  # one batch may have come through on a connection that was open still
    line.mend()
    lost = []

    def lose(route):
        if not lost:
            lost.append(route.fetch().status)  # the server has stored all of it; nobody hears of it
            route.abort()
        else:
            route.continue_()

    screen.page.route("**/sealed", lose)
    assert screen.sends() == "failed"
    assert lost == [200]
    assert 0 < len(stored(database)) <= 20 + gone
    other = Screen(machine.context.new_page(), database).opens("")
    went = {"busy"}
    end = time.monotonic() + 60
    while went == {"busy"}:  # a window's own timer may be at it when both are told to
        assert time.monotonic() < end, "nobody could send"
        first = screen.page.evaluate_handle(f"(given) => ({{ result: ({CALL})(given) }})", screen.call("sends", True))
        went = {other.sends(patient=False), first.evaluate("(first) => first.result")}
    assert went == {"busy", "done"}

    assert screen.holds() == []
    rows = stored(database)
    assert len(rows) == count
    assert len(stored(database, StoredComment)) == count // 4
    first_time = list(dict.fromkeys(one for one in arrived if one >= 0))
    mean = (len(first_time) - 1) / 2
    rho = sum((place - mean) * (one - mean) for place, one in enumerate(first_time)) / (len(first_time) * mean**2 / 3)
    assert abs(rho) < 4 / len(first_time) ** 0.5  # four standard errors of blind order, once in 16,000 runs by chance
    found = device(database)
    told = (found.settled, found.waiting, missing_messages(found), found.damaged, found.agrees)
    assert told == (2 * count, 0, 0, 0, True)


def test_answers_of_a_wave_that_the_server_does_not_know_stay_on_the_screen_until_it_does(opens, database):
    screen = Screen(opens("/"), database).enrols().opens()
    screen.makes(30)
    called(database, "w1", "before")  # as after an older backup was restored
    assert screen.sends() == "done"
    assert len(screen.holds()) == 60
    assert stored(database) == []
    assert (device(database).unknown_wave, device(database).waiting) == ("w1", 60)
    called(database, "before", "w1")
    assert screen.sends() == "done"
    assert screen.holds() == []
    assert len(stored(database)) == 30
    assert screen.sends() == "done"
    found = device(database)
    assert (found.settled, found.waiting, missing_messages(found), found.unknown_wave, found.agrees) == (
        60,
        0,
        0,
        "",
        True,
    )


def called(database, wave, name):
    with database.writing() as session:
        wave_of(session, wave).code = name


def test_a_new_questionnaire_comes_between_visits_and_never_in_the_middle_of_one(opens, database, settings, line):
    screen = Screen(opens("/"), database).enrols().opens()
    (old,) = versions(screen)
    with database.writing() as session:
        close_wave(session, "w1", clock.today())
    a_wave(database, settings, "w2", "demo", opens_on=clock.today())
    screen.page.wait_for_timeout(1200)  # what is asked where is remembered for a second
    screen.answers(4, "Trước khi đổi").is_thanked()
    assert {one["wave"] for one in screen.holds()} == {"w1"}
    screen.opens("")  # the first page finds the new version and starts anew
    wait_until(lambda: old not in versions(screen) and len(versions(screen)) == 1)
    screen.opens("/vi")
    expect(screen.page.locator("[data-wave=w2]")).to_be_visible()
    screen.answers(2).is_thanked()
    assert screen.sends() == "done"
    assert sorted(row.wave for row in stored(database)) == [1, 2]
    assert [comment.text for comment in stored(database, StoredComment)] == ["Trước khi đổi"]
    assert device(database).damaged == 0


def test_a_look_is_kept_from_page_to_page_with_the_line_cut(opens, database, line):
    """The pages of the device are one for all looks: the worker passes over the query, and scripts obey it."""
    screen = Screen(opens("/"), database).enrols()
    line.cut()
    page = screen.page
    page.goto("/k/to-hieu-1?look=contrast-large")
    expect(page.locator("html.contrast.large")).to_be_attached()
    page.locator(".start[lang=en]").click()
    expect(page.locator("#look-contrast")).to_be_checked()
    expect(page.locator("#look-large")).to_be_checked()
    page.goto("/k/to-hieu-1/en/privacy?look=contrast")
    expect(page.locator("html.contrast")).to_be_attached()
    expect(page.locator("html.large")).to_have_count(0)
    line.mend()


def test_what_is_missing_is_said_on_the_screen_and_nothing_is_sealed(opens, database):
    screen = Screen(opens("/"), database).enrols().opens()
    screen.page.goto("/k/to-hieu-1/en#q-about")
    screen.page.locator(".primary >> visible=true").click()
    summary = screen.page.locator("#errors")
    expect(summary).to_be_focused()
    expect(summary.locator("a")).to_have_count(2)
    summary.locator("a").first.click()
    expect(screen.page.locator("#q-service")).to_be_visible()
    screen.page.locator("#service-1").check(force=True)
    screen.page.goto("/k/to-hieu-1/en#q-about")
    screen.page.goto("/k/to-hieu-1/en#q-O")
    screen.page.locator("#O-1").check(force=True)
    screen.page.goto("/k/to-hieu-1/en#q-about")
    screen.page.locator("textarea").evaluate("box => { box.value = '\\u0001'.repeat(400); }")  # six bytes each in JSON
    screen.page.locator(".primary >> visible=true").click()
    expect(summary).to_contain_text("too long")
    assert screen.holds() == []
    longest = "ế" * 499 + '"'
    screen.page.locator("textarea").fill(longest)
    screen.page.locator(".primary >> visible=true").click()
    screen.is_thanked()
    assert len(screen.holds()) == 2
    assert screen.sends() == "done"
    assert [comment.text for comment in stored(database, StoredComment)] == [longest]


def test_how_much_room_a_comment_has_left_is_said_while_it_is_written(opens, database):
    page = opens("/k/to-hieu-1/en#q-about")
    box, room = page.locator("textarea"), page.locator("[data-room]")
    box.fill("ế" * 420)
    expect(room).to_be_empty()
    box.press_sequentially("ba")
    expect(room).to_be_empty()
    box.fill("ế" * 480)
    expect(room).to_have_text("Room for 20 more characters")
    box.press_sequentially("x" * 30)  # what finds no room is not taken, and that is said
    expect(room).to_have_text("Room for 0 more characters")
    assert len(box.input_value()) == 500
    box.fill("")
    expect(room).to_be_empty()


def test_a_full_store_is_said_and_the_answers_stay_on_the_screen(opens, database):
    screen = Screen(opens("/"), database).enrols().opens()
    screen.page.evaluate(
        """() => { IDBObjectStore.prototype.put = () => { throw new DOMException("full", "QuotaExceededError"); }; }"""
    )
    screen.answers(3)
    expect(screen.page.locator("#errors")).to_contain_text("cannot keep answers")
    expect(screen.page.locator("#O-3")).to_be_checked()


def test_a_revoked_screen_sends_nothing_asks_on_and_loses_nothing(opens, database):
    from sipas.fieldwork.devices import revoke

    screen = Screen(opens("/"), database).enrols().opens()
    screen.answers(4).is_thanked()
    with database.writing() as session:
        revoke(session, device(database).id)
    assert screen.sends() == "revoked"
    assert stored(database) == []
    posted = []
    screen.page.on("request", lambda request: request.method == "POST" and posted.append(request.post_data))
    screen.opens().answers(2).is_thanked()  # posts as any other browser
    assert len(stored(database)) == 1
    assert re.search(r"\bid=[0-9a-f]{32}\b", posted[-1])  # so that it counts once, however often it is sent
    screen.opens("/en/device")
    expect(screen.page.locator("[data-revoked]")).to_contain_text("2")
    screen.enrols()
    assert screen.sends() == "done"
    assert sorted(row.answers[0] for row in stored(database)) == [2, 4]
    assert missing_messages(device(database)) == 0


def test_a_code_serves_once_and_the_page_is_behind_a_pin(opens, database):
    screen = Screen(opens("/"), database).enrols(pin="1357")
    page = screen.page
    page.goto("/k/to-hieu-1/en/device")
    expect(page.locator("[data-state]")).to_be_hidden()
    for pin, seen in (("0000", False), ("1357", True)):
        page.locator("#asked").fill(pin)
        page.locator("[data-pin] .primary").click()
        if not seen:
            expect(page.locator("[data-said]")).to_contain_text("not the PIN")
        expect(page.locator("[data-state]")).to_be_visible(visible=seen)
    expect(page.locator("[data-value=whole]")).to_have_text("yes")
    page.locator("[data-send]").click()
    expect(page.locator("[data-said]")).to_contain_text("All that waited was sent")
    assert device(database).last_contact == clock.today()
    assert re.fullmatch("[0-9a-f]{16}", device(database).software or "0" * 16)


def test_a_qr_code_chooses_the_service_field_without_the_line_too(machine, database, line):
    page = machine.starts()
    screen = Screen(page, database).enrols()
    line.cut()
    screen.opens("")
    shown = page.locator("[lang=en][data-shorter]")  # in Vietnamese the sentence is the same
    assert shown.text_content() != shown.get_attribute("data-shorter")
    for unknown in ("?service=nothing", "?service=%22%5D%20x"):
        screen.opens(unknown)
        assert "service=" not in page.locator(".start").first.get_attribute("href")
    screen.opens("?service=dat-dai")
    assert shown.text_content() == shown.get_attribute("data-shorter")
    page.locator(".start[lang=en]").click()
    expect(page).to_have_url(re.compile(r"/k/to-hieu-1/en\?service=dat-dai#q-O$"))
    expect(page.locator("[name=service][value=dat-dai]")).to_be_checked()
    page.locator("[data-switch][lang=vi]").click()
    expect(page.locator("html")).to_have_attribute("lang", "vi")
    page.locator("#O-4").check(force=True)
    page.goto(f"{page.url.split('#')[0]}#q-about")
    page.locator(".primary").click()
    expect(page).to_have_url(re.compile(r"/vi/thanks\?service=dat-dai#done$"))
    page.locator("main .next").click()
    expect(page).to_have_url(re.compile(r"/k/to-hieu-1\?service=dat-dai$"))
    line.mend()
    assert screen.sends() == "done"
    (row,) = stored(database)
    with database.reading() as session:
        assert session.get(Service, row.field).code == "dat-dai"


def test_a_screen_at_a_counter_keeps_its_service_field_when_nobody_touches_it(machine, database):
    page = machine.starts()
    screen = Screen(page, database).enrols()
    page.clock.install()
    screen.opens("/en?service=dat-dai")
    page.clock.run_for(61_000)
    page.clock.run_for(21_000)
    expect(page).to_have_url(re.compile(r"/k/to-hieu-1\?service=dat-dai$"))
    page.clock.run_for(120_000)
    expect(page).to_have_url(re.compile(r"/k/to-hieu-1\?service=dat-dai$"))
    page.locator(".start[lang=en]").click()
    page.locator(".stop").click()
    expect(page).to_have_url(re.compile(r"/k/to-hieu-1\?service=dat-dai$"))
