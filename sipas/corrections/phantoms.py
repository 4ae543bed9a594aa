"""Units and service fields that are one and stand twice, under codes that differ in the zeros before them only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from sipas.corrections.counts import made_with_these
from sipas.corrections.removing import uses_of
from sipas.registry.models import Service, Unit
from sipas.registry.rows import same_but_zeros


@dataclass(frozen=True)
class Phantom:
    """A code and the one it stands beside; `is_free` where nothing uses it, so that it may be removed."""

    code: str
    name: str
    beside: str
    is_free: bool


def phantoms(session: Session, home: Path, model: type[Unit] | type[Service]) -> list[Phantom]:
    """Of each pair the one that may go: what nothing uses, of two the one with fewer zeros."""
    groups, found = _alike(session.scalars(select(model).order_by(model.id))), []
    made = made_with_these(session, home) if groups else ()
    for group in groups:
        free = {one.code: next(uses_of(session, home, one, made), None) is None for one in group}
        # what is used stays before what is not, what is longer before what is shorter
        stays, *others = sorted(group, key=lambda one: (free[one.code], -len(one.code), one.code))
        found += [Phantom(one.code, one.name, stays.code, free[one.code]) for one in others]
    return found


def _alike(rows: Iterable[Unit | Service]) -> list[list[Unit | Service]]:
    groups: dict[str, list[Unit | Service]] = defaultdict(list)
    for row in rows:
        groups[same_but_zeros(row.code)].append(row)
    return [group for group in groups.values() if len(group) > 1]
