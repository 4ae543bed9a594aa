"""What ends after a freeze: the keys when the days of grace are over, later the rows of the whole wave.

No path of the product changes or deletes a single answer. The only deed that deletes any takes those of a whole frozen
wave, after a stated time, and says so in the wave and in the log; the snapshot and what was published stay.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from sqlalchemy import delete, select

from sipas import keys
from sipas.database import Database
from sipas.errors import N_, WaveState
from sipas.fieldwork.models import Wave
from sipas.fieldwork.waves import hold, wave_of
from sipas.intake.inbox import settle_comments
from sipas.intake.models import Comment, Response, WayCount
from sipas.intake.record import forget_late
from sipas.intake.ways import settle_ways
from sipas.logs import EVENTS
from sipas.publishing.frozen import frozen_snapshot
from sipas.publishing.models import SnapshotRecord

AT_ONCE = 10_000  # rows of one transaction: some hundredths of a second


def end_grace(database: Database, home: Path, today: dt.date) -> list[str]:
    """Destroys every key whose time is over, and gives the waves it was done for; done twice it does nothing.

    Also the key of the clusters of a frozen wave, where a power cut kept `freeze` from it.
    """
    done = []
    with database.reading() as session:
        frozen = session.scalars(select(Wave).where(Wave.state == "frozen").order_by(Wave.id)).all()
    for wave in frozen:
        kinds = set(keys.KINDS if _is_over(wave, today) else keys.AT_FREEZE) & set(keys.held(home, wave.code))
        if _is_over(wave, today):
            forget_late(database, wave.id)
        if kinds:
            keys.destroy(home, wave.code, kinds)
            done.append(wave.code)
    return done


def end_retention(database: Database, home: Path, today: dt.date, days: int) -> list[str]:
    """Drops the rows of every wave that was frozen more than `days` ago; gives the waves it was done for."""
    with database.reading() as session:
        due = session.scalars(
            select(Wave.code)
            .join(SnapshotRecord, SnapshotRecord.wave_id == Wave.id)
            .where(SnapshotRecord.frozen_on < today - dt.timedelta(days=days), Wave.dropped_on.is_(None))
            .where(Wave.grace_until.is_(None) | (Wave.grace_until < today))
            .order_by(Wave.id)
        ).all()
    for code in due:
        drop(database, home, code, today)
    return list(due)


def drop(database: Database, home: Path, code: str, today: dt.date) -> int:
    """Drop all rows of a frozen wave, and return how many answers they were.

    Raises WaveState where the wave is not frozen, its days of grace are not over, its rows were dropped before, or its
    snapshot is not there whole. The rows go in short transactions, so that nobody who answers elsewhere waits; the wave
    says that they were dropped once all are gone, and after a power cut in between the same command goes on.
    """
    settle_comments(database, home)
    settle_ways(database, home)
    with database.reading() as session:
        wave = wave_of(session, code)
        record = session.get(SnapshotRecord, wave.id)
        if wave.state != "frozen" or record is None:
            raise WaveState(
                N_("Wave {wave} is {state}; only a frozen wave's answers may be dropped."), wave=code, state=wave.stage
            )
        if not _is_over(wave, today):
            raise WaveState(
                N_("Wave {wave} counts late answers until {day}; its answers may be dropped after that day."),
                wave=code,
                day=wave.grace_until,
            )
        if wave.dropped_on:
            raise WaveState(N_("The answers of wave {wave} were dropped on {day}."), wave=code, day=wave.dropped_on)
        frozen_snapshot(home, wave, record)
    for table in (Response, Comment):
        while _drop_some(database, table, wave.id):
            pass
    with database.writing() as session:
        session.execute(delete(WayCount).where(WayCount.wave == wave.id))
        wave_of(session, code).dropped_on = today
    EVENTS.info("answers dropped", extra={"facts": {"wave": code, "answers": record.rows}})
    return record.rows


def _drop_some(database: Database, table: type[Response] | type[Comment], wave: int) -> int:
    """Drop a few rows of a wave in a transaction of their own; returns how many they were."""
    some = select(table.key).where(table.wave == wave).limit(AT_ONCE)
    with database.writing() as session:
        hold(session.connection(), wave, alone=True)
        return session.execute(delete(table).where(table.key.in_(some))).rowcount  # type: ignore[attr-defined]


def _is_over(wave: Wave, today: dt.date) -> bool:
    return wave.grace_until is None or today > wave.grace_until
