"""CSV -> registry, all or nothing: units, services, competence and crosswalk of any province, from one folder.

A row that exists by its key is brought up to date, so that loading again is harmless; nothing is ever deleted: a unit
that ended gets a `valid_to`, and who is responsible from a day on is a row of its own. Rows whose first cell begins
with # are passed over: `sipas registry template` explains the columns in such rows.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from sipas.errors import N_, BadFile, SipasError
from sipas.registry.difference import Difference, Key, books, differences
from sipas.registry.models import EVER, KINDS, Competence, Crosswalk, Service, Unit
from sipas.tables import Problems, Record, Table, read_table

OURS = Path(__file__).parent / "data"  # Sơn La since 1 July 2025
REMARK = "#"
RECEIVER = "@receiver"  # spreadsheets take a cell that begins with @ for a formula; without it is understood too

MID_MONTH = N_(
    "“{value}” lies within a month. Answers know their month and week but no day, and dossiers are counted by month: "
    "begin with the first day of a month and end with the last."
)
TWO_PROVINCES = N_(
    "This home holds the registry of {here}; these files are of {there}. A home holds one province: empty it with "
    "`sipas registry clear` as long as nothing uses it, or set SIPAS_HOME to a folder of its own. If the one followed "
    "on the other, give the earlier its last day (valid_to)."
)
ONLY_REMARKS = N_("{file} holds explanations only; write a row for each below them.")
LOST_ZERO = N_("“{value}” looks like {code} without its zero, which Excel takes away; format the column as text.")


class OtherProvince(SipasError):
    """Files of another province than the home's."""


def load_registry(session: Session, folder: Path = OURS) -> tuple[Difference, ...]:
    """Reads units.csv, services.csv, competence.csv and crosswalk.csv; gives what that changed, table by table.

    Raises BadTable with every bad line, BadFile where a file is missing, OtherProvince where the database would hold
    two provinces at once; then nothing is changed.
    """
    tables = {
        name: read_table(folder / f"{name}.csv", rows_needed=name != "crosswalk")
        for name in ("units", "services", "competence", "crosswalk")
    }
    for name in ("units", "services", "competence"):
        if not any(True for _ in _rows(tables[name])):
            raise BadFile(ONLY_REMARKS, file=f"{name}.csv")
    before, named = books(session), {}
    named["units"] = _units(session, tables["units"])
    _refuse_two_provinces(session)
    session.flush()
    named["services"] = _services(session, tables["services"])
    session.flush()
    named["competence"] = _competence(session, tables["competence"])
    named["crosswalk"] = _crosswalk(session, tables["crosswalk"])
    return differences(before, books(session), named)


def _units(session: Session, table: Table) -> set[Key]:
    table.require("code", "name", "kind")
    problems, known = Problems(table), {unit.code: unit for unit in session.scalars(select(Unit))}
    codes = {record["code"] for record in _rows(table)} | set(known)
    parents: dict[str, str] = {}
    for record in _once(table, problems, ("code",)):
        if record["kind"] not in KINDS:
            problems.add(
                record.row, "kind", N_("“{value}” is no kind of unit; give one of {known}."), known=", ".join(KINDS)
            )
        lost = record["kind"] in ("ward", "commune") and re.fullmatch(r"[1-9]\d{3}", record["code"])
        if record["code"] not in known and (lost or "0" + record["code"] in known):
            problems.add(record.row, "code", LOST_ZERO, code="0" + record["code"])
        if (parent := record.get("parent")) and parent not in codes:
            problems.add(
                record.row, "parent", N_("There is no unit “{value}”; add it to the file or leave this empty.")
            )
        unit = known.setdefault(record["code"], Unit(code=record["code"]))
        unit.name, unit.name_en = record["name"], record.get("name_en") or record["name"]
        unit.kind, unit.note = record["kind"], record.get("note")
        unit.valid_from, unit.valid_to = _dates(record, problems)
        parents[unit.code] = parent
        session.add(unit)
    problems.refuse()
    session.flush()  # parents come after all units stand
    for code, parent in parents.items():
        known[code].parent = parent or None
    return {(code,) for code in parents}


def _refuse_two_provinces(session: Session) -> None:
    """Where two provinces would stand beside each other with no end: the one was poured into the other."""
    standing = standing_provinces(session)
    if len(standing) > 1:
        raise OtherProvince(TWO_PROVINCES, here=standing[0].name, there=standing[-1].name)


def standing_provinces(session: Session) -> list[Unit]:
    """The units of the kind province that have not ended."""
    found = select(Unit).where(Unit.kind == "province", Unit.valid_to.is_(None)).order_by(Unit.id)
    return list(session.scalars(found))


def _services(session: Session, table: Table) -> set[Key]:
    table.require("code", "name")
    problems, known = Problems(table), {service.code: service for service in session.scalars(select(Service))}
    named: set[Key] = set()
    for rank, record in enumerate(_once(table, problems, ("code",)), 1):
        service = known.setdefault(record["code"], Service(code=record["code"]))
        service.name, service.name_en = record["name"], record.get("name_en") or record["name"]
        service.rank, service.note = rank, record.get("note")
        dates = _dates(record, problems)
        if dates != (service.valid_from, service.valid_to):
            _begin_and_end_with_a_month(record, dates, problems)
        service.valid_from, service.valid_to = dates
        session.add(service)
        named.add((service.code,))
    problems.refuse()
    return named


def _competence(session: Session, table: Table) -> set[Key]:
    table.require("receiver", "service", "responsible")
    problems = Problems(table)
    units = set(session.scalars(select(Unit.code)))
    services = set(session.scalars(select(Service.code)))
    named: set[Key] = set()
    known = {(one.receiver, one.service, one.valid_from): one for one in session.scalars(select(Competence))}
    for record in _once(table, problems, ("receiver", "service"), ("valid_from",)):
        if record["service"] != "*" and record["service"] not in services:
            problems.add(
                record.row,
                "service",
                N_("There is no service field “{value}”; see services.csv, or write * for every other."),
            )
        responsible = record["responsible"]
        if responsible == RECEIVER[1:] and responsible not in units:
            responsible = RECEIVER
        if responsible != RECEIVER and responsible not in units:
            problems.add(
                record.row, "responsible", N_("There is no unit “{value}”; see units.csv, or write @receiver.")
            )
        first, last = _dates(record, problems)
        key = record["receiver"], record["service"], first or EVER
        row = known.get(key)
        if row is None or row.valid_to != last:
            _begin_and_end_with_a_month(record, (None if row else first, last), problems)
        row = row or Competence(receiver=key[0], service=key[1], valid_from=key[2])
        row.responsible, row.valid_to = responsible, last
        session.add(row)
        named.add((*key[:2], str(first or "")))
    problems.refuse()
    return named


def _crosswalk(session: Session, table: Table) -> set[Key]:
    table.require("old", "new", "share", "source")
    problems = Problems(table)
    units = set(session.scalars(select(Unit.code)))
    shares: dict[str, dict[str, float]] = defaultdict(dict)
    for one in session.scalars(select(Crosswalk)):
        shares[one.old][one.new] = one.share
    last: dict[str, int] = {}
    named: set[Key] = set()
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
        named.add((record["old"], record["new"]))
        shares[record["old"]][record["new"]], last[record["old"]] = share, record.row
        session.merge(Crosswalk(old=record["old"], new=record["new"], share=share, source=record["source"]))
    for old, row in last.items():
        total = sum(shares[old].values())
        if min(shares[old].values()) > 0 and abs(total - 1) > 1e-3:
            problems.add(
                row,
                "share",
                N_(
                    "The shares of {old} make {total}, not 1. A share is the part of the old unit that went to the new "
                    "one: a unit that was merged whole has 1, the parts of one that was split make 1 together."
                ),
                old=old,
                total=f"{total:g}",
            )
    problems.refuse()
    return named


def _rows(table: Table) -> Iterator[Record]:
    return (record for record in table.records() if not record[table.columns[0]].startswith(REMARK))


def _once(table: Table, problems: Problems, key: tuple[str, ...], more: tuple[str, ...] = ()) -> Iterator[Record]:
    """Each row with its key complete and not seen before; the others are noted. Of the key, `more` may be empty."""
    seen: dict[tuple[str, ...], int] = {}
    for record in _rows(table):
        values = tuple(record[column] for column in key)
        whole = (*values, *(record.get(column)[:10] for column in more))
        if not all(values):
            problems.add(record.row, key[values.index("")], N_("This cell is empty; every row needs it."))
        elif whole in seen:
            problems.add(
                record.row,
                key[-1],
                N_("“{value}” stands in line {line} already; keep one of the two."),
                line=seen[whole],
            )
        else:
            seen[whole] = record.line
            yield record


def _dates(record: Record, problems: Problems) -> tuple[dt.date | None, dt.date | None]:
    found: list[dt.date | None] = []
    for column in ("valid_from", "valid_to"):
        text = record.get(column)
        found.append(_day(text) if text else None)
        if text and found[-1] is None:
            problems.add(record.row, column, N_("“{value}” is no date; write it as 2025-07-01 or 01/07/2025."))
    first, last = found
    if first and last and last < first:
        problems.add(record.row, "valid_to", N_("The last day {value} lies before the first day."))
    return first, last


def _day(text: str) -> dt.date | None:
    """As we write it, or as Excel in Vietnam does."""
    for shape in ("%Y-%m-%d", "%d/%m/%Y"):
        try:
            return dt.datetime.strptime(text[:10], shape).date()  # noqa: DTZ007 - a day of the province, not a moment
        except ValueError:
            continue
    return None


def _begin_and_end_with_a_month(
    record: Record, dates: tuple[dt.date | None, dt.date | None], problems: Problems
) -> None:
    first, last = dates
    if first and first.day != 1:
        problems.add(record.row, "valid_from", MID_MONTH)
    if last and (last + dt.timedelta(1)).day != 1:
        problems.add(record.row, "valid_to", MID_MONTH)
