"""Freezing survives any power cut; what ends later ends whole, and is told."""

from __future__ import annotations

import datetime as dt
import logging
import re
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select

import sipas
from analysis import read_snapshot
from sipas.corrections.taking_back import take_back
from sipas.errors import NotReady, WaveState
from sipas.expiry.gate import Gate
from sipas.fieldwork.models import Wave
from sipas.fieldwork.waves import close_wave, wave_of
from sipas.importing import import_responses
from sipas.intake import stored
from sipas.keyring import wave_keys
from sipas.publishing.endings import Ending, endings
from sipas.publishing.freeze import freeze
from sipas.publishing.key_losses import Saying
from sipas.publishing.retention import drop, end_retention
from sipas.publishing.stops import stop
from tests.make import a_csv, a_point, a_response, a_wave, all_comments

FROZEN = dt.date(2026, 10, 1)
AFTER_GRACE = Gate(dt.date(2026, 11, 1))
NEXT_YEAR = Gate(dt.date(2027, 10, 2))


@pytest.fixture
def closed(database, settings):
    a_wave(database, settings)
    for _ in range(5):
        a_response(database, settings, comment="Tốt")
    with database.writing() as session:
        close_wave(session, "w1", dt.date(2026, 9, 30))


@pytest.fixture
def frozen(database, settings, closed):
    return freeze(database, settings.home, "w1", FROZEN)


def count(database):
    with database.reading() as session:
        return stored(session, 1)


POWER_CUT = """
import datetime as dt, os, sys
from pathlib import Path
import analysis.data.snapshot
from sipas.keyring import wave_keys
from sipas.storage.database import Database
from sipas.publishing import freeze
from sipas.config.settings import Settings

def cut(*_args, **_more):
    os._exit(9)

def after(function):
    def then(*args, **more):
        function(*args, **more)
        os._exit(9)
    return then

{patch}
where = Settings(home=Path(sys.argv[1]))
freeze.freeze(Database.of(where), where.home, "w1", dt.date(2026, 10, 1))
"""


@pytest.mark.parametrize(
    ("patch", "state"),
    [
        ("analysis.data.snapshot.os.replace = cut", "closed"),  # half a file
        ("freeze.write_snapshot = after(freeze.write_snapshot)", "closed"),  # the file is there, the database knows not
        ("freeze.os.replace = after(freeze.os.replace)", "closed"),  # it has its name, and the database knows not
        ("freeze.sync_folder = cut", "closed"),
        ("wave_keys.destroy = cut", "frozen"),  # the database knows, the key is still there
    ],
)
def test_a_power_cut_while_freezing_leaves_a_state_from_which_the_same_command_goes_on(
    database, settings, closed, patch, state
):
    script = POWER_CUT.replace("{patch}", patch)
    run = subprocess.run([sys.executable, "-c", script, str(settings.home)], check=False)
    assert run.returncode == 9
    with database.reading() as session:
        assert wave_of(session, "w1").state == state
    assert "cluster" in wave_keys.held(settings.home, "w1")
    snapshot = freeze(database, settings.home, "w1", FROZEN)
    assert read_snapshot(settings.home / "snapshots" / "w1.parquet").digest == snapshot.digest
    assert snapshot.rows == 5
    assert wave_keys.held(settings.home, "w1") == wave_keys.AFTER_GRACE
    assert [path.name for path in (settings.home / "snapshots").iterdir()] == ["w1.parquet"]
    with pytest.raises(WaveState, match="frozen already"):
        freeze(database, settings.home, "w1", FROZEN)


def test_the_file_lists_open_weeks_by_label_and_never_says_which_week_it_was(frozen):
    text = frozen.codebook.to_json()
    assert len([psu for psu in frozen.codebook.psus if psu[0] == "03646"]) == 5
    assert not re.search(r"W\d\d/\d\d|2026-W", text)


def test_retention_drops_the_rows_of_a_whole_frozen_wave_and_logs_it(database, settings, frozen, caplog):
    assert end_retention(database, settings.home, Gate(dt.date(2027, 10, 1)), 365) == []
    assert count(database) == 5
    with caplog.at_level(logging.INFO):
        assert end_retention(database, settings.home, NEXT_YEAR, 365) == ["w1"]
    assert "answers dropped" in caplog.text
    assert (count(database), all_comments(database, settings)) == (0, [])
    with database.reading() as session:
        assert session.scalar(select(Wave.dropped_on)) == NEXT_YEAR.day
    assert read_snapshot(frozen.path).rows == 5
    assert end_retention(database, settings.home, NEXT_YEAR, 365) == []


def test_a_wave_is_dropped_by_hand_only_when_frozen_over_and_safe_in_its_file(database, settings, closed):
    with pytest.raises(WaveState, match="only a frozen"):
        drop(database, settings.home, "w1", AFTER_GRACE)
    frozen = freeze(database, settings.home, "w1", FROZEN)
    with pytest.raises(WaveState, match="late answers until"):
        drop(database, settings.home, "w1", Gate(FROZEN))
    kept = frozen.path.read_bytes()
    frozen.path.unlink()
    with pytest.raises(Exception, match="Parquet"):
        drop(database, settings.home, "w1", AFTER_GRACE)
    assert count(database) == 5
    frozen.path.write_bytes(kept)
    assert drop(database, settings.home, "w1", AFTER_GRACE) == 5
    with pytest.raises(WaveState, match="were dropped on"):
        drop(database, settings.home, "w1", AFTER_GRACE)


def test_a_wave_that_cannot_be_dropped_keeps_no_other_from_it(database, settings, frozen):
    a_wave(database, settings, "w2", opens_on=FROZEN)
    a_response(database, settings, moment=dt.datetime(2026, 10, 2, tzinfo=dt.timezone.utc))
    with database.writing() as session:
        close_wave(session, "w2", dt.date(2026, 10, 3))
    freeze(database, settings.home, "w2", dt.date(2026, 10, 4))
    frozen.path.unlink()
    with pytest.raises(WaveState, match="w1"):
        end_retention(database, settings.home, Gate(dt.date(2028, 1, 1)), 365)
    with database.reading() as session:
        assert (stored(session, 1), stored(session, 2)) == (5, 0)


def test_a_reason_that_stays_has_five_hundred_characters_at_most(database, settings, closed):
    people = ("Lò Thị Hoa", "Cầm Văn An")
    assert Saying.of(people, "x" * 500).reason == "x" * 500
    with pytest.raises(NotReady, match="in 1 to 500 characters"):
        Saying.of(people, "x" * 501)
    with database.reading() as session, pytest.raises(NotReady, match="in 1 to 500 characters"):
        stop(session, settings.home, "w1", people, "x" * 501, 10, AFTER_GRACE, 365)


def test_what_a_night_will_destroy_is_told_though_an_earlier_wave_still_asks(database, settings):
    for point in ("p-1", "p-2"):
        a_point(database, point, form="short")
    a_wave(database, settings, "w1", at=["p-1"])
    a_wave(database, settings, "w2", at=["p-2"])
    a_response(database, settings, "p-2")
    with database.writing() as session:
        close_wave(session, "w2", dt.date(2026, 9, 30))
    freeze(database, settings.home, "w2", FROZEN)
    with database.reading() as session:
        told = endings(session, settings.home, 365, dt.date(2026, 10, 22))
    assert told == [Ending("w2", "keys", dt.date(2026, 11, 1))]


def test_no_other_line_of_the_product_deletes_or_changes_answers():
    """Whole frozen waves go by the retention; before the freeze a whole import is taken back by two people, and that is
    all: see `tests/sipas/importing/test_taking_back.py` for what it refuses."""
    words = re.compile(
        r"(delete|update)\(\s*(Response|Comment|table)\b|(delete from|update|truncate)\s+(response|comment)\b"
        r"|\bquery\((Response|Comment)\)\.delete",
        re.IGNORECASE,
    )
    root = Path(sipas.__file__).parent
    found = {
        str(path.relative_to(root))
        for path in root.rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if words.search(line)
    }
    shortens_keys = "migrations/versions/0004_shorter_keys.py"  # every row stays, its answers as they are
    assert found == {"publishing/retention.py", "corrections/taking_back.py", shortens_keys}


def test_the_database_itself_tells_every_statement_that_touches_answers(database, settings, frozen, tmp_path):
    """Seen by SQLite's own trace: a whole life of a wave inserts and selects; the retention alone deletes, by the wave,
    and whoever takes an import back, by all keys of its file and no other condition on the rows."""
    from sqlalchemy import event

    seen: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda _c, _k, words, *_r: seen.append(words.lower()))
    a_wave(database, settings, "w2", opens_on=FROZEN)
    a_response(database, settings, moment=dt.datetime(2026, 10, 2, tzinfo=dt.timezone.utc), submission="ab" * 16)
    lines = "to-hieu-1,ho-tich,2026-10-02,5\n" * 12
    path = a_csv(tmp_path, "point,field,date,O\n" + lines)
    import_responses(database, settings.home, path, "w2", None, dt.date(2026, 10, 3))
    assert not [words for words in seen if re.match(r"\s*(delete from|update) (response|comment)\b", words)]
    take_back(database, settings.home, path, "w2", ("An", "Bình"), dt.date(2026, 10, 3))
    (taken,) = [words for words in seen if re.match(r"\s*delete from (response|comment)\b", words)]
    assert re.fullmatch(r'delete from response where response\.wave = \? and response\."key" in \([?, ]+\)', taken)
    assert taken.count("?") == 1 + 12
    seen.clear()
    with database.writing() as session:
        close_wave(session, "w2", dt.date(2026, 10, 30))
    freeze(database, settings.home, "w2", AFTER_GRACE.day)
    touching = [words for words in seen if re.search(r"\b(response|comment)\b", words)]
    assert touching
    assert not [words for words in touching if re.match(r"\s*(delete|update)", words)]
    drop(database, settings.home, "w1", AFTER_GRACE)
    deleting = [words for words in seen if re.match(r"\s*delete from (response|comment)\b", words)]
    assert {words.split()[2] for words in deleting} == {"response", "comment"}
    assert all(re.search(r"where \w+\.wave = ", words) for words in deleting)
