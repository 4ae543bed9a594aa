"""Nothing is destroyed by a clock or a slip: what was promised goes when it was promised, and is named before."""

from __future__ import annotations

import datetime as dt
import json
import tarfile
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from sipas import clock, i18n, logs
from sipas.accounts.decisions import typed
from sipas.backups import backup, restore
from sipas.cli import group
from sipas.cli.operator.upkeep import upkeep
from sipas.config.settings import Settings
from sipas.errors import NoOpenWave, SipasError
from sipas.expiry.trusted_date import ClockReading, believe
from sipas.fieldwork.models import Wave
from sipas.fieldwork.waves import close_wave
from sipas.intake import Outcome, stored
from sipas.intake.invitations import Invitation
from sipas.keyring import wave_keys
from sipas.migrations import create, migrate
from sipas.publishing.freeze import freeze
from sipas.registry.importing import load_registry
from sipas.storage.database import Database
from tests import postgres
from tests.make import a_response, a_wave, all_comments, some_codes
from tests.officers import signs_in
from tests.repeated import home_once

FROZEN = dt.date(2026, 10, 1)  # keys until 31 October, answers until 1 October of the next year
PASSWORD = "mười bảy con chim sẻ"


class Machine:
    """A server whose clock and own count of time go as told."""

    def __init__(self, monkeypatch, settings) -> None:
        self.moment, self.seconds, self.boot, self.settings = None, 0.0, "first", settings
        monkeypatch.setattr(clock, "now", lambda: self.moment)
        monkeypatch.setattr(ClockReading, "now", lambda: ClockReading(self.moment, self.boot, self.seconds))
        monkeypatch.setenv("SIPAS_HOME", str(settings.home))

    def set(self, day: dt.date) -> None:
        """The clock is set, and no time passes."""
        self.moment = dt.datetime.combine(day, dt.time(2, 30), clock.ZONE).astimezone(dt.timezone.utc)

    def passes(self, days: int = 1) -> None:
        """Time passes, and the clock shows it."""
        self.moment += dt.timedelta(days=days)
        self.seconds += 86400.0 * days

    def is_off(self, days: int) -> None:
        """Switched off for so long, and started."""
        self.moment += dt.timedelta(days=days)
        self.boot, self.seconds = self.boot + "+", 60.0

    def night(self) -> None:
        """The upkeep runs."""
        assert upkeep(self.settings)

    def says(self, *words: str) -> str:
        """What a command says, on both streams."""
        done = CliRunner().invoke(group, [*words])
        if isinstance(done.exception, SipasError):
            return f"refused: {i18n.say(done.exception)}"
        assert done.exit_code in (0, 1), done.output
        return done.output


@pytest.fixture
def machine(monkeypatch, settings):
    found = Machine(monkeypatch, settings)
    found.set(FROZEN)
    believe(settings.home)
    return found


@pytest.fixture
def frozen(database, settings, machine):
    """A frozen wave of five answers with comments, and an open one with invitation codes."""

    def freezing():
        a_wave(database, settings)
        for number in range(5):
            a_response(database, settings, comment="Tốt", submission=f"{number:032x}")
        with database.writing() as session:
            close_wave(session, "w1", dt.date(2026, 9, 30))
        freeze(database, settings.home, "w1", FROZEN)
        a_wave(database, settings, "w2", opens_on=FROZEN)
        some_codes(database, settings, count=3, today=FROZEN)
        return "w1"

    return home_once(database, settings, freezing)


@pytest.fixture
def kept(database, settings, frozen):
    """What is there: answers, comments, keys of both waves, codes."""

    def now() -> tuple[int, int, tuple[str, ...], bool, int]:
        with database.reading() as session:
            answers, codes = stored(session, 1), session.scalar(select(func.count()).select_from(Invitation))
        invitation = (settings.home / "keys" / "w2.invitation.key").exists()
        return answers, len(all_comments(database, settings)), wave_keys.held(settings.home, "w1"), invitation, codes

    return now


WHOLE = (5, 5, ("id", "seal"), True, 3)
NOTHING = (0, 0, (), False, 0)


def test_one_night_with_the_clock_two_years_ahead_destroys_nothing_and_is_told(machine, kept, caplog):
    machine.passes()
    machine.night()
    machine.moment += dt.timedelta(days=730)
    with caplog.at_level("INFO"):
        machine.night()
    assert kept() == WHOLE
    assert "the clock is doubted, nothing is destroyed" in caplog.text
    told = machine.says("doctor")
    assert "The clock says 2028-10-01; the last night that was believed was that of 2026-10-02." in told
    assert "14 more nights at most" in told
    assert "sipas maintain --date-is-right" in told
    assert "The clock says 2028-10-01" in machine.says("maintain")
    assert kept() == WHOLE


def test_a_clock_that_is_mended_costs_nothing_and_keeps_every_promise(machine, kept):
    machine.moment += dt.timedelta(days=730)
    machine.night()
    for _ in range(3):
        machine.passes()
        machine.night()
    machine.moment -= dt.timedelta(days=730)
    for _ in range(27):  # to the last day of grace, 31 October
        machine.passes()
        machine.night()
    assert (clock.today(), kept()) == (dt.date(2026, 10, 31), WHOLE)
    machine.passes()
    machine.night()
    assert kept() == (5, 5, (), True, 3)  # on the day that was promised


def test_after_fourteen_nights_a_doubted_clock_is_believed_and_not_a_night_later(machine, kept):
    machine.moment += dt.timedelta(days=730)
    machine.night()
    for _ in range(13):
        machine.passes()
        machine.night()
        assert kept() == WHOLE
    machine.passes()
    machine.night()
    assert kept() == NOTHING


def test_an_honest_server_that_was_off_for_a_month_destroys_fourteen_nights_late(machine, kept):
    machine.is_off(40)
    for _ in range(14):
        machine.night()
        assert kept() == WHOLE
        machine.passes()
    machine.night()
    assert kept() == (5, 5, (), True, 3)


def test_a_server_process_that_stood_still_on_a_running_machine_is_not_late_at_all(machine, kept):
    machine.passes(40)
    machine.night()
    assert kept() == (5, 5, (), True, 3)


def test_the_upkeep_typed_twenty_times_does_not_shorten_the_wait(machine, kept):
    machine.moment += dt.timedelta(days=730)
    for _ in range(20):
        machine.says("maintain")
    assert kept() == WHOLE


def test_the_date_set_on_by_hand_day_after_day_does_not_shorten_it_either(machine, kept):
    for day in range(40):
        machine.set(FROZEN + dt.timedelta(days=730 + day))
        machine.says("maintain")
    assert kept() == WHOLE


def test_the_operator_who_knows_the_date_ends_the_wait_and_that_is_logged(machine, kept, settings):
    machine.is_off(40)
    machine.night()
    assert kept() == WHOLE
    assert "is believed from now on" in machine.says("maintain", "--date-is-right")
    assert kept() == (5, 5, (), True, 3)
    deeds = [one for one in logs.deeds(settings.home) if one["event"] != "frozen"]
    assert [deed["event"] for deed in deeds] == ["the date is right", "keys destroyed"]
    assert deeds[0] == {
        "day": "2026-11-10",
        "event": "the date is right",
        "clock": "2026-11-10",
        "believed": "2026-10-01",
        "nights": 14,
    }
    assert "was not doubted" in machine.says("maintain", "--date-is-right")


def test_the_last_nights_file_lost_or_emptied_destroys_nothing(machine, kept, settings):
    for left in (None, b"", b"{}", bytes(100)):
        path = settings.home / "nights.json"
        path.unlink(missing_ok=True)
        if left is not None:
            path.write_bytes(left)
        machine.set(FROZEN + dt.timedelta(days=730))
        machine.night()
        assert kept() == WHOLE
        assert "no earlier night is known here" in machine.says("doctor")


def test_making_the_home_again_does_not_make_a_wrong_date_right(machine, kept, settings):
    (settings.home / "nights.json").unlink()
    machine.set(FROZEN + dt.timedelta(days=730))
    machine.says("init", "--registry", "son-la")
    machine.night()
    assert kept() == WHOLE


def test_a_backup_on_a_new_machine_with_a_wrong_clock_loses_nothing(machine, frozen, database, settings, tmp_path):
    copy = backup(settings, database, "copy")
    new = Settings(home=tmp_path / "new")
    machine.set(FROZEN + dt.timedelta(days=730))
    machine.settings = new
    base = create(new)
    (new.home / "snapshots" / "w1.parquet").write_bytes((settings.home / "snapshots" / "w1.parquet").read_bytes())
    restore(new, base, copy)
    machine.night()
    with base.reading() as session:
        assert stored(session, 1) == 5
    base.engine.dispose()


def test_a_night_that_cannot_be_written_down_destroys_nothing(machine, kept, settings):
    (settings.home / "nights.json").unlink()
    (settings.home / "nights.json").mkdir()
    machine.passes(40)
    assert not upkeep(settings), "it is tried again"
    assert kept() == WHOLE


def test_the_hand_destroys_as_little_as_the_night_while_the_clock_is_doubted(machine, kept):
    machine.moment += dt.timedelta(days=730)
    assert "refused: The clock is doubted" in machine.says("wave", "drop", "w1")
    assert kept() == WHOLE
    assert "refused: The clock says 2028-09-30" in machine.says("freeze", "w2")


def test_meanwhile_answers_are_taken_and_late_ones_refused_as_the_date_says(machine, kept, database, settings):
    machine.is_off(40)
    machine.night()
    assert kept() == WHOLE
    moment = machine.moment
    assert a_response(database, settings, moment=moment, submission="aa" * 16) is Outcome.STORED  # of the open wave
    with pytest.raises(NoOpenWave, match="not opened"):
        a_response(database, settings, moment=moment, wave="w1", submission="bb" * 16)
    assert "[ x]" not in machine.says("doctor"), "keys that wait for the clock are no fault"


def test_what_will_go_is_named_ten_days_ahead_and_not_before(machine, frozen):
    machine.passes(20)  # 21 October; the keys go on 1 November
    assert "destroys the keys" not in machine.says("doctor")
    machine.passes()
    assert "The night of 2026-11-01 destroys the keys of wave w1" in machine.says("doctor")
    machine.passes(11)
    machine.night()
    assert "destroys the keys" not in machine.says("doctor")
    machine.set(dt.date(2027, 9, 21))
    believe(machine.settings.home)
    assert "drops the answers" not in machine.says("doctor")
    machine.passes()
    assert "The night of 2027-10-02 drops the answers and comments of wave w1" in machine.says("doctor")


def test_codes_are_named_before_they_go(machine, frozen):
    machine.set(dt.date(2027, 2, 18))  # they hold to the end of January, and are known for a month longer
    assert "deletes invitation codes" not in machine.says("doctor")
    machine.set(dt.date(2027, 2, 19))
    assert "The night of 2027-03-01 deletes invitation codes of wave w2" in machine.says("doctor")


@pytest.mark.parametrize("language", ["en", "vi"])
def test_the_desk_names_it_too(machine, frozen, client, settings, language):
    signs_in(client, settings)
    words = {
        "en": ("The night of November 1, 2026 destroys the keys", "The server's clock says"),
        "vi": ("Đêm 1 tháng 11 năm 2026", "Đồng hồ của máy chủ"),
    }[language]

    def page(address: str) -> str:
        return unescape(client.get(f"{address}?lang={language}").text)

    machine.passes(20)
    believe(settings.home)
    assert 'id="endings"' not in page("/desk/wave/w1")
    machine.passes()
    assert words[0] in page("/desk/wave/w1")
    assert "#endings" in page("/desk")
    assert words[0] not in page("/desk/wave/w2")
    machine.moment += dt.timedelta(days=100)
    assert words[1] in page("/desk/wave/w1")
    assert words[1] in page("/desk")


@pytest.mark.parametrize("language", ["en", "vi"])
def test_the_privacy_page_says_until_when_and_both_exceptions(client, frozen, language):
    page = unescape(client.get(f"/k/to-hieu-1/{language}/privacy").text)
    words = {
        "en": ("30 days after that the keys", "after 365 days answers", "for 30 days at most", "14 nights at most"),
        "vi": ("Sau đó 30 ngày", "sau 365 ngày", "nhiều nhất 30 ngày", "nhiều nhất 14 đêm"),
    }[language]  # fmt: skip
    for one in words:
        assert one in page


def test_a_shorter_retention_drops_nothing_for_ten_days_and_is_named(machine, kept, monkeypatch):
    """A digit that was forgotten in SIPAS_RETENTION."""
    machine.passes(60)
    believe(machine.settings.home)
    machine.night()
    left = (5, 5, (), True, 3)
    assert kept() == left
    machine.settings = replace(machine.settings, retention=36)
    monkeypatch.setenv("SIPAS_RETENTION", "36")
    told = machine.says("doctor")
    assert "The retention was shortened from 365 days to 36: from 2026-12-10 on" in told
    for _ in range(10):
        machine.night()
        assert kept() == left
        machine.passes()
    machine.night()
    assert kept()[:2] == (0, 0)


def test_a_shorter_retention_that_is_set_back_in_time_drops_nothing(machine, kept):
    machine.passes(60)
    believe(machine.settings.home)
    machine.night()
    for days in (36, 36, 36, 365, 365, 365, 365, 365, 365, 365, 365, 36, 36):
        machine.settings = replace(machine.settings, retention=days)
        machine.passes()
        machine.night()
    assert kept() == (5, 5, (), True, 3)


STOP = ("wave", "stop-destruction", "w1", "--reason", "Khiếu nại đang được xem xét")
HOA, AN = ("--emergency", "Thử", "--by", "Lò Thị Hoa"), ("--by", "Cầm Văn An")


def test_two_people_stop_it_once_for_thirty_days_at_most_and_it_ends_by_itself(machine, kept, settings):
    machine.passes(28)  # 29 October
    machine.night()
    assert "Until 2026-11-28 nothing of wave w1 is destroyed" in machine.says(*STOP, *HOA, *AN)
    for _ in range(30):
        machine.passes()
        machine.night()
        assert kept() == WHOLE
    told = machine.says("doctor")
    assert "The night of 2026-11-29 destroys the keys of wave w1" in told
    assert "Two people stopped it until 2026-11-28." in told
    assert "refused: Two people stopped" in machine.says("wave", "drop", "w1")
    assert "already, until 2026-11-28; that can be done once" in machine.says(*STOP, *HOA, *AN)
    machine.passes()
    machine.night()
    assert kept() == (5, 5, (), True, 3)
    assert "that can be done once" in machine.says(*STOP, *HOA, *AN)
    deeds = [one for one in logs.deeds(settings.home) if one["event"] != "frozen"]
    assert deeds[0] == {
        "day": "2026-10-29",
        "event": "destruction stopped",
        "wave": "w1",
        "until": "2026-11-28",
        "by": ["Lò Thị Hoa", "Cầm Văn An"],
        "reason": "Khiếu nại đang được xem xét (--emergency: Thử)",
    }


def test_the_stop_of_one_wave_stops_no_other(machine, kept, database, settings):
    machine.set(dt.date(2027, 2, 25))
    believe(settings.home)
    assert "Until 2027-03-27" in machine.says(*STOP, *HOA, *AN)
    machine.passes(10)
    machine.night()
    assert kept() == (5, 5, ("id", "seal"), False, 0)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ((*STOP, *HOA), "give --by twice"),
        ((*STOP, *HOA, *AN, "--by", "Ba"), "give --by twice"),
        ((*STOP, *HOA, "--by", "lo thi hoa"), "are one person"),
        ((*STOP, *HOA, "--by", " "), "Say who you are"),
        ((*STOP[:4], "  ", *HOA, *AN), "Give the reason"),
        ((*STOP[:4], "x" * 501, *HOA, *AN), "Give the reason"),
        ((*STOP, *HOA, *AN, "--days", "31"), "31"),
        ((*STOP, *HOA, *AN, "--days", "0"), "0"),
        ((*STOP, *HOA, *AN, "--days", "2"), "Nothing of wave w1 is destroyed until 2026-10-31"),
        ((*STOP[:2], "w9", *STOP[3:], *HOA, *AN), "no wave"),
    ],
)
def test_a_stop_that_is_not_whole_is_refused_and_changes_nothing(machine, kept, settings, words, why):
    machine.passes(28)
    done = CliRunner().invoke(group, [*words])
    told = i18n.say(done.exception) if isinstance(done.exception, SipasError) else done.output
    assert done.exit_code != 0
    assert why in told
    assert [one["event"] for one in logs.deeds(settings.home)] == ["frozen"]
    machine.passes(4)
    machine.night()
    assert kept() == (5, 5, (), True, 3)


def test_a_stop_is_not_counted_from_a_doubted_date(machine, kept):
    machine.moment += dt.timedelta(days=365)
    assert "refused: The clock is doubted" in machine.says(*STOP, *HOA, *AN)


def test_the_stop_stands_in_the_manifest_of_what_is_built_afterwards(machine, kept, database, settings, monkeypatch):
    from analysis.disclosure.policy import Policy
    from sipas.publishing import build as building
    from sipas.publishing.build import build

    monkeypatch.setattr(building, "Policy", lambda: Policy(least_people=0, least_df=0))  # of five people

    def noted() -> list[dict[str, object]]:
        code = build(database, settings, "w1", typed("Lò Thị Hoa"), clock.today())
        return json.loads((settings.home / "drafts" / code / "release.json").read_text())["notes"]

    assert noted() == []
    machine.passes(28)
    machine.says(*STOP, *HOA, *AN, "--days", "10")
    assert noted() == [
        {
            "kind": "destruction stopped",
            "from": "2026-10-29",
            "until": "2026-11-08",
            "by": ["Lò Thị Hoa", "Cầm Văn An"],
            "reason": "Khiếu nại đang được xem xét (--emergency: Thử)",
        }
    ]
    machine.passes(60)
    assert len(noted()) == 1  # also when it is over


def test_what_was_destroyed_stands_in_a_file_that_stays(machine, kept, settings, database):
    machine.set(dt.date(2028, 1, 1))
    believe(settings.home)
    machine.night()
    assert kept() == NOTHING
    deeds = [one for one in logs.deeds(settings.home) if one["event"] != "frozen"]
    assert {"day": "2028-01-01", "event": "answers dropped", "wave": "w1", "answers": 5} in deeds
    with database.reading() as session:
        assert session.scalar(select(Wave.dropped_on).where(Wave.code == "w1")) == dt.date(2028, 1, 1)


NOVEMBER = Path(__file__).parents[1] / "november" / "home.tar.xz"


def test_a_home_of_november_is_not_believed_before_fourteen_nights_or_a_word_of_the_operator(tmp_path, monkeypatch):
    """It holds no earlier night: w1 was frozen on the day on which it was made."""
    with tarfile.open(NOVEMBER) as packed:
        packed.extractall(tmp_path, filter="data")
    settings = Settings(home=tmp_path / "home")
    machine = Machine(monkeypatch, settings)
    machine.set(dt.date(2027, 12, 10))
    migrate(settings, dt.date(2027, 12, 10))
    database = Database.of(settings)
    with database.reading() as session:
        before = stored(session, 1)
    for _ in range(13):
        machine.night()
        machine.passes()
    with database.reading() as session:
        assert stored(session, 1) == before > 0
    assert wave_keys.held(settings.home, "w1") == ("id", "seal")
    assert "is believed from now on" in machine.says("maintain", "--date-is-right")
    with database.reading() as session:
        assert stored(session, 1) == 0
    assert wave_keys.held(settings.home, "w1") == ()
    database.engine.dispose()


@pytest.mark.postgres
@pytest.mark.skipif(postgres.programs() is None, reason="PostgreSQL's programs (initdb) are not installed")
def test_on_postgresql_the_clock_and_two_people_hold_it_up_too(settings, monkeypatch):
    with postgres.running() as cluster:
        there = replace(settings, database_url=cluster.url)
        database = create(there)
        with database.writing() as session:
            load_registry(session)
        machine = Machine(monkeypatch, there)
        monkeypatch.setenv("SIPAS_DATABASE_URL", cluster.url)
        machine.set(FROZEN)
        believe(there.home)
        a_wave(database, there)
        for number in range(5):
            a_response(database, there, submission=f"{number:032x}")
        with database.writing() as session:
            close_wave(session, "w1", dt.date(2026, 9, 30))
        freeze(database, there.home, "w1", FROZEN)
        machine.moment += dt.timedelta(days=730)
        machine.night()
        machine.moment -= dt.timedelta(days=730)
        machine.passes(28)
        assert "Until 2026-11-28 nothing of wave w1" in machine.says(*STOP, *HOA, *AN)
        machine.passes(10)
        machine.night()
        assert wave_keys.held(there.home, "w1") == ("id", "seal")
        machine.passes(21)
        machine.night()
        assert wave_keys.held(there.home, "w1") == ()
        machine.passes(365)
        machine.night()
        with database.reading() as session:
            assert stored(session, 1) == 0
        database.engine.dispose()
