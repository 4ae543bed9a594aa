"""How long a visitor waits while a wave of a million answers is frozen and its release built, and what that takes."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import update

from sipas import demo
from sipas.config.settings import Settings
from sipas.fieldwork.models import PopulationCount
from sipas.fieldwork.points import points
from sipas.fieldwork.waves import close_wave
from sipas.intake import record_many
from sipas.migrations import create
from sipas.registry.importing import load_registry
from tests.make import a_point, a_wave
from tests.serving import Server, steadily

RATE, BROWSERS = 20, 4
WAIT, BUILD, MEMORY = 0.2, 60.0, 1.0  # seconds, seconds, GiB


def building(folder: Path, rows: int, line: Callable[..., None]) -> None:
    """A province's half-year on SQLite, its answers multiplied; visitors answer the next wave meanwhile."""
    settings = Settings(home=folder / "building")
    answers = _half_year(settings, rows)
    server = Server(settings.home, alone=True)
    try:
        steadily(server.port, RATE, BROWSERS, 2)
        calm = max(steadily(server.port, RATE, BROWSERS, 5))
        waited, seconds, gib = _meanwhile(server, settings, "freeze", demo.FINISHED)
        what, limit = f"{answers:,} answers frozen: worst wait of a visitor, s", f"at most 1; without it {calm:.3f}"
        line(what, waited, WAIT, limit, waited / WAIT, waited <= WAIT)
        line(f"the freeze: s, and {gib:.2f} GiB", seconds, None, "", None, True)
        waited, seconds, gib = _meanwhile(
            server, settings, "release", "build", demo.FINISHED, "--by", "Hoa", "--emergency", "bench"
        )
        line("its release built: worst wait of a visitor, s", waited, WAIT, "at most 1", waited / WAIT, waited <= WAIT)
        line("the build: s", seconds, BUILD, "at most 1", seconds / BUILD, seconds <= BUILD)
        line("the build: peak memory, GiB", gib, MEMORY, "at most 1", gib / MEMORY, gib <= MEMORY)
    finally:
        server.kill()


def _half_year(settings: Settings, rows: int) -> int:
    """The demo's half-year, each answer and dossier as often as it takes to come to so many; closed."""
    database = create(settings)
    with database.writing() as session:
        load_registry(session)
        demo._make_points(session)
    demo._ask_a_half_year(database, settings, lambda _number: None)
    with database.reading() as session:
        answers = demo.simulated_province(session).responses
        busy = [place.code for place in points(session)]
    times = max(1, round(rows / answers.num_rows))
    for _ in range(times - 1):
        with database.reading() as session:
            more = demo._anonymous(session, settings, answers)
        with database.writing() as session:
            record_many(session, more)
    with database.writing() as session:
        session.execute(update(PopulationCount).values(dossiers=PopulationCount.dossiers * times))
        close_wave(session, demo.FINISHED, demo.LAST)
    a_point(database, form="short")
    a_wave(database, settings, at=["to-hieu-1"], opens_on=dt.date(2026, 7, 1))
    database.engine.dispose()
    assert len(busy) > 80
    return times * answers.num_rows


def _meanwhile(server: Server, settings: Settings, *words: str) -> tuple[float, float, float]:
    """The longest wait of a visitor while a command runs; how long that took, and the most memory it held, in GiB."""
    waits: list[float] = []
    over = threading.Event()

    def visit() -> None:
        while not over.is_set():
            waits.extend(steadily(server.port, RATE, BROWSERS, 1))

    visitors = threading.Thread(target=visit)
    visitors.start()
    start = time.monotonic()
    environment = {**os.environ, "SIPAS_HOME": str(settings.home)}
    command = [sys.executable, "-m", "sipas.cli", *words]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        said = process.stderr.read().decode() if process.stderr else ""
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - start
    over.set()
    visitors.join()
    if process.returncode:
        raise RuntimeError(said)
    return max(waits), seconds, used.ru_maxrss / 2**20
