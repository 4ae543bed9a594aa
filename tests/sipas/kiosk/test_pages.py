"""The questionnaire is the same bytes for everybody, but for one id; and says truly how long it takes."""

from __future__ import annotations

import gzip
import re
from dataclasses import replace

import pytest

from sipas import clock, create_app, i18n
from sipas.fieldwork.asking import AskingPoints
from sipas.kiosk import pages
from sipas.kiosk.faces import face_of
from sipas.kiosk.point_view import PointView
from sipas.kiosk.screens import seconds
from surveys import Scale
from tests.make import a_point, a_wave

ID = re.compile(rb'name="id" value="([0-9a-f]{32})"')


@pytest.fixture
def kiosk(app, database, settings):
    a_point(database, "to-hieu-1", form="short")
    a_point(database, "to-hieu-2", form="full")
    a_wave(database, settings, opens_on=clock.today())
    return app.test_client()


def test_the_page_is_the_same_for_everybody_but_for_the_id(kiosk):
    seen = [
        kiosk.get("/k/to-hieu-1/vi", headers=headers).data
        for headers in ({}, {"User-Agent": "Old Phone"}, {"Cookie": "who=me"}, {"Accept-Language": "de"})
    ]
    ids = {ID.search(page)[1] for page in seen}
    assert len(ids) == 4
    assert len({ID.sub(b"", page) for page in seen}) == 1


def test_the_compressed_page_is_the_page(kiosk):
    plain = kiosk.get("/k/to-hieu-2/vi")
    packed = kiosk.get("/k/to-hieu-2/vi", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"
    assert ID.sub(b"", gzip.decompress(packed.data)) == ID.sub(b"", plain.data)
    assert len(packed.data) < 12_000  # with its style, and all 18 questions


def test_a_page_with_a_gap_survives_any_middle():
    page = pages.Page.of("Đầu" * 500 + pages.SLOT + "đuôi" * 500)
    for middle in (b"", b"0" * 32, bytes(range(256))):
        assert gzip.decompress(page.gzipped(middle)) == page.before + middle + page.after


def test_a_page_is_rendered_once_for_each_place_and_language(kiosk, monkeypatch):
    pages._prepared.cache_clear()
    for path in ("/k/to-hieu-1/vi", "/k/to-hieu-1/en", "/k/to-hieu-2/vi"):
        for _ in range(3):
            kiosk.get(path)
    assert pages._prepared.cache_info().misses == 3


def test_a_renamed_point_shows_its_new_name_after_a_moment(kiosk, database):
    from sipas.fieldwork.points import point

    kiosk.application.extensions["sipas.kiosk"] = AskingPoints(database, seconds=0.0)
    kiosk.get("/k/to-hieu-1/vi")
    with database.writing() as session:
        point(session, "to-hieu-1").name = "Quầy số 1"
    assert "Quầy số 1" in kiosk.get("/k/to-hieu-1/vi").text


def length(app, form, language, chosen=False):
    """Seconds of the form at a ward with its twelve services, each of them read."""
    with app.test_request_context(), i18n.speaking(language):
        place = PointView.of(
            app.extensions["sipas.kiosk"].at({"short": "to-hieu-1", "full": "to-hieu-2"}[form], clock.today())
        )
        assert len(place.services) == 12
        return seconds(pages.form_of(place), chosen)


@pytest.mark.parametrize("language", i18n.LANGUAGES)
def test_the_short_form_takes_no_longer_than_ninety_seconds_even_for_whoever_reads_every_service(kiosk, language):
    assert 45 < length(kiosk.application, "short", language) <= 90
    assert length(kiosk.application, "full", language) > 110


def test_each_word_and_each_touch_counts(kiosk):
    with kiosk.application.test_request_context(), i18n.speaking("en"):
        place = PointView.of(kiosk.application.extensions["sipas.kiosk"].at("to-hieu-1", clock.today()))
        before = seconds(pages.form_of(place))
        more = replace(place, services=(*place.services, ("new", (("vi", "Mới"), ("en", "Quite – a new field")))))
        assert seconds(pages.form_of(more)) == pytest.approx(before + 4 / 2.5)  # a dash is no word
        names = " ".join(dict(names)["en"] for _, names in place.services).split()
        asked = "What did you come here for? Please choose one. Every question after this may be skipped."
        without = seconds(pages.form_of(place), chosen=True)
        assert without == pytest.approx(before - (len(names) + len(asked.split())) / 2.5 - 1.2)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/k/to-hieu-1", "6 questions, about a minute and a half."),
        ("/k/to-hieu-1?service=dat-dai", "6 questions, about one minute."),
        ("/k/to-hieu-2", "15 questions, about 2 minutes."),
    ],
)
def test_the_first_page_says_the_modelled_time(kiosk, path, words):
    assert words in kiosk.get(path).text


@pytest.mark.parametrize(
    ("levels", "satisfied", "faces"),
    [
        (5, (4, 5), [1, 2, 3, 4, 5]),
        (3, (2, 3), [2, 4, 5]),
        (4, (3, 4), [1, 2, 4, 5]),
        (2, (2,), [2, 5]),
        (11, (10, 11), [1, 1, 2, 2, 3, 3, 3, 4, 4, 5, 5]),
    ],
)
def test_a_face_means_the_same_on_every_scale(levels, satisfied, faces):
    scale = Scale("s", tuple("abcdefghijk"[:levels]), satisfied)
    assert [face_of(level, scale) for level in range(1, levels + 1)] == faces


def test_a_slash_too_many_and_capitals_lead_to_the_page_all_the_same(app, database, settings):
    a_point(database, "to-hieu-1")
    a_wave(database, settings, opens_on=clock.today())
    client = app.test_client()
    for typed in ("/k/to-hieu-1/?look=large", "/k/TO-HIEU-1?look=large", "/k/To-Hieu-1/?look=large"):
        reply = client.get(typed)
        assert (reply.status_code, reply.headers["Location"]) == (308, "/k/to-hieu-1?look=large")
    assert client.get("/k/To-Hieu-1/vi").headers["Location"] == "/k/to-hieu-1/vi"
    assert client.get("/k/nowhere/").headers["Location"] == "/k/nowhere"
    assert client.get("/k/nowhere").status_code == 404


def test_what_one_visitors_address_says_stands_on_nobody_elses_page(kiosk):
    pages._prepared.cache_clear()
    for page in ("/k/to-hieu-1/vi", "/k/to-hieu-1/vi/thanks"):
        kiosk.get(f"{page}?lang=en&look=contrast&other=evil")
        kiosk.get(f"{page}?lang=evil")
        text = kiosk.get(page).get_data(as_text=True)
        assert "evil" not in text
        assert not re.search("[?&;]lang=", text)


def test_a_packed_page_of_thanks_is_the_plain_one(kiosk):
    page = "/k/to-hieu-1/vi/thanks"
    packed = kiosk.get(page, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == kiosk.get(page).data
    assert "done=1" in packed.headers["Set-Cookie"]


def test_a_remembered_page_of_thanks_offers_the_languages_of_its_own_settings(kiosk, database, settings):
    """What a process remembers is shared by its applications, so the offer is part of the key."""
    path = "/k/to-hieu-1/vi/thanks"
    both = kiosk.get(path).text
    alone = create_app(replace(settings, languages=("vi",))).test_client().get(path).text
    assert 'lang="en"' in both
    assert 'lang="en"' not in alone


def test_a_questionnaire_without_skip_logic_has_neither_its_rules_nor_its_script(app, database, settings):
    a_point(database, "to-hieu-1", form="short")
    a_wave(database, settings, version=1, opens_on=clock.today())
    page = app.test_client().get("/k/to-hieu-1/vi")
    assert page.text.count("<style>") == 1
    assert not any(word in page.text for word in ("route", "only-if", "data-asked-if", "data-to="))
    assert page.headers["Content-Security-Policy"].count("sha256-") == 1
