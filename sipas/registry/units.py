"""Units, services and competence, as they hold on a day."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from sipas.errors import N_, UnknownCode
from sipas.registry.models import Competence, Service, Unit


def valid_on(model: Any, day: dt.date) -> ColumnElement[bool]:
    """The condition that a dated row holds on `day`."""
    return and_(
        or_(model.valid_from.is_(None), model.valid_from <= day), or_(model.valid_to.is_(None), model.valid_to >= day)
    )


def unit(session: Session, code: str) -> Unit:
    """The unit of that code; raises UnknownCode."""
    found = session.scalar(select(Unit).where(Unit.code == code))
    if found is None:
        raise UnknownCode(N_("There is no unit with the code “{code}”."), code=code)
    return found


def service(session: Session, code: str) -> Service:
    """The service field of that code; raises UnknownCode."""
    found = session.scalar(select(Service).where(Service.code == code))
    if found is None:
        raise UnknownCode(N_("There is no service field with the code “{code}”."), code=code)
    return found


def units_on(session: Session, day: dt.date) -> list[Unit]:
    """Every unit that exists on `day`, in the order of the registry."""
    return list(session.scalars(select(Unit).where(valid_on(Unit, day)).order_by(Unit.id)))


def services_of(session: Session, point: str, unit_code: str, day: dt.date) -> list[tuple[Service, str]]:
    """The service fields that a point takes on `day`, most used first, each with the responsible unit's code."""
    rules = _rules(session, point, unit(session, unit_code), day)
    services = session.scalars(select(Service).where(valid_on(Service, day)).order_by(Service.rank))
    pairs = ((one, rules.get(one.code, rules.get("*"))) for one in services)
    return [(one, who) for one, who in pairs if who]


def _rules(session: Session, point: str, receiving: Unit, day: dt.date) -> dict[str, str]:
    """Service code (or *) -> responsible unit; what is said of the point beats the unit's, and that its kind's."""
    rules: dict[str, str] = {}
    for receiver in (receiving.kind, receiving.code, point):
        rows = session.scalars(select(Competence).where(Competence.receiver == receiver, valid_on(Competence, day)))
        found = {row.service: receiving.code if row.responsible == "@receiver" else row.responsible for row in rows}
        if "*" in found:
            rules.clear()
        rules.update(found)
    return rules
