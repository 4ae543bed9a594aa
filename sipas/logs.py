"""One line of JSON per event, on standard error: no address, browser, path of a visit, or answer ever stands in it.

A failed request is logged by the name of its route and the kind of error alone; the traceback follows without the
values of variables, so that an operator can report it and nobody can be found in it.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sipas.files.home_paths import HomePaths
from sipas.files.state_files import append

if TYPE_CHECKING:
    from flask import Flask

EVENTS = logging.getLogger("sipas-events")


class JsonLines(logging.Formatter):
    """time (UTC, to the minute), level, event, and what the event brings along in `extra={"facts": {...}}`."""

    converter = staticmethod(time.gmtime)

    def format(self, record: logging.LogRecord) -> str:
        facts = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%MZ"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "facts", {}),
        }
        return json.dumps(facts, ensure_ascii=False)


def start() -> None:
    """Events go to standard error, one line each."""
    if not EVENTS.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(JsonLines())
        EVENTS.addHandler(handler)
        EVENTS.setLevel(logging.INFO)
        EVENTS.propagate = True


def install(app: Flask) -> None:
    """Our own handler in place of Flask's, which would print addresses and paths."""
    start()
    app.logger.handlers.clear()
    app.logger.propagate = False
    app.logger.disabled = True


def keep(home: Path, event: str, day: dt.date, **facts: object) -> None:
    """An event that must be found again: in the log, and as a line in SIPAS_HOME/deeds.log, which nothing shortens."""
    EVENTS.info(event, extra={"facts": facts})
    append(HomePaths(home).deeds, json.dumps({"day": str(day), "event": event, **facts}, ensure_ascii=False))


def deeds(home: Path) -> list[dict[str, Any]]:
    """What `deeds.log` tells, oldest first; a line that is none of ours (torn, or written by hand) tells nothing."""
    found = []
    try:
        lines = HomePaths(home).deeds.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return []
    for line in lines:
        try:
            told = json.loads(line)
        except ValueError:
            continue
        if isinstance(told, dict) and {"day", "event"} <= told.keys():
            found.append(told)
    return found


_last: dict[tuple[object, ...], float] = {}  # when each was told; names of events, routes and reasons, which are few


def seldom(event: str, **facts: object) -> None:
    """An event that may come with every visit, told at most once a minute by each process."""
    name = (event, *facts.items())
    if time.monotonic() - _last.get(name, -60.0) >= 60:
        _last[name] = time.monotonic()
        EVENTS.error(event, extra={"facts": facts})


def failure(error: BaseException) -> None:
    """An error nobody foresaw: its kind, and where in our code, without any value."""
    from flask import request  # the command line logs too, and starts without a web server in its memory

    places = [
        f"{frame.filename.rsplit('/', 3)[-1]}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
    ][-6:]
    EVENTS.error("failure", extra={"facts": {"route": request.endpoint, "kind": type(error).__name__, "at": places}})
