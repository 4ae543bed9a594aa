"""`sipas doctor`: checks the installation and says what to do about each thing that is amiss."""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import click

from sipas import clock
from sipas.cli.common import example, settings
from sipas.cli.operator.doctor import home_findings, setting_findings
from sipas.cli.operator.doctor.registry_findings import registry
from sipas.cli.operator.doctor.survey_findings import (
    BAD,
    GOOD,
    WARN,
    Finding,
    asked_words,
    fineness_findings,
    screen_findings,
    silence,
    told,
    waves_and_releases,
)
from sipas.cli.operator.doctor.way_findings import not_walked, walked
from sipas.config.settings import Settings
from sipas.errors import SipasError
from sipas.i18n import _, number, say, speaking

if TYPE_CHECKING:
    from sipas.storage.database import Database

Look = Callable[[Settings], Iterator[Finding]]


@click.command(
    help=_("Check the installation: database, keys, snapshots, releases, disk, words."), epilog=example("sipas doctor")
)
@click.option(
    "--probe",
    "probing",
    is_flag=True,
    help=_("Also send a synthetic answer by every way of every point that asks today, as `sipas probe` does."),
)
@click.option(
    "--mend-permissions",
    "mending",
    is_flag=True,
    help=_("First make everything in SIPAS_HOME readable by its owner only."),
)
@click.option(
    "--notify",
    "notifying",
    is_flag=True,
    help=_(
        "Also tell by mail or webhook what is amiss, in Vietnamese, for a timer: each fault at once, again every day, "
        "and when it is mended; a warning once. A server must run. Exit status 3: nobody could be told."
    ),
)
@click.option(
    "--notify-always",
    "always",
    is_flag=True,
    help=_("The same, also where there is nothing to tell: to try the settings."),
)
def doctor(probing: bool, mending: bool, notifying: bool, always: bool) -> None:
    where = settings()
    if notifying or always:
        from sipas.cli.operator.doctor.notifying import tell

        with speaking("vi"):  # whoever reads the mail need not be whoever set up the timer
            sys.exit(tell(where, _printed(where, probing, mending, True), always))
    if any(sign == BAD for sign, _sentence in _printed(where, probing, mending, False)):
        sys.exit(1)


def _printed(where: Settings, probing: bool, mending: bool, watched: bool) -> list[Finding]:
    """All findings, each printed as it is found; `watched`: a server should run, and the certificate that citizens
    meet is looked at."""
    found = []
    for sign, sentence in _findings(where, probing, mending, watched):
        click.echo(f"[{sign:>2}] {sentence}")
        found.append((sign, sentence))
    return found


def _findings(where: Settings, probing: bool, mending: bool, watched: bool) -> Iterator[Finding]:
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
    if mending:
        yield from home_findings.mended(where)
    faults: set[str] = set()  # a damaged database is met again and again
    is_unsound = False  # a database file that was named already, with its way out
    for look in (
        setting_findings.settings,
        home_findings.permissions,
        home_findings.state_files,
        _disk,
        _file_system,
        _words,
        _wordings,
        *_DATABASE,
        *([_answers] if "kiosk" in where.parts else []),
        _service,
        *([_met] if probing or watched else []),
        *([_running] if watched else []),
        _guesses,
        _accounts,
        walked if probing else not_walked,
    ):
        for sign, sentence in _looked(look, where, faults):
            if look is _answers and is_unsound and not _is_full(sentence):
                continue  # a damaged database was named
            is_unsound |= look is _database and sign == BAD and where.url.startswith("sqlite")
            yield sign, sentence


def _is_full(sentence: str) -> bool:
    from sipas.monitoring.answering import FULL
    from sipas.monitoring.findings import REASONS

    return sentence == _(REASONS[FULL])


def _looked(look: Look, where: Settings, faults: set[str]) -> Iterator[Finding]:
    from sipas.storage.condition import fault

    try:
        yield from look(where)
    except Exception as error:  # what is broken is what this command is for: say it, and look on
        known = fault(error, where)
        sentence = told(error) if known is None else say(known)
        if sentence not in faults:
            yield BAD, sentence
        faults.add(sentence)


def _disk(where: Settings) -> Iterator[Finding]:
    from sipas.files.disk_space import RESERVE, Disk, is_reserved, reserve

    disk, spare = Disk.of(where.home), reserve(where.home)
    free = _("{free} GB of {total} GB are free.", free=number(disk.free / 1e9, 1), total=number(disk.total / 1e9, 1))
    yield (
        (WARN, free + " " + _("Make room: a full disk stops the taking of answers.")) if disk.is_low else (GOOD, free)
    )
    if is_reserved(where.home):
        size = number(RESERVE / 2**20)
        yield GOOD, _("{size} MB lie in reserve. When the disk is full, run: rm {path}", size=size, path=spare)
    else:
        yield WARN, _("No room lies in reserve; `sipas serve` sets it aside as it starts, once the disk has room.")


def _answers(where: Settings) -> Iterator[Finding]:
    from sipas.monitoring.findings import answers
    from sipas.storage.database import Database

    return answers(Database.of(where), where)


def _service(where: Settings) -> Iterator[Finding]:
    from sipas.monitoring.findings import service_findings

    return service_findings(where)


def _met(where: Settings) -> Iterator[Finding]:
    """The certificate that citizens meet, which may be a proxy's."""
    from sipas.monitoring.findings import certificate_at_address

    return certificate_at_address(where)


def _running(where: Settings) -> Iterator[Finding]:
    from sipas.monitoring.servers import servers

    if not servers(where.home):
        yield BAD, _("No server runs over this home. See: systemctl status sipas")


def _file_system(where: Settings) -> Iterator[Finding]:
    """Only where it is amiss: nobody can tell from here what lies below the file system."""
    from sipas.files.mounts import is_in_place, mount_of

    kind = mount_of(where.home).copies
    if kind and not is_in_place(where.home):
        yield (
            WARN,
            _(
                "SIPAS_HOME lies on a file system that does not overwrite in place ({kind}): what the night takes away "
                "stays on the disk until the room is used again. See `sipas manual operator`, “What the disk "
                "remembers”.",
                kind=kind,
            ),
        )


def _words(_where: Settings) -> Iterator[Finding]:
    from sipas.i18n import catalog

    for code, domain in (("vi", "messages"), ("en", "instruments")):
        if not catalog(code, domain).info():
            yield BAD, _("The catalog {domain} for {code} is missing; run `make catalogs`.", domain=domain, code=code)
    from surveys import catalogue

    codes = [f"{code} v{versions[-1]}" for code, versions in catalogue().items()]
    yield GOOD, _("Questionnaires: {codes}.", codes=", ".join(codes))


def _wordings(where: Settings) -> Iterator[Finding]:
    from sipas.wordings import shelf

    found = list(shelf.findings(where.home))
    yield from ((BAD, say(error)) for error in found)
    yield from ((WARN, say(error)) for error in shelf.outdated(where.home))
    if (made := shelf.versions(where.home)) and not found:
        names = ", ".join(path.stem for path in made)
        yield GOOD, _("Questionnaires in words put in here, as they were made: {names}.", names=names)


def _accounts(where: Settings) -> Iterator[Finding]:
    """Whether somebody can sign in at the desk, and whether the log is as it was written."""
    from sipas.accounts import audit_log, directory
    from sipas.accounts.store import store_of

    if "desk" not in where.parts:
        return
    store = store_of(where.home)
    amiss = [say(one.error) for one in audit_log.faults(where.home)]
    yield from ((BAD, sentence) for sentence in amiss)
    if not store.exists():
        if not amiss:
            yield (
                GOOD,
                _("Nobody has an account at the desk yet: sipas user add NAME --person PERSON --role administrator"),
            )
        return
    with store.reading() as session:
        known, administrators = directory.listed(session), directory.administrators(session)
        head = audit_log.head(session)
    made_up = [one.name for one in known if one.is_simulated]
    if made_up and not where.paths.demo.exists():
        yield (
            WARN,
            _(
                "These accounts are a demo's, and nobody can sign in with them here: {names}. Put them to rest with "
                "`sipas user rest`.",
                names=", ".join(made_up),
            ),
        )
    if not administrators:
        yield GOOD, _("Nobody has an account at the desk yet: sipas user add NAME --person PERSON --role administrator")
    elif not amiss:
        yield (
            GOOD,
            _("Accounts: {count}. The log is whole, its head {head}.", count=number(len(known)), head=head or 0),
        )


def _guesses(where: Settings) -> Iterator[Finding]:
    from sipas.desk.attempts import ALARM as MANY_PASSWORDS
    from sipas.inviting.guesses import ALARM as MANY_CODES
    from sipas.web.rate_limits import PASSWORDS, UNKNOWN_CODES, RateLimits

    counters, today = RateLimits(where.home), clock.today()
    if (wrong := counters.used(UNKNOWN_CODES, today)) >= MANY_CODES:
        yield (
            WARN,
            _(
                "{wrong} invitation codes that do not exist were tried today: somebody is guessing. See "
                "`sipas manual invitations`.",
                wrong=number(wrong),
            ),
        )
    if (wrong := counters.used(PASSWORDS, today)) >= MANY_PASSWORDS:
        yield (
            WARN,
            _(
                "{wrong} wrong passwords were tried at the desk today: somebody is guessing. See "
                "`sipas manual operator`, “When passwords are guessed”.",
                wrong=number(wrong),
            ),
        )


def _database(where: Settings) -> Iterator[Finding]:
    from sqlalchemy import text

    from sipas.storage.condition import DAMAGED, check, name_of, way_out
    from sipas.storage.database import Database

    database = Database.of(where)
    yield from home_findings.put_aside(database)
    try:
        check(where, database)
    except SipasError as error:
        yield BAD, say(error)
        yield from home_findings.without_database(where)
        return
    kind = database.engine.dialect.name
    yield GOOD, _("The database ({kind}) is at version {version}.", kind=kind, version=database.version())
    if kind == "sqlite":
        with database.reading() as session:
            answer = str(session.execute(text("pragma quick_check(1)")).scalar_one())
            journal = session.execute(text("pragma journal_mode")).scalar_one()
        if answer == "ok":
            yield GOOD, _("The database file is sound.")
        else:
            reason = answer.splitlines()[-1]
            yield BAD, f"{_(DAMAGED, file=name_of(where, database), reason=reason)} {say(way_out(where))}"
        if journal != "wal":
            yield WARN, _("The database is in journal mode {mode}; run `sipas init` to set WAL.", mode=journal)


def _of(look: Callable[[Settings, Database], Iterator[Finding]]) -> Look:
    """A look at the database, where there is one that can be looked at."""

    def looked(where: Settings) -> Iterator[Finding]:
        from sipas.storage.condition import check
        from sipas.storage.database import Database

        database = Database.of(where)
        try:
            check(where, database)
        except SipasError:  # `_database` says it
            return
        yield from look(where, database)

    return looked


def _budgets(where: Settings, database: Database) -> Iterator[Finding]:
    """Points that take no more today, or soon will not."""
    from sipas.fieldwork.points import points
    from sipas.web.rate_limits import Budget, RateLimits

    counters, today, budget = RateLimits(where.home), clock.today(), Budget.of_point(where)
    with database.reading() as session:
        codes = [one.code for one in points(session)]
    for code in codes:
        used = counters.used(f"point {code}", today)
        if used > 0.8 * where.point_day:
            yield (
                WARN,
                _(
                    "Point {point} took {used} answers today and stops at {most} (setting point_day).",
                    point=code,
                    used=number(used),
                    most=number(where.point_day),
                ),
            )
        elif counters.left(f"point {code}", budget) < 0.1 * budget.pool:
            yield (
                WARN,
                _(
                    "Point {point} took {used} answers today, most of them in the last hours: somebody sends many. Its "
                    "budget fills up again within twelve hours; enrolled screens are not concerned.",
                    point=code,
                    used=number(used),
                ),
            )


_DATABASE = (
    _database,
    _of(lambda _where, database: setting_findings.province(database)),
    _of(_budgets),
    _of(lambda _where, database: asked_words(database)),
    _of(waves_and_releases),
    _of(lambda where, database: registry(where.home, database)),
    _of(lambda _where, database: fineness_findings(database)),
    _of(screen_findings),
    _of(lambda where, _database: silence(where)),
    _of(home_findings.endings),
)
