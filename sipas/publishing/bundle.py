"""The folder of a release, draft or published: its pages and sums written, and whether its files are still those."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from analysis.disclosure.safe_table import SafeTable
from sipas import i18n
from sipas.errors import N_, SipasError
from sipas.files.disk_space import sync_folder
from sipas.publishing.page import render
from sipas.publishing.published import MANIFEST, SUMS, TABLE


class ChangedFiles(SipasError):
    """A release whose files are no longer those that the database knows."""

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


def sync(folder: Path) -> None:
    """Ask the disk for every file of the folder, before its name says that it is whole."""
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
    sync_folder(folder)


def move(folder: Path, target: Path) -> None:
    """Give a finished folder its name, by one durable rename; never over another."""
    target.parent.mkdir(exist_ok=True, mode=0o700)
    os.rename(folder, target)
    sync_folder(target.parent)


def bundle_digest(folder: Path) -> str:
    """SHA-256 of the folder's SHA256SUMS."""
    return hashlib.sha256((folder / SUMS).read_bytes()).hexdigest()


def check_files(folder: Path, digest: str) -> None:
    """Raise ChangedFiles unless the files are those that the digest, from the database, stands for: none changed, none
    missing, none added."""
    if not (folder / SUMS).is_file() or bundle_digest(folder) != digest:
        raise ChangedFiles(
            N_("The draft in {folder} was changed after it was built; build it again."), folder=folder.name
        )
    listed = {SUMS}
    for line in (folder / SUMS).read_text(encoding="utf-8").splitlines():
        wanted, name = line.split("  ", 1)
        path = folder / name
        listed.add(name)
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != wanted:
            raise ChangedFiles(
                N_("The file {name} of the draft in {folder} was changed after it was built; build it again."),
                name=name,
                folder=folder.name,
            )
    if added := sorted({path.name for path in folder.iterdir()} - listed):
        raise ChangedFiles(
            N_("The file {name} was added to the draft in {folder} after it was built; build it again."),
            name=added[0],
            folder=folder.name,
        )
