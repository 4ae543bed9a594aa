"""Migrations backwards and forwards over data, for the tests of both databases."""

from __future__ import annotations

from sqlalchemy import inspect, text

from sipas.database import Database
from sipas.fieldwork.models import Device
from sipas.intake.record import count_late
from sipas.migrations import create, downgrade
from sipas.settings import Settings
from tests.make import a_wave


def screens_and_late_answers(database: Database, settings: Settings) -> None:
    """From the newest version below the sixth and up again: what both know is kept, and late marks work anew."""
    a_wave(database, settings)
    with database.writing() as session:
        session.add(Device(id="d" * 32, point=1, key=b"k" * 65, enrolled="2026-09", settled=7, unknown_wave="w9"))
        count_late(session.connection(), 1, 1, b"m" * 15)
    downgrade(settings, "0005")
    with database.engine.connect() as connection:
        assert not inspect(connection).has_table("late_mark")
        assert connection.execute(text("select number from late_count")).scalar_one() == 1
    create(settings)
    with database.reading() as session:
        kept = session.get(Device, "d" * 32)
        assert (kept.settled, kept.unknown_wave) == (7, "")
    with database.engine.begin() as connection:
        count_late(connection, 1, 1, b"m" * 15)
        count_late(connection, 1, 1, b"m" * 15)
        assert connection.execute(text("select number from late_count")).scalar_one() == 2
