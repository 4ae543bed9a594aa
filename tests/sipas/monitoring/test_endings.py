"""What ends without a word: certificates within 30 days, and backups that nobody makes."""

from __future__ import annotations

import datetime as dt
import json
import os
import ssl
import time
from urllib.request import urlopen

import pytest
from click.testing import CliRunner

from sipas import clock
from sipas.backups import backup
from sipas.cli import group
from sipas.monitoring import nightly
from sipas.monitoring.servers import running, servers
from sipas.web.certificates import read_certificate
from tests.commands import started
from tests.serving import free_port
from tests.sipas.monitoring.papers import a_pair

NOBODY_CHECKS = ssl.create_default_context()
NOBODY_CHECKS.check_hostname, NOBODY_CHECKS.verify_mode = False, ssl.CERT_NONE


@pytest.fixture(autouse=True)
def _home(settings, database, monkeypatch):
    monkeypatch.setenv("SIPAS_HOME", str(settings.home))
    monkeypatch.setenv("SIPAS_LANGUAGE", "en")


def doctor(*words):
    return CliRunner().invoke(group, ["doctor", *words])


@pytest.mark.parametrize(
    ("days", "state", "sign", "words"),
    [
        (-1, "ended", "[ x]", "ended on"),
        (12, "ends", "[ x]", "in 12 days"),
        (29, "ends", "[ x]", "in 29 days"),
        (31, "ok", "[ok]", "holds until"),
    ],
)
def test_a_certificate_is_told_30_days_before_it_ends(days, state, sign, words, settings, client, tmp_path):
    certificate, _key = a_pair(tmp_path, dt.timedelta(days=days, hours=1))
    assert client.get("/health").json["certificate"] == "none"
    with running(settings.home, read_certificate(certificate)):
        assert client.get("/health").json["certificate"] == state
        assert client.get("/health").status_code == 200, "answers are taken"
        told = doctor()
        assert told.exit_code == (sign == "[ x]")
        (line,) = [line for line in told.output.splitlines() if "] The certificate" in line]
        assert line.startswith(sign)
        assert words in line
        assert str(tmp_path) not in (settings.home / "run" / f"server-{os.getpid()}").read_text()
    assert client.get("/health").json["certificate"] == "none"
    assert doctor().exit_code == 0


def test_a_server_that_starts_with_an_expired_certificate_says_so_and_serves(settings, tmp_path):
    """The day before yesterday it was served without a word."""
    pair, port = a_pair(tmp_path, dt.timedelta(days=-2)), free_port()
    log = tmp_path / "log"
    words = ["--port", str(port), "--workers", "1", "--certificate", str(pair[0]), "--key", str(pair[1])]
    environ = {**os.environ, "SIPAS_ADDRESS": f"https://127.0.0.1:{port}"}
    server = started("serve", *words, environ=environ, err=log)
    try:
        end = time.monotonic() + 30
        while True:
            try:
                with urlopen(f"https://127.0.0.1:{port}/health", context=NOBODY_CHECKS, timeout=5) as reply:
                    said = json.load(reply)
                break
            except OSError:
                assert time.monotonic() < end, log.read_text()
                time.sleep(0.2)
        assert (said["certificate"], said["status"]) == ("ended", "warn")
        assert "The certificate for 127.0.0.1 ended on" in log.read_text()
        told = doctor()
        assert told.exit_code == 1
        assert "[ x] The certificate for 127.0.0.1 ended on" in told.output
        os.environ["SIPAS_ADDRESS"] = f"https://127.0.0.1:{port}"
        try:
            assert doctor("--probe").output.count("[ x] The certificate for 127.0.0.1 ended on") == 2, (
                "as it is met, too"
            )
        finally:
            del os.environ["SIPAS_ADDRESS"]
    finally:
        server.terminate()
        server.wait(20)
    assert servers(settings.home) == []


def test_what_a_killed_server_left_counts_for_nothing(settings, tmp_path, client):
    certificate, _key = a_pair(tmp_path, dt.timedelta(days=-2))
    said = {"names": ["x"], "ends": read_certificate(certificate).ends.isoformat()}
    (settings.home / "run").mkdir(exist_ok=True)
    left = settings.home / "run" / "server-999999"
    left.write_text(json.dumps(said))
    assert client.get("/health").json["certificate"] == "none"
    with running(settings.home, None):
        assert not left.exists()


def test_a_backup_older_than_a_day_is_told_until_there_is_a_newer_one(settings, database, client):
    assert client.get("/health").json["backup"] == "none"
    assert doctor().exit_code == 0, "on a new home there is nothing to lose"
    made = backup(settings, database, f"{clock.today()}")
    assert (client.get("/health").json["backup"], doctor().exit_code) == ("ok", 0)
    old = time.time() - 27 * 3600
    os.utime(made, (old, old))
    assert client.get("/health").json["backup"] == "old"
    told = doctor()
    assert told.exit_code == 1
    assert "[ x] The newest backup is of" in told.output
    assert CliRunner().invoke(group, ["backup", "--replace"]).exit_code == 0
    assert (client.get("/health").json["backup"], doctor().exit_code) == ("ok", 0)
    assert not made.exists(), "the earlier one is gone"
    assert len(list((settings.home / "backups").iterdir())) == 2, "one backup and its digest"


def test_a_home_in_use_for_longer_than_a_day_without_any_backup_is_told(settings, monkeypatch):
    nightly.end(settings.home, {}, clock.now())
    known = nightly.last_record(settings.home)
    settings.paths.upkeep.unlink()
    nightly.expect(settings.home, known.since - dt.timedelta(hours=27))
    assert "[ x] There is no backup yet." in doctor().output
    monkeypatch.setenv("SIPAS_BACKUP_DAYS", "0")
    told = doctor()
    assert "backup" not in told.output
    assert told.exit_code == 0


def test_replacing_leaves_other_backups_alone(settings, database):
    for name in ("before-restore-2026-11-01", "2026-11-01", "mine"):
        backup(settings, database, name)
    assert CliRunner().invoke(group, ["backup", "--replace"]).exit_code == 0
    left = {path.name for path in (settings.home / "backups").glob("*.sqlite")}
    assert left == {"before-restore-2026-11-01.sqlite", "mine.sqlite", f"{clock.today()}.sqlite"}
