"""Forms of many offices as dossier counts: names to codes, and what is new or changed. All of them, or none."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from sipas.errors import N_, BadFile, ManyErrors, SipasError, first_few
from sipas.fieldwork.dossier_form.heads import POPULATION, is_form
from sipas.fieldwork.dossier_form.meanings import NOTHING, Meanings, Registry, refuse_unknown_codes
from sipas.fieldwork.dossier_form.reading import DossierForm, read_form
from sipas.fieldwork.handling import handling_in
from sipas.fieldwork.models import PopulationCount
from sipas.fieldwork.population_counts import ELSEWHERE, FUTURE, NOBODY, NOT_OVER, store_counts
from sipas.fieldwork.same_dossiers import superseded
from sipas.registry.models import Service, Unit
from sipas.tables.grid import read_grids
from sipas.tables.looks import as_read
from sipas.tables.periods import is_quarter, months_in
from sipas.tables.population_rows import Key
from sipas.tables.read import read_table

SHOWN = 20
REFUSED = N_("The forms are not taken; nothing was changed:")
MORE = N_("... and {more} more")
AT = N_("{place}: {reason}")
AT_ROW = N_("{place}, row {line}: {reason}")
NO_FORM = N_("{file} holds no sheet of form II.06a: heads of received, resolved and open dossiers were not found")
NOT_READ = N_("{file}: sheets that are no form are not read: {sheets}")
NO_UNIT_LINE = N_("no line says the reporting unit (“{line}”); say it by --unit CODE, or by --units FILE")
UNIT_UNKNOWN = N_("the registry has no unit “{name}”; say once which it is: --office “{name}=CODE”; it is kept")
FIELD_UNKNOWN = N_(
    "the registry has no service field “{name}”; say once which it is: --field “{name}=CODE”, or --field “{name}=-” "
    "where it is none that is asked about; it is kept"
)
SAME_OFFICE = N_("{unit}, {period}: {other} says the same office and period; leave one of them out")
ONE_UNIT = N_("--unit names one office, and there are {count} forms; let each say its own, or give --units FILE")
ADDED_UP = N_("{place}: rows {lines} are all {field}, and are added up")
LEFT_OUT = N_("Rows of fields that are not asked about are left out: {count}, {dossiers} dossiers.")
STAYING = N_(
    "{place}: counts of {period} that are loaded and are not in the form stay as they are ({fields}); where they are "
    "wrong, load them with 0 by `sipas frame load`"
)
NAMED_TWICE = N_("{file} names {form} twice")


@dataclass(frozen=True)
class FormCounts:
    """What one form counts: the office's code, and dossiers by field."""

    form: DossierForm
    unit: str
    fields: Mapping[str, int]
    lines: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class CountChange:
    """One count against what is loaded; `before` is None where it is new."""

    key: Key
    before: int | None
    now: int


@dataclass(frozen=True)
class FormPlan:
    """What the forms would do: every count, what goes for it, and what should be told."""

    counts: Mapping[Key, tuple[int, str]]
    changes: tuple[CountChange, ...]
    past: tuple[PopulationCount, ...]
    notes: tuple[SipasError, ...]

    def of(self, kind: str) -> list[CountChange]:
        """Changes that are `new`, `changed` or `unchanged`."""
        return [one for one in self.changes if _kind(one) == kind]


def read_forms(
    files: Sequence[Path], meanings: Meanings, period: str = ""
) -> tuple[list[DossierForm], list[SipasError]]:
    """The forms of all files, and notes. Raises what reading raises: with one file its own error, with several all."""
    forms: list[DossierForm] = []
    notes: list[SipasError] = []
    errors: list[SipasError] = []
    for file in files:
        try:
            grids = read_grids(file)
            meant = [grid for grid in grids if is_form(grid)]
            if not meant:
                raise BadFile(NO_FORM, file=file.name)
            others = [grid.title for grid in grids if grid.rows and grid not in meant]
            if others:
                notes.append(SipasError(NOT_READ, file=file.name, sheets=", ".join(others)))
            forms += (read_form(grid, meanings.heads, period) for grid in meant)
        except SipasError as error:
            errors.append(error)
    if len(errors) == 1 and len(files) == 1:
        raise errors[0]
    if errors:
        raise ManyErrors(SipasError(REFUSED), _shortly(errors))
    return forms, notes + [note for form in forms for note in form.notes]


def units_of_files(path: Path) -> dict[str, str]:
    """The unit of each file, or of each sheet as `file [sheet]`, by a table with columns file and unit."""
    table = read_table(path)
    table.require("file", "unit")
    found: dict[str, str] = {}
    for record in table.records("file", "unit"):
        name = as_read(record["file"])
        if name in found:
            raise BadFile(NAMED_TWICE, file=table.name, form=record["file"])
        found[name] = record["unit"]
    return found


def plan_of(
    session: Session,
    forms: Sequence[DossierForm],
    meanings: Meanings,
    today: dt.date,
    *,
    source: str = "",
    unit: str = "",
    units: Mapping[str, str] = {},
    instead: bool = False,
) -> FormPlan:
    """What the forms would do to the loaded counts. Raises ManyErrors with everything that stands against it."""
    fields, offices = session.scalars(select(Service)).all(), session.scalars(select(Unit)).all()
    refuse_unknown_codes(meanings, fields, offices)
    registry = Registry(fields, offices, meanings)
    if unit and len(forms) > 1:
        raise SipasError(ONE_UNIT, count=len(forms))
    errors: list[SipasError] = []
    counted = [_counted(form, registry, unit or _named(form, units), errors) for form in forms]
    errors += _same_office(counted) + _not_yet(counted, today)
    if not errors:
        errors += _misplaced(session, counted)
    counts = _by_key(session, counted, source)
    past = superseded(session, list(counts), instead)
    errors += _refused(counted, past.refused)
    if errors:
        raise ManyErrors(SipasError(REFUSED), _shortly(errors))
    known = {(cell.unit, cell.field, cell.month): cell.dossiers for cell in session.scalars(select(PopulationCount))}
    changes = tuple(CountChange(key, known.get(key), number) for key, (number, _) in counts.items())
    notes = [*_notes(counted, registry), *_staying(counted, counts, known)]
    return FormPlan(counts, changes, tuple(past.cells), tuple(notes))


def take(session: Session, plan: FormPlan) -> None:
    """Writes what was planned in the same transaction."""
    store_counts(session, plan.counts, plan.past)


def _named(form: DossierForm, units: Mapping[str, str]) -> str:
    return units.get(as_read(form.place)) or units.get(as_read(form.file), "")


def _counted(form: DossierForm, registry: Registry, said: str, errors: list[SipasError]) -> FormCounts:
    """The form by codes; names that nobody knows go to `errors`."""
    unit = registry.unit(said or form.unit)
    if not unit:
        name = said or form.unit
        reason = SipasError(UNIT_UNKNOWN, name=name) if name else SipasError(NO_UNIT_LINE, line="Đơn vị báo cáo: …")
        errors.append(SipasError(AT, place=form.place, reason=reason))
    fields: dict[str, int] = {}
    lines: dict[str, tuple[int, ...]] = {}
    for row in form.rows:
        code = registry.field(row.name)
        if not code:
            reason = SipasError(FIELD_UNKNOWN, name=row.name)
            errors.append(SipasError(AT_ROW, place=form.place, line=row.line, reason=reason))
        elif code != NOTHING:
            fields[code] = fields.get(code, 0) + row.numbers[POPULATION]
            lines[code] = (*lines.get(code, ()), row.line)
    return FormCounts(form, unit, fields, lines)


def _same_office(counted: Sequence[FormCounts]) -> list[SipasError]:
    seen: dict[tuple[str, str], str] = {}
    errors = []
    for one in counted:
        key = one.unit, one.form.period
        if one.unit and key in seen:
            reason = SipasError(SAME_OFFICE, unit=one.unit, period=one.form.period, other=seen[key])
            errors.append(SipasError(AT, place=one.form.place, reason=reason))
        seen.setdefault(key, one.form.place)
    return errors


def _not_yet(counted: Sequence[FormCounts], today: dt.date) -> list[SipasError]:
    now, errors = f"{today:%Y-%m}", []
    for one in counted:
        period = one.form.period
        if months_in(period)[-1] > now:
            reason = SipasError(NOT_OVER if is_quarter(period) else FUTURE, value=period, now=now)
            errors.append(SipasError(AT, place=one.form.place, reason=reason))
    return errors


def _misplaced(session: Session, counted: Sequence[FormCounts]) -> list[SipasError]:
    """Dossiers at an office that answers for this field will never name."""
    handling = handling_in(session, (one.form.period for one in counted))
    errors = []
    for one in counted:
        held = handling[one.form.period]
        for code, number in one.fields.items():
            if number and not held.fits(one.unit, code):
                instead = ", ".join(held.instead(one.unit, code))
                said = {"field": code, "unit": one.unit, "instead": instead, "month": one.form.period}
                reason = SipasError(ELSEWHERE if instead else NOBODY, **said)
                line = first_few(one.lines[code], SHOWN)
                errors.append(SipasError(AT_ROW, place=one.form.place, line=line, reason=reason))
    return errors


def _by_key(session: Session, counted: Sequence[FormCounts], source: str) -> dict[Key, tuple[int, str]]:
    """Every count of a field that the office handles; 0 of others tells nothing."""
    handling = handling_in(session, (one.form.period for one in counted))
    return {
        (one.unit, code, one.form.period): (number, source or one.form.file)
        for one in counted
        for code, number in one.fields.items()
        if number or handling[one.form.period].fits(one.unit, code)
    }


def _refused(counted: Sequence[FormCounts], refused: Mapping[Key, SipasError]) -> list[SipasError]:
    """Each reason once for a form, with the rows that it holds for."""
    errors = []
    for one in counted:
        rows: dict[str, tuple[SipasError, list[int]]] = {}
        for code, lines in one.lines.items():
            error = refused.get((one.unit, code, one.form.period))
            if error is not None:
                rows.setdefault(str(error), (error, []))[1].extend(lines)
        for error, found in rows.values():
            line = first_few(sorted(found), SHOWN)
            errors.append(SipasError(AT_ROW, place=one.form.place, line=line, reason=error))
    return errors


def _notes(counted: Sequence[FormCounts], registry: Registry) -> list[SipasError]:
    """What a careful reader should be told: rows that were added up, and those that were left out."""
    notes = [
        SipasError(ADDED_UP, place=one.form.place, lines=", ".join(map(str, lines)), field=code)
        for one in counted
        for code, lines in one.lines.items()
        if len(lines) > 1
    ]
    rows = [row for one in counted for row in one.form.rows if registry.field(row.name) == NOTHING]
    if rows:
        dossiers = sum(row.numbers[POPULATION] for row in rows)
        notes.append(SipasError(LEFT_OUT, count=len(rows), dossiers=dossiers))
    return notes


def _staying(counted: Sequence[FormCounts], counts: Iterable[Key], known: Iterable[Key]) -> list[SipasError]:
    """Loaded counts of an office and period that its form does not hold."""
    given, loaded = set(counts), sorted(known)
    notes = []
    for one in counted:
        period = one.form.period
        left = [field for unit, field, at in loaded if (unit, at) == (one.unit, period)]
        left = [field for field in left if (one.unit, field, period) not in given]
        if left:
            notes.append(SipasError(STAYING, place=one.form.place, fields=", ".join(left), period=period))
    return notes


def _kind(change: CountChange) -> str:
    if change.before is None:
        return "new"
    return "unchanged" if change.before == change.now else "changed"


def _shortly(errors: Sequence[SipasError]) -> list[SipasError]:
    more = len(errors) - SHOWN
    return [*errors[:SHOWN], SipasError(MORE, more=more)] if more > 0 else list(errors)
