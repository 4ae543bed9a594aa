"""`sipas …` as a process of its own, forked from one that has imported the libraries: they cost more than the command.

The command has its own environment, folder, umask, streams and exit status, and imports `sipas.cli` itself, in the
language of its environment; the rooms below it say no word when they are imported, and the process's language is found
anew. What the interpreter does before (`python -m sipas.cli`, the locale) is tried by whoever starts one with `alone`.
A command that goes on, such as a server, comes from a second such process, which has imported the application too:
`started`. It leads a process group of its own.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import gc
import importlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
LIBRARIES = ("click", "cryptography.hazmat.primitives.ciphers.aead", "flask", "numpy", "pydantic", "ruamel.yaml")
LIBRARIES += ("sqlalchemy.orm", "sqlalchemy.dialects.postgresql", "sqlalchemy.dialects.sqlite", "alembic.command")
ROOMS = (
    "backups.postgresql",
    "fieldwork.waves",
    "importing",
    "intake",
    "inviting",
    "publishing",
    "registry",
    "storage",
)
OF_SERVERS = ("granian", "scipy.optimize", "sipas.results.warming", "sipas.web.request_buffering")
OF_SERVERS += ("sipas.kiosk.phone", "sipas.desk.sessions", "sipas.monitoring.pages", "sipas.monitoring.supervision")


def alone(*words: str, environ: Mapping[str, str], cwd: str | Path = "/") -> subprocess.CompletedProcess[str]:
    """The command as a person starts it, interpreter and all."""
    return subprocess.run(
        [sys.executable, "-m", "sipas.cli", *words],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        cwd=cwd,
        env=dict(environ),
    )


def run(
    *words: str, environ: Mapping[str, str], cwd: str | Path = "/", umask: int = 0o022
) -> subprocess.CompletedProcess[str]:
    """The command in a process that needs not import the libraries; the same result as `alone`."""
    with tempfile.TemporaryDirectory(prefix="sipas-said-") as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        asked = {"words": words, "environ": dict(environ), "cwd": str(cwd), "umask": umask}
        status = _ask(_parent(), {**asked, "streams": [os.devnull, str(out), str(err)]})
        return subprocess.CompletedProcess(["sipas", *words], status, out.read_text("utf-8"), err.read_text("utf-8"))


class Going:
    """A command that goes on, with the part of `subprocess.Popen` that tests use; its exit status lies in a file."""

    def __init__(self, pid: int, said: Path) -> None:
        self.pid, self._said = pid, said
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Its exit status, the signal's number below zero where one ended it; None as long as it runs."""
        if self.returncode is None and (ended := self._said / "ended").exists():
            self.returncode = int(ended.read_text())
            shutil.rmtree(self._said)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Its exit status, once it has ended; raises `subprocess.TimeoutExpired` where it has not by then."""
        end = None if timeout is None else time.monotonic() + timeout
        while (status := self.poll()) is None:
            if end is not None and time.monotonic() > end:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
            time.sleep(0.005)
        return status

    def send_signal(self, number: int) -> None:
        """Nothing where it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Asks it to end."""
        self.send_signal(signal.SIGTERM)


def started(
    *words: str, environ: Mapping[str, str], out: str | Path = os.devnull, err: str | Path = os.devnull
) -> Going | subprocess.Popen[bytes]:
    """The command, which goes on; in this process's folder and under its umask. `out` and `err` name files. Where a
    library is to be loaded before all others it is started as a person does it."""
    if "LD_PRELOAD" in environ:
        return started_alone(*words, environ=environ, out=out, err=err)
    umask = os.umask(0)
    os.umask(umask)
    said = Path(tempfile.mkdtemp(prefix="sipas-runs-"))
    asked = {"words": words, "environ": dict(environ), "cwd": os.getcwd(), "umask": umask}
    asked |= {"streams": [os.devnull, str(out), str(err)], "ended": str(said / "ended")}
    return Going(_ask(_parent(servers=True), asked), said)


def started_alone(
    *words: str, environ: Mapping[str, str], out: str | Path = os.devnull, err: str | Path = os.devnull
) -> subprocess.Popen[bytes]:
    """The command, which goes on, as a person starts it: interpreter and all."""
    with Path(out).open("wb") as output, Path(err).open("wb") as errors:
        return subprocess.Popen(
            [sys.executable, "-m", "sipas.cli", *words],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            start_new_session=True,
            env=dict(environ),
        )


def _ask(parent: subprocess.Popen[str], asked: Mapping[str, object]) -> int:
    assert parent.stdin is not None
    assert parent.stdout is not None
    parent.stdin.write(json.dumps(asked) + "\n")
    parent.stdin.flush()
    return int(parent.stdout.readline())


@functools.cache
def _parent(servers: bool = False) -> subprocess.Popen[str]:
    code = f"import sys; sys.path[0] = {str(ROOT)!r}; from tests.commands import serve; serve({servers})"
    made = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    atexit.register(made.communicate)  # ends with its input
    return made


def serve(servers: bool) -> None:
    """Forks for every line of standard input, and says how that ended; of what goes on, its process number."""
    for name in (*LIBRARIES, *(f"sipas.{room}" for room in ROOMS), *(OF_SERVERS if servers else ())):
        importlib.import_module(name)
    assert not {"sipas.cli", "sipas.wsgi"} & set(sys.modules)
    gc.freeze()
    for line in sys.stdin:
        asked = json.loads(line)
        if "ended" in asked:
            print(_goes_on(**asked), flush=True)
            continue
        if not (child := os.fork()):
            _become(**asked)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _goes_on(ended: str, **asked: object) -> int:
    """Starts it under a process that waits for its end, writes its exit status and ends too; gives its number."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:  # those whose commands have ended
            pass
    reads, writes = os.pipe()
    if not os.fork():
        os.close(reads)
        if not (child := os.fork()):
            os.close(writes)
            os.setsid()
            _become(**asked)  # type: ignore[arg-type]
        os.write(writes, str(child).encode())
        os.close(writes)
        for stream in (0, 1):  # nobody who reads to the end of ours waits for this one's
            os.dup2(os.open(os.devnull, os.O_RDWR), stream)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        Path(f"{ended}.new").write_text(str(status))
        os.rename(f"{ended}.new", ended)
        os._exit(0)
    os.close(writes)
    with os.fdopen(reads) as told:
        return int(told.read())


def _become(words: Sequence[str], environ: dict[str, str], cwd: str, umask: int, streams: Sequence[str]) -> None:
    for number, (path, flags) in enumerate(zip(streams, (os.O_RDONLY, *[os.O_WRONLY | os.O_CREAT] * 2), strict=True)):
        os.dup2(os.open(path, flags), number)
    sys.stdin = io.TextIOWrapper(io.FileIO(0), "utf-8")
    sys.stdout, sys.stderr = (io.TextIOWrapper(io.BufferedWriter(io.FileIO(one, "w")), "utf-8") for one in (1, 2))
    os.environ.clear()
    os.environ.update(environ)
    os.chdir(cwd)
    os.umask(umask)
    sys.argv = ["sipas", *words]
    status: object = 0
    try:
        catalogs = importlib.import_module("sipas.i18n.catalogs")
        catalogs._PROCESS = catalogs.process_language(os.environ)  # as when it is first imported
        catalogs.hush()
        importlib.import_module("sipas.cli").main()
    except SystemExit as ended:
        status = ended.code or 0
    except BaseException:
        traceback.print_exc()
        status = 1
    threading._shutdown()  # as the interpreter ends
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(status if isinstance(status, int) else 1)
