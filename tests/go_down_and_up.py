"""Migrations backwards and forwards over data, for the tests of both databases."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import func, inspect, select, text, update

from sipas.config.settings import Settings
from sipas.fieldwork.counted import frame_between, quarters_across
from sipas.fieldwork.models import Device, PopulationCount, Wave
from sipas.fieldwork.waves import close_wave
from sipas.intake.record import count_late
from sipas.migrations import create, downgrade
from sipas.registry.models import EVER, Competence
from sipas.storage.database import Database
from tests.make import OPENING, a_wave

BEFORE_FIRST_DAYS = "0012"
BEFORE_SERIES = "0009"


def set_version(database: Database, version: str) -> None:
    """Write a version number into a database, as of an older or newer program."""
    with database.writing() as session:
        session.execute(text("update alembic_version set version_num = :v"), {"v": version})


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


def waves_without_series(database: Database, settings: Settings) -> None:
    """Waves of an older version come up as the main series; one that was simulated beside a real one as a trial."""
    a_wave(database, settings)
    with database.writing() as session:
        close_wave(session, "w1", OPENING)
    a_wave(database, settings, "w2", series="other")
    series = {}
    for simulated in ([], ["w2"], ["w1", "w2"]):
        with database.writing() as session:
            session.execute(update(Wave).values(simulated=Wave.code.in_(simulated)))
        downgrade(settings, BEFORE_SERIES)
        create(settings)
        with database.reading() as session:
            series[tuple(simulated)] = dict(session.execute(select(Wave.code, Wave.series)).all())
    assert series == {
        (): {"w1": "main", "w2": "main"},
        ("w2",): {"w1": "main", "w2": "trial"},
        ("w1", "w2"): {"w1": "main", "w2": "main"},
    }


def rules_without_a_first_day(database: Database, settings: Settings) -> None:
    """Rules of an older version hold since ever, or since their day; down again, of several the newest stays."""
    rules = select(Competence.service, Competence.responsible, Competence.valid_from, Competence.valid_to)
    rules = rules.where(Competence.receiver == "x-1").order_by(Competence.service, Competence.valid_from)
    end, since = dt.date(2026, 9, 30), dt.date(2026, 10, 1)
    with database.writing() as session:
        session.add(Competence(receiver="x-1", service="a", responsible="14", valid_to=end))
        session.add(Competence(receiver="x-1", service="a", responsible="tthcc", valid_from=since))
        session.add(Competence(receiver="x-1", service="b", responsible="14"))
        count = session.scalar(select(func.count()).select_from(Competence))
    downgrade(settings, BEFORE_FIRST_DAYS)
    with database.engine.connect() as connection:
        old = text("select service, responsible from competence where receiver = 'x-1' order by service")
        assert [tuple(row) for row in connection.execute(old)] == [("a", "tthcc"), ("b", "14")]
        assert connection.execute(text("select valid_from from competence where service = 'b'")).scalar_one() is None
    create(settings)
    with database.reading() as session:
        assert [tuple(row) for row in session.execute(rules)] == [("a", "tthcc", since, None), ("b", "14", EVER, None)]
        assert session.scalar(select(func.count()).select_from(Competence)) == count - 1


def dossiers_by_quarter(database: Database, settings: Settings) -> None:
    """Months and quarters stand side by side; below, where nobody knows quarters, they are gone, and months stay."""
    cells = select(PopulationCount.month, PopulationCount.dossiers).order_by(PopulationCount.month)
    with database.writing() as session:
        for month, dossiers in (("2026-01", 7), ("2026-Q2", 90), ("2027-01", 8), ("2026-Q1", 0)):
            session.add(PopulationCount(unit="03646", field="ho-tich", month=month, dossiers=dossiers, source="x"))
    with database.reading() as session:
        assert [cell.month for cell in frame_between(session, "2026-10", "2027-03")] == ["2027-01"]
        assert [cell.month for cell in frame_between(session, "2026-04", "2026-06")] == ["2026-Q2"]
        assert frame_between(session, "2026-05", "2026-06") == []
        assert [cell.month for cell in quarters_across(session, "2026-05", "2026-06")] == ["2026-Q2"]
        assert len(frame_between(session, "0000-00", "9999-99")) == 4
    downgrade(settings, "0018")
    create(settings)
    with database.reading() as session:
        assert [tuple(row) for row in session.execute(cells)] == [("2026-01", 7), ("2027-01", 8)]
