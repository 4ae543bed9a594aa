"""A real browser (Debian's Chromium) before a real server. Without Chromium these tests say so and are skipped.

Pages are opened in Chromium's headless shell where it is installed: the same engine without windows, toolbars and their
processes, which cost a third of the CPU. What is asked of a profile on disk, a policy or a killed browser is asked of
the whole Chromium, as kiosks run it: `whole`.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import WSGIRequestHandler, make_server

CHROMIUM = shutil.which("chromium")
SHELL = CHROMIUM and (shutil.which("chromium-headless-shell") or CHROMIUM)
ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage"]
# a process for all windows, where each would start two of its own: an eighth of the CPU
ONE_RENDERER = "--renderer-process-limit=1"
PATIENCE = 20_000  # milliseconds: a machine that does much else is slow, and nothing more is wrong
expect.set_options(timeout=PATIENCE)
SIZES = {"kiosk": (1080, 1920), "phone": (390, 844), "desk": (1440, 900)}


def each_once(*ways: tuple[object, ...], of: Iterable[tuple[object, ...]]) -> list[object]:
    """All ways for `parametrize`: those named always, the others where `long` tests run."""
    return [way if way in ways else pytest.param(*way, marks=pytest.mark.long) for way in of]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = [item for item in items if "pages" in item.path.parts and "browser" in item.keywords]
    for item in here if CHROMIUM is None else ():
        item.add_marker(pytest.mark.skip(reason="no chromium on this machine: apt-get install chromium"))


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, object]:
    """Debian's Chromium without its windows."""
    return {"executable_path": SHELL, "args": [*ARGUMENTS, ONE_RENDERER]}


@pytest.fixture(scope="session")
def whole() -> dict[str, object]:
    """How Debian's Chromium is launched as it is, windows and all."""
    return {"executable_path": CHROMIUM, "args": ARGUMENTS}


class Silent(WSGIRequestHandler):
    """Writes no access log."""

    def log(self, type: str, message: str, *args: object) -> None:
        pass


@pytest.fixture
def server(app: Flask) -> Iterator[str]:
    """The application at an address of this machine."""
    served = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Silent)
    thread = threading.Thread(target=served.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{served.port}"
    served.shutdown()
    thread.join()
    served.server_close()


@dataclass
class Opened:
    """Opens pages in windows of our own making; closes them all at the end."""

    browser: Browser
    server: str

    def __call__(self, path: str = "", size: str = "kiosk", scripts: bool = True, **more: object) -> Page:
        """A window in which nobody has been before."""
        width, height = SIZES[size]
        context = self.browser.new_context(
            viewport={"width": width, "height": height}, java_script_enabled=scripts, base_url=self.server, **more
        )
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(path)
        return page


@pytest.fixture
def opens(browser: Browser, server: str) -> Iterator[Opened]:
    """`page = opens("/k/to-hieu-1", size="phone", scripts=False)`"""
    yield Opened(browser, server)
    for context in browser.contexts:
        context.close()
