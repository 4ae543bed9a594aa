"""How long people wait where many answer at once and the disk is slow."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sipas.config.settings import Settings
from sipas.migrations import create
from sipas.registry.importing import load_registry
from tests.disk import Disk, has_compiler
from tests.make import a_point, a_wave
from tests.serving import Server, steadily

RATE, BROWSERS, SECONDS, SLOWER = 200, 16, 5, 5.0
LIMIT = 0.1  # seconds


def waiting(folder: Path, line: Callable[..., None]) -> None:
    """200 answers a second from 16 browsers, each `fsync` 5 ms slower: what 99 of 100 waited at most, best of three."""
    what = f"{RATE} answers a second, {BROWSERS} browsers, fsync +{SLOWER:.0f} ms: 99 of 100 waited, s"
    if not has_compiler():
        print(f"{what:66} left out: there is no gcc to slow fsync down with")
        return
    settings = Settings(home=folder / "waiting")
    database = create(settings)
    with database.writing() as session:
        load_registry(session)
    a_point(database, form="short")
    a_wave(database, settings)
    database.engine.dispose()
    disk = Disk.of(folder)
    server = Server(settings.home, alone=True, **disk.environment(SLOWER))
    try:
        steadily(server.port, 50, BROWSERS, 1)
        before, runs = disk.syncs, [sorted(steadily(server.port, RATE, BROWSERS, SECONDS)) for _ in range(3)]
        calls = (disk.syncs - before) / sum(map(len, runs))
    finally:
        server.kill()
    lost = 3 * RATE * SECONDS - sum(map(len, runs))
    last = min(waits[int(0.99 * len(waits))] for waits in runs)
    line(what, last, LIMIT, f"at most 1; {calls:.2f} fsync each, {lost} lost", last / LIMIT, last <= LIMIT and not lost)
