"""Which keys of a wave were said to be lost: read by whoever freezes, releases or takes codes."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select
from sqlalchemy.orm import Session

from sipas.fieldwork.models import KeyLoss


def losses(session: Session, wave: int) -> list[KeyLoss]:
    """Every loss of a key of a wave, in the order in which they were said."""
    return list(session.scalars(select(KeyLoss).where(KeyLoss.wave_id == wave).order_by(KeyLoss.id)))


def renewals(session: Session, wave: int, kind: str) -> tuple[dt.date, ...]:
    """The days on which a new key of that kind took the place of a lost one, the first first."""
    return tuple(sorted(one.said_on for one in losses(session, wave) if one.kind == kind and one.renewed))
