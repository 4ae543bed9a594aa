"""Chromium's policy file for kiosks: the browser knows each rule in it, takes it, and goes nowhere else.

Chromium reads policies from /etc/chromium alone, so it runs where that folder is another one (a mount namespace).
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Error

import sipas
from tests.pages.conftest import ARGUMENTS, CHROMIUM

FILE = Path(sipas.__file__).parent / "docs/kiosk/policy.json"
TAKEN = ("OK", "Deprecated")  # what an older Chromium knows by that name alone
ROWS = """() => {
    const inside = (root) => [...root.querySelectorAll("*")].flatMap((one) => [
        ...(one.localName === "policy-row" ? [one] : []), ...(one.shadowRoot ? inside(one.shadowRoot) : []),
    ]);
    const text = (row, part) => row.shadowRoot.querySelector(`.policy.row .${part}`)?.textContent.trim() ?? "";
    return inside(document).filter((row) => row.shadowRoot && text(row, "name"))
        .map((row) => [text(row, "name"), text(row, "messages")]);
}"""


def apart() -> list[str] | None:
    """How this machine starts a program whose mounts are its own; None where it may not."""
    for way in (["unshare", "-m"], ["unshare", "-r", "-m"]):
        if shutil.which(way[0]) and subprocess.run([*way, "true"], capture_output=True).returncode == 0:
            return way
    return None


pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(apart() is None, reason="this machine lets nobody mount apart from others (unshare -m)"),
]


@pytest.fixture
def governed(tmp_path, playwright):
    """Starts Chromium under the rules of the file, with some of them otherwise."""
    opened = []

    def starts(**other: object):
        managed = tmp_path / "chromium/policies/managed"
        managed.mkdir(parents=True, exist_ok=True)
        # Under the file's own rule nobody can look into the browser, this test neither.
        rules = {**json.loads(FILE.read_text()), "DeveloperToolsAvailability": 1, **other}
        (managed / "sipas.json").write_text(json.dumps(rules))
        program = tmp_path / "chromium.sh"
        inside = f'mount --bind {tmp_path}/chromium /etc/chromium && exec {CHROMIUM} "$@"'
        program.write_text(f"#!/bin/sh\nexec {' '.join(apart() or [])} sh -c '{inside}' chromium \"$@\"\n")
        program.chmod(0o755)
        context = playwright.chromium.launch_persistent_context(
            str(tmp_path / "profile"), executable_path=str(program), args=ARGUMENTS, timeout=60_000
        )
        opened.append(context)
        return context.pages[0]

    yield starts
    for context in opened:
        context.close()


def goes(page, address: str) -> str:
    """What became of going there."""
    try:
        page.goto(address, wait_until="commit")
    except Error as error:
        return "blocked" if "ERR_BLOCKED_BY_ADMINISTRATOR" in error.message else error.message.splitlines()[0]
    return "reached"


def test_chromium_knows_and_takes_every_rule(governed):
    rules = json.loads(FILE.read_text())
    page = governed(URLAllowlist=["chrome://policy"], NoSuchRule=True)
    page.goto("chrome://policy")
    page.wait_for_function(f"({ROWS})().length > {len(rules)}")
    found = dict(page.evaluate(ROWS))
    assert found.pop("NoSuchRule") not in TAKEN  # it would show
    refused = {name: found.get(name) for name in rules if found.get(name) not in TAKEN}
    assert refused == {}


def test_it_goes_to_the_kiosks_pages_and_nowhere_else(governed, server):
    port = server.rsplit(":", 1)[1]
    (allowed,) = json.loads(FILE.read_text())["URLAllowlist"]
    page = governed(URLAllowlist=[allowed.replace("https://sipas.example.vn", f"127.0.0.1:{port}")])
    assert goes(page, f"{server}/k/nowhere") == "reached"
    for address in (f"{server}/desk", f"{server}/results", "https://example.org/", "file:///etc/hostname", "data:,x"):
        assert goes(page, address) == "blocked", address
    assert goes(page, f"view-source:{server}/k/nowhere") != "reached"


def test_nobody_looks_into_a_kiosks_browser():
    assert json.loads(FILE.read_text())["DeveloperToolsAvailability"] == 2
