"""What `sipas doctor` finds of the home folder: who may read it, damaged files, a doubted clock, what ends soon."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from sipas import clock
from sipas.cli.operator.doctor.survey_findings import BAD, GOOD, WARN, Finding
from sipas.config.settings import Settings
from sipas.files.state_files import Damaged
from sipas.i18n import _, number, say

if TYPE_CHECKING:
    from sipas.publishing.endings import Ending
    from sipas.storage.database import Database


def permissions(where: Settings) -> Iterator[Finding]:
    """Whether anybody but its owner can look into the home."""
    from sipas.config.permissions import open_secrets, too_open

    found = too_open(where.home)
    if not found:
        yield GOOD, _("{home} is readable by its owner only.", home=where.home)
        return
    yield (
        BAD if open_secrets(where.home) else WARN,
        _(
            "{count} folders and files in {home} can be read by other users of this machine, such as {path}. Run: "
            "sipas doctor --mend-permissions",
            count=number(len(found)),
            home=where.home,
            path=found[-1],
        ),
    )


def mended(where: Settings) -> Iterator[Finding]:
    """What `--mend-permissions` did."""
    from sipas.config.permissions import mend

    done, left = mend(where.home)
    yield GOOD, _("{count} folders and files were made readable by their owner only.", count=number(done))
    if left:
        yield (
            BAD,
            _(
                "The rights of {count} files cannot be changed, such as {path}; see whose they are.",
                count=number(len(left)),
                path=left[0],
            ),
        )


def state_files(where: Settings) -> Iterator[Finding]:
    """Every small file of state, read as its owner reads it: those that are damaged."""
    from sipas.accounts import audit_log
    from sipas.desk import access
    from sipas.expiry import trusted_date
    from sipas.fieldwork.dossier_form.meanings import kept_meanings
    from sipas.fieldwork.silence import found_at_last
    from sipas.intake import ways
    from sipas.intake.maintenance import rows_at_last
    from sipas.intake.redemption_journal import RedemptionJournal
    from sipas.monitoring import nightly, told
    from sipas.publishing import release_codes, shortened

    folder = where.paths.keys
    looks: list[Callable[[], object]] = [
        lambda: rows_at_last(where.home),
        lambda: trusted_date.last_night(where.home),
        lambda: shortened.last_night(where.home),
        lambda: release_codes.check(where.home),
        lambda: found_at_last(where.home),
        lambda: access.former_hash(where.home),
        lambda: audit_log.kept_head(where.home),
        RedemptionJournal(where.home).check,
        lambda: ways.check(where.home),
        lambda: nightly.found_record(where.home),
        lambda: told.check(where.home),
        lambda: kept_meanings(where.home),
        *(_secret(where, path.stem) for path in sorted(folder.glob("*.secret"))),
        *(_key(where, path.name) for path in sorted(folder.glob("*.*.key"))),
    ]
    found = []
    for look in looks:
        try:
            look()
        except Damaged as error:
            found.append(say(error))
    yield from ((BAD, sentence) for sentence in found)
    if not found:
        yield GOOD, _("Keys, secrets and marks are whole.")


def _secret(where: Settings, name: str) -> Callable[[], object]:
    return lambda: where.secret(name)


def _key(where: Settings, name: str) -> Callable[[], object]:
    from sipas.keyring import wave_keys

    wave, kind, _ending = name.rsplit(".", 2)
    return lambda: wave_keys.load(where.home, wave, kind)


def put_aside(database: Database) -> Iterator[Finding]:
    """Databases that nobody could read when a backup was restored in their place."""
    from sipas.backups.sqlite import aside

    for path in aside(database):
        yield (
            WARN,
            _(
                "{file} was put aside when a backup was restored, for it could not be read. It may hold answers that "
                "came after the backup, and their order. When nobody needs it any more: shred -u {file}*",
                file=path,
            ),
        )


def without_database(where: Settings) -> Iterator[Finding]:
    """Snapshots and releases held against what they say of themselves, where no database says what they should be."""
    from analysis import AnalysisError, read_snapshot
    from analysis.data.snapshot import verified
    from sipas.publishing.bundle import ChangedFiles, bundle_digest, check_files
    from sipas.publishing.disorder import CHANGED
    from sipas.publishing.published import published_releases, strangers

    whole = 0
    for path in sorted(where.paths.snapshots.glob("*.parquet")):
        try:
            verified(read_snapshot(path))
            whole += 1
        except AnalysisError as error:
            yield BAD, say(error)
    odd = dict(strangers(where.home))
    for one in published_releases(where.home):
        if one.code in odd:
            continue
        try:
            check_files(one.folder, bundle_digest(one.folder))
            whole += 1
        except (ChangedFiles, OSError):
            yield BAD, _(CHANGED, code=one.code)
    for name, problem in odd.items():
        yield BAD, f"releases/{name}: {say(problem)}"
    yield GOOD, _("{count} snapshots and releases are as they say of themselves.", count=number(whole))


def clock_doubts(where: Settings) -> list[str]:
    """What is to be said of a clock that is doubted."""
    from sipas.expiry.trusted_date import look

    known = look(where.home)
    if not known.is_doubted:
        return []
    known_day = (
        _("the last night that was believed was that of {day}", day=known.since)
        if known.since
        else _("no earlier night is known here")
    )
    return [
        _(
            "The clock says {today}; {known}. Until it is believed nothing is destroyed by the date: {wait} more "
            "nights at most. If the date is right: sipas maintain --date-is-right. If it is wrong, set the clock.",
            today=clock.today(),
            known=known_day,
            wait=known.wait,
        )
    ]


def endings(where: Settings, database: Database) -> Iterator[Finding]:
    """A doubted clock, and what the nights to come will destroy."""
    from sipas.publishing import shortened
    from sipas.publishing.endings import endings as listed

    yield from ((WARN, sentence) for sentence in clock_doubts(where))
    held = shortened.look(where.home, where.retention, clock.today())
    if held.begins:
        yield (
            WARN,
            _(
                "The retention was shortened from {days} days to {shorter}: from {day} on the night drops the "
                "answers of every wave that was frozen longer ago. If that was a slip, set it back.",
                days=held.days,
                shorter=held.shorter,
                day=held.begins,
            ),
        )
    with database.reading() as session:
        found = listed(session, where.home, held.days, clock.today())
    yield from ((WARN, said(one)) for one in found)


def said(one: Ending) -> str:
    """What ends, and when, in a sentence."""
    words = {
        "keys": _("The night of {day} destroys the keys of wave {wave}: its days of grace are over.", **_of(one)),
        "answers": _(
            "The night of {day} drops the answers and comments of wave {wave}; its snapshot stays.", **_of(one)
        ),
        "codes": _("The night of {day} deletes invitation codes of wave {wave} that ran out.", **_of(one)),
    }[one.what]
    if one.stopped:
        return words + " " + _("Two people stopped it until {day}.", day=one.stopped)
    return words + " " + _("If that must wait: sipas wave stop-destruction {wave}", wave=one.wave)


def _of(one: Ending) -> dict[str, object]:
    return {"day": one.due, "wave": one.wave}
