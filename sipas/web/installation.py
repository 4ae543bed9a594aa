"""What one installation consists of, as one value: made by the application factory, asked for by `installation()`.

A variant, such as a test's, is `install(app, replace(of_app(app), settings=…))`. What one part alone remembers lies
with that part: `kiosk.blueprint.visits`, `desk.blueprint.attempts`, `monitoring.pages.looks`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sipas import clock
from sipas.config.settings import Settings
from sipas.files.home_paths import HomePaths
from sipas.registry.province import KnownProvince
from sipas.storage.database import Database
from sipas.web.rate_limits import RateLimits

if TYPE_CHECKING:
    from flask.sansio.app import App

NAME = "sipas"  # among the application's extensions


def _by_the_clock() -> dt.datetime:
    return clock.now()


@dataclass(frozen=True)
class Installation:
    """Settings, database, whose pages these are, what strangers may take, and the clock."""

    settings: Settings
    database: Database
    province: KnownProvince
    limits: RateLimits
    now: Callable[[], dt.datetime] = _by_the_clock  # this moment, with its zone

    @classmethod
    def of(cls, settings: Settings) -> Installation:
        """Return the installation that the settings name; nothing is opened yet."""
        database = Database.of(settings)
        return cls(settings, database, KnownProvince(database), RateLimits(settings.home, settings.proxy))

    @property
    def home(self) -> Path:
        """The folder of keys, snapshots and releases."""
        return self.settings.home

    @property
    def paths(self) -> HomePaths:
        """Where each file of the home lies."""
        return self.settings.paths

    def today(self) -> dt.date:
        """Return today's date in the province."""
        return clock.local(self.now()).date()


def install(app: App, ours: Installation) -> None:
    """Give an application, and its templates, this installation; another takes the place of the one that it had."""
    app.extensions[NAME] = ours
    app.jinja_env.globals["installation"] = installation


def of_app(app: App) -> Installation:
    """Return the installation of an application."""
    found: Installation = app.extensions[NAME]
    return found


def installation() -> Installation:
    """Return the installation of the application that answers the request at hand."""
    from flask import current_app

    found: Installation = current_app.extensions[NAME]
    return found
