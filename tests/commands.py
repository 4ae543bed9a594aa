"""`sipas …` as a process of its own, forked from one that has imported the libraries: they cost more than the command.

The command has its own environment, folder, umask, streams and exit status, and imports `sipas.cli` itself, in the
language of its environment; the rooms below it say no word when they are imported, and the process's language is found
anew. What the interpreter does before (`python -m sipas.cli`, the locale) is tried by whoever starts one with `alone`.
"""

from __future__ import annotations

import atexit
import functools
import gc
import importlib
import io
import json
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping
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
    parent = _parent()
    with tempfile.TemporaryDirectory(prefix="sipas-said-") as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        asked = {"words": words, "environ": dict(environ), "cwd": str(cwd), "umask": umask}
        assert parent.stdin is not None
        assert parent.stdout is not None
        parent.stdin.write(json.dumps({**asked, "streams": [os.devnull, str(out), str(err)]}) + "\n")
        parent.stdin.flush()
        status = int(parent.stdout.readline())
        return subprocess.CompletedProcess(["sipas", *words], status, out.read_text("utf-8"), err.read_text("utf-8"))


@functools.cache
def _parent() -> subprocess.Popen[str]:
    code = f"import sys; sys.path[0] = {str(ROOT)!r}; from tests.commands import serve; serve()"
    made = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    atexit.register(made.communicate)  # ends with its input
    return made


def serve() -> None:
    """Forks for every line of standard input, and says how that ended."""
    for name in LIBRARIES:
        importlib.import_module(name)
    for name in ROOMS:
        importlib.import_module(f"sipas.{name}")
    assert "sipas.cli" not in sys.modules
    gc.freeze()
    for line in sys.stdin:
        if not (child := os.fork()):
            _become(**json.loads(line))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _become(words: list[str], environ: dict[str, str], cwd: str, umask: int, streams: list[str]) -> None:
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
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(status if isinstance(status, int) else 1)
