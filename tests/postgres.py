"""A PostgreSQL of the tests' own: made in a temporary folder, reached by a socket, gone afterwards."""

from __future__ import annotations

import atexit
import contextlib
import functools
import glob
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, make_url

from sipas.config.settings import Settings
from sipas.migrations import create
from sipas.registry.importing import load_registry
from sipas.storage.database import Database

READY = "ready"  # a database with the tables and the registry, in every server that was copied


def programs() -> Path | None:
    """The folder of initdb and pg_ctl, wherever Debian or SIPAS_TEST_PG_BIN put them."""
    folders = [os.environ.get("SIPAS_TEST_PG_BIN", ""), *sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True)]
    return next((Path(folder) for folder in folders if folder and (Path(folder) / "initdb").exists()), None)


class Cluster:
    """A server in a folder of its own. `durable` turns `fsync` on, as in an office; most tests go without."""

    def __init__(
        self, durable: bool = False, environment: Mapping[str, str] | None = None, is_copied: bool = True
    ) -> None:
        found = programs()
        assert found is not None
        self._programs, self._environment = found, dict(environment or {})
        self.folder = Path(tempfile.mkdtemp(prefix="pg-", dir=_short()))
        self.data = self.folder / "data"
        self._options = f"-k {self.folder} -c listen_addresses='' -c min_wal_size=256MB -c max_connections=300" + (
            "" if durable else " -c fsync=off"
        )
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
        if is_copied and not environment:
            subprocess.run(["cp", "-a", _fresh().data, self.data], check=True)
        else:
            self._run("initdb", "-U", "postgres", "--no-sync", "-E", "UTF8", "-A", "trust")

    @property
    def url(self) -> str:
        """The SQLAlchemy address of its empty database."""
        return f"postgresql+psycopg://postgres@/postgres?host={self.folder}"

    def start(self) -> None:
        """Starts it, and waits until it takes connections."""
        self._run("pg_ctl", "-w", "-l", str(self.folder / "log"), "-o", self._options, "start")

    def kill(self) -> None:
        """`kill -9` for the server and all its processes: what was not made durable may be lost."""
        number = int((self.data / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{number}/task/{number}/children").read_text().split()
        for one in [number, *map(int, children)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(one, signal.SIGKILL)
        end = time.monotonic() + 10
        while any(_lives(one) for one in [number, *map(int, children)]):
            assert time.monotonic() < end, "PostgreSQL outlived kill -9"
            time.sleep(0.02)
        if Path(f"/proc/{number}").exists():  # nobody fetches the dead in this container; PostgreSQL takes it for alive
            (self.data / "postmaster.pid").unlink()
            (self.folder / ".s.PGSQL.5432.lock").unlink()

    def stop(self) -> None:
        """Stops it, everything written."""
        self._run("pg_ctl", "-m", "fast", "-w", "stop")

    def remove(self) -> None:
        """Stops it and removes its folder."""
        if (self.data / "postmaster.pid").exists():
            with contextlib.suppress(subprocess.CalledProcessError):  # killed before
                self._run("pg_ctl", "-m", "immediate", "-w", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, program: str, *words: str) -> None:
        as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
        subprocess.run(
            [*as_user, f"{self._programs}/{program}", "-D", str(self.data), *words],
            check=True,
            cwd=self.folder,
            capture_output=True,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **self._environment},
        )


def _short() -> str:
    """Where folders of servers are made: a socket's path has at most 107 bytes."""
    usual = tempfile.gettempdir()
    return usual if len(usual) < 40 else "/tmp"


@functools.cache
def _fresh() -> Cluster:
    """What initdb makes, and a database with tables and registry beside the empty one, once in a process: a copy costs
    a tenth. It does not run when it is copied."""
    made = Cluster(is_copied=False)
    atexit.register(made.remove)
    made.start()
    address = make_url(made.url)
    _command(made.url, f"create database {READY}")
    with tempfile.TemporaryDirectory() as home:
        url = address.set(database=READY).render_as_string(hide_password=False)
        database = create(Settings(home=Path(home), database_url=url))
        with database.writing() as session:
            load_registry(session)
        database.engine.dispose()
    made.stop()
    return made


def installed(settings: Settings) -> Database:
    """What `create` and `load_registry` leave in an empty database, by copying it; takes everything out that was there
    before. The server must be one that was copied."""
    address = make_url(settings.database_url)
    other = address.set(database="template1").render_as_string(hide_password=False)
    _command(
        other, f"drop database {address.database} with (force)", f"create database {address.database} template {READY}"
    )
    return create(settings)  # the folders of the home; nothing is left to do in the database


def _command(url: str, *commands: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for command in commands:
            connection.exec_driver_sql(command)
    engine.dispose()


def _lives(number: int) -> bool:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{number}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    return False


@contextmanager
def running(durable: bool = False, environment: Mapping[str, str] | None = None) -> Iterator[Cluster]:
    """A running server, removed at the end."""
    made = Cluster(durable, environment)
    try:
        made.start()
        yield made
    finally:
        made.remove()


@contextmanager
def cluster() -> Iterator[str]:
    """A running server; gives the SQLAlchemy address of an empty database in it."""
    with running() as made:
        yield made.url
