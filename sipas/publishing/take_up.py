"""A wave that was frozen, in a database restored from before: its snapshot lies there, and its key is gone for good.

What was frozen is recognised by its content: the answers in the database, written anew under the codebook that lies in
the file, must have the file's digest. For that the key is not needed, for every row holds its label. A backup of a day
on which the wave still asked holds fewer answers than the file: then whoever freezes names the digest, which she knows
from the freeze, the log or a release, and every answer of the database must be among those of the file.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy.orm import Session

from analysis import NOT_ASKED, AnalysisError, Snapshot, read_snapshot
from analysis.data.snapshot import holds_all_of, holds_the_same, verified
from sipas import clock
from sipas.errors import N_, WaveState
from sipas.fieldwork.models import Wave
from sipas.fieldwork.waves import wave_of
from sipas.files.home_paths import HomePaths
from sipas.intake import stored
from sipas.keyring import wave_keys
from sipas.logs import keep
from sipas.publishing.clusters import RENEWED, with_labels
from sipas.publishing.models import SnapshotRecord
from sipas.storage.database import Database
from surveys import Instrument, load

SHORTEST = 16  # letters of a digest that name a file

Table = Callable[[Session, Wave, Instrument, bool], pa.Table]


def take_up(
    database: Database, home: Path, code: str, today: dt.date, grace: int, table: Table, named: str = ""
) -> Snapshot | None:
    """Note in the database that a wave is frozen, where its file says so; None where there is nothing to take up.

    `named` is the beginning of the file's digest, as a person knows it. The days of grace count from the day on which
    the file was written. Raises WaveState where the key is gone and the file holds other answers than the database, or
    more of them and its digest is not named.
    """
    path = HomePaths(home).snapshot(code)
    with database.reading() as session:
        wave = wave_of(session, code)
        if wave.state != "closed" or not path.is_file() or (wave_keys.find(home, code, "cluster") and not named):
            if named:
                raise WaveState(
                    N_("Wave {wave} is {state}; --snapshot is for a closed wave whose file lies in snapshots."),
                    wave=code,
                    state=wave.stage,
                )
            return None
        snapshot, rows = _recognised(session, wave, path, table, named)
    frozen_on = min(today, clock.local(dt.datetime.fromtimestamp(path.stat().st_mtime, dt.timezone.utc)).date())
    with database.writing() as session:
        wave = wave_of(session, code)
        if wave.state == "closed":
            session.add(
                SnapshotRecord(
                    wave_id=wave.id, file=path.name, digest=snapshot.digest, rows=snapshot.rows, frozen_on=frozen_on
                )
            )
            wave.state, wave.grace_until = "frozen", frozen_on + dt.timedelta(days=grace)
    keep(home, "snapshot taken up", today, wave=code, digest=snapshot.digest, rows=snapshot.rows, kept=rows)
    wave_keys.destroy(home, code, wave_keys.AT_FREEZE)
    return snapshot


def as_told_in(snapshot: Snapshot, table: pa.Table) -> pa.Table:
    """The rows as a snapshot tells them: until November 2026 what was not asked was as empty as what was not
    answered."""
    if snapshot.codebook.not_asked:
        return table
    for place, column in enumerate(table.schema):
        if pa.types.is_integer(column.type):
            values = table.column(place)
            told = pc.if_else(pc.equal(values, NOT_ASKED), pa.scalar(None, column.type), values)
            table = table.set_column(place, column, told)
    return table


def _joined_as_in(snapshot: Snapshot, table: pa.Table) -> pa.Table:
    """The rows under the labels of the snapshot, where those of a lost key were joined in it (`clusters.py`) and in no
    other way than from one label into one."""
    if ("cluster", RENEWED) not in (snapshot.codebook.lost_keys or ()) or snapshot.rows != table.num_rows:
        return table
    pairs = set(zip(table["psu"].to_pylist(), snapshot.table()["psu"].to_pylist(), strict=True))
    joined = dict(pairs)
    return with_labels(table, joined) if len(joined) == len(pairs) else table


def _recognised(session: Session, wave: Wave, path: Path, table: Table, named: str) -> tuple[Snapshot, int]:
    """The snapshot, and how many of its rows the database holds."""
    instrument = load(wave.instrument, wave.version)
    try:
        snapshot = read_snapshot(path)
        for each in (False, True) if stored(session, wave.id) else ():
            rows_now = as_told_in(snapshot, table(session, wave, instrument, each))
            if holds_the_same(snapshot, _joined_as_in(snapshot, rows_now)):
                return snapshot, snapshot.rows
        if (rows := _among(session, wave, snapshot, instrument, table)) is not None:
            if len(named) >= SHORTEST and verified(snapshot).digest.startswith(named.lower()):
                return snapshot, rows
            raise _holds_more(wave, snapshot, rows)
    except (AnalysisError, ValueError):  # another questionnaire
        pass
    raise WaveState(
        N_(
            "The key of wave {wave} was destroyed when it was frozen, and snapshots/{file} does not hold the answers "
            "that are in the database. Restore a backup that was made after the freeze."
        ),
        wave=wave.code,
        file=path.name,
    )


def _among(session: Session, wave: Wave, snapshot: Snapshot, instrument: Instrument, table: Table) -> int | None:
    """How many answers the database holds where each is among those of the file, else None. The labels of clusters are
    left out: those of a lost key are joined as a wave is frozen."""
    if (snapshot.codebook.wave, snapshot.codebook.instrument) != (wave.code, wave.instrument):
        return None
    rows = stored(session, wave.id)
    if rows and not holds_all_of(snapshot, as_told_in(snapshot, table(session, wave, instrument, False)), but=("psu",)):
        return None
    return rows


def _holds_more(wave: Wave, snapshot: Snapshot, rows: int) -> WaveState:
    return WaveState(
        N_(
            "The key of wave {wave} was destroyed when it was frozen. snapshots/{file} holds {all} answers, and this "
            "database {rows} of them. Restore a backup that was made after the freeze. Where there is none, hold the "
            "digest {digest} against what the freeze said, or release.json of a release of the wave; if it is the "
            "same: sipas freeze {wave} --snapshot {digest}"
        ),
        wave=wave.code,
        file=snapshot.path.name,
        all=snapshot.rows,
        rows=rows,
        digest=snapshot.digest[:SHORTEST],
    )
