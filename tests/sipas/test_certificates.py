"""HTTPS by the installers' own commands: the server speaks it, and refuses what no browser would take."""

from __future__ import annotations

import os
import re
import socket
import ssl
import subprocess
import sys
import time
from urllib.request import urlopen

import pytest

from sipas.certificates import check_pair, read
from sipas.docs import FOLDER, manual
from sipas.errors import NotReady
from tests.make import a_point
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
    server = subprocess.Popen(
        [sys.executable, "-m", "sipas.cli", "serve", "--port", str(port), "--workers", "1", *pair],
        env={**os.environ, "SIPAS_HOME": str(settings.home)},
        stderr=subprocess.DEVNULL,
    )
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
    assert read(papers / "server.pem").names == ("127.0.0.1",)


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
