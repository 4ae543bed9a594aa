"""What an enrolled device sends: sealed messages, each opened and taken through the first door by itself.

A message is told apart by what it is (SHA-256 of its bytes): the same one again is known, whatever else came between.
Each has one outcome, said only after its transaction is stored:

unknown   its wave is not known here, as after an older backup was restored; the device keeps it and asks again
stored    new, and in the database now
known     was stored before
late      came after its wave was frozen, or was given after the wave's last day; its answer is counted once, not added
damaged   does not open, or says what no form of ours says; put aside, sealed as it came
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from werkzeug.datastructures import MultiDict

from sipas import clock
from sipas.errors import N_, NoOpenWave, NotReady, NotStored, SipasError
from sipas.fieldwork.asking import AskingPoint, asking_in
from sipas.fieldwork.ended import was_frozen
from sipas.fieldwork.models import FORMS, ON_SCREENS, Device, Point, Wave
from sipas.fieldwork.waves import is_wave_code, wave_of
from sipas.i18n.languages import KNOWN
from sipas.intake import Answers, Visit
from sipas.intake.receive import Outcome, keep_sealed, receive, receive_comment
from sipas.intake.record import count_late
from sipas.intake.sealed import KINDS, Context, SealedText, unsealed
from sipas.intake.submission_keys import late_mark
from sipas.intake.ways import Way
from sipas.keyring import wave_keys
from sipas.kiosk.fast_validation import Sent
from sipas.kiosk.forms import form_for
from sipas.kiosk.point_view import PointView
from sipas.storage.database import Database

MOST = 20  # messages in a batch; with their wrapping under the 64 kB that any request may have

NOTHING = Answers(b"")  # of a comment that comes by itself
WORDS = {Outcome.STORED: "stored", Outcome.RESENT: "known", Outcome.LATE: "late"}


@dataclass(frozen=True)
class SealedMessage:
    """A sealed message, and of which wave it says to be."""

    wave: str
    sealed: bytes
    is_comment: bool = False  # as the device says; believed only where nobody can open it any more

    @property
    def digest(self) -> bytes:
        return hashlib.sha256(self.sealed).digest()

    @property
    def submission(self) -> str:
        """The random id of what it says: whoever sealed it drew a new key for each."""
        return self.digest.hex()[:32]


@dataclass(frozen=True)
class BatchReceiver:
    """Where messages of one device are taken: the database, the keys, the point, the moment, and whether the device's
    clock can be believed."""

    database: Database
    home: Path
    point: Point
    now: dt.datetime
    clock_holds: bool
    enrolled: str  # month
    is_probe: Callable[[str], bool] = lambda _shown: False  # whether a synthetic answer is one of this installation

    @property
    def _channel(self) -> str:
        """By what people answer on an enrolled screen of this point, whatever the point was changed to since."""
        return self.point.channel if self.point.channel in ON_SCREENS else "kiosk"

    def take(self, messages: list[SealedMessage]) -> list[str]:
        """Each message's outcome, in the order in which they came; they are taken in another."""
        outcomes = [""] * len(messages)
        for place in secrets.SystemRandom().sample(range(len(messages)), len(messages)):
            outcomes[place] = self._take(messages[place])
        return outcomes

    def _take(self, message: SealedMessage) -> str:
        try:
            with self.database.reading() as session:
                wave = wave_of(session, message.wave)
        except SipasError:
            return "unknown" if is_wave_code(message.wave) else self._aside(message, "damaged")
        try:
            key = wave_keys.seal_private(self.home, wave.code)
        except NotReady:
            if wave.state != "frozen" and not was_frozen(self.home, wave):
                raise
            return self._late(message, wave, message.is_comment)  # the key is gone: nobody can open this any more
        kind, text = self._open(message, wave, key)
        said = SealedText.of(text) if text is not None else None
        if said is None:
            return self._aside(message, "damaged" if text is None else "strange")
        try:
            return self._store(message, wave, kind, said)
        except NoOpenWave:
            return self._late(message, wave, kind == "comment")
        except (NotStored, NotReady):
            raise  # the database's fault or a missing key's, not the message's: it stays on the device
        except (SipasError, LookupError):
            return self._aside(message, "strange")

    def _open(self, message: SealedMessage, wave: Wave, key: X25519PrivateKey) -> tuple[str, str | None]:
        for kind in KINDS:
            context = Context(wave.code, self.point.code, wave.instrument, str(wave.version), kind)
            text = unsealed(message.sealed, key, context)
            if text is not None:
                return kind, text
        return "", None

    def _late(self, message: SealedMessage, wave: Wave, is_comment: bool) -> str:
        if not is_comment:
            id_key = wave_keys.find(self.home, wave.code, "id")  # None after the days of grace, with all marks
            mark = late_mark(id_key, message.submission) if id_key else None
            self.database.write(lambda connection: count_late(connection, wave.id, self.point.id, mark), "answer")
        return "late"

    def _aside(self, message: SealedMessage, reason: str) -> str:
        keep_sealed(self.database, message.sealed, wave=message.wave, point=self.point.id, reason=reason)
        return "damaged"

    def _store(self, message: SealedMessage, wave: Wave, kind: str, said: SealedText) -> str:
        believed = self.clock_holds and not said.doubt and said.month >= self.enrolled
        moment = placed(wave, said.week, said.month, self.now, believed)
        day = clock.local(moment).date()
        with self.database.reading() as session:
            asking = asking_in(session, self.point.code, wave.code, day, self.home)
        today = clock.local(self.now).date()
        submission, still_open = message.submission, partial(asking.still_open, said_on=day, today=today)
        if kind == "comment":
            codes = asking.codes(said.fields["service"][0], self._channel)
            visit, text = Visit(wave.code, codes, NOTHING, moment, "vi"), said.fields["comment"][0]
            outcome = receive_comment(
                self.database, self.home, visit, text, submission=submission, still_open=still_open
            )
        else:
            visit = self._visit(asking, said, moment)
            outcome = receive(
                self.database, self.home, visit, submission=submission, way=Way.SCREEN, still_open=still_open
            )
        return WORDS[outcome]

    def _visit(self, asking: AskingPoint, said: SealedText, moment: dt.datetime) -> Visit:
        """The visit that a sealed answer tells of; raises LookupError where it tells of none."""
        if said.form not in FORMS or said.language not in KNOWN:
            raise LookupError(said.form)
        if said.unfinished and asking.wave.partial != "keep":
            raise LookupError("this wave keeps no unfinished form")
        place = PointView.of(asking)
        asked = form_for(place.instrument_code, place.instrument_version, said.form, said.language)
        form = Sent(asked, place.services, MultiDict(said.fields))
        if not form.validate():
            raise LookupError("not an answer of this form")
        codes = asking.codes(form.service.data, self._channel, said.form)
        if said.unfinished:
            codes = codes.left_unfinished()
        if said.probe and self.is_probe(said.probe):
            codes = codes.synthetic()
        answers = Answers.of(form.instrument, said.form, form.answers())
        return Visit(asking.wave.code, codes, answers, moment, said.language, **form.profile())


def placed(wave: Wave, week: str, month: str, now: dt.datetime, believed: bool) -> dt.datetime:
    """A moment that stands for the device's week and month: the first day of both in which the wave asked.

    Where the device's clock is not believed, or says what cannot be (a week to come, or before the wave), the server's
    own day stands for it, or the wave's last day where that is over. Raises NoOpenWave where the answer was given after
    the wave's last day: nobody asked then.
    """
    today = clock.local(now).date()
    last = min(wave.closes_on or today, today)
    days = _days(week, month) if believed else []
    if days and wave.opens_on <= days[-1] and days[0] <= today:
        if days[0] > last:
            raise NoOpenWave(N_("This was given after the last day of wave {wave}."), wave=wave.code)
        day = max(days[0], wave.opens_on)
    else:
        day = max(last, wave.opens_on)
    return dt.datetime.combine(day, dt.time(12), clock.ZONE)


def _days(week: str, month: str) -> list[dt.date]:
    """The days that lie in an ISO week such as 2026-W38 and in a month such as 2026-09.

    >>> [day.day for day in _days("2026-W40", "2026-10")], _days("2026-W40", "2026-12"), _days("x", "y")
    ([1, 2, 3, 4], [], [])
    """
    try:
        monday = dt.date.fromisoformat(f"{week}-1")
    except ValueError:
        return []
    return [day for day in (monday + dt.timedelta(days=i) for i in range(7)) if f"{day:%Y-%m}" == month]


@dataclass(frozen=True)
class Report:
    """What a device says of itself with each batch: counts, never a list."""

    batch: int
    made: int
    waiting: int
    settled: int
    settled_sum: bytes
    persistent: bool | None
    software: str
    clock: int  # seconds since 1970, by its own clock


def book_batch(
    device: Device, report: Report, messages: list[SealedMessage], outcomes: list[str], now: dt.datetime
) -> None:
    """Writes what came into the device's books; a batch that came twice is counted once."""
    done = [one for one, what in zip(messages, outcomes, strict=True) if what != "unknown"]
    if report.batch == device.batch + 1:
        device.agrees = (report.settled, report.settled_sum) == (device.settled, device.settled_sum)
        total = int.from_bytes(device.settled_sum, "big") + sum(int.from_bytes(one.digest, "big") for one in done)
        device.settled += len(done)
        device.settled_sum = (total % (1 << 256)).to_bytes(32, "big")
        device.damaged += outcomes.count("damaged")
        device.batch = report.batch
    device.made, device.waiting = report.made, report.waiting - len(done)
    if not device.waiting or device.unknown_wave in {one.wave for one in done}:
        device.unknown_wave = ""
    device.unknown_wave = next((one.wave for one in messages if one not in done), device.unknown_wave)
    device.persistent, device.software = report.persistent, report.software[:40]
    device.last_contact = clock.local(now).date()
    device.clock_off = not clock_holds(report, now)


def clock_holds(report: Report, now: dt.datetime) -> bool:
    """Whether the device's clock is less than a day off."""
    return abs(report.clock - now.timestamp()) < 24 * 3600
