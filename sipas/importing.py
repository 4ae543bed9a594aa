"""Collected answers from a file, through the first door: all or nothing, every bad line reported.

A line that carries an `id` (the number on the paper form) counts once under it; without, a file counts once: the same
file imported again adds nothing.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable
from pathlib import Path

from sqlalchemy.orm import Session

from sipas import keys
from sipas.database import Database
from sipas.errors import N_, BadFile, NoOpenWave, SipasError, UnknownCode, WaveState
from sipas.fieldwork.models import CHANNELS
from sipas.fieldwork.visits import Visit, visit_at
from sipas.fieldwork.waves import wave_of
from sipas.intake import LANGUAGE_CODES, Answers, anonymise_many, record_many, stored
from sipas.tables import Problems, Record, Table, read_table
from surveys import Instrument, Item, load

KNOWN = ("point", "field", "date", "channel", "language", "sex", "age", "id")


def import_responses(
    database: Database, home: Path, file: Path, wave_code: str, form: str | None, today: dt.date
) -> tuple[int, int]:
    """Stores every line of `file` in the open wave; gives how many were new and how many had been stored before.

    Raises BadTable with every bad line, WaveState where the wave is not open; then nothing is stored.
    """
    table = read_table(file)
    with database.writing() as session:
        wave = wave_of(session, wave_code)
        if wave.state != "open":
            raise WaveState(
                N_("Wave {wave} is {state}; answers can be imported into an open wave only."),
                wave=wave.code,
                state=wave.state,
            )
        lines = _Lines(session, table, load(wave.instrument, wave.version), form, wave.code, today)
        rows = lines.read(hashlib.sha256(file.read_bytes()).hexdigest())
        before = stored(session, wave.id)
        for start in range(0, len(rows["packed"]), 20_000):
            part = {name: column[start : start + 20_000] for name, column in rows.items()}
            record_many(
                session,
                anonymise_many(
                    **part,  # type: ignore[arg-type]
                    wave=wave.id,
                    cluster_key=keys.load(home, wave.code, "cluster"),
                    id_key=keys.load(home, wave.code, "id"),
                ),
            )
        new = stored(session, wave.id) - before
    return new, table.rows - new


class _Lines:
    """Reads the lines of one file against one wave, and keeps the complaints."""

    def __init__(
        self, session: Session, table: Table, instrument: Instrument, form: str | None, wave: str, today: dt.date
    ) -> None:
        table.require("point", "field", "date")
        self.session, self.table, self.instrument, self.wave, self.today = session, table, instrument, wave, today
        self.problems = Problems(table)
        codes = {item.code for item in instrument.items}
        self.items = [column for column in table.columns if column in codes]
        strange = [column for column in table.columns if column not in codes and column not in KNOWN]
        if strange:
            raise BadFile(
                N_("{file}: {instrument} has no item “{column}”; leave that column out. Its items: {known}."),
                file=table.name,
                instrument=instrument.code,
                column=strange[0],
                known=", ".join(sorted(codes)),
            )
        if not self.items:
            raise BadFile(
                N_("{file} has no column of answers; name a column after each item, such as {known}."),
                file=table.name,
                known=", ".join(sorted(codes)[:3]),
            )
        self.form = form or next(
            (name for name in ("full", "short") if set(self.items) <= set(instrument.forms[name])), "full"
        )
        unasked = sorted(set(self.items) - set(instrument.forms[self.form]))
        if unasked:
            raise BadFile(
                N_("{file}: the {form} form does not ask {items}; split the file by form."),
                file=table.name,
                form=self.form,
                items=", ".join(unasked),
            )
        self.visits: dict[tuple[str, dt.date], Visit | SipasError] = {}
        self.readers: dict[str, Callable[[str], object]] = {code: _reader(instrument.item(code)) for code in self.items}

    def read(self, digest: str) -> dict[str, list[object]]:
        """Columns for `anonymise_many`; refuses the file when any line is bad."""
        names = ("packed", "point", "unit", "field", "day", "channel", "language", "form", "sex", "age", "submission")
        columns: dict[str, list[object]] = {name: [] for name in names}
        seen: dict[str, int] = {}
        for record in self.table.records():
            values = self._line(record)
            mark = record.get("id")
            if mark and mark in seen:
                self.problems.add(record.row, "id", N_("“{value}” stands in line {line} already."), line=seen[mark])
            seen[mark] = record.line
            if values is not None and not self.problems:
                values["submission"] = f"import {mark}" if mark else f"import {digest} {record.row}"
                for name in names:
                    columns[name].append(values[name])
        self.problems.refuse()
        return columns

    def _line(self, record: Record) -> dict[str, object] | None:
        before, problems, row = self.problems.count, self.problems, record.row
        day = self._day(record)
        channel, language = record.get("channel") or "paper", record.get("language") or "vi"
        if channel not in CHANNELS:
            problems.add(row, "channel", N_("“{value}” is no channel; give one of {known}."), known=", ".join(CHANNELS))
        if language not in LANGUAGE_CODES:
            problems.add(
                row, "language", N_("“{value}” is no language; give one of {known}."), known=", ".join(LANGUAGE_CODES)
            )
        profile = {name: self._profile(record, name) for name in ("sex", "age")}
        answers = self._answers(record)
        if answers is not None and not answers.given:
            problems.add(row, "", N_("No question is answered on this line; leave the line out."))
        codes: dict[str, int] = {}
        visit = self._visit(record, day) if day else None
        if visit is not None:
            try:
                codes = visit.codes(record["field"], channel if channel in CHANNELS else "paper", self.form)
            except UnknownCode as error:
                problems.add(row, "field", error.template, **error.values)
        if problems.count > before or answers is None:
            return None
        codes.pop("wave")
        return {"packed": answers.packed, "day": day, "language": LANGUAGE_CODES[language], **profile, **codes}

    def _day(self, record: Record) -> dt.date | None:
        text = record["date"][:10]
        for shape in ("%Y-%m-%d", "%d/%m/%Y"):
            try:
                day = dt.datetime.strptime(text, shape).date()  # noqa: DTZ007 - a day of the province, not a moment
            except ValueError:
                continue
            if day > self.today:
                self.problems.add(record.row, "date", N_("{value} lies in the future; correct the date."))
            return day
        self.problems.add(record.row, "date", N_("“{value}” is no date; write it as 2026-03-31 or 31/03/2026."))
        return None

    def _visit(self, record: Record, day: dt.date) -> Visit | None:
        key = (record["point"], day)
        if key not in self.visits:
            try:
                visit: Visit | SipasError = visit_at(self.session, record["point"], self.today)
                if isinstance(visit, Visit) and visit.wave.code != self.wave:
                    visit = NoOpenWave(
                        N_("Point {point} asks in wave {wave}; import its answers there."),
                        point=record["point"],
                        wave=visit.wave.code,
                    )
                elif isinstance(visit, Visit) and not visit.wave.opens_on <= day <= (visit.wave.closes_on or day):
                    visit = NoOpenWave(N_("{day} lies outside the days of wave {wave}."), day=day, wave=self.wave)
            except SipasError as error:
                visit = error
            self.visits[key] = visit
        found = self.visits[key]
        if isinstance(found, Visit):
            return found
        self.problems.add(
            record.row, "date" if isinstance(found, NoOpenWave) else "point", found.template, **found.values
        )
        return None

    def _answers(self, record: Record) -> Answers | None:
        said: dict[str, object] = {}
        good = True
        for code in self.items:
            value = self.readers[code](record[code])
            try:
                Answers.of(self.instrument, self.form, {code: value})
            except SipasError as error:
                self.problems.add(record.row, code, error.template, **error.values)
                good = False
            said[code] = value
        return Answers.of(self.instrument, self.form, said) if good else None

    def _profile(self, record: Record, name: str) -> int:
        text = record.get(name)
        if not text:
            return 0
        for question in self.instrument.profile:
            if question.code == name:
                codes = [option.code for option in question.options]
                words = [option.text.casefold() for option in question.options]
                if text in codes:
                    return 1 + codes.index(text)
                if text.casefold() in words:
                    return 1 + words.index(text.casefold())
                self.problems.add(record.row, name, N_("“{value}” is not one of {known}."), known=", ".join(codes))
        return 0


def _reader(item: Item) -> Callable[[str], object]:
    """How a cell of this item is read: "na" in any case and the scale's own words are understood."""
    words = {text.casefold(): level for level, text in enumerate(item.scale.levels, 1)} if item.scale else {}
    if item.not_applicable:
        words |= {item.not_applicable.casefold(): "na", "na": "na", "n/a": "na"}  # type: ignore[dict-item]
    return lambda text: words.get(text.casefold(), text)
