"""`sipas doctor`: checks the installation and says what to do about each thing that is amiss."""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Iterator

import click

from sipas import clock
from sipas.commands.common import example, settings
from sipas.errors import SipasError
from sipas.i18n import _, number, say
from sipas.settings import Settings

GOOD, WARN, BAD = "ok", "!", "x"


@click.command(
    help=_("Check the installation: database, keys, snapshots, releases, disk, words."), epilog=example("sipas doctor")
)
@click.option(
    "--probe",
    "probing",
    is_flag=True,
    help=_("Also send a synthetic answer by every way of every point that asks today, as `sipas probe` does."),
)
def doctor(probing: bool) -> None:
    where = settings()
    worst = GOOD
    for sign, sentence in _findings(where, probing):
        click.echo(f"[{sign:>2}] {sentence}")
        worst = max(worst, sign, key=[GOOD, WARN, BAD].index)
    if worst == BAD:
        sys.exit(1)


def _findings(where: Settings, probing: bool) -> Iterator[tuple[str, str]]:
    yield (
        GOOD,
        _(
            "Python {python}, SIPAS {version}.",
            python=sys.version.split()[0],
            version=importlib.metadata.version("sipas"),
        ),
    )
    if not where.home.is_dir():
        yield BAD, _("There is no folder {home}. Run `sipas init`, or set SIPAS_HOME.", home=where.home)
        return
    mode = where.home.stat().st_mode & 0o077
    yield (
        (WARN, _("Others on this machine can look into {home}. Run: chmod 700 {home}", home=where.home))
        if mode
        else (GOOD, _("{home} is readable by its owner only.", home=where.home))
    )
    for look in (_disk, _words, _database, _invitations, _walked if probing else _not_walked):
        try:
            yield from look(where)
        except Exception as error:  # what is broken is what this command is for: say it, and look on
            yield BAD, _told(error)


def _told(error: Exception) -> str:
    """A fault in plain words, whatever its kind."""
    return say(error) if hasattr(error, "template") else _("Not readable: {reason}.", reason=str(error).splitlines()[0])


def _disk(where: Settings) -> Iterator[tuple[str, str]]:
    from sipas.disk import RESERVE, Disk, reserve

    disk, spare = Disk.of(where.home), reserve(where.home)
    free = _("{free} GB of {total} GB are free.", free=number(disk.free / 1e9, 1), total=number(disk.total / 1e9, 1))
    yield (
        (WARN, free + " " + _("Make room: a full disk stops the taking of answers.")) if disk.is_low else (GOOD, free)
    )
    if spare.exists():
        size = number(RESERVE / 2**20)
        yield GOOD, _("{size} MB lie in reserve. When the disk is full, run: rm {path}", size=size, path=spare)
    else:
        yield WARN, _("No room lies in reserve; `sipas serve` sets it aside as it starts, once the disk has room.")


def _words(_where: Settings) -> Iterator[tuple[str, str]]:
    from sipas.i18n import catalog

    for code, domain in (("vi", "messages"), ("en", "instruments")):
        if not catalog(code, domain).info():
            yield BAD, _("The catalog {domain} for {code} is missing; run `make catalogs`.", domain=domain, code=code)
    from surveys import catalogue, load

    codes = [f"{code} v{load(code).version}" for code in catalogue()]
    yield GOOD, _("Questionnaires: {codes}.", codes=", ".join(codes))


def _invitations(where: Settings) -> Iterator[tuple[str, str]]:
    import time

    from sipas.inviting.guesses import ALARM, WINDOW, recent

    wrong = recent(where.home / "guesses.json", time.time())
    if wrong >= ALARM:
        yield (
            WARN,
            _(
                "{wrong} invitation codes that do not exist were tried in the last {minutes} minutes: somebody is "
                "guessing. See docs/invitations.md.",
                wrong=wrong,
                minutes=WINDOW,
            ),
        )


def _database(where: Settings) -> Iterator[tuple[str, str]]:
    from sqlalchemy import text

    from sipas.database import Database

    database = Database.of(where)
    try:
        database.check()
    except SipasError as error:
        yield BAD, say(error)
        return
    kind = database.engine.dialect.name
    yield GOOD, _("The database ({kind}) is at version {version}.", kind=kind, version=database.version())
    if kind == "sqlite":
        with database.reading() as session:
            answer = session.execute(text("pragma quick_check")).scalar_one()
            journal = session.execute(text("pragma journal_mode")).scalar_one()
        yield (
            (GOOD, _("The database file is sound."))
            if answer == "ok"
            else (BAD, _("The database file is damaged ({answer}); restore a backup.", answer=answer))
        )
        if journal != "wal":
            yield WARN, _("The database is in journal mode {mode}; run `sipas init` to set WAL.", mode=journal)
    yield from _budgets(where, database)
    yield from _subjects(where, database)
    yield from _fineness(database)
    yield from _screens(where, database)
    yield from _silence(where)


def _budgets(where: Settings, database) -> Iterator[tuple[str, str]]:  # type: ignore[no-untyped-def]
    """Points that take no more today, or soon will not."""
    from sipas import clock
    from sipas.budgets import Budgets
    from sipas.fieldwork.points import points

    counters, today = Budgets(where.home), clock.today()
    with database.reading() as session:
        codes = [one.code for one in points(session)]
    for code in codes:
        used = counters.used(f"point {code}", today)
        if used > 0.8 * where.point_day:
            yield (
                WARN,
                _(
                    "Point {point} took {used} answers today and stops at {most} (SIPAS_POINT_DAY).",
                    point=code,
                    used=number(used),
                    most=number(where.point_day),
                ),
            )


def _subjects(where: Settings, database) -> Iterator[tuple[str, str]]:  # type: ignore[no-untyped-def]
    from analysis import read_snapshot
    from sipas import keys
    from sipas.fieldwork.points import points
    from sipas.fieldwork.waves import waves
    from sipas.publishing.folder import check_files
    from sipas.publishing.models import SnapshotRecord
    from sipas.publishing.review import releases

    with database.reading() as session:
        for wave in waves(session):
            record = session.get(SnapshotRecord, wave.id)
            try:
                is_over = wave.state == "frozen" and (wave.grace_until is None or clock.today() > wave.grace_until)
                if is_over and keys.held(where.home, wave.code):
                    yield (
                        BAD,
                        _("Wave {wave}: its days of grace are over, its keys are still there.", wave=wave.code)
                        + " "
                        + _("Run: sipas maintain"),
                    )
                for kind in () if is_over else keys.AFTER_GRACE if wave.state == "frozen" else keys.KINDS:
                    keys.load(where.home, wave.code, kind)
                if record and read_snapshot(where.home / "snapshots" / record.file).digest != record.digest:
                    yield (
                        BAD,
                        _("The snapshot of wave {wave} is not the one that was frozen; restore it.", wave=wave.code),
                    )
            except Exception as error:
                yield BAD, _("Wave {wave}: {reason}", wave=wave.code, reason=_told(error))
        if not where.address and any(one.invitation != "none" for one in points(session)):
            yield (
                WARN,
                _("Points ask for invitation codes, but SIPAS_ADDRESS is not set: nothing can be printed for them."),
            )
        listed = releases(session)
    for one in listed:
        if one["state"] == "published":
            try:
                check_files(where.home / "releases" / one["release"], one["digest"])
                yield GOOD, _("Release {code}: every file is the one that was published.", code=one["release"])
            except (SipasError, OSError):
                yield (
                    BAD,
                    _(
                        "Release {code} was changed after it was published; restore its folder from a backup.",
                        code=one["release"],
                    ),
                )


def _fineness(database) -> Iterator[tuple[str, str]]:  # type: ignore[no-untyped-def]
    """How finely the waves that ask now store their answers."""
    from sipas.fieldwork.settled import settled
    from sipas.fieldwork.waves import waves

    with database.reading() as session:
        found = [(one.code, one.detail, settled(session, one)) for one in waves(session) if one.state == "open"]
    for code, detail, outcome in found:
        if outcome:
            bare = [one.code for one in outcome.bare]
            told = _(
                "Wave {wave}: {kept} of {fields} fields keep their detail.",
                wave=code,
                kept=number(outcome.kept),
                fields=number(outcome.fields),
            )
            if bare:
                told += " " + _("Offices that keep none, {count}:", count=number(len(bare))) + " " + ", ".join(bare)
            yield WARN if bare and detail == "frame" else GOOD, told


def _screens(where: Settings, database) -> Iterator[tuple[str, str]]:  # type: ignore[no-untyped-def]
    """The enrolled screens: whether each was heard of, and whether anything it made is missing."""
    from sipas import clock
    from sipas.fieldwork.devices import devices, is_quiet, missing

    with database.reading() as session:
        working = [one for one in devices(session) if not one.device.revoked]
    if not working:
        return
    yield GOOD, _("Screens enrolled: {count}.", count=number(len(working)))
    for one in working:
        device, place = one.device, {"device": one.device.id[:8], "point": one.point.code}
        if is_quiet(device, clock.today()):
            yield WARN, _("Screen {device} at {point} was not heard of for days; see whether it is on.", **place)
        if missing(device) or not device.agrees:
            yield WARN, _("Screen {device} at {point}: what it made and what came differ; see the desk.", **place)
        if device.damaged:
            yield WARN, _("Screen {device} at {point} sent what cannot be read; it is kept sealed.", **place)
        if device.unknown_wave:
            yield (
                WARN,
                _(
                    "Screen {device} at {point} holds answers of wave {wave}, which this database does not know. If an "
                    "older backup was restored, restore the newest one; until then they wait on the screen.",
                    wave=device.unknown_wave,
                    **place,
                ),
            )
    if where.address and not where.address.startswith("https:"):
        yield WARN, _("SIPAS_ADDRESS is not HTTPS; screens cannot seal there. See docs/kiosk-install.md.")


def _silence(where: Settings) -> Iterator[tuple[str, str]]:
    """Points from which nothing comes, as the last night found them."""
    from sipas.fieldwork.silence import last_look

    found = last_look(where.home)
    if found is None:
        yield GOOD, _("Nobody has looked for silent points yet; the night does, and `sipas maintain`.")
        return
    if (clock.today() - found.until).days > 3:
        yield (
            WARN,
            _("Silent points were last looked for on {day}. Is the server running? See its log.", day=found.until),
        )
    if not found.silent:
        yield GOOD, _("No point is silent against its own pattern ({count} have one).", count=number(found.watched))
    if found.is_general:
        yield (
            WARN,
            _(
                "More than half of all points are silent at once: a holiday that SIPAS_CLOSED_DAYS does not name, or "
                "this server's own line."
            ),
        )
    for one in found.silent:
        since = _("since {day}", day=one.since) if one.since else _("{n} answers in that time", n=one.answers)
        yield (
            WARN,
            _(
                "Point {point} is silent: {days} working days ({since}), where {rate} answers a day are usual.",
                point=one.point,
                days=one.days,
                since=since,
                rate=number(one.rate, 1),
            ),
        )


def _not_walked(_where: Settings) -> Iterator[tuple[str, str]]:
    yield (
        GOOD,
        _("Nobody walked the way of an answer now; `sipas doctor --probe` does, at every point that asks today."),
    )


def _walked(where: Settings) -> Iterator[tuple[str, str]]:
    """Every way of every point that asks today, and what was not walked."""
    from sipas.commands.probe import WAYS, asking, walks
    from sipas.database import Database
    from sipas.fieldwork.points import points
    from sipas.fieldwork.waves import open_wave_at

    base, ask = Database.of(where), asking(where)
    whole, resting = dict.fromkeys(WAYS, 0), 0
    with base.reading() as session:
        codes = [place.code for place in points(session)]
    for code in codes:
        try:
            with base.reading() as session:
                open_wave_at(session, code, clock.today())
        except SipasError:
            resting += 1
            continue
        try:
            for way in walks(base, where, ask, code):
                whole[way] += 1
        except SipasError as error:
            yield BAD, _("Point {point}: {reason}", point=code, reason=say(error))
    for way, count in whole.items():
        yield GOOD, _("Walked whole at {count} points: {way}.", count=number(count), way=_(WAYS[way]))
    if resting:
        yield GOOD, _("Not walked: {count} points at which no survey is open today.", count=number(resting))
    yield (
        GOOD,
        _("Not walked: a screen's own scripts and store; open a kiosk and look for yourself.")
        if where.address
        else _("Not walked: the line from citizens to here, for SIPAS_ADDRESS is not set; and a screen's own scripts."),
    )
