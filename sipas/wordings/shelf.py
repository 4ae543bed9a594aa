"""The folder of SIPAS_HOME in which versions made here lie: each file for good, its digest in the list beside it."""

from __future__ import annotations

import fcntl
import hashlib
import io
import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import surveys
from sipas.errors import N_, NotReady, SipasError
from sipas.files.home_paths import HomePaths
from sipas.files.state_files import private_folder, write_new, write_whole
from surveys.instrument import is_own
from surveys.load import DIGESTS, INSTRUMENTS, sound

NOT_NUMBERED = N_(
    "instruments/{file} in SIPAS_HOME is not read: files there are named CODE.vNUMBER.yaml, with a number from 1001 on."
)
NEWER = N_(
    "The words of {code} v{own} were put in here for version {base}; version {newest} has been released since, with "
    "words of ours. To have official ones there too: sipas instrument wording export {code} --version {newest}"
)


def keep_version(home: Path, name: str, content: bytes) -> Path:
    """Put a new version into the folder; raises NotReady where one of that number has come meanwhile."""
    folder = private_folder(HomePaths(home).instruments)
    with _alone(folder):
        try:
            write_new(folder / name, content)
        except FileExistsError:
            raise NotReady(
                N_("A version {name} was made a moment ago. Look at it (`sipas instrument list`), then try again."),
                name=name,
            ) from None
        listed = folder / DIGESTS
        before = listed.read_bytes() if listed.exists() else b""
        write_whole(listed, before + f"{hashlib.sha256(content).hexdigest()}  {name}\n".encode())
    return folder / name


def versions(home: Path) -> list[Path]:
    """The files of versions that were made here, whether sound or not."""
    folder = HomePaths(home).instruments
    return sorted(path for path in folder.glob("*.yaml") if _number(path)) if folder.is_dir() else []


def findings(home: Path) -> Iterator[Exception]:
    """What is wrong in the folder, and which words wait for a newer release: an error for each."""
    folder = HomePaths(home).instruments
    for path in sorted(folder.glob("*.yaml")) if folder.is_dir() else ():
        if not _number(path):
            yield SipasError(NOT_NUMBERED, file=path.name)
            continue
        try:
            sound(path)
            surveys.read(path)
        except surveys.SurveyError as error:
            yield error
    for name in _listed(folder):
        if not (folder / name).exists():
            yield SipasError(
                N_("instruments/{file} of SIPAS_HOME is gone; copy it back from a backup of the folder."), file=name
            )


def outdated(home: Path) -> Iterator[Exception]:
    """Of each questionnaire the newest version made here, where a release brought a newer one since."""
    released = surveys.catalogue(INSTRUMENTS)
    newest: dict[str, int] = {}
    for path in versions(home):
        code, _, number = path.stem.rpartition(".v")
        newest[code] = max(newest.get(code, 0), int(number))
    for code, own in newest.items():
        base, latest = own // 1000, max(released.get(code, (0,)))
        if latest > base:
            yield SipasError(NEWER, code=code, own=own, base=base, newest=latest)


def packed(home: Path) -> bytes:
    """Every version made here with the list of digests, as one ZIP archive for a backup; b"" where there is none."""
    files = versions(home)
    if not files:
        return b""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in (*files, HomePaths(home).instruments / DIGESTS):
            if path.exists():
                archive.writestr(zipfile.ZipInfo(path.name), path.read_bytes(), zipfile.ZIP_DEFLATED)
    return memory.getvalue()


def put_back(home: Path, data: bytes) -> list[Path]:
    """Put the versions of a backup where they were; gives the files of the same name and other content, put aside.

    What lies there and not in the backup stays. A file that is in the backup as it must not be (its digest is another
    than listed there) comes back all the same, and is refused wherever it is read.
    """
    folder, aside = private_folder(HomePaths(home).instruments), []
    with _alone(folder), zipfile.ZipFile(io.BytesIO(data)) as archive:
        inside = {name: archive.read(name) for name in archive.namelist() if "/" not in name}
        for name, content in inside.items():
            path = folder / name
            if name == DIGESTS or (path.exists() and path.read_bytes() == content):
                continue
            if path.exists():
                aside.append(path.rename(_free(path)))
            write_new(path, content)
        here = (folder / DIGESTS).read_bytes() if (folder / DIGESTS).exists() else b""
        lines = (*here.decode().splitlines(), *inside.get(DIGESTS, b"").decode().splitlines())  # the backup's come last
        listed = {line.split(None, 1)[1]: line for line in lines if len(line.split(None, 1)) == 2}
        write_whole(folder / DIGESTS, "".join(f"{line}\n" for line in listed.values()).encode())
    return aside


def _free(path: Path) -> Path:
    number = 1
    while (aside := path.with_name(f"{path.name}.aside-{number}")).exists():
        number += 1
    return aside


def _number(path: Path) -> int:
    """The number in the name of a file made here, else 0."""
    number = path.stem.rpartition(".v")[2]
    return int(number) if number.isdecimal() and is_own(int(number)) else 0


def _listed(folder: Path) -> list[str]:
    try:
        lines = (folder / DIGESTS).read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return []
    return [line.split(None, 1)[1] for line in lines if len(line.split(None, 1)) == 2]


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Nobody else puts a version into the folder meanwhile."""
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)
