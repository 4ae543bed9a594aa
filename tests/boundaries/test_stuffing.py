"""Five hundred inconspicuous answers by an open address among 224 real ones: what moves, and who says a word.

Nothing in the answers tells them: they are mostly 4 and 5, each unlike the others. So the counts of the ways say it, at
the desk, in the release, and `sipas quality` compares the open point with the one that has a screen.
"""

from __future__ import annotations

import datetime as dt
import random
from html import unescape

import pytest
from sqlalchemy import select

from sipas import clock
from sipas.accounts.decisions import typed
from sipas.fieldwork.waves import close_wave
from sipas.intake.maintenance import maintain
from sipas.intake.models import Response
from sipas.intake.ways import Way
from sipas.publishing import published
from sipas.publishing.build import build
from sipas.publishing.freeze import freeze
from sipas.publishing.release_view import ReleaseView
from surveys import load
from tests.make import a_point, a_response, a_wave
from tests.officers import signs_in
from tests.people import Visitor, text_of
from tests.sipas.estimating.calls import call, rows_of

REAL_AT_SCREEN, REAL_BY_PHONE, STUFFED = 150, 74, 500
WORD = "mười bảy con chim sẻ"


def said(rng, share, instrument):
    """One form: each question satisfied with the person's own chance."""
    own = rng.betavariate(6 * share, 6 * (1 - share))
    return {
        item: str(rng.choice((4, 5)) if rng.random() < own else rng.choice((1, 2, 3)))
        for item in instrument.forms["short"]
        if instrument.item(item).kind == "rating"
    }


@pytest.fixture
def office(database, settings):
    """A ward with a screen and, beside it, an address on a poster; 224 people answered over thirteen weeks."""
    a_point(database, "to-hieu-1", "03646", form="short")
    a_point(database, "to-hieu-2", "03646", form="short", channel="phone")
    for number in range(4):  # so that somebody else is asked too
        a_point(database, f"khac-{number}", ("03664", "03670", "03679", "03979")[number], form="short")
    opening = clock.today() - dt.timedelta(days=91)
    a_wave(database, settings, opens_on=opening)
    rng, instrument = random.Random(7), load("service-2024")
    for number in range(REAL_AT_SCREEN + REAL_BY_PHONE + 160):
        point, way = ("to-hieu-1", Way.SCREEN) if number < REAL_AT_SCREEN else ("to-hieu-2", Way.OPEN)
        if number >= REAL_AT_SCREEN + REAL_BY_PHONE:
            point, way = f"khac-{number % 4}", Way.SCREEN
        day = dt.datetime.combine(opening + dt.timedelta(days=rng.randrange(91)), dt.time(3), dt.timezone.utc)
        a_response(database, settings, point, moment=day, way=way, answers=said(rng, 0.884, instrument),
                   submission=f"{number:032x}", service=rng.choice(("ho-tich", "chung-thuc")))  # fmt: skip
    return rng, instrument


def stuff(app, rng, instrument):
    """A script posts by the open address, as any browser does."""
    visitor = Visitor(app.test_client(), "to-hieu-2")
    for number in range(STUFFED):
        if not number:
            visitor.opens_the_questionnaire()
        visitor.said |= {"id": f"{rng.getrandbits(128):032x}", "service": rng.choice(("ho-tich", "chung-thuc"))}
        visitor.said |= said(rng, 0.985, instrument)
        assert visitor.sends().status_code == 303


def figures_of(database, settings, code):
    """The ward's figure in a release, and what stands in its manifest."""
    draft = build(database, settings, code, typed("Lò Thị Mai"), clock.today())
    issue = published.open_folder(settings.home / "drafts" / draft)
    return ReleaseView(issue.manifest, issue.table, "en")


def test_what_five_hundred_inconspicuous_answers_do_and_who_says_so(app, database, settings, office, capsys):
    rng, instrument = office
    stuff(app, rng, instrument)
    maintain(database, settings.home)
    with database.reading() as session:
        assert len(session.scalars(select(Response)).all()) == 884

    client = app.test_client()
    signs_in(client, settings)
    page = text_of(unescape(client.get("/desk/wave/w1?lang=en").text))
    desk = page[page.index("How answers came") :]
    assert "to-hieu-2 0 0 574" in desk
    assert "to-hieu-1 150 0 0" in desk
    assert desk.index("to-hieu-2") < desk.index("to-hieu-1"), "most by the open address first"

    with database.writing() as session:
        close_wave(session, "w1", clock.today())
    snapshot = freeze(database, settings.home, "w1", clock.today())
    assert dict(snapshot.codebook.ways)["to-hieu-2"] == "open"
    assert dict(snapshot.codebook.ways)["to-hieu-1"] == "screen"
    (row,) = [row for row in rows_of("quality", snapshot.path) if row["what"] == "ways"]
    assert row["domain"] == {"unit": "03646"}
    assert (row["screen"], row["open"]) == (150, 574)
    assert row["flags"] == ["open higher"]
    assert row["adjusted"] < 0.01
    told = call("quality", snapshot.path).stdout
    assert "unit 03646: answers by an open address differ from those at its screens in the same fields" in told

    edition = figures_of(database, settings, "w1")
    of_unit = edition.ways("03646")
    assert "2/10 from screens that the survey set up" in of_unit
    assert "8/10 by an address at which anybody can answer" in of_unit
    figure = edition.figure(unit="03646")
    with capsys.disabled():
        print(f"\n{STUFFED} among 224: {figure.value:.3f} ({figure.low:.3f} to {figure.high:.3f}), n {figure.n};"
              f" quality: {100 * row['difference']:+.1f} points, p {row['p']:.1g}; {of_unit}")  # fmt: skip


def test_without_them_nothing_is_said_against_the_open_point(database, settings, office, capsys):
    with database.writing() as session:
        close_wave(session, "w1", clock.today())
    snapshot = freeze(database, settings.home, "w1", clock.today())
    (row,) = [row for row in rows_of("quality", snapshot.path) if row["what"] == "ways"]
    assert (row["screen"], row["open"], row["flags"]) == (150, 74, [])
    edition = figures_of(database, settings, "w1")
    figure = edition.figure(unit="03646")
    assert "7/10 from screens" in edition.ways("03646")
    assert "3/10 by an address" in edition.ways("03646")
    with capsys.disabled():
        print(f"\nthe 224 alone: {figure.value:.3f} ({figure.low:.3f} to {figure.high:.3f}); quality:"
              f" {100 * row['difference']:+.1f} points, p {row['p']:.2g}")  # fmt: skip
