"""`make screens`: each screen of the kiosk in each size and language, into build/screens, for people to look at."""

from __future__ import annotations

import sys
import tempfile
import threading
from pathlib import Path

from flask import Flask
from playwright.sync_api import sync_playwright
from werkzeug.serving import make_server

from sipas import create_app, i18n
from sipas.config.settings import Settings
from sipas.migrations import create
from sipas.registry.importing import load_registry
from sipas.web.installation import of_app
from tests.pages.conftest import ARGUMENTS, CHROMIUM, SIZES, Silent
from tests.pages.walk import device_walk, kiosks_of_each_kind, walk


def main(folder: Path) -> None:
    if CHROMIUM is None:
        sys.exit("There is no chromium on this machine: apt-get install chromium")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        app = application(Path(home))
        server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Silent)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for size, (width, height) in SIZES.items():
            for language, look in [*((one, "") for one in i18n.LANGUAGES), ("vi", "contrast-large")]:
                page = browser.new_page(
                    viewport={"width": width, "height": height}, base_url=f"http://127.0.0.1:{server.port}"
                )
                for number, name in enumerate(walk(page, language, look), 1):
                    page.wait_for_timeout(250)
                    page.screenshot(path=folder / f"kiosk-{size}-{language}{look and '-'}{look}-{number:02}-{name}.png")
                page.close()
                page = browser.new_page(
                    viewport={"width": width, "height": height}, base_url=f"http://127.0.0.1:{server.port}"
                )
                for name in device_walk(page, of_app(app).database, language, look):
                    page.screenshot(path=folder / f"kiosk-{size}-{language}{look and '-'}{look}-{name}.png")
                page.close()
        browser.close()
        server.shutdown()
    sys.stderr.write(f"{len(list(folder.glob('kiosk-*.png')))} screens in {folder}\n")


def application(home: Path) -> Flask:
    settings = Settings(home=home / "home", parts=("kiosk",))
    database = create(settings)
    with database.writing() as session:
        load_registry(session)
    kiosks_of_each_kind(database, settings)
    return create_app(settings)


if __name__ == "__main__":
    main(Path("build/screens"))
