"""A short kiosk, a line that can be cut, and a browser that keeps its profile and can be killed."""

from __future__ import annotations

import pytest

from sipas import clock
from tests.make import a_point, a_wave
from tests.pages.conftest import Silent
from tests.pages.device import Line, Machine


@pytest.fixture(autouse=True)
def kiosk(database, settings):
    a_point(database, "to-hieu-1", "03646", form="short")
    a_wave(database, settings, "w1", "service-2024", opens_on=clock.today())


@pytest.fixture
def line(app):
    made = Line(app, Silent)
    yield made
    made.cut()


@pytest.fixture
def server(line):
    """What `opens` opens: the line of this test."""
    return line.address


@pytest.fixture
def machine(browser_type, whole, tmp_path, line):
    made = Machine(browser_type, whole, tmp_path / "profile", line.address)
    yield made
    made.ends()
