"""A disk that fills up: who is told, and what can be deleted to go on."""

from __future__ import annotations

import errno
import os
from collections import namedtuple
from dataclasses import replace

import pytest
from click.testing import CliRunner

from sipas import clock
from sipas.cli.operator.doctor.command import doctor
from sipas.files import disk_space
from sipas.files.disk_space import RESERVE, Disk, keep_reserve, reserve
from sipas.monitoring import answering
from sipas.web.rate_limits import Budget, RateLimits
from tests.make import a_point

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def free(monkeypatch):
    """Plays a disk of 100 GB of which so much is free."""
    seen = [50e9]
    monkeypatch.setattr(disk_space.shutil, "disk_usage", lambda _: Usage(int(100e9), 0, int(seen[0])))
    return seen


@pytest.mark.parametrize(("free", "total", "low"), [(50e9, 100e9, 0), (9e9, 100e9, 1), (0.9e9, 5e9, 1), (2e9, 5e9, 0)])
def test_a_disk_is_low_under_a_tenth_or_a_gigabyte(free, total, low):
    assert Disk(int(free), int(total)).is_low == bool(low)


def test_health_warns_while_answers_are_still_taken_and_fails_without_a_database(client, free, settings, monkeypatch):
    monkeypatch.setattr(answering, "FRESH", 0)
    assert client.get("/health").status_code == 200
    assert client.get("/health").json == {
        "status": "ok",
        "answers": "ok",
        "database": "ok",
        "disk": "ok",
        "night": "none",
        "certificate": "none",
        "backup": "none",
        "silent": None,
    }
    free[0] = 5e9
    assert (client.get("/health").status_code, client.get("/health").json["status"]) == (200, "warn")
    (settings.home / "sipas.sqlite").rename(settings.home / "away")
    reply = client.get("/health")
    assert (reply.status_code, reply.json["status"], reply.json["database"]) == (503, "down", "down")
    assert str(settings.home) not in reply.text


def test_the_reserve_is_made_once_with_room_and_readable_by_its_owner_only(tmp_path, free):
    assert keep_reserve(tmp_path)
    assert keep_reserve(tmp_path)
    path = reserve(tmp_path)
    assert path.stat().st_size == RESERVE
    assert path.stat().st_blocks * 512 >= RESERVE  # really there, not a hole
    assert path.stat().st_mode & 0o077 == 0
    path.unlink()
    free[0] = 5e9
    assert not keep_reserve(tmp_path)
    assert not path.exists()


def test_a_reserve_that_finds_no_room_leaves_nothing_behind(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(os, "posix_fallocate", full)
    assert not keep_reserve(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_doctor_says_what_is_free_what_to_delete_and_who_is_flooded(database, settings, monkeypatch, free):
    monkeypatch.setenv("SIPAS_HOME", str(settings.home))
    a_point(database, "to-hieu-1", "03646")
    told = CliRunner().invoke(doctor).output
    assert "50.0 GB of 100.0 GB" in told
    assert "[ !] No room lies in reserve" in told
    keep_reserve(settings.home)
    free[0] = 5e9
    RateLimits(settings.home).take("point to-hieu-1", Budget(1, 30_000, 30_000), "", clock.today(), 19_000)
    told = CliRunner().invoke(doctor).output
    assert "[ !] 5.0 GB of 100.0 GB are free. Make room" in told
    assert f"rm {reserve(settings.home)}" in told
    assert "Point to-hieu-1 took 19,000 answers today and stops at 20,000" in told


def test_the_doctor_says_which_point_a_flood_of_the_last_hours_concerns(database, settings, monkeypatch):
    monkeypatch.setenv("SIPAS_HOME", str(settings.home))
    a_point(database, "to-hieu-1", "03646")
    assert "somebody sends many" not in CliRunner().invoke(doctor).output
    budget = replace(Budget.of_point(settings), burst=10_000)
    RateLimits(settings.home).take("point to-hieu-1", budget, "", clock.today(), 9_500)
    assert "Point to-hieu-1 took 9,500 answers today, most of them" in CliRunner().invoke(doctor).output
