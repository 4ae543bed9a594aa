"""Releases on their way: a second person approves, then the public folder is made and put on the shelf, once."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.disclosure.policy import Policy
from sipas.accounts.audit_log import last_head
from sipas.accounts.decisions import Decider, how_known
from sipas.errors import N_, NotReady, SamePerson, UnknownCode, WaveState
from sipas.fieldwork.counted import frame_between
from sipas.fieldwork.models import PopulationCount, Wave
from sipas.fieldwork.waves import wave_of
from sipas.files.disk_space import remove_leftover, workshop
from sipas.files.home_paths import HomePaths
from sipas.logs import EVENTS
from sipas.publishing.bundle import ChangedFiles, bundle_digest, check_files, finish, move, sync
from sipas.publishing.disorder import NOT_THERE, refuse_disorder
from sipas.publishing.earlier import frame_digest
from sipas.publishing.frozen import frozen_snapshot
from sipas.publishing.models import Release, SnapshotRecord
from sipas.publishing.people import person, same_person
from sipas.publishing.published import MANIFEST, PublishedRelease, published_release, published_releases
from sipas.storage.database import Database

if TYPE_CHECKING:
    from analysis import Snapshot


def releases(session: Session) -> list[dict[str, Any]]:
    """Every release with its state, oldest first, as plain values."""
    rows = session.execute(select(Release, Wave.code).join(Wave, Wave.id == Release.wave_id).order_by(Release.id))
    return [
        {
            "release": one.code,
            "wave": wave,
            "state": one.state,
            "built_by": one.built_by,
            "built_by_account": one.built_by_account,
            "built_on": str(one.built_on),
            "approved_by": one.approved_by,
            "approved_by_account": one.approved_by_account,
            "approved_on": str(one.approved_on) if one.approved_on else None,
            "published_on": str(one.published_on) if one.published_on else None,
            "emergency": one.emergency,
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


def approve(database: Database, home: Path, code: str, by: Decider, today: dt.date) -> str:
    """A second person's yes; returns the name as it is kept.

    What she approves is what was built: the files and the snapshot are read and held against the database. Raises
    SamePerson, WaveState for no draft, ChangedFiles where files were touched, ChangedSnapshot.
    """
    name = person(by.name)
    with database.reading() as session:
        release = release_of(session, code)
        if release.state != "draft":
            raise WaveState(
                N_("Release {code} is {state}; only a draft can be approved."), code=code, state=release.state
            )
        if same_person(name, release.built_by) or (by.account and by.account == release.built_by_account):
            raise SamePerson(
                N_("{builder} built release {code}; a second person must approve it, and “{name}” is the same name."),
                builder=release.built_by,
                name=name,
                code=code,
            )
        _checked_manifest(session, home, release)
    with database.writing() as session:
        found = release_of(session, code)
        if (found.state, found.digest) != ("draft", release.digest):
            raise _moved(code)
        found.state, found.approved_by, found.approved_on = "approved", name, today
        found.approved_by_account = by.account or None
        found.emergency = "; ".join(filter(None, (found.emergency, by.emergency))) or None
        found.log_head = str(head) if (head := last_head(home)) else None
    return name


def publish(database: Database, home: Path, code: str, today: dt.date) -> None:
    """Put an approved release on the public shelf; from then on its files never change.

    State and digest come from the database alone; nothing in a draft's folder is believed about itself. The public
    folder is made beside the draft, with the approval and the date in it; a short transaction says in the database
    which it is; one rename makes it public. After a power cut before that rename, the same command goes on.
    """
    with workshop(HomePaths(home).drafts):
        _publish(database, home, code, today)


def _publish(database: Database, home: Path, code: str, today: dt.date) -> None:
    paths = HomePaths(home)
    draft, aside, shelf = paths.draft(code), paths.draft(f".{code}"), paths.releases
    with database.reading() as session:
        release = release_of(session, code)
        wave = session.get_one(Wave, release.wave_id)
        is_interrupted = release.state == "published" and not (shelf / code).exists()
        refuse_disorder(session, home, wave.code, but=code if is_interrupted else "")
        if release.state == "published" and not is_interrupted:
            raise WaveState(N_("Release {code} is published already; nothing was changed."), code=code)
        if release.state == "draft":
            raise WaveState(
                N_("Release {code} is {state}; it must be approved by a second person before it is published."),
                code=code,
                state=release.state,
            )
        manifest = None if is_interrupted else _checked_manifest(session, home, release)
    if manifest is not None:
        _refuse_overtaken(home, wave.code, code, manifest)
    shelf.mkdir(exist_ok=True, mode=0o700)
    if shelf.stat().st_dev != draft.parent.stat().st_dev:
        raise NotReady(
            N_(
                "The folders drafts and releases lie on different file systems, so that no release can become public "
                "by one rename. Put both on one."
            )
        )
    if is_interrupted and _is_finished(aside, release.digest):  # also after an update that writes pages otherwise
        move(aside, shelf / code)
    else:
        digest = _public_folder(draft, aside, release, today)
        if is_interrupted and digest != release.digest:
            raise ChangedFiles(NOT_THERE, code=code)
        if not is_interrupted:
            with database.writing() as session:
                found = release_of(session, code)
                if (found.state, found.digest) != ("approved", release.digest):
                    raise _moved(code)
                found.state, found.published_on, found.digest = "published", today, digest
        move(aside, shelf / code)
    shutil.rmtree(draft, ignore_errors=True)


def _is_finished(folder: Path, digest: str) -> bool:
    try:
        check_files(folder, digest)
    except (ChangedFiles, OSError):
        return False
    return True


def adopt(database: Database, home: Path, code: str) -> None:
    """Take a release that lies on the shelf back into a database that does not know it was published.

    For after the restore of an older backup. Raises ChangedFiles where the folder does not agree with its own sums,
    SamePerson where it does not name two people, and WaveState where it was made from another snapshot than the one the
    database knows, where it is a draft that nobody approved and that still lies in `drafts`, or where its figures are
    not those that come out of the same dossiers today.
    """
    found = published_release(home, code)
    digest = bundle_digest(found.folder)
    check_files(found.folder, digest)
    told = found.manifest
    named = (told.get("built_by"), told.get("approved_by"))
    people = [name for name in named if isinstance(name, str) and name.strip()]
    if len(people) < 2 or same_person(*people):
        raise SamePerson(N_("Release {code} does not name two people who built and approved it."), code=code)
    days = {name: dt.date.fromisoformat(str(told[name])) for name in ("built_on", "approved_on", "published_on")}
    with database.reading() as session:
        wave = wave_of(session, told["wave"]["code"])
        snapshot = frozen_snapshot(home, wave, session.get(SnapshotRecord, wave.id))
        if told["snapshot"] != snapshot.digest:
            raise WaveState(
                N_(
                    "Release {code} was made from another snapshot than the one the database knows for wave {wave}; "
                    "restore the backup that belongs to it."
                ),
                code=code,
                wave=wave.code,
            )
        before = session.scalar(select(Release).where(Release.code == code))
        if before is not None and not (_may_be_public(home, before) and same_person(before.built_by, people[0])):
            raise WaveState(
                N_("The database knows release {code} as {state}; only one that was approved is taken back."),
                code=code,
                state=before.state,
            )
        months = (f"{wave.opens_on:%Y-%m}", f"{wave.closes_on or wave.opens_on:%Y-%m}")
        frame = frame_between(session, *months)
    _refuse_other_table(found, snapshot, frame, home)
    with database.writing() as session:
        release = session.scalar(select(Release).where(Release.code == code))
        if release is None:
            release = Release(code=code, wave_id=wave.id)
            session.add(release)
        elif not _may_be_public(home, release):
            raise _moved(code)
        release.state, release.digest = "published", digest
        release.built_by, release.approved_by = people
        release.emergency, release.log_head = told.get("emergency"), told.get("log")
        for name, day in days.items():
            setattr(release, name, day)
    EVENTS.warning("release adopted", extra={"facts": {"release": code, "digest": digest}})


def _may_be_public(home: Path, release: Release) -> bool:
    """Whether a release that the database does not know as published may have been: it was approved, or it is a draft
    whose folder has gone to the shelf since an older backup was made."""
    draft = HomePaths(home).draft(release.code)
    return release.state == "approved" or (release.state == "draft" and not draft.exists())


def _refuse_other_table(
    found: PublishedRelease, snapshot: Snapshot, frame: Sequence[PopulationCount], home: Path
) -> None:
    """Where a release was made as one would be made today, its figures are computed anew and must be the same."""
    from sipas.publishing.build import METHOD, release_figures

    told = found.manifest
    is_ours = (found.table.policy.version, told["method"]["version"]) == (Policy.version, METHOD)
    if not is_ours or told["frame"].get("digest") != frame_digest(frame):
        return
    earlier = [
        published_release(home, one.code).table
        for one in published_releases(home)
        if one.code in told.get("earlier", ())
    ]
    if release_figures(snapshot, frame, earlier)[0] != found.table:
        raise WaveState(
            N_("The figures of release {code} are not those that come out of its answers and dossiers."),
            code=found.code,
        )


def _checked_manifest(session: Session, home: Path, release: Release) -> dict[str, Any]:
    """The manifest of a draft once its files and its snapshot are those that the database knows."""
    draft = HomePaths(home).draft(release.code)
    check_files(draft, release.digest)
    manifest = json.loads((draft / MANIFEST).read_text(encoding="utf-8"))
    wave = session.get_one(Wave, release.wave_id)
    snapshot = frozen_snapshot(home, wave, session.get(SnapshotRecord, wave.id))
    if (manifest["release"], manifest["snapshot"]) != (release.code, snapshot.digest):
        raise ChangedFiles(
            N_("The draft in {folder} was built from another snapshot; build it again."), folder=release.code
        )
    if (manifest["policy"]["name"], manifest["policy"]["version"]) != (Policy.name, Policy.version):
        raise WaveState(
            N_(
                "The draft {code} was protected by an earlier policy ({policy} {version}), of which more is known to "
                "follow than is shown; build it again."
            ),
            code=release.code,
            policy=manifest["policy"]["name"],
            version=manifest["policy"]["version"],
        )
    return dict(manifest)


def _refuse_overtaken(home: Path, wave: str, code: str, manifest: dict[str, Any]) -> None:
    """What was published since the draft was built is not protected by it."""
    known = set(manifest.get("earlier", ()))
    others = [one.code for one in published_releases(home) if one.wave == wave and one.code not in known]
    if others:
        raise WaveState(
            N_("Release {other} was published after the draft {code} was built; build it again."),
            other=others[0],
            code=code,
        )


def _public_folder(draft: Path, aside: Path, release: Release, today: dt.date) -> str:
    """Write the folder as it will be public, from a copy that was checked; returns its digest. Equal drafts, approvals
    and days give equal bytes."""
    try:
        remove_leftover(aside)
        aside.mkdir()
        for path in draft.iterdir():
            shutil.copyfile(path, aside / path.name)  # unlike copytree it says what went wrong, such as a full disk
        if release.state != "published":  # else the digest that comes out tells whether the draft was touched
            check_files(aside, release.digest)
        manifest = json.loads((aside / MANIFEST).read_text(encoding="utf-8"))
    except (FileNotFoundError, IsADirectoryError, ValueError):
        raise ChangedFiles(NOT_THERE, code=release.code) from None
    manifest |= {
        "approved_by": release.approved_by,
        "approved_on": str(release.approved_on),
        "published_on": str(release.published_on or today),
        "people": how_known(release.built_by_account, release.approved_by_account),
        "emergency": release.emergency,
        "log": release.log_head,
    }
    finish(aside, manifest)
    sync(aside)
    return bundle_digest(aside)


def _moved(code: str) -> WaveState:
    return WaveState(N_("Release {code} was changed by somebody else at the same moment; look at it again."), code=code)
