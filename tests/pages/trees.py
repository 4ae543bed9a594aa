"""The accessibility tree of each kind of kiosk page, as files beside this one: what a screen reader meets, in order."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path

from playwright.sync_api import Page, sync_playwright
from werkzeug.serving import make_server

from sipas.web.installation import of_app
from tests.pages.conftest import ARGUMENTS, CHROMIUM, SIZES, Silent
from tests.pages.walk import device_walk, hide_what_differs, walk

FOLDER = Path(__file__).parent / "trees"


def tree(page: Page) -> str:
    """What a screen reader meets on the page that is open."""
    return page.locator("body").aria_snapshot() + "\n"


def main() -> None:
    """Writes every tree anew."""
    from tests.pages.screens import application

    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        app = application(Path(home))
        server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Silent)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        width, height = SIZES["kiosk"]
        for language in ("vi", "en"):
            page = browser.new_page(
                viewport={"width": width, "height": height}, base_url=f"http://127.0.0.1:{server.port}"
            )
            (FOLDER / language).mkdir(parents=True, exist_ok=True)
            for name in walk(page, language):
                (FOLDER / language / f"{name}.yaml").write_text(tree(page), encoding="utf-8")
            page.close()
            page = browser.new_page(
                viewport={"width": width, "height": height}, base_url=f"http://127.0.0.1:{server.port}"
            )
            for name in device_walk(page, of_app(app).database, language):
                hide_what_differs(page)
                (FOLDER / language / f"{name}.yaml").write_text(tree(page), encoding="utf-8")
            page.close()
        browser.close()
        server.shutdown()


if __name__ == "__main__":
    main()
