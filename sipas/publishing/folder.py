"""The folder of a release, draft or published: its pages and sums written, and whether its files are still those."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from analysis.safe_table import SafeTable
from sipas import i18n
from sipas.errors import N_, SipasError
from sipas.publishing.page import render
from sipas.publishing.shelf import MANIFEST, SUMS, TABLE


class ChangedDraft(SipasError):
    """A draft whose files are no longer those that were built."""

    status = 409


def finish(folder: Path, manifest: dict[str, Any]) -> None:
    """Writes manifest, pages and sums of a folder whose table lies there."""
    table = SafeTable.from_json((folder / TABLE).read_text(encoding="utf-8"))
    text = json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")
    for language, name in (("vi", "index.html"), ("en", "index.en.html")):
        with i18n.speaking(language):
            (folder / name).write_text(render(manifest, table, language), encoding="utf-8")
    names = sorted(path.name for path in folder.iterdir() if path.name != SUMS)
    sums = (f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in names)
    (folder / SUMS).write_text("".join(sums), encoding="utf-8")


def digest_of(folder: Path) -> str:
    """SHA-256 of the folder's SHA256SUMS."""
    return hashlib.sha256((folder / SUMS).read_bytes()).hexdigest()


def check_files(folder: Path, digest: str) -> None:
    """Raises ChangedDraft unless every file is still the one that was built."""
    if not (folder / SUMS).is_file() or digest_of(folder) != digest:
        raise ChangedDraft(
            N_("The draft in {folder} was changed after it was built; build it again."), folder=folder.name
        )
    for line in (folder / SUMS).read_text(encoding="utf-8").splitlines():
        wanted, name = line.split("  ", 1)
        path = folder / name
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != wanted:
            raise ChangedDraft(
                N_("The file {name} of the draft in {folder} was changed after it was built; build it again."),
                name=name,
                folder=folder.name,
            )
