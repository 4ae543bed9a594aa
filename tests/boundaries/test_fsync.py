"""`kill -9` cannot tell a synced commit from a lazy one, so the calls that make an answer durable are counted.

The shim needs gcc; where there is none these tests are left out and say so.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from sipas.intake import stored
from sipas.migrations import create
from sipas.registry.importing import load_registry
from tests import postgres
from tests.disk import Disk, has_compiler
from tests.make import a_point, a_wave
from tests.serving import Server, a_body, post, steadily

pytestmark = pytest.mark.skipif(not has_compiler(), reason="fsync is not counted: there is no gcc to make the shim")
VISITS = 30


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


def test_on_a_slow_disk_those_who_come_together_share_a_commit_and_nobody_waits_long(settings, database, disk, capsys):
    a_point(database, form="short")
    a_wave(database, settings)
    server = Server(settings.home, **disk.environment(milliseconds=5))
    try:
        steadily(server.port, 50, 16, 0.5)
        before = disk.syncs
        waits = sorted(steadily(server.port, 200, 16, 3))
        calls = disk.syncs - before
    finally:
        server.kill()
    assert len(waits) == 600
    with database.reading() as session:
        assert stored(session, 1) == 625
    assert 0 < calls < 600
    last = waits[int(0.99 * len(waits))]
    assert last < 1  # one commit each ends at 3 s; `make bench` holds the limit of 0.1 s on a quiet machine
    with capsys.disabled():
        print(f"\n200 answers a second, 16 browsers, fsync 5 ms slower: 99 of 100 waited under {1000 * last:.0f} ms,"
              f" {calls / len(waits):.2f} calls of fsync for each answer")  # fmt: skip
