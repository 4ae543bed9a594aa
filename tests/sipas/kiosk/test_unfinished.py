"""Forms that were left in the middle: by the wave's rule, in no count, out of the figures unless somebody says so."""

from __future__ import annotations

from html import unescape

import pytest
from click.testing import CliRunner

from analysis import read_snapshot
from sipas import clock, i18n
from sipas.cli import group
from sipas.errors import SipasError
from sipas.fieldwork.waves import close_wave, wave_of
from sipas.intake import late_by_point, stored, stored_by_point, unfinished
from sipas.publishing.freeze import freeze
from tests.make import a_point, a_response, a_wave
from tests.officers import signs_in
from tests.sealing import Device, said, sealed

WORD = "mười bảy con chim sẻ"
PAGE = "/k/to-hieu-1/vi"


@pytest.fixture
def kiosk(database, settings):
    def make(partial: str):
        a_point(database, "to-hieu-1", form="short")
        a_wave(database, settings, "w1", opens_on=clock.today(), partial=partial)

    return make


def left(client, number: int = 1, **more):
    fields = {"id": f"{number:032x}", "service": "ho-tich", "O": "2", "unfinished": "1"}
    return client.post(PAGE, data=fields | more)


def closes(database):
    with database.writing() as session:
        close_wave(session, "w1", clock.today())


def test_no_count_knows_them_and_the_desk_tells_them_apart(client, database, settings, kiosk):
    kiosk("keep")
    a_response(database, settings, moment=clock.now())
    assert left(client).status_code == 204
    with database.reading() as session:
        assert (stored(session, 1), stored_by_point(session, 1), unfinished(session, 1)) == (1, {1: 1}, 1)
    signs_in(client, settings)
    assert "kept and marked: 1" in unescape(client.get("/desk/wave/w1?lang=en").text)


def test_a_wave_that_drops_them_takes_none_whoever_sends_them(client, database, settings, kiosk):
    kiosk("drop")
    assert left(client).status_code == 204
    with database.reading() as session:
        assert unfinished(session, 1) == 0
    signs_in(client, settings)
    assert "not kept" in unescape(client.get("/desk/wave/w1?lang=en").text)


def test_one_in_which_nothing_was_answered_leaves_nothing(client, database, kiosk):
    kiosk("keep")
    assert left(client, O="na").status_code == 204
    assert left(client, O="").status_code == 204
    assert left(client, service="").status_code == 204
    with database.reading() as session:
        assert unfinished(session, 1) == 0


def test_the_snapshot_leaves_them_out_and_its_codebook_says_so(client, database, settings, kiosk):
    kiosk("keep")
    a_response(database, settings, moment=clock.now())
    left(client)
    closes(database)
    frozen = freeze(database, settings.home, "w1", clock.today())
    assert frozen.rows == 1
    assert frozen.codebook.notes.endswith("; 1 unfinished forms left out of this file")
    left(client, 2, wave="w1")
    with database.reading() as session:
        assert late_by_point(session, 1) == {}


def test_by_command_they_come_in_with_their_mark_and_what_they_lack_is_not_answered(
    client, database, settings, kiosk, monkeypatch
):
    kiosk("keep")
    a_response(database, settings, moment=clock.now())
    left(client)
    closes(database)
    monkeypatch.setenv("SIPAS_HOME", str(settings.home))
    told = CliRunner().invoke(group, ["freeze", "w1", "--with-unfinished"])
    assert told.exit_code == 0, told.exception
    snapshot = read_snapshot(settings.home / "snapshots" / "w1.parquet")
    assert snapshot.codebook.notes.endswith("; 1 unfinished forms in this file, as form …-unfinished")
    rows = {row["form"]: row for row in snapshot.table().to_pylist()}
    assert set(rows) == {"short", "short-unfinished"}
    assert (rows["short"]["B1.2"], rows["short-unfinished"]["B1.2"]) == (4, None)
    assert rows["short-unfinished"]["O"] == 2
    i18n.speak("en")
    out = CliRunner().invoke(group, ["estimate", str(settings.home / "snapshots" / "w1.parquet"), "--lonely", "centre"])
    assert out.exit_code == 0, out.exception


@pytest.mark.parametrize(("partial", "outcome"), [("keep", "stored"), ("drop", "damaged")])
def test_a_sealed_one_is_taken_by_the_same_rule(client, database, settings, kiosk, partial, outcome):
    from sipas.fieldwork.devices import make_code

    kiosk(partial)
    with database.writing() as session:
        code = make_code(session, "to-hieu-1", clock.now())
    device = Device(client)
    device.enrols(code)
    reply = device.sends(sealed(settings.home, said(unfinished=True)))
    assert reply.json["outcomes"] == [outcome]
    with database.reading() as session:
        assert unfinished(session, 1) == (partial == "keep")
        assert stored(session, 1) == 0


def test_the_privacy_page_follows_the_rule(client, database, settings, kiosk):
    kiosk("keep")
    page = unescape(client.get("/k/to-hieu-1/en/privacy").text)
    assert "kept after 80 seconds" in page
    assert "A form that is not finished is not kept" not in page
    assert "Nothing that you chose is kept" in page  # whoever only reads has chosen nothing
    phone = unescape(client.get("/q/to-hieu-1/en/privacy").text)
    assert "A form that is not finished is not kept" in phone


def test_a_wave_says_its_rule_and_a_wrong_word_is_refused(database, settings, monkeypatch):
    monkeypatch.setenv("SIPAS_HOME", str(settings.home))
    a_point(database)
    words = ["wave", "open", "w1", "--instrument", "service-2024", "--coarsest", "--partial"]
    refused = CliRunner().invoke(group, [*words, "perhaps"])
    assert isinstance(refused.exception, SipasError)
    assert "give one of drop, keep" in str(refused.exception)
    assert CliRunner().invoke(group, [*words, "keep"]).exit_code == 0
    with database.reading() as session:
        assert wave_of(session, "w1").partial == "keep"
