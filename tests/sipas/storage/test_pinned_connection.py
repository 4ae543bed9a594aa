"""SQLite's transaction by the driver itself: all or nothing, and whoever needs SQLAlchemy is in the same one."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from sipas.errors import NotStored
from sipas.storage.pinned_connection import whole


@pytest.fixture
def numbers(database):
    """What is stored in a table of numbers."""
    with database.writing() as session:
        session.execute(text("create table number (n integer primary key)"))

    def found():
        with database.reading() as session:
            return sorted(session.execute(text("select n from number")).scalars())

    return found


def put(short, number):
    return short.exec_driver_sql("insert into number values (?)", (number,)).rowcount


def test_what_was_said_plainly_and_what_was_said_in_sqlalchemys_words_is_one_transaction(database, numbers):
    def deed(short):
        put(short, 1)
        with Session(whole(short)) as session:
            session.execute(text("insert into number values (2)"))
            session.flush()
        put(short, 3)
        return numbers()

    assert database.write_plainly(deed) == []  # nobody else sees a part of it
    assert numbers() == [1, 2, 3]


@pytest.mark.parametrize("more", [lambda short: None, whole], ids=["plain", "whole"])
def test_a_deed_that_fails_leaves_nothing_and_the_next_one_is_stored(database, numbers, more):
    def fails(short):
        put(short, 1)
        more(short)
        raise LookupError("changed its mind")

    with pytest.raises(LookupError):
        database.write_plainly(fails)
    assert database.write_plainly(lambda short: put(short, 2)) == 1
    assert numbers() == [2]


def test_what_the_driver_finds_wrong_is_raised_as_sqlalchemy_raises_it_without_what_was_sent(database, numbers):
    with pytest.raises(IntegrityError):
        database.write_plainly(lambda short: [put(short, 4711), put(short, 4711)])
    with pytest.raises(NotStored):  # as any failure of the database
        database.write_plainly(lambda short: short.exec_driver_sql("insert into nowhere values (?)", (4711,)))
    with database._writer._transaction(True) as short, pytest.raises(OperationalError) as told:
        short.exec_driver_sql("insert into nowhere values (?)", (4711,))
    assert "nowhere" in str(told.value)
    assert "4711" not in str(told.value)


def test_the_connection_is_kept_and_tuned_as_every_other(database, numbers):
    opened = []
    event.listen(database.engine, "connect", lambda *_: opened.append(1))
    for number in range(20):
        database.write_plainly(lambda short, number=number: put(short, number))
    assert len(opened) <= 1
    settings = [
        database.write_plainly(lambda short, name=name: short.exec_driver_sql(f"pragma {name}").fetchone()[0])
        for name in ("synchronous", "secure_delete", "foreign_keys")
    ]
    assert settings == [2, 1, 1]


def test_disposing_of_the_engine_closes_the_kept_connection_too(database, numbers):
    database.write_plainly(lambda short: put(short, 1))
    file = os.path.realpath(database.engine.url.database)
    assert file in open_files()
    database.engine.dispose()
    assert file not in open_files()
    database.write_plainly(lambda short: put(short, 2))
    assert numbers() == [1, 2]


def test_where_the_file_cannot_be_opened_any_more_the_answer_is_told_to_be_not_stored(database, numbers):
    database.write_plainly(lambda short: put(short, 1))
    database.engine.dispose()
    file = Path(database.engine.url.database)
    file.rename(file.with_suffix(".away"))
    file.mkdir()
    with pytest.raises(NotStored):
        database.write_plainly(lambda short: put(short, 2))
    file.rmdir()
    file.with_suffix(".away").rename(file)
    assert database.write_plainly(lambda short: put(short, 3)) == 1
    assert numbers() == [1, 3]


def open_files():
    return [os.path.realpath(f"/proc/self/fd/{name}") for name in os.listdir("/proc/self/fd")]


def test_connections_that_are_closed_wait_for_the_write_under_way(database, numbers):
    """As at the end of a process, whose threads may still write."""
    begun, go_on, results = threading.Event(), threading.Event(), []

    def deed(short):
        put(short, 1)
        begun.set()
        assert go_on.wait(10)
        return put(short, 2)

    writing = threading.Thread(target=lambda: results.append(database.write_plainly(deed)))
    writing.start()
    assert begun.wait(10)
    closing = threading.Thread(target=database.engine.dispose)
    closing.start()
    closing.join(0.3)
    assert closing.is_alive()
    go_on.set()
    writing.join(10)
    closing.join(10)
    assert results == [1]
    assert numbers() == [1, 2]


def test_a_fork_writes_although_its_parent_was_just_writing(database, numbers):
    database.write_plainly(lambda short: put(short, 1))
    kept = database._writer._transaction.__self__
    begun, end = threading.Event(), threading.Event()

    def holds():
        with kept._in_use:
            begun.set()
            end.wait(20)

    threading.Thread(target=holds).start()
    assert begun.wait(10)
    child = os.fork()
    if not child:
        signal.alarm(10)
        with kept.transaction(True) as short:
            put(short, 2)
        os._exit(0)
    try:
        assert os.waitpid(child, 0)[1] == 0
    finally:
        end.set()
    assert numbers() == [1, 2]
