"""The few fixtures that everybody shares: a home folder, a database, an application, a client, today."""

from __future__ import annotations

import datetime as dt
import logging
import os
import shutil
from contextlib import contextmanager
from pathlib import Path

import argon2
import hypothesis
import pytest

import surveys
from sipas import create_app, i18n
from sipas.accounts import passwords
from sipas.config.settings import Settings
from sipas.migrations import create
from sipas.registry.importing import load_registry
from sipas.storage.database import Database
from sipas.web.installation import of_app
from tests import quicker

quicker.templates_compile_once()
quicker.addresses_compile_once()
quicker.statements_compile_once()

hypothesis.settings.register_profile(
    "sipas", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow], derandomize=True
)
hypothesis.settings.load_profile("sipas")


def pytest_collection_finish() -> None:
    quicker.collector_passes_over_what_stays()


def pytest_unconfigure() -> None:
    """What applications write as the process ends finds their homes removed, and has no stream left to say so."""
    logging.raiseExceptions = False


@pytest.fixture(autouse=True)
def _one_language():
    """Every test starts in the same language, whatever the machine's is."""
    i18n.speak("en")
    os.environ["LANGUAGE"] = "en"  # Click's sentences


@pytest.fixture(autouse=True)
def _no_words_of_another_home():
    """What was made at one test's installation is found by no other test."""
    surveys.also_from(None)
    yield
    surveys.also_from(None)


@pytest.fixture(autouse=True)
def _umask():
    """A command makes its process write for its owner alone; here it shares its process with the tests after it."""
    before = os.umask(0o022)
    yield
    os.umask(before)


MOST_CALLS = 1_000_000  # the demo's largest transaction makes 410,000


@pytest.fixture(scope="session", autouse=True)
def _nobody_waits_for_a_computation():
    """A write transaction that computes fails the test: visitors wait for its end. Nothing of `analysis` runs in it,
    and no more Python functions are called than writing takes. Both are counted, so that a busy or slow machine fails
    nothing."""
    true = Database.writing

    @contextmanager
    def watched(database):
        if database.lock is None:  # on PostgreSQL nobody waits for it
            with true(database) as session:
                yield session
            return
        with true(database) as session:
            counted = quicker.CallsCounted()
            try:
                yield session
            finally:
                calls, statistics = counted.end()
        assert not statistics, f"{statistics} ran in a write transaction; compute outside, then write"
        assert calls < MOST_CALLS, f"a write transaction called {calls:,} functions; compute outside, then write"

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Database, "writing", watched)
        yield


@pytest.fixture(scope="session", autouse=True)
def _cheap_hashes():
    """Passwords are hashed at a thousandth of the price; `test_passwords` holds the price itself."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "HASHER", argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield


@pytest.fixture(scope="session")
def _template(tmp_path_factory) -> Path:
    """A fresh installation with Sơn La's registry, made once and copied for each test."""
    home = tmp_path_factory.mktemp("template") / "home"
    database = create(Settings(home=home))
    with database.writing() as session:
        load_registry(session)
    database.engine.dispose()
    return home


@pytest.fixture
def settings(_template, tmp_path) -> Settings:
    """Settings of an installation of its own."""
    home = tmp_path / "home"
    shutil.copytree(_template, home)
    return Settings(home=home)


@pytest.fixture
def database(settings):
    """Its database."""
    found = Database.of(settings)
    yield found
    found.engine.dispose()


@pytest.fixture
def app(settings):
    """The whole application over it."""
    made = create_app(settings)
    yield made
    of_app(made).database.engine.dispose()


@pytest.fixture
def client(app):
    """A browser without scripts."""
    return app.test_client()


@pytest.fixture
def today() -> dt.date:
    """A day in the middle of a week, a month and a half-year."""
    return dt.date(2026, 9, 16)
