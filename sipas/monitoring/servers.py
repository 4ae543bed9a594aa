"""Which servers run over this home, which certificate each of them serves and by which settings it goes: what it read
as it started.

Each has a file `run/server-NUMBER`, locked as long as it lives; one that nobody holds was left by a server that was
killed. No path stands in it.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sipas.files.home_paths import HomePaths
from sipas.files.state_files import private_folder
from sipas.logs import EVENTS
from sipas.web.certificates import Certificate

STARTING = 30.0  # seconds in which a server's upkeep need not be there yet
SOON = dt.timedelta(days=30)


@dataclass(frozen=True)
class Running:
    """A server that runs; `certificate` is None where it speaks plain HTTP, as behind a proxy."""

    certificate: Certificate | None
    seconds: float  # since it started
    settings: Mapping[str, tuple[str, str]] = field(default_factory=dict)  # name -> who says so, and the value

    @property
    def is_starting(self) -> bool:
        return self.seconds < STARTING


@contextmanager
def running(
    home: Path, certificate: Certificate | None, settings: Mapping[str, tuple[str, str]] | None = None
) -> Iterator[None]:
    """Within this block everybody can see that a server runs, and by which settings. Where that cannot be written it
    runs all the same."""
    try:
        file, path = _announce(home, certificate, settings or {})
    except OSError as error:
        EVENTS.error("not announced", extra={"facts": {"kind": type(error).__name__}})
        yield
        return
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(file)


def servers(home: Path) -> list[Running]:
    """Every server that runs over this home on this machine."""
    found = []
    for path in sorted(HomePaths(home).run.glob("server-*")):
        said = _held(path)
        if said is not None:
            found.append(Running(_certificate(said), max(0.0, time.time() - path.stat().st_mtime), _settings(said)))
    return found


def _announce(home: Path, certificate: Certificate | None, settings: Mapping[str, tuple[str, str]]) -> tuple[int, Path]:
    folder = private_folder(HomePaths(home).run)
    for left in folder.glob("server-*"):
        if _held(left) is None:
            left.unlink(missing_ok=True)
    path = HomePaths(home).server(os.getpid())
    said: dict[str, object] = {"names": certificate.names, "ends": certificate.ends.isoformat()} if certificate else {}
    said = {**said, "settings": settings}
    fresh = path.with_name(f".{path.name}")
    file = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        os.write(file, json.dumps(said, ensure_ascii=False).encode())
        fresh.replace(path)  # seen by others only now that it is held
    except BaseException:
        fresh.unlink(missing_ok=True)
        os.close(file)
        raise
    return file, path


def _held(path: Path) -> str | None:
    """What a living server wrote; None where it lives no more."""
    try:
        with path.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return file.read()
    except FileNotFoundError:
        pass
    return None


def _certificate(text: str) -> Certificate | None:
    try:
        said = json.loads(text)
        return Certificate(tuple(said["names"]), dt.datetime.fromisoformat(said["ends"]))
    except (ValueError, LookupError, TypeError):
        return None


def _settings(text: str) -> dict[str, tuple[str, str]]:
    """None of a server of before December 2026, which did not say them."""
    try:
        return {str(name): (str(source), str(value)) for name, (source, value) in json.loads(text)["settings"].items()}
    except (ValueError, LookupError, TypeError, AttributeError):
        return {}
