"""Units, services and competence, as they hold on a day."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from sipas.errors import N_, UnknownCode
from sipas.registry.models import Competence, Service, Unit
from sipas.tables.looks import as_read


def valid_on(model: Any, day: dt.date) -> ColumnElement[bool]:
    """The condition that a dated row holds on `day`."""
    return and_(
        or_(model.valid_from.is_(None), model.valid_from <= day), or_(model.valid_to.is_(None), model.valid_to >= day)
    )


def unit(session: Session, code: str) -> Unit:
    """The unit of that code; raises UnknownCode."""
    found = session.scalar(select(Unit).where(Unit.code == code))
    if found is None:
        raise UnknownCode(
            N_("There is no unit with the code “{code}”; `sipas registry list units` shows them."), code=code
        )
    return found


def service(session: Session, code: str) -> Service:
    """The service field of that code; raises UnknownCode."""
    found = session.scalar(select(Service).where(Service.code == code))
    if found is None:
        raise UnknownCode(
            N_("There is no service field with the code “{code}”; `sipas registry list services` shows them."),
            code=code,
        )
    return found


def holds(word: str, *texts: str) -> bool:
    """Whether one of the texts holds the word, whatever its case and with diacritics or without.

    >>> holds("to hieu", "03646", "Phường Tô Hiệu"), holds("tô hiểu", "Phường Tô Hiệu"), holds("hoà", "Xã Mường Hòa")
    (True, False, True)
    """
    wanted, shown = as_read(word), [as_read(text) for text in texts]
    return any(wanted in text or wanted in plain(text) for text in shown)


def plain(text: str) -> str:
    """Without diacritics."""
    apart = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(c for c in apart if not unicodedata.combining(c))


def units_on(session: Session, day: dt.date) -> list[Unit]:
    """Every unit that exists on `day`, in the order of the registry."""
    return list(session.scalars(select(Unit).where(valid_on(Unit, day)).order_by(Unit.id)))


def services_of(session: Session, point: str, unit_code: str, day: dt.date) -> list[tuple[Service, str]]:
    """The service fields that a point takes on `day`, most used first, each with the responsible unit's code."""
    rules = _rules(session, point, unit(session, unit_code), day)
    services = session.scalars(select(Service).where(valid_on(Service, day)).order_by(Service.rank))
    pairs = ((one, rules.get(one.code, rules.get("*"))) for one in services)
    return [(one, who) for one, who in pairs if who]


Receipt = tuple[str, str, str, str]  # receiving unit, point (or nothing), responsible unit, service field


def receipts(session: Session, points: Iterable[tuple[str, str]], day: dt.date) -> set[Receipt]:
    """What every unit of the registry takes in on `day`, whether or not it has a point; and each point (code, unit)."""
    rows: dict[str, list[Competence]] = defaultdict(list)
    for row in session.scalars(select(Competence).where(valid_on(Competence, day)).order_by(Competence.valid_from)):
        rows[row.receiver].append(row)
    services = session.scalars(select(Service.code).where(valid_on(Service, day))).all()
    units = {one.code: one for one in units_on(session, day)}
    found: set[Receipt] = set()
    for code, receiving in [*(("", one) for one in units), *points]:
        if receiving in units:
            rules = _beating(rows, code, units[receiving])
            pairs = ((rules.get(service, rules.get("*")), service) for service in services)
            found |= {(receiving, code, who, service) for who, service in pairs if who}
    return found


def changes(session: Session, first: dt.date, last: dt.date | None) -> list[dt.date]:
    """`first`, and every later day up to `last` on which it may change who is responsible for something."""
    days: set[dt.date] = set()
    for model in (Competence, Service, Unit):
        for row in session.execute(select(model.valid_from, model.valid_to).distinct()):
            days |= {row.valid_from} if row.valid_from else set()
            days |= {row.valid_to + dt.timedelta(1)} if row.valid_to else set()
    return [first, *sorted(day for day in days if first < day and (last is None or day <= last))]


def _rules(session: Session, point: str, receiving: Unit, day: dt.date) -> dict[str, str]:
    """Service code (or *) -> responsible unit."""
    named = (receiving.kind, receiving.code, point)
    rows: dict[str, list[Competence]] = defaultdict(list)
    found = select(Competence).where(Competence.receiver.in_(named), valid_on(Competence, day))
    for row in session.scalars(found.order_by(Competence.valid_from)):
        rows[row.receiver].append(row)
    return _beating(rows, point, receiving)


def _beating(rows: Mapping[str, Sequence[Competence]], point: str, receiving: Unit) -> dict[str, str]:
    """What is said of the point beats what is said of its unit, and that what is said of the unit's kind; of the rows
    of one receiver and service, in the order in which they began, the last."""
    rules: dict[str, str] = {}
    for receiver in (receiving.kind, receiving.code, point):
        found = {
            row.service: receiving.code if row.responsible == "@receiver" else row.responsible
            for row in rows.get(receiver, ())
        }
        if "*" in found:
            rules.clear()
        rules.update(found)
    return rules
