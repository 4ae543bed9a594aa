"""The shelf of published releases: opens what lies in SIPAS_HOME/releases and nothing else.

The public pages read through here alone. A release comes onto the shelf by one rename when it is published; drafts lie
elsewhere. It imports neither the database nor the first door.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from analysis.safe_table import SafeTable
from sipas.errors import N_, UnknownCode

MAIN = "main"
MANIFEST, TABLE, SUMS = "release.json", "estimates.json", "SHA256SUMS"
CODE = re.compile(r"(?=.{1,100}\Z)[A-Za-z0-9]+([.-][A-Za-z0-9]+)*")  # no longer than a folder's name may be


@dataclass(frozen=True)
class Issue:
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


def issues(home: Path) -> list[Issue]:
    """Every published release, newest first."""
    shelf = home / "releases"
    found = (
        [issue(home, folder.name) for folder in shelf.iterdir() if (folder / MANIFEST).is_file()]
        if shelf.is_dir()
        else []
    )
    return sorted(found, key=lambda one: (one.manifest["published_on"], one.code), reverse=True)


def newest(found: Sequence[Issue]) -> Issue | None:
    """The release that stands for the province: the newest of the main series. Trials never take its place."""
    return next((one for one in found if one.series == MAIN), None)


def issue(home: Path, code: str) -> Issue:
    """The published release of that code; raises UnknownCode."""
    folder = home / "releases" / code
    if not CODE.fullmatch(code) or not (folder / MANIFEST).is_file():
        raise UnknownCode(N_("There is no published release “{code}”."), code=code)
    return _open(folder)


@lru_cache(maxsize=32)
def _open(folder: Path) -> Issue:
    return open_folder(folder)


def open_folder(folder: Path) -> Issue:
    """A release as it lies in a folder, published or draft."""
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    table = SafeTable.from_json((folder / TABLE).read_text(encoding="utf-8"))
    return Issue(manifest["release"], folder, manifest, table)
