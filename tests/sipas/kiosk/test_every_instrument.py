"""Every instrument, in each form and language, is a page that a visitor can answer; a new file is covered unasked."""

from __future__ import annotations

import re

import pytest
from markupsafe import escape

import surveys
from sipas import clock, i18n
from tests.make import a_point, a_wave
from tests.people import Visitor

EVERY = [
    (code, form, language) for code in surveys.catalogue() for form in surveys.FORMS for language in i18n.LANGUAGES
]


@pytest.mark.parametrize(("code", "form", "language"), EVERY)
def test_every_instrument_can_be_answered(app, database, settings, code, form, language):
    a_point(database, form=form)
    a_wave(database, settings, instrument=code, opens_on=clock.today())
    page = app.test_client().get(f"/k/to-hieu-1/{language}").text

    with i18n.speaking(language):
        words = surveys.translated(surveys.load(code), i18n.instrument_text)
    assert f'<html lang="{language}">' in page
    assert page.count("<h1") == 1
    assert f"<title>{escape(words.title)}" in page
    asked = [item for item in words.items if form in item.forms]
    for item in asked:
        assert escape(item.text) in page, item.code
        assert f'id="q-{item.code}"' in page
        na = re.search(rf'name="{re.escape(item.code)}" id="[^"]+" value="na"[^>]*><span[^>]*><span[^>]*>([^<]+)', page)
        assert (na[1] if na else "") == item.not_applicable
    for item in words.items:
        assert (f'name="{item.code}"' in page) == (form in item.forms)
    assert not re.search(r"<(input|textarea|select)[^>]*\brequired\b", page)
    assert f"{len(asked) + 2} / {len(asked) + 2}" in page

    visitor = Visitor(app.test_client(), "to-hieu-1", language)
    visitor.opens_the_questionnaire()
    visitor.answers_everything(1)
    thanks = visitor.reads_thanks(visitor.sends())
    assert thanks.startswith({"vi": "Cảm ơn", "en": "Thank you"}[language])


@pytest.mark.parametrize("code", surveys.catalogue())
def test_each_input_has_its_words_beside_it(app, database, settings, code):
    a_point(database)
    a_wave(database, settings, instrument=code, opens_on=clock.today())
    page = app.test_client().get("/k/to-hieu-1/en").text
    ids = re.findall(r'<(?:input|textarea)(?![^>]*type="hidden")[^>]*\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids)) > 5
    for one in ids:
        wrapped = re.search(rf'<label class="(?:option|look)[^>]*>\s*<input[^>]*id="{re.escape(one)}"', page)
        assert wrapped or f'for="{one}"' in page, one
    everything = re.findall(r'\bid="([^"]+)"', page)
    assert len(everything) == len(set(everything))
