"""`sipas maintain` and `sipas backup`."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sipas import clock
from sipas.commands.common import database, example, note, settings
from sipas.i18n import _
from sipas.logs import EVENTS, start
from sipas.settings import Settings

if TYPE_CHECKING:
    from sipas.database import Database

AGAIN = 600.0  # seconds after a failure
HOUR = dt.time(2, 30)  # in the province's night


@click.command(
    help=_(
        "Take the order of arrival out of the database files, destroy keys whose days of grace are over, drop waves "
        "whose retention is over, and see which points are silent against their own pattern; also beside a running "
        "server, which does all this every night."
    ),
    epilog=example("sipas maintain"),
)
def maintain() -> None:
    from sipas.intake.maintenance import maintain as run
    from sipas.publishing.retention import end_grace, end_retention

    where = settings()
    for wave in end_grace(database(where), where.home, clock.today()):
        note(_("The days of grace of wave {wave} are over; its keys were destroyed.", wave=wave))
    for wave in end_retention(database(where), where.home, clock.today(), where.retention):
        note(_("The answers of wave {wave} were dropped, as the retention says; its snapshot stays.", wave=wave))
    _expire(database(where), where)
    if run(database(where), where.home):
        note(_("The order of arrival was taken out of the database files."))
    else:
        note(_("No answer came since the last time; nothing was due."))
    for one in _listen(database(where), where):
        note(_("Point {point} is silent against its own pattern; see `sipas doctor`.", point=one))


@click.command(
    help=_("Back up the database into the folder `backups`, without any trace of the order of arrival."),
    epilog=example("sipas backup"),
)
def backup() -> None:
    from sipas.backups import backup as run

    where = settings()
    path = run(where, database(where), f"{clock.today()}")
    note(_("Backup: {copy}", copy=path))


@click.command(
    help=_(
        "Replace the database by a backup: all of it or nothing, after its digest was checked; also beside a running "
        "server. Keys, snapshots and releases lie in folders of their own and are not touched."
    ),
    epilog=example("sipas restore backups/2026-11-24.sqlite"),
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help=_("Replace a database that holds waves; a backup of it is made first."))
def restore(file: Path, force: bool) -> None:
    from sipas.backups import restore as run
    from sipas.database import Database

    where = settings()
    before = run(where, Database.of(where), file, force=force, name=f"before-restore-{clock.today()}")
    if before:
        note(_("Backup: {copy}", copy=before))
    note(_("The database is that of {file} now. Next: `sipas migrate`, then `sipas doctor`.", file=file))


def every_night() -> None:
    """Starts the nightly upkeep beside the server, as a process: a thread here would lock up workers as they fork."""
    subprocess.Popen([sys.executable, "-m", __name__, str(os.getpid())], stdin=subprocess.DEVNULL)  # noqa: S603 - our own words


def until_next(now: dt.datetime) -> float:
    """Seconds until the next half past two in the province.

    >>> until_next(dt.datetime(2026, 9, 15, 19, 0, tzinfo=dt.timezone.utc))    # two in the night of the 16th
    1800.0
    """
    return clock.seconds_until(HOUR, now)


def main(server: int) -> None:
    """Waits for each night as long as the server that started it (its process number) lives."""
    due = time.monotonic() + until_next(clock.now())
    while os.getppid() == server:
        time.sleep(2)
        if time.monotonic() >= due:
            done = upkeep(Settings.from_environment())
            due = time.monotonic() + (until_next(clock.now()) if done else AGAIN)


def upkeep(where: Settings) -> bool:
    """One night's deeds, told in the log; False where all are to be tried again.

    Each fails by itself, and none ends the process: the order of arrival goes, whatever else does not work.
    """
    from sipas.budgets import GUESSED, Budgets
    from sipas.database import Database
    from sipas.intake.maintenance import maintain as run
    from sipas.publishing.retention import end_grace, end_retention

    database = Database.of(where)

    def grace() -> None:
        for wave in end_grace(database, where.home, clock.today()):
            EVENTS.info("keys destroyed", extra={"facts": {"wave": wave}})

    def listen() -> None:
        if silent := _listen(database, where):
            EVENTS.warning("points are silent", extra={"facts": {"points": len(silent)}})

    deeds: dict[str, Callable[[], object]] = {
        "budgets": lambda: Budgets(where.home).forget(but=GUESSED),
        "grace": grace,
        "retention": lambda: end_retention(database, where.home, clock.today(), where.retention),
        "codes": lambda: _expire(database, where),
        "order": lambda: EVENTS.info("maintained", extra={"facts": {"due": run(database, where.home)}}),
        "silence": listen,
    }
    failed = [name for name, deed in deeds.items() if not _done(name, deed)]
    database.engine.dispose()
    return not failed


def _done(name: str, deed: Callable[[], object]) -> bool:
    try:
        deed()
    except Exception as error:
        EVENTS.error("maintenance failed", extra={"facts": {"deed": name, "kind": type(error).__name__}})
        return False
    return True


def _expire(database: Database, where: Settings) -> None:
    """Old invitation codes go before the rewrite, so that nothing is left of them."""
    from sipas.inviting import expire

    with database.writing() as session:
        expire(session, where.home, clock.today())


def _listen(database: Database, where: Settings) -> list[str]:
    """The points from which nothing comes although something should."""
    from sipas.fieldwork.silence import look
    from sipas.intake import live_by_month

    with database.reading() as session:
        found = look(session, where.home, live_by_month(session), clock.now(), where.closed_days)
    return [one.point for one in found.silent]


if __name__ == "__main__":
    start()
    main(int(sys.argv[1]))
