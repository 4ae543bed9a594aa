"""`sipas registry`: loading, listing and correcting units, service fields and who is responsible for what."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sipas import clock
from sipas.cli.common import database, example, json_option, note, print_json, print_table
from sipas.cli.operator.registry_changes import clear, close, remove, rename
from sipas.cli.readings import explain, telling
from sipas.i18n import _, number, say

if TYPE_CHECKING:
    from sipas.errors import SipasError
    from sipas.registry.difference import TableChange

KINDS = {
    "province": _("province"),
    "department": _("department"),
    "centre": _("centre"),
    "ward": _("ward"),
    "commune": _("commune"),
    "district": _("district"),
}
OURS = "son-la"
HEADS = {
    "units": [_("code"), _("name"), _("name in English"), _("kind"), _("from"), _("to")],
    "services": [_("code"), _("name"), _("name in English"), _("from"), _("to")],
    "competence": [_("received at"), _("service field"), _("responsible"), _("from"), _("to")],
    "crosswalk": [_("old unit"), _("new unit"), _("share of the old"), _("source")],
}


@click.group(help=_("Units, service fields and who is responsible for what."))
def registry() -> None:
    """Group of commands."""


@registry.command(
    help=_(
        "Load units.csv, services.csv, competence.csv and crosswalk.csv from FOLDER, all or nothing; says what that "
        "changes. Rows that the files do not name stay. son-la as FOLDER: the registry that comes with the program."
    ),
    epilog=example("sipas registry load ./my-province --dry-run"),
)
@click.argument("folder", required=False)
@click.option("--dry-run", is_flag=True, help=_("Only say what would change; nothing is stored."))
@explain
@telling
def load(folder: str | None, dry_run: bool) -> None:
    from sipas.corrections import correcting
    from sipas.registry.importing import load_registry

    if folder is None:
        raise click.UsageError(
            _(
                "Name the folder of your province's files (`sipas registry template FOLDER` makes empty ones), or "
                "son-la for the registry of Sơn La, which comes with the program."
            )
        )
    found: tuple[TableChange, ...] = ()
    try:
        with database().writing() as session:
            with correcting(session, clock.today()) as changes:
                found = load_registry(session, folder_of(folder))
            if dry_run:
                session.rollback()
    finally:
        tell(found)
    tell_remarks(changes.remarks)
    if dry_run:
        note(_("Nothing was changed (--dry-run)."))
        return
    note(
        _(
            "Loaded: {units} units, {services} service fields, {competence} rules of competence, "
            "{crosswalk} crosswalk rows.",
            **{one.table: one.rows for one in found},
        )
    )


def folder_of(text: str) -> Path:
    """The folder that was named; son-la is ours, where no folder is called that."""
    from sipas.registry.importing import OURS as FILES

    return FILES if text == OURS and not Path(text).is_dir() else Path(text)


def tell(found: Sequence[TableChange]) -> None:
    """A line for each table, and below it each row that changed; of a table that was empty the number alone."""
    for one in found:
        click.echo(
            _(
                "{table}.csv: {added} new, {changed} changed ({closed} of them closed), {unchanged} unchanged, "
                "{absent} in the database only",
                table=one.table,
                added=number(len(one.added)),
                changed=number(one.rows_changed),
                closed=number(one.rows_closed),
                unchanged=number(one.unchanged),
                absent=number(len(one.absent)),
            )
        )
        if one.was_empty:
            continue
        for row in one.added:
            click.echo(f"  + {row}")
        for cell in one.changed:
            column = _("place in the order") if cell.column == "rank" else cell.column
            click.echo(f"  ~ {cell.row}: {column} “{cell.before}” → “{cell.after}”")
        for row in one.absent:
            click.echo("  = " + _("{row} (not in the file; stays as it is)", row=row))
    for one in found:
        tell_remarks(one.remarks)


def tell_remarks(remarks: Sequence[SipasError]) -> None:
    """What a careful reader should know of a change that was accepted."""
    for remark in remarks[:20]:
        note(say(remark))
    if len(remarks) > 20:
        note(_("... and {more} more", more=number(len(remarks) - 20)))


@registry.command(
    help=_(
        "Write the four files of a registry into FOLDER, empty, with a row that explains each column and with "
        "examples; rows that begin with # are passed over when they are loaded."
    ),
    epilog=example("sipas registry template ./my-province"),
)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def template(folder: Path) -> None:
    from sipas.registry.template import write_registry_template

    write_registry_template(folder, _)
    note(
        _(
            "{folder} holds the four files. Fill them, then in a new home: sipas init --registry {folder}; in a home "
            "that has a registry: sipas registry load {folder} --dry-run",
            folder=folder,
        )
    )


@registry.command(
    "list",
    help=_(
        "List the units, the service fields, who is responsible for what from when, or which unit followed on which; "
        "with WORD those that hold it."
    ),
    epilog=example("sipas registry list units 'to hieu'"),
)
@click.argument("what", type=click.Choice(list(HEADS)))
@click.argument("word", default="")
@json_option
def list_(what: str, word: str, as_json: bool) -> None:
    from sipas.registry.difference import TABLES, books
    from sipas.registry.units import holds

    key = TABLES[what][1]
    with database().reading() as session:
        rows = [{**dict(zip(key, values, strict=True)), **cells} for values, cells in books(session)[what].items()]
    hidden = {"rank", "note", "everyday", "everyday_en"} | ({"parent"} if what == "services" else set())
    searched = {"code", "name", "name_en", "everyday"} if what in ("units", "services") else {*key, "responsible"}
    listed = [
        {name: cell for name, cell in row.items() if name not in hidden}
        for row in rows
        if holds(word, *(row[name] for name in row.keys() & searched))
    ]
    if as_json:
        empty = ("valid_from", "valid_to", "parent")
        print_json([{name: cell or (None if name in empty else cell) for name, cell in row.items()} for row in listed])
        return
    print_table(HEADS[what], [_cells(what, row) for row in listed])


def _cells(what: str, row: dict[str, str]) -> list[str]:
    if what == "competence":
        return [row[name] for name in ("receiver", "service", "responsible", "valid_from", "valid_to")]
    return [KINDS[cell] if name == "kind" else cell for name, cell in row.items() if name != "parent"]


for command in (remove, close, rename, clear):
    registry.add_command(command)
