"""How far the waves have come, as the desk shows it: answers for each receiving point and unit. Never for an official,
never by week: a week's count could be matched with the cluster labels."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from sipas.accounts.permissions import Scope
from sipas.fieldwork.counted import counted_within
from sipas.fieldwork.models import Point, PopulationCount, Wave
from sipas.fieldwork.progress import PointProgress, progress
from sipas.fieldwork.silence import Silent, Watch
from sipas.fieldwork.waves import asks, waves
from sipas.intake import late_by_point, stored_by_point, unfinished
from sipas.publishing.models import Release, SnapshotRecord
from sipas.registry.models import Unit

WHOLE = Scope(None)


@dataclass(frozen=True)
class Summary:
    """A wave in one card; `dossiers` is what the frame counts in its months, 0 where none is loaded."""

    wave: Wave
    state: str  # open, over (its last day has passed, nobody closed it), closed, frozen
    answers: int
    points: int
    silent: int
    dossiers: int
    unfinished: int = 0  # forms left in the middle and kept; in no other count
    is_published: bool = False  # a release of it is public
    hushed: int = 0  # points from which nothing comes although by their own pattern something should


@dataclass(frozen=True)
class UnitProgress:
    """The points of one receiving unit; `dossiers` are those that it handled itself."""

    unit: Unit
    points: tuple[PointProgress, ...]
    dossiers: int

    @property
    def answers(self) -> int:
        return sum(one.responses for one in self.points)


@dataclass(frozen=True)
class WaveProgress:
    """A wave, unit by unit; `late` is point id -> answers that came after it was frozen, `without_point` the answers
    that do not say where they were given."""

    summary: Summary
    units: tuple[UnitProgress, ...]
    late: Mapping[int, int]
    without_point: int
    silent: tuple[tuple[Point, Silent], ...] = ()


def summaries(session: Session, today: dt.date, watch: Watch | None = None, seen: Scope = WHOLE) -> list[Summary]:
    """Every wave, oldest first, as far as somebody may see it."""
    return [of_wave(session, wave, today, watch, seen).summary for wave in waves(session)]


def of_wave(
    session: Session, wave: Wave, today: dt.date, watch: Watch | None = None, seen: Scope = WHOLE
) -> WaveProgress:
    """One wave in the order of the registry; `watch` is what the last night found of silent points. Whoever may see
    some units alone gets nothing of the others, nor anything of the whole."""
    counts = stored_by_point(session, wave.id)
    counted = [one for one in progress(session, wave, counts) if seen.covers(one.point.unit)]
    if seen != WHOLE:
        shown = {one.point.id for one in counted}
        counts = {point: number for point, number in counts.items() if point in shown}
    dossiers = {unit: number for unit, number in _dossiers(session, wave, today).items() if seen.covers(unit)}
    places: dict[str, list[PointProgress]] = {}
    for one in counted:
        places.setdefault(one.point.unit, []).append(one)
    hushed = _hushed(wave, counted, watch, today)
    units = session.scalars(select(Unit).where(Unit.code.in_(places)).order_by(Unit.id))
    return WaveProgress(
        Summary(
            wave=wave,
            state="over" if wave.state == "open" and not asks(wave, today) else wave.stage,
            answers=_frozen(session, wave) if wave.dropped_on and seen == WHOLE else sum(counts.values()),
            points=len(counted),
            silent=0 if wave.dropped_on else sum(one.silent for one in counted),
            dossiers=sum(dossiers.values()),
            unfinished=unfinished(session, wave.id) if wave.partial == "keep" and seen == WHOLE else 0,
            is_published=_is_published(session, wave),
            hushed=len(hushed),
        ),
        tuple(UnitProgress(unit, tuple(places[unit.code]), dossiers.get(unit.code, 0)) for unit in units),
        late_by_point(session, wave.id),
        counts.get(0, 0),
        hushed,
    )


def _is_published(session: Session, wave: Wave) -> bool:
    public = select(Release.id).where(Release.wave_id == wave.id, Release.state == "published").limit(1)
    return session.scalar(public) is not None


def _hushed(
    wave: Wave, counted: Sequence[PointProgress], watch: Watch | None, today: dt.date
) -> tuple[tuple[Point, Silent], ...]:
    """The silent points of a wave that asks now."""
    if watch is None or not asks(wave, today):
        return ()
    return tuple((one.point, found) for one in counted if (found := watch.of(one.point.code)))


def _frozen(session: Session, wave: Wave) -> int:
    """How many answers the snapshot holds."""
    return session.scalar(select(SnapshotRecord.rows).where(SnapshotRecord.wave_id == wave.id)) or 0


def _dossiers(session: Session, wave: Wave, today: dt.date) -> dict[str, int]:
    """Unit -> dossiers that the frame counts for it from the wave's first month to its last."""
    first, last = f"{wave.opens_on:%Y-%m}", f"{wave.closes_on or today:%Y-%m}"
    rows = session.execute(
        select(PopulationCount.unit, func.sum(PopulationCount.dossiers))
        .where(counted_within(first, last))
        .group_by(PopulationCount.unit)
    )
    return {unit: int(count) for unit, count in rows}
