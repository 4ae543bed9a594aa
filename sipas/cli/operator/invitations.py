"""`sipas invitations`: codes for receipts."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sipas import clock
from sipas.cli.common import asker, database, example, json_option, note, print_json, print_table, settings
from sipas.cli.destinations import writes_to
from sipas.errors import N_
from sipas.fieldwork import invitation_codes
from sipas.i18n import _

if TYPE_CHECKING:
    from sipas.config.settings import Settings
    from sipas.inviting import Issued
    from sipas.storage.database import Database

COLUMNS = ("code", "link", "point", "until")
SIMULATED = "MÔ PHỎNG / SIMULATED"  # whatever language the command speaks: others print from the file


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
@writes_to("--sheet", help=_("Also print them as strips into this PDF file."))
@click.option("--months", default=3, show_default=True, help=_("For how many months after this one they hold."))
def issue(place: str, count: int, out: Path, sheet: Path | None, months: int) -> None:
    where = settings()
    base = database(where)
    if sheet:
        from sipas.inviting.printing import ready

        ready(where.address)
    made = write_codes(base, where, place, count, out, months)
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
    if not where.address:
        note(
            _(
                "Nobody knows yet at which address citizens reach this server, so the links in {file} begin with /q/ "
                "and lead nowhere when printed. Run `sipas config set address https://...`; the codes themselves hold.",
                file=out,
            )
        )
    if sheet:
        print_strips(base, where, made.point, list(made.codes), made.expires, sheet)


def write_codes(base: Database, where: Settings, place: str, count: int, out: Path, months: int = 3) -> Issued:
    """Issues codes into a new CSV file, readable by its owner only: all of them, or no file. Codes of a simulation say
    so in a column of their own."""
    from sipas.fieldwork.points import point
    from sipas.fieldwork.waves import is_simulated_at
    from sipas.inviting import issue as run

    with open(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8-sig", newline="") as file:
        try:
            with base.writing() as session:
                made = run(session, where.home, place, count, clock.today(), months)
                simulated = is_simulated_at(session, point(session, place), where.home)
        except BaseException:
            out.unlink()
            raise
        table = csv.writer(file)
        mark = {"simulated": SIMULATED} if simulated else {}
        table.writerow([*COLUMNS, *mark])
        for code in made.codes:
            link = f"{where.address}/q/{code}"
            table.writerow([invitation_codes.spaced(code), link, made.point, _until(made.expires), *mark.values()])
    return made


@invitations.command(
    help=_("Print the codes of a file as strips for receipts, ten on a sheet, each with its QR code."),
    epilog=example("sipas invitations sheet codes.csv --out strips.pdf"),
)
@click.argument("file", type=click.Path(path_type=Path))
@writes_to("--out", required=True, help=_("The PDF file to write."))
def sheet(file: Path, out: Path) -> None:
    from sipas.inviting.printing import BadSheet

    where = settings()
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    if not rows or not set(COLUMNS) <= set(rows[0]):
        raise BadSheet(N_("{file} is no list of codes: it needs the columns code, link, point and until."), file=file)
    kinds = {(row["point"], row["until"]) for row in rows}
    if len(kinds) > 1:
        raise BadSheet(N_("{file} holds codes of several points or months; print each by itself."), file=file)
    place, until = kinds.pop()
    print_strips(database(where), where, place, [row["code"] for row in rows], int(until.replace("-", "")), out)


def print_strips(base: Database, where: Settings, place: str, some: list[str], expires: int, out: Path) -> None:
    """Codes as strips for receipts, into a PDF file that only its owner reads."""
    from sipas.fieldwork.points import point
    from sipas.fieldwork.waves import is_simulated_at
    from sipas.files.destinations import write_file
    from sipas.inviting.printing import Imprint, strips

    with base.reading() as session:
        found = point(session, place)
        simulated = is_simulated_at(session, found, where.home)
    printed = strips(found, some, expires, Imprint(where.address, asker(base), simulated))
    write_file(out, printed)
    note(_("The strips are in {file}; delete it, too, once they are printed.", file=out))


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
