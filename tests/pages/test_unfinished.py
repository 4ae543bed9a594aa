"""A form that is left in the middle: dropped, or kept and marked, as the wave's first page said."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from sipas import clock
from sipas.intake.models import Response, StoredComment
from tests.make import a_point, a_wave, all_comments
from tests.pages.device import Line, Machine, Screen

pytestmark = pytest.mark.browser

UNTIL_ASKED, UNTIL_GIVEN_UP = (
    61_000,
    20_000,
)  # a screen waits three seconds at most for what it keeps: no more than that


@pytest.fixture
def line(app):
    from tests.pages.conftest import Silent

    made = Line(app, Silent)
    yield made
    made.cut()


@pytest.fixture
def kiosk(database, settings):
    """A kiosk at which a wave of this rule asks."""

    def make(partial: str, channel: str = "kiosk"):
        a_point(database, "to-hieu-1", form="short", channel=channel)
        a_wave(database, settings, "w1", opens_on=clock.today(), partial=partial)

    return make


def rows(database) -> list[Response]:
    with database.reading() as session:
        return list(session.scalars(select(Response)))


def begins(page, items=("O", "B1.2", "B2.2")) -> None:
    """Chooses what the visit was about, answers some questions, writes half a comment, and touches nothing any more."""
    page.clock.install()
    page.goto("/k/to-hieu-1/en")
    page.locator("#service-1").check(force=True)
    for item in items:
        page.goto(f"/k/to-hieu-1/en#q-{item}")
        page.locator(f'[id="{item}-4"]').check(force=True)
    page.goto("/k/to-hieu-1/en#q-about")
    page.locator("textarea").fill("Ghế chờ bị")


def is_left(page, told: str = "") -> None:
    page.clock.run_for(UNTIL_ASKED)
    expect(page.locator(".idle")).to_be_visible()
    expect(page.locator("#idle-words")).to_contain_text(told)
    page.clock.run_for(UNTIL_GIVEN_UP)
    expect(page).to_have_url(re.compile(r"/k/to-hieu-1$"))


def test_kept_on_an_open_browser_marked_and_without_what_was_typed(opens, kiosk, database, settings):
    kiosk("keep")
    page = opens("/k/to-hieu-1")
    expect(page.locator(".facts")).to_contain_text("kept as an unfinished form")
    begins(page)
    is_left(page, told="kept as an unfinished form")
    (row,) = rows(database)
    assert row.form == 3
    assert sorted(row.answers)[-1] != 0
    assert all_comments(database, settings) == []
    page.locator(".start[lang=en]").click()
    assert page.locator("input:checked").count() == 0


def test_dropped_by_default_as_the_page_says(opens, kiosk, database):
    kiosk("drop")
    page = opens("/k/to-hieu-1")
    expect(page.locator(".facts")).not_to_contain_text("unfinished")
    begins(page)
    is_left(page, told="Nothing that you chose is kept")
    assert rows(database) == []


def test_nothing_is_kept_before_a_question_was_answered_nor_after_stop(opens, kiosk, database):
    kiosk("keep")
    page = opens("/k/to-hieu-1")
    begins(page, items=())
    is_left(page)
    begins(page)
    page.locator(".stop").click()
    expect(page).to_have_url(re.compile(r"/k/to-hieu-1$"))
    page.clock.run_for(UNTIL_ASKED + UNTIL_GIVEN_UP)
    assert rows(database) == []


def test_whoever_is_still_there_sends_one_finished_form(opens, kiosk, database):
    kiosk("keep")
    page = opens("/k/to-hieu-1")
    begins(page)
    page.clock.run_for(UNTIL_ASKED)
    page.locator(".idle button").click()
    page.goto(f"{page.url.split('#')[0]}#q-about")
    page.locator(".primary").click()
    expect(page).to_have_url(re.compile("/thanks#done$"))
    assert [row.form for row in rows(database)] == [1]


def test_an_enrolled_screen_seals_it_without_the_line(browser_type, whole, tmp_path, line, kiosk,
                                                      database):  # fmt: skip
    kiosk("keep")
    machine = Machine(browser_type, whole, tmp_path / "profile", line.address)
    try:
        page = machine.starts()
        screen = Screen(page, database).enrols()
        line.cut()
        begins(page)
        is_left(page)
        assert sorted(one["kind"] for one in screen.holds()) == ["answer", "comment"]
        assert machine.finds("Ghế chờ bị") == []
        line.mend()
        assert screen.sends() == "done"
        (row,) = rows(database)
        assert row.form == 3
        with database.reading() as session:
            assert session.scalars(select(StoredComment)).all() == []
    finally:
        machine.ends()


def test_a_phone_is_nobody_elses_screen_and_keeps_to_its_word(opens, kiosk, client, database):
    kiosk("keep", channel="phone")
    for door in ("/k", "/q"):
        page = opens(f"{door}/to-hieu-1")
        expect(page.locator(".facts")).not_to_contain_text("unfinished")
        page.goto(f"{door}/to-hieu-1/en")
        assert page.locator("[data-unfinished], .idle").count() == 0
    said = {"service": "ho-tich", "O": "4", "id": "ab" * 16, "unfinished": "1"}
    assert client.post("/k/to-hieu-1/vi", data=said).status_code == 204
    assert rows(database) == []
