"""Collected answers from a file, through the first door: all or nothing, every bad line reported.

A line that carries an `id` (the number on the paper form) counts once under it; without, a file counts once: the same
file imported again adds nothing. First every line is checked and its row laid aside; only then are the rows written, in
one transaction, so that kiosks wait for the writing alone. Memory stays the same for any length.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable
from pathlib import Path

from sipas.errors import N_, WaveState
from sipas.fieldwork.ended import refuse_frozen
from sipas.fieldwork.models import Wave
from sipas.fieldwork.waves import hold, wave_of
from sipas.importing.columns import heads_of
from sipas.importing.export import export_responses
from sipas.importing.lines import Lines
from sipas.importing.spool import row_spool
from sipas.intake import record_many
from sipas.keyring import wave_keys
from sipas.storage.database import Database
from sipas.tables import read_in_pieces
from surveys import load

__all__ = ["Progress", "export_responses", "import_responses"]

Progress = Callable[[str, int, int], None]
"""Told what is done ("check" or "store"), how many lines it is done for, and about how many there are."""


def import_responses(
    database: Database,
    home: Path,
    file: Path,
    wave_code: str,
    form: str | None,
    today: dt.date,
    progress: Progress = lambda *_: None,
) -> tuple[int, int]:
    """Stores every line of `file` in the open wave; gives how many were new and how many had been stored before.

    Raises BadTable with every bad line, WaveState where the wave is not open; then nothing is stored.
    """
    table = read_in_pieces(file)
    with row_spool(home) as checked:
        with database.reading() as session:
            wave = _open(wave_of(session, wave_code))
            refuse_frozen(home, wave)
            secrets = {kind: wave_keys.load(home, wave.code, kind) for kind in ("cluster", "id")}
            instrument = load(wave.instrument, wave.version)
            lines = Lines(session, table.under(heads_of(instrument)), instrument, form, wave, today, secrets)
            with file.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            for rows in lines.rows(digest):
                checked.add(rows)
                progress("check", lines.read, table.about)
        new = 0
        with database.writing() as session:
            hold(session.connection(), wave.id)
            _open(wave_of(session, wave_code))
            for done, rows in checked:
                new += record_many(session, rows)
                progress("store", done, lines.read)
    return new, lines.read - new


def _open(wave: Wave) -> Wave:
    if wave.state != "open":
        raise WaveState(
            N_("Wave {wave} is {state}; answers can be imported into an open wave only."),
            wave=wave.code,
            state=wave.state,
        )
    return wave
