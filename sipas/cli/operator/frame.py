"""`sipas frame`: how many dossiers there were."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sipas import clock
from sipas.cli.common import checked_workbook, database, example, note, settings
from sipas.cli.destinations import Destination, writes_to, writing
from sipas.cli.readings import explain, sheet, telling
from sipas.errors import N_, SipasError
from sipas.i18n import _, number, say

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from sipas.fieldwork.dossier_form import loading
    from sipas.fieldwork.dossier_form.meanings import Meanings

SHOWN = 20  # remarks and changes that are listed


@click.group(help=_("The frame: dossiers per unit, service field and month."))
def frame() -> None:
    """Group of commands."""


@frame.command(
    "load",
    help=_("Load dossier counts (columns unit, field, month, dossiers) from CSV, XLSX or Parquet, all or nothing."),
    epilog=example("sipas frame load dossiers-2026-1.xlsx --source 'One-stop system, 2 July 2026'"),
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--source", default="", help=_("Where the counts come from; printed in reports (default: the file's name).")
)
@click.option("--instead", is_flag=True, help=_("Months replace a loaded quarter of theirs, or a quarter its months."))
@sheet
@explain
@telling
def load_counts(file: Path, source: str, instead: bool, sheet: str) -> None:
    from sipas.fieldwork.population_counts import load_frame
    from sipas.tables import read_table

    table = read_table(file, sheet=sheet)
    with database().writing() as session:
        loaded = load_frame(session, table, clock.today(), source, instead=instead)
    note(
        _(
            "Loaded {cells} cells of the frame, {new} new and {replaced} in place of earlier ones; months: {months}.",
            cells=number(loaded.rows),
            new=number(loaded.new),
            replaced=number(loaded.replaced),
            months=", ".join(loaded.months),
        )
    )
    _say_removed(loaded.removed)


def _say_removed(count: int) -> None:
    if count:
        note(_("Counts of the same dossiers that went for them: {count}.", count=number(count)))


@frame.command(
    "form",
    help=_(
        "Load the offices' own table of dossiers, form II.06a/VPCP/KSTT, as it is: one FILE or many, an office a file "
        "or a sheet. “Resolved, total” is the population; every sum of the form is computed again. What is new or "
        "changed is shown, and taken all or nothing. A quarter's form gives no months."
    ),
    epilog=example("sipas frame form quy-1/*.xlsx --dry-run"),
)
@click.argument("files", type=click.Path(path_type=Path), nargs=-1, required=True, metavar="FILE...")
@click.option("--unit", default="", metavar=_("CODE"), help=_("The office, where the one form does not say it."))
@click.option(
    "--units",
    "units_file",
    type=click.Path(path_type=Path),
    help=_("A table with columns file and unit: the office of each file, or of a sheet as “FILE [SHEET]”."),
)
@click.option(
    "--period", default="", metavar="2026-Q1", help=_("The quarter or month, where the forms do not say it themselves.")
)
@click.option(
    "--field",
    "fields",
    multiple=True,
    metavar=_("NAME=CODE"),
    help=_("Which service field a name in the forms means; “-” for one that is not asked about. It is kept."),
)
@click.option(
    "--office", "offices", multiple=True, metavar=_("NAME=CODE"), help=_("Which unit a name means. It is kept.")
)
@click.option(
    "--head", "heads", multiple=True, metavar=_("WORDS=COLUMN"), help=_("Which column a head means. It is kept.")
)
@click.option("--instead", is_flag=True, help=_("The quarter counts in place of its months that are loaded."))
@click.option(
    "--source", default="", help=_("Where the counts come from; printed in reports (default: the file's name).")
)
@click.option("--dry-run", is_flag=True, help=_("Only show what would be new and changed."))
@click.option("--yes", is_flag=True, help=_("Keep new meanings of names without asking."))
@explain
@telling
def load_forms(
    files: tuple[Path, ...],
    unit: str,
    units_file: Path | None,
    period: str,
    fields: tuple[str, ...],
    offices: tuple[str, ...],
    heads: tuple[str, ...],
    instead: bool,
    source: str,
    dry_run: bool,
    yes: bool,
) -> None:
    from sipas.fieldwork.dossier_form import loading, meanings
    from sipas.fieldwork.dossier_form.period import checked_period

    home, asked = settings().home, checked_period(period)
    said = meanings.said_meanings(fields, offices, heads)
    known = meanings.kept_meanings(home).beside(said)
    forms, notes = loading.read_forms(files, known, asked)
    units = loading.units_of_files(units_file) if units_file else {}
    base, today = database(), clock.today()

    def planned(session: Session) -> loading.FormPlan:
        return loading.plan_of(session, forms, known, today, source=source, unit=unit, units=units, instead=instead)

    with base.reading() as session:
        _show(planned(session), len(forms), notes)
    if dry_run:
        note(_("Nothing was changed (--dry-run)."))
        return
    if said:
        _confirm(said, yes)
    with base.writing() as session:
        plan = planned(session)
        loading.take(session, plan)
    if said:
        meanings.keep_meanings(home, known)
    note(_("Taken. These counts are the population now."))
    _say_removed(len(plan.past))


def _show(plan: loading.FormPlan, forms: int, notes: Sequence[SipasError]) -> None:
    """What would be new, changed and unchanged; each change with what stood before."""
    remarks = [*notes, *plan.notes]
    for remark in remarks[:SHOWN]:
        note(say(remark))
    if len(remarks) > SHOWN:
        note(_("... and {more} more", more=len(remarks) - SHOWN))
    new, changed, same = (plan.of(kind) for kind in ("new", "changed", "unchanged"))
    periods = sorted({key[2] for key in plan.counts})
    note(
        _(
            "{forms} forms of {periods}: {dossiers} dossiers in {counts} counts; new {new}, changed {changed}, "
            "unchanged {same}.",
            forms=number(forms),
            periods=", ".join(periods),
            dossiers=number(sum(count for count, _source in plan.counts.values())),
            counts=number(len(plan.counts)),
            new=number(len(new)),
            changed=number(len(changed)),
            same=number(len(same)),
        )
    )
    for one in changed[:SHOWN]:
        office, field, period = one.key
        values = {"unit": office, "field": field, "period": period, "before": one.before, "now": one.now}
        note("  " + _("{unit}, {field}, {period}: {before} → {now}", **values))
    if len(changed) > SHOWN:
        note("  " + _("... and {more} more", more=len(changed) - SHOWN))
    if plan.past:
        note(_("Loaded counts of the same dossiers that go for them: {count}.", count=number(len(plan.past))))


def _confirm(said: Meanings, yes: bool) -> None:
    """Shows what names are said to mean; somebody at a terminal confirms it, a script says --yes."""
    note(_("From now on these words in the offices' forms mean:"))
    for words in (said.fields, said.units, said.heads):
        for word, meaning in words.items():
            note(f"  “{word}” = {meaning}")
    if yes:
        return
    if not sys.stdin.isatty():
        raise SipasError(N_("Nothing was changed: say --yes to keep these meanings."))
    if not click.confirm(_("Keep them?"), err=True):
        raise SipasError(N_("Nothing was changed."))


@frame.command(
    help=_(
        "Write an empty workbook (.xlsx) for dossier counts, with lists of units and fields to choose from and a sheet "
        "that explains the columns; with --months it has a row for each field that an office handles in them. Filled "
        "in, `sipas frame load` takes it."
    ),
    epilog=example("sipas frame template --months 2026-01..2026-06 --out dossiers.xlsx"),
)
@click.option(
    "--months", default="", help=_("Months to prepare rows for: 2026-03, 2026-01,2026-02 or 2026-01..2026-06.")
)
@writes_to("--out", "file", default="dossiers.xlsx", show_default=True, help=_("The new file."))
def template(months: str, file: Path) -> None:
    from sipas.fieldwork.population_counts_template import frame_template, months_of
    from sipas.tables.template import write_template

    checked_workbook(file)
    asked = months_of(months)
    with database().reading() as session:
        made = frame_template(session, asked)
    write_template(file, made)
    if made.rows:
        note(_("{file} has {rows} rows that want a number.", file=file, rows=number(len(made.rows))))
    note(_("Fill in the first sheet of {file}, then: sipas frame load {file}", file=file))


@frame.command(
    "save",
    help=_(
        "Write the loaded dossier counts to FILE (.csv, .xlsx or .parquet), as --frame of the analyst's commands and "
        "`sipas frame load` read them."
    ),
    epilog=example("sipas frame save dossiers.csv"),
)
@click.argument("file", type=Destination())
@writing
def save_counts(file: Path) -> None:
    from sipas.cli.analyst.common import checked_out
    from sipas.estimating.writing import flat, write_table
    from sipas.fieldwork.counted import frame_between

    checked_out(file)
    with database().reading() as session:
        cells = [
            {"unit": cell.unit, "field": cell.field, "month": cell.month, "dossiers": cell.dossiers}
            for cell in frame_between(session, "0000-00", "9999-99")
        ]
    write_table(flat(cells), file)
    note(_("{count} rows written to {file}", count=len(cells), file=file))
