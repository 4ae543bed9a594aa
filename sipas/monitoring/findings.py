"""What is amiss with the service itself, in sentences for `sipas doctor`, the desk, and whoever is notified."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from sipas import clock
from sipas.backups.daily import last_backup_made
from sipas.config.settings import Settings
from sipas.errors import N_
from sipas.i18n import _, number
from sipas.monitoring import answering, nightly
from sipas.monitoring.servers import SOON, servers
from sipas.monitoring.signs import BAD, FULL, GOOD, Finding
from sipas.storage.database import Database
from sipas.web import certificates
from sipas.web.certificates import Certificate

ALLOWANCE = dt.timedelta(
    hours=2
)  # by which a daily backup may be later than a day: timers wait a little, and it takes time

REASONS = {
    answering.FULL: N_(
        "No answer can be stored now: the disk is full. Make room (SIPAS_HOME/reserve may be deleted); then answers "
        "are taken again at once."
    ),
    answering.BUSY: N_(
        "No answer can be stored now: a long write holds the database. If this does not pass within minutes, look "
        "which command is at work."
    ),
    answering.AWAY: N_(
        "No answer can be stored now: the database cannot be reached or written to. Look at the disk, and at whose "
        "the files in SIPAS_HOME are."
    ),
    answering.KEY: N_(
        "No answer can be stored now: a key of a wave that asks today is missing, damaged, or not this user's to read."
    ),
    answering.VERSION: N_("No answer can be stored now: the database is missing, or does not fit this program."),
}
NO_SERVER = N_(
    "No answer can be stored now: PostgreSQL cannot be reached or written to. See whether it runs, and at its disk and "
    "its log."
)
DEEDS = {
    "budgets": N_("wipe the counters"),
    "leftovers": N_("wipe what a power cut left"),
    "grace": N_("destroy keys that are due"),
    "retention": N_("drop answers that are due"),
    "codes": N_("delete invitation codes that are due"),
    "order": N_("take out the order of arrival"),
    "silence": N_("look for silent points"),
    nightly.UNFINISHED: N_("end what it had begun"),
}


def service_findings(where: Settings, now: dt.datetime | None = None) -> Iterator[Finding]:
    """The night, certificates and backups: each as it stands."""
    now = now or clock.now()
    yield from night(where, now)
    for one in servers(where.home):
        if one.certificate:
            found = list(certificate_ends(one.certificate, now))
            yield from found or [
                (GOOD, _("The certificate holds until {day}.", day=clock.local(one.certificate.ends).date()))
            ]
    yield from backups(where, now)


def answers(database: Database, where: Settings) -> Iterator[Finding]:
    """Whether an answer can be stored now."""
    reason = answering.why_no_answer(database, where)
    if not reason:
        yield GOOD, _("An answer can be stored now.")
    elif reason == answering.AWAY and database.file is None:
        yield BAD, _(NO_SERVER)
    else:
        yield BAD, _(REASONS[reason])


def night(where: Settings, now: dt.datetime) -> Iterator[Finding]:
    """When the last good night was, what failed since, and whether somebody sees to the next."""
    running = servers(where.home)
    if any(not one.is_starting for one in running) and not nightly.is_alive(where.home):
        yield (
            BAD,
            _(
                "The server runs, and the process that does the nightly upkeep does not. It is started again by itself "
                "within minutes; if this stays, restart the server and read its log."
            ),
        )
    known = nightly.last_record(where.home)
    if known is None:
        yield GOOD, _("No night has passed here yet.")
        return
    when = _moment(known.good) if known.good else ""
    if known.failed and known.tried:
        no_room = _("the disk is full")
        deeds = "; ".join(
            _(DEEDS.get(deed, deed)) + (f" ({no_room if why == FULL else why})" if why else "")
            for deed, why in known.failed.items()
        )
        yield (
            BAD,
            _(
                "The nightly upkeep of {moment} could not: {deeds}. A running server tries again every ten minutes; "
                "its log says more. By hand: sipas maintain",
                moment=_moment(known.tried),
                deeds=deeds,
            ),
        )
    if known.is_late(now):
        yield (
            BAD,
            (
                _("The last good night was that of {moment}.", moment=when)
                if when
                else _("No night was good since {moment}.", moment=_moment(known.since))
            )
            + " "
            + _(
                "Is the server running? Until a good night the order of arrival stays in the files. Run: sipas maintain"
            ),
        )
    elif when and not known.failed:
        yield GOOD, _("The last good night was that of {moment}.", moment=when)


def certificate_ends(certificate: Certificate, now: dt.datetime | None = None) -> Iterator[Finding]:
    """Nothing while it holds for another month."""
    now = now or clock.now()
    names, day = ", ".join(certificate.names), clock.local(certificate.ends).date()
    if certificate.ends <= now:
        yield (
            BAD,
            _(
                "The certificate for {names} ended on {day}: browsers refuse it, and kiosks cannot send. Make a new "
                "one (`sipas manual kiosk-install`), then restart the server.",
                names=names,
                day=day,
            ),
        )
    elif certificate.ends - now <= SOON:
        yield (
            BAD,
            _(
                "The certificate for {names} ends on {day}, in {days} days. Make a new one "
                "(`sipas manual kiosk-install`), "
                "then restart the server.",
                names=names,
                day=day,
                days=number((certificate.ends - now).days),
            ),
        )


def certificate_at_address(where: Settings) -> Iterator[Finding]:
    """The certificate that whoever asks at the address of the settings is shown, by this server or by one before it."""
    if not where.address.startswith("https:"):
        return
    try:
        shown = certificates.shown_at(where.address)
    except (OSError, ValueError) as error:
        yield BAD, _("Nobody answers at {address}: {reason}.", address=where.address, reason=str(error))
        return
    day = clock.local(shown.ends).date()
    found = list(certificate_ends(shown))
    yield from found or [(GOOD, _("The certificate at {address} holds until {day}.", address=where.address, day=day))]


def backups(where: Settings, now: dt.datetime) -> Iterator[Finding]:
    """The newest backup, where backups are this program's affair and there is something to lose."""
    if not where.backup_days:
        return
    made = last_backup_made(where.paths.backups)
    if made and now - made <= dt.timedelta(days=where.backup_days) + ALLOWANCE:
        yield GOOD, _("The newest backup is of {moment}.", moment=_moment(made))
    elif made:
        yield (
            BAD,
            _("The newest backup is of {moment}. Run: sipas backup --replace", moment=_moment(made)),
        )
    elif _is_long_in_use(where, now):
        yield BAD, _("There is no backup yet. Run: sipas backup")


def _is_long_in_use(where: Settings, now: dt.datetime) -> bool:
    known = nightly.last_record(where.home)
    return known is not None and now - known.since > dt.timedelta(days=where.backup_days) + ALLOWANCE


def _moment(moment: dt.datetime) -> str:
    return f"{clock.local(moment):%Y-%m-%d %H:%M}"
