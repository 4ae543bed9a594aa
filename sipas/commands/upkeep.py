"""`sipas maintain` and `sipas backup`."""

from __future__ import annotations

import datetime as dt
import threading

import click

from sipas import clock
from sipas.commands.common import database, example, note, settings
from sipas.i18n import _
from sipas.logs import EVENTS
from sipas.settings import Settings

HOUR = dt.time(2, 30)  # in the province's night


@click.command(
    help=_(
        "Take the order of arrival out of the database files; also beside a running server, which does it every night."
    ),
    epilog=example("sipas maintain"),
)
def maintain() -> None:
    from sipas.intake.maintenance import maintain as run

    where = settings()
    if run(database(where), where.home):
        note(_("The order of arrival was taken out of the database files."))
    else:
        note(_("No answer came since the last time; nothing was due."))


@click.command(
    help=_("Back up the database into the folder `backups`, without any trace of the order of arrival."),
    epilog=example("sipas backup"),
)
def backup() -> None:
    from sipas.migrations import backup as run

    where = settings()
    path = run(where, database(where), f"{clock.today()}")
    note(_("Backup: {copy}", copy=path))


def every_night(where: Settings) -> None:
    """Starts the nightly upkeep in the server's first process, beside its workers."""
    threading.Thread(target=_nightly, args=(where, threading.Event()), daemon=True).start()


def until_next(now: dt.datetime) -> float:
    """Seconds until the next half past two in the province.

    >>> until_next(dt.datetime(2026, 9, 15, 19, 0, tzinfo=dt.timezone.utc))    # two in the night of the 16th
    1800.0
    """
    local = clock.local(now)
    today = local.replace(hour=HOUR.hour, minute=HOUR.minute, second=0, microsecond=0)
    due = today if today > local else today + dt.timedelta(days=1)
    return (due - local).total_seconds()


def _nightly(where: Settings, stop: threading.Event) -> None:
    from sipas.database import Database
    from sipas.intake.maintenance import maintain as run

    while not stop.wait(until_next(clock.now())):
        try:
            done = run(Database.of(where), where.home)
            EVENTS.info("maintained", extra={"facts": {"due": done}})
        except Exception as error:  # the server goes on; the operator reads why
            EVENTS.error("maintenance failed", extra={"facts": {"kind": type(error).__name__}})
