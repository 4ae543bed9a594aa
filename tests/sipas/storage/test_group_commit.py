"""Group commit: those who wait share a transaction, and nobody pays for another's fault."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from dataclasses import replace

import pytest
from sqlalchemy import event, text

from sipas.errors import NoOpenWave, NotStored
from sipas.storage import group_commit
from sipas.storage.database import Database


@pytest.fixture
def numbers(database):
    """A table of numbers, and the commits that were made since."""
    with database.writing() as session:
        session.execute(text("create table number (lane text, n integer primary key)"))
    commits = []
    event.listen(database.engine, "commit", lambda _: commits.append(1))
    return commits


def put(number, lane="answer", fails=False):
    def deed(connection):
        connection.execute(text("insert into number values (:lane, :n)"), {"lane": lane, "n": number})
        if fails:
            raise NoOpenWave("closed meanwhile")
        return number

    return deed


def together(database, deeds):
    """Runs deeds from as many threads while another process seems to hold the lock; gives results or errors."""
    seen = [None] * len(deeds)

    def ask(place):
        deed, lane = deeds[place]
        try:
            seen[place] = database.write(deed, lane)
        except Exception as error:
            seen[place] = error

    threads = [threading.Thread(target=ask, args=(place,)) for place in range(len(deeds))]
    with database.queue():
        for thread in threads:
            thread.start()
        until(lambda: len(database._writer._queue) == len(deeds))
    for thread in threads:
        thread.join()
    return seen


def until(holds):
    """Waits for what another thread is about to do."""
    end = time.monotonic() + 5
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.005)


def stored(database):
    with database.reading() as session:
        return sorted(session.execute(text("select n from number")).scalars())


def test_those_who_wait_share_one_commit(database, numbers):
    assert together(database, [(put(n), "answer") for n in range(20)]) == list(range(20))
    assert stored(database) == list(range(20))
    assert len(numbers) == 1


def test_an_answer_and_a_comment_never_share_a_transaction(database, numbers):
    deeds = [(put(n, "comment" if n % 2 else "answer"), "comment" if n % 2 else "answer") for n in range(20)]
    together(database, deeds)
    assert stored(database) == list(range(20))
    assert len(numbers) == 2


def test_a_deed_that_fails_costs_its_mates_nothing(database, numbers):
    seen = together(database, [(put(n, fails=n in (3, 4)), "answer") for n in range(8)])
    assert [type(one) for one in seen] == [int, int, int, NoOpenWave, NoOpenWave, int, int, int]
    assert stored(database) == [0, 1, 2, 5, 6, 7]


def test_within_a_batch_the_order_is_lost(database, numbers):
    done = []

    def deed(number):
        def do(session):
            done.append(number)

        return do

    for _ in range(3):
        together(database, [(deed(n), "answer") for n in range(20)])
    assert any(done[20 * n : 20 * n + 20] != sorted(done[20 * n : 20 * n + 20]) for n in range(3))


def test_who_waits_too_long_is_told_and_nothing_of_it_is_stored_later(settings, database, numbers):
    impatient = Database.of(replace(settings, patience=0.1))
    with database.queue():
        start = time.monotonic()
        with pytest.raises(NotStored) as refused:
            impatient.write(put(1))
        assert time.monotonic() - start < 1
    assert refused.value.reason == "busy"
    assert impatient.write(put(2)) == 2
    assert stored(database) == [2]
    impatient.engine.dispose()


def test_whoever_comes_alone_writes_in_a_thread_of_its_own(database):
    assert database.write(lambda _connection: threading.get_ident()) == threading.get_ident()


def test_who_comes_while_somebody_writes_waits_in_line_and_shares_the_next_commit(database, numbers):
    writes, go_on = threading.Event(), threading.Event()

    def first(connection):
        writes.set()
        assert go_on.wait(5)
        return put(0)(connection)

    leader = threading.Thread(target=database.write, args=(first,))
    leader.start()
    assert writes.wait(5)
    others = [threading.Thread(target=database.write, args=(put(n),)) for n in range(1, 9)]
    for other in others:
        other.start()
    until(lambda: len(database._writer._queue) == 8)
    go_on.set()
    for thread in (leader, *others):
        thread.join()
    assert stored(database) == list(range(9))
    assert len(numbers) == 2


def test_after_a_slow_write_nobody_writes_in_a_thread_of_its_own_until_one_was_quick(database, monkeypatch):
    monkeypatch.setattr(group_commit, "SLOW", 0.05)
    own = threading.get_ident()
    assert database.write(lambda _connection: (time.sleep(0.1), threading.get_ident())[1]) == own
    assert database.write(lambda _connection: threading.get_ident()) != own
    until(lambda: database.write(lambda _connection: threading.get_ident()) == own)


def test_a_program_that_holds_the_database_outside_the_line_lets_nobody_wait_beyond_patience(settings, numbers):
    impatient = Database.of(replace(settings, patience=0.1))
    stranger = sqlite3.connect(settings.home / "sipas.sqlite", isolation_level=None)
    stranger.execute("begin immediate")
    start = time.monotonic()
    with pytest.raises(NotStored) as refused:
        impatient.write(put(1))
    assert time.monotonic() - start < 2
    assert refused.value.reason == "busy"
    stranger.rollback()
    stranger.close()
    until(lambda: stored(impatient) == [1])  # it was in doubt, and is done now that there is room
    assert impatient.write(put(2)) == 2
    impatient.engine.dispose()


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_fork_writes_with_a_thread_and_a_connection_of_its_own(database, numbers):
    assert together(database, [(put(1), "answer")]) == [1]
    database.engine.dispose()
    child = os.fork()
    if child == 0:
        try:
            done = [database.write(put(2)), *together(database, [(put(3), "answer")])]
            os._exit(0 if done == [2, 3] else 1)
        except BaseException:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert database.write(put(4)) == 4
    assert stored(database) == [1, 2, 3, 4]


def test_the_thread_goes_when_nobody_writes_and_comes_again(database, numbers, monkeypatch):
    monkeypatch.setattr(group_commit, "IDLE", 0.05)
    together(database, [(put(1), "answer")])
    thread = database._writer._thread
    thread.join(5)
    assert not thread.is_alive()
    assert together(database, [(put(2), "answer")]) == [2]


def test_a_lock_that_cannot_be_had_is_told_at_once(settings, database, numbers):
    (settings.home / "write.lock").unlink(missing_ok=True)
    (settings.home / "write.lock").mkdir()
    with pytest.raises(NotStored) as refused:
        database.write(put(1))
    assert refused.value.reason == "away"
