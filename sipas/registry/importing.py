"""CSV -> registry, all or nothing: units, services, competence and crosswalk of any province, from one folder.

A row that exists by its code is brought up to date, so that loading again is harmless; nothing is ever deleted: a unit
that ended gets a `valid_to`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from sipas.errors import N_
from sipas.registry.models import KINDS, Competence, Crosswalk, Service, Unit
from sipas.tables import Problems, Record, Table, read_table

OURS = Path(__file__).parent / "data"  # Sơn La since 1 July 2025


def load_registry(session: Session, folder: Path = OURS) -> dict[str, int]:
    """Reads units.csv, services.csv, competence.csv and crosswalk.csv; gives how many rows each had.

    Raises BadTable with every bad line, or BadFile where a file is missing; then nothing is changed.
    """
    units = _units(session, read_table(folder / "units.csv"))
    session.flush()
    services = _services(session, read_table(folder / "services.csv"))
    session.flush()
    competence = _competence(session, read_table(folder / "competence.csv"))
    crosswalk = _crosswalk(session, read_table(folder / "crosswalk.csv", rows_needed=False))
    return {"units": units, "services": services, "competence": competence, "crosswalk": crosswalk}


def _units(session: Session, table: Table) -> int:
    table.require("code", "name", "kind")
    problems, known = Problems(table), {unit.code: unit for unit in session.scalars(select(Unit))}
    codes = {record["code"] for record in table.records("code")} | set(known)
    parents: dict[str, str] = {}
    for record in _once(table, problems, ("code",)):
        if record["kind"] not in KINDS:
            problems.add(
                record.row, "kind", N_("“{value}” is no kind of unit; give one of {known}."), known=", ".join(KINDS)
            )
        if (parent := record.get("parent")) and parent not in codes:
            problems.add(
                record.row, "parent", N_("There is no unit “{value}”; add it to the file or leave this empty.")
            )
        unit = known.setdefault(record["code"], Unit(code=record["code"]))
        unit.name, unit.name_en = record["name"], record.get("name_en") or record["name"]
        unit.kind, unit.note = record["kind"], record.get("note")
        unit.valid_from, unit.valid_to = _dates(record, problems)
        if parent:
            parents[unit.code] = parent
        session.add(unit)
    problems.refuse()
    session.flush()  # parents come after all units stand
    for code, parent in parents.items():
        known[code].parent = parent
    return table.rows


def _services(session: Session, table: Table) -> int:
    table.require("code", "name")
    problems, known = Problems(table), {service.code: service for service in session.scalars(select(Service))}
    for rank, record in enumerate(_once(table, problems, ("code",)), 1):
        service = known.setdefault(record["code"], Service(code=record["code"]))
        service.name, service.name_en = record["name"], record.get("name_en") or record["name"]
        service.rank, service.note = rank, record.get("note")
        service.valid_from, service.valid_to = _dates(record, problems)
        session.add(service)
    problems.refuse()
    return table.rows


def _competence(session: Session, table: Table) -> int:
    table.require("receiver", "service", "responsible")
    problems = Problems(table)
    units = set(session.scalars(select(Unit.code)))
    services = set(session.scalars(select(Service.code)))
    for record in _once(table, problems, ("receiver", "service")):
        if record["service"] != "*" and record["service"] not in services:
            problems.add(
                record.row,
                "service",
                N_("There is no service field “{value}”; see services.csv, or write * for every other."),
            )
        if record["responsible"] != "@receiver" and record["responsible"] not in units:
            problems.add(
                record.row, "responsible", N_("There is no unit “{value}”; see units.csv, or write @receiver.")
            )
        first, last = _dates(record, problems)
        session.merge(
            Competence(
                receiver=record["receiver"],
                service=record["service"],
                responsible=record["responsible"],
                valid_from=first,
                valid_to=last,
            )
        )
    problems.refuse()
    return table.rows


def _crosswalk(session: Session, table: Table) -> int:
    table.require("old", "new", "share", "source")
    problems = Problems(table)
    units = set(session.scalars(select(Unit.code)))
    for record in _once(table, problems, ("old", "new")):
        for column in ("old", "new"):
            if record[column] not in units:
                problems.add(record.row, column, N_("There is no unit “{value}”; see units.csv."))
        try:
            share = float(record["share"].replace(",", "."))
        except ValueError:
            share = -1.0
        if not 0 < share <= 1:
            problems.add(record.row, "share", N_("“{value}” is no share; give a number above 0 and at most 1."))
        session.merge(Crosswalk(old=record["old"], new=record["new"], share=share, source=record["source"]))
    problems.refuse()
    return table.rows


def _once(table: Table, problems: Problems, key: tuple[str, ...]) -> Iterator[Record]:
    """Each row with its key complete and not seen before; the others are noted."""
    seen: dict[tuple[str, ...], int] = {}
    for record in table.records():
        values = tuple(record[column] for column in key)
        if not all(values):
            problems.add(record.row, key[values.index("")], N_("This cell is empty; every row needs it."))
        elif values in seen:
            problems.add(
                record.row,
                key[-1],
                N_("“{value}” stands in line {line} already; keep one of the two."),
                line=seen[values],
            )
        else:
            seen[values] = record.line
            yield record


def _dates(record: Record, problems: Problems) -> tuple[dt.date | None, dt.date | None]:
    found: list[dt.date | None] = []
    for column in ("valid_from", "valid_to"):
        text = record.get(column)
        try:
            found.append(dt.date.fromisoformat(text[:10]) if text else None)
        except ValueError:
            problems.add(record.row, column, N_("“{value}” is no date; write it as 2025-07-01."))
            found.append(None)
    first, last = found
    if first and last and last < first:
        problems.add(record.row, "valid_to", N_("The last day {value} lies before the first day."))
    return first, last
