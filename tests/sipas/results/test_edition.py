"""Figures and the words that belong to them, charts, and the page inside a release folder."""

from __future__ import annotations

import re

import pytest

from analysis.disclosure.suppress import suppress
from sipas import i18n
from sipas.publishing.charts import Axis, agreeing, spread
from sipas.publishing.note_words import of_some
from sipas.publishing.origins import WordingOrigin, wording_origins
from sipas.publishing.page import render
from sipas.publishing.published import open_folder
from sipas.publishing.release_view import WORDS, Figure, Group, NamedFigure, ReleaseView
from tests.make_release import a_release

ROW = {"withheld": False, "n": 200, "estimate": 0.84, "low": 0.78, "high": 0.89, "reliability": "shown"}


def a_figure(low, value, high) -> Figure:
    return Figure("shown", 100, value, low, high)


def test_a_figure_too_uncertain_to_show_keeps_its_respondents_and_loses_its_values():
    figure = Figure.of({**ROW, "reliability": "hidden"})
    assert (figure.state, figure.n, figure.value, figure.low, figure.high) == ("hidden", 200, None, None, None)


def test_a_share_without_an_interval_is_not_shown():
    assert Figure.of({**ROW, "low": None, "high": None, "reliability": "review"}).state == "hidden"


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"reliability": "note"}, "note"),
        ({"reliability": "review"}, "review"),
        ({"n": 0}, "none"),
        ({"withheld": True}, "withheld"),
    ],
)
def test_every_row_has_a_word(changes, state):
    figure = Figure.of({**ROW, **changes})
    assert figure.state == state
    assert figure.word == WORDS[state]
    assert figure.visible == (state in ("note", "review"))


def test_an_axis_holds_every_interval_and_stays_within_the_scale():
    figures = [a_figure(0.31, 0.4, 0.52), a_figure(0.9, 0.97, 0.998), Figure("withheld")]
    axis = Axis.over(figures)
    assert (axis.low, axis.high) == (pytest.approx(0.3), pytest.approx(1.0))
    assert axis.across(0.3) == "0.0%"
    assert axis.across(1.0) == "100.0%"
    assert axis.down(1.0, 200) == "0.0"


def test_an_axis_without_figures_is_the_whole_scale():
    assert (Axis.over([]).low, Axis.over([]).high) == (0, pytest.approx(1))


def test_places_of_a_spread_lie_within_the_chart_in_order():
    groups = [Group("a", tuple(NamedFigure(str(i), "", a_figure(0.1, 0.2, 0.3)) for i in range(40))) for _ in range(3)]
    places = [float(place[:-1]) for place, _ in spread(groups)]
    assert places == sorted(places)
    assert 9 < places[0] < places[-1] < 100


def test_agreeing_counts_only_what_is_shown():
    figures = [a_figure(0.7, 0.8, 0.9), a_figure(0.9, 0.95, 0.99), Figure("withheld"), Figure("none", 0)]
    assert agreeing(figures, a_figure(0.8, 0.82, 0.84)) == (1, 2)


@pytest.mark.parametrize("language", i18n.LANGUAGES)
def test_names_are_in_the_readers_language(settings, language):
    issue = open_folder(a_release(settings.home))
    edition = ReleaseView(issue.manifest, issue.table, language)
    assert edition.name("units", "03646") == {"vi": "Phường Tô Hiệu", "en": "Tô Hiệu ward"}[language]
    assert edition.name("services", "dat-dai") == {"vi": "Đất đai", "en": "Land"}[language]


def test_what_the_table_does_not_hold_has_no_answers_and_no_row_among_services():
    names = {"ho-tich": "Civil status", "xay-dung": "Construction", "dat-dai": "Land"}
    told = [({}, 400), ({"field": "ho-tich"}, 200), ({"field": "dat-dai"}, 200)]
    rows = [{**ROW, "of": of, "domain": where, "n": n} for of in ("overall", "O", "B1") for where, n in told]
    manifest = {
        "release": "w-r1",
        "instrument": {
            "factors": [{"code": "B1", "text": "Tiếp cận", "text_en": "Access"}],
            "items": [{"code": "O", "text": "Nói chung", "text_en": "This visit as a whole", "factor": None}],
        },
        "units": [],
        "services": [{"code": code, "name": code, "name_en": name} for code, name in names.items()],
    }
    view = ReleaseView(manifest, suppress(rows), "en")
    assert view.figure(unit="nowhere") == Figure("none", 0)
    assert view.figure().tried[0] < 0.78 < 0.89 < view.figure().tried[1]
    before = ReleaseView({**manifest, "method": {"version": "sipas-method 1"}}, view.table, "en")
    assert before.figure() == Figure("shown", 400, 0.84, 0.78, 0.89)  # as it was published
    assert [(row.text, row.figure.n) for row in view.services()] == [("Civil status", 200), ("Land", 200)]
    assert [(row.code, row.text, row.figure.n) for row in view.factors()] == [
        ("overall", "All questions together", 400), ("O", "This visit as a whole", 400), ("B1", "Access", 400),
    ]  # fmt: skip


def test_a_question_that_some_alone_were_asked_is_said_with_the_condition_and_about_how_many():
    gate = {"text": "Có góp ý không?", "text_en": "Any complaint?", "answers": ["Có"], "answers_en": ["Yes"]}
    heard = {"code": "heard", "text": "Tiếp nhận góp ý", "text_en": "How it was heard", "asked_if": [gate]}
    manifest = {"instrument": {"items": [{"code": "O", "text": "Nói chung"}, heard]}}
    assert of_some({**manifest, "asked": {"heard": 45}}, "en") == [
        "Asked only of those who answered “Yes” to “Any complaint?”, about 45 people: “How it was heard”."
    ]
    assert of_some(manifest, "en") == [
        "Asked only of those who answered “Yes” to “Any complaint?”: “How it was heard”."
    ]


def test_a_release_speaks_of_a_city_where_its_name_is_one():
    names = ("Sơn La", "Thành phố Huế", "TP. Huế")
    assert [ReleaseView({"province": name}, None, "vi").is_city for name in names] == [False, True, True]


def test_where_questions_come_from_is_said_with_their_words_in_the_readers_language():
    seats = {"code": "B1.2", "text": "Đủ ghế ngồi chờ", "text_en": "Enough seats", "wording": "decreed"}
    desks = {"code": "X", "text": "Bàn để viết", "wording": "plain", "provenance": "ours"}  # nobody has translated it
    manifest = {"instrument": {"items": [seats, desks]}}
    assert wording_origins(manifest, "text_en") == (
        WordingOrigin("Asked in the sentences of an official text", ("Enough seats",)),
        WordingOrigin("Our own question, in words of ours", ("Bàn để viết",)),
    )


def test_signs_in_a_name_are_shown_as_they_are_and_are_no_markup(settings):
    issue = open_folder(a_release(settings.home, province="Sơn La <i>& Lai Châu"))
    html = render(issue.manifest, issue.table, "vi")
    assert "Sơn La &lt;i&gt;&amp; Lai Châu</h1>" in html
    assert "<i>" not in html


@pytest.mark.parametrize("language", i18n.LANGUAGES)
def test_the_folders_own_page_needs_nothing_but_itself(settings, language):
    issue = open_folder(a_release(settings.home))
    html = render(issue.manifest, issue.table, language)
    assert f'<html lang="{language}">' in html
    assert html.count("<h1") == 1
    assert not re.search(r"<script|<link|\ssrc=|url\(|@import", html)
    assert set(re.findall(r'href="([^"#]+)"', html)) == {"index.en.html" if language == "vi" else "index.html"}
    assert "SIMULATED" in html or "MÔ PHỎNG" in html


def test_the_folders_page_is_the_same_whatever_language_is_spoken_around_it(settings):
    issue = open_folder(a_release(settings.home))
    with i18n.speaking("vi"):
        first = render(issue.manifest, issue.table, "en")
    with i18n.speaking("en"):
        assert render(issue.manifest, issue.table, "en") == first


@pytest.mark.parametrize(
    ("language", "hidden", "withheld"),
    [
        ("vi", "chưa đủ chắc chắn để đưa ra con số", "không công bố để bảo vệ người trả lời"),
        ("en", "too uncertain to show", "not published, to protect those who answered"),
    ],
)
def test_what_is_too_uncertain_and_what_is_withheld_are_two_things(language, hidden, withheld):
    with i18n.speaking(language):
        assert Figure("hidden", 12).word == hidden
        assert Figure("withheld").word == withheld


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("vi", "Nếu người hài lòng dễ trả lời hơn người không hài lòng 1,5 lần"),
        ("en", "If satisfied people answered 1.5 times as readily"),
    ],
)
def test_the_trial_of_self_selection_is_made_from_the_published_share(settings, language, sentence):
    issue = open_folder(a_release(settings.home))
    with i18n.speaking(language):
        edition = ReleaseView(issue.manifest, issue.table, language)
        share = edition.figure().value
        assert edition.trial().startswith(sentence)
        assert i18n.percent(share / (share + 1.5 * (1 - share)), 0) in edition.trial()
        assert ReleaseView(of_method_1(issue), issue.table, language).trial() == ""


def of_method_1(issue):
    return {**issue.manifest, "method": {**issue.manifest["method"], "version": "sipas-method 1"}}


def test_drawings_show_the_band_of_the_trial_around_each_interval_and_older_releases_do_not(settings):
    issue = open_folder(a_release(settings.home))
    edition, before = (ReleaseView(one, issue.table, "en") for one in (issue.manifest, of_method_1(issue)))
    figure = edition.figure()
    low, high = (limit + half for limit, half in zip((figure.low, figure.high), (-0.0005, 0.0005), strict=True))
    assert figure.tried == (
        pytest.approx(low / (low + 1.5 * (1 - low)), abs=0.001),
        pytest.approx(high / (high + (1 - high) / 1.5), abs=0.001),
    )
    assert before.figure().tried is None
    assert edition.tried_ratio == "1.5"
    now, then = (render(one.manifest, one.table, "en") for one in (edition, before))
    axis = Axis.over([row.figure for row in edition.factors()])
    assert f'class="chart-tried" x1="{axis.across(figure.tried[0])}" x2="{axis.across(figure.tried[1])}"' in now
    assert "up to 1.5 times as readily as others" in now
    assert 'class="chart-tried"' not in then
