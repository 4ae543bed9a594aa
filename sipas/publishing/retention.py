"""What ends after a freeze: the keys when the days of grace are over, later the rows of the whole wave.

No path of the product changes or deletes a single answer. The only deed that deletes any takes those of a whole frozen
wave, after a stated time, and says so in the wave and in the log; the snapshot and what was published stay.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import delete, select

from sipas.errors import N_, SipasError, WaveState
from sipas.expiry.gate import Gate
from sipas.fieldwork.models import Wave
from sipas.fieldwork.waves import hold, wave_of
from sipas.intake.comment_spool import flush_comments
from sipas.intake.models import Response, StoredComment, WayCount
from sipas.intake.record import forget_late
from sipas.intake.ways import settle_ways
from sipas.keyring import wave_keys
from sipas.logs import keep
from sipas.publishing.endings import last_of_grace, last_of_retention
from sipas.publishing.frozen import frozen_snapshot
from sipas.publishing.models import SnapshotRecord
from sipas.storage.database import Database

AT_ONCE = 10_000  # rows of one transaction: some hundredths of a second


def end_grace(database: Database, home: Path, gate: Gate) -> list[str]:
    """Destroys every key whose time is over, and gives the waves it was done for; done twice it does nothing.

    Also the key of the clusters of a frozen wave, where a power cut kept `freeze` from it.
    """
    done = []
    with database.reading() as session:
        frozen = session.scalars(select(Wave).where(Wave.state == "frozen").order_by(Wave.id)).all()
    for wave in frozen:
        is_over = gate.lets(wave.id, last_of_grace(wave))
        kinds = set(wave_keys.KINDS if is_over else wave_keys.AT_FREEZE) & set(wave_keys.held(home, wave.code))
        if is_over:
            forget_late(database, wave.id)
        if kinds:
            wave_keys.destroy(home, wave.code, kinds)
            keep(home, "keys destroyed", gate.day, wave=wave.code, kinds=sorted(kinds))
            done.append(wave.code)
    return done


def end_retention(database: Database, home: Path, gate: Gate, days: int) -> list[str]:
    """Drops the rows of every wave that was frozen more than `days` ago; gives the waves it was done for.

    One that cannot be dropped keeps no other; its complaint is raised at the end.
    """
    with database.reading() as session:
        kept = session.execute(
            select(Wave, SnapshotRecord)
            .join(SnapshotRecord, SnapshotRecord.wave_id == Wave.id)
            .where(Wave.dropped_on.is_(None))
            .order_by(Wave.id)
        ).all()
        due = [wave.code for wave, record in kept if gate.lets(wave.id, last_of_retention(wave, record, days))]
    refused: list[SipasError] = []
    for code in due:
        try:
            drop(database, home, code, gate)
        except SipasError as error:
            refused.append(error)
    if refused:
        raise refused[0]
    return due


def drop(database: Database, home: Path, code: str, gate: Gate) -> int:
    """Drop all rows of a frozen wave, and return how many answers they were.

    Raises WaveState where the wave is not frozen, its days of grace are not over, the clock is doubted, its destruction
    is stopped, its rows were dropped before, or its snapshot is not there whole. The rows go in short transactions, so
    that nobody who answers elsewhere waits; the wave says that they were dropped once all are gone, and after a power
    cut in between the same command goes on.
    """
    flush_comments(database, home)
    settle_ways(database, home)
    with database.reading() as session:
        wave = wave_of(session, code)
        record = session.get(SnapshotRecord, wave.id)
        if wave.state != "frozen" or record is None:
            raise WaveState(
                N_("Wave {wave} is {state}; only a frozen wave's answers may be dropped."), wave=code, state=wave.stage
            )
        if gate.doubted:
            raise WaveState(
                N_(
                    "The clock is doubted, so nobody knows whether the days of grace of wave {wave} are over. Set the "
                    "clock, or say `sipas maintain --date-is-right`; see `sipas doctor`."
                ),
                wave=code,
            )
        if wave.id in gate.stopped:
            raise WaveState(
                N_("Two people stopped the destruction of wave {wave}; `sipas doctor` says until when."), wave=code
            )
        if not gate.lets(wave.id, last_of_grace(wave)):
            raise WaveState(
                N_("Wave {wave} counts late answers until {day}; its answers may be dropped after that day."),
                wave=code,
                day=wave.grace_until,
            )
        if wave.dropped_on:
            raise WaveState(N_("The answers of wave {wave} were dropped on {day}."), wave=code, day=wave.dropped_on)
        frozen_snapshot(home, wave, record)
    for table in (Response, StoredComment):
        while _drop_some(database, table, wave.id):
            pass
    with database.writing() as session:
        session.execute(delete(WayCount).where(WayCount.wave == wave.id))
        wave_of(session, code).dropped_on = gate.day
    keep(home, "answers dropped", gate.day, wave=code, answers=record.rows)
    return record.rows


def _drop_some(database: Database, table: type[Response] | type[StoredComment], wave: int) -> int:
    """Drop a few rows of a wave in a transaction of their own; returns how many they were."""
    some = select(table.key).where(table.wave == wave).limit(AT_ONCE)
    with database.writing() as session:
        hold(session.connection(), wave, alone=True)
        return session.execute(delete(table).where(table.key.in_(some))).rowcount  # type: ignore[attr-defined]
