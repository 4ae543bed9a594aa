"""`make screens`: each screen of the kiosk in each size and language, into build/screens, for people to look at."""

from __future__ import annotations

import sys
import tempfile
import threading
from pathlib import Path

from playwright.sync_api import Page, sync_playwright
from werkzeug.serving import make_server

from sipas import clock, create_app, i18n
from sipas.migrations import create
from sipas.registry.importing import load_registry
from sipas.settings import Settings
from tests.make import a_point, a_wave
from tests.pages.conftest import ARGUMENTS, CHROMIUM, SIZES, Silent


def main(folder: Path) -> None:
    if CHROMIUM is None:
        sys.exit("There is no chromium on this machine: apt-get install chromium")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        server = make_server("127.0.0.1", 0, _application(Path(home)), threaded=True, request_handler=Silent)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for size, (width, height) in SIZES.items():
            for language in i18n.LANGUAGES:
                page = browser.new_page(
                    viewport={"width": width, "height": height}, base_url=f"http://127.0.0.1:{server.port}"
                )
                for number, name in enumerate(_walk(page, language), 1):
                    page.wait_for_timeout(250)
                    page.screenshot(path=folder / f"kiosk-{size}-{language}-{number:02}-{name}.png")
                page.close()
        browser.close()
        server.shutdown()
    sys.stderr.write(f"{len(list(folder.glob('kiosk-*.png')))} screens in {folder}\n")


def _application(home: Path):
    settings = Settings(home=home / "home", parts=("kiosk",))
    database = create(settings)
    with database.writing() as session:
        load_registry(session)
    a_point(database, "to-hieu-1", "03646", form="short")
    a_point(database, "chieng-an-1", "03664")
    a_point(database, "chieng-coi-1", "03670")
    for code, instrument in (("to-hieu-1", "service-2024"), ("chieng-an-1", "demo"), ("chieng-coi-1", "onestop-2018")):
        a_wave(database, settings, instrument, instrument, opens_on=clock.today(), at=[code])
    return create_app(settings)


def _walk(page: Page, language: str):
    """One visit and a few looks aside; yields the name of each screen when it can be seen."""
    page.goto("/k/to-hieu-1")
    yield "start"
    page.locator(f".start[lang={language}]").click()
    yield "service"
    page.locator("#service-2").click()
    page.locator("#q-O").wait_for()
    yield "question"
    page.locator('[id="O-4"]').check()
    yield "chosen"
    for name in ("B5.0", "about"):
        _fresh(page, f"/k/to-hieu-1/{language}#q-{name}")
        yield name
    page.locator(".primary").click()
    yield "errors"
    for name in ("privacy", "thanks"):
        page.goto(f"/k/to-hieu-1/{language}/{name}")
        yield name
    for item in ("how", "better", "trips"):
        _fresh(page, f"/k/chieng-an-1/{language}#q-{item}")
        yield item
    _fresh(page, f"/k/chieng-coi-1/{language}#q-I2")
    yield "three-levels"
    page.goto(f"/k/nowhere/{language}")
    yield "unknown-point"


def _fresh(page: Page, path: str) -> None:
    page.goto("about:blank")
    page.goto(path)


if __name__ == "__main__":
    main(Path("build/screens"))
