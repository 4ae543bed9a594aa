"""`make picture`: the README's picture, taken of the real thing: the demo's kiosk in mid-visit, and its result."""

from __future__ import annotations

import base64
import sys
import tempfile
import threading
from pathlib import Path

from playwright.sync_api import Page, sync_playwright
from werkzeug.serving import make_server

from sipas import clock, create_app
from sipas.config.settings import Settings
from sipas.demo import FINISHED, prepare
from tests.pages.conftest import ARGUMENTS, CHROMIUM, Silent

KIOSK, RESULT = (720, 1080), (1440, 1000)  # CSS pixels
SHEET = """
<body style="margin:0;padding:44px;background:#dfe5e4;display:flex;gap:44px;align-items:center;width:max-content">
<style>
 .kiosk {{ height: 760px; border: 14px solid #1f2a2b; border-radius: 26px }}
 .result {{ height: 720px; border-radius: 10px; box-shadow: 0 2px 24px #1f2a2b55 }}
</style>
<img alt="" class="kiosk" src="data:image/png;base64,{kiosk}">
<img alt="" class="result" src="data:image/png;base64,{result}">
</body>"""


def main(picture: Path) -> None:
    if CHROMIUM is None:
        sys.exit("There is no chromium on this machine: apt-get install chromium")
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        settings = Settings(home=Path(home) / "home")
        prepare(settings, clock.today(), lambda *_: None)
        server = make_server("127.0.0.1", 0, create_app(settings), threaded=True, request_handler=Silent)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        base = f"http://127.0.0.1:{server.port}"

        def seen(page: Page) -> str:
            page.wait_for_timeout(500)
            taken = base64.b64encode(page.screenshot()).decode()
            page.close()
            return taken

        page = browser.new_page(viewport=dict(zip(("width", "height"), KIOSK, strict=True)), base_url=base)
        page.goto("/k/kiosk-03646")
        page.locator(".start[lang=vi]").click()
        page.wait_for_url("**/vi*")
        page.locator("#service-2").click()
        page.locator("#q-O").wait_for()
        kiosk = seen(page)
        page = browser.new_page(viewport=dict(zip(("width", "height"), RESULT, strict=True)), base_url=base)
        page.goto(f"/results/{FINISHED}-r1/?lang=vi")
        result = seen(page)
        page = browser.new_page(viewport={"width": 1700, "height": 880})
        page.set_content(SHEET.format(kiosk=kiosk, result=result))
        page.wait_for_timeout(300)
        page.locator("body").screenshot(path=picture)
        browser.close()
        server.shutdown()
    sys.stderr.write(f"{picture}: {picture.stat().st_size // 1000} kB\n")


if __name__ == "__main__":
    main(Path("sipas/docs/picture.png"))
