"""A PostgreSQL of the tests' own: made in a temporary folder, reached by a socket, gone afterwards."""

from __future__ import annotations

import glob
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def programs() -> Path | None:
    """The folder of initdb and pg_ctl, wherever Debian or SIPAS_TEST_PG_BIN put them."""
    folders = [os.environ.get("SIPAS_TEST_PG_BIN", ""), *sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True)]
    return next((Path(folder) for folder in folders if folder and (Path(folder) / "initdb").exists()), None)


@contextmanager
def cluster() -> Iterator[str]:
    """A running server; gives the SQLAlchemy address of an empty database in it."""
    bin_ = programs()
    assert bin_ is not None
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # short: a socket's path has at most 107 bytes
    as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
    if as_user:
        shutil.chown(folder, "postgres", "postgres")

    def run(*words: str) -> None:
        subprocess.run(
            [*as_user, *words],
            check=True,
            cwd=folder,
            capture_output=True,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
        )

    data = folder / "data"
    try:
        run(f"{bin_}/initdb", "-D", str(data), "-U", "postgres", "--no-sync", "-E", "UTF8", "-A", "trust")
        run(
            f"{bin_}/pg_ctl",
            "-D",
            str(data),
            "-w",
            "-l",
            str(folder / "log"),
            "-o",
            f"-k {folder} -c listen_addresses='' -c fsync=off -c wal_recycle=off -c min_wal_size=32MB",
            "start",
        )
        yield f"postgresql+psycopg://postgres@/postgres?host={folder}"
    finally:
        if (data / "postmaster.pid").exists():
            run(f"{bin_}/pg_ctl", "-D", str(data), "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder, ignore_errors=True)
