"""HTTPS by the installers' own commands: the server speaks it, and refuses what no browser would take."""

from __future__ import annotations

import os
import re
import socket
import ssl
import subprocess
import threading
import time
from urllib.request import urlopen

import pytest
from click.testing import CliRunner
from werkzeug.serving import make_server

from sipas import clock
from sipas.cli import group
from sipas.docs import FOLDER, manual
from sipas.errors import NotReady
from sipas.web.certificates import check_pair, read_certificate
from tests.commands import started
from tests.make import a_point, a_wave
from tests.manuals import LANGUAGES


@pytest.fixture(params=LANGUAGES)
def papers(request, tmp_path):
    """What the commands of the manual make, for this machine."""
    text = manual("kiosk-install", request.param).read_text("utf-8")
    commands = re.search(r"```sh\n(openssl.*?)```", text, re.DOTALL)[1]
    commands = commands.replace("DNS:sipas.example.vn", "IP:127.0.0.1")
    subprocess.run(["sh", "-ec", commands], cwd=tmp_path, check=True, capture_output=True)
    return tmp_path


def test_the_server_speaks_https_with_the_papers_of_the_manual(papers, database, settings):
    a_point(database)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    pair = ["--certificate", str(papers / "server.pem"), "--key", str(papers / "server.key")]
    environ = {**os.environ, "SIPAS_HOME": str(settings.home)}
    server = started("serve", "--port", str(port), "--workers", "1", *pair, environ=environ)
    try:
        trusted = ssl.create_default_context(cafile=papers / "ca.pem")
        end = time.monotonic() + 30
        while True:
            try:
                with urlopen(f"https://127.0.0.1:{port}/health", context=trusted, timeout=5) as reply:
                    assert reply.status == 200
                break
            except OSError:
                assert time.monotonic() < end, "no HTTPS"
                time.sleep(0.2)
    finally:
        server.terminate()
        server.wait(20)
    assert read_certificate(papers / "server.pem").names == ("127.0.0.1",)


def test_what_does_not_fit_is_refused_with_the_reason(papers):
    check_pair(papers / "server.pem", papers / "server.key")
    for certificate, key, reason in (
        ("server.pem", "ca.key", "not the key of"),
        ("ca.pem", "ca.key", "names no address"),
        ("server.key", "server.key", "no certificate"),
        ("server.pem", "server.pem", "no private key"),
    ):
        with pytest.raises(NotReady, match=reason):
            check_pair(papers / certificate, papers / key)


def test_the_start_script_allows_the_site_to_keep_its_store(tmp_path):
    """Run with a Chromium that only writes down how it was called, and then ends the script."""
    chromium = tmp_path / "chromium"
    chromium.write_text('#!/bin/sh\necho "$@" > "$HOME/called"\nkill $PPID\n')
    chromium.chmod(0o755)
    subprocess.run(
        [FOLDER / "kiosk/start-kiosk.sh", "https://sipas.example.vn/k/to-hieu-1"],
        env={"HOME": str(tmp_path), "PATH": f"{tmp_path}:/usr/bin:/bin"},
        timeout=20,
        check=False,
    )
    called = (tmp_path / "called").read_text()
    assert "BackForwardCache" in called
    assert called.strip().endswith("https://sipas.example.vn/k/to-hieu-1")
    wishes = (tmp_path / "sipas-kiosk/Default/Preferences").read_text()
    assert '"https://sipas.example.vn:443,*":{"setting":1}' in wishes


def test_the_probe_knows_a_server_by_the_offices_own_authority(papers, database, settings, app, monkeypatch):
    a_point(database, form="short")
    a_wave(database, settings, "w1", opens_on=clock.today())
    monkeypatch.setenv("SIPAS_HOME", str(settings.home))
    pair = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    pair.load_cert_chain(papers / "server.pem", papers / "server.key")
    served = make_server("127.0.0.1", 0, app, threaded=True, ssl_context=pair)
    threading.Thread(target=served.serve_forever, daemon=True).start()
    run = CliRunner().invoke
    try:
        run(group, ["config", "set", "address", f"https://127.0.0.1:{served.port}"])
        refused = run(group, ["probe", "to-hieu-1"])
        assert "name that: sipas config set authority ca.pem" in str(refused.exception)
        assert "sipas config set authority" in run(group, ["doctor", "--probe"]).output
        assert run(group, ["config", "set", "authority", str(papers / "ca.pem")]).exit_code == 0
        walked = run(group, ["probe", "to-hieu-1"])
        assert (walked.exit_code, walked.output.count("The way is whole")) == (0, 2), walked.exception
        told = run(group, ["doctor", "--probe"])
        assert told.exit_code == 0, told.output
        assert "Walked whole at 1 points" in told.output
    finally:
        served.shutdown()
        served.server_close()
    assert "authority = authority.pem" in (settings.home / "settings.conf").read_text(encoding="utf-8")
    assert (settings.home / "authority.pem").read_bytes() == (papers / "ca.pem").read_bytes()


def test_only_an_authoritys_certificate_is_taken_for_one(papers, settings, monkeypatch):
    monkeypatch.setenv("SIPAS_HOME", str(settings.home))
    (papers / "both.pem").write_bytes((papers / "ca.pem").read_bytes() + (papers / "ca.key").read_bytes())
    for file, reason in (
        ("server.pem", "no authority's certificate but a server's"),
        ("server.ext", "holds no certificate"),
        ("both.pem", "holds a private key"),
        ("nowhere.pem", "cannot be read: No such file"),
    ):
        refused = CliRunner().invoke(group, ["config", "set", "authority", str(papers / file)])
        assert reason in str(refused.exception), file
    assert not (settings.home / "authority.pem").exists()
    monkeypatch.setenv("SIPAS_AUTHORITY", "gone.pem")
    told = CliRunner().invoke(group, ["doctor"])
    assert told.exit_code == 1
    assert "gone.pem cannot be read" in told.output
