"""Small files that hold the state of an installation: written whole, for their owner alone, and read with a check.

A power cut leaves the old file or the new one, never half of one: what is new is written beside the old under a name of
its own, brought to the disk, and renamed. Whoever reads says what the file must hold; an empty, shortened or foreign
one is Damaged, in a sentence that says what to do, and never passes for "nothing there".
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from sipas.errors import N_, NotReady
from sipas.files.disk_space import sync_folder

T = TypeVar("T")

LEFTOVER = re.compile(r"\.[0-9a-f]{16}")  # the name of a file until it is whole
REMADE = N_("The file {file} in SIPAS_HOME is damaged; the next night, or `sipas maintain`, writes it anew.")
OLD = 3600  # seconds after which nobody is still writing one


class Damaged(NotReady):
    """A file that is there and does not hold what its kind holds."""


def only_for_us() -> None:
    """From now on this process makes files and folders that its own user alone can read, whatever its umask was."""
    os.umask(0o077)


def private_folder(folder: Path) -> Path:
    """The folder, made where it is missing; nobody but its owner can look into a new one."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def private_file(path: Path) -> None:
    """Makes an empty file where none is, for its owner alone; for what a library opens by name."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def write_whole(path: Path, data: bytes) -> None:
    """Puts `data` in the place of whatever is there, durably."""
    partial = _written(path, data)
    try:
        os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def write_new(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Writes a file where none is, durably; raises FileExistsError where one is, of which nothing is changed."""
    partial = _written(path, data)
    try:
        partial.chmod(mode)
        os.link(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    sync_folder(path.parent)


def write_over(path: Path, data: bytes) -> None:
    """Writes over the very bytes that are there, so that the old ones leave the disk; a power cut can tear it."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        os.fchmod(file, 0o600)
        os.pwrite(file, data, 0)
        os.ftruncate(file, len(data))
        os.fsync(file)
    finally:
        os.close(file)


def append(path: Path, line: str) -> None:
    """Adds a line to a list that only grows, durably; one that a power cut left without its end stays by itself."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        size = os.fstat(file).st_size
        torn = size > 0 and os.pread(file, 1, size - 1) != b"\n"
        os.write(file, ("\n" * torn + line + "\n").encode())
        os.fsync(file)
    finally:
        os.close(file)
    sync_folder(path.parent)


def read_state(path: Path, parse: Callable[[bytes], T], damaged: str) -> T | None:
    """What `parse` makes of the file, None where there is none; raises Damaged with the template `damaged`, in which
    {file} stands for its name, where `parse` cannot take it."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        return parse(data)
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError):
        raise Damaged(damaged, file=path.name) from None


def sweep(folder: Path, now: float | None = None) -> int:
    """Wipes what power cuts left half written, perhaps a key among it; how many files that were."""
    now, gone = time.time() if now is None else now, 0
    for path in folder.iterdir() if folder.is_dir() else ():
        if LEFTOVER.fullmatch(path.name) and path.is_file() and now - path.stat().st_mtime > OLD:
            write_over(path, bytes(path.stat().st_size))
            path.unlink()
            gone += 1
    return gone


def _written(path: Path, data: bytes) -> Path:
    """A nameless neighbour of `path` that holds `data` and is on the disk."""
    private_folder(path.parent)
    partial = path.parent / f".{secrets.token_hex(8)}"
    try:
        with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    return partial
