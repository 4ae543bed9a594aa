"""A kiosk over HTTPS by an authority of the office's own, by the installers' own commands."""

from __future__ import annotations

import os
import re
import shutil
import ssl
import subprocess
import threading

import pytest
from playwright.sync_api import Error
from werkzeug.serving import make_server

from sipas import clock
from sipas.docs import manual
from sipas.intake import stored
from tests.make import a_point, a_wave
from tests.manuals import LANGUAGES
from tests.pages.conftest import PATIENCE, Silent
from tests.pages.device import Screen

NAME = "sipas.example.vn"  # the manual's; a name that is not this machine's, so that browsers ask for HTTPS
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(shutil.which("certutil") is None, reason="no certutil: apt-get install libnss3-tools"),
]


@pytest.fixture(params=LANGUAGES)
def text(request):
    """The manual for those who set up a kiosk."""
    return manual("kiosk-install", request.param).read_text("utf-8")


@pytest.fixture
def papers(text, tmp_path):
    """What the manual's commands make in this folder."""
    commands = re.search(r"```sh\n(openssl.*?)```", text, re.DOTALL)[1]
    subprocess.run(["sh", "-ec", commands], cwd=tmp_path, check=True, capture_output=True)
    return tmp_path


@pytest.fixture
def address(app, papers):
    """The application behind the certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(papers / "server.pem", papers / "server.key")
    served = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Silent, ssl_context=context)
    thread = threading.Thread(target=served.serve_forever, daemon=True)
    thread.start()
    yield f"https://{NAME}:{served.port}"
    served.shutdown()
    thread.join()
    served.server_close()


@pytest.fixture
def kiosk(browser_type, whole, text, papers, address):
    """A kiosk's Chromium whose user has done what the manual says, or has not."""
    opened = []

    def starts(trusts: bool):
        home = papers / f"home-{trusts}"
        home.mkdir()
        if trusts:
            commands = re.findall(r"^(?:mkdir.*certutil|certutil).*$", text, re.MULTILINE)
            assert len(commands) == 2
            for command in commands:
                subprocess.run(["sh", "-ec", command], cwd=papers, env={**os.environ, "HOME": str(home)}, check=True)
        given = {**whole, "env": {**os.environ, "HOME": str(home)}}
        given["args"] = [*given["args"], f"--host-resolver-rules=MAP {NAME} 127.0.0.1"]
        context = browser_type.launch_persistent_context(str(home / "profile"), **given, base_url=address)
        opened.append(context)
        context.pages[0].set_default_timeout(PATIENCE)
        return context.pages[0]

    yield starts
    for context in opened:
        context.close()


def test_a_screen_that_knows_the_authority_enrols_seals_and_works_without_the_line(kiosk, database, settings):
    a_point(database, "to-hieu-1", "03646", form="short")
    a_wave(database, settings, "w1", "service-2024", opens_on=clock.today())
    page = kiosk(trusts=True)
    screen = Screen(page, database).enrols().opens()
    assert page.evaluate("[isSecureContext, location.protocol]") == [True, "https:"]
    page.context.set_offline(True)
    screen.answers(4).is_thanked()
    screen.opens("")
    page.context.set_offline(False)
    assert screen.sends() == "done"
    with database.reading() as session:
        assert stored(session, 1) == 1


def test_a_browser_that_does_not_know_it_opens_nothing(kiosk):
    with pytest.raises(Error, match="ERR_CERT_AUTHORITY_INVALID"):
        kiosk(trusts=False).goto("/health")
