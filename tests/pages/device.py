"""A kiosk's screen in tests: enrolled as an installer does it, and asked what it holds; a server that comes and goes; a
browser that keeps its profile and can be killed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from flask import Flask
from playwright.sync_api import BrowserContext, BrowserType, Page, expect
from sqlalchemy import select
from werkzeug.serving import make_server

from sipas import clock
from sipas.fieldwork.devices import make_code
from sipas.intake.comment_spool import flush_comments
from sipas.intake.models import Response, StoredComment
from sipas.storage.database import Database
from sipas.web.assets import assets

# Scripts are reached by the names under which they lie on the device.
CALL = """async ([names, point, deed, ...rest]) => {
    const [store, { keep }, { contextOf }, { send }] = await Promise.all(names.map((name) => import(name)));
    const db = await store.open(point);
    const makes = """
MANY = """async (count) => {
    const context = contextOf(document.querySelector("[data-questionnaire]"), point);
    for (let number = 0; number < count; number += 1) {
        const fields = { service: "ho-tich", comment: number % 4 ? "" : `Ghế chờ ${number}` };
        ["O", "B1.2", "B2.2", "B3.2"].forEach((item, place) => {
            fields[item] = String(1 + (Math.floor(number / 5 ** place) % 5));
        });
        await keep(db, context, { language: "vi", form: "short", fields });
    }
}"""
CALL += (
    MANY
    + """;
    const deeds = { makes, sends: (now) => send(db, point, { now }), holds: () => store.waiting(db),
        about: (key) => store.get(db, key) };
    return deeds[deed](...rest);
}"""
)


class Line:
    """The application at one address of this machine; `cut` and `mend` it."""

    def __init__(self, app: Flask, handler: type) -> None:
        self.app, self.handler, self.port = app, handler, 0
        self.mend()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def mend(self) -> None:
        self.served = make_server("127.0.0.1", self.port, self.app, threaded=True, request_handler=self.handler)
        self.port = self.served.port
        self.thread = threading.Thread(target=self.served.serve_forever, daemon=True)
        self.thread.start()

    def cut(self) -> None:
        self.served.shutdown()
        self.thread.join()
        self.served.server_close()


class Machine:
    """A kiosk's computer: Chromium with a profile on disk and its own page memory on, as people use it."""

    def __init__(self, browser_type: BrowserType, arguments: dict, profile: Path, address: str) -> None:
        self.browser_type, self.arguments, self.profile, self.address = browser_type, arguments, profile, address
        self.context: BrowserContext | None = None

    def starts(self, path: str = "/k/to-hieu-1") -> Page:
        for lock in self.profile.glob("Singleton*"):
            lock.unlink()
        self.context = self.browser_type.launch_persistent_context(
            str(self.profile),
            **self.arguments,
            ignore_default_args=["--disable-back-forward-cache"],
            viewport={"width": 1080, "height": 1920},
            base_url=self.address,
        )
        page = self.context.pages[0]
        page.set_default_timeout(20_000)
        page.goto(path)
        return page

    def is_killed(self) -> None:
        """As a power cut ends it: no process of this profile has time for anything."""
        assert self.context is not None
        found = subprocess.run(["pgrep", "-f", f"user-data-dir={self.profile}"], capture_output=True, text=True)
        for number in found.stdout.split():
            os.kill(int(number), signal.SIGKILL)
        end = time.monotonic() + 10
        while subprocess.run(["pgrep", "-f", f"user-data-dir={self.profile}"], capture_output=True).stdout:
            assert time.monotonic() < end, "Chromium outlived its killing"
            time.sleep(0.05)
        self.context = None

    def ends(self) -> None:
        """Closed as an officer closes it."""
        if self.context is not None:
            self.context.close()
            self.context = None

    def finds(self, *texts: str) -> list[str]:
        """In which files of the profile any of these stands, as UTF-8 or UTF-16."""
        wanted = [text.encode(coding) for text in texts for coding in ("utf-8", "utf-16-le")]
        files = [path for path in self.profile.rglob("*") if path.is_file() and not path.is_symlink()]
        return [
            str(path.relative_to(self.profile)) for path in files if any(one in path.read_bytes() for one in wanted)
        ]


@dataclass
class Screen:
    """A page of a kiosk at one point, with verbs."""

    page: Page
    database: Database
    point: str = "to-hieu-1"

    def enrols(self, pin: str = "2468") -> Screen:
        """Types a code that an officer has just made, and waits until the point's pages are on the device."""
        with self.database.writing() as session:
            code = make_code(session, self.point, clock.now())
        self.page.goto(f"/k/{self.point}/en/device")
        self.page.locator("#code").fill(code)
        self.page.locator("#pin").fill(pin)
        self.page.locator("[data-enrol] .primary").click()
        expect(self.page.locator("[data-state]")).to_be_visible()
        return self

    def opens(self, path: str = "/en") -> Screen:
        self.page.goto(f"/k/{self.point}{path}")
        return self

    def answers(self, level: int = 4, comment: str = "") -> Screen:
        """A whole visit, from an open questionnaire to the button that sends it."""
        page = self.page
        page.locator("#service-1").check(force=True)
        page.goto(f"{page.url.split('#')[0]}#q-O")
        page.locator(f"#O-{level}").check(force=True)
        page.goto(f"{page.url.split('#')[0]}#q-about")
        if comment:
            page.locator("textarea").fill(comment)
        page.locator(".primary >> visible=true").click()
        return self

    def is_thanked(self) -> Screen:
        expect(self.page).to_have_url(re.compile("/thanks#done$"))
        return self

    def makes(self, count: int) -> None:
        """So many answers by script, through the same code as a form's."""
        self.opens("/en")
        self._calls("makes", count)

    def sends(self, now: bool = True, patient: bool = True) -> str:
        """Sends what waits, whether its time has come or not; says how that went. A screen's own timer may be at it:
        whoever is patient waits for that."""
        end = time.monotonic() + 20
        while (went := self._calls("sends", now)) == "busy" and patient and time.monotonic() < end:
            time.sleep(0.1)
        return str(went)

    def holds(self) -> list[dict]:
        """The sealed messages that wait."""
        return self._calls("holds")

    def about(self, key: str) -> object:
        """What the device knows of itself under this name."""
        return self._calls("about", key)

    def _calls(self, deed: str, *rest: object) -> object:
        return self.page.evaluate(CALL, self.call(deed, *rest))

    def call(self, deed: str, *rest: object) -> list[object]:
        """What `CALL` needs to do this."""
        names = [f"/static/{assets()[f'js/device/{name}.js'].path}" for name in ("store", "keep", "form", "send")]
        return [names, self.point, deed, *rest]


def stored(database: Database, table: type = Response) -> list:
    """All rows of a table; comments after the night that brings them there."""
    if table is StoredComment:
        flush_comments(database, database.lock.parent)
    with database.reading() as session:
        return list(session.scalars(select(table)))


def wait_until(happened: Callable[[], bool], seconds: float = 20) -> None:
    """Returns once it has happened."""
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.2)
