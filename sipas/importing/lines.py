"""Reads the lines of a file against a wave, a column at a time: each distinct text is judged once, then looked up."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis import COARSE, SEVERAL
from sipas.errors import N_, NoOpenWave, SipasError
from sipas.fieldwork.households import NO_FIELD, asks_households
from sipas.fieldwork.models import CHANNELS, FORMS, Point, Wave
from sipas.importing.columns import answer_columns, day_column, filled_in_form
from sipas.importing.complaints import Complaints
from sipas.importing.dated_visits import BAD, DatedVisits
from sipas.importing.doubts import Likeness, starts
from sipas.importing.weeks import Weeks, months_of_days
from sipas.importing.words import Reader, answer_reader, day_reader, listed_code, profile_reader
from sipas.intake import LANGUAGE_CODES, VisitCodes, Visits, anonymise_many, keys_of_lines, keys_of_submissions
from sipas.intake.answers import route_many
from sipas.registry.models import Service, Unit
from sipas.registry.names import Names
from sipas.tables import Pieces, Table
from surveys import NOT_ANSWERED, NOT_APPLICABLE, NOT_ASKED, Instrument


class Lines:
    """The rows of one file; `read` counts the lines so far, `dropped` by item the answers that were not to be asked."""

    def __init__(
        self,
        session: Session,
        table: Pieces,
        instrument: Instrument,
        form: str | None,
        wave: Wave,
        today: dt.date,
        secrets: Mapping[str, bytes],
    ) -> None:
        self.when = day_column(table, asks_households(wave))
        self.items = answer_columns(table, instrument)
        self.form = filled_in_form(table, instrument, self.items, form)
        self.instrument, self.dropped = instrument, Counter[str]()
        self.session, self.table, self.wave, self.today, self.secrets = session, table, wave, today, secrets
        self.read, self.file = 0, ""
        self.complaints = Complaints()
        codes = [item.code for item in instrument.items]
        asked = set(instrument.forms[self.form])
        self.places = {code: codes.index(code) for code in self.items}
        self.gated = {code: place for code, place in self.places.items() if instrument.item(code).asked_if}
        self.blank = np.array([NOT_ANSWERED if code in asked else NOT_ASKED for code in codes], np.uint8)
        self.visits = DatedVisits(session, wave, today)
        self.weeks = Weeks(session, wave, today, secrets["cluster"]) if self.when == "cluster" else None
        self.units = {one.code: one.id for one in session.execute(select(Unit.code, Unit.id))}
        self.meant = {
            "point": Names(session.scalars(select(Point)).all()).code,
            "field": Names(session.scalars(select(Service)).all()).code,
            "unit": Names(session.scalars(select(Unit)).all()).code,
        }
        self.readers: dict[str, Reader] = {
            "point": lambda text: self.visits.read(self.meant["point"](text)),
            self.when: self.weeks.read if self.weeks else day_reader(today),
            "channel": listed_code("channel", CHANNELS, "paper", N_("“{value}” is no channel; give one of {known}.")),
            "language": listed_code(
                "language", LANGUAGE_CODES, "vi", N_("“{value}” is no language; give one of {known}.")
            ),
            **{name: profile_reader(instrument, name) for name in ("sex", "age")},
            **{code: answer_reader(instrument, code) for code in self.items},
        }
        self.known: dict[str, dict[str, int]] = {column: {} for column in self.readers}
        self.taken: dict[tuple[int, str, str], VisitCodes[int]] = {}
        self.numbered: list[NDArray[np.uint64]] = []
        self.likeness = Likeness(len(codes))

    def rows(self, file: str) -> Iterator[NDArray[np.void]]:
        """What the wide door makes of the lines, piece by piece; refuses the file at its end when any line is bad.

        `file` is its digest: lines without an id are known by it.
        """
        self.file = file
        for piece in self.table:
            self.complaints.turn_to(piece)
            rows = self._rows(piece, file)
            self.read += piece.rows
            if not self.complaints.settle():
                yield rows
        self._find_twins()
        self.complaints.refuse()

    def _rows(self, piece: Table, file: str) -> NDArray[np.void]:
        values = {column: self._look_up(piece, column) for column in self.readers if column not in self.places}
        days = self._days(values[self.when])
        visits = self.visits.numbers(values["point"], days)
        codes = self._codes(piece, visits, values["channel"])
        self._keep_to_the_point(values[self.when], codes.point)
        self._stay_in_the_wave(days)
        self._keep_to_the_month(piece, days)
        packed = np.tile(self.blank, (piece.rows, 1))
        whole = np.ones(piece.rows, bool)
        for code, place in self.places.items():
            found = self._look_up(piece, code)
            whole &= found != BAD
            packed[:, place] = found
        self._route(packed, whole)
        given = (packed != NOT_ANSWERED) & (packed != NOT_APPLICABLE) & (packed != NOT_ASKED)
        self.complaints.add(
            whole & ~given.any(axis=1),
            "",
            lambda _: SipasError(N_("No question is answered on this line; leave the line out.")),
        )
        key, numbered = self._marks(piece, file)
        if self.complaints.any:
            return np.empty(0, "V1")
        day = days.astype("datetime64[D]")
        came = Visits(codes, packed, day, values["language"], values["sex"], values["age"])
        rows = anonymise_many(came, key=key, cluster_key=self.secrets["cluster"])
        self.likeness.add(rows, values["point"], days, numbered)
        return rows

    def _route(self, packed: NDArray[np.uint8], whole: NDArray[np.bool_]) -> None:
        """Skip logic; a line may not say "not asked" where its own answers led to the question."""
        said = {code: packed[:, place] == NOT_ASKED for code, place in self.gated.items()}
        self.dropped.update(route_many(self.instrument, packed))
        for code, unasked in said.items():
            self.complaints.add(
                unasked & whole & self._to_be_asked(packed, code),
                code,
                lambda _, code=code: SipasError(  # type: ignore[misc]
                    N_("“{value}” does not go with the answer to {gate}, after which {item} is asked."),
                    gate=", ".join(one.item for one in self.instrument.item(code).asked_if),
                    item=code,
                ),
            )

    def _to_be_asked(self, packed: NDArray[np.uint8], code: str) -> NDArray[np.bool_]:
        """The lines in which every gate of an item is open."""
        is_open = np.ones(len(packed), bool)
        for skip in self.instrument.skips:
            if skip.place == self.gated[code]:
                is_open &= np.frombuffer(skip.passing, bool)[packed[:, skip.gate]]
        return is_open

    def _look_up(self, piece: Table, column: str) -> NDArray[np.int64]:
        """The column's stored numbers; BAD with a complaint where a cell may not say what it says."""
        read, known = self.readers[column], self.known[column]
        if column in piece:
            which, words = piece.coded(column)
        else:
            which, words = np.full(piece.rows, -1), []
        words = [*words, ""]  # an empty cell is -1: the last
        found = np.full(len(words), BAD)
        for place, word in enumerate(words):
            try:
                found[place] = known[word] if word in known else read(word)
            except SipasError:
                continue  # said below, for each line that has it
            known[word] = int(found[place])
        values = found[which]

        def reason(row: int) -> SipasError:
            return _error_of(read, words[which[row]])

        self.complaints.add(values == BAD, column, reason)
        return values

    def _days(self, said: NDArray[np.int64]) -> NDArray[np.int64]:
        """The day of each line; where it names its week by a label, one that stands for that week at its point."""
        return said if self.weeks is None else np.where(said == BAD, BAD, self.weeks.days[said])

    def _keep_to_the_point(self, said: NDArray[np.int64], point: NDArray[np.int64]) -> None:
        """A label is that of a week at the line's own point."""
        if self.weeks is None:
            return
        elsewhere = (said != BAD) & (point != BAD) & (self.weeks.points[said] != point)
        self.complaints.add(
            elsewhere, "cluster", lambda _: SipasError(N_("This is the label of a week at another point."))
        )

    def _keep_to_the_month(self, piece: Table, day: NDArray[np.int64]) -> None:
        """A month beside the day or label is not needed, but must not say another."""
        if "month" not in piece:
            return
        which, words = piece.coded("month")
        said = np.array([*words, ""])[which]
        self.complaints.add(
            (day != BAD) & (said != "") & (said != np.array(months_of_days(day))),
            "month",
            lambda row: SipasError(N_("“{value}” is not the month of this line's day or week."), value=str(said[row])),
        )

    def _stay_in_the_wave(self, day: NDArray[np.int64]) -> None:
        opens, closes = self._ends()
        first = (opens - dt.date(1970, 1, 1)).days
        last = None if closes is None else (closes - dt.date(1970, 1, 1)).days
        outside = (day != BAD) & ((day < first) | (day > last if last is not None else False))
        self.complaints.add(
            outside,
            "date",
            lambda row: NoOpenWave(
                N_("{day} lies outside the days of wave {wave}."),
                day=dt.date(1970, 1, 1) + dt.timedelta(int(day[row])),
                wave=self.wave.code,
            ),
        )

    def _ends(self) -> tuple[dt.date, dt.date | None]:
        return self.wave.opens_on, self.wave.closes_on

    def _codes(
        self, piece: Table, visit: NDArray[np.int64], channel: NDArray[np.int64]
    ) -> VisitCodes[NDArray[np.int64]]:
        """Point, responsible unit and field of each line, BAD where one is not known: each pair of point and service is
        asked once."""
        which, words = piece.coded("field") if "field" in piece else (np.full(piece.rows, -1), [])
        if asks_households(self.wave):  # nobody came for anything: an empty cell says so
            which, words = np.where(which == -1, len(words), which), [*words, NO_FIELD]
        office, offices = piece.coded("unit") if "unit" in piece else (np.zeros(piece.rows, np.int64), [])
        words, offices = [*map(self.meant["field"], words), ""], [*map(self.meant["unit"], offices), ""]
        both = which % len(words) * len(offices) + office % len(offices)
        count = len(words) * len(offices)
        pairs, pair_of = np.unique(visit * count + both, return_inverse=True)
        found: list[tuple[int, ...]] = []
        for pair in pairs.tolist():
            place, word, unit = pair // count, words[pair % count // len(offices)], offices[pair % len(offices)]
            one = self._taken(place, word, unit) if place != BAD else None
            found.append((one.point, one.unit, one.field, one.coarse, one.several) if one else (BAD,) * 5)
        point, responsible, field, coarse, several = np.array(found, np.int64).reshape(-1, 5).T[:, pair_of]
        self.complaints.add(
            (visit != BAD) & (field == BAD),
            "field",
            lambda row: _error_of(
                lambda word: self._place(int(visit[row]), word, offices[office[row]]), words[which[row]]
            ),
        )
        form = np.array(FORMS[self.form])
        return VisitCodes(self.wave.id, point, responsible, field, channel, form, coarse, several)

    def _taken(self, place: int, service: str, unit: str) -> VisitCodes[int] | None:
        key = place, service, unit
        if key not in self.taken:
            try:
                self.taken[key] = self._place(place, service, unit)
            except SipasError:
                return None
        return self.taken[key]

    def _place(self, number: int, service: str, unit: str) -> VisitCodes[int]:
        """The numbers of a field at a asking. The unit has to be said only where the field was not kept."""
        asking = self.visits.of(number)
        asked = self.units.get(unit)
        if service == COARSE:
            for one, responsible in asking.services:
                codes = asking.codes_of(one, responsible)
                if codes.coarse and responsible == asked:
                    return codes
            raise SipasError(
                N_("At {point} no field of unit “{unit}” is stored without its name, for few people come; see `unit`."),
                point=asking.point.code,
                unit=unit,
            )
        for one, responsible in asking.services:  # without its point a field may be that of several units
            if (one.code, responsible) == (service, asked):
                return asking.codes_of(one, responsible)
        codes = asking.codes(service)
        if asking.point.code == SEVERAL:
            raise SipasError(
                N_("“{unit}” is responsible for no {field} that several places take in; see `unit`."),
                unit=unit,
                field=service,
            )
        if unit and self.units.get(unit) != codes.unit:
            raise SipasError(
                N_("“{unit}” is not the unit that is responsible for {field} at {point}."),
                unit=unit,
                field=service,
                point=asking.point.code,
            )
        return codes

    def _marks(self, piece: Table, file: str) -> tuple[NDArray[np.void], NDArray[np.bool_]]:
        """The key of each line, and whether it has an id."""
        made, numbered = keys_of_piece(piece, self.secrets["id"], file, self.read)
        self.numbered.append(starts(made)[numbered])
        return made, numbered

    def _find_twins(self) -> None:
        """Complains of each id that stands in the file twice; eight bytes of each are kept to see whether any does."""
        begun = np.sort(np.concatenate(self.numbered)) if self.numbered else np.empty(0, np.uint64)
        twins = np.unique(begun[1:][begun[1:] == begun[:-1]])
        if not len(twins):
            return
        first: dict[str, int] = {}
        for piece in self.table:
            self.complaints.turn_to(piece)
            ids = piece.text("id").to_pylist()
            keys = starts(keys_of_submissions(self.secrets["id"], [f"import {one}" for one in ids]))
            for row in np.flatnonzero(np.isin(keys, twins)).tolist():
                line = first.setdefault(ids[row], piece.line(row))
                if line != piece.line(row):
                    self.complaints.add_one(row, "id", N_("“{value}” stands in line {line} already."), line=line)
            self.complaints.settle()


def _error_of(read: Callable[[str], object], word: str) -> SipasError:
    try:
        read(word)
    except SipasError as error:
        return error
    raise AssertionError(word)


def keys_of_piece(piece: Table, id_key: bytes, file: str, first: int) -> tuple[NDArray[np.void], NDArray[np.bool_]]:
    """The keys of lines that begin with number `first` of a file (its digest), and which of them have an id."""
    drawn = keys_of_lines(id_key, file, first, piece.rows)
    if "id" not in piece:
        return drawn, np.zeros(piece.rows, bool)
    ids = piece.text("id").to_pylist()
    numbered = np.array([bool(one) for one in ids])
    made = np.array(drawn)
    made[numbered] = keys_of_submissions(id_key, [f"import {one}" for one in ids if one])
    return made, numbered
