"""Whether the database, the shelf and the folders of releases say the same: a difference is told with the way out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from sipas.errors import N_, ManyErrors, SipasError
from sipas.fieldwork.models import Wave
from sipas.files.home_paths import HomePaths
from sipas.publishing.bundle import ChangedFiles, check_files
from sipas.publishing.models import Release
from sipas.publishing.published import published_releases, strangers

HEADING = N_("The database and the shelf of releases do not say the same; nothing was changed:")
NOT_THERE = N_(
    "Release {code} is published, but its folder is not on the shelf. Run `sipas release publish {code}` once more; if "
    "that does not bring it back, restore the folder releases/{code} from a backup."
)
CHANGED = N_("Release {code} was changed after it was published; restore its folder from a backup.")
STRANGER = N_(
    "Release {code} lies on the shelf, and the database does not know that it was published, as after the restore of "
    "an older backup. Restore the newest backup; where there is none, run `sipas release adopt {code}`."
)
NO_WAVE = N_(
    "Release {code} lies on the shelf, and the database does not know its wave, {wave}. Restore the newest backup; "
    "where there is none, the release stays public as it is, and no other of that wave can be built."
)
ODD = N_("releases/{folder} is no release as it was published here; move it out of the folder releases. ({problem})")


class Disordered(ManyErrors):
    """Shelf and database differ."""

    status = 409


def disorder(session: Session, home: Path, wave: str | None = None) -> Iterator[tuple[str, SipasError]]:
    """Every release (of one wave) about which shelf and database differ: its code, and what to do."""
    query = select(Release, Wave.code).join(Wave, Wave.id == Release.wave_id).where(Release.state == "published")
    published = {one.code: (one.digest, of) for one, of in session.execute(query).all()}
    known = set(session.scalars(select(Wave.code)))
    for code, (digest, of) in sorted(published.items()):
        if (wave is None or wave == of) and (template := _fault(HomePaths(home).release(code), digest)):
            yield code, SipasError(template, code=code)
    odd = dict(strangers(home))
    for name, problem in odd.items():
        if name not in published:
            yield name, SipasError(ODD, folder=name, problem=problem)
    for one in published_releases(home):
        if (wave is None or wave == one.wave) and one.code not in {*published, *odd}:
            yield one.code, SipasError(STRANGER if one.wave in known else NO_WAVE, code=one.code, wave=one.wave)


def refuse_disorder(session: Session, home: Path, wave: str, but: str = "") -> None:
    """Raise Disordered where shelf and database differ about a wave's releases (leaving out the release `but`)."""
    found = [error for code, error in disorder(session, home, wave) if code != but]
    if found:
        raise Disordered(SipasError(HEADING), found)


def _fault(folder: Path, digest: str) -> str | None:
    if not folder.is_dir():
        return NOT_THERE
    try:
        check_files(folder, digest)
    except (ChangedFiles, OSError):
        return CHANGED
    return None
