"""`sipas frame`: how many dossiers there were."""

from __future__ import annotations

from pathlib import Path

import click

from sipas import clock
from sipas.cli.common import checked_workbook, database, example, note
from sipas.cli.destinations import Destination, writes_to, writing
from sipas.cli.readings import explain, sheet, telling
from sipas.i18n import _, number


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
@sheet
@explain
@telling
def load_counts(file: Path, source: str, sheet: str) -> None:
    from sipas.fieldwork.population_counts import load_frame
    from sipas.tables import read_table

    table = read_table(file, sheet=sheet)
    with database().writing() as session:
        loaded = load_frame(session, table, clock.today(), source)
    note(
        _(
            "Loaded {cells} cells of the frame, {new} new and {replaced} in place of earlier ones; months: {months}.",
            cells=number(loaded.rows),
            new=number(loaded.new),
            replaced=number(loaded.replaced),
            months=", ".join(loaded.months),
        )
    )


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
    from sipas.fieldwork.population_counts import frame_between

    checked_out(file)
    with database().reading() as session:
        cells = [
            {"unit": cell.unit, "field": cell.field, "month": cell.month, "dossiers": cell.dossiers}
            for cell in frame_between(session, "0000-00", "9999-99")
        ]
    write_table(flat(cells), file)
    note(_("{count} rows written to {file}", count=len(cells), file=file))
