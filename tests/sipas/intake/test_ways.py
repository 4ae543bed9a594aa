"""How answers came is counted apart from them: in memory, in a file without order, at night in a table of its own."""

from __future__ import annotations

import itertools
import json
import os
import random
import subprocess
import sys
import threading

import pytest
from sqlalchemy import select

from sipas.backups import backup, restore
from sipas.expiry.gate import Gate
from sipas.fieldwork.asking import asking_at
from sipas.fieldwork.waves import close_wave
from sipas.intake import Outcome, Visit, receive, ways
from sipas.intake.maintenance import maintain
from sipas.intake.models import WayCount
from sipas.intake.ways import File, Held, Way, all_ways_of, held, settle_ways, ways_of
from sipas.publishing.freeze import freeze
from sipas.publishing.retention import drop
from sipas.storage.database import Database
from tests import postgres
from tests.make import A_MORNING, OPENING, PACKED, a_point, a_response, a_wave
from tests.sipas.backups.test_backups import _plain

PLACE = (1, 1, 9)


def answer(database, settings, count, way=Way.OPEN, start=0, **more):
    for number in range(start, start + count):
        assert a_response(database, settings, submission=f"{number:032x}", way=way, **more) is Outcome.STORED


def table(database):
    """(point, way) -> number."""
    with database.reading() as session:
        return {(row.point, Way(row.way).name): row.number for row in session.scalars(select(WayCount))}


@pytest.fixture
def wave(database, settings):
    a_point(database, form="short")
    return a_wave(database, settings)


def test_each_way_is_counted_at_its_point_and_stands_in_the_table_after_the_night(database, settings, wave):
    answer(database, settings, 7, Way.SCREEN)
    answer(database, settings, 5, Way.CODE, start=100)
    answer(database, settings, 3, start=200)
    assert table(database) == {}
    maintain(database, settings.home)
    assert table(database) == {(1, "SCREEN"): 7, (1, "CODE"): 5, (1, "OPEN"): 3}
    maintain(database, settings.home)
    answer(database, settings, 11, start=300)
    maintain(database, settings.home)
    assert table(database) == {(1, "SCREEN"): 7, (1, "CODE"): 5, (1, "OPEN"): 14}


def test_where_several_places_receive_the_office_alone_is_counted(database, settings, wave):
    a_point(database, "quyet-thang-1", "03664", form="short")
    with database.reading() as session:
        visits = {code: asking_at(session, code, OPENING) for code in ("to-hieu-1", "quyet-thang-1")}
    abroad = next(one for one, _ in visits["to-hieu-1"].services if visits["to-hieu-1"].codes(one.code).several)
    unit = visits["to-hieu-1"].codes(abroad.code).unit
    for place, (point, way) in enumerate(itertools.product(visits, (Way.SCREEN, Way.OPEN))):
        answer(database, settings, 6, way, start=100 * place, point=point, service=abroad.code)
    settle_ways(database, settings.home)
    with database.reading() as session:
        found = {(row.point, row.unit, row.way): row.number for row in session.scalars(select(WayCount))}
    assert found == {(0, unit, 1): 12, (0, unit, 3): 12}


def test_what_is_no_new_answer_of_a_person_in_time_is_not_counted(database, settings, wave):
    answer(database, settings, 10)
    assert a_response(database, settings, submission=f"{1:032x}") is Outcome.RESENT
    with database.reading() as session:
        codes = asking_at(session, "to-hieu-1", OPENING).codes("ho-tich")
    a_response(database, settings, unfinished=True)
    receive(database, settings.home, Visit("w1", codes.synthetic(), PACKED, A_MORNING, "vi"), submission="")
    with database.writing() as session:
        close_wave(session, "w1", OPENING.replace(day=28))
    freeze(database, settings.home, "w1", OPENING.replace(day=28), grace=3650)
    assert a_response(database, settings, wave="w1", submission="ff" * 16) is Outcome.LATE
    maintain(database, settings.home)
    assert table(database) == {(1, "OPEN"): 10}


def test_fewer_than_ten_of_a_place_wait_until_the_wave_is_frozen(database, settings, wave):
    """Two dated copies of the database tell the ways of no fewer than ten answers between them."""
    answer(database, settings, 12)
    maintain(database, settings.home)
    answer(database, settings, 9, Way.SCREEN, start=100)
    maintain(database, settings.home)
    assert table(database) == {(1, "OPEN"): 12}
    with database.reading() as session:
        assert all_ways_of(session.connection(), settings.home, 1).total() == 21
    with database.writing() as session:
        close_wave(session, "w1", OPENING.replace(day=28))
    freeze(database, settings.home, "w1", OPENING.replace(day=28))
    maintain(database, settings.home)
    assert table(database) == {(1, "OPEN"): 12, (1, "SCREEN"): 9}


def test_no_file_changes_before_ten_answers_of_a_place_have_come(database, settings, wave):
    """Whoever copies the disk every minute learns the ways of ten answers at once, or of hours."""
    path = settings.home / "ways.counts"
    a_point(database, "quyet-thang-1", "03664", form="short")
    answer(database, settings, 9)
    answer(database, settings, 9, point="quyet-thang-1", start=100)
    assert not path.exists()
    answer(database, settings, 1, Way.CODE, start=200)
    assert [row[:2] + row[3:] for row in json.loads(path.read_bytes())["waiting"]] == [[1, 1, 2, 1], [1, 1, 3, 9]]
    held(settings.home).flush()
    assert len(json.loads(path.read_bytes())["waiting"]) == 3
    assert path.stat().st_mode & 0o077 == 0


def test_what_is_held_in_memory_goes_into_the_file_as_the_night_begins(tmp_path):
    found = Held(tmp_path, night=lambda: 0.01)
    found.add(PLACE, Way.CODE)
    found._timer.join(5)
    assert File(tmp_path).books().waiting == {(*PLACE, 2): 1}


def test_the_file_is_the_same_in_whatever_order_answers_came(tmp_path):
    came = [((1, point, unit), way) for point, unit, way in itertools.product(range(9), (3, 4), Way) for _ in range(7)]
    files = []
    for seed in range(3):
        folder = tmp_path / str(seed)
        folder.mkdir()
        found = Held(folder)
        for place, way in random.Random(seed).sample(came, len(came)):
            found.add(place, way)
        found.flush()
        files.append((folder / "ways.counts").read_bytes())
    assert len(set(files)) == 1


def test_what_was_written_over_leaves_nothing_behind_it(tmp_path):
    file = File(tmp_path)
    file.add({(1, point, 1, 3): 777 for point in range(900)})
    path = tmp_path / "ways.counts"
    place, size = path.stat().st_ino, path.stat().st_size
    file.clear()
    assert (path.stat().st_ino, path.stat().st_size) == (place, size)
    assert b"777" not in path.read_bytes()


def test_threads_and_processes_lose_no_count(tmp_path):
    program = (
        "import sys, threading, pathlib; from sipas.intake.ways import Held, Way\n"
        "held = Held(pathlib.Path(sys.argv[1]))\n"
        "def some():\n    for n in range(200): held.add((1, n % 3, 1), Way(1 + n % 3))\n"
        "threads = [threading.Thread(target=some) for _ in range(4)]\n"
        "[one.start() for one in threads]; [one.join() for one in threads]; held.flush()\n"
    )
    others = [subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], env=os.environ) for _ in range(2)]
    assert [one.wait(60) for one in others] == [0, 0]
    assert sum(File(tmp_path).books().waiting.values()) == 1600


@pytest.mark.parametrize("cut", ["before the table", "after the table"])
def test_a_night_that_is_cut_off_counts_nothing_twice_and_loses_nothing(database, settings, wave, monkeypatch, cut):
    answer(database, settings, 20)
    broken = {"before the table": (Database, "writing"), "after the table": (File, "left")}[cut]
    with monkeypatch.context() as patch:
        patch.setattr(*broken, lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            settle_ways(database, settings.home)
    answer(database, settings, 30, start=100)
    with database.reading() as session:
        assert all_ways_of(session.connection(), settings.home, 1).total() == 50
    for _ in range(2):
        settle_ways(database, settings.home)
    assert table(database) == {(1, "OPEN"): 50}


def test_what_waits_for_a_wave_that_an_older_database_does_not_know_is_not_written(database, settings, wave):
    File(settings.home).add({(7, 1, 9, int(Way.OPEN)): 30, (*PLACE, int(Way.OPEN)): 12})
    settle_ways(database, settings.home)
    assert table(database) == {(1, "OPEN"): 12}
    with database.reading() as session:
        assert not ways_of(session.connection(), 7)


def test_nights_at_the_same_time_count_nothing_twice(database, settings, wave):
    answer(database, settings, 100)
    others = [threading.Thread(target=settle_ways, args=(database, settings.home)) for _ in range(4)]
    for one in others:
        one.start()
    for one in others:
        one.join()
    settle_ways(database, settings.home)
    assert table(database) == {(1, "OPEN"): 100}


def test_a_half_written_file_is_begun_anew_and_told_in_the_log(tmp_path, caplog):
    file = File(tmp_path)
    file.add({(*PLACE, 1): 30})
    path = tmp_path / "ways.counts"
    path.write_bytes(path.read_bytes()[:30])
    with caplog.at_level("WARNING"):
        file.add({(*PLACE, 3): 10})
    assert file.books().waiting == {(*PLACE, 3): 10}
    assert "unreadable" in caplog.text


def test_no_visitor_fails_for_a_count_that_cannot_be_written(database, settings, wave, monkeypatch, caplog):
    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, caplog.at_level("WARNING"):
        patch.setattr(File, "add", full)
        answer(database, settings, 25)
    assert caplog.text.count("ways of answers not written") == 2
    settle_ways(database, settings.home)
    assert table(database) == {(1, "OPEN"): 25}


def test_they_are_dropped_with_the_answers_of_their_wave(database, settings, wave, today):
    answer(database, settings, 15)
    with database.writing() as session:
        close_wave(session, "w1", OPENING.replace(day=28))
    freeze(database, settings.home, "w1", OPENING.replace(day=28), grace=0)
    drop(database, settings.home, "w1", Gate(OPENING.replace(month=12)))
    assert table(database) == {}
    assert not settle_ways(database, settings.home)


POSTGRES = [
    pytest.mark.postgres,
    pytest.mark.skipif(postgres.programs() is None, reason="PostgreSQL's programs (initdb) are not installed"),
]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=POSTGRES)])
def either(request, settings, tmp_path):
    """An open wave on each database: settings and database."""
    from dataclasses import replace

    if request.param == "sqlite":
        database = Database.of(settings)
        a_point(database, form="short")
        a_wave(database, settings)
        yield settings, database
        database.engine.dispose()
        return
    with postgres.cluster() as url:
        settings = replace(settings, home=tmp_path / "other", database_url=url)
        database = postgres.installed(settings)
        a_point(database, form="short")
        a_wave(database, settings)
        yield settings, database
        database.engine.dispose()


def test_a_backup_holds_them_as_the_night_leaves_them_and_a_restore_counts_what_it_brings(either):
    settings, database = either
    answer(database, settings, 30)
    maintain(database, settings.home)
    answer(database, settings, 20, Way.SCREEN, start=100)
    by_day = backup(settings, database, "day")
    maintain(database, settings.home)
    assert _plain(by_day) == _plain(backup(settings, database, "night"))
    assert table(database) == {(1, "OPEN"): 30, (1, "SCREEN"): 20}

    answer(database, settings, 40, start=200)  # these will be gone
    restore(settings, database, by_day, force=True)
    assert table(database) == {(1, "OPEN"): 30, (1, "SCREEN"): 20}
    answer(database, settings, 10, Way.CODE, start=300)
    maintain(database, settings.home)
    assert table(database) == {(1, "OPEN"): 30, (1, "SCREEN"): 20, (1, "CODE"): 10}
    with database.reading() as session:
        assert ways_of(session.connection(), 1).total() == 60


def test_a_night_that_waits_for_a_restore_adds_nothing_of_the_answers_that_are_gone(
    database, settings, wave, monkeypatch
):
    answer(database, settings, 30)
    file = backup(settings, database, "before")
    answer(database, settings, 30, start=100)
    nights = []

    def while_the_night_begins(*arguments):
        nights.append(threading.Thread(target=settle_ways, args=(database, settings.home), daemon=True))
        nights[0].start()
        nights[0].join(0.5)  # it waits for us now
        return before(*arguments)

    from sipas import backups

    before = backups._before
    monkeypatch.setattr(backups, "_before", while_the_night_begins)
    restore(settings, database, file, force=True)
    nights[0].join(30)
    settle_ways(database, settings.home)
    assert table(database) == {(1, "OPEN"): 30}


def test_the_table_says_what_is_promised_and_nothing_else():
    assert set(ways.COUNTED) == set(WayCount.__table__.columns.keys())
