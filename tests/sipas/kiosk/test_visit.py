"""A visit, from the first page to the stored row, with a browser that knows no scripts."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from sqlalchemy import select

import surveys
from sipas import clock
from sipas.intake.models import Response
from tests.make import a_point, a_wave, all_comments
from tests.people import Visitor


@pytest.fixture
def kiosk(app, database, settings):
    """A kiosk in Tô Hiệu with the short form, and a web point in Chiềng An with every kind of question."""
    a_point(database, "to-hieu-1", "03646", form="short")
    a_point(database, "chieng-an-1", "03664", form="full", channel="web")
    a_wave(database, settings, "w1", "service-2024", opens_on=clock.today(), at=["to-hieu-1"])
    a_wave(database, settings, "w2", "demo", opens_on=clock.today(), at=["chieng-an-1"], simulated=True)
    return app.test_client()


def visitor_at(client, point="to-hieu-1", language="vi"):
    visitor = Visitor(client, point, language)
    visitor.opens_the_questionnaire()
    return visitor


def stored(database, model=Response):
    with database.reading() as session:
        return list(session.scalars(select(model)))


def test_the_first_page_says_how_much_and_leads_on_in_each_language(kiosk):
    page = kiosk.get("/k/to-hieu-1").text
    assert "6 questions, about" in page
    for language in ("vi", "en"):
        assert re.search(rf'<a class="start" lang="{language}"[^>]* href="/k/to-hieu-1/{language}"', page)


def test_a_short_visit_is_stored_byte_for_byte(kiosk, database):
    visitor = visitor_at(kiosk, language="en")
    said = {"service": "dat-dai", "O": 5, "B1.2": 1, "B2.2": 3, "F": "yes", "B5.2": "na", "sex": "m", "age": "over-60"}
    for item, value in said.items():
        visitor.answers(item, value)
    visitor.reads_thanks(visitor.sends())
    [row] = stored(database)
    instrument = surveys.load("service-2024")
    got = dict(zip((item.code for item in instrument.items), row.answers, strict=True))
    assert {code: byte for code, byte in got.items() if byte != surveys.NOT_ASKED} == {
        "O": 5,
        "B1.2": 1,
        "B2.2": 3,
        "B3.2": surveys.NOT_ANSWERED,
        "B4.1": surveys.NOT_ANSWERED,
        "F": 2,
        "B5.2": surveys.NOT_APPLICABLE,
    }
    assert (row.sex, row.age, row.language) == (2, 5, 2)


def test_every_kind_of_answer_arrives(kiosk, database, settings):
    visitor = visitor_at(kiosk, "chieng-an-1")
    for item, value in {"service": "ho-tich", "how": "online", "better": ["waiting", "attitude"], "trips": 9}.items():
        visitor.answers(item, value)
    visitor.answers("comment", "Chờ lâu.\r\nGọi 0912345678")
    visitor.reads_thanks(visitor.sends())
    [row], [comment] = stored(database), all_comments(database, settings)
    assert list(row.answers) == [0, 0, 0, 0, 0, surveys.NOT_ASKED, 2, 1 + 0b1001, 10]
    assert (row.sex, row.age) == (0, 0)
    assert comment.text == "Chờ lâu.\nGọi […]"


def test_two_kiosks_ask_what_their_waves_ask_and_keep_their_answers_apart(kiosk, database):
    for point in ("to-hieu-1", "chieng-an-1"):
        visitor = visitor_at(kiosk, point)
        visitor.answers_everything(4)
        visitor.reads_thanks(visitor.sends())
    one, two = sorted(stored(database), key=lambda row: row.wave)
    assert (one.wave, two.wave) == (1, 2)
    assert one.point != two.point
    assert one.unit != two.unit
    assert one.cluster != two.cluster
    assert len(one.answers) != len(two.answers)


@pytest.mark.parametrize(("language", "error"), [("en", "Error:"), ("vi", "Lỗi:")])
def test_what_is_missing_is_said_first_and_at_the_field_and_nothing_chosen_is_lost(kiosk, database, language, error):
    visitor = visitor_at(kiosk, language=language)
    visitor.answers("B2.2", 2)
    reply = visitor.sends()
    assert reply.status_code == 422
    page = reply.text
    assert f"<title>{error}" in page
    words = re.search(r'<li><a href="#q-service">([^<]+)</a></li>', page)[1]
    assert page.index('id="errors"') < page.index("<form")
    assert f"<strong>{error}</strong> {words}" in page
    assert re.search(r'name="B2.2" id="B2.2-2" value="2" checked', page)
    assert len(re.findall(" checked", page)) == 1
    assert f'name="id" value="{visitor.said["id"]}"' in page
    assert stored(database) == []


@pytest.mark.parametrize("said", [{}, {"sex": "f"}, {"B5.2": "na"}, {"O": ""}])
def test_at_least_one_question_must_have_an_answer(kiosk, database, said):
    visitor = visitor_at(kiosk)
    visitor.said |= {"service": "ho-tich", **said}
    reply = visitor.sends()
    assert reply.status_code == 422
    assert '<li><a href="#q-O">' in reply.text
    assert stored(database) == []


@pytest.mark.parametrize(
    ("point", "item", "value"),
    [
        ("to-hieu-1", "O", "6"),
        ("to-hieu-1", "O", "na"),
        ("to-hieu-1", "service", "astrology"),
        ("to-hieu-1", "age", "17"),
        ("chieng-an-1", "better", ["waiting", "everything"]),
        ("chieng-an-1", "trips", "-1"),
        ("chieng-an-1", "comment", "x" * 501),
    ],
)
def test_an_answer_that_no_page_offers_is_refused_where_it_stands(kiosk, database, point, item, value):
    visitor = visitor_at(kiosk, point)
    visitor.answers_everything(4)
    visitor.said[item] = value
    reply = visitor.sends()
    assert reply.status_code == 422
    assert reply.text.count('class="wrong"') == 1
    assert stored(database) == []


def test_an_answer_without_an_id_of_ours_counts_all_the_same(kiosk, database):
    for odd in ("", "x" * 32, "<script>", None):
        visitor = visitor_at(kiosk)
        visitor.answers_everything(4)
        visitor.said["id"] = odd or ""
        if odd is None:
            del visitor.said["id"]
        visitor.reads_thanks(visitor.sends())
    assert len(stored(database)) == 4


def test_only_the_last_page_thanks(kiosk):
    for path in ("", "/vi", "/en", "/vi/privacy", "/en/privacy"):
        heading = re.search(r"<h1[^>]*>(.*?)</h1>", kiosk.get("/k/to-hieu-1" + path).text, re.DOTALL)[1]
        assert "Cảm ơn" not in heading
        assert "Thank you" not in heading
    assert "<h1>Thank you!</h1>" in kiosk.get("/k/to-hieu-1/en/thanks").text


def test_no_page_may_be_kept_by_a_cache(kiosk):
    for path in ("", "/vi", "/vi/privacy", "/vi/thanks"):
        assert kiosk.get("/k/to-hieu-1" + path).headers["Cache-Control"] == "no-store"
    assert kiosk.post("/k/to-hieu-1/vi").headers["Cache-Control"] == "no-store"


def test_a_simulated_wave_says_so_on_every_page(kiosk):
    for path in ("/en", "/en/privacy", "/en/thanks"):
        assert "this is not a real survey" in kiosk.get("/k/chieng-an-1" + path).text
        assert "this is not a real survey" not in kiosk.get("/k/to-hieu-1" + path).text


def test_a_point_that_does_not_exist_or_asks_nothing_gets_a_friendly_page(kiosk, database):
    a_point(database, "not-yet", "03646", opened_on=clock.today() + dt.timedelta(days=1))
    for point in ("nowhere", "not-yet"):
        for path in ("", "/vi", "/en/thanks"):
            reply = kiosk.get(f"/k/{point}{path}")
            assert reply.status_code == 404
            assert reply.text.count("<h1") == 1
