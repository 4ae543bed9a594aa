"""Languages beyond Vietnamese and English: offered when enough is translated, Vietnamese in every gap, no word of the
kiosk outside the catalogs."""

import html
import json
import re
from dataclasses import replace

import pytest
from babel.messages.pofile import read_po
from click.testing import CliRunner

import surveys
from sipas import create_app, i18n
from sipas.cli import group
from sipas.config.sources import load_settings
from sipas.i18n import completeness
from sipas.i18n.fallback_marking import BEGINS, ENDS, without_marks
from sipas.i18n.languages import EVERY, NUMBERS, OWN_NAME
from sipas.intake import LANGUAGE_CODES
from sipas.intake.models import row_type
from sipas.web.installation import of_app
from tests import pseudo
from tests.make import a_point, a_wave
from tests.officers import signs_in
from tests.words.test_pages import seen
from translations import FOLDER

ALL = ("vi", "en", pseudo.CODE)
NAMES = {"SIPAS", "Sơn La", "Tỉnh Sơn La", "Tiếng Việt", "English"}


@pytest.fixture
def speak(tmp_path, monkeypatch):
    """`speak(leave=...)` makes the made-up language known."""
    yield lambda **options: pseudo.made(tmp_path, monkeypatch, **options)
    monkeypatch.undo()
    pseudo.forgotten()


@pytest.fixture
def kiosk(settings, database, today, monkeypatch):
    """`kiosk(languages)` is a browser before an office that asks in these languages."""
    monkeypatch.setattr("sipas.clock.today", lambda: today)
    a_point(database, "to-hieu-1", "03646")
    a_point(database, "chieng-an-1", "03664")
    a_wave(database, settings, at=["to-hieu-1"])
    a_wave(database, settings, "demo", "demo", at=["chieng-an-1"])
    apps = []

    def opened(languages=ALL):
        apps.append(create_app(replace(settings, languages=languages)))
        return apps[-1].test_client()

    yield opened
    for app in apps:
        of_app(app).database.engine.dispose()


def in_language(page):
    """What a page says in its own language: parts that name another language are left out."""
    other = re.compile(r'<((?!html\b)\w+)[^>]*\blang="(?!' + pseudo.CODE + r')[^"]*"[^>]*>.*?</\1>', re.DOTALL)
    return seen(other.sub(" ", page))


def data_names(client):
    """Names of offices, points and service fields: they come from the registry, not from the catalogs."""
    page = client.get("/k/to-hieu-1/vi").text
    fields = re.search(r'<section[^>]*id="q-service".*?</section>', page, re.DOTALL)[0]
    places = [re.search(r'class="place">(.*?)<', client.get(f"/k/{code}/vi").text)[1] for code in POINTS]
    return NAMES | {html.unescape(one) for one in [*re.findall(r'class="word">(.*?)<', fields), *places]}


POINTS = ("to-hieu-1", "chieng-an-1")
PAGES = [
    *(f"/k/{point}/{pseudo.CODE}{page}" for point in POINTS for page in ("", "/privacy", "/thanks", "/late")),
    *(f"/q/{point}/{pseudo.CODE}{page}" for point in POINTS for page in ("", "/privacy", "/thanks")),
    f"/k/to-hieu-1/{pseudo.CODE}/nothing", f"/q/?lang={pseudo.CODE}",
]  # fmt: skip


@pytest.mark.parametrize("address", PAGES)
def test_no_word_of_a_kiosk_is_outside_the_catalogs(address, speak, kiosk):
    speak()
    client = kiosk()
    page = client.get(address).text
    assert f'<html lang="{pseudo.CODE}"' in page
    assert any("⟦" in text for text in seen(page))
    assert pseudo.undecorated(in_language(page), data_names(client)) == []


def test_a_form_sent_back_and_a_wrong_code_speak_the_language(speak, kiosk):
    speak()
    client = kiosk()
    names = data_names(client)
    sent_back = client.post(f"/k/to-hieu-1/{pseudo.CODE}", data={})
    assert sent_back.status_code == 422
    assert pseudo.undecorated(in_language(sent_back.text), names) == []
    misread = client.post(f"/q/?lang={pseudo.CODE}", data={"code": "23A5CFHM"})
    assert misread.status_code == 422
    assert pseudo.undecorated(in_language(misread.text), names | {"A"}) == []


def test_an_undecorated_word_would_be_noticed():
    assert pseudo.undecorated(["⟦Còn ⟦3⟧ câu⟧", "4 / 7", "⟦Gửi⟧ đi", "Sơn La"], NAMES) == ["⟦Gửi⟧ đi"]


def test_what_is_not_translated_is_said_in_vietnamese(speak, kiosk):
    gap = "service-2024/B1.1"
    wording = dict(surveys.texts(surveys.load("service-2024")))[gap]
    speak(leave=lambda domain, where, source: where == gap or source in ("Send my answers", "One question"))
    page = kiosk().get(f"/k/to-hieu-1/{pseudo.CODE}").text
    vietnamese = i18n.catalog("vi", "messages")
    assert f">{wording}<" in page
    assert f">{vietnamese.gettext('Send my answers')}<" in page
    assert f">⟦{vietnamese.gettext('Stop')}⟧" in page
    with i18n.speaking(pseudo.CODE):
        said = i18n.plural("One question", "{n} questions", 1234)
    assert without_marks(said) == vietnamese.ngettext("One question", "{n} questions", 2).format(n="1.234")


def test_vietnamese_in_a_gap_is_named_as_vietnamese(speak, kiosk):
    gap = "service-2024/B1.1"
    wording = dict(surveys.texts(surveys.load("service-2024")))[gap]
    speak(leave=lambda domain, where, source: where == gap or source in ("One question", "Display", "Start", "Stop"))
    client = kiosk()
    page, start = client.get(f"/k/to-hieu-1/{pseudo.CODE}").text, client.get("/k/to-hieu-1").text
    vietnamese = i18n.catalog("vi", "messages").gettext
    assert f'"><span><span lang="vi">{wording}</span></span></span>' in page
    assert f'><span lang="vi">{vietnamese("Stop")}</span>' in page
    assert f'aria-label="{vietnamese("Display")}"' in page, "within a tag the text alone"
    assert re.search(r'lang="vi-x-pseudo">⟦<span lang="vi">\d+ câu hỏi</span>, ⟦', start), "inside a sentence too"
    assert f'<strong>{pseudo.NAME}</strong><span><span lang="vi">{vietnamese("Start")}</span></span>' in start
    names = re.findall(r'class="word">(<span lang="vi">)?(?!⟦)', page.split('id="q-service"')[1].split("</section>")[0])
    assert names
    assert all(names), "names of fields come from the registry, which knows no third language"
    for whole in (page, start, client.post(f"/k/to-hieu-1/{pseudo.CODE}", data={}).text):
        assert not {BEGINS, ENDS} & set(whole)


@pytest.mark.parametrize("language", ["vi", "en"])
def test_whole_languages_borrow_nothing(language, kiosk):
    client = kiosk()
    for point in POINTS:
        for page in ("", "/privacy", "/thanks", "/late", "/device"):
            assert '<span lang="vi">' not in client.get(f"/k/{point}/{language}{page}").text


def test_the_page_of_a_screen_speaks_to_staff_in_a_whole_language(speak, kiosk):
    speak()
    page = kiosk().get(f"/k/to-hieu-1/{pseudo.CODE}/device").text
    assert '<html lang="vi"' in page
    assert "⟦" not in page
    assert re.findall(r'<a lang="(\w+)"', page) == ["en"], "one switch, to the other of the two"


def test_a_language_is_offered_only_when_it_is_switched_on(speak, kiosk):
    speak()
    assert pseudo.NAME in kiosk().get("/k/to-hieu-1").text
    off = kiosk(("vi", "en"))
    assert pseudo.NAME not in off.get("/k/to-hieu-1").text
    reply = off.get(f"/k/to-hieu-1/{pseudo.CODE}/privacy?look=contrast")
    assert reply.status_code == 302
    assert reply.headers["Location"] == "/k/to-hieu-1/vi/privacy?look=contrast"


@pytest.mark.parametrize(
    ("leave", "service", "demo"),
    [
        (lambda domain, where, source: source == OWN_NAME, False, False),
        (lambda domain, where, source: domain == "messages" and len(source) % 4 == 0, False, False),
        (lambda domain, where, source: where == "service-2024/satisfaction/3", False, True),
        (lambda domain, where, source: where.startswith("demo/") and len(source) > 12, True, False),
        (lambda domain, where, source: where == "service-2024/B1.2", True, True),
    ],
    ids=["its name", "a quarter of the words", "one level", "half of one questionnaire", "one question"],
)
def test_a_language_is_offered_where_enough_of_it_is_translated(leave, service, demo, speak, kiosk):
    speak(leave=leave)
    client = kiosk()
    for point, offered in (("to-hieu-1", service), ("chieng-an-1", demo)):
        assert (f'hreflang="{pseudo.CODE}"' in client.get(f"/k/{point}").text) is offered, point


def test_an_answer_in_another_language_is_stored_with_its_number(speak, kiosk, database):
    from sqlalchemy import text

    speak()
    client = kiosk()
    page = client.get(f"/k/to-hieu-1/{pseudo.CODE}").text
    service = re.search(r'name="service"[^>]*value="([^"]+)"', page)[1]
    mark = re.search(r'name="id"[^>]*value="([0-9a-f]{32})"', page)[1]
    item = re.search(r'<section[^>]*id="q-((?!service)[\w.]+)"', page)[1]
    sent = client.post(f"/k/to-hieu-1/{pseudo.CODE}", data={"id": mark, "service": service, item: "5"})
    assert sent.status_code == 303, sent.text
    with database.reading() as session:
        table = [row[0] for row in session.execute(text("SELECT language FROM response"))]
    assert table in ([99], [0])  # 0 where few people come for the field


def test_numbers_of_languages_never_change():
    assert LANGUAGE_CODES == NUMBERS
    assert list(NUMBERS.items())[:5] == [("vi", 1), ("en", 2), ("blt-Tavt", 3), ("blt-Latn", 4), ("hmn", 5)]
    assert [one.number for one in EVERY] == list(range(1, len(EVERY) + 1))
    assert row_type(1)["language"].itemsize == 2


def test_the_missing_words_are_listed_with_their_place(speak):
    speak(leave=lambda domain, where, source: where == "demo/A1")
    said = CliRunner().invoke(group, ["words", "missing", "hmn", "--json"])
    every = json.loads(said.stdout)
    assert {"service-2024/B1.1", "demo/A1"} <= {word["where"] for word in every}
    assert [word for word in completeness.missing(pseudo.CODE) if word.domain == "instruments"] == [
        word for word in completeness.questionnaire(pseudo.CODE, "demo") if word.where == "demo/A1"
    ]
    assert completeness.missing("vi") == completeness.missing("en") == []


def test_collecting_keeps_translations_and_shows_the_vietnamese(speak, tmp_path):
    folder = speak()
    path, _instruments = completeness.collect(pseudo.CODE, folder)
    first = path.read_bytes()
    with path.open("rb") as file:
        found = read_po(file).get("Send my answers")
    vietnamese = i18n.catalog("vi", "messages").gettext("Send my answers")
    assert found.string == f"⟦{vietnamese}⟧"
    assert found.auto_comments == [f"Tiếng Việt: {vietnamese}"]
    assert completeness.collect(pseudo.CODE, folder)[0].read_bytes() == first


def test_every_language_has_both_catalogs():
    for one in EVERY[2:]:
        for domain in completeness.DOMAINS:
            with (FOLDER / one.folder / "LC_MESSAGES" / f"{domain}.po").open("rb") as file:
                assert len(read_po(file)) > 50


def test_the_desk_shows_a_translator_what_is_missing(client, settings):
    signs_in(client, settings)
    page = client.get("/desk/languages").text
    assert 'href="/desk/languages/blt-Tavt"' in page
    one = client.get("/desk/languages/blt-Tavt").text
    assert "<code>service-2024/B1.1</code>" in one
    assert "translations/vi@taiviet/LC_MESSAGES/instruments.po" in one
    assert client.get("/desk/languages/none").status_code == 404


def test_the_font_of_a_script_comes_only_with_its_language(kiosk, monkeypatch):
    assert "tai-viet" not in kiosk(("vi", "en", "blt-Tavt")).get("/k/to-hieu-1").text, "nothing is translated yet"
    monkeypatch.setattr(completeness, "enough", lambda code, instrument="", version=None: True)
    monkeypatch.setattr(completeness, "own_name", lambda code: code)
    client = kiosk(("vi", "blt-Tavt"))
    sheet = re.search(r'href="(/static/css/tai-viet\.\w+\.css)"', client.get("/k/to-hieu-1").text)[1]
    font = re.search(r"url\(\"?\.\./(fonts/noto-sans-tai-viet\.\w+\.woff2)", client.get(sheet).text)[1]
    assert client.get(f"/static/{font}").mimetype == "font/woff2"
    assert font in client.get("/k/to-hieu-1/worker.js").text
    assert "/k/to-hieu-1/blt-Tavt?shell=" in client.get("/k/to-hieu-1/worker.js").text


def test_a_language_that_nobody_knows_is_refused():
    assert load_settings({"SIPAS_LANGUAGES": "hmn, en"}).languages == ("vi", "hmn", "en")
    with pytest.raises(Exception, match="there is no language “xx”"):
        load_settings({"SIPAS_LANGUAGES": "vi,xx"})
