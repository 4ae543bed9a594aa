"""`sipas maintain` and `sipas backup`."""

from __future__ import annotations

import datetime as dt
import os
import shlex
import signal
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sipas import clock
from sipas.cli.common import database, example, note, settings
from sipas.cli.operator.doctor.home_findings import clock_doubts
from sipas.config.settings import Settings
from sipas.config.sources import load_settings
from sipas.files.disk_space import is_full
from sipas.files.state_files import only_for_us
from sipas.i18n import _, say
from sipas.logs import EVENTS, start
from sipas.monitoring import nightly
from sipas.monitoring.signs import FULL

if TYPE_CHECKING:
    from sipas.expiry.gate import Gate
    from sipas.storage.database import Database

AGAIN = 600.0  # seconds after a failure
HOUR = dt.time(2, 30)  # in the province's night


@click.command(
    help=_(
        "Take the order of arrival out of the database files, destroy keys whose days of grace are over, drop waves "
        "whose retention is over, and see which points are silent against their own pattern; also beside a running "
        "server, which does all this every night. While the clock is doubted nothing is destroyed."
    ),
    epilog=example("sipas maintain"),
)
@click.option(
    "--date-is-right",
    "is_right",
    is_flag=True,
    help=_("The clock was doubted, and its date is right: what is due by it is destroyed now. It is logged."),
)
def maintain(is_right: bool) -> None:
    from sipas.intake.maintenance import maintain as run
    from sipas.publishing.retention import end_grace, end_retention

    where = settings()
    base = database(where)
    if is_right:
        _believe(where)
    gate = tonight(base, where)
    for wave in end_grace(base, where.home, gate):
        note(_("The days of grace of wave {wave} are over; its keys were destroyed.", wave=wave))
    for wave in end_retention(base, where.home, gate, _retention(where, gate)):
        note(_("The answers of wave {wave} were dropped, as the retention says; its snapshot stays.", wave=wave))
    _expire(base, where, gate)
    if run(base, where.home):
        note(_("The order of arrival was taken out of the database files."))
    else:
        note(_("No answer came since the last time; nothing was due."))
    for sentence in clock_doubts(where):
        note(sentence)
    for one in _listen(base, where):
        note(_("Point {point} is silent against its own pattern; see `sipas doctor`.", point=one))
    nightly.end(where.home, {})


@click.command(
    help=_("Back up the database into the folder `backups`, without any trace of the order of arrival."),
    epilog=example("sipas backup"),
)
@click.option(
    "--replace",
    "replacing",
    is_flag=True,
    help=_("Then overwrite and delete the backups of earlier days: two side by side tell what came in between."),
)
def backup(replacing: bool) -> None:
    from sipas.backups import backup as run
    from sipas.backups.daily import discard_earlier

    where = settings()
    path = run(where, database(where), f"{clock.today()}")
    note(_("Backup: {copy}", copy=path))
    for gone in discard_earlier(path) if replacing else ():
        note(_("Deleted: {copy}", copy=gone))


@click.command(
    help=_(
        "Replace the database by a backup: all of it or nothing, after its digest was checked; also beside a running "
        "server, and over a database that is damaged, missing or another program's: that is put aside. Keys, snapshots "
        "and releases lie in folders of their own and are not touched; what does not agree with them is named."
    ),
    epilog=example("sipas restore backups/2026-11-24.sqlite"),
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help=_("Replace a database that holds waves; a backup of it is made first."))
def restore(file: Path, force: bool) -> None:
    from sipas.accounts import audit_log
    from sipas.accounts.store import has_accounts
    from sipas.backups import DESK, is_put_aside
    from sipas.backups import restore as run
    from sipas.storage.condition import REPLACED
    from sipas.storage.database import HEAD, Database

    where = settings()
    base = Database.of(where)
    had = has_accounts(where.home)
    before = run(where, base, file, force=force, name=f"{REPLACED}-{clock.today()}")
    audit_log.note(where.home, "", "restore", file.name)
    if had and file.with_name(file.name + DESK).is_file():
        note(_("Accounts and the log of deeds are those that were here; the backup's copy of them was not used."))
    if before and is_put_aside(before):
        note(
            _(
                "What lay there could not be read and was put aside whole: {file}. Whoever repairs databases may find "
                "in it what came after the backup; when nobody needs it any more, destroy it: shred -u {file}*",
                file=before,
            )
        )
    elif before:
        note(_("Backup: {copy}", copy=before))
    if base.version() != HEAD:
        note(_("The database is that of {file} now. Next: `sipas migrate`, then `sipas doctor`.", file=file))
        return
    note(_("The database is that of {file} now. Next: `sipas doctor`.", file=file))
    tell_differences(where, base, file)


def tell_differences(where: Settings, base: Database, restored: Path | None = None) -> None:
    """After a restore: what lies in the home and does not agree with the database, each with its way out."""
    from sipas.publishing.reconcile import asks_for_backup, mismatches
    from sipas.storage.condition import newest_backup

    with base.reading() as session:
        found = list(mismatches(session, where.home))
    if found:
        note(_("Home and database differ; nothing of this was changed:"))
    for one in found:
        note(f"  {say(one.error)}")
    newest = newest_backup(where) if asks_for_backup(found) else None
    if newest and not (restored and newest.samefile(restored)):
        note(_("The newest backup that lies here: sipas restore {backup}", backup=shlex.quote(str(newest))))


def until_next(now: dt.datetime) -> float:
    """Seconds until the next half past two in the province.

    >>> until_next(dt.datetime(2026, 9, 15, 19, 0, tzinfo=dt.timezone.utc))    # two in the night of the 16th
    1800.0
    """
    return clock.seconds_until(HOUR, now)


def main(server: int) -> None:
    """Waits for each night as long as the server that started it (its process number) lives."""
    only_for_us()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is meant for the server, which is followed
    home = load_settings().home
    with nightly.alive(home):
        due = time.monotonic() + first_wait(nightly.last_record(home), clock.now())
        _noted("since", lambda: nightly.expect(home))
        while os.getppid() == server:
            time.sleep(2)
            if time.monotonic() >= due:
                done = upkeep(load_settings())
                due = time.monotonic() + (until_next(clock.now()) if done else AGAIN)


def first_wait(known: nightly.NightRecord | None, now: dt.datetime) -> float:
    """Seconds until the first night of this process: a night that failed, or was cut off with the process before, is
    tried again soon."""
    return AGAIN if known and known.failed else until_next(now)


def upkeep(where: Settings) -> bool:
    """One night's deeds, told in the log and written down; False where all are to be tried again."""
    _noted("begin", lambda: nightly.begin(where.home))
    failed = _deeds_of_a_night(where)
    _noted("end", lambda: nightly.end(where.home, failed))
    return not failed


def _noted(what: str, write: Callable[[], object]) -> None:
    """What cannot be written down keeps no night from being done."""
    try:
        write()
    except OSError as error:
        EVENTS.error("the night's record was not written", extra={"facts": {"what": what, "why": error.strerror}})


def _deeds_of_a_night(where: Settings) -> dict[str, str]:
    """What failed, and why. Each deed fails by itself, and none ends the process: the order of arrival goes, whatever
    else does not work."""
    from sipas.accounts.guesses import guessed_of
    from sipas.files.state_files import sweep
    from sipas.intake.maintenance import maintain as run
    from sipas.publishing.retention import end_grace, end_retention
    from sipas.storage.database import Database
    from sipas.web.rate_limits import GUESSED, RateLimits

    database = Database.of(where)

    @cache  # one judgement of the clock for all that one night destroys; the next night makes its own
    def gate() -> Gate:
        found = tonight(database, where)
        if found.doubted:
            EVENTS.warning("the clock is doubted, nothing is destroyed", extra={"facts": {"clock": str(found.day)}})
        return found

    def listen() -> None:
        if silent := _listen(database, where):
            EVENTS.warning("points are silent", extra={"facts": {"points": len(silent)}})

    deeds: dict[str, Callable[[], object]] = {
        "budgets": lambda: RateLimits(where.home).forget(but=(*GUESSED, *guessed_of(where.home))),
        "leftovers": lambda: [sweep(folder) for folder in (where.home, where.paths.keys)],
        "grace": lambda: end_grace(database, where.home, gate()),
        "retention": lambda: end_retention(database, where.home, gate(), _retention(where, gate())),
        "codes": lambda: _expire(database, where, gate()),
        "order": lambda: EVENTS.info("maintained", extra={"facts": {"due": run(database, where.home)}}),
        "silence": listen,
    }
    failed = {name: why for name, deed in deeds.items() if (why := _why_not_done(name, deed)) is not None}
    database.engine.dispose()
    return failed


def _why_not_done(name: str, deed: Callable[[], object]) -> str | None:
    try:
        deed()
    except Exception as error:
        kind = FULL if is_full(error) else type(error).__name__
        EVENTS.error("maintenance failed", extra={"facts": {"deed": name, "kind": kind}})
        return kind
    return None


def tonight(database: Database, where: Settings) -> Gate:
    """What may be destroyed tonight: one reading of the clock is judged, kept for the next night, and used."""
    from sipas.expiry.trusted_date import ClockReading, end_a_night
    from sipas.publishing.stops import gate

    now = ClockReading.now()
    known = end_a_night(where.home, now)
    with database.reading() as session:
        return gate(session, known, now.day)


def _retention(where: Settings, gate: Gate) -> int:
    """The days that hold tonight."""
    from sipas.publishing import shortened

    return shortened.keep(where.home, where.retention, gate).days


def _believe(where: Settings) -> None:
    from sipas.expiry.trusted_date import ClockReading, believe, look
    from sipas.logs import keep

    now = ClockReading.now()
    before = look(where.home, now)
    if not before.is_doubted:
        note(_("The date, {day}, was not doubted.", day=now.day))
        return
    since = before.since and str(before.since)
    keep(where.home, "the date is right", now.day, clock=str(now.day), believed=since, nights=before.wait)
    believe(where.home, now)
    note(_("The date, {day}, is believed from now on.", day=now.day))


def _expire(database: Database, where: Settings, gate: Gate) -> None:
    """Old invitation codes go before the rewrite, so that nothing is left of them."""
    from sipas.inviting import expire

    with database.writing() as session:
        expire(session, where.home, gate)


def _listen(database: Database, where: Settings) -> list[str]:
    """The points from which nothing comes although something should."""
    from sipas.fieldwork.silence import look_for_silence
    from sipas.intake import live_by_month

    with database.reading() as session:
        found = look_for_silence(session, where.home, live_by_month(session), clock.now(), where.closed_days)
    return [one.point for one in found.silent]


if __name__ == "__main__":
    start()
    main(int(sys.argv[1]))
