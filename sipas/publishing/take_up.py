"""A wave that was frozen, in a database restored from before: its snapshot lies there, and its key is gone for good.

What was frozen is recognised by its content: the answers in the database, written anew under the codebook that lies in
the file, must have the file's digest. For that the key is not needed, for every row holds its label.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
from sqlalchemy.orm import Session

from analysis import AnalysisError, Snapshot, read_snapshot
from analysis.snapshot import holds_the_same
from sipas import clock, keys
from sipas.database import Database
from sipas.errors import N_, WaveState
from sipas.fieldwork.models import Wave
from sipas.fieldwork.waves import wave_of
from sipas.publishing.clusters import RENEWED, with_labels
from sipas.publishing.models import SnapshotRecord
from surveys import Instrument, load

Table = Callable[[Session, Wave, Instrument, bool], pa.Table]


def take_up(database: Database, home: Path, code: str, today: dt.date, grace: int, table: Table) -> Snapshot | None:
    """Note in the database that a wave is frozen, where its file says so; None where there is nothing to take up.

    The days of grace count from the day on which the file was written. Raises WaveState where the key is gone and the
    file holds other answers than the database.
    """
    path = home / "snapshots" / f"{code}.parquet"
    with database.reading() as session:
        wave = wave_of(session, code)
        if wave.state != "closed" or keys.find(home, code, "cluster") or not path.is_file():
            return None
        snapshot = _recognised(session, wave, path, table)
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
    return snapshot


def _joined_as_in(snapshot: Snapshot, table: pa.Table) -> pa.Table:
    """The rows under the labels of the snapshot, where those of a lost key were joined in it (`clusters.py`) and in no
    other way than from one label into one."""
    if ("cluster", RENEWED) not in (snapshot.codebook.lost_keys or ()) or snapshot.rows != table.num_rows:
        return table
    pairs = set(zip(table["psu"].to_pylist(), snapshot.table()["psu"].to_pylist(), strict=True))
    joined = dict(pairs)
    return with_labels(table, joined) if len(joined) == len(pairs) else table


def _recognised(session: Session, wave: Wave, path: Path, table: Table) -> Snapshot:
    instrument = load(wave.instrument, wave.version)
    try:
        snapshot = read_snapshot(path)
        for each in (False, True):
            if holds_the_same(snapshot, _joined_as_in(snapshot, table(session, wave, instrument, each))):
                return snapshot
    except (AnalysisError, ValueError):  # another questionnaire, or no answers at all
        pass
    raise WaveState(
        N_(
            "The key of wave {wave} was destroyed when it was frozen, and snapshots/{file} does not hold the answers "
            "that are in the database. Restore a backup that was made after the freeze."
        ),
        wave=wave.code,
        file=path.name,
    )
