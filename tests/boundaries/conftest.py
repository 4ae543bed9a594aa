"""What several promises are tested on: an installation with an open wave, on either database."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import pytest

from sipas.storage.database import Database
from tests import postgres
from tests.make import a_point, a_wave

needs_postgres = [
    pytest.mark.postgres,
    pytest.mark.skipif(postgres.programs() is None, reason="PostgreSQL's programs (initdb) are not installed"),
]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=needs_postgres)])
def place(request, settings):
    """Settings, and the environment of a server, on either database; PostgreSQL's own server comes along."""
    with contextlib.ExitStack() as stack:
        cluster = None
        if request.param == "postgresql":
            cluster = stack.enter_context(postgres.running(durable=True))
            settings = replace(settings, database_url=cluster.url)
            database = postgres.installed(settings)
        else:
            database = Database.of(settings)
        a_point(database, "to-hieu-1", "03646", form="short")
        a_wave(database, settings)
        yield settings, database, cluster
        database.engine.dispose()
