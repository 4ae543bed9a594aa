"""Before weighting: every office that answers name must have dossiers; which has none, and which row is to blame."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import pyarrow.parquet as pq
from sqlalchemy.orm import Session

from analysis import COARSE, Snapshot
from sipas.errors import N_, ManyErrors, SipasError, first_few
from sipas.fieldwork.handling import misplaced
from sipas.fieldwork.models import PopulationCount

HEADING = N_(
    "Answers name offices for which the frame counts no dossiers. Load the counts that are missing, and each wrong row "
    "once more with 0 (`sipas frame load`); then build again:"
)
NOT_COUNTED = N_("{unit}: answers about {fields}, {months}, and no dossiers")
TWICE = N_(
    "Dossiers stand at offices that did not handle them in that month, by the registry, and may be counted twice. Load "
    "each such row once more with 0, and the right one (`sipas frame load`); then build again:"
)
MISPLACED = N_("{unit}, field {field}, {month}: {dossiers} dossiers; handled by {instead}")
SHOWN = 20
COARSER = N_("fields with few dossiers")
WHOLE = N_("the whole wave")
ACROSS = N_(
    "The wave asked from {first} to {last}, and dossiers are counted by quarters that reach beyond these months, so "
    "nobody knows how many of them are the wave's. Load these offices' counts by month in their place (`sipas frame "
    "load --instead`); then build again:"
)
QUARTER = N_("{quarter}: {count} offices ({units})")
WRONG_ROW = N_("{unit}: perhaps its dossiers stand at {wrong} in field {field}, {months}")


class Uncounted(ManyErrors):
    """Answers without dossiers cannot be weighted."""


class Misplaced(ManyErrors):
    """Dossiers at offices that did not handle them, and so perhaps counted twice."""


class QuartersAcross(ManyErrors):
    """Dossiers of quarters that the wave asked in only in part, so that nobody knows how many are its own."""


def refuse_quarters_across(across: Sequence[PopulationCount], first: str, last: str) -> None:
    """Raises QuartersAcross where counts of quarters reach beyond the months `first` to `last` of the wave."""
    units: dict[str, set[str]] = defaultdict(set)
    for cell in across:
        units[cell.month].add(cell.unit)
    if units:
        told = [
            SipasError(QUARTER, quarter=quarter, count=len(found), units=first_few(sorted(found), SHOWN))
            for quarter, found in sorted(units.items())
        ]
        raise QuartersAcross(SipasError(ACROSS, first=first, last=last), told)


def of_cell(template: str, cell: Any, instead: Sequence[str]) -> SipasError:
    """Return a sentence about a count of dossiers and the offices at which it should stand."""
    said = {"unit": cell.unit, "field": cell.field, "month": cell.month, "dossiers": cell.dossiers}
    return SipasError(template, **said, instead=", ".join(instead) or "–")


def _refuse_misplaced(session: Session, frame: Sequence[PopulationCount]) -> None:
    """Raises Misplaced where dossiers of the wave stand at an office that was not responsible in their month."""
    told = [of_cell(MISPLACED, cell, instead) for cell, instead in misplaced(session, frame)]
    if len(told) > SHOWN:
        told[SHOWN:] = [SipasError(N_("... and {more} more"), more=len(told) - SHOWN)]
    if told:
        raise Misplaced(SipasError(TWICE), told)


def refuse_uncounted(
    session: Session, snapshot: Snapshot, frame: Sequence[PopulationCount], is_first: bool = True
) -> None:
    """Raises Uncounted where a frame lacks an office that answers name, and Misplaced where dossiers stand at one that
    did not handle them; not of a second release, which keeps to the dossiers of the first."""
    counted = {cell.unit for cell in frame if cell.dossiers}
    lines = pq.read_table(snapshot.path, columns=["unit", "field", "month"])
    named = lines.group_by(["unit", "field", "month"]).aggregate([]).to_pylist()
    fields: dict[str, set[str]] = defaultdict(set)
    months: dict[str, set[str]] = defaultdict(set)
    for row in named:
        if row["unit"] not in counted:
            fields[row["unit"]].add(row["field"])
            months[row["unit"]].add(row["month"] or "")
    if not fields:
        if is_first:
            _refuse_misplaced(session, frame)
        return
    wrong: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for cell, instead in misplaced(session, frame):
        for unit in fields.keys() & set(instead):
            wrong[unit, cell.unit, cell.field].add(cell.month)
    told: list[SipasError] = []
    for unit in sorted(fields):
        known = sorted(fields[unit] - {COARSE})
        told.append(
            SipasError(
                NOT_COUNTED,
                unit=unit,
                fields=", ".join(known) if known else SipasError(COARSER),
                months=", ".join(sorted(m for m in months[unit] if m[:1].isdigit())) or SipasError(WHOLE),
            )
        )
        told += [
            SipasError(WRONG_ROW, unit=unit, wrong=place, field=field, months=", ".join(sorted(found)))
            for (owner, place, field), found in sorted(wrong.items())
            if owner == unit
        ]
    raise Uncounted(SipasError(HEADING), told)
