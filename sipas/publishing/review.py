"""Releases on their way: a second person approves, then the folder moves to the public shelf, once."""

from __future__ import annotations

import datetime as dt
import json
import os
import unicodedata
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from sipas.database import Database
from sipas.errors import N_, NotReady, SamePerson, UnknownCode, WaveState
from sipas.fieldwork.models import Wave
from sipas.publishing.folder import check_files, digest_of, finish
from sipas.publishing.models import Release
from sipas.publishing.shelf import MANIFEST


def releases(session: Session) -> list[dict[str, Any]]:
    """Every release with its state, oldest first, as plain values."""
    rows = session.execute(select(Release, Wave.code).join(Wave, Wave.id == Release.wave_id).order_by(Release.id))
    return [
        {
            "release": one.code,
            "wave": wave,
            "state": one.state,
            "built_by": one.built_by,
            "built_on": str(one.built_on),
            "approved_by": one.approved_by,
            "approved_on": str(one.approved_on) if one.approved_on else None,
            "published_on": str(one.published_on) if one.published_on else None,
            "digest": one.digest,
            "url": f"/results/{one.code}/" if one.state == "published" else None,
        }
        for one, wave in rows
    ]


def release_of(session: Session, code: str) -> Release:
    """The release of that code; raises UnknownCode."""
    found = session.scalar(select(Release).where(Release.code == code))
    if found is None:
        raise UnknownCode(N_("There is no release “{code}”; `sipas release list` shows them."), code=code)
    return found


def approve(session: Session, home: Path, code: str, reviewer: str, today: dt.date) -> Release:
    """A second person's yes. Raises SamePerson, WaveState for no draft, ChangedDraft where files were touched."""
    release = release_of(session, code)
    name = person(reviewer)
    if release.state != "draft":
        raise WaveState(N_("Release {code} is {state}; only a draft can be approved."), code=code, state=release.state)
    if name.casefold() == release.built_by.casefold():
        raise SamePerson(N_("{name} built release {code}; a second person must approve it."), name=name, code=code)
    check_files(home / "drafts" / code, release.digest)
    release.state, release.approved_by, release.approved_on = "approved", name, today
    return release


def publish(database: Database, home: Path, code: str, today: dt.date) -> None:
    """Puts an approved release on the public shelf; from then on its files never change.

    Approval and date are written into the manifest first; the folder then moves by one rename.
    """
    draft, shelf = home / "drafts" / code, home / "releases" / code
    with database.writing() as session:
        release = release_of(session, code)
        if release.state == "published":
            raise WaveState(N_("Release {code} is published already; nothing was changed."), code=code)
        if release.state != "approved":
            raise WaveState(
                N_("Release {code} is {state}; it must be approved by a second person before it is published."),
                code=code,
                state=release.state,
            )
        if not shelf.exists():
            manifest = json.loads((draft / MANIFEST).read_text(encoding="utf-8"))
            if not manifest["published_on"]:
                check_files(draft, release.digest)
            manifest |= {
                "approved_by": release.approved_by,
                "approved_on": str(release.approved_on),
                "published_on": str(today),
            }
            finish(draft, manifest)
            shelf.parent.mkdir(exist_ok=True)
            os.rename(draft, shelf)
        release.state, release.published_on = "published", today
        release.digest = digest_of(shelf)


def person(name: str) -> str:
    """A person's name as it is kept: NFC, single blanks; raises NotReady where it is empty."""
    name = " ".join(unicodedata.normalize("NFC", name).split())
    if not name:
        raise NotReady(N_("Say who you are with --by NAME."))
    return name[:100]
