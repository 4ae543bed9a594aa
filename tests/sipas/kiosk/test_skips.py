"""Each way that an answer can come ends at the same skip logic; the page says it to browsers without scripts."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner
from sqlalchemy import select

import surveys
from sipas import clock
from sipas.cli import group
from sipas.fieldwork.devices import make_code
from sipas.intake.models import Response
from sipas.kiosk import skip_sheet
from surveys import NOT_ANSWERED, NOT_ASKED, Condition, Instrument, Item, Option
from tests.make import a_point, a_wave, some_codes
from tests.sealing import Device, said, sealed

DEMO = surveys.load("demo")
NO_BUT_SAID = {"service": "ho-tich", "O": "4", "gave": "no", "heard": "5"}


@pytest.fixture(autouse=True)
def kiosk(database, settings):
    a_point(database, "to-hieu-1", form="short")
    a_wave(database, settings, "w1", "demo", opens_on=clock.today(), partial="keep")


def stored(database):
    """Item -> byte of the one row, without the other form's items."""
    with database.reading() as session:
        (row,) = session.scalars(select(Response)).all()
    packed = dict(zip((item.code for item in DEMO.items), row.answers, strict=True))
    return {code: packed[code] for code in DEMO.forms["short"]}


def posts(client, **more):
    return client.post("/k/to-hieu-1/vi", data={"id": "a" * 32, **NO_BUT_SAID, **more})


DROPPED = {"O": 4, "A2": 0, "R1": 0, "gave": 1, "heard": NOT_ASKED}


def test_a_form_that_was_posted(client, database):
    assert posts(client).status_code == 303
    assert stored(database) == DROPPED


def test_a_form_with_a_service_chosen_before(client, database):
    reply = client.post("/k/to-hieu-1/vi?service=ho-tich", data={"id": "a" * 32, **NO_BUT_SAID})
    assert reply.status_code == 303
    assert stored(database) == DROPPED


def test_a_form_left_in_the_middle(client, database):
    assert posts(client, unfinished="1").status_code == 204
    assert stored(database) == DROPPED


def test_a_form_with_an_invitation_code(client, database, settings):
    (code,) = some_codes(database, settings)
    assert client.post(f"/q/{code}/vi", data={"id": "a" * 32, **NO_BUT_SAID}).status_code == 303
    assert stored(database) == DROPPED


@pytest.mark.parametrize("unfinished", [False, True])
def test_a_sealed_form(client, database, settings, unfinished):
    with database.writing() as session:
        code = make_code(session, "to-hieu-1", clock.now())
    device = Device(client)
    device.enrols(code)
    message = sealed(settings.home, said(NO_BUT_SAID, unfinished=unfinished), instrument="demo", version="1")
    assert device.sends(message).json["outcomes"] == ["stored"]
    assert stored(database) == DROPPED


def test_the_probe_finds_the_way_whole(database, settings, monkeypatch):
    monkeypatch.setenv("SIPAS_HOME", str(settings.home))
    monkeypatch.delenv("SIPAS_ADDRESS", raising=False)
    told = CliRunner().invoke(group, ["probe", "to-hieu-1"])
    assert told.exit_code == 0, told.output
    with database.reading() as session:
        rows = [dict(zip(DEMO.forms["full"], row.answers, strict=True)) for row in session.scalars(select(Response))]
    assert len(rows) == 2
    assert {row["heard"] for row in rows} == {NOT_ASKED}


@pytest.mark.parametrize("unfinished", [{}, {"unfinished": "1"}])
def test_a_form_whose_only_answer_was_not_to_be_asked_is_asked_to_answer_something(client, database, unfinished):
    reply = client.post("/k/to-hieu-1/en", data={"id": "a" * 32, "service": "ho-tich", "heard": "5", **unfinished})
    if not unfinished:
        assert reply.status_code == 422
        assert "Please answer at least one question." in reply.text
    with database.reading() as session:
        assert session.scalars(select(Response)).all() == []


def test_an_answer_behind_an_open_gate_arrives(client, database):
    assert posts(client, gave="yes").status_code == 303
    assert stored(database) == {"O": 4, "A2": NOT_ANSWERED, "R1": NOT_ANSWERED, "gave": 2, "heard": 5}


def test_the_page_says_whom_a_question_is_for_and_links_past_it(client):
    page = client.get("/k/to-hieu-1/en").text
    sections = dict(re.findall(r'<section id="(q-[^"]+)"(.*?)</section>', page, re.DOTALL))
    assert [name for name, text in sections.items() if "data-asked-if" in text.split(">")[0]] == ["q-heard"]
    assert 'data-asked-if="gave=yes"' in sections["q-heard"]
    assert "Please answer this only if you chose “Yes” at “Did you give" in sections["q-heard"]
    ways = {name: re.findall(r'href="#(q-[^"]+)"', text) for name, text in sections.items()}
    assert ways["q-gave"] == ["q-R1", "q-heard", "q-about"]
    assert ways["q-heard"] == ["q-gave", "q-about"]
    assert ways["q-about"] == ["q-heard", "q-gave"]


def test_what_hangs_on_a_closed_question_is_closed_by_its_gate_as_well(monkeypatch):
    yes = (Option("no", ""), Option("yes", ""))
    items = (
        Item("a", "", "choice", options=yes),
        Item("b.1", "", "choice", options=yes, asked_if=(Condition("a", ("yes",)),)),
        Item("c", "", "choice", options=yes, asked_if=(Condition("b.1", ("no", "yes")),)),
    )
    made = Instrument("x", 1, "", "", "", "vi", clock.today(), None, items, (), ())
    assert skip_sheet.gates_of(made, "c") == (Condition("a", ("yes",)), Condition("b.1", ("no", "yes")))
    monkeypatch.setattr(skip_sheet.surveys, "load", lambda code, version: made)
    sheet = skip_sheet.skip_sheet.__wrapped__("x", 1, "full")
    both = (
        ':has([name="a"][value="yes"]:checked):has([name="b.1"][value="no"]:checked,[name="b.1"][value="yes"]:checked)'
    )
    assert f"#questionnaire:not({both}) :is(#q-c)" in sheet
    assert r":is(#q-b\.1)" in sheet
