"""Who came after whom: what the owner of the database files can read, before and after `sipas maintain`.

2,000 answers arrive one by one in known order. With 2,000 rows a rank correlation of 0.08 would be seen (3.6 standard
errors of blind order). What is visible before maintenance is printed, what is left after it is bounded.
"""

from __future__ import annotations

import math
import os
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from sipas.backups import backup
from sipas.config.settings import Settings
from sipas.intake import maintenance, record, stored
from sipas.intake.maintenance import maintain
from sipas.intake.submission_keys import SIZE
from sipas.keyring import wave_keys
from sipas.migrations import create
from sipas.storage.database import Database
from tests import postgres
from tests.make import a_point, a_response, a_row, a_wave
from tests.needles import Needles

ARRIVALS = 2000
POWER = 0.08


def arrive(database, count=ARRIVALS, first=0):
    """Stores answers one by one, each in its own transaction; gives key -> place in the order of arrival. `first` is
    the number of the first submission."""
    order = {}
    for number in range(count):
        row = a_row(f"{first + number:032x}")
        order[bytes(row.key)] = number
        with database.writing() as session:
            assert record(session.connection(), row)
    return order


def correlation(order, seen):
    """Rank correlation of arrival with the order in which an attacker sees the rows."""
    return _rho([order[bytes(key)] for key in seen])


def _rho(arrival):
    n, middle = len(arrival), sum(arrival) / len(arrival)
    spread = math.sqrt(sum((a - middle) ** 2 for a in arrival) * n * (n * n - 1) / 12)
    return sum((place - (n - 1) / 2) * (a - middle) for place, a in enumerate(arrival)) / spread


def leaves(path, order):
    """Every leaf page of the answers' tree, its rows from the end of the page on: the order in which they were put."""
    data = path.read_bytes()
    size = int.from_bytes(data[16:18], "big")
    for start in range(0, len(data), size):
        page = data[start : start + size]
        header = 100 if start == 0 else 0
        if page[header] != 0x0A:
            continue
        count = int.from_bytes(page[header + 3 : header + 5], "big")
        places = [int.from_bytes(page[header + 8 + 2 * i : header + 10 + 2 * i], "big") for i in range(count)]
        rows = []
        for place in sorted(places, reverse=True):
            near = (page[place + shift : place + shift + SIZE] for shift in range(40))
            key = next((bytes(part) for part in near if bytes(part) in order), None)
            if key:
                rows.append(order[key])
        if len(rows) > 5:
            yield rows


def newest_of_page(path, order):
    """Pages whose last written row is their newest one; and how many blind guessing would find, with its spread."""
    pages = list(leaves(path, order))
    hits = sum(rows[-1] == max(rows) for rows in pages)
    blind = sum(1 / len(rows) for rows in pages)
    return hits, blind, math.sqrt(sum((1 / len(rows)) * (1 - 1 / len(rows)) for rows in pages)), len(pages)


def log_of(settings):
    path = settings.home / "sipas.sqlite-wal"
    return path.read_bytes() if path.exists() else b""


def keys_in(data, order):
    """The known keys in some bytes, in the order in which they first stand there."""
    return list(Needles(order).places(data))


def segments(folder):
    """PostgreSQL's log: of each file's inode what it holds, without empty pages."""
    found = {}
    for path in Path(folder, "pg_wal").glob("0*"):
        data = path.read_bytes()
        pages = (data[start : start + 8192] for start in range(0, len(data), 8192))
        found[path.stat().st_ino] = b"".join(page for page in pages if any(page))
    return found


def test_on_sqlite_nothing_is_left_of_the_order_of_arrival(database, settings, capsys):
    order = arrive(database)
    path = settings.home / "sipas.sqlite"
    in_log = keys_in(log_of(settings), order)
    visible = correlation(order, in_log) if len(in_log) > 1 else 0.0
    with database.engine.connect() as connection:
        connection.connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = newest_of_page(path, order)

    assert maintain(database, settings.home)

    assert log_of(settings) == b""
    hits, blind, spread, pages = newest_of_page(path, order)
    assert pages > 20
    assert hits <= blind + 3.5 * spread + 1
    for rows in leaves(path, order):
        assert rows != sorted(rows)
    with database.engine.connect() as connection:
        seen = [row[0] for row in connection.execute(text("select key from response"))]
    assert len(seen) == ARRIVALS
    assert abs(correlation(order, seen)) < POWER
    by_place = [row for page in leaves(path, order) for row in page]
    assert abs(_rho(by_place)) < POWER
    with capsys.disabled():
        print(f"\nSQLite before maintenance: {len(in_log)} answers in the log, in order {visible:.2f}; newest row"
              f" of a page told on {before[0]} of {before[3]} pages (blind {before[1]:.1f}); after: log empty, {hits}"
              f" of {pages} (blind {blind:.1f})")  # fmt: skip


def test_a_backup_keeps_no_order_either(database, settings):
    order = arrive(database, 500)
    copy = backup(settings, database, "copy")
    hits, blind, spread, pages = newest_of_page(copy, order)
    assert pages > 5
    assert hits <= blind + 3.5 * spread + 1
    assert not copy.with_name(copy.name + "-wal").exists()
    assert copy.stat().st_mode & 0o077 == 0


def test_a_reader_delays_the_emptying_of_the_log_and_is_told_not_hidden(database, settings, monkeypatch):
    a_wave(database, settings)
    a_response(database, settings)
    monkeypatch.setattr(maintenance, "TRIES", 3)
    with database.engine.connect() as reader:
        reader.execute(text("select count(*) from response")).scalar_one()
        a_response(database, settings)
        with pytest.raises(maintenance.FilesInUse, match="again"):
            maintain(database, settings.home)
    assert maintain(database, settings.home)  # still due, and done now
    assert log_of(settings) == b""


def test_nothing_is_due_until_an_answer_comes(database, settings):
    a_wave(database, settings)
    a_response(database, settings)
    assert maintain(database, settings.home)
    assert not maintain(database, settings.home)
    a_response(database, settings)
    assert maintain(database, settings.home)


def test_people_answer_while_the_files_are_rewritten_and_none_fails(database, settings):
    a_point(database, form="short")
    a_wave(database, settings)
    stop, done, failed = threading.Event(), [], []

    def visit():
        own = Database.of(settings)
        while not stop.is_set():
            try:
                a_response(own, settings)
                done.append(1)
            except Exception as error:
                failed.append(error)
        own.engine.dispose()

    threads = [threading.Thread(target=visit) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(5):
        time.sleep(0.1)
        maintain(database, settings.home)
    stop.set()
    for thread in threads:
        thread.join()
    assert failed == []
    with database.reading() as session:
        assert stored(session, 1) == len(done) > 0


@pytest.mark.postgres
@pytest.mark.skipif(postgres.programs() is None, reason="PostgreSQL's programs (initdb) are not installed")
def test_on_postgresql_nothing_is_left_of_the_order_of_arrival(tmp_path, capsys):
    with postgres.cluster() as url:
        settings = replace(Settings(home=tmp_path / "home"), database_url=url)
        database = create(settings)
        with database.engine.connect() as connection:
            for _ in range(8):  # a long day: these people come at the end of it
                connection.execute(text("select pg_switch_wal()"))
                connection.execute(text("select pg_current_xact_id()"))
                connection.commit()
        order = arrive(database)

        def seen():
            with database.engine.connect() as connection:
                rows = connection.execute(text("select key, xmin::text, ctid::text from response")).all()
            return [bytes(row[0]) for row in rows], len({row[1] for row in rows})

        keys_before, marks_before = seen()
        with database.engine.connect() as connection:
            old = connection.execute(text("select pg_relation_filepath('response')")).scalar_one()
        folder = url.split("host=")[1] + "/data/"
        log = segments(folder)
        assert len(log) > 8
        assert maintain(database, settings.home)
        keys_after, marks_after = seen()
        assert len(keys_after) == ARRIVALS
        assert marks_after == 1
        kept = segments(folder)
        assert set(log) <= set(kept)  # none was given back
        assert not [number for number in log if log[number] == kept[number]]  # each was overwritten where it lay
        assert keys_in(b"".join(kept.values()), order) == []
        assert abs(correlation(order, keys_after)) < POWER
        assert not os.path.exists(folder + old) or os.path.getsize(folder + old) == 0
        with database.writing() as session:  # the table is the same to whoever uses it
            assert stored(session, 1) == ARRIVALS
            names = (
                session.execute(text("select indexname from pg_indexes where tablename = 'response'")).scalars().all()
            )
        assert names == ["pk_response"]
        with capsys.disabled():
            print(f"\nPostgreSQL before maintenance: by place {correlation(order, keys_before):.2f}, {marks_before}"
                  f" transaction marks; after: {correlation(order, keys_after):.2f}, {marks_after} mark")  # fmt: skip
        database.engine.dispose()


def test_keys_are_labels_of_nothing_once_the_waves_key_is_gone():
    assert wave_keys.label(b"a" * 32, "answer", "x") != wave_keys.label(b"b" * 32, "answer", "x")


def test_a_night_that_fails_is_told_in_the_log_and_ends_nothing(settings, caplog, monkeypatch):
    from sipas.cli.operator.upkeep import upkeep

    with caplog.at_level("INFO"):
        upkeep(settings)
        assert "maintained" in caplog.text
        monkeypatch.setattr("sipas.intake.maintenance.maintain", lambda *_: 1 / 0)
        upkeep(settings)
    assert "maintenance failed" in caplog.text
