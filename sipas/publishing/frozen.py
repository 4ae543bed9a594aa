"""The snapshot of a frozen wave, never believed about itself: its content is read and held against the database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from analysis import AnalysisError
from sipas.errors import N_, WaveState
from sipas.fieldwork.models import Wave
from sipas.files.home_paths import HomePaths
from sipas.publishing.models import SnapshotRecord

if TYPE_CHECKING:
    from analysis import Snapshot


class ChangedSnapshot(WaveState):
    """The file is missing, cannot be read, or does not hold what was frozen."""


def file_identity(snapshot: Path) -> tuple[int, ...]:
    """Return what changes when a file is written or replaced, even where its old content and date are put back."""
    try:
        found = snapshot.stat()
    except OSError:
        return ()
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def frozen_snapshot(home: Path, wave: Wave, record: SnapshotRecord | None) -> Snapshot:
    """Return the wave's snapshot once its digest was computed anew from its content (0.5 s a million rows).

    Raises WaveState where the wave is not frozen, ChangedSnapshot where the file is not the one that was frozen.
    """
    from analysis.data.snapshot import read_snapshot, verified  # PyArrow; the desk only lists what is there

    if wave.state != "frozen" or record is None:
        raise WaveState(
            N_("Wave {wave} is {state}; freeze it first with `sipas freeze {wave}`."), wave=wave.code, state=wave.stage
        )
    try:
        found = verified(read_snapshot(HomePaths(home).snapshots / record.file), record.digest)
    except AnalysisError as problem:
        raise ChangedSnapshot(
            N_("The snapshot of wave {wave} is not the one that was frozen; restore it from a backup. ({problem})"),
            wave=wave.code,
            problem=problem,
        ) from problem
    return found
