"""A unit or service that ends keeps its place in what was said of it; it, or its name, is given up from a day on."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.orm import Session

from sipas.errors import N_, SipasError
from sipas.registry.models import Service, Unit
from sipas.registry.units import service, unit


class BadClosing(SipasError):
    """A last day that cannot be."""


def close(session: Session, what: str, code: str, on: dt.date) -> Unit | Service:
    """Gives a unit or service its last day. Raises UnknownCode or BadClosing."""
    found = named(session, what, code)
    if found.valid_from and on < found.valid_from:
        raise BadClosing(
            N_("{code} begins on {first}; it cannot end on {last}."), code=code, first=found.valid_from, last=on
        )
    if isinstance(found, Service) and (on + dt.timedelta(1)).day != 1:
        raise BadClosing(
            N_(
                "A service field ends with a month, for dossiers are counted by month and answers know no day: give "
                "the last day of one, such as {last}."
            ),
            last=(on.replace(day=1) + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1),
        )
    found.valid_to = on
    return found


def rename(session: Session, what: str, code: str, name: str = "", name_en: str = "") -> Unit | Service:
    """Another name from now on; releases keep the one they were printed with. Raises UnknownCode."""
    found = named(session, what, code)
    found.name, found.name_en = name.strip() or found.name, name_en.strip() or found.name_en
    return found


def named(session: Session, what: str, code: str) -> Unit | Service:
    """The unit or service of that code; raises UnknownCode."""
    return unit(session, code) if what == "unit" else service(session, code)
