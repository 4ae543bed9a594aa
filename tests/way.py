"""Draws the way of one answer through the code: the functions that a POST of a full form calls, in their order.

Run as `python -m tests.way`; `--sum` prints the last line alone. Comprehensions are not counted, nor whatever a process
does once.
"""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby, pairwise
from pathlib import Path

from flask import Flask
from werkzeug.test import EnvironBuilder

import sipas
from sipas import create_app
from sipas.intake.ways import held
from sipas.web.installation import of_app
from tests.bench import served
from tests.make import a_kiosk_at_work

ROOT = Path(sipas.__file__).parent


@dataclass(frozen=True)
class Calls:
    """What one deed calls: module and function of each call, in their order."""

    each: tuple[tuple[str, str], ...]

    def of(self, module: str, function: str) -> int:
        """Return how often a function was called."""
        return self.each.count((module, function))

    def __str__(self) -> str:
        modules = [module for module, _ in self.each]
        lines = [f"{name:28}{' '.join(one for _, one in few)}" for name, few in groupby(self.each, lambda c: c[0])]
        changes = sum(one != other for one, other in pairwise(modules))
        summary = f"{len(modules)} calls in {len(set(modules))} modules, {changes} changes of module"
        return "\n".join([*lines, summary])


def calls_of(deed: Callable[[], object]) -> Calls:
    """Return the calls of a deed inside `sipas`."""
    calls: list[tuple[str, str]] = []

    def note(frame, event, _argument) -> None:
        name = frame.f_code.co_qualname
        if event == "call" and name[-1] != ">" and (path := Path(frame.f_code.co_filename)).is_relative_to(ROOT):
            calls.append((str(path.relative_to(ROOT).with_suffix("")), name))

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        deed()
    finally:
        sys.setprofile(before)
    return Calls(tuple(calls))


def post(app: Flask) -> str:
    """Send a full form to the kiosk as a browser does; return the status."""
    body, told = served.a_full_form().encode(), []
    asked = EnvironBuilder(
        path="/k/to-hieu-1/vi", method="POST", input_stream=io.BytesIO(body), content_length=len(body),
        content_type="application/x-www-form-urlencoded",
    ).get_environ()  # fmt: skip
    b"".join(app(asked, lambda status, _headers, _info=None: told.append(status)))
    return told[0]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        settings, database = a_kiosk_at_work(Path(folder) / "home")
        app = create_app(settings)
        for _ in range(3):
            assert post(app).startswith("303")
        drawn = str(calls_of(lambda: post(app)))
        print(drawn.splitlines()[-1] if "--sum" in sys.argv else drawn)
        held(settings.home).flush()
        for one in (database, of_app(app).database):
            one.engine.dispose()


if __name__ == "__main__":
    main()
