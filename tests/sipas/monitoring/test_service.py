"""The units of systemd: what they say, that systemd takes them, and that they work as a user without rights."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import urlopen

import pytest
from click.testing import CliRunner

from sipas.cli import group
from sipas.cli.operator.service import NAMES, written
from tests.serving import free_port

needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@pytest.fixture(autouse=True)
def _home(settings, monkeypatch):
    monkeypatch.setenv("SIPAS_HOME", str(settings.home))
    monkeypatch.setenv("SIPAS_LANGUAGE", "en")


def install(*words):
    return CliRunner().invoke(group, ["service", "install", *words])


def test_a_dry_run_prints_every_unit_and_writes_nothing(settings, tmp_path):
    told = install("--dry-run", "--folder", str(tmp_path / "units"), "--port", "443")
    assert told.exit_code == 0
    for name in NAMES:
        assert f"# {tmp_path}/units/{name}\n" in told.output
    assert "@" not in told.output, "every place is filled"
    assert f'Environment="SIPAS_HOME={settings.home}"' in told.output
    assert "serve --host 127.0.0.1 --port 443" in told.output
    assert not (tmp_path / "units").exists()


def test_every_service_runs_without_rights_and_writes_to_the_home_alone(settings):
    units = written(settings.home, "sipas", "127.0.0.1", 8000, None)
    for name in (one for one in units if one.endswith(".service")):
        for line in (
            "User=sipas",
            "UMask=0077",
            "NoNewPrivileges=yes",
            "ProtectSystem=strict",
            f"ReadWritePaths={settings.home}",
        ):
            assert line in units[name].splitlines(), (name, line)
    assert "AmbientCapabilities=CAP_NET_BIND_SERVICE" in units["sipas.service"], "port 443 without root"
    assert "CAP_" not in units["sipas-backup.service"] + units["sipas-doctor.service"]
    assert "doctor --notify" in units["sipas-doctor.service"]
    assert "backup --replace" in units["sipas-backup.service"]


@needs_systemd
def test_systemd_takes_them(settings, tmp_path):
    units = tmp_path / "units"
    units.mkdir()
    told = install("--folder", str(units), "--user", "root", "--host", "0.0.0.0")
    assert told.exit_code == 0
    run = subprocess.run(["systemd-analyze", "verify", *units.iterdir()], capture_output=True, text=True)
    own = [line for line in run.stderr.splitlines() if "/sipas" in line]
    assert own == []
    timer = (units / "sipas-backup.timer").read_text()
    when = re.search("OnCalendar=(.*)", timer)[1]
    assert subprocess.run(["systemd-analyze", "calendar", when], capture_output=True).returncode == 0
    for name in ("sipas", "sipas-backup", "sipas-doctor"):
        words = ["systemd-analyze", "security", "--offline=true", "--threshold=40", str(units / f"{name}.service")]
        run = subprocess.run(words, capture_output=True, text=True)
        assert run.returncode == 0, run.stdout[-300:]


def test_units_that_somebody_changed_are_not_written_over(tmp_path):
    words = ("--folder", str(tmp_path), "--user", "root")
    assert install(*words).exit_code == 0
    assert install(*words).exit_code == 0, "the same once more"
    unit = tmp_path / "sipas.service"
    unit.write_text(unit.read_text() + "# mine\n")
    told = install(*words)
    assert told.exit_code == 1
    assert "--force" in str(told.exception)
    assert "# mine" in unit.read_text()
    assert install(*words, "--force").exit_code == 0
    assert "# mine" not in unit.read_text()


def test_what_is_missing_is_said_with_the_command_for_it(tmp_path, monkeypatch):
    told = install("--folder", str(tmp_path), "--user", "nobody-of-that-name")
    assert told.exit_code == 1
    assert "useradd --system" in str(told.exception)
    assert list(tmp_path.glob("*.service")) == []
    monkeypatch.setenv("SIPAS_PROXY", "127.0.0.1")
    assert "(SIPAS_PROXY)" in install("--dry-run").output
    told = install("--dry-run", "--user", 'x"\nExecStartPre=/bin/sh')
    assert "cannot stand in a unit" in str(told.exception)


def sandboxed(unit: str, user: str) -> list[str]:
    """The command of a unit, run as systemd would: as its user, the file system read-only but for the home, without new
    rights, with the capability that it names. What systemd filters beyond is not tried here."""
    home = re.search("ReadWritePaths=(.*)", unit)[1]
    capability = "+net_bind_service" if "AmbientCapabilities=CAP_NET_BIND_SERVICE" in unit else "-all"
    words = re.search("ExecStart=(.*)", unit)[1]
    drop = f"setpriv --reuid={user} --regid=65534 --clear-groups --no-new-privs --inh-caps=-all,{capability} "
    drop += f"--ambient-caps=-all,{capability} --bounding-set=-all,{capability}"
    script = (
        f"mount --make-rprivate / && mount --bind {home} {home} && mount -o remount,ro,bind / && umask 0077 && "
        f"exec env -i SIPAS_HOME={home} SIPAS_LANGUAGE=en SIPAS_BACKUP_DAYS=0 PATH=/usr/bin:/bin {drop} {words}"
    )
    return ["unshare", "--mount", "sh", "-ec", script]


@pytest.fixture
def as_service(settings):
    """The home given to a user of the system, on a path that this user can walk."""
    home = Path(f"/var/tmp/sipas-{os.getpid()}")
    shutil.copytree(settings.home, home)
    subprocess.run(["chown", "-R", "nobody:nogroup", home], check=True)
    probe = subprocess.run(["setpriv", "--reuid=nobody", "--clear-groups", sys.executable, "-c", "import sipas"])
    if probe.returncode or subprocess.run(["unshare", "--mount", "true"]).returncode:
        shutil.rmtree(home)
        pytest.skip("another user cannot read this installation, or nothing can be mounted here")
    yield home
    shutil.rmtree(home)


@needs_root
@pytest.mark.parametrize("port", [0, 443])
def test_server_backup_and_doctor_work_as_a_user_without_rights(as_service, port):
    if port:
        with socket.socket() as taken:
            try:
                taken.bind(("127.0.0.1", port))
            except OSError:
                pytest.skip("port 443 is taken on this machine")
    port = port or free_port()
    units = written(as_service, "nobody", "127.0.0.1", port, None)

    server = subprocess.Popen(
        sandboxed(units["sipas.service"], "nobody"), stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        end = time.monotonic() + 30
        while True:
            with contextlib.suppress(OSError), urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as reply:
                assert reply.status == 200
                break
            assert server.poll() is None, server.stderr.read()
            assert time.monotonic() < end, "no answer"
            time.sleep(0.2)
        owners = {path.owner() for path in as_service.rglob("*")}
        assert owners == {"nobody"}
        for name in ("sipas-backup.service", "sipas-doctor.service"):
            run = subprocess.run(sandboxed(units[name], "nobody"), capture_output=True, text=True)
            assert "[ x]" not in run.stdout, run.stdout
            assert "Traceback" not in run.stderr
            assert run.returncode == (0 if "backup" in name else 3), run.stderr  # nobody to tell is set
        assert len(list((as_service / "backups").glob("*.sqlite"))) == 1
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGTERM)
        server.wait(20)


@needs_root
def test_a_user_without_rights_is_told_whose_the_home_is(as_service):
    subprocess.run(["chown", "-R", "root:root", as_service], check=True)
    for words in ("wave list", "backup", "maintain", "point add p-1 --unit 03646", "doctor", "init", "serve"):
        run = subprocess.run(
            ["setpriv", "--reuid=nobody", "--clear-groups", sys.executable, "-m", "sipas.cli", *shlex.split(words)],
            capture_output=True,
            text=True,
            env={"SIPAS_HOME": str(as_service), "SIPAS_LANGUAGE": "en", "PATH": os.environ["PATH"]},
        )
        assert run.returncode == 1, words
        told = run.stdout + run.stderr
        assert "Traceback" not in told, words
        assert "unforeseen" not in told, words
        assert "SIPAS_HOME belongs to root" in told, (words, told)
