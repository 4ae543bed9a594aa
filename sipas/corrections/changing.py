"""One change of the registry, whatever it is: made in a transaction, judged as a whole, and kept or refused."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from sipas.corrections.past import past, refuse_change
from sipas.errors import N_, ManyErrors, SipasError
from sipas.fieldwork.handling import misplaced
from sipas.fieldwork.handovers import handovers
from sipas.fieldwork.models import Point, PopulationCount, Wave
from sipas.fieldwork.small_cells.points import settle_points
from sipas.publishing.missing_population import of_cell
from sipas.registry.models import KINDS, Competence, Unit
from sipas.registry.units import changes, receipts, units_on

LOOSE = N_("After this, people would be sent to offices that are no more. Nothing was changed:")
RESPONSIBLE = N_(
    "{unit} would still be responsible for {field} received at {receiver} on {day}; first say in competence.csv who is "
    "from then on"
)
RECEIVES = N_(
    "point {point} would still receive at {unit} on {day}; first close it (`sipas point close {point} --on DAY`)"
)
MISPLACED = N_(
    "{unit}, {field}, {month}: {dossiers} dossiers are counted there, which by these rules {instead} handles; load the "
    "row with 0 and the right one (`sipas frame load`)."
)
STRANGERS = N_(
    "competence.csv names receivers that are no kind of unit, no unit and no point yet: {receivers}. Make the points "
    "under these codes, or correct the slips; until then nothing is received there."
)
Loose = tuple[str, str, str]


class LooseEnds(ManyErrors):
    """A unit that ended while something still needs it."""


@dataclass
class Changes:
    """What is to be told of a change that was accepted."""

    remarks: list[SipasError] = field(default_factory=list)


@contextmanager
def correcting(session: Session, today: dt.date) -> Iterator[Changes]:
    """Whatever the block changes in the registry is judged at its end.

    Raises PastChange where it would move the past of a wave, LooseEnds where a unit ends that is still needed; the
    caller's transaction then falls. Open waves store no answer more finely than before.
    """
    before, loose, wrong = past(session, today), _loose(session, today), misplaced_counts(session)
    rules, strangers = _rules(session), _strangers(session)
    changed = Changes()
    yield changed
    session.flush()
    refuse_change(session, before, today)
    if ends := {key: error for key, error in _loose(session, today).items() if key not in loose}:
        raise LooseEnds(SipasError(LOOSE), list(ends.values())[:20])
    if _rules(session) != rules:
        for wave in session.scalars(select(Wave).where(Wave.state == "open")):
            if wave.points_kept == "some":
                settle_points(session, wave, taking_away_only=True)
            changed.remarks += handovers(session, wave, after=today)
        if new := sorted(_strangers(session) - strangers):
            changed.remarks.append(SipasError(STRANGERS, receivers=", ".join(new)))
    changed.remarks += [error for key, error in misplaced_counts(session).items() if key not in wrong]


def _rules(session: Session) -> set[tuple[object, ...]]:
    columns = (getattr(Competence, column.key) for column in Competence.__table__.columns)
    return {tuple(row) for row in session.execute(select(*columns))}


def _loose(session: Session, today: dt.date) -> dict[Loose, SipasError]:
    """Points and responsible units of days to come whose unit does not exist then."""
    found: dict[Loose, SipasError] = {}
    points = [one for one in session.scalars(select(Point)) if one.closed_on is None or one.closed_on > today]
    codes = [(one.code, one.unit) for one in points]
    for day in changes(session, today + dt.timedelta(1), None):
        standing = {one.code for one in units_on(session, day)}
        for place in points:
            if place.unit not in standing and (place.closed_on is None or place.closed_on >= day):
                error = SipasError(RECEIVES, point=place.code, unit=place.unit, day=day)
                found.setdefault(("point", place.code, place.unit), error)
        for receiver, point, unit, service in sorted(receipts(session, codes, day)):
            if unit not in standing:
                error = SipasError(RESPONSIBLE, unit=unit, field=service, receiver=point or receiver, day=day)
                found.setdefault((receiver, service, unit), error)
    return found


def misplaced_counts(session: Session) -> dict[tuple[str, str, str], SipasError]:
    """Dossier counts at offices that do not handle them, by the rules as they are."""
    cells = session.execute(
        select(PopulationCount.unit, PopulationCount.field, PopulationCount.month, PopulationCount.dossiers)
        .where(PopulationCount.dossiers > 0)
        .order_by(PopulationCount.unit, PopulationCount.field, PopulationCount.month)
    ).all()
    return {
        (cell.unit, cell.field, cell.month): of_cell(MISPLACED, cell, instead)
        for cell, instead in misplaced(session, cells)  # type: ignore[arg-type]  # a row is its tuple
    }


def _strangers(session: Session) -> set[str]:
    """Receivers of rules at which nothing is received."""
    known = {*KINDS, *session.scalars(select(Unit.code)), *session.scalars(select(Point.code))}
    return set(session.scalars(select(Competence.receiver).distinct())) - known
