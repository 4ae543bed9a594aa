"""What lies in SIPAS_HOME is for its owner alone, whatever the umask of whoever starts it; `serve` insists on keys."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import stat
from pathlib import Path

import pytest

from sipas import clock
from sipas.files.state_files import write_whole
from tests import commands
from tests.home_files import strangers
from tests.serving import Server, a_body, free_port, post
from tests.shared import made_once

FOLDERS = ("keys", "snapshots", "drafts", "releases", "backups")


def sipas(home: Path, *words: str, umask: int = 0, code: int = 0) -> str:
    """What a command says; called with that umask."""
    done = commands.run(*words, environ={**os.environ, "SIPAS_HOME": str(home), "LANG": "C.UTF-8"}, umask=umask)
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


def open_ones(home: Path) -> set[str]:
    """What anybody but the owner may read, write or enter."""
    return {str(one.relative_to(home)) for one in (home, *home.rglob("*")) if one.lstat().st_mode & 0o077}


@pytest.fixture(scope="module")
def once(tmp_path_factory):
    """A home that went through a whole wave by command, everything with no umask at all."""
    return made_once(tmp_path_factory, "worked", worked_through) / "home"


def worked_through(folder: Path) -> None:
    """Makes it as `home` in a folder."""
    home = folder / "home"
    home.mkdir()
    home.chmod(0o755)  # as an administrator made it
    sipas(home, "init", "--registry", "son-la")
    sipas(home, "user", "add", "hoa", "--person", "Lò Thị Hoa", "--role", "administrator")
    write_whole(home / "keys" / "desk.password", b"scrypt:1024:8:1$" + b"s" * 16 + b"$" + b"a" * 128)
    write_whole(home / "keys" / "desk.ended", b"{}")
    sipas(home, "point", "add", "to-hieu-1", "--unit", "03646")
    days = [clock.today() - dt.timedelta(days=7 * week) for week in range(10)]
    sipas(home, "wave", "open", "w1", "--instrument", "service-2024", "--coarsest", "--from", str(days[-1]))
    lines = "".join(f"to-hieu-1,ho-tich,{day},{level}\n" for day in days for level in (5, 4, 2) * 4)
    (home / "paper.csv").write_text("point,field,date,B1.2\n" + lines, encoding="utf-8")
    sipas(home, "responses", "import", str(home / "paper.csv"), "--wave", "w1")
    (home / "paper.csv").unlink()
    served(home)
    sipas(home, "responses", "export", "w1", "--form", "short", "--out", str(home / "out.csv"))
    sipas(home, "maintain")
    sipas(home, "backup")
    sipas(home, "wave", "close", "w1")
    sipas(home, "freeze", "w1")
    sipas(home, "release", "build", "w1", "--by", "Lò Thị Hoa", "--emergency", "Thử")


@pytest.fixture
def worked(once, tmp_path):
    """A copy of it, rights and all."""
    return Path(shutil.copytree(once, tmp_path / "home"))


def served(home: Path) -> None:
    """Some answers through a server that was started with no umask."""
    before = os.umask(0)
    try:
        server = Server(home)
    finally:
        os.umask(before)
    try:
        for _ in range(12):
            assert post(server.port, a_body()) == 303
        assert not open_ones(home), "while it runs"
    finally:
        server.kill()


def test_whatever_the_umask_nobody_else_reads_anything(worked):
    assert open_ones(worked) == set()
    for name in FOLDERS:
        assert stat.S_IMODE((worked / name).stat().st_mode) == 0o700
    for name in ("sipas.sqlite", "write.lock", "snapshots/w1.parquet", "drafts/w1-r1/release.json", "nights.json"):
        assert stat.S_IMODE((worked / name).stat().st_mode) == 0o600
    assert list((worked / "backups").glob("*.sqlite.sha256"))


def test_every_file_of_a_home_stands_in_the_operators_table(once):
    """`docs/operator.md`, “The files of SIPAS_HOME”: who writes it, what is lost without it."""
    assert strangers(once) == ["out.csv"]  # what the operator exported


def test_an_older_home_is_told_and_mended_and_goes_on(worked):
    for path in (worked, *worked.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    told = sipas(worked, "doctor", code=1)
    assert "can be read by other users of this machine" in told
    assert "sipas doctor --mend-permissions" in told
    told = sipas(worked, "doctor", "--mend-permissions")
    assert "were made readable by their owner only" in told
    assert open_ones(worked) == set()
    assert "is readable by its owner only" in sipas(worked, "doctor")
    (wave,) = json.loads(sipas(worked, "wave", "list", "--json"))
    assert wave["responses"] == 132


def test_what_is_open_but_no_key_is_a_warning(worked):
    (worked / "snapshots" / "w1.parquet").chmod(0o644)
    told = sipas(worked, "doctor")
    assert "[ !] 1 folders and files" in told
    assert "w1.parquet" in told


def test_links_are_not_followed(worked, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o755)
    elsewhere.chmod(0o755)
    (worked / "link").symlink_to(elsewhere)
    assert "were made readable" in sipas(worked, "doctor", "--mend-permissions")
    assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o755


@pytest.mark.parametrize(
    ("name", "mode"), [("desk.secret", 0o640), ("probe.secret", 0o604), ("desk.password", 0o620), ("w1.id.key", 0o644)]
)
def test_serve_refuses_a_key_that_others_can_read_and_says_what_to_type(worked, name, mode):
    (worked / "keys" / name).chmod(mode)
    told = sipas(worked, "serve", "--port", str(free_port()), code=1)
    assert f"keys/{name} in SIPAS_HOME can be read by other users" in told
    assert "sipas doctor --mend-permissions" in told


@pytest.mark.parametrize("name", ["desk.secret", "probe.secret", "desk.password"])
def test_serve_says_once_that_a_secret_is_damaged(worked, name):
    (worked / "keys" / name).write_bytes(b"")
    told = sipas(worked, "serve", "--port", str(free_port()), code=1)
    assert f"keys/{name} in SIPAS_HOME is damaged." in told
    assert len(told.strip().splitlines()) == 1


def test_serve_refuses_a_certificates_key_that_everybody_reads(worked, tmp_path):
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    for path in (certificate, key):
        path.write_text("a file")
    key.chmod(0o644)
    words = ("serve", "--port", str(free_port()), "--certificate", str(certificate), "--key", str(key))
    assert f"Run: chmod o= {key}" in sipas(worked, *words, code=1)
    key.chmod(0o640)  # for a group of its own, as Debian's `ssl-cert`
    assert "chmod" not in sipas(worked, *words, code=1)
