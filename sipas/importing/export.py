"""A wave's answers as a file that `import_responses` takes, before the freeze: to move them to another installation.

What a row does not hold, the file does not: no key, no day, no week but its opaque label. Lines are sorted by what they
say, so that nothing of the order of keys is left.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis import COARSE, SEVERAL
from sipas.errors import N_, BadFile, WaveState
from sipas.fieldwork.households import NO_FIELD, asks_households
from sipas.fieldwork.models import CHANNELS, FORMS, Point, Wave
from sipas.fieldwork.waves import wave_of
from sipas.files.disk_space import is_full
from sipas.intake import LANGUAGE_CODES
from sipas.intake.answers import as_written
from sipas.intake.models import Response
from sipas.intake.record import PEOPLE
from sipas.registry.models import Service, Unit
from sipas.storage.database import Database
from surveys import Instrument, load

if TYPE_CHECKING:
    import pyarrow as pa

COLUMNS = ("point", "unit", "field", "month", "cluster", "channel", "language", "sex", "age")


def export_responses(database: Database, file: Path, wave_code: str, form: str | None = None) -> tuple[int, str]:
    """Writes the answers of one form of a wave to a new CSV or Parquet file; gives their number and the form.

    Raises WaveState where the wave is frozen or has no such answers, BadFile where it has answers of both forms and
    none is chosen, and where the file is there already or has another ending.
    """
    if file.suffix not in (".csv", ".parquet"):
        raise BadFile(N_("{file}: give a name that ends in .csv or .parquet."), file=file.name)
    with database.reading() as session:
        wave = wave_of(session, wave_code)
        if wave.state == "frozen":
            raise WaveState(
                N_(
                    "Wave {wave} is frozen: the key of its weeks is destroyed, so no import could take the file. Its "
                    "snapshot holds the answers."
                ),
                wave=wave.code,
            )
        instrument = load(wave.instrument, wave.version)
        names = (*COLUMNS, "answers")
        asked = select(*(getattr(Response, name) for name in names)).where(Response.wave == wave.id, PEOPLE)
        forms = session.scalars(select(Response.form).where(Response.wave == wave.id, PEOPLE).distinct()).all()
        form = _chosen(wave.code, form, [word for word, number in FORMS.items() if number in forms])
        rows = sorted(tuple(row) for row in session.execute(asked.where(Response.form == FORMS[form])))
        table = _table(dict(zip(names, zip(*rows, strict=True), strict=True)), instrument, form, _words(session, wave))
    _write(table, file)
    return len(rows), form


def _chosen(wave: str, form: str | None, there: list[str]) -> str:
    if not there or (form and form not in there):
        raise WaveState(N_("Wave {wave} has no such answers; nothing was written."), wave=wave)
    if len(there) > 1 and not form:
        raise BadFile(
            N_("Wave {wave} has answers of both forms; write a file of each, with --form short and --form full."),
            wave=wave,
        )
    return form or there[0]


def _words(session: Session, wave: Wave) -> dict[str, dict[int, str]]:
    """What the small numbers of each column mean."""
    return {
        "point": {0: SEVERAL, **{one.id: one.code for one in session.scalars(select(Point))}},
        "unit": {one.id: one.code for one in session.scalars(select(Unit))},
        "field": {
            0: NO_FIELD if asks_households(wave) else COARSE,
            **{one.id: one.code for one in session.scalars(select(Service))},
        },
        "channel": {0: "", **{number: word for word, number in CHANNELS.items()}},
        "language": {0: "", **{number: word for word, number in LANGUAGE_CODES.items()}},
    }


def _table(columns: dict[str, tuple], instrument: Instrument, form: str, words: dict[str, dict[int, str]]) -> pa.Table:
    import pyarrow as pa

    for question in instrument.profile:
        words[question.code] = {0: "", **{place: one.code for place, one in enumerate(question.options, 1)}}
    readable = {name: [words.get(name, {0: ""})[one] for one in columns[name]] for name in COLUMNS if name in words}
    readable["month"] = [f"{one // 100}-{one % 100:02}" if one else "" for one in columns["month"]]
    readable["cluster"] = [label.hex() for label in columns["cluster"]]
    packed = np.frombuffer(b"".join(columns["answers"]), np.uint8).reshape(-1, len(instrument.items))
    table = pa.table({name: readable[name] for name in COLUMNS if name in readable})
    for place, item in enumerate(instrument.items):
        if item.code in instrument.forms[form]:
            said = np.array([as_written(item, byte) for byte in range(256)])
            table = table.append_column(item.code, pa.array(said[packed[:, place]]))
    return table


def _write(table: pa.Table, file: Path) -> None:
    import pyarrow.csv as pacsv
    import pyarrow.parquet as pq

    try:
        target = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise BadFile(N_("{file} exists already; choose another name."), file=file.name) from None
    except OSError as error:
        if is_full(error):
            raise
        raise BadFile(N_("{file} cannot be written: {reason}."), file=file.name, reason=error.strerror) from error
    with open(target, "wb") as stream:
        if file.suffix == ".csv":
            pacsv.write_csv(table, stream, pacsv.WriteOptions(quoting_style="needed"))
        else:
            pq.write_table(table, stream)
