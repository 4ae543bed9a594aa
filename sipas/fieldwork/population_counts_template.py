"""An empty workbook for dossier counts, with the rows of chosen months filled in as far as the registry knows them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from sipas.errors import N_, SipasError
from sipas.fieldwork.handling import handling_in
from sipas.i18n import _, language
from sipas.i18n.code_labels import word
from sipas.registry.models import Service, Unit
from sipas.tables.periods import MONTH
from sipas.tables.population_rows import COLUMNS
from sipas.tables.template import Choices, Template, TemplateColumn

SPAN = re.compile(r"(\d{4}-\d\d)\.\.(\d{4}-\d\d)")
MOST = 120  # months


def months_of(given: str) -> list[str]:
    """The months that somebody names.

    >>> months_of("2026-11..2027-01"), months_of("2026-01, 2026-03"), months_of("")
    (['2026-11', '2026-12', '2027-01'], ['2026-01', '2026-03'], [])
    """
    found: list[str] = []
    for part in filter(None, (one.strip() for one in given.split(","))):
        span = SPAN.fullmatch(part)
        first, last = span.groups() if span else (part, part)
        if not (MONTH.fullmatch(first) and MONTH.fullmatch(last)) or first > last:
            raise SipasError(
                N_("“{value}” names no months; write 2026-03, 2026-01,2026-02 or 2026-01..2026-06."), value=part
            )
        day = dt.date(int(first[:4]), int(first[5:]), 1)
        while f"{day:%Y-%m}" <= last and len(found) <= MOST:
            found.append(f"{day:%Y-%m}")
            day = (day + dt.timedelta(days=31)).replace(day=1)
    if len(found) > MOST:
        raise SipasError(N_("These are more than {most} months; name fewer."), most=MOST)
    return list(dict.fromkeys(found))


def frame_template(session: Session, months: Sequence[str] = ()) -> Template:
    """The workbook; with `months` it has a row for each field that an office handles in them, its count left empty."""
    units = list(session.scalars(select(Unit).order_by(Unit.id)))
    services = list(session.scalars(select(Service).order_by(Service.rank)))
    handling = handling_in(session, months)
    name = _("name")
    named = {unit.code: _name(unit) for unit in units}
    named |= {service.code: _name(service) for service in services}
    rows = [
        (unit.code, service.code, month, "", named[unit.code], named[service.code])
        for month in months
        for unit in units
        for service in services
        if unit.kind != "province" and handling[month].by and handling[month].fits(unit.code, service.code)
    ]
    head = {column: word("column", column).capitalize() for column in COLUMNS}
    columns = [
        TemplateColumn(
            head["unit"],
            _("The code of the office that handled the dossiers, with its zeros; the sheet of codes lists them."),
            needed=True,
            choices=Choices(_("Units"), (_("code"), name), tuple((one.code, _name(one)) for one in units)),
            width=22,
        ),
        TemplateColumn(
            head["field"],
            _("The code of the service field; the sheet of codes lists them."),
            needed=True,
            choices=Choices(_("Service fields"), (_("code"), name), tuple((one.code, _name(one)) for one in services)),
            width=22,
        ),
        TemplateColumn(head["month"], _("The month, written as 2026-03."), needed=True, width=12),
        TemplateColumn(
            head["dossiers"],
            _("How many dossiers the office handled in this field and month; 0 where there were none."),
            needed=True,
            as_number=True,
            width=14,
        ),
        TemplateColumn(_("Name of the unit"), _("For those who fill it in; it is not read."), spare=True, width=44),
        TemplateColumn(_("Name of the field"), _("For those who fill it in; it is not read."), spare=True, width=30),
    ]
    about = (
        _("Dossiers of each office, service field and month, to be loaded with `sipas frame load`."),
        _("Delete the rows that are not counted: a row without a number is refused, as nobody can tell it from 0."),
    )
    return Template(_("Dossiers"), about, tuple(columns), rows)


def _name(one: Unit | Service) -> str:
    return one.name_en if language() == "en" else one.name
