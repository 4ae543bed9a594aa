"""Restoring while people answer: whoever was thanked is in the backup that was made first, or in what came instead."""

from __future__ import annotations

import os
import sqlite3
import tarfile
import threading
import time

import pytest
from sqlalchemy import select

from sipas import backups
from sipas.backups import backup, restore
from sipas.intake.models import Response
from tests.boundaries.conftest import needs_postgres
from tests.serving import Client, Server, a_body, post


def keys_of(file):
    """The keys of the answers in a backup."""
    if file.suffix == ".sqlite":
        copy = sqlite3.connect(file)
        found = {row[0] for row in copy.execute("select key from response")}
        copy.close()
        return found
    with tarfile.open(file) as archive:
        lines = archive.extractfile("response.copy").read().decode().splitlines()
    return {bytes.fromhex(line.split("\t")[0].removeprefix("\\\\x")) for line in lines}


def wait_for(happened):
    end = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < end, "nobody was thanked for a minute"
        time.sleep(0.02)


def test_what_was_thanked_while_a_backup_was_restored_is_in_one_or_the_other(place, monkeypatch):
    settings, database, _ = place
    empty = backup(settings, database, "empty")
    address = {"SIPAS_DATABASE_URL": settings.database_url} if settings.database_url else {}
    server, stop = Server(settings.home, SIPAS_PATIENCE="0.3", **address), threading.Event()
    clients = [Client(server.port, stop) for _ in range(6)]
    module = backups.postgresql if settings.database_url else backups.sqlite
    load, refused_between = module.load, []

    def thanked():
        return sum(client.thanked for client in clients)

    def slowly(*arguments):
        """The moment between the backup and the replacing, as long as a large one makes it."""
        again = sum(client.again for client in clients)
        wait_for(lambda: sum(client.again for client in clients) >= again + 6)
        refused_between.append(sum(client.again for client in clients) - again)
        load(*arguments)

    monkeypatch.setattr(module, "load", slowly)
    try:
        for client in clients:
            client.start()
        wait_for(lambda: thanked() >= 30)
        first = restore(settings, database, empty, force=True, name="before")
        until = thanked()
        wait_for(lambda: thanked() >= until + 30)
        stop.set()
        for client in clients:
            client.join(30)
            assert not client.is_alive()
    finally:
        stop.set()
        server.kill()
    assert refused_between[0] >= 6  # they were told to wait, and sent again
    with database.reading() as session:
        now = set(session.scalars(select(Response.key)))
    assert len(keys_of(first)) >= 30
    assert len(now) >= 30
    assert len(keys_of(first) | now) == thanked()


def text(file):
    """In place, so that whoever has it open sees it."""
    file.write_text("Xin chào\n" * 20_000, encoding="utf-8")


def middle(file):
    with file.open("r+b") as stream:
        stream.seek(4096 * 3)
        stream.write(os.urandom(file.stat().st_size - 4096 * 6))


DAMAGES = {
    "gone": lambda file: file.unlink(),
    "empty": lambda file: os.truncate(file, 0),
    "text": text,
    "middle": middle,
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_a_restore_over_a_damaged_database_beside_a_running_server_loses_nobody_who_was_thanked_after_it(place, damage):
    settings, database, _ = place
    file = backup(settings, database, "empty")
    with database.driver() as connection:  # else its log alone may hold a whole database
        connection.execute("pragma wal_checkpoint(truncate)")
    server = Server(settings.home, SIPAS_PATIENCE="0.5")
    try:
        for _ in range(10):
            assert post(server.port, a_body()) == 303
        DAMAGES[damage](settings.home / "sipas.sqlite")
        while_broken = [post(server.port, a_body()) for _ in range(10)]
        assert set(while_broken) <= {303, 503}
        if damage in ("gone", "empty"):  # what was thanked would be nowhere
            assert 303 not in while_broken
        database.engine.dispose()
        restore(settings, database, file)
        after = 0
        end = time.monotonic() + 60
        while after < 30:
            assert time.monotonic() < end
            after += post(server.port, a_body()) == 303
    finally:
        server.kill()
    with database.reading() as session:
        assert len(session.scalars(select(Response.key)).all()) == after
        assert session.connection().exec_driver_sql("pragma integrity_check").scalar_one() == "ok"


@pytest.mark.parametrize("place", [pytest.param("postgresql", marks=needs_postgres)], indirect=True)
def test_two_who_wait_for_each_other_are_told_so_and_restoring_begins_again(place):
    settings, database, _ = place
    file = backup(settings, database, "one")
    holds, go_on = threading.Event(), threading.Event()

    def other():
        """Holds a table that is asked for late, then asks for the one that is asked for first."""
        with database.engine.begin() as connection:
            connection.exec_driver_sql("set local deadlock_timeout = '1min'")  # it is not this one that is refused
            connection.exec_driver_sql("lock table wave_point in row exclusive mode")
            holds.set()
            go_on.wait(20)
            connection.exec_driver_sql("select * from wave for update")

    thread = threading.Thread(target=other)
    thread.start()
    assert holds.wait(20)
    threading.Timer(0.3, go_on.set).start()
    restore(settings, database, file, force=True)
    thread.join(20)
    assert not thread.is_alive()
