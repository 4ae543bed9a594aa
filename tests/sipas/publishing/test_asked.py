"""From a "no" at the gate to a published figure that leaves that person out; how many were asked is said."""

from __future__ import annotations

import datetime as dt
import json

import pyarrow.compute as pc
import pytest

from analysis import CodebookQuestion, design_weights, estimate, item_response, read_snapshot, tabulate
from analysis.data.snapshot import content_digest
from analysis.disclosure.policy import Policy
from analysis.disclosure.safe_table import SafeTable
from sipas import clock, i18n
from sipas.accounts.decisions import typed
from sipas.fieldwork.waves import close_wave
from sipas.publishing.build import build, release_figures
from sipas.publishing.freeze import freeze
from sipas.publishing.published import published_release
from sipas.publishing.release_view import ReleaseView
from sipas.publishing.review import approve, publish
from surveys import load
from tests.make import a_point, a_response, a_wave
from tests.people import Visitor

TODAY = dt.date(2026, 9, 30)
WEEKS = [dt.datetime(2026, 9, day, 3, tzinfo=dt.timezone.utc) for day in (2, 9, 16, 23, 29)]

POINTS = ("to-hieu-1", "chieng-an-1")


def two_points(database, form="short"):
    """With five weeks they give a release the degrees of freedom that it needs."""
    for point, unit in zip(POINTS, ("03646", "03664"), strict=True):
        a_point(database, point, unit, form=form)


def asked(database, settings, yes: int, no: int, silent: int = 0, form="short"):
    """A frozen wave of the demo questionnaire: of those with feedback every fifth passes the question on it over, and
    of the others two in three are satisfied with how it was heard."""
    two_points(database, form)
    a_wave(database, settings, "w1", "demo")
    for number in range(yes + no + silent):
        gave = "yes" if number < yes else "no" if number < yes + no else ""
        heard = "" if number % 5 == 4 else "5" if number % 3 else "2"
        answers = {"O": "4", "A2": "4" if number % 7 else "2", "gave": gave, "heard": heard}
        a_response(database, settings, POINTS[number % 2], moment=WEEKS[number % 5], answers=answers)
    with database.writing() as session:
        close_wave(session, "w1", TODAY)
    return freeze(database, settings.home, "w1", TODAY)


def test_the_snapshot_says_who_was_not_asked_after_which_answer_and_what_each_number_means(database, settings):
    frozen = asked(database, settings, yes=30, no=70, silent=20)
    table, codebook = frozen.table(), frozen.codebook
    heard = table["heard"].to_pylist()
    assert (heard.count(-2), heard.count(None), len(heard)) == (90, 6, 120)
    assert pc.all(pc.equal(table["A1"], -2)).as_py()  # the full form's item
    assert codebook.not_asked == (-2,)
    assert codebook.asked_if == (("heard", "gave", (2,)),)
    demo = load("demo")
    assert codebook.questions == (
        CodebookQuestion("gave", "choice", demo.item("gave").text, ((1, "Không"), (2, "Có"))),
    )
    assert read_snapshot(frozen.path).codebook == codebook
    assert content_digest(frozen.path) == frozen.digest


def test_the_full_form_explains_every_kind_of_question(database, settings):
    frozen = asked(database, settings, yes=1, no=1, form="full")
    said = {one.code: (one.kind, one.labels) for one in frozen.codebook.questions}
    assert said["how"] == ("choice", ((1, "Tại quầy"), (2, "Qua mạng"), (3, "Qua bưu điện")))
    assert said["better"] == (
        "several", ((1, "Thời gian chờ"), (2, "Giấy tờ phải nộp"), (4, "Hướng dẫn"), (8, "Thái độ phục vụ")),
    )  # fmt: skip
    assert said["trips"] == ("count", ((10, "9+"),))
    assert set(said) | set(frozen.codebook.item_codes) == {item.code for item in load("demo").items}


def test_the_denominator_leaves_out_who_was_not_asked_and_nonresponse_is_of_those_who_were(database, settings):
    cells = tabulate(asked(database, settings, yes=30, no=70, silent=20))
    row = estimate(cells, design_weights(cells)).row("heard")
    assert (row["n"], row["answers"]) == (24, 24)
    assert row["estimate"] == pytest.approx(16 / 24)
    told = {one.item: one for one in item_response(cells)}["heard"]
    assert (told.missing, told.not_asked, told.nonresponse) == (6, 90, 6 / 30)


def test_a_release_says_how_many_were_asked_as_roundly_as_its_figures(database, settings):
    frozen = asked(database, settings, yes=43, no=77)
    table, _ = release_figures(frozen, ())
    assert table.about["asked"] == {"heard": 45}
    assert table.row("heard")["n"] == 35  # 35 of 43 answered
    assert SafeTable.from_json(table.to_json()) == table
    code = release(database, settings)
    manifest = published_release(settings.home, code).manifest
    assert manifest["asked"] == {"heard": 45}
    assert "43" not in json.dumps({name: manifest[name] for name in ("asked", "instrument", "responses")})


@pytest.mark.parametrize(("yes", "no"), [(9, 111), (5, 115), (112, 8), (119, 1)])
def test_a_number_that_would_tell_of_a_few_is_not_said(database, settings, yes, no):
    frozen = asked(database, settings, yes=yes, no=no)
    table, _ = release_figures(frozen, ())
    assert "asked" not in table.about
    view = ReleaseView(manifest_of(database, settings), table, "en")
    assert len(view.asked_of_some) == 1
    assert not any(letter.isdigit() for letter in view.asked_of_some[0])


@pytest.mark.parametrize("yes", [12, 17, 23, 58, 110])
def test_what_is_said_is_no_less_than_the_figure_and_never_below_the_least(database, settings, yes):
    table, _ = release_figures(asked(database, settings, yes=yes, no=120 - yes), ())
    told, policy = table.about.get("asked", {}).get("heard"), Policy()
    shown = table.row("heard")
    assert (told is None) == shown["withheld"]
    if told is not None:
        assert told == policy.people(yes)
        assert told >= max(policy.minimum, shown["n"])
        assert told % policy.rounding == 0


def release(database, settings):
    code = build(database, settings, "w1", typed("Lò Thị Hoa"), TODAY)
    approve(database, settings.home, code, typed("Cầm Văn An"), TODAY)
    publish(database, settings.home, code, TODAY)
    return code


def manifest_of(database, settings):
    code = build(database, settings, "w1", typed("Lò Thị Hoa"), TODAY)
    return json.loads((settings.paths.draft(code) / "release.json").read_text(encoding="utf-8"))


def test_pages_and_files_of_the_release_say_it_in_both_languages(client, database, settings):
    asked(database, settings, yes=43, no=77)
    code = release(database, settings)
    said = {
        "en": "Asked only of those who answered “Yes” to “Did you give the office any feedback, suggestion or "
        "complaint about this matter?”, about 45 people: “How the office received and answered your feedback”.",
        "vi": "Chỉ hỏi những người đã trả lời “Có” ở câu “Ông/Bà có góp ý, phản ánh hay kiến nghị gì với cơ quan về hồ "
        "sơ này không?”, khoảng 45 người: “Việc cơ quan tiếp nhận và trả lời góp ý của Ông/Bà”.",
    }  # fmt: skip
    for language, sentence in said.items():
        for page in ("method", ""):
            assert sentence in client.get(f"/results/{code}/{page}?lang={language}", follow_redirects=True).text, page
    folder = settings.home / "releases" / code
    pages = [path.read_text(encoding="utf-8") for path in folder.glob("*.html")]
    assert all(any(sentence in page for page in pages) for sentence in said.values())


def test_a_release_of_a_questionnaire_without_skip_logic_says_nothing_of_it(database, settings):
    two_points(database)
    a_wave(database, settings, version=1)
    for number in range(120):
        level = "5" if number % 3 else "2"
        a_response(
            database, settings, POINTS[number % 2], moment=WEEKS[number % 5], answers={"O": level, "B1.0": level}
        )
    with database.writing() as session:
        close_wave(session, "w1", TODAY)
    freeze(database, settings.home, "w1", TODAY)
    told = manifest_of(database, settings)
    assert "asked" not in told
    assert not any("asked_if" in item for item in told["instrument"]["items"])
    with i18n.speaking("en"):
        assert ReleaseView(told, None, "en").asked_of_some == ()


def test_from_a_no_at_the_gate_to_a_figure_that_leaves_that_person_out(app, database, settings, monkeypatch):
    """The journey of skip logic, walked as visitors without scripts walk it."""
    two_points(database)
    a_wave(database, settings, "w1", "demo")
    for number in range(120):
        monkeypatch.setattr(clock, "now", lambda: WEEKS[number % 5])  # noqa: B023
        visitor = Visitor(app.test_client(), POINTS[number % 2], "vi" if number % 3 else "en")
        visitor.opens_the_questionnaire()
        visitor.answers("service", "ho-tich")
        visitor.answers("O", 4)
        visitor.answers("A2", 4 if number % 7 else 2)
        visitor.answers("gave", "yes" if number < 40 else "no")
        visitor.answers("heard", 2 if number < 10 else 5)  # whoever said "no" had changed her mind
        visitor.reads_thanks(visitor.sends())
    with database.writing() as session:
        close_wave(session, "w1", TODAY)
    freeze(database, settings.home, "w1", TODAY)
    code = release(database, settings)
    found = published_release(settings.home, code)
    row = found.table.row("heard")
    assert (row["n"], row["estimate"]) == (40, 0.75)  # with the eighty who said "no" it would be 0.917 of 120
    assert found.manifest["asked"] == {"heard": 40}
    assert found.table.row("O")["n"] == 120
