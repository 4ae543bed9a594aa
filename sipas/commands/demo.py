"""`sipas demo`: a whole province to look at, with made-up answers."""

from __future__ import annotations

import time

import click

from sipas import clock
from sipas.commands.common import example, note, print_table, settings
from sipas.commands.desk import new_password
from sipas.i18n import _, number, percent


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
    from sipas.commands.serve import refuse_taken, run
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
    note("")
    note(_("All dossiers and answers of the demo are simulated. They lie in {home}.", home=where.home))
    note(_("A kiosk:        {url}", url=f"{address}/k/kiosk-03646"))
    note(_("The results:    {url}", url=f"{address}/results/{code}/"))
    note(_("The desk:       {url}   password: {password}", url=f"{address}/desk", password=_password(where.home)))
    if not no_serve:
        run("127.0.0.1", port, where.workers)


def _print_indices(home, database) -> str:  # type: ignore[no-untyped-def]
    """The released indices beside the truth they were simulated from."""
    from sipas.demo import FINISHED, province
    from sipas.publishing.shelf import issues

    issue = next(one for one in issues(home) if one.manifest["wave"]["code"] == FINISHED)
    with database.reading() as session:
        truth = province(session).truth
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


def _password(home) -> str:  # type: ignore[no-untyped-def]
    """The demo's desk password: made once, kept for the next start."""
    from sipas.desk.access import set_password

    path = home / "keys" / "demo.password"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(new_password())
        set_password(home, path.read_text())
    return path.read_text()
