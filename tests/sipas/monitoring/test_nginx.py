"""The manual's nginx before a real server: HTTPS, the way from plain HTTP, and for whom it asks."""

from __future__ import annotations

import contextlib
import datetime as dt
import http.client
import os
import shutil
import signal
import ssl
import subprocess
import time
from pathlib import Path

import pytest

import sipas
from sipas.intake import stored
from tests.commands import started
from tests.make import a_point, a_wave
from tests.serving import FORM, a_body, free_port
from tests.sipas.monitoring.papers import a_pair

NGINX = shutil.which("nginx") or ("/usr/sbin/nginx" if Path("/usr/sbin/nginx").exists() else None)
EXAMPLE = Path(sipas.__file__).parent / "docs/nginx/sipas.conf"
pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")


@pytest.fixture
def before(settings, database, tmp_path):
    """nginx by the manual's file, with ports, papers and log of the test's own, before `sipas serve`."""
    a_point(database, "to-hieu-1", "03646", form="short")
    a_wave(database, settings)
    certificate, key = a_pair(tmp_path, dt.timedelta(days=100))
    plain, secure, inner = free_port(), free_port(), free_port()
    text = EXAMPLE.read_text(encoding="utf-8")
    for old, new in (
        ("listen 80;", f"listen 127.0.0.1:{plain};"),
        ("listen 443 ssl http2;", f"listen 127.0.0.1:{secure} ssl http2;"),
        ("127.0.0.1:8000", f"127.0.0.1:{inner}"),
        ("/etc/ssl/sipas/server.pem", str(certificate)),
        ("/etc/ssl/sipas/server.key", str(key)),
        ("/var/log/nginx/sipas-error.log", str(tmp_path / "error.log")),
    ):
        assert old in text
        text = text.replace(old, new)
    text = "\n".join(line for line in text.splitlines() if "listen [::]" not in line)
    folders = " ".join(
        f"{one}_temp_path {tmp_path}/{one};" for one in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (tmp_path / "nginx.conf").write_text(
        f"daemon off; pid {tmp_path}/pid; error_log {tmp_path}/main.log; events {{}}\nhttp {{ {folders}\n{text}\n}}\n"
    )
    os.chmod(tmp_path, 0o755)
    proxy = subprocess.Popen([NGINX, "-p", tmp_path, "-c", tmp_path / "nginx.conf"], stderr=subprocess.DEVNULL)
    servers = []

    def serve(**environment):
        log = tmp_path / f"log-{len(servers)}"
        environ = {**os.environ, "SIPAS_HOME": str(settings.home), **environment}
        server = started("serve", "--port", str(inner), "--workers", "1", environ=environ, err=log)
        servers.append(server)
        end = time.monotonic() + 30
        while ask(secure, "GET", "/health")[0] != 200:
            assert time.monotonic() < end, log.read_text() + (tmp_path / "main.log").read_text()
            time.sleep(0.2)
        return log

    try:
        yield serve, plain, secure
    finally:
        proxy.terminate()
        proxy.wait(10)
        for server in servers:
            stop(server)


def stop(server):
    with contextlib.suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGTERM)
    server.wait(20)


def ask(port, method, path, body=None, secure=True, **headers):
    """Status, headers and text of a reply, as one gets it who calls the server by its name."""
    nobody_checks = ssl.create_default_context()
    nobody_checks.check_hostname, nobody_checks.verify_mode = False, ssl.CERT_NONE
    line = (
        http.client.HTTPSConnection("127.0.0.1", port, timeout=10, context=nobody_checks)
        if secure
        else http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    )
    try:
        line.request(method, path, body, {"Host": "sipas.example.vn", **headers})
        reply = line.getresponse()
        return reply.status, reply.headers, reply.read().decode()
    except OSError:
        return 0, {}, ""
    finally:
        line.close()


FROM_ITS_PAGE = {**FORM, "Origin": "https://sipas.example.vn"}


def test_answers_come_through_it_by_https_and_plain_http_leads_there(before, database, tmp_path):
    serve, plain, secure = before
    serve(SIPAS_PROXY="127.0.0.1", SIPAS_ADDRESS="https://sipas.example.vn")
    status, headers, _text = ask(plain, "GET", "/k/to-hieu-1/vi", secure=False)
    assert (status, headers["Location"]) == (301, "https://sipas.example.vn/k/to-hieu-1/vi")
    assert ask(secure, "GET", "/k/to-hieu-1/vi")[0] == 200
    assert ask(secure, "POST", "/k/to-hieu-1/vi", a_body(), **FROM_ITS_PAGE)[0] == 303
    stranger = {**FORM, "Origin": "https://elsewhere.example"}
    assert ask(secure, "POST", "/k/to-hieu-1/vi", a_body(), **stranger)[0] == 403
    assert ask(secure, "POST", "/k/to-hieu-1/vi", "x" * 2**21, **FROM_ITS_PAGE)[0] == 413
    with database.reading() as session:
        assert stored(session, 1) == 1
    assert (tmp_path / "error.log").read_text() == ""


def test_where_it_is_named_nobody_complains_of_what_it_says(before):
    serve, _plain, secure = before
    log = serve(SIPAS_PROXY="127.0.0.1")
    ask(secure, "POST", "/k/to-hieu-1/vi", a_body(), **FROM_ITS_PAGE)
    assert "the setting proxy does not name" not in log.read_text()


def test_where_it_is_not_named_the_log_says_so(before):
    serve, _plain, secure = before
    log = serve()
    ask(secure, "POST", "/k/to-hieu-1/vi", a_body(), **FROM_ITS_PAGE)
    assert "the setting proxy does not name" in log.read_text()
