"""Collected answers from a file, through the first door: all or nothing, every bad line reported.

A line that carries an `id` (the number on the paper form) counts once under it; without, a file counts once: the same
file imported again adds nothing, and one that says under other bytes what is stored is doubted (`doubts`). First every
line is checked and its row laid aside; only then are the rows written, in one transaction, so that kiosks wait for the
writing alone. Rows never lie in memory together, however long the file is.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from sipas.errors import N_, WaveState
from sipas.fieldwork.ended import refuse_frozen
from sipas.fieldwork.models import Wave
from sipas.fieldwork.waves import hold, wave_of
from sipas.importing.columns import heads_of
from sipas.importing.doubts import Doubt, DoubtedFile
from sipas.importing.export import export_responses
from sipas.importing.lines import Lines
from sipas.importing.spool import Spool, row_spool
from sipas.importing.stored_files import digest_of, keep_file
from sipas.intake import record_many
from sipas.keyring import wave_keys
from sipas.storage.database import Database
from sipas.tables import read_in_pieces
from surveys import load

__all__ = ["Doubt", "DoubtedFile", "Progress", "Seen", "export_responses", "import_responses", "look_at_responses"]

Progress = Callable[[str, int, int], None]
"""Told what is done ("check" or "store"), how many lines it is done for, and about how many there are."""


@dataclass(frozen=True)
class Seen:
    """What an import would do: lines of the file, those of them that are stored already, what is doubted of it, and by
    item how many answers would be dropped, for they were not to be asked for."""

    lines: int
    known: int
    doubts: tuple[Doubt, ...]
    dropped: Mapping[str, int]


def look_at_responses(
    database: Database,
    home: Path,
    file: Path,
    wave_code: str,
    form: str | None,
    today: dt.date,
    progress: Progress = lambda *_: None,
    sheet: str = "",
) -> Seen:
    """What `import_responses` would do; raises what it raises for bad lines and waves, and stores nothing."""
    with row_spool(home) as checked, database.reading() as session:
        lines = _check(session, home, file, sheet, wave_code, form, today, checked, progress)
        known, doubts = lines.likeness.compare(session, lines.wave.id, lines.visits.points)
    return Seen(lines.read, known, tuple(doubts), lines.dropped)


def import_responses(  # noqa: PLR0913 - a file and its sheet are one
    database: Database,
    home: Path,
    file: Path,
    wave_code: str,
    form: str | None,
    today: dt.date,
    progress: Progress = lambda *_: None,
    other_people: bool = False,
    sheet: str = "",
    dropped: Callable[[Mapping[str, int]], None] = lambda _: None,
) -> tuple[int, int]:
    """Stores every line of `file` in the open wave; gives how many were new and how many had been stored before.

    `dropped` is told by item how many answers were left out, for skip logic says that they were not to be asked for.

    Raises BadTable with every bad line, WaveState where the wave is not open, DoubtedFile where the lines seem to be
    stored already under other bytes and nobody said that they are `other_people`'s; then nothing is stored.
    """
    with row_spool(home) as checked:
        with database.reading() as session:
            lines = _check(session, home, file, sheet, wave_code, form, today, checked, progress)
            if not other_people:
                _, doubts = lines.likeness.compare(session, lines.wave.id, lines.visits.points)
                if doubts:
                    raise DoubtedFile(file.name, doubts)
        new = 0
        with database.writing() as session:
            hold(session.connection(), lines.wave.id)
            _open(wave_of(session, wave_code))
            for done, rows in checked:
                new += record_many(session, rows)
                progress("store", done, lines.read)
            keep_file(session, lines.wave, lines.secrets["id"], lines.file, new)
    if lines.dropped:
        dropped(lines.dropped)
    return new, lines.read - new


def _check(  # noqa: PLR0913 - as above
    session: Session,
    home: Path,
    file: Path,
    sheet: str,
    wave_code: str,
    form: str | None,
    today: dt.date,
    checked: Spool,
    progress: Progress,
) -> Lines:
    """Read every line into the spool; refuses the file where any is bad."""
    table = read_in_pieces(file, sheet)
    wave = _open(wave_of(session, wave_code))
    refuse_frozen(home, wave)
    secrets = {kind: wave_keys.load(home, wave.code, kind) for kind in ("cluster", "id")}
    instrument = load(wave.instrument, wave.version)
    lines = Lines(session, table.under(heads_of(instrument)), instrument, form, wave, today, secrets)
    for rows in lines.rows(digest_of(file)):
        checked.add(rows)
        progress("check", lines.read, table.about)
    return lines


def _open(wave: Wave) -> Wave:
    if wave.state != "open":
        raise WaveState(
            N_("Wave {wave} is {state}; answers can be imported into an open wave only."),
            wave=wave.code,
            state=wave.state,
        )
    return wave
