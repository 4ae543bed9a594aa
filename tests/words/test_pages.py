"""No English word of ours is left on a page that is shown in Vietnamese."""

import functools
import html
import os
import re

import pytest

from sipas import i18n
from sipas.fieldwork.waves import wave_of
from sipas.publishing.models import Release
from tests import commands
from tests.make import a_response, a_wave
from tests.make_release import a_release
from tests.officers import an_account, signs_in
from tests.words.test_catalogs import EVERY, forms

PASSWORD = "lúa nương mùa này"
SAME = {"SIPAS", "web"}  # said alike in both languages
KIOSK = ["/k/to-hieu-1", "/k/to-hieu-1/vi", "/k/to-hieu-1/vi/privacy", "/k/to-hieu-1/vi/thanks", "/k/nowhere"]
PHONE = {"/q/": 200, "/q/to-hieu-1/vi": 200, "/q/23A5CFHM": 422, "/q/2345CFHM": 404}
RESULTS = [
    "/nowhere", "/results", "/results?sort=share", "/results/2026-1-r1/", "/results/2026-1-r1/method",
    "/results/2026-1-r1/unit/03646", "/results/2026-1-r1/service/ho-tich",
]  # fmt: skip
DESK = [
    *("/desk/login", "/desk", "/desk/wave/w1", "/desk/release/2026-1-r1", "/desk/screens", "/desk/people"),
    *("/desk/people/hoa", "/desk/log", "/desk/account", "/desk/account/password", "/desk/account/authenticator"),
    "/desk/help",
]


def seen(page):
    """Whatever a visitor reads or hears on a page: texts, and the attributes that screen readers speak.

    >>> seen('<p lang="vi">Xin <b>chào</b></p><i title="Lỗi" class="no answers"></i><a lang="en">English</a>')
    ['Lỗi', 'Xin', 'chào']
    """
    page = re.sub(r"<(style|script|code)\b.*?</\1>|<!--.*?-->", " ", page, flags=re.DOTALL)
    page = re.sub(r'<((?!html\b)\w+)[^>]*\blang="en"[^>]*>.*?</\1>', " ", page, flags=re.DOTALL)
    spoken = re.findall(r'\b(?:aria-label|title|alt|placeholder|data-chosen|data-change)="([^"]*)"', page)
    texts = [*spoken, *re.sub(r"<[^>]*>", "\0", page).split("\0")]
    return [" ".join(html.unescape(text).split()) for text in texts if text.strip()]


def english(page):
    """The English words of the catalog that stand on a page: whole texts, or sentences inside one."""
    texts = seen(page)
    return {
        text
        for text, whole, inside in english_patterns()
        if any(whole.match(one) or (inside and inside.search(one)) for one in texts)
    }


@functools.cache
def english_patterns():
    """Each text that a Vietnamese page must not hold, its pattern as a whole, and as a part where it is a sentence.
    Compiled once: there are more than `re` remembers."""
    made = []
    for message in EVERY:
        for text in forms(message.id):
            pattern = re.escape(text).replace("%%", "%")
            pattern = re.sub(r"%\\\(\w+\\\)\w|\\\{\w+\\\}", ".+", pattern)
            letters = re.sub(r"%\(\w+\)\w|\{\w+\}|\W", "", text)
            if text in SAME or text in forms(message.string) or not letters:
                continue
            made.append((text, re.compile(pattern + r"\Z"), re.compile(pattern) if len(letters) > 15 else None))
    return made


def test_an_english_page_would_be_noticed(client):
    assert {"Nothing has been published yet. The first figures appear here as soon as a second person has approved "
            "them.", "Language", "Satisfaction with public services in %(province)s"} <= english(
                client.get("/results?lang=en").get_data(as_text=True))  # fmt: skip


@pytest.mark.parametrize("address", [*KIOSK, *RESULTS, *DESK])
def test_a_vietnamese_page_is_vietnamese(address, client, database, settings, monkeypatch, today):
    _furnish(database, settings, monkeypatch, today)
    if address in DESK[1:]:
        signs_in(client, settings)
    page = client.get(address, follow_redirects=False)
    assert page.status_code in ((404,) if "nowhere" in address else (200,)), page.headers.get("Location")
    text = page.get_data(as_text=True)
    assert '<html lang="vi"' in text
    assert english(text) == set()


@pytest.mark.parametrize("address", PHONE)
def test_a_page_about_a_code_is_vietnamese(address, client, database, settings, monkeypatch, today):
    _furnish(database, settings, monkeypatch, today)
    page = client.get(address)
    assert page.status_code == PHONE[address]
    assert english(page.text) == set()


def test_a_form_sent_back_with_errors_is_vietnamese(client, database, settings, monkeypatch, today):
    _furnish(database, settings, monkeypatch, today)
    page = client.post("/k/to-hieu-1/vi", data={})
    assert page.status_code == 422
    text = page.get_data(as_text=True)
    assert "Chưa gửi được" in text
    assert english(text) == set()


def test_the_page_of_a_release_folder_is_vietnamese(tmp_path):
    folder = a_release(tmp_path)
    assert english((folder / "index.html").read_text(encoding="utf-8")) == set()
    assert english((folder / "index.en.html").read_text(encoding="utf-8")) != set()


@pytest.mark.parametrize("arguments", [["--help"], ["wave", "--help"], ["estimate", "--help"], ["release", "--help"]])
def test_the_help_of_the_commands_is_vietnamese(arguments):
    said = commands.run(*arguments, environ={**os.environ, "SIPAS_LANGUAGE": "vi"}).stdout
    flat = " ".join(said.split())
    left = [
        text
        for message in EVERY
        for text in forms(message.id)
        if len(text) > 15 and text not in forms(message.string) and " ".join(text.split()) in flat
    ]
    assert left == []
    assert any(letter in said for letter in "ạảấầậệốộợữ")


def _furnish(database, settings, monkeypatch, today):
    """An open wave with an answer, a published release, a desk with a password, and a day on which all this is so."""
    monkeypatch.setattr("sipas.clock.today", lambda: today)
    a_wave(database, settings)
    a_response(database, settings)
    a_release(settings.home)
    with database.writing() as session:
        wave = wave_of(session, "w1")
        days = {"built_on": today, "approved_on": today, "published_on": today}
        people = {"built_by": "Lò Thị Mai", "approved_by": "Nguyễn Văn An"}
        session.add(Release(code="2026-1-r1", wave_id=wave.id, state="published", digest="5" * 64, **days, **people))
    an_account(settings, "hoa", person="Lò Thị Hoa")
    i18n.speak("vi")
