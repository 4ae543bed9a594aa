"""What somebody sees who follows an address that leads nowhere: plain words, in both languages."""

import errno
import os
import re

import pytest
from werkzeug.exceptions import InternalServerError

VIETNAMESE, ENGLISH = "Không có trang này", "This page does not exist"


def headings(page):
    """Every heading with its level and language: [(1, "", "Không có trang này"), (2, "en", ...)]."""
    sections = re.split(r'<section class="also" lang="(\w+)">', page)
    spoken = ["", *sections[1::2]]
    return [
        (int(level), language, text)
        for language, part in zip(spoken, sections[::2], strict=True)
        for level, text in re.findall(r"<h([12])>(.*?)</h\1>", part)
    ]


@pytest.mark.parametrize("address", ["/nowhere", "/k/nowhere", "/q/to-hieu-1/nothing", "/results/2099-9-r1/"])
def test_a_page_that_does_not_exist_says_so_in_vietnamese_and_english(client, address):
    reply = client.get(address)
    assert reply.status_code == 404
    assert "<title>Không có trang này – " in reply.text
    assert headings(reply.text) == [(1, "", VIETNAMESE), (2, "en", ENGLISH)]


def test_whoever_reads_english_gets_english_first(client):
    page = client.get("/k/nowhere/en").text
    assert '<html lang="en">' in page
    assert headings(page) == [(1, "", ENGLISH), (2, "vi", VIETNAMESE)]


def test_an_unknown_point_offers_no_way_back_to_itself(client):
    assert 'href="/k/nowhere"' not in client.get("/k/nowhere/vi").text


def test_a_point_that_asks_nothing_is_not_called_a_missing_page(client, database):
    from tests.make import a_point

    a_point(database, "to-hieu-1", "03646")
    page = client.get("/k/to-hieu-1").text
    assert headings(page)[0] == (1, "", "Hiện chưa có khảo sát tại đây")
    assert 'data-again="/k/to-hieu-1"' in page  # it looks again by itself


def test_other_errors_speak_one_language(client):
    page = client.put("/k/to-hieu-1/vi").text
    assert 'class="also"' not in page


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "The server&#39;s disk is full, so this could not be finished."),
        (errno.EACCES, "The server cannot read or write its data"),
    ],
)
def test_a_disk_that_is_full_or_not_ours_is_named_at_the_desk(app, client, monkeypatch, number, words):
    def fails(*_arguments, **_more):
        raise OSError(number, os.strerror(number))

    monkeypatch.setitem(app.view_functions, "desk.sign_in", fails)
    reply = client.get("/desk/login?lang=en")
    assert reply.status_code == 503
    assert words in reply.text
    assert "Something went wrong" not in reply.text


SOMETHING = "If you have just sent something, it may not have been stored; please try again."


@pytest.mark.parametrize(
    ("address", "endpoint"), [("/k/to-hieu-1/en", "kiosk.send"), ("/k/to-hieu-1/en/thanks", "kiosk.thanks")]
)
def test_after_a_fault_no_page_says_that_nothing_was_stored(
    app, client, database, settings, monkeypatch, address, endpoint
):
    """The answer may lie there: what failed may have come after its commit, or be the thanks alone."""

    from tests.make import a_point, a_wave

    def fails(*_arguments, **_more):
        raise InternalServerError

    a_point(database, "to-hieu-1", "03646")
    a_wave(database, settings)

    monkeypatch.setitem(app.view_functions, endpoint, fails)
    reply = client.post(address) if endpoint == "kiosk.send" else client.get(address)
    assert reply.status_code == 500
    assert SOMETHING in reply.text
    assert "Nothing" not in reply.text
    assert "The staff at the counter can help." in reply.text


def test_who_is_refused_before_the_door_reads_that_nothing_was_stored(client):
    assert "Nothing about you was stored." in client.put("/k/to-hieu-1/en").text
    assert "Nothing about you was stored." not in client.get("/k/nowhere/en/thanks").text
