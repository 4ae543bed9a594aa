"""Answers in and kept: what a visit costs the server, how many bytes an answer takes, how fast a file comes in."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from flask import Flask
from sqlalchemy import text
from werkzeug.test import EnvironBuilder

from sipas import create_app
from sipas.config.settings import Settings
from sipas.intake.maintenance import maintain
from sipas.kiosk import pages
from sipas.storage.database import Database
from sipas.web.installation import of_app
from tests import postgres
from tests.bench import imports, served
from tests.bench.building import building
from tests.bench.floods import floods
from tests.bench.waiting import waiting
from tests.make import a_kiosk_at_work

FORM = "/k/to-hieu-1/vi"
POSTS = 2000
LIMESURVEY = 111.0  # ms of CPU a finished visit, its cheapest form: measured once on 2 cores; not run here
SPEED = {"SQLite": 60_000, "PostgreSQL": 150_000}
BYTES = {"SQLite": 80, "PostgreSQL": 150}


def main(rows: int) -> int:
    """Prints the table; the number of limits that were missed."""
    missed = 0

    def line(what: str, ours: float, other: float | None, limit: str, ratio: float | None, met: bool) -> None:
        nonlocal missed
        missed += not met
        cells = [f"{ours:,.3f}" if ours < 1000 else f"{ours:,.0f}", "-" if other is None else f"{other:,.3f}"]
        print(f"{what:66} {cells[0]:>9} {cells[1]:>9} {'-' if ratio is None else f'{ratio:.2f}':>9}  {limit}"
              f"{'' if met else '  MISSED'}", flush=True)  # fmt: skip

    print(f"\n{'a visit, CPU of the server in ms':66} {'ours':>9} {'other':>9} {'ratio':>9}  limit")
    with tempfile.TemporaryDirectory() as folder:
        visits(Path(folder), line)
    print(f"\n{'a slow disk':66} {'ours':>9} {'limit':>9} {'ratio':>9}  limit")
    with tempfile.TemporaryDirectory() as folder:
        waiting(Path(folder), line)
    print(f"\n{'a release of a million answers':66} {'ours':>9} {'limit':>9} {'ratio':>9}  limit")
    with tempfile.TemporaryDirectory() as folder:
        building(Path(folder), rows, line)
    print(f"\n{'what strangers cost others, s':66} {'ours':>9} {'limit':>9} {'ratio':>9}  limit")
    with tempfile.TemporaryDirectory() as folder:
        floods(Path(folder), line)
    print(f"\n{f'{rows:,} answers of 18 items':66} {'ours':>9} {'limit':>9} {'ratio':>9}")
    with tempfile.TemporaryDirectory() as folder:
        files(Path(folder), "", rows, line)
        if postgres.programs() is None:
            print(f"{'PostgreSQL':66} not installed")
        else:
            with postgres.cluster() as url:
                files(Path(folder), url, rows, line)
    return missed


def visits(folder: Path, line: Callable[..., None]) -> None:
    """One full form over HTTP: the page, the answers, the thanks; and the same insert by a bare view."""
    settings, database = a_kiosk_at_work(folder / "home")
    database.engine.dispose()
    unlimited = {"SIPAS_HOME": str(settings.home), "SIPAS_POINT_BURST": "100000", "SIPAS_POINT_DAY": "100000"}
    with (
        served.server("tests.bench.bare", "PORT", str(folder / "bare.sqlite")) as bare,
        served.server("sipas.cli", "serve", "--port", "PORT", **unlimited) as ours,
    ):
        cost = {
            "bare": served.milliseconds_per(served.asks("POST", "/", 303, served.a_full_form), *bare, POSTS),
            "post": served.milliseconds_per(served.asks("POST", FORM, 303, served.a_full_form), *ours, POSTS),
            "page": served.milliseconds_per(served.asks("GET", FORM, 200), *ours, POSTS),
            "thanks": served.milliseconds_per(served.asks("GET", f"{FORM}/thanks", 200), *ours, POSTS),
        }
    ratio = cost["post"] / cost["bare"]
    line("POST of 18 items / a bare view that inserts by plain SQL", cost["post"], cost["bare"], "at most 2", ratio,
         ratio <= 2)  # fmt: skip
    app = create_app(settings)
    cached, rendered = asked(app, 300, fresh=False), asked(app, 20, fresh=True)
    of_app(app).database.engine.dispose()
    line("the form from the cache / rendered anew", cached, rendered, "at most 0.1", cached / rendered,
         cached <= rendered / 10)  # fmt: skip
    visit = cost["page"] + cost["post"] + cost["thanks"]
    line(f"a finished visit ({1000 / visit:,.0f} a second and core) / LimeSurvey*", visit, LIMESURVEY, "at most 1/40",
         visit / LIMESURVEY, visit <= LIMESURVEY / 40)  # fmt: skip
    print("* its cheapest form, measured once (11 visits a second on 2 cores); LimeSurvey is not installed here")


def asked(app: Flask, times: int, *, fresh: bool) -> float:
    """CPU in ms of the form's GET inside the application; `fresh` empties the cache of pages before each."""
    spent = 0.0
    for number in range(times + 1):
        environ = EnvironBuilder(path=FORM, headers={"Accept-Encoding": "gzip"}).get_environ()
        if fresh:
            pages._prepared.cache_clear()
        start = time.process_time()
        b"".join(app(environ, lambda _status, _headers, _info=None: lambda _data: None))
        spent += (time.process_time() - start) * (number > 0)
    return 1000 * spent / times


def files(folder: Path, url: str, rows: int, line: Callable[..., None]) -> None:
    """Parquet and CSV into an empty wave, then the same file at half its length for the memory, then the bytes."""
    name = "PostgreSQL" if url else "SQLite"
    peaks: dict[int, float] = {}
    for kind, count in (("parquet", rows // 2), ("parquet", rows), ("csv", rows)):
        settings = imports.installation(folder / f"{name}-{kind}-{count}", url)
        path = folder / f"{count}.{kind}"
        if not path.exists():
            imports.write(settings, path, count)
        found = imports.measured(settings, path)
        if count == rows:
            rate = found["rows"] / found["seconds"]
            checked, written = found["checked"], found["seconds"] - found["checked"]
            what = f"{name}, {kind}: rows a second (checked {checked:.1f} s, written {written:.1f} s)"
            line(what, rate, SPEED[name], "at least 1", rate / SPEED[name], rate >= SPEED[name])
        if kind == "parquet":
            peaks[count] = found["mebibytes"]
        if (kind, count) == ("parquet", rows):
            size = bytes_of(settings) / found["rows"]
            line(f"{name}: bytes an answer, after `sipas maintain`", size, BYTES[name], "at most 1",
                 size / BYTES[name], size <= BYTES[name])  # fmt: skip
        if url:
            empty(settings)
    half, whole = peaks[rows // 2], peaks[rows]
    line(f"{name}: peak memory in MiB, the whole file / its half", whole, half, "at most 1.1", whole / half,
         whole <= 1.1 * half)  # fmt: skip


def bytes_of(settings: Settings) -> int:
    """What the answers take on disk, with the index of their keys."""
    database = Database.of(settings)
    maintain(database, settings.home)
    with database.engine.connect() as connection:
        if database.engine.dialect.name == "postgresql":
            size = int(connection.execute(text("select pg_total_relation_size('response')")).scalar_one())
        else:
            used = "(select page_count from pragma_page_count) - (select freelist_count from pragma_freelist_count)"
            pages = connection.execute(text(f"select ({used}) * (select page_size from pragma_page_size)"))
            size = int(pages.scalar_one())  # free pages, which the file keeps, are room for others
    database.engine.dispose()
    return size


def empty(settings: Settings) -> None:
    """A PostgreSQL without tables, for the next file."""
    database = Database.of(settings)
    with database.engine.begin() as connection:
        connection.execute(text("drop schema public cascade"))
        connection.execute(text("create schema public"))
    database.engine.dispose()
