"""The few fixtures that everybody shares: a home folder, a database, an application, a client, today."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import time
from contextlib import contextmanager
from pathlib import Path

import hypothesis
import pytest

import surveys
from sipas import create_app, i18n
from sipas.config.settings import Settings
from sipas.migrations import create
from sipas.registry.importing import load_registry
from sipas.storage.database import Database
from sipas.web.installation import of_app
from tests import quicker

quicker.templates_compile_once()
quicker.addresses_compile_once()

hypothesis.settings.register_profile(
    "sipas", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow], derandomize=True
)
hypothesis.settings.load_profile("sipas")


def pytest_collection_finish() -> None:
    quicker.collector_passes_over_what_stays()


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


@pytest.fixture(autouse=True)
def _nobody_waits_for_a_computation(monkeypatch):
    """A write transaction that computes for more than a second fails the test: visitors wait for its end. Counted is
    the processor's time of its own thread, so that a busy machine fails nothing."""
    true = Database.writing

    @contextmanager
    def watched(database):
        begun = time.thread_time()
        with true(database) as session:
            yield session
        spent = time.thread_time() - begun
        assert spent < 1.0, f"a write transaction computed for {spent:.1f} s; compute outside, then write"

    monkeypatch.setattr(Database, "writing", watched)


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
