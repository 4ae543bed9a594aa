"""`sipas comments`: what people wrote, after a wave has ended."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sipas.cli.common import database, example, json_option, note, print_json, print_table, settings
from sipas.cli.destinations import writes_to
from sipas.i18n import _, language, number

if TYPE_CHECKING:
    from sipas.publishing.comments import ReadableComment

unit_option = click.option(
    "--unit",
    default="",
    help=_("Code of one unit; - for comments that were stored without one, as where few people come."),
)


@click.group(
    help=_("What people wrote in their own words, of waves that are frozen; never beside an answer, in random order.")
)
def comments() -> None:
    """Group of commands."""


@comments.command("list", help=_("Show the comments of a wave."), epilog=example("sipas comments list 2026-1"))
@click.argument("wave")
@unit_option
@json_option
def list_(wave: str, unit: str, as_json: bool) -> None:
    found = _read(wave, unit)
    if as_json:
        print_json([asdict(one) for one in found])
        return
    english = language() == "en"
    print_table(
        [_("unit"), _("field"), _("month"), _("comment")],
        [
            [
                one.unit_name_en if english else one.unit_name,
                one.field_name_en if english else one.field_name,
                one.month,
                " ".join(one.text.split()),
            ]
            for one in found
        ],
    )


@comments.command(
    help=_("Write the comments of a wave to a file (.csv, .xlsx or .parquet)."),
    epilog=example("sipas comments export 2026-1 --out comments.xlsx"),
)
@click.argument("wave")
@unit_option
@writes_to("--out", required=True, help=_("The file to write."))
def export(wave: str, unit: str, out: Path) -> None:
    from sipas.cli.analyst.common import checked_out
    from sipas.estimating.writing import write_table

    checked_out(out)
    found = _read(wave, unit)
    write_table(_table(found), out)
    note(_("{count} rows written to {file}", count=number(len(found)), file=out))


def _read(wave: str, unit: str) -> list[ReadableComment]:
    from sipas.publishing import comments as reading

    where = settings()
    with database(where).reading() as session:
        found = reading.comments(session, where.home, wave, unit)
    note(_(reading.REMAINDER))
    return found


def _table(found: list[ReadableComment]):  # type: ignore[no-untyped-def]
    """For a file."""
    import pyarrow as pa

    names = ("unit", "unit_name", "field", "field_name", "month")
    columns = {name: pa.array([getattr(one, name) or None for one in found], pa.string()) for name in names}
    return pa.table(columns | {"text": pa.array([one.text for one in found], pa.string())})
