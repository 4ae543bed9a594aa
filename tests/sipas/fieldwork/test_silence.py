"""The silence alarm: a point is held against its own pattern, and no more is kept for it than one date."""

from __future__ import annotations

import datetime as dt
import json
from html import unescape

import numpy as np
import pytest
from click.testing import CliRunner

from sipas import clock, i18n
from sipas.cli import group
from sipas.cli.operator.upkeep import upkeep
from sipas.fieldwork.pattern import is_silent, working_days
from sipas.fieldwork.silence import last_look, look_for_silence
from sipas.fieldwork.waves import close_wave
from sipas.intake import live_by_month
from sipas.intake.maintenance import maintain
from sipas.intake.models import PROBE
from sipas.web.installation import of_app
from tests.make import a_point, a_response, a_wave
from tests.officers import signs_in

HALF_PAST_TWO = dt.time(2, 30)
KIOSK, OTHER = 1, 2


def night(day: int, month: int = 9) -> dt.datetime:
    """The night upon that day."""
    return dt.datetime.combine(dt.date(2026, month, day), HALF_PAST_TWO, clock.ZONE)


@pytest.fixture(autouse=True)
def points(database, settings):
    a_point(database, "to-hieu-1")
    a_point(database, "chieng-an-1", "03664")
    a_wave(database, settings, "w1", opens_on=dt.date(2026, 6, 1))


@pytest.fixture
def looks(database, settings):
    """Looks with so many answers of the kiosk in September, after a summer of 44 in June, 66 in July, 84 in August:
    two in each of June's 22 working days, three in each of July's 23 or so."""

    def run(when: dt.datetime, september: int, closed=(), **more):
        counts = {(1, KIOSK, 202606): 44, (1, KIOSK, 202607): 69, (1, KIOSK, 202608): 84, (1, KIOSK, 202609): september}
        with database.reading() as session:
            return look_for_silence(session, settings.home, counts | more.get("others", {}), when, closed)

    return run


def test_a_point_of_two_a_day_may_be_silent_for_three_days_and_is_told_after_four(looks):
    assert looks(night(17), 25).silent == ()  # what came by Wednesday the 16th
    for day in (18, 19, 20, 21):  # Thursday, Friday, the weekend
        assert looks(night(day), 25).silent == ()
    assert looks(night(22), 25).silent == ()  # Monday too: three working days
    (told,) = looks(night(23), 25).silent
    assert (told.point, told.rate, told.days, told.since) == ("to-hieu-1", 2.0, 4, dt.date(2026, 9, 16))
    assert looks(night(24), 26).silent == ()  # one answer ends it


def test_the_day_of_the_last_answer_is_not_kept_before_it_is_one_of_five(looks, settings):
    kept = lambda: json.loads(settings.paths.heard.read_text())["points"]["to-hieu-1"][2]  # noqa: E731
    looks(night(2), 1)
    looks(night(3), 4)
    assert kept() is None
    looks(night(4), 5)
    assert kept() == "2026-09-03"
    looks(night(1, 10), 40)
    assert kept() == "2026-09-30"


def test_where_no_day_is_kept_the_number_of_the_month_tells(looks):
    assert looks(night(2), 1).silent == ()
    assert looks(night(7), 1).silent == ()  # four working days, eight expected: one is rare, but not that rare
    (told,) = looks(night(8), 1).silent
    assert (told.days, told.answers, told.since) == (5, 1, None)


def test_closed_days_count_for_nothing(looks):
    looks(night(17), 25)
    holiday = [dt.date(2026, 9, 17), dt.date(2026, 9, 18)]
    assert looks(night(24), 25, holiday).silent == ()
    assert looks(night(25), 25, holiday).silent[0].days == 4


def test_a_point_without_a_whole_month_of_twenty_answers_has_no_pattern_and_nothing_is_kept_of_it(looks, settings):
    thin = {(1, OTHER, 202606): 19, (1, OTHER, 202607): 3, (1, OTHER, 202608): 19, (1, OTHER, 0): 500}
    found = looks(night(23), 25, others=thin)
    assert found.watched == 1
    assert "chieng-an-1" not in settings.paths.heard.read_text()


def test_a_point_that_does_not_ask_is_not_expected_to_send(looks, database):
    looks(night(17), 25)
    with database.writing() as session:
        close_wave(session, "w1", dt.date(2026, 9, 17))
    assert looks(night(30), 25) == last_look(database.lock.parent)
    assert looks(night(30), 25).watched == 0


def test_a_new_wave_starts_with_the_pattern_of_the_last_one(looks, database, settings):
    looks(night(17), 25)
    with database.writing() as session:
        close_wave(session, "w1", dt.date(2026, 9, 17))
    a_wave(database, settings, "w2", opens_on=dt.date(2026, 9, 21))
    assert looks(night(24), 25).silent == ()  # opened three working days ago
    (told,) = looks(night(25), 25).silent
    assert told.days == 4


def test_points_that_send_by_chance_are_left_in_peace():
    """A simulated province: 200 points that work, at rates from 1 to 30, over a year of nights; and each is told soon
    once it stops."""
    rng = np.random.default_rng(2026)
    days = len(working_days(dt.date(2026, 1, 1), dt.date(2026, 12, 31)))
    alarms = nights = 0
    for rate in rng.uniform(1, 30, 200):
        quiet = 0
        for came in rng.poisson(rate, days):
            quiet = 0 if came else quiet + 1
            alarms += is_silent(rate, quiet)
            nights += 1
        assert is_silent(rate, 8)
    assert nights > 50_000
    assert alarms / nights < 1 / 1000


def test_general_silence_is_said_to_be_more_than_a_point(looks, database, settings):
    many = {}
    for number in range(3, 8):
        a_point(database, f"p-{number}", "03670")
        many |= {(1, number, 202608): 200}
    for when in (night(17), night(28)):
        found = looks(when, 25, others=many)
    assert found.is_general
    assert len(found.silent) == 6


def test_counts_come_from_people_and_not_from_files_or_probes(database, settings):
    for channel in (2, 3, 4, 6, PROBE, 1):
        a_response(database, settings, submission=f"{channel:032x}")
        with database.engine.begin() as connection:
            connection.exec_driver_sql(f"update response set channel = {channel} where channel = 1")
    with database.reading() as session:
        assert live_by_month(session) == {(1, 1, 202609): 3}


@pytest.fixture
def silent_kiosk(database, settings, monkeypatch):
    """Rows of August, then nothing: as the night finds them on 23 September."""
    for number in range(60):
        moment = dt.datetime(2026, 8, 3 + number % 25, 3, 0, tzinfo=dt.timezone.utc)
        a_response(database, settings, submission=f"{number:032x}", moment=moment)
    monkeypatch.setattr(clock, "now", lambda: night(23))
    monkeypatch.setenv("SIPAS_HOME", str(settings.home))
    monkeypatch.delenv("SIPAS_ADDRESS", raising=False)


def test_the_night_looks_and_doctor_monitor_and_desk_tell(client, settings, silent_kiosk):
    assert client.get("/health").json["silent"] is None
    assert "Nobody has looked" in CliRunner().invoke(group, ["doctor"]).output
    assert upkeep(settings)
    assert client.get("/health").json["silent"] == 1
    i18n.speak("en")
    assert "Point to-hieu-1 is silent: 16 working days" in CliRunner().invoke(group, ["doctor"]).output
    signs_in(client, settings)
    assert "One point is silent" in client.get("/desk?lang=en").text
    page = unescape(client.get("/desk/wave/w1?lang=en").text)
    assert "Silent for 16 working days; usual are about 2.9 answers a day." in page
    assert "chieng-an-1" not in page[page.index('id="silent"') : page.index('id="points"')]


def test_what_cannot_listen_does_not_keep_the_order_of_arrival(database, settings, silent_kiosk):
    settings.paths.heard.mkdir()
    assert not upkeep(settings), "all is tried again"
    assert not maintain(database, settings.home), "the rewrite was done all the same"


def test_only_the_kiosks_server_tells_of_points(settings):
    from sipas import create_app
    from sipas.config.settings import Settings

    app = create_app(Settings(home=settings.home, parts=("results",)))
    assert "silent" not in app.test_client().get("/health").json
    of_app(app).database.engine.dispose()


def test_a_torn_file_is_as_good_as_none(looks, settings):
    settings.paths.heard.write_text('{"points": {"to-')
    assert last_look(settings.home) is None
    assert looks(night(17), 25).watched == 1
