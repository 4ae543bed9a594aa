"""The shelf of published releases: opens what lies in SIPAS_HOME/releases and nothing else.

The public pages read through here alone. A release comes onto the shelf by one rename when it is published; drafts lie
elsewhere. It imports neither the database nor the first door.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
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
class ListedRelease:
    """One published release as its manifest names it. Its table is not opened: what it shows is `published_release`."""

    code: str
    folder: Path
    wave: str
    title: str
    published_on: dt.date
    series: str  # main, trial or other
    simulated: bool


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


def published_releases(home: Path) -> list[ListedRelease]:
    """Every published release, newest first, from the manifests alone. A folder that is none takes no other's place;
    `strangers` names it."""
    found = [one for _, one in _folders(home) if isinstance(one, ListedRelease)]
    return sorted(found, key=lambda one: (one.published_on, _in_order(one.code)), reverse=True)


def strangers(home: Path) -> list[tuple[str, SipasError]]:
    """The folders on the shelf that are no release as it was published, each with the reason. Reads every table's
    bytes, and parses none."""
    found: list[tuple[str, SipasError]] = []
    for name, one in _folders(home):
        try:
            if isinstance(one, SipasError):
                raise one
            _as_published(one.folder, TABLE)
        except SipasError as problem:
            found.append((name, problem))
    return found


def _folders(home: Path) -> Iterator[tuple[str, ListedRelease | SipasError]]:
    shelf = HomePaths(home).releases
    for folder in sorted(shelf.iterdir()) if shelf.is_dir() else ():
        if folder.is_dir():
            try:
                yield folder.name, _listed(folder, _known(folder))
            except SipasError as problem:
                yield folder.name, problem


def _in_order(code: str) -> list[tuple[bool, int, str]]:
    """So that r10 comes after r9."""
    return [(part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in re.split(r"(\d+)", code)]


def newest(home: Path) -> PublishedRelease | None:
    """The release that stands for the province: the newest of the main series whose files are as they were published.
    Trials never take its place; None without any. Opens no other table."""
    for one in published_releases(home):
        if one.series == MAIN:
            try:
                return published_release(home, one.code)
            except Unreadable:
                continue
    return None


def published_release(home: Path, code: str) -> PublishedRelease:
    """The published release of that code; raises UnknownCode, and Unreadable where a file is not as published."""
    folder = HomePaths(home).release(code)
    if not CODE.fullmatch(code):
        raise UnknownCode(N_("There is no published release “{code}”."), code=code)
    return _open(folder, _known(folder))


def _known(folder: Path) -> tuple[tuple[int, int] | None, ...]:
    """The folder's stamp; raises UnknownCode where no manifest lies in it."""
    found = stamp(folder)
    if found[0] is None:
        raise UnknownCode(N_("There is no published release “{code}”."), code=folder.name)
    return found


def stamp(folder: Path) -> tuple[tuple[int, int] | None, ...]:
    """What changes when a file of the folder is written again; for whoever remembers what was read from it."""
    return tuple(_stamp(folder / name) for name in (MANIFEST, TABLE, SUMS))


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ctime_ns, found.st_size  # the time of the change itself, which nobody can set


@lru_cache(maxsize=4)  # of some 30 MB each; by `stamp`; what cannot be read is looked at again each time
def _open(folder: Path, known: tuple[tuple[int, int] | None, ...]) -> PublishedRelease:
    """A folder on the shelf, whose manifest and table are those of its own list of digests."""
    _listed(folder, known)
    _as_published(folder, TABLE)
    return open_folder(folder)


@lru_cache(maxsize=1024)  # by `stamp`, like the above
def _listed(folder: Path, known: tuple[tuple[int, int] | None, ...]) -> ListedRelease:
    """A folder on the shelf whose manifest is that of its own list of digests. Whoever writes a release writes the list
    last, so a table that changed after the list is held against it at once; any other when it is shown."""
    _, table, listed = known
    manifest, code = _manifest(folder)
    try:
        day = dt.date.fromisoformat(manifest["published_on"])
        about = manifest["wave"]
        found = ListedRelease(
            code, folder, str(about["code"]), str(about["title"]), day, series_of(manifest), bool(about["simulated"])
        )
    except (ValueError, KeyError, TypeError):
        raise Unreadable(N_("The release in {folder} was never published."), folder=folder.name) from None
    if listed is None:
        raise Unreadable(N_("The release in {folder} was never published."), folder=folder.name)
    if code != folder.name:
        raise Unreadable(N_("{folder} is a copy of release {code}."), folder=folder.name, code=code)
    _as_published(folder, MANIFEST)
    if table is None or table[0] >= listed[0]:
        _as_published(folder, TABLE)
    return found


def _as_published(folder: Path, name: str) -> None:
    """Raises Unreadable unless the file is that of the folder's list of digests."""
    try:
        listed = (folder / SUMS).read_text(encoding="utf-8").splitlines()
        digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    except (OSError, ValueError):
        raise Unreadable(N_("The files of release {folder} cannot be read."), folder=folder.name) from None
    if f"{digest}  {name}" not in listed:
        raise Unreadable(N_("{name} of release {code} is not as published."), name=name, code=folder.name)


def _manifest(folder: Path) -> tuple[dict[str, Any], str]:
    """A folder's manifest and the code that it names; raises Unreadable."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        code, _ = str(manifest["release"]), str(manifest["wave"]["code"])
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        raise Unreadable(N_("The files of release {folder} cannot be read."), folder=folder.name) from None
    return manifest, code


def open_folder(folder: Path) -> PublishedRelease:
    """A release as it lies in a folder, published or draft; raises Unreadable."""
    manifest, code = _manifest(folder)
    try:
        table = SafeTable.from_json((folder / TABLE).read_text(encoding="utf-8"))
    except (OSError, ValueError, LookupError, TypeError, RecursionError, AnalysisError):
        raise Unreadable(N_("The files of release {folder} cannot be read."), folder=folder.name) from None
    return PublishedRelease(code, folder, manifest, table)
