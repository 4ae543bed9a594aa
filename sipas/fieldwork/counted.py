"""The dossier counts of a wave: which of them lie in its months, and which quarters reach beyond them."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, not_, or_, select
from sqlalchemy.orm import Session

from sipas.fieldwork.models import PopulationCount
from sipas.tables.periods import reaches_across

IS_QUARTER = PopulationCount.month.like("%-Q_")


def counted_within(first: str, last: str) -> ColumnElement[bool]:
    """Months from `first` to `last`, and quarters all of whose months are."""
    low, high = _quarters(first, last)
    return or_(
        and_(not_(IS_QUARTER), PopulationCount.month.between(first, last)),
        and_(IS_QUARTER, PopulationCount.month.between(low, high)),
    )


def frame_between(session: Session, first: str, last: str) -> list[PopulationCount]:
    """The cells of the months from `first` to `last`, and of the quarters within them, in a fixed order."""
    return list(
        session.scalars(
            select(PopulationCount)
            .where(counted_within(first, last))
            .order_by(PopulationCount.unit, PopulationCount.field, PopulationCount.month)
        )
    )


def quarters_across(session: Session, first: str, last: str) -> list[PopulationCount]:
    """Counts of quarters of which some months lie from `first` to `last` and others do not; those of 0 tell nothing."""
    cells = session.scalars(
        select(PopulationCount)
        .where(IS_QUARTER, PopulationCount.dossiers > 0)
        .order_by(PopulationCount.month, PopulationCount.unit, PopulationCount.field)
    )
    return [cell for cell in cells if reaches_across(cell.month, first, last)]


def _quarters(first: str, last: str) -> tuple[str, str]:
    """The first quarter that begins in or after a month, and the last that has ended with another.

    >>> _quarters("2026-01", "2026-06"), _quarters("2026-02", "2026-03")
    (('2026-Q1', '2026-Q2'), ('2026-Q2', '2026-Q1'))
    """
    low = -((1 - 12 * int(first[:4]) - int(first[5:])) // 3)
    high = min((12 * int(last[:4]) + int(last[5:])) // 3 - 1, 4 * 9999 + 3)
    return f"{low // 4:04}-Q{low % 4 + 1}", f"{high // 4:04}-Q{high % 4 + 1}"
