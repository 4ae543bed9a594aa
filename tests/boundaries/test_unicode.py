"""Text is real Unicode from end to end: through the page and through a file, on both databases."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import select

from sipas import clock, create_app
from sipas.config.settings import Settings
from sipas.importing import import_responses
from sipas.intake import redact
from sipas.intake.models import Response
from sipas.migrations import create, downgrade
from sipas.registry.importing import load_registry
from sipas.web.installation import of_app
from tests import postgres
from tests.make import a_csv, a_point, a_wave, all_comments
from tests.people import Visitor

TEXTS = [
    "Tốt 👍🏽, cả nhà 👩‍👩‍👧‍👦 đều vui 🇻🇳",
    unicodedata.normalize("NFD", "Hẹn đúng ngày, cảm ơn nhiều"),
    unicodedata.normalize("NFC", "Hẹn đúng ngày, cảm ơn nhiều"),
    "Z̴̢a̵l̷g̶o̴",
    "ꪶꪱꪀ ꪼꪕ (chữ Thái)",
    "نعم שלום हाँ 是 예 ไทย",
    "𝒢ood 𐍈 \U0001f9d1\u200d\U0001f680",
    "quotes ' \" ` \\ ; -- drop table response; %s {x} <b>&amp;</b>",
    "line\none\r\ntwo\ttab \x00 zero \x1b escape \ufeff \u202e turned",
]
A_TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200)


@pytest.fixture(
    scope="module",
    params=[
        "sqlite",
        pytest.param(
            "postgresql",
            marks=[
                pytest.mark.postgres,
                pytest.mark.skipif(postgres.programs() is None, reason="PostgreSQL's programs are not installed"),
            ],
        ),
    ],
)
def place(request, tmp_path_factory):
    """An installation with an open point on either database."""
    settings = Settings(home=tmp_path_factory.mktemp("text") / "home", point_burst=10_000)
    if request.param == "sqlite":
        yield from _installed(settings)
    else:
        with postgres.cluster() as url:
            yield from _installed(replace(settings, database_url=url))


def _installed(settings):
    database = create(settings)
    with database.writing() as session:
        load_registry(session)
    a_point(database, "to-hieu-1", "03646", form="short")
    a_wave(database, settings, opens_on=clock.today())
    app = create_app(settings)
    yield app, database, settings
    of_app(app).database.engine.dispose()
    database.engine.dispose()
    downgrade(settings, "base")


def says(app, text):
    visitor = Visitor(app.test_client(), "to-hieu-1")
    visitor.opens_the_questionnaire()
    visitor.answers_everything(4)
    visitor.answers("comment", text)
    return visitor.sends().status_code


def texts(database, settings):
    return [comment.text for comment in all_comments(database, settings)]


@pytest.mark.parametrize("text", TEXTS)
def test_what_a_visitor_writes_is_kept_as_she_wrote_it_in_the_composed_form(place, text):
    app, database, settings = place
    assert says(app, text) == 303
    kept = texts(database, settings)
    assert redact(text.replace("\r\n", "\n")) in kept
    assert all(unicodedata.is_normalized("NFC", one) for one in kept)


@given(A_TEXT)
@hypothesis_settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_text_at_all_is_lost_or_breaks_anything(place, text):
    app, database, settings = place
    assert says(app, text) == 303
    expected = redact(text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text)
    if expected and "\r" not in text:
        assert expected in texts(database, settings)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_file_in_either_normal_form_says_the_same(place, tmp_path, form):
    _, database, settings = place
    words = unicodedata.normalize(form, f"Rất hài lòng,Nữ,phiếu số 7 ✔ {form}")
    text = f"point,field,date,channel,O,sex,id\nto-hieu-1,ho-tich,{clock.today()},telephone,{words}\n"
    path = a_csv(tmp_path, text)
    assert import_responses(database, settings.home, path, "w1", None, clock.today()) == (1, 0)
    with database.reading() as session:
        rows = session.scalars(select(Response).where(Response.channel == 5)).all()
    assert {(row.answers[0], row.sex) for row in rows} == {(5, 1)}
    other = a_csv(tmp_path, unicodedata.normalize("NFD" if form == "NFC" else "NFC", text), "other.csv")
    assert import_responses(database, settings.home, other, "w1", None, clock.today()) == (0, 1)  # the same number
