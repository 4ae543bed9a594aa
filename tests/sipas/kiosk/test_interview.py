"""A point at which an interviewer asks: what its pages say, what they lead to, and what is stored."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from sipas import clock
from sipas.cli import group
from sipas.fieldwork.devices import NotEnrolled, make_code
from sipas.fieldwork.models import CHANNELS
from sipas.fieldwork.points import BadPoint, add_point, set_channel, set_invitation
from sipas.intake.models import PROBE, Response
from tests.interviews import an_interview
from tests.make import a_point, a_wave
from tests.sealing import Device, said, sealed

ANSWERS = {"service": "ho-tich", "O": "4", "A2": "1", "R1": "2"}
WAYS = re.compile(
    r'<a class="(back|next)[^"]*"[^>]* href="#([^"]+)"'
    r'|<label class="(next)[^"]* lock"[^>]*><input [^>]*data-then="([^"]+)"'
)


def ways(page: str) -> dict[str, list[tuple[str, str]]]:
    """Section -> the ways out of it, each with its kind and where it leads; a box that locks is a `lock`."""
    sections = re.findall(r'<section id="([^"]+)"(.*?)</section>', page, re.DOTALL)
    return {
        name: [("lock" if lock else kind, there or lock_to) for kind, there, lock, lock_to in WAYS.findall(text)]
        for name, text in sections
    }


def rows(database) -> list[Response]:
    with database.reading() as session:
        return list(session.scalars(select(Response)))


def posts(client, path="/k/to-hieu-1/vi", **more):
    return client.post(path, data={"id": "a" * 32, **ANSWERS, **more})


def test_a_channel_of_its_own_that_is_not_the_probes():
    assert CHANNELS["interview"] == 8
    assert PROBE not in CHANNELS.values()


def test_what_is_posted_at_an_interview_is_stored_as_one(client, database, settings):
    an_interview(database, settings)
    assert posts(client).status_code == 303
    assert [row.channel for row in rows(database)] == [8]


def test_what_an_enrolled_screen_seals_at_an_interview_is_stored_as_one(client, database, settings):
    an_interview(database, settings)
    with database.writing() as session:
        code = make_code(session, "to-hieu-1", clock.now())
    device = Device(client)
    device.enrols(code)
    message = sealed(settings.home, said(ANSWERS), instrument="demo", version="1001")
    assert device.sends(message).json["outcomes"] == ["stored"]
    assert [row.channel for row in rows(database)] == [8]


def test_a_persons_own_phone_is_no_interview(client, database, settings):
    an_interview(database, settings)
    page = client.get("/q/to-hieu-1/vi").text
    assert "hand-over" not in page
    assert posts(client, "/q/to-hieu-1/vi").status_code == 303
    assert [row.channel for row in rows(database)] == [2]


def test_the_start_says_who_holds_the_screen_and_what_to_say_first(client, database, settings):
    an_interview(database, settings)
    english = client.get("/k/to-hieu-1").text.split('<nav class="languages"')[0]
    assert "For an interviewer, who reads the questions aloud" in english
    for said_first in (
        "Please say first, in these words:",
        "asks, so that",
        "4 questions, ",
        "It is voluntary: you may skip any question and stop at any time.",
        "neither your name nor your address, nor who asks you, nor the day and hour is stored",
        "Some questions you read and answer alone on this screen.",
    ):
        assert said_first in english, said_first
    assert "How were you served today?" not in english


def test_without_questions_answered_alone_none_are_announced(client, database, settings):
    an_interview(database, settings, alone=(), number=1002)
    page = client.get("/k/to-hieu-1").text
    assert "nor the day and hour is stored." in page
    assert "answer alone on this screen" not in page
    assert "hand-over" not in client.get("/k/to-hieu-1/en").text


def test_the_run_is_framed_by_a_hand_over_and_a_giving_back(client, database, settings):
    an_interview(database, settings)
    out = ways(client.get("/k/to-hieu-1/en").text)
    assert list(out) == [
        *("q-service", "q-O", "hand-over-1", "q-A2", "q-R1", "give-back-1", "q-gave", "q-heard", "q-about"),
    ]
    assert out["q-O"] == [("back", "q-service"), ("next", "hand-over-1")]
    assert out["hand-over-1"] == [("back", "q-O"), ("next", "q-A2"), ("back", "q-O"), ("next", "q-gave")]
    assert out["q-A2"] == [("back", "hand-over-1"), ("next", "q-R1")]
    assert out["q-R1"] == [("back", "q-A2"), ("lock", "give-back-1")]
    assert out["give-back-1"] == [("back", "hand-over-1"), ("next", "q-gave")]
    assert out["q-gave"][0] == ("back", "hand-over-1")


@pytest.mark.parametrize("channel", ["kiosk", "phone", "web"])
def test_at_other_channels_nothing_is_handed_over(client, database, settings, channel):
    an_interview(database, settings, channel=channel)
    page = client.get("/k/to-hieu-1/en").text
    assert not re.search("hand-over|give-back|data-lock|locks", page)
    assert page.count("data-aloud") == 7
    assert "For an interviewer" not in client.get("/k/to-hieu-1").text
    assert 'data-idle="' not in page


def test_nothing_answered_alone_has_a_button_that_reads_it_aloud(client, database, settings):
    an_interview(database, settings)
    page = client.get("/k/to-hieu-1/en").text
    loud = {
        name: "data-aloud" in text
        for name, text in re.findall(r'<section id="([^"]+)"(.*?)</section>', page, re.DOTALL)
    }
    assert [name for name, is_loud in loud.items() if not is_loud] == ["hand-over-1", "q-A2", "q-R1", "give-back-1"]


def test_nothing_answered_alone_goes_on_by_itself_and_so_is_said_on_no_other_screen(client, database, settings):
    an_interview(database, settings)
    page = client.get("/k/to-hieu-1/en").text
    advancing = re.findall(r'<section id="([^"]+)" data-advances', page)
    assert advancing == ["q-service", "q-O", "q-gave", "q-heard"]


def test_an_interview_is_left_alone_for_ten_minutes(client, database, settings):
    an_interview(database, settings)
    assert ' data-idle="600" ' in client.get("/k/to-hieu-1/en").text
    assert ' data-idle="600" ' in client.get("/k/to-hieu-1/en/privacy").text


def test_a_form_left_in_the_middle_is_told_with_its_own_time(client, database, settings):
    an_interview(database, settings, partial="keep")
    page = client.get("/k/to-hieu-1/en/privacy").text
    assert "is kept after ten minutes and 20 seconds" in page
    assert "80 seconds" not in page
    assert "if the interview breaks off in the middle" in client.get("/k/to-hieu-1").text


def test_a_page_that_comes_back_is_locked_where_something_was_answered_alone(client, database, settings):
    an_interview(database, settings)
    shown = posts(client, comment="x" * 5000)
    assert shown.status_code == 422
    assert re.search(r'data-lock="1" data-then="give-back-1" checked', shown.text)
    unlocked = posts(client, comment="x" * 5000, A2="", R1="")
    assert "data-lock" in unlocked.text
    assert not re.search(r'data-lock="1"[^>]* checked', unlocked.text)


def test_the_first_question_answered_alone_is_not_reached_past_the_hand_over(client, database, settings):
    an_interview(database, settings, alone=("O",), number=1003)
    start = client.get("/k/to-hieu-1?service=ho-tich").text
    assert set(re.findall(r'class="start"[^>]*#([^"]+)"', start)) == {"hand-over-1"}
    assert 'data-way-in="hand-over-1"' in client.get("/k/to-hieu-1?shell=").text


def test_an_item_behind_a_gate_within_the_run_has_the_same_lock(client, database, settings):
    an_interview(database, settings, alone=("gave", "heard"), number=1004)
    page = client.get("/k/to-hieu-1/en").text
    out = ways(page)
    assert out["q-gave"] == [("back", "hand-over-1"), ("next", "q-heard"), ("lock", "give-back-1")]
    assert out["q-heard"] == [("back", "q-gave"), ("lock", "give-back-1")]
    assert page.split('<section id="hand-over-1"')[1].split(">")[0] == "", "it depends on no answer"


def test_where_nobody_is_asked_what_is_answered_alone_nothing_is_handed_over(client, database, settings):
    an_interview(database, settings, alone=("heard",), number=1005)
    page = client.get("/k/to-hieu-1/en").text
    for name in ("hand-over-1", "q-heard", "give-back-1"):
        assert f'<section id="{name}" data-asked-if="gave=yes">' in page
    assert ways(page)["q-gave"][1:] == [
        ("next", there) for there in ("hand-over-1", "q-heard", "give-back-1", "q-about")
    ]


def test_of_the_provinces_own_survey_harassment_and_money_are_answered_alone(client, database, settings):
    a_point(database, "to-hieu-1", form="full", channel="interview")
    more = {"population": "households", "series": "other", "opens_on": clock.today()}
    a_wave(database, settings, "w1", "sipas-2023", version=1, **more)
    out = list(ways(client.get("/k/to-hieu-1/vi").text))
    first = out.index("hand-over-1")
    assert out[first : first + 4] == ["hand-over-1", "q-Q5", "q-Q6", "give-back-1"]
    assert not [name for name in out if name.startswith("hand-over") and name != "hand-over-1"]


def test_two_runs_have_two_locks(client, database, settings):
    an_interview(database, settings, alone=("O", "R1"), number=1006)
    page = client.get("/k/to-hieu-1/en").text
    assert re.findall(r'data-lock="(\d)" data-then="([^"]+)"', page) == [("1", "give-back-1"), ("2", "give-back-2")]
    out = ways(page)
    assert out["q-A2"] == [("back", "hand-over-1"), ("next", "hand-over-2")]
    assert out["hand-over-2"][0] == ("back", "q-A2")


def test_only_screens_that_ask_can_be_enrolled_and_an_interviewers_is_one(database, settings):
    a_point(database, "to-hieu-1", channel="interview")
    a_point(database, "to-hieu-2", channel="paper")
    with database.writing() as session:
        assert re.fullmatch("[A-Z0-9]{4}-[A-Z0-9]{4}", make_code(session, "to-hieu-1", clock.now()))
        with pytest.raises(NotEnrolled):
            make_code(session, "to-hieu-2", clock.now())


def test_a_point_whose_screen_may_hold_answers_keeps_its_channel(client, database, settings):
    a_point(database, "to-hieu-1", channel="kiosk")
    a_wave(database, settings, opens_on=clock.today())
    with database.writing() as session:
        code = make_code(session, "to-hieu-1", clock.now())
    Device(client).enrols(code)
    with database.writing() as session:
        with pytest.raises(BadPoint, match="answers of its channel may wait"):
            set_channel(session, "to-hieu-1", "interview")
        assert set_channel(session, "to-hieu-1", "kiosk").channel == "kiosk"


def test_the_probe_walks_both_ways_of_an_interview(database, settings, monkeypatch):
    an_interview(database, settings)
    monkeypatch.setenv("SIPAS_HOME", str(settings.home))
    monkeypatch.delenv("SIPAS_ADDRESS", raising=False)
    told = CliRunner().invoke(group, ["probe", "to-hieu-1"])
    assert told.exit_code == 0, told.output
    assert [row.channel for row in rows(database)] == [PROBE, PROBE]


def test_an_interview_requires_no_code(database, settings):
    a_point(database, "to-hieu-1", channel="interview")
    with database.writing() as session:
        with pytest.raises(BadPoint):
            set_invitation(session, "to-hieu-1", "required")
        add_point(session, "to-hieu-9", "03646", channel="phone")
        set_invitation(session, "to-hieu-9", "required")
        with pytest.raises(BadPoint):
            set_channel(session, "to-hieu-9", "interview")


def test_the_time_that_is_said_is_that_of_reading_aloud(client, database, settings):
    """A silent reader takes eight minutes for the seventy questions; an interviewer says the levels each time."""
    a_point(database, form="full", channel="interview")
    a_wave(
        database,
        settings,
        instrument="sipas-2023",
        population="households",
        series="other",
        opens_on=clock.today(),
    )
    assert "70 câu hỏi, khoảng 19 phút." in client.get("/k/to-hieu-1").text
