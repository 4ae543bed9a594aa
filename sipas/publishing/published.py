"""The shelf of published releases: opens what lies in SIPAS_HOME/releases and nothing else.

The public pages read through here alone. A release comes onto the shelf by one rename when it is published; drafts lie
elsewhere. It imports neither the database nor the first door.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from analysis import AnalysisError
from analysis.disclosure.safe_table import SafeTable
from sipas.errors import N_, NotReady, SipasError, UnknownCode
from sipas.files.home_paths import HomePaths

MAIN = "main"
MANIFEST, TABLE, SUMS = "release.json", "estimates.json", "SHA256SUMS"
CODE = re.compile(r"(?=.{1,100}\Z)[A-Za-z0-9]+([.-][A-Za-z0-9]+)*")  # no longer than a folder's name may be


class Unreadable(NotReady):
    """A folder that is no release, or whose files are not those that were published."""


@dataclass(frozen=True)
class PublishedRelease:
    """One published release: its manifest and its protected table."""

    code: str
    folder: Path
    manifest: dict[str, Any]
    table: SafeTable

    @property
    def series(self) -> str:
        """To which figures it belongs: main, trial or other."""
        return series_of(self.manifest)

    @property
    def simulated(self) -> bool:
        """Whether the figures come from made-up answers; every page says so."""
        return bool(self.manifest["wave"]["simulated"])


def series_of(manifest: Mapping[str, Any]) -> str:
    """The series of a release's wave; releases of November 2026 do not say it and are of the main one."""
    return str(manifest["wave"].get("series", MAIN))


def published_releases(home: Path) -> list[PublishedRelease]:
    """Every published release, newest first. A folder that is none takes no other's place; `strangers` names it."""
    found = [one for _, one in _folders(home) if isinstance(one, PublishedRelease)]
    return sorted(found, key=lambda one: (one.manifest["published_on"], _in_order(one.code)), reverse=True)


def strangers(home: Path) -> list[tuple[str, SipasError]]:
    """The folders on the shelf that are no release as it was published, each with the reason."""
    return [(name, one) for name, one in _folders(home) if isinstance(one, SipasError)]


def _folders(home: Path) -> Iterator[tuple[str, PublishedRelease | SipasError]]:
    shelf = HomePaths(home).releases
    for folder in sorted(shelf.iterdir()) if shelf.is_dir() else ():
        if folder.is_dir():
            try:
                yield folder.name, published_release(home, folder.name)
            except SipasError as problem:
                yield folder.name, problem


def _in_order(code: str) -> list[tuple[bool, int, str]]:
    """So that r10 comes after r9."""
    return [(part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in re.split(r"(\d+)", code)]


def newest(found: Sequence[PublishedRelease]) -> PublishedRelease | None:
    """The release that stands for the province: the newest of the main series. Trials never take its place."""
    return next((one for one in found if one.series == MAIN), None)


def published_release(home: Path, code: str) -> PublishedRelease:
    """The published release of that code; raises UnknownCode."""
    folder = HomePaths(home).release(code)
    if not CODE.fullmatch(code) or not (folder / MANIFEST).is_file():
        raise UnknownCode(N_("There is no published release “{code}”."), code=code)
    return _open(folder, stamp(folder))


def stamp(folder: Path) -> tuple[tuple[int, int] | None, ...]:
    """What changes when a file of the folder is written again; for whoever remembers what was read from it."""
    return tuple(_stamp(folder / name) for name in (MANIFEST, TABLE, SUMS))


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


@lru_cache(maxsize=32)  # by `stamp`; what cannot be read is looked at again each time
def _open(folder: Path, _stamp: object) -> PublishedRelease:
    """A folder on the shelf, whose manifest and table are those of its own list of digests."""
    found = open_folder(folder)
    try:
        listed = (folder / SUMS).read_text(encoding="utf-8").splitlines()
        dt.date.fromisoformat(found.manifest["published_on"])
    except (OSError, ValueError, KeyError, TypeError):
        raise Unreadable(N_("The release in {folder} was never published."), folder=folder.name) from None
    if found.code != folder.name:
        raise Unreadable(N_("{folder} is a copy of release {code}."), folder=folder.name, code=found.code)
    for name in (MANIFEST, TABLE):
        if f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}" not in listed:
            raise Unreadable(N_("{name} of release {code} is not as published."), name=name, code=found.code)
    return found


def open_folder(folder: Path) -> PublishedRelease:
    """A release as it lies in a folder, published or draft; raises Unreadable."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        table = SafeTable.from_json((folder / TABLE).read_text(encoding="utf-8"))
        code, _ = str(manifest["release"]), str(manifest["wave"]["code"])
    except (OSError, ValueError, LookupError, TypeError, RecursionError, AnalysisError):
        raise Unreadable(N_("The files of release {folder} cannot be read."), folder=folder.name) from None
    return PublishedRelease(code, folder, manifest, table)
