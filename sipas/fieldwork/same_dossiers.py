"""Counts of the same dossiers: a quarter, and a month of it, of one office and field. Only one of them counts."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from sipas.errors import N_, SipasError
from sipas.fieldwork.models import PopulationCount
from sipas.tables.periods import is_quarter, months_in, quarter_of
from sipas.tables.population_rows import Key

MONTHS_LOADED = N_(
    "Months of {quarter} are loaded for this unit and field ({months}), and its dossiers would count twice. If the "
    "quarter is to count in their place, say --instead."
)
QUARTER_LOADED = N_(
    "{quarter} is loaded for this unit and field as a whole, and its dossiers would count twice. If months are to "
    "count in its place, give all three of them, and say --instead."
)


@dataclass
class Superseded:
    """Loaded counts that go, and what is refused, by the new count."""

    cells: list[PopulationCount] = field(default_factory=list)
    refused: dict[Key, SipasError] = field(default_factory=dict)


def superseded(session: Session, keys: Collection[Key], instead: bool) -> Superseded:
    """What is loaded of the dossiers that new counts stand for: it goes with `instead`, else these are refused."""
    known = {(cell.unit, cell.field, cell.month): cell for cell in session.scalars(select(PopulationCount))}
    given, found = set(keys), Superseded()
    for unit, service, period in sorted(given):
        if is_quarter(period):
            months = [one for one in months_in(period) if (unit, service, one) in known]
            if months and not instead:
                error = SipasError(MONTHS_LOADED, quarter=period, months=", ".join(months))
                found.refused[unit, service, period] = error
            elif months:
                found.cells += (known[unit, service, one] for one in months)
        elif (cell := known.get((unit, service, quarter_of(period)))) is not None:
            whole = all((unit, service, one) in given for one in months_in(cell.month))
            if not (instead and whole):
                found.refused[unit, service, period] = SipasError(QUARTER_LOADED, quarter=cell.month)
            elif cell not in found.cells:
                found.cells.append(cell)
    return found
