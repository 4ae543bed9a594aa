"""`sipas demo`: a whole province to look at, with made-up answers."""

from __future__ import annotations

import csv
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from sipas import clock, i18n
from sipas.accounts.roles import NAMES
from sipas.cli.common import example, note, print_table, settings
from sipas.i18n import _, number, percent

if TYPE_CHECKING:
    from sipas.config.settings import Settings
    from sipas.storage.database import Database


@click.command(
    help=_(
        "Prepare the demo province (simulated dossiers and answers, one released wave, one open at every kiosk), print "
        "its indices, and serve it."
    ),
    epilog=example("SIPAS_HOME=~/sipas-demo sipas demo --port 8000"),
)
@click.option("--no-serve", is_flag=True, help=_("Only prepare SIPAS_HOME."))
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=8000,
    show_default=True,
    envvar="PORT",
    help=_("Port to listen at."),
)
def demo(no_serve: bool, port: int) -> None:
    from sipas.cli.operator.serve import refuse_taken, run
    from sipas.demo import prepare

    where = settings()
    if not no_serve:
        refuse_taken("127.0.0.1", port)
    start = time.monotonic()

    def progress(number_: int, of: int, what: str) -> None:
        note(f"[{number_}/{of} {time.monotonic() - start:4.1f} s] {_(what)} …")

    database = prepare(where, clock.today(), progress)
    code = _print_indices(where.home, database)
    address = f"http://127.0.0.1:{port}"
    invited = _code(replace(where, address=where.address or address), database)
    note("")
    note(_("All dossiers and answers of the demo are simulated. They lie in {home}.", home=where.home))
    note(_("A kiosk:        {url}", url=f"{address}/k/kiosk-03646"))
    if invited:
        note(_("Own phone:      {url}   a code from a receipt, good once", url=f"{address}/q/{invited}"))
        note(
            _(
                "                all codes and the strips to print: {files}",
                files=where.paths.demo_codes.with_suffix(".*"),
            )
        )
    note(_("The results:    {url}", url=f"{address}/results/{code}/"))
    note(_("The desk:       {url}   one account for each role:", url=f"{address}/desk"))
    _print_accounts(where)
    if not no_serve:
        run("127.0.0.1", port, where.workers)


def _print_indices(home, database) -> str:  # type: ignore[no-untyped-def]
    """The released indices beside the truth they were simulated from."""
    from sipas.demo import FINISHED, simulated_province
    from sipas.publishing.published import published_release, published_releases

    issue = published_release(home, next(one.code for one in published_releases(home) if one.wave == FINISHED))
    with database.reading() as session:
        truth = simulated_province(session).truth
    names = {one["code"]: one["text"] for one in issue.manifest["instrument"]["factors"]}
    rows = []
    for code in ["overall", *names]:
        row = issue.table.row(code)
        rows.append(
            [
                names.get(code, _("Overall")),
                percent(row["estimate"], 2),
                f"{percent(row['low'], 2)} – {percent(row['high'], 2)}",
                number(row["n"]),
                percent(truth.share(code), 2),
            ]
        )
    print_table(
        [_("index"), _("satisfied"), _("{level} interval", level="95%"), _("answers"), _("simulated truth")], rows
    )
    return issue.code


def _code(where: Settings, base: Database) -> str:
    """A code that can still be tried, "" where none can be had; the first start writes twelve, and their strips."""
    from sipas.cli.operator.invitations import print_strips, write_codes
    from sipas.demo.visits import PHONE
    from sipas.errors import NoOpenWave, NotReady, UnknownPoint
    from sipas.fieldwork import invitation_codes
    from sipas.fieldwork.waves import open_wave_at
    from sipas.inviting.book import unspent

    table, sheet = where.paths.demo_codes, where.paths.demo_strips
    try:
        with base.reading() as session:
            wave, _point = open_wave_at(session, PHONE, clock.today())
        for again in (False, True):
            if not table.exists():
                made = write_codes(base, where, PHONE, 12, table)
                try:
                    print_strips(base, where, PHONE, list(made.codes), made.expires, sheet)
                except NotReady as error:  # without Pango nothing is printed; the codes are there
                    note(i18n.say(error))
            with table.open(encoding="utf-8-sig", newline="") as lines, base.reading() as session:
                free = unspent(session, where.home, wave.code, [row["code"] for row in csv.DictReader(lines)])
            if free:
                return invitation_codes.read(free[0])
            if not again:
                table.unlink()  # all twelve were tried, or their time is over
        return ""
    except (NoOpenWave, UnknownPoint):
        return ""  # somebody closed the wave while playing


def _print_accounts(where: Settings) -> None:
    """The demo's accounts, one for each role; the page that asks for a code shows it."""
    from sipas.demo.officers import OFFICERS, password

    print_table(
        [_("account"), _("password"), _("role")],
        [[one.name, password(where.home), _(NAMES[one.role])] for one in OFFICERS],
    )
    note(_("The second factor's code is shown where it is asked for: these accounts are simulated."))
