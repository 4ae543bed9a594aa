"""A point at which an interviewer asks, with items of the demo that are answered alone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import surveys
from sipas import clock
from sipas.config.settings import Settings
from sipas.storage.database import Database
from surveys.load import INSTRUMENTS
from tests.make import a_point, a_wave

ALONE = ("A2", "R1")  # one after the other on the short form: service, O, A2, R1, gave, (heard), about


def an_interview(
    database: Database,
    settings: Settings,
    alone: Iterable[str] = ALONE,
    channel: str = "interview",
    number: int = 1001,
    **wave: object,
) -> surveys.Instrument:
    """Opens wave w1 at to-hieu-1 with the demo in which the items `alone` are answered alone, as if made
    at an installation. Each `number` stands for one choice of items in all tests of a process, which remembers pages
    by it."""
    text = (INSTRUMENTS / "demo.v1.yaml").read_text("utf-8").replace("version: 1\n", f"version: {number}\n", 1)
    if wave.get("population"):
        text = text.replace("title:", "populations: [visitors, households]\ntitle:", 1)
    for code in alone:
        line, block = f"{{code: {code}, ", f"- code: {code}\n"
        assert text.count(line) + text.count(block) == 1
        text = text.replace(line, f"{line}self_completed: true, ")
        indent = text[: text.find(block)].rpartition("\n")[2] + "  "
        text = text.replace(block, f"{block}{indent}self_completed: true\n")
    folder = settings.paths.instruments
    folder.mkdir(exist_ok=True)
    path = folder / f"demo.v{number}.yaml"
    path.write_text(text, "utf-8")
    (folder / "DIGESTS").write_text(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n")
    surveys.also_from(folder)
    a_point(database, "to-hieu-1", form="short", channel=channel)
    a_wave(database, settings, "w1", "demo", version=number, opens_on=clock.today(), **wave)
    return surveys.load("demo", number)
