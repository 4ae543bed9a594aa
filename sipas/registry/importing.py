"""CSV -> registry, all or nothing: units, services, competence and crosswalk of any province, from one folder.

A row that exists by its key is brought up to date, so that loading again is harmless; nothing is ever deleted: a unit
that ended gets a `valid_to`, and who is responsible from a day on is a row of its own. Rows whose first cell begins
with # are passed over: `sipas registry template` explains the columns in such rows.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from sipas.errors import N_, BadFile, SipasError
from sipas.registry.difference import Books, Key, TableChange, books, table_changes
from sipas.registry.models import EVER, KINDS, Competence, CrosswalkRow, Service, Unit
from sipas.registry.rows import LOST_ZERO, Share, begin_and_end_with_a_month, dates_of, once, rows_of, same_but_zeros
from sipas.tables import Problems, Record, Table, read_table
from sipas.tables.causes import Causes
from sipas.tables.looks import as_read, printed

OURS = Path(__file__).parent / "data"  # Sơn La since 1 July 2025
RECEIVER = "@receiver"  # spreadsheets take a cell that begins with @ for a formula; without it is understood too

TWO_PROVINCES = N_(
    "This home holds the registry of {here}; these files are of {there}. A home holds one province: empty it with "
    "`sipas registry clear` as long as nothing uses it, or set SIPAS_HOME to a folder of its own. If the one followed "
    "on the other, give the earlier its last day (valid_to)."
)
ONLY_REMARKS = N_("{file} holds explanations only; write a row for each below them.")
OTHER_ZEROS = N_(
    "“{value}” is {code} of the registry but for the zeros before it, and a unit or service field has one code. Write "
    "{code}; if that one is the slip, take it out first (`sipas registry remove`)."
)
TWIN = N_("“{value}” and {code} in line {line} differ in the zeros before them only; keep one of the two.")
NAMELESS = N_("This row has no name. Write the one that pages, posters and releases print.")
SAME_NAME = N_(
    "units.csv: {code} is new and bears the name of {other}, “{name}”. If it is the same unit, keep the one code and "
    "take out the other: sipas registry remove unit {code}"
)
NO_UNIT = N_("There is no unit “{value}”; see units.csv.")
NO_RESPONSIBLE = N_("There is no unit “{value}”; see units.csv, or write @receiver.")
SHARES = N_(
    "The shares of {old} make {total}, not 1. A share is the part of the old unit that went to the new one: a unit "
    "that was merged whole has 1, the parts of one that was split make 1 together."
)


class OtherProvince(SipasError):
    """Files of another province than the home's."""


def load_registry(session: Session, folder: Path = OURS) -> tuple[TableChange, ...]:
    """Reads units.csv, services.csv, competence.csv and crosswalk.csv; gives what that changed, table by table.

    Raises BadTable with every bad line, BadFile where a file is missing, OtherProvince where the database would hold
    two provinces at once; then nothing is changed.
    """
    tables = {
        name: read_table(folder / f"{name}.csv", rows_needed=name != "crosswalk")
        for name in ("units", "services", "competence", "crosswalk")
    }
    for name in ("units", "services", "competence"):
        if not any(True for _ in rows_of(tables[name])):
            raise BadFile(ONLY_REMARKS, file=f"{name}.csv")
    before, named = books(session), {}
    named["units"] = _units(session, tables["units"])
    _refuse_two_provinces(session)
    session.flush()
    named["services"] = _services(session, tables["services"])
    session.flush()
    named["competence"] = _competence(session, tables["competence"])
    named["crosswalk"] = _crosswalk(session, tables["crosswalk"])
    after = books(session)
    return table_changes(before, after, named, _same_names(before, after))


def _units(session: Session, table: Table) -> set[Key]:
    table.require("code", "name", "kind")
    problems, known = Problems(table), {unit.code: unit for unit in session.scalars(select(Unit))}
    causes, codes = Causes(), {record["code"] for record in rows_of(table)} | set(known)
    zeros = _Zeros(causes, known)
    parents: dict[str, str] = {}
    for record in once(table, problems, ("code",)):
        if record["kind"] not in KINDS:
            causes.add(record, "kind", N_("“{value}” is no kind of unit; give one of {known}."), known=", ".join(KINDS))
        zeros.judge(record, is_place=record["kind"] in ("ward", "commune"))
        if not record["name"]:
            causes.add(record, "name", NAMELESS)
        if (parent := record.get("parent")) and parent not in codes:
            problems.add(
                record.row, "parent", N_("There is no unit “{value}”; add it to the file or leave this empty.")
            )
        unit = known.setdefault(record["code"], Unit(code=record["code"]))
        unit.name, unit.name_en = printed(record["name"]), printed(record.get("name_en") or record["name"])
        unit.kind, unit.note = record["kind"], record.get("note")
        unit.valid_from, unit.valid_to = dates_of(record, problems)
        parents[unit.code] = parent
        session.add(unit)
    causes.settle(problems)
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
    causes, named = Causes(), set[Key]()
    zeros = _Zeros(causes, known)
    for rank, record in enumerate(once(table, problems, ("code",)), 1):
        zeros.judge(record)
        if not record["name"]:
            causes.add(record, "name", NAMELESS)
        service = known.setdefault(record["code"], Service(code=record["code"]))
        service.name, service.name_en = printed(record["name"]), printed(record.get("name_en") or record["name"])
        service.rank, service.note = rank, record.get("note")
        if "everyday" in table.columns:  # a file of before keeps what is there
            service.everyday = printed(record.get("everyday"))
            service.everyday_en = printed(record.get("everyday_en")) or service.everyday
        dates = dates_of(record, problems)
        if dates != (service.valid_from, service.valid_to):
            begin_and_end_with_a_month(record, dates, problems)
        service.valid_from, service.valid_to = dates
        session.add(service)
        named.add((service.code,))
    causes.settle(problems)
    problems.refuse()
    return named


def _competence(session: Session, table: Table) -> set[Key]:
    table.require("receiver", "service", "responsible")
    problems, causes = Problems(table), Causes()
    units = set(session.scalars(select(Unit.code)))
    services = set(session.scalars(select(Service.code)))
    named: set[Key] = set()
    known = {(one.receiver, one.service, one.valid_from): one for one in session.scalars(select(Competence))}
    receivers = units | {receiver for receiver, _, _ in known}
    longer = _by_what_is_left(units)
    for record in once(table, problems, ("receiver", "service"), ("valid_from",)):
        if record["receiver"] not in receivers and (code := longer.get(same_but_zeros(record["receiver"]))):
            causes.add(record, "receiver", LOST_ZERO, code=code)  # a new point's code looks like no unit's
        if record["service"] != "*" and record["service"] not in services:
            causes.add(
                record,
                "service",
                N_("There is no service field “{value}”; see services.csv, or write * for every other."),
            )
        responsible = record["responsible"]
        if responsible == RECEIVER[1:] and responsible not in units:
            responsible = RECEIVER
        if responsible != RECEIVER and responsible not in units:
            _no_unit(causes, record, "responsible", longer, NO_RESPONSIBLE)
        first, last = dates_of(record, problems)
        key = record["receiver"], record["service"], first or EVER
        row = known.get(key)
        if row is None or row.valid_to != last:
            begin_and_end_with_a_month(record, (None if row else first, last), problems)
        row = row or Competence(receiver=key[0], service=key[1], valid_from=key[2])
        row.responsible, row.valid_to = responsible, last
        session.add(row)
        named.add((*key[:2], str(first or "")))
    causes.settle(problems)
    problems.refuse()
    return named


def _crosswalk(session: Session, table: Table) -> set[Key]:
    table.require("old", "new", "share", "source")
    problems, causes = Problems(table), Causes()
    units = set(session.scalars(select(Unit.code)))
    longer = _by_what_is_left(units)
    shares: dict[str, dict[str, float]] = defaultdict(dict)
    for one in session.scalars(select(CrosswalkRow)):
        shares[one.old][one.new] = one.share
    last: dict[str, int] = {}
    named: set[Key] = set()
    for record in once(table, problems, ("old", "new")):
        for column in ("old", "new"):
            if record[column] not in units:
                _no_unit(causes, record, column, longer, NO_UNIT)
        try:
            share = float(record["share"].replace(",", "."))
        except ValueError:
            share = -1.0
        if not 0 < share <= 1:
            problems.add(record.row, "share", N_("“{value}” is no share; give a number above 0 and at most 1."))
        named.add((record["old"], record["new"]))
        shares[record["old"]][record["new"]], last[record["old"]] = share, record.row
        session.merge(CrosswalkRow(old=record["old"], new=record["new"], share=share, source=record["source"]))
    for old, row in last.items():
        total = sum(shares[old].values())
        if min(shares[old].values()) > 0 and abs(total - 1) > 1e-3:
            problems.add(row, "share", SHARES, old=old, total=Share(total))
    causes.settle(problems)
    problems.refuse()
    return named


class _Zeros:
    """Judges new codes of a file: one that is a known code, or another of the file, but for the zeros before it."""

    def __init__(self, causes: Causes, known: Iterable[str]) -> None:
        self._causes, self._known = causes, set(known)
        self._left = _by_what_is_left(self._known)
        self._seen: dict[str, Record] = {}

    def judge(self, record: Record, is_place: bool = False) -> None:
        """Note a code that cannot be new; a place's code has five digits, and four are what Excel leaves of them."""
        code, left = record["code"], same_but_zeros(record["code"])
        twin = self._left.get(left)
        before = self._seen.setdefault(left, record)
        if code in self._known:
            return
        if twin or (is_place and re.fullmatch(r"[1-9]\d{3}", code)):
            twin = twin or "0" + code
            self._causes.add(record, "code", LOST_ZERO if len(code) < len(twin) else OTHER_ZEROS, code=twin)
        elif before is not record:
            self._causes.add(record, "code", TWIN, code=before["code"], line=before.line)


def _by_what_is_left(codes: Iterable[str]) -> dict[str, str]:
    """Codes by themselves without the zeros before them; of two the longer."""
    return {same_but_zeros(code): code for code in sorted(codes, key=len)}


def _no_unit(causes: Causes, record: Record, column: str, longer: dict[str, str], template: str) -> None:
    """Note a code that no unit has; where it only lacks its zeros, say so."""
    if code := longer.get(same_but_zeros(record[column])):
        causes.add(record, column, LOST_ZERO, code=code)
    else:
        causes.add(record, column, template)


def _same_names(before: Books, after: Books) -> tuple[SipasError, ...]:
    """Units that are new beside a standing one of the same name and kind: doubtful, for a new key is not a new unit."""
    standing = {
        (cells["kind"], as_read(cells["name"])): code
        for (code,), cells in after["units"].items()
        if not cells["valid_to"] and (code,) in before["units"]
    }
    found = []
    for (code,), cells in after["units"].items():
        other = standing.get((cells["kind"], as_read(cells["name"])))
        if (code,) not in before["units"] and other:
            found.append(SipasError(SAME_NAME, code=code, other=other, name=cells["name"].strip()))
    return tuple(found)
