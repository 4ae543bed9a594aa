"""What a visitor meets: what is asked at this point today, which services it takes, who is responsible."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from analysis import SEVERAL
from sipas import clock
from sipas.errors import N_, NoOpenWave, UnknownCode
from sipas.fieldwork.ended import was_frozen
from sipas.fieldwork.households import asks_households, no_field
from sipas.fieldwork.models import CHANNELS, FORMS, Point, Wave, WavePoint
from sipas.fieldwork.points import point
from sipas.fieldwork.small_cells.fields import kept
from sipas.fieldwork.small_cells.points import keeping
from sipas.fieldwork.waves import hold, open_wave_at, wave_of
from sipas.intake.visit import VisitCodes
from sipas.keyring import wave_keys
from sipas.registry.models import Service, Unit
from sipas.registry.units import services_of
from sipas.storage.database import Database, is_away
from sipas.storage.pinned_connection import Short, whole

# as the driver takes it: composed for each answer anew, the question would cost more than the storing
_OPEN = "select 1 from wave where id = {0} and state = 'open' and (closes_on is null or closes_on >= {0})"


@dataclass(frozen=True)
class AskingPoint:
    """A point on a day: its wave, and each service field it takes with the responsible unit's number.

    `detail` are the pairs of unit and field in which an answer keeps field, month and profile, `kept_at` those in which
    it keeps this point; None: in all.
    """

    wave: Wave
    point: Point
    services: tuple[tuple[Service, int], ...]
    detail: frozenset[tuple[int, int]] | None = None
    kept_at: frozenset[tuple[int, int]] | None = None
    was_frozen: bool = False  # of which the database does not know (`sipas.fieldwork.ended`)
    counts_late: bool = True  # where it was: whether the key is still here by which a late answer is counted once

    @property
    def asks(self) -> bool:
        """Whether the wave is open still, as far as database and home know."""
        return self.wave.state == "open" and not self.was_frozen

    def codes(self, service: str, channel: str = "", form: str = "") -> VisitCodes[int]:
        """The small numbers that an answer carries, and, each 0 or 1, whether few people come for it (`coarse`) and
        whether its point would tell too much (`several`).

        Raises UnknownCode for a service that this point does not take.
        """
        for one, responsible in self.services:
            if one.code == service:
                return self.codes_of(one, responsible, channel, form)
        raise UnknownCode(
            N_("Point {point} takes no service field “{service}”."), point=self.point.code, service=service
        )

    def codes_of(self, one: Service, responsible: int, channel: str = "", form: str = "") -> VisitCodes[int]:
        """The same of a service field and a unit that are known to be among those taken in."""
        return VisitCodes(
            wave=self.wave.id,
            point=self.point.id,
            unit=responsible,
            field=one.id,
            channel=CHANNELS[channel or self.point.channel],
            form=FORMS[form or self.point.form],
            coarse=int(self.detail is not None and (responsible, one.id) not in self.detail),
            several=int(self.kept_at is not None and (responsible, one.id) not in self.kept_at),
        )

    def still_open(self, connection: Short, said_on: dt.date | None = None, today: dt.date | None = None) -> bool:
        """Asked inside an answer's transaction: True where the wave takes it, False where its freezing has begun and
        the answer is late; raises NoOpenWave where the wave was closed meanwhile, or its days of grace are over.

        `said_on` is the day on which a kiosk that was cut off heard it: a closed wave takes what was said in its days.
        `today` is the day on which the answer came here, if not now.
        """
        hold(connection, self.wave.id)
        if self.was_frozen and self.counts_late:
            return False
        if self.was_frozen:
            raise _ended_long_ago()
        today = today or clock.today()
        place = "%s" if connection.dialect.name == "postgresql" else "?"
        if connection.exec_driver_sql(_OPEN.format(place), (self.wave.id, today.isoformat())).fetchone():
            return True
        state, closes_on, freezing_on, grace_until = (
            whole(connection)
            .execute(
                select(Wave.state, Wave.closes_on, Wave.freezing_on, Wave.grace_until).where(Wave.id == self.wave.id)
            )
            .one()
        )
        is_ended = state == "frozen" or freezing_on is not None
        if not is_ended and said_on is not None and closes_on is not None and said_on <= closes_on:
            return True
        if is_ended and grace_until is not None and today <= grace_until:
            return False
        if is_ended:
            raise _ended_long_ago()
        raise NoOpenWave(
            N_("This survey has just been closed, so this answer could not be taken. Thank you all the same.")
        )


class AskingPoints:
    """What is asked where, remembered for a moment: looking it up costs more than storing an answer.

    A change (a wave opened, a point added) is seen after `seconds`, later only while the database is away; a wave that
    closes takes no answer from the moment on, for `AskingPoint.still_open` is asked inside the answer's transaction.
    """

    def __init__(self, database: Database, home: Path | None = None, seconds: float = 1.0) -> None:
        self._database, self._home, self._seconds = database, home, seconds
        self._known: dict[tuple[str, dt.date, str], tuple[float, AskingPoint]] = {}

    def at(self, point_code: str, on: dt.date, wave: str = "") -> AskingPoint:
        """What is asked at a point on a day, or was asked in that wave, where a page was opened before the wave ended.

        Raises UnknownPoint, UnknownCode or NoOpenWave, which are never remembered.
        """
        now, key = time.monotonic(), (point_code, on, wave)
        until, asking = self._known.get(key, (0.0, None))
        if asking is None or until < now:
            try:
                with self._database.reading() as session:
                    asking = self._look(session, point_code, on, wave)
            except DatabaseError as error:  # away just now, or damaged: what was last known serves the page
                if asking is None or not is_away(error):
                    raise
            if len(self._known) > 1000:
                self._known.clear()
            self._known[key] = (now + self._seconds, asking)
        return asking

    def _look(self, session: Session, point_code: str, on: dt.date, wave: str) -> AskingPoint:
        if wave:
            return asking_in(session, point_code, wave, on, self._home)
        return asking_at(session, point_code, on, self._home)


def asking_at(session: Session, point_code: str, on: dt.date, home: Path | None = None) -> AskingPoint:
    """What is asked at a point on a day; raises UnknownPoint or NoOpenWave, the latter also where the `home` holds that
    the wave was frozen."""
    return _asking(session, *open_wave_at(session, point_code, on, home), on)


def asking_in(session: Session, point_code: str, wave_code: str, on: dt.date, home: Path | None = None) -> AskingPoint:
    """What a wave asks or asked at a point, whatever its state; raises UnknownPoint or UnknownCode."""
    place, wave = point(session, point_code), wave_of(session, wave_code)
    if session.get(WavePoint, (wave.id, place.id)) is None:
        raise UnknownCode(N_("Wave {wave} does not ask at {point}."), wave=wave.code, point=place.code)
    found = _asking(session, wave, place, on)
    if home is None or not was_frozen(home, wave):
        return found
    return replace(found, was_frozen=True, counts_late=wave_keys.find(home, wave.code, "id") is not None)


def asking_anywhere(session: Session, wave: Wave, on: dt.date) -> AskingPoint:
    """All that the wave's points take in on a day and whose answers do not say at which of them: what a line in a
    file is held against that was written without its point."""
    places = session.scalars(select(Point).join(WavePoint).where(WavePoint.wave_id == wave.id).order_by(Point.id)).all()
    numbers = {unit.code: unit.id for unit in session.scalars(select(Unit))}
    taken = {}
    for place in places:
        told = keeping(session, wave, place)
        for service, who in services_of(session, place.code, place.unit, on):
            if told is not None and (numbers[who], service.id) not in told:
                taken[numbers[who], service.id] = service, numbers[who]
    nowhere = Point(id=0, code=SEVERAL, name=SEVERAL, name_en=SEVERAL, channel="kiosk", form="short")
    return AskingPoint(wave, nowhere, tuple(taken[pair] for pair in sorted(taken)), kept(session, wave), frozenset())


def _ended_long_ago() -> NoOpenWave:
    return NoOpenWave(N_("This survey ended long ago, so this answer was not opened. Thank you for wanting to answer."))


def _asking(session: Session, wave: Wave, place: Point, on: dt.date) -> AskingPoint:
    if asks_households(wave):
        unit = session.scalars(select(Unit.id).where(Unit.code == place.unit)).one()
        return AskingPoint(wave, place, ((no_field(), unit),), kept(session, wave))
    pairs = services_of(session, place.code, place.unit, on)
    numbers = {
        unit.code: unit.id for unit in session.scalars(select(Unit).where(Unit.code.in_({who for _, who in pairs})))
    }
    if not pairs:
        raise NoOpenWave(
            N_("{point} has no service field to ask about yet; please tell the staff of the survey."), point=place.name
        )
    offered = tuple((service, numbers[who]) for service, who in pairs)
    return AskingPoint(wave, place, offered, kept(session, wave), keeping(session, wave, place))
