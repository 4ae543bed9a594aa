"""What takes many seconds to make is made once in a run, whichever of its processes comes first, and copied by each."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder of this process's own, with what `make` writes into the folder that it is given. Nothing in it may tell
    where it lies. Whoever comes while it is being made waits; where making fails, the next one tries again."""
    base = factory.getbasetemp()
    shelf = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared"
    shelf.mkdir(exist_ok=True)
    with (shelf / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (shelf / name).exists():
            trial = shelf / f"{name}.new"
            shutil.rmtree(trial, ignore_errors=True)
            trial.mkdir()
            make(trial)
            trial.rename(shelf / name)
    return Path(shutil.copytree(shelf / name, factory.mktemp(name), dirs_exist_ok=True))
