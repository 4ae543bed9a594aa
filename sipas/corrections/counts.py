"""Dossier counts that may go with a unit that nothing else uses: those that no wave has settled on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from sipas.errors import N_, SipasError
from sipas.fieldwork.counted import counted_within, frame_between
from sipas.fieldwork.models import PopulationCount, Wave
from sipas.publishing.earlier import is_another_frame
from sipas.publishing.models import Release
from sipas.publishing.published import MANIFEST

RELEASED = N_("release {release}, whose figures stand for its dossiers ({dossiers})")
DRAFT = N_("The draft {release} was built with counts that are gone now; build it again before anybody approves it.")


@dataclass(frozen=True)
class Removed:
    """Counts that went with their unit; `drafts` are remarks on what was built with them."""

    rows: int = 0
    dossiers: int = 0
    months: tuple[str, ...] = ()
    drafts: tuple[SipasError, ...] = ()

    def __add__(self, other: Removed) -> Removed:
        drafts = {str(one): one for one in (*self.drafts, *other.drafts)}
        months = tuple(sorted({*self.months, *other.months}))
        return Removed(self.rows + other.rows, self.dossiers + other.dossiers, months, tuple(drafts.values()))


@dataclass(frozen=True)
class ReleaseOnCounts:
    """A release whose figures stand for the dossiers of some months as they are counted now."""

    code: str
    state: str
    first: str
    last: str


def made_with_these(session: Session, home: Path) -> tuple[ReleaseOnCounts, ...]:
    """The releases, drafts among them, that were made with the counts as they are."""
    found = []
    for release in session.scalars(select(Release).order_by(Release.code)):
        folder = home / ("releases" if release.state == "published" else "drafts") / release.code
        if not (folder / MANIFEST).is_file():
            continue
        wave = session.get_one(Wave, release.wave_id)
        first, last = f"{wave.opens_on:%Y-%m}", f"{wave.closes_on or wave.opens_on:%Y-%m}"
        told = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if not is_another_frame(told["frame"], frame_between(session, first, last)):
            found.append(ReleaseOnCounts(release.code, release.state, first, last))
    return tuple(found)


def releases_on(session: Session, made: Sequence[ReleaseOnCounts], unit: str) -> Iterator[SipasError]:
    """The approved and published ones among `made` that stand for dossiers of the unit."""
    for one, dossiers in _of_unit(session, made, unit):
        if one.state != "draft":
            yield SipasError(RELEASED, release=one.code, dossiers=dossiers)


def remove_counts(session: Session, made: Sequence[ReleaseOnCounts], unit: str) -> Removed:
    """Take a unit's counts out; whether that may be is asked before (`releases_on`)."""
    cells = session.scalars(select(PopulationCount).where(PopulationCount.unit == unit)).all()
    drafts = tuple(SipasError(DRAFT, release=one.code) for one, _ in _of_unit(session, made, unit))
    session.execute(delete(PopulationCount).where(PopulationCount.unit == unit))
    months = tuple(sorted({cell.month for cell in cells}))
    return Removed(len(cells), sum(cell.dossiers for cell in cells), months, drafts)


def _of_unit(session: Session, made: Sequence[ReleaseOnCounts], unit: str) -> Iterator[tuple[ReleaseOnCounts, int]]:
    """Of these releases those that stand for dossiers of the unit, with their number."""
    for one in made:
        cells = select(func.sum(PopulationCount.dossiers)).where(PopulationCount.unit == unit)
        dossiers = session.scalar(cells.where(counted_within(one.first, one.last)))
        if dossiers:
            yield one, dossiers
