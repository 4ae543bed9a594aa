"""`kill -9` cannot tell a synced commit from a lazy one, so the calls that make an answer durable are counted.

The shim needs gcc; where there is none these tests are left out and say so.
"""

from __future__ import annotations

import tempfile
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from sipas.intake import stored
from sipas.migrations import create
from sipas.registry.importing import load_registry
from tests import postgres
from tests.disk import Disk, has_compiler
from tests.make import a_point, a_wave
from tests.serving import Server, a_body, post

pytestmark = pytest.mark.skipif(not has_compiler(), reason="fsync is not counted: there is no gcc to make the shim")
VISITS = 30
BROWSERS, EACH = 16, 20


@pytest.fixture
def disk():
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:  # PostgreSQL's own user must be able to read it
        Path(folder).chmod(0o755)
        yield Disk.of(Path(folder))


def in_turn(server, disk, database):
    """Sends visits one after the other; how many calls of fsync each had seen when it was thanked."""
    assert post(server.port, a_body()) == 303
    before, seen = disk.syncs, []
    for _ in range(VISITS):
        assert post(server.port, a_body()) == 303
        seen.append(disk.syncs - before)
    with database.reading() as session:
        assert stored(session, 1) == VISITS + 1
    return seen


def test_every_thanks_comes_after_a_call_of_fsync_on_sqlite(settings, database, disk):
    a_point(database, form="short")
    a_wave(database, settings)
    server = Server(settings.home, **disk.environment())
    try:
        seen = in_turn(server, disk, database)
    finally:
        server.kill()
    assert all(calls >= number for number, calls in enumerate(seen, 1))


@pytest.mark.postgres
@pytest.mark.skipif(postgres.programs() is None, reason="PostgreSQL's programs (initdb) are not installed")
def test_every_thanks_comes_after_a_call_of_fsync_on_postgresql(settings, disk):
    with postgres.running(durable=True, environment=disk.environment()) as cluster:
        there = replace(settings, database_url=cluster.url)
        database = create(there)
        with database.writing() as session:
            load_registry(session)
        a_point(database, form="short")
        a_wave(database, there)
        server = Server(there.home, SIPAS_DATABASE_URL=cluster.url)
        try:
            seen = in_turn(server, disk, database)
        finally:
            server.kill()
            database.engine.dispose()
    assert all(calls >= number for number, calls in enumerate(seen, 1))


def test_on_a_slow_disk_those_who_come_together_share_a_commit(settings, database, disk, capsys):
    """How long they wait is measured by `make bench`: here no time is asked, for the machine may be busy."""
    a_point(database, form="short")
    a_wave(database, settings)
    server = Server(settings.home, SIPAS_PATIENCE="60", **disk.environment(milliseconds=5))
    replies = []

    def visitor():
        replies.extend(post(server.port, a_body(), timeout=120) for _ in range(EACH))

    visitors = [threading.Thread(target=visitor) for _ in range(BROWSERS)]
    try:
        assert post(server.port, a_body()) == 303
        before = disk.syncs
        for one in visitors:
            one.start()
        for one in visitors:
            one.join()
        calls = disk.syncs - before
    finally:
        server.kill()
    assert replies == [303] * (BROWSERS * EACH)
    with database.reading() as session:
        assert stored(session, 1) == len(replies) + 1
    assert 0 < calls < len(replies)  # a commit for each would be one call at least for each
    with capsys.disabled():
        print(f"\n{BROWSERS} browsers at once, fsync 5 ms slower: {calls / len(replies):.2f} calls of fsync for each"
              " answer")  # fmt: skip
