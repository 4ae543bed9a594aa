"""`sipas invitations`: codes for receipts."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import click

from sipas import clock, codes
from sipas.commands.common import database, example, json_option, note, print_json, print_table, settings
from sipas.i18n import _

COLUMNS = ("code", "link", "point", "until")


@click.group(help=_("Invitation codes on receipts: each gives one answer, and nothing tells which."))
def invitations() -> None:
    """Group of commands."""


@invitations.command(
    help=_(
        "Issue codes for a point into a CSV file, from which they are printed on receipts. The file is the only place "
        "where they can be read: the database keeps their hashes."
    ),
    epilog=example("sipas invitations issue --point to-hieu-phone --count 500 --out codes.csv"),
)
@click.option("--point", "place", required=True, help=_("The point whose visitors are invited."))
@click.option("--count", required=True, type=int, help=_("How many codes."))
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help=_("The new CSV file: code, link, point, until.")
)
@click.option("--months", default=3, show_default=True, help=_("For how many months after this one they hold."))
def issue(place: str, count: int, out: Path, months: int) -> None:
    from sipas.inviting import issue as run

    where = settings()
    base = database(where)
    with open(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8-sig", newline="") as file:
        try:
            with base.writing() as session:
                made = run(session, where.home, place, count, clock.today(), months)
        except BaseException:
            out.unlink()
            raise
        table = csv.writer(file)
        table.writerow(COLUMNS)
        for code in made.codes:
            table.writerow([codes.spaced(code), f"{where.address}/q/{code}", made.point, _until(made.expires)])
    note(
        _(
            "{count} codes for {point} are in {file}; they hold until the end of {month}. Delete the file once they "
            "are printed.",
            count=len(made.codes),
            point=made.point,
            file=out,
            month=_until(made.expires),
        )
    )


@invitations.command(
    "list",
    help=_("List how many codes were issued for each point and how many were used up by last night."),
    epilog=example("sipas invitations list --json"),
)
@json_option
def list_(as_json: bool) -> None:
    from sipas.inviting import batches

    with database().reading() as session:
        listed = batches(session)
    if as_json:
        print_json(
            [
                {"wave": b.wave, "point": b.point, "until": _until(b.expires), "codes": b.codes, "spent": b.spent}
                for b in listed
            ]
        )
    else:
        print_table(
            [_("wave"), _("point"), _("until"), _("codes"), _("used")],
            [[b.wave, b.point, _until(b.expires), b.codes, b.spent] for b in listed],
        )


def _until(month: int) -> str:
    """202612 as people and tables write it.

    >>> _until(202612)
    '2026-12'
    """
    return f"{month // 100}-{month % 100:02}"
