"""What an officer sees, in every language, and what nobody can see there."""

from __future__ import annotations

import datetime as dt
import re
from html import unescape

import pytest
from sqlalchemy import delete

from sipas import clock, i18n
from sipas.expiry.gate import Gate
from sipas.fieldwork.models import PopulationCount
from sipas.fieldwork.waves import close_wave, wave_of
from sipas.publishing.freeze import freeze
from sipas.publishing.models import Release
from sipas.publishing.retention import drop
from tests.make import a_point, a_response, a_wave
from tests.make_release import a_release
from tests.officers import an_account, signs_in
from tests.repeated import home_once

WORD = "mười bảy con chim sẻ"
PAGES = [
    "/desk",
    "/desk/screens",
    "/desk/wave/2026-1",
    "/desk/wave/2026-2",
    "/desk/release/2026-1-r1",
    "/desk/release/2026-1-r2",
]


@pytest.fixture
def desk(database, settings, request):
    """Two waves, a published release and a draft; somebody is signed in. `desk(address, "en")` gives the HTML."""

    def making():
        a_point(database, "to-hieu-1", "03646", form="short")
        a_point(database, "chieng-an-1", "03664", form="full", channel="web")
        a_wave(database, settings, "2026-1", "service-2024", opens_on=dt.date(2026, 1, 1), simulated=True)
        with database.writing() as session:
            close_wave(session, "2026-1", dt.date(2026, 6, 30)).state = "frozen"
        a_wave(database, settings, "2026-2", "service-2024", opens_on=clock.today(), at=["to-hieu-1"])
        with database.writing() as session:
            for unit, count in (("03646", 700), ("so-tu-phap", 42)):
                session.add(
                    PopulationCount(unit=unit, field="ho-tich", month="2026-02", dossiers=count, source="frame.csv")
                )
            wave = wave_of(session, "2026-1").id
            day = dt.date(2026, 7, 8)
            common = {"wave_id": wave, "built_by": "Lò Thị Mai", "built_on": day, "digest": "d" * 64}
            signed = {"state": "published", "approved_by": "Nguyễn Văn An", "approved_on": day, "published_on": day}
            session.add(Release(code="2026-1-r1", **signed, **common))
            session.add(Release(code="2026-1-r2", state="draft", **common))
        a_release(settings.home, "2026-1-r1")
        people = {("04240", "ho-tich"): 0, ("04240", "dat-dai"): 7, ("04240", "y-te"): 0}
        a_release(settings.home, "2026-1-r2", shelf="drafts", people=people, secret=0.12341)
        an_account(settings, "hoa")

    home_once(database, settings, making)
    client = request.getfixturevalue("client")  # whose secret would make this home like no other
    signs_in(client, settings)

    def page(address: str, language: str = "vi") -> str:
        reply = client.get(address + (f"?lang={language}" if language != "vi" else ""))
        assert reply.status_code == 200, address
        return unescape(reply.text)

    return page


@pytest.mark.parametrize("language", i18n.LANGUAGES)
@pytest.mark.parametrize("address", PAGES)
def test_every_page_has_one_heading_with_which_its_title_begins(desk, address, language):
    html = desk(address, language)
    (heading,) = re.findall(r"<h1>(.*?)</h1>", html)
    assert re.search(r"<title>(.*?)</title>", html)[1].startswith(heading)
    assert f'<html lang="{language}">' in html
    assert not re.search(r"<style|<script|\sstyle=", html)


def test_the_overview_says_that_no_answer_can_be_stored(desk, settings):
    told = "Hiện không lưu được phiếu nào: một khóa của đợt đang khảo sát hôm nay bị thiếu"
    assert told not in desk("/desk")
    (settings.home / "keys" / "2026-2.cluster.key").unlink()
    assert told in desk("/desk")


def test_the_overview_tells_waves_releases_and_who_signed(desk):
    html = desk("/desk", "en")
    for words in ("2026-1-r1", "2026-1-r2", "Lò Thị Mai", "Nguyễn Văn An", "SIMULATED", "frozen", "draft", "742"):
        assert words in html
    assert "sipas wave close 2026-2" in html


@pytest.mark.parametrize("address", ["/desk", "/desk/wave/2026-1"])
def test_a_draft_is_the_next_step_of_a_frozen_wave_until_a_release_of_it_is_published(desk, database, address):
    assert "sipas release build 2026-1" not in desk(address, "en")
    with database.writing() as session:
        session.execute(delete(Release).where(Release.state == "published"))
    assert "sipas release build 2026-1" in desk(address, "en")


def test_a_wave_shows_answers_for_each_point_and_dossiers_for_each_unit(desk):
    html = desk("/desk/wave/2026-1", "en")
    assert "to-hieu-1" in html
    assert "chieng-an-1" in html
    assert ">700<" in html
    assert ">42<" not in html  # a department receives nowhere here
    assert "chieng-an-1" not in desk("/desk/wave/2026-2", "en")


def test_a_wave_says_to_which_series_it_belongs(desk, database):
    assert "<dt>Series</dt><dd>main</dd>" in desk("/desk/wave/2026-2", "en")
    with database.writing() as session:
        wave_of(session, "2026-2").series = "trial"
    assert "<dt>Series</dt><dd>trial</dd>" in desk("/desk/wave/2026-2", "en")
    assert '<span class="tag">trial</span>' in desk("/desk", "en")


def test_a_unit_with_one_point_takes_one_row_with_its_name_and_others_one_for_each_point(desk, database):
    one = desk("/desk/wave/2026-2", "en")
    assert len(re.findall("<tr class", one)) == 1
    assert re.search(r'<tr class="alone-row"><th scope="row">Tô Hiệu ward <code>to-hieu-1</code>', unescape(one))
    a_point(database, "to-hieu-2", "03646")
    two = desk("/desk/wave/2026-2", "en")
    assert re.findall(r'<tr class="([a-z-]+)"', two) == ["unit-row", "point-row", "point-row"]


@pytest.mark.parametrize("address", PAGES)
def test_no_week_is_shown(desk, address):
    assert not re.search(r"\d{4}-W\d\d|\btuần \d|\bweek \d", desk(address))


def test_a_draft_is_shown_as_readers_would_see_it_with_the_way_to_approve_it(desk):
    html = desk("/desk/release/2026-1-r2", "en")
    assert "Approve this draft" in html
    assert "name as typed" in html
    assert "not published, to protect those who answered" in html
    assert "12.3%" not in html
    assert "SIMULATED" in html


@pytest.mark.parametrize("address", ["/desk/wave/none", "/desk/release/none"])
def test_an_unknown_code_gets_a_friendly_page(desk, client, address):
    assert client.get(address).status_code == 404


def test_a_draft_without_its_files_says_what_is_missing(desk, client, settings):
    (settings.home / "drafts" / "2026-1-r2" / "release.json").unlink()
    reply = client.get("/desk/release/2026-1-r2?lang=en")
    assert reply.status_code == 503
    assert "SIPAS_HOME/drafts" in reply.text


def test_before_anything_was_done_the_desk_names_the_first_command(client, settings):
    signs_in(client, settings)
    html = client.get("/desk?lang=en").text
    assert "No wave has been opened yet" in html
    assert "sipas wave open" in html


@pytest.mark.parametrize("language", ["vi", "en"])
def test_late_answers_stand_beside_their_point_and_a_dropped_wave_says_where_its_answers_are(
    database, settings, client, today, monkeypatch, language
):
    a_wave(database, settings)
    for number in range(12):
        a_response(database, settings, submission=f"{number:032x}")
    monkeypatch.setattr(clock, "today", lambda: today)
    with database.writing() as session:
        close_wave(session, "w1", today)
    freeze(database, settings.home, "w1", today, grace=0)
    for number in range(37):
        a_response(database, settings, wave="w1", submission=f"{100 + number:032x}")
    signs_in(client, settings)

    def row() -> list[str]:
        html = client.get(f"/desk/wave/w1?lang={language}").text
        (found,) = re.findall(r'<tr class="alone-row">.*?</tr>', html)
        return re.findall(r'<td class="number">(.*?)</td>', found)

    assert row() == ["12", "–", "37"]
    drop(database, settings.home, "w1", Gate(today + dt.timedelta(days=1)))
    assert row() == ["–", "–", "37"]
    html = unescape(client.get(f"/desk/wave/w1?lang={language}").text)
    assert "<dd>12</dd>" in html  # the snapshot's
    assert {"vi": "tệp số liệu đã chốt còn giữ", "en": "the snapshot holds them"}[language] in html


def test_what_an_older_backup_left_open_is_told_on_the_overview_with_its_way_out(desk, settings):
    assert "but it was frozen" not in desk("/desk", "en")
    (settings.home / "snapshots" / "2026-2.parquet").touch()
    page = desk("/desk", "en")
    assert "Wave 2026-2 is open in this database, but it was frozen: snapshots/2026-2.parquet lies here" in page
