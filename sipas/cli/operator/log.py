"""`sipas log`: who did what, when, to what, with what outcome."""

from __future__ import annotations

import json
from pathlib import Path

import click

from sipas.cli.common import database, example, json_option, note, print_json, print_table, settings
from sipas.i18n import _


@click.group(help=_("The log of deeds."))
def log() -> None:
    """Group of commands."""


@log.command("list", help=_("List the newest entries first."), epilog=example("sipas log list --account hoa"))
@click.option("--account", default="", help=_("Entries of this account alone; - is the operator."))
@click.option("--deed", default="", help=_("Entries of this deed alone."))
@click.option("--count", default=50, show_default=True, type=click.IntRange(1, 100_000), help=_("How many."))
@json_option
def list_entries(account: str, deed: str, count: int, as_json: bool) -> None:
    from sipas.accounts import audit_log
    from sipas.accounts.store import store_of

    where = settings()
    database(where)
    with store_of(where.home).reading() as session:
        found = audit_log.entries(session, account, deed, None, count)
    if as_json:
        print_json(
            [
                {
                    "number": one.number,
                    "moment": one.moment,
                    "account": one.account or None,
                    "deed": one.deed,
                    "target": one.target,
                    "outcome": one.outcome,
                    "facts": json.loads(one.facts),
                    "digest": one.digest,
                }
                for one in found
            ]
        )
        return
    print_table(
        [_("number"), _("moment (UTC)"), _("who"), _("deed"), _("of what"), _("outcome")],
        [
            [one.number, one.moment[:19], one.account or _("operator"), one.deed, one.target, one.outcome]
            for one in found
        ],
    )


@log.command(
    help=_("Write the whole log as CSV, with its digests, so that it can be kept and checked elsewhere."),
    epilog=example("sipas log save log.csv"),
)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def save(file: Path) -> None:
    from sipas.accounts import audit_log
    from sipas.accounts.store import store_of
    from sipas.files.state_files import write_new

    where = settings()
    database(where)
    with store_of(where.home).reading() as session:
        data = audit_log.as_csv(session)
    write_new(file, data)
    audit_log.note(where.home, "", "log exported")
    note(_("The log was written to {file}.", file=file.name))


@log.command(
    help=_("Print the last entry's number and digest: for the minutes of opening, freezing and release."),
    epilog=example("sipas log head"),
)
def head() -> None:
    from sipas.accounts import audit_log

    where = settings()
    database(where)
    found = audit_log.last_head(where.home)
    click.echo(str(found) if found else "0")


@log.command(
    help=_(
        "Note that desk.sqlite was put back from a copy, so that its log is shorter than before: an entry says how "
        "many were lost."
    ),
    epilog=example("sipas log restored"),
)
def restored() -> None:
    from sipas.accounts import audit_log

    where = settings()
    database(where)
    lost = audit_log.note_restore(where.home)
    note(_("The log says now that it was restored, and that {lost} entries were lost.", lost=lost))
