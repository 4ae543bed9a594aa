"""`sipas responses import`."""

from __future__ import annotations

from pathlib import Path

import click

from sipas import clock
from sipas.commands.common import database, example, note, settings
from sipas.i18n import _


@click.group(help=_("Answers that were collected elsewhere."))
def responses() -> None:
    """Group of commands."""


@responses.command(
    "import",
    help=_(
        "Bring in collected answers (CSV, XLSX, Parquet) through the kiosk's own door, all or nothing. Columns: "
        "point, field, date, one per item by its code; optional channel, language, sex, age, id."
    ),
    epilog=example("sipas responses import paper-forms.xlsx --wave 2026-2"),
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--wave", required=True, help=_("The open wave that the answers belong to."))
@click.option(
    "--form",
    type=click.Choice(["short", "full"]),
    help=_("Which form was filled in, short or full (default: seen from the columns)."),
)
def import_(file: Path, wave: str, form: str | None) -> None:
    from sipas.importing import import_responses

    where = settings()
    new, known = import_responses(database(where), where.home, file, wave, form, clock.today())
    note(_("{new} answers were stored.", new=new))
    if known:
        note(_("{known} lines of this file had been stored before and were not counted again.", known=known))
