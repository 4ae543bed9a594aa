"""A disk that is full while a wave is frozen, built or published: told in a sentence, and the same command goes on."""

from __future__ import annotations

import datetime as dt
import os

import pytest

from sipas import clock
from sipas.cli import main
from sipas.cli.operator.doctor.survey_findings import BAD, waves_and_releases
from sipas.config.settings import Settings
from sipas.fieldwork.waves import close_wave
from sipas.migrations import create
from sipas.publishing.published import published_release
from sipas.registry.importing import load_registry
from tests.boundaries.test_full import small_disk
from tests.make import a_point, a_response, a_wave

TODAY = dt.date(2026, 9, 30)
STEPS = (
    ("freeze", "w1"),
    ("release", "build", "w1", "--by", "Hoa", "--emergency", "Thử"),
    ("release", "approve", "w1-r{number}", "--by", "An", "--emergency", "Thử"),
    ("release", "publish", "w1-r{number}"),
)


def free(disk) -> int:
    found = os.statvfs(disk)
    return found.f_bavail * found.f_frsize


@pytest.fixture
def closed(tmp_path, monkeypatch):
    """A closed wave of 120 answers on a file system of 8 MB, and a file that leaves as little room as one wants."""
    monkeypatch.setattr(clock, "today", lambda: TODAY)
    monkeypatch.setenv("SIPAS_HOME", str(tmp_path / "disk" / "home"))
    monkeypatch.setenv("SIPAS_LANGUAGE", "en")
    with small_disk(tmp_path / "disk", 8000) as disk:
        settings = Settings(home=disk / "home")
        database = create(settings)
        with database.writing() as session:
            load_registry(session)
        for code, unit in (("p-1", "03646"), ("p-2", "03664")):
            a_point(database, code, unit, form="short")
        a_wave(database, settings)
        for number in range(120):
            day = dt.datetime(2026, 9, 1 + number % 29, 3, tzinfo=dt.timezone.utc)
            said = dict.fromkeys(("O", "B1.2", "B2.2"), "2" if number % 4 == 0 else "5")
            a_response(database, settings, ("p-1", "p-2")[number % 2], moment=day, answers=said)
        with database.writing() as session:
            close_wave(session, "w1", TODAY)
        yield disk, settings, database
        database.engine.dispose()


def test_each_step_to_a_publication_goes_on_after_the_disk_was_full_at_any_point_of_it(closed, capfd, monkeypatch):
    disk, settings, database = closed
    filler, number, failures = disk / "filler", 1, dict.fromkeys(STEPS, 0)
    for step in STEPS:
        room = 0
        while True:
            filler.write_bytes(bytes(max(0, free(disk) - room)))
            monkeypatch.setattr("sys.argv", ["sipas", *(word.format(number=number) for word in step)])
            with pytest.raises(SystemExit) as ended:
                main()
            said = capfd.readouterr()
            filler.unlink()
            if not ended.value.code:
                break
            failures[step] += 1
            assert "Traceback" not in said.err
            assert "disk is full" in said.err, said.err
            room += 24_000
        if step[1] == "build":
            number = int(said.out.strip().rpartition("-r")[2])
    assert all(failures.values()), failures
    assert [said for sign, said in waves_and_releases(settings, database) if sign == BAD] == []
    assert published_release(settings.home, f"w1-r{number}").manifest["approved_by"] == "An"
    hidden = [path for folder in ("snapshots", "drafts") for path in (settings.home / folder).glob(".*")]
    assert hidden == []
