"""Thank you means stored: servers that are killed again and again lose nothing and store nothing twice."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import threading
import time

import pytest

from sipas.intake import stored
from tests.boundaries.conftest import needs_postgres
from tests.make import a_point, a_wave
from tests.serving import Client, Server, a_body, post

ROUNDS = [3, pytest.param(50, marks=pytest.mark.long)]


def answering(settings, rounds, accident):
    """Visitors answer while accidents happen; how many were thanked, and how often they had to send again."""
    address = {"SIPAS_DATABASE_URL": settings.database_url} if settings.database_url else {}
    server, stop = Server(settings.home, **address), threading.Event()
    clients = [Client(server.port, stop) for _ in range(8)]
    try:
        for client in clients:
            client.start()
        for number in range(rounds):
            served_until(clients, 8 * (number + 1))  # some were served since the last one
            time.sleep(secrets.randbelow(500) / 1000)
            accident(server)
        stop.set()
        for client in clients:
            client.join(60)
            assert not client.is_alive()
    finally:
        stop.set()
        server.kill()
    return sum(client.thanked for client in clients), sum(client.again for client in clients)


def served_until(clients, number):
    """Waits until so many were thanked, however slow the machine is; not for ever where it stands still."""
    known, end = -1, 0.0
    while (thanked := sum(client.thanked for client in clients)) < number:
        if thanked > known:
            known, end = thanked, time.monotonic() + 60
        assert time.monotonic() < end, "nobody was thanked for a minute"
        time.sleep(0.02)


def all_up(server):
    """The process numbers of its children, once the two workers beside the nightly upkeep have made their threads for
    visits: a worker that is there may still be reading its modules."""
    end = time.monotonic() + 60
    while len([one for one in server.workers() if threads(one) > 50]) < 2:
        assert time.monotonic() < end, "the workers did not start"
        time.sleep(0.05)
    time.sleep(0.5)  # and they listen
    return server.workers()


def threads(process):
    """How many threads a process has, 0 where it is gone."""
    try:
        return len(os.listdir(f"/proc/{process}/task"))
    except FileNotFoundError:
        return 0


def kill_and_start(server):
    """The same command again, at once, on the same port: no stale lock, pid file or socket may be in its way."""
    server.kill()
    server.start()


@pytest.mark.parametrize("rounds", ROUNDS)
def test_acknowledged_is_stored_and_none_twice_over_kills(place, rounds):
    settings, database, _ = place
    thanked, again = answering(settings, rounds, kill_and_start)
    with database.reading() as session:
        assert stored(session, 1) == thanked
    assert thanked >= 8 * rounds
    assert again > 0  # the kills were felt


@pytest.mark.parametrize("place", [pytest.param("postgresql", marks=needs_postgres)], indirect=True)
def test_acknowledged_is_stored_and_none_twice_when_postgresql_itself_is_killed(place):
    settings, database, cluster = place

    def killed(_server):
        cluster.kill()
        time.sleep(0.2)
        cluster.start()

    thanked, again = answering(settings, 3, killed)
    database.engine.dispose()
    with database.reading() as session:
        assert stored(session, 1) == thanked
    assert thanked >= 8 * 3
    assert again > 0


def test_a_killed_worker_is_replaced_and_the_others_go_on(database, settings):
    a_point(database, "to-hieu-1", "03646", form="short")
    a_wave(database, settings)
    workers = []

    def kill_one(server):
        workers.append(server.workers())
        os.kill(workers[0][-1], signal.SIGKILL)
        end = time.monotonic() + 60
        while workers[0][-1] in server.workers() or len(server.workers()) < len(workers[0]):
            assert time.monotonic() < end, "the worker was not replaced"
            time.sleep(0.1)
        workers.append(server.workers())

    thanked, _ = answering(settings, 1, kill_one)
    before, after = workers
    assert before[-1] not in after
    assert len(after) == len(before)
    with database.reading() as session:
        assert stored(session, 1) == thanked


def test_a_restart_drops_no_request(database, settings):
    a_point(database, "to-hieu-1", "03646", form="short")
    a_wave(database, settings)
    server, stop, replies = Server(settings.home, alone=True), threading.Event(), []

    def visit():
        while not stop.is_set():
            replies.append(post(server.port, a_body()))
            time.sleep(0.02)

    visitors = [threading.Thread(target=visit) for _ in range(4)]
    try:
        before = all_up(server)
        for visitor in visitors:
            visitor.start()
        time.sleep(0.5)
        os.kill(server.process.pid, signal.SIGHUP)
        end = time.monotonic() + 30
        while len(set(before) & set(server.workers())) > 1 or len(server.workers()) != len(before):
            assert time.monotonic() < end, "the workers were not replaced"  # all but the nightly upkeep
            time.sleep(0.1)
        stop.set()
        for visitor in visitors:
            visitor.join(20)
    finally:
        stop.set()
        server.kill()
    assert set(replies) == {303}
    with database.reading() as session:
        assert stored(session, 1) == len(replies) > 100


def test_the_nightly_upkeep_lives_and_ends_with_its_server(settings, database):
    server = Server(settings.home)
    find = ["pgrep", "-P", str(server.process.pid), "-f", "sipas.cli.operator.upkeep"]
    upkeep = subprocess.run(find, capture_output=True, text=True).stdout.split()
    try:
        assert len(upkeep) == 1
        all_up(server)
        time.sleep(2)  # and the server listens to signals
        server.process.terminate()
        server.process.wait(20)
        end = time.monotonic() + 10
        while subprocess.run(["ps", "-p", upkeep[0]], capture_output=True).returncode == 0:
            assert time.monotonic() < end, "the upkeep outlived its server"
            time.sleep(0.2)
    finally:
        server.kill()
