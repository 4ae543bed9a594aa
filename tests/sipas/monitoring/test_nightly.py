"""A bad night is noticed: what failed, since when, and whether anybody sees to the next."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import os
import signal
import subprocess
import time

import pytest
from click.testing import CliRunner

from sipas import clock
from sipas.cli import group
from sipas.cli.operator import upkeep as nights_work
from sipas.cli.operator.upkeep import upkeep
from sipas.files.home_paths import HomePaths
from sipas.logs import EVENTS
from sipas.monitoring import nightly, supervision
from sipas.monitoring.nightly import LATE, SIZE
from sipas.monitoring.supervision import Supervised
from tests.boundaries.test_full import small_disk
from tests.commands import started
from tests.make import a_response, a_wave
from tests.officers import signs_in
from tests.serving import Server, free_port

PASSWORD = "mười bảy con chim sẻ"


@pytest.fixture(autouse=True)
def _home(settings, database, monkeypatch):
    monkeypatch.setenv("SIPAS_HOME", str(settings.home))
    monkeypatch.setenv("SIPAS_LANGUAGE", "en")
    monkeypatch.setenv("SIPAS_BACKUP_DAYS", "0")


def doctor():
    return CliRunner().invoke(group, ["doctor"])


def at_the_desk(client, settings) -> str:
    signs_in(client, settings)
    return client.get("/desk?lang=en").text


def fails(*_):
    raise OSError(28, "No space left on device")


def test_a_good_night_is_known_to_doctor_and_monitor(settings, client):
    assert "No night has passed here yet." in doctor().output
    assert client.get("/health").json["night"] == "none"
    assert upkeep(settings)
    assert "[ok] The last good night was that of " in (told := doctor()).output
    assert told.exit_code == 0
    assert client.get("/health").json["night"] == "ok"


def test_what_failed_is_told_by_doctor_monitor_and_desk_until_a_night_is_good(settings, client, monkeypatch):
    monkeypatch.setattr(nights_work, "_listen", fails)
    assert not upkeep(settings)
    told = doctor()
    assert told.exit_code == 1
    assert "could not: look for silent points (the disk is full)." in told.output
    assert (client.get("/health").status_code, client.get("/health").json["night"]) == (200, "failed")
    assert client.get("/health").json["status"] == "warn"
    assert "could not: look for silent points" in at_the_desk(client, settings)
    monkeypatch.undo()
    monkeypatch.setenv("SIPAS_HOME", str(settings.home))
    assert upkeep(settings)
    assert client.get("/health").json["night"] == "ok"
    assert "could not" not in client.get("/desk?lang=en").text
    assert doctor().exit_code == 0


def test_a_night_that_was_cut_off_counts_as_failed_and_is_done_again(settings):
    nightly.begin(settings.home)
    assert "could not: end what it had begun." in doctor().output
    assert nights_work.first_wait(nightly.last_record(settings.home), clock.now()) == nights_work.AGAIN
    assert upkeep(settings)
    assert nights_work.first_wait(nightly.last_record(settings.home), clock.now()) > 0
    assert doctor().exit_code == 0


def test_a_good_night_longer_ago_than_a_day_and_a_half_is_told(settings, client):
    now = clock.now()
    nightly.end(settings.home, {}, now - LATE + dt.timedelta(minutes=5))
    assert (doctor().exit_code, client.get("/health").json["night"]) == (0, "ok")
    nightly.end(settings.home, {}, now - LATE - dt.timedelta(minutes=5))
    told = doctor()
    assert told.exit_code == 1
    assert "[ x] The last good night was that of" in told.output
    assert "sipas maintain" in told.output
    assert client.get("/health").json["night"] == "late"
    assert CliRunner().invoke(group, ["maintain"]).exit_code == 0
    assert (doctor().exit_code, client.get("/health").json["night"]) == (0, "ok")


def test_where_no_night_ever_was_good_that_is_told_after_as_long(settings, client):
    nightly.expect(settings.home, clock.now() - dt.timedelta(hours=20))
    assert doctor().exit_code == 0
    nightly.expect(settings.home, clock.now())
    settings.paths.upkeep.unlink()
    nightly.expect(settings.home, clock.now() - dt.timedelta(hours=40))
    assert "[ x] No night was good since" in doctor().output
    assert client.get("/health").json["night"] == "late"


def test_a_night_that_fails_for_want_of_room_is_written_down_all_the_same(tmp_path):
    with small_disk(tmp_path / "disk", 256) as disk:
        home = disk / "home"
        home.mkdir()
        nightly.expect(home)
        assert HomePaths(home).upkeep.stat().st_size == SIZE
        (disk / "other").write_bytes(bytes(os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize))
        nightly.end(home, {"order": "full"})
        assert nightly.last_record(home).failed == {"order": "full"}


def test_a_record_that_cannot_be_written_keeps_no_night_from_being_done(settings, database, monkeypatch):
    a_wave(database, settings)
    a_response(database, settings)
    monkeypatch.setattr(nightly, "write_over", fails)
    assert upkeep(settings)
    assert (settings.home / "maintained").is_file()


def test_what_ends_at_once_is_started_less_and_less_often_and_each_start_is_a_line(caplog, monkeypatch):
    now, starts = [0.0], []

    class Dead:
        def __init__(self, *_arguments, **_more):
            starts.append(now[0])

        def poll(self):
            return -9

    monkeypatch.setattr(supervision.subprocess, "Popen", Dead)
    monkeypatch.setattr(EVENTS, "propagate", True)
    kept = Supervised(["nobody"], clock=lambda: now[0])
    while now[0] < 2000:
        now[0] += 2
        kept.look()
    gaps = [b - a for a, b in itertools.pairwise(starts)]
    assert gaps[:4] == [4, 6, 10, 18]
    assert max(gaps) <= 304
    assert 8 < len(starts) < 16
    assert sum("started again" in record.message for record in caplog.records) >= len(starts) - 1


def pids_of(server) -> list[int]:
    find = ["pgrep", "-P", str(server.process.pid), "-f", "sipas.cli.operator.upkeep"]
    return [int(one) for one in subprocess.run(find, capture_output=True, text=True).stdout.split()]


def until(found, seconds=20.0):
    end = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < end, "it never came"
        time.sleep(0.1)
    return value


def test_an_upkeep_that_is_killed_comes_back_and_the_log_says_so(settings, database):
    log = settings.home.parent / "log"
    server = Server.__new__(Server)
    port = free_port()
    environ = {**os.environ, "SIPAS_HOME": str(settings.home)}
    server.process = started("serve", "--port", str(port), environ=environ, err=log)
    server.port = port
    try:
        until(server.answers, 30)
        (first,) = until(lambda: pids_of(server))
        until(lambda: nightly.is_alive(settings.home))
        os.kill(first, signal.SIGKILL)
        (second,) = until(lambda: [pid for pid in pids_of(server) if pid != first])
        assert second != first
        until(lambda: nightly.is_alive(settings.home))
        lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
        assert [line["exit"] for line in lines if "started again" in line["event"]] == [-9]
    finally:
        server.kill()
    until(lambda: not nightly.is_alive(settings.home))


def test_a_server_whose_upkeep_is_dead_is_told_by_doctor_and_monitor(settings, client, monkeypatch):
    from sipas.monitoring import servers

    with servers.running(settings.home, None):
        assert client.get("/health").json["night"] == "none", "it may still be starting"
        monkeypatch.setattr(servers, "STARTING", 0)
        assert client.get("/health").json["night"] == "dead"
        told = doctor()
        assert told.exit_code == 1
        assert "the process that does the nightly upkeep does not" in told.output
        with nightly.alive(settings.home):
            assert client.get("/health").json["night"] == "none"
            assert doctor().exit_code == 0
    assert doctor().exit_code == 0, "no server runs, so nobody is missing"
