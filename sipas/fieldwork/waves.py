"""Waves: opening, closing, and what is asked at a point today."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from sipas import clock
from sipas.errors import N_, NoOpenWave, SipasError, UnknownCode, WaveState
from sipas.fieldwork.ended import was_frozen
from sipas.fieldwork.households import HOUSEHOLDS, population_of
from sipas.fieldwork.models import PARTIAL, SERIES, Point, Wave, WavePoint
from sipas.fieldwork.points import is_working, point, points
from sipas.fieldwork.small_cells.fields import settle_fields
from sipas.fieldwork.small_cells.points import settle_points
from sipas.files.home_paths import HomePaths
from sipas.i18n.code_labels import Codes
from sipas.storage.pinned_connection import Short, whole
from surveys import load, retired

LOCK = 0x51FA5  # our corner of PostgreSQL's advisory locks


class BadWave(SipasError):
    """A wave that cannot be opened as asked."""


def open_wave(  # noqa: PLR0913
    session: Session,
    code: str,
    instrument: str,
    version: int,
    *,
    title: str = "",
    opens_on: dt.date,
    closes_on: dt.date | None = None,
    at: Sequence[str] = (),
    simulated: bool = False,
    coarsest: bool = False,
    partial: str = "drop",
    series: str = "main",
    population: str = "",
) -> Wave:
    """Opens a wave at the points `at` (default: every point). One point asks in one wave at a time.

    How finely answers are stored follows from the newest dossier counts (`sipas.fieldwork.small_cells.fields`) and from
    who takes in what (`sipas.fieldwork.small_cells.points`); raises NoFrame where no counts are loaded, unless
    `coarsest` says that no answer shall keep field, month and profile. `partial` says what becomes of a form that is
    left unfinished on a kiosk; it holds for the whole wave, for the first page tells people beforehand. `series` says
    to which figures the wave's releases belong; chosen now, before anybody knows them, it never changes.
    `population` says whom it asks (`sipas.fieldwork.households`); households need no dossier counts.

    More than eight parameters: all that is settled about a wave is settled as it opens, and never afterwards.
    """
    if not is_wave_code(code):
        raise BadWave(
            N_("“{code}” cannot be a wave's code; use letters, digits and hyphens, such as 2026-1."), code=code
        )
    if session.scalar(select(Wave.id).where(Wave.code == code)):
        raise BadWave(N_("There is a wave “{code}” already; choose another code."), code=code)
    if closes_on and closes_on < opens_on:
        raise BadWave(
            N_("The wave would close on {closes}, before it opens on {opens}."), closes=closes_on, opens=opens_on
        )
    if partial not in PARTIAL:
        raise BadWave(
            N_("“{partial}” says nothing about unfinished forms; give one of {known}."),
            partial=partial,
            known=Codes("partial", PARTIAL),
        )
    if series not in SERIES:
        raise BadWave(
            N_("There is no series “{series}”; give one of {known}."), series=series, known=Codes("series", SERIES)
        )
    if (successor := retired(instrument, version)) is not None:
        raise BadWave(
            N_(
                "Version {version} of {instrument} is retired: what it asks cannot give the figures that it was made "
                "for. Open the wave with version {successor}."
            ),
            version=version,
            instrument=instrument,
            successor=successor,
        )
    asked = population_of(load(instrument, version), population, series)
    places = _places(session, at, opens_on)
    wave = Wave(
        code=code,
        title=title or code,
        instrument=instrument,
        version=version,
        opens_on=opens_on,
        closes_on=closes_on,
        state="open",
        simulated=simulated,
        partial=partial,
        series=series,
        population=asked,
    )
    session.add(wave)
    session.flush()
    session.add_all(WavePoint(wave_id=wave.id, point_id=place.id) for place in places)
    if asked == HOUSEHOLDS:  # no office counts them, and each is asked at the one point of its commune
        wave.detail, wave.points_kept = "coarsest" if coarsest else "all", "all"
        return wave
    settle_fields(session, wave, places, coarsest)
    session.flush()
    settle_points(session, wave)
    return wave


def _places(session: Session, at: Sequence[str], opens_on: dt.date) -> list[Point]:
    """The points where a new wave asks; raises BadWave where there is none, or one is closed or asks already."""
    places = [point(session, one) for one in at] or [
        one for one in points(session) if one.closed_on is None or one.closed_on >= opens_on
    ]
    closed = next((one for one in places if one.closed_on and one.closed_on < opens_on), None)
    if closed is not None:
        raise BadWave(
            N_("Point {code} is closed since {day}; it asks in no new wave."), code=closed.code, day=closed.closed_on
        )
    if not places:
        raise BadWave(N_("There is no receiving point yet; make one with `sipas point add`."))
    busy = session.execute(
        select(Point.code, Wave.code)
        .join_from(Point, WavePoint, WavePoint.point_id == Point.id)
        .join(Wave, Wave.id == WavePoint.wave_id)
        .where(Wave.state == "open", Point.id.in_([p.id for p in places]))
    ).first()
    if busy:
        raise BadWave(
            N_("Point {point} asks in the open wave {wave} already; close that wave first."),
            point=busy[0],
            wave=busy[1],
        )
    return places


def is_wave_code(text: str) -> bool:
    """Whether a wave could be called that."""
    return len(text) <= 40 and re.fullmatch(r"[A-Za-z0-9]+([.-][A-Za-z0-9]+)*", text) is not None


def close_wave(session: Session, code: str, on: dt.date) -> Wave:
    """Closes an open wave: from now on no answer is taken."""
    wave = wave_of(session, code)
    hold(session.connection(), wave.id, alone=True)
    session.refresh(wave)
    if wave.state != "open":
        raise WaveState(N_("Wave {wave} is {state}; only an open wave can be closed."), wave=code, state=wave.state)
    wave.state = "closed"
    wave.closes_on = max(wave.opens_on, min(wave.closes_on or on, on))
    return wave


def wave_of(session: Session, code: str) -> Wave:
    """The wave of that code; raises UnknownCode."""
    found = session.scalar(select(Wave).where(Wave.code == code))
    if found is None:
        raise UnknownCode(N_("There is no wave “{code}”; `sipas wave list` shows them."), code=code)
    return found


def waves(session: Session) -> list[Wave]:
    """Every wave, oldest first."""
    return list(session.scalars(select(Wave).order_by(Wave.id)))


def hold(connection: Short, wave_id: int, alone: bool = False) -> None:
    """Until the end of the transaction: answers hold a wave together, whoever closes or freezes it holds it alone.

    So no answer is acknowledged that the freezing did not see. Only PostgreSQL lets writers in side by side at all; the
    lock lies in its memory and leaves no trace in any row.
    """
    if connection.dialect.name == "postgresql":
        shape = "" if alone else "_shared"
        lock = text(f"select pg_advisory_xact_lock{shape}(:our, :wave)")
        whole(connection).execute(lock, {"our": LOCK, "wave": wave_id})


def asks(wave: Wave, on: dt.date) -> bool:
    """Whether the wave takes answers on `on`: open, and its last day not over."""
    return wave.state == "open" and (wave.closes_on is None or on <= wave.closes_on)


def open_wave_at(session: Session, point_code: str, on: dt.date, home: Path | None = None) -> tuple[Wave, Point]:
    """What is asked at a point on a day; raises UnknownPoint or NoOpenWave. A wave that was frozen, as the `home` says,
    asks nothing, whatever the database says."""
    place = point(session, point_code)
    candidates = session.scalars(
        select(Wave)
        .join(WavePoint, WavePoint.wave_id == Wave.id)
        .where(WavePoint.point_id == place.id, Wave.state == "open")
    )
    for wave in candidates:
        if asks(wave, on) and is_working(place, on) and not (home and was_frozen(home, wave)):
            return wave, place
    raise NoOpenWave(
        N_("No survey is open at {point} today. Thank you for wanting to answer; please try again another day."),
        point=place.name,
    )


def is_simulated_at(session: Session, place: Point, home: Path) -> bool:
    """Whether what is asked at a point is no survey: its open wave is simulated, or the whole home is the demo's."""
    of_open_waves = select(Wave.simulated).join(WavePoint, WavePoint.wave_id == Wave.id)
    here = of_open_waves.where(WavePoint.point_id == place.id, Wave.state == "open")
    return HomePaths(home).demo.exists() or any(session.scalars(here))


def open_weeks(session: Session, wave: Wave, until: dt.date) -> list[tuple[Point, str]]:
    """Every point with every ISO week in which it asked: the wave's list of sampled clusters."""
    last = min(wave.closes_on or until, until)
    listed: list[tuple[Point, str]] = []
    for place in session.scalars(select(Point).join(WavePoint).where(WavePoint.wave_id == wave.id).order_by(Point.id)):
        first_day = max(wave.opens_on, place.opened_on or wave.opens_on)
        last_day = min(last, place.closed_on or last)
        if first_day <= last_day:
            listed += [(place, week) for week in clock.weeks_between(first_day, last_day)]
    return listed
