"""What `sipas doctor` finds of the survey itself: keys, snapshots, releases, enrolled screens, silent points."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING

from sipas import clock
from sipas.cli import operating_errors
from sipas.config.settings import Settings
from sipas.i18n import _, number, say
from sipas.monitoring.signs import BAD, GOOD, WARN, Finding

if TYPE_CHECKING:
    from sipas.storage.database import Database


def told(error: Exception) -> str:
    """A fault in plain words, whatever its kind."""
    if hasattr(error, "template"):
        return say(error)
    return operating_errors.told(error) or _("Not readable: {reason}.", reason=(str(error) or "?").splitlines()[0])


def asked_words(database: Database) -> Iterator[Finding]:
    """Waves whose questionnaire is not there, or is not the one that was asked."""
    from sipas.fieldwork.waves import waves
    from surveys import SurveyError, load

    with database.reading() as session:
        asked = [(wave.code, wave.instrument, wave.version) for wave in waves(session)]
    for code, instrument, version in asked:
        try:
            load(instrument, version)
        except SurveyError as error:
            yield (
                BAD,
                _("Wave {wave} asks {instrument} v{version}: {reason}", wave=code, instrument=instrument,
                  version=version, reason=say(error)),
            )  # fmt: skip


def waves_and_releases(where: Settings, database: Database) -> Iterator[Finding]:
    """Keys, snapshots and published releases: whether each is there, or gone, as it should be."""
    from sipas.expiry.trusted_date import look
    from sipas.fieldwork.ended import was_frozen
    from sipas.fieldwork.points import points
    from sipas.fieldwork.waves import waves
    from sipas.keyring import wave_keys
    from sipas.publishing.endings import last_of_grace
    from sipas.publishing.frozen import frozen_snapshot
    from sipas.publishing.key_losses import lost
    from sipas.publishing.models import SnapshotRecord
    from sipas.publishing.reconcile import asks_for_backup, mismatches
    from sipas.publishing.review import releases
    from sipas.publishing.stops import gate
    from sipas.storage.condition import newest_backup

    known = look(where.home)
    with database.reading() as session:
        for wave in waves(session):
            record = session.get(SnapshotRecord, wave.id)
            try:
                opened = gate(session, known, clock.today())
                is_over = wave.state == "frozen" and clock.today() > last_of_grace(wave)
                is_due = is_over and opened.lets(wave.id, last_of_grace(wave))
                if is_due and wave_keys.held(where.home, wave.code):
                    yield (
                        BAD,
                        _("Wave {wave}: its days of grace are over, its keys are still there.", wave=wave.code)
                        + " "
                        + _("Run: sipas maintain"),
                    )
                gone = () if was_frozen(where.home, wave) else lost(session, where.home, wave, clock.today())
                for kind in gone:
                    reason = say(wave_keys.missing(where.home, wave.code, kind, wave.state))
                    level = WARN if (wave.state, kind) == ("frozen", "seal") else BAD  # then nothing need be done
                    yield level, _("Wave {wave}: {reason}", wave=wave.code, reason=reason)
                if wave.stage == "freezing" and not gone:  # else it is refused until the keys are back, or said lost
                    yield (
                        BAD,
                        _(
                            "Wave {wave}: its freezing was begun and not ended. Run: sipas freeze {wave}",
                            wave=wave.code,
                        ),
                    )
                if record:
                    frozen_snapshot(where.home, wave, record)
            except Exception as error:
                yield BAD, _("Wave {wave}: {reason}", wave=wave.code, reason=told(error))
        if not where.address and any(one.invitation != "none" for one in points(session)):
            yield (
                WARN,
                _(
                    "Points ask for invitation codes, but no address is set, so nothing can be printed for them. "
                    "Run: sipas config set address URL"
                ),
            )
        found = list(mismatches(session, where.home))
        published = [one["release"] for one in releases(session) if one["state"] == "published"]
    differing = {one.about for one in found}
    for code in published:
        if code not in differing:
            yield GOOD, _("Release {code}: every file is the one that was published.", code=code)
    yield from ((BAD, say(one.error)) for one in found)
    if asks_for_backup(found) and (newest := newest_backup(where)):
        yield GOOD, _("The newest backup that lies here: sipas restore {backup}", backup=shlex.quote(str(newest)))


def fineness_findings(database: Database) -> Iterator[Finding]:
    """How finely the waves that ask now store their answers."""
    from sipas.fieldwork.small_cells.report import settled
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


def screen_findings(where: Settings, database: Database) -> Iterator[Finding]:
    """The enrolled screens: whether each was heard of, and whether anything it made is missing."""
    from sipas.fieldwork.devices import devices, is_quiet, missing_messages

    with database.reading() as session:
        working = [one for one in devices(session) if not one.device.revoked]
    if not working:
        return
    yield GOOD, _("Screens enrolled: {count}.", count=number(len(working)))
    for one in working:
        device, place = one.device, {"device": one.device.id[:8], "point": one.point.code}
        if is_quiet(device, clock.today()):
            yield WARN, _("Screen {device} at {point} was not heard of for days; see whether it is on.", **place)
        if missing_messages(device) or not device.agrees:
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
        yield (
            WARN,
            _(
                "The address {address} is not HTTPS; screens cannot seal there. See `sipas manual kiosk-install`.",
                address=where.address,
            ),
        )


def silence(where: Settings) -> Iterator[Finding]:
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
                "More than half of all points are silent at once: a holiday that the setting closed_days does not "
                "name, or this server's own line."
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
