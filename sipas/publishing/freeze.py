"""A closed wave becomes one Parquet file with its codebook and digest; then its keys are destroyed.

Stratum is the unit of the receiving point, PSU a point's week; the file lists every point-week that was open, also
those in which nobody answered, by their labels alone. Answers that were stored coarser, where few people come, have the
field `coarse` and the month `wave`: together they are one weighting class of their unit (`Codebook.detailed`). Answers
stored without their point have the point `several` (`Codebook.several` says of which unit and field): they are a
stratum of their own, whose PSUs are the weeks. Rows are sorted by their random keys, which are then dropped.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import secrets
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from analysis import (
    COARSE,
    SEVERAL,
    WHOLE_WAVE,
    AnalysisError,
    Codebook,
    CodebookItem,
    CodebookQuestion,
    Snapshot,
    write_snapshot,
)
from analysis import NOT_APPLICABLE as NA_LEVEL
from analysis import NOT_ASKED as NOT_ASKED_LEVEL
from analysis.data.snapshot import content_digest
from analysis.variance.shared_weeks import week_correlation
from sipas.errors import N_, WaveState
from sipas.fieldwork.ended import FROZEN
from sipas.fieldwork.households import HOUSEHOLDS, NO_FIELD, asks_households
from sipas.fieldwork.models import CHANNELS, FORMS, SERIES, Point, Wave
from sipas.fieldwork.small_cells.fields import kept
from sipas.fieldwork.waves import hold, wave_of
from sipas.files.disk_space import remove_leftover, sync_folder, workshop
from sipas.files.home_paths import HomePaths
from sipas.intake import LANGUAGE_CODES, stored
from sipas.intake import unfinished as kept_unfinished
from sipas.intake.models import UNFINISHED, ImportedFile, Response
from sipas.intake.record import FINISHED, PEOPLE
from sipas.keyring import wave_keys
from sipas.logs import keep
from sipas.publishing.clusters import clusters_of
from sipas.publishing.frozen import frozen_snapshot
from sipas.publishing.key_losses import Saying, consequences, make_anew, refuse_lost, say_lost
from sipas.publishing.models import SnapshotRecord
from sipas.publishing.progress import Progress, silent
from sipas.publishing.take_up import take_up
from sipas.publishing.ways import main_ways
from sipas.registry.models import Service, Unit
from sipas.storage.database import Database
from surveys import NOT_ANSWERED, NOT_APPLICABLE, NOT_ASKED, Instrument, Item, load

COLUMNS = ("point", "unit", "field", "month", "cluster", "channel", "language", "form", "sex", "age", "answers")

LEFT = "-unfinished"
FORM_WORDS = FORMS | {word + LEFT: number + UNFINISHED for word, number in FORMS.items()}


class NothingToFreeze(WaveState):
    """A wave without a single answer."""


def freeze(  # noqa: PLR0913
    database: Database,
    home: Path,
    wave_code: str,
    today: dt.date,
    grace: int = 30,
    unfinished: bool = False,
    progress: Progress = silent,
    without: Saying | None = None,
    named: str = "",
) -> Snapshot:
    """Freeze a closed wave; raises WaveState where it is open, frozen already, or without answers, and KeysLost where a
    key of it is missing.

    With `without` two people say that the missing keys are lost: then it is frozen all the same (`clusters.py`), and
    the codebook says what that means.

    Forms that were left unfinished, where the wave kept them, are left out; with `unfinished` they come in, their
    missing answers as any question that was skipped, and the column `form` names them. The codebook says which, and how
    many. `named` is the digest of a snapshot that is to be taken up (`take_up.py`).

    Nobody waits while the file is made. A short transaction ends the wave: answers that come from then on are late. The
    file is written outside of any; a second short transaction puts it in its place and says so; the key of the clusters
    goes last. After a power cut in between, the same command goes on. The other keys live `grace` days more, in which
    late answers are counted.

    More than eight parameters: three are for what goes wrong once in years, and have their quiet default.
    """
    with workshop(HomePaths(home).snapshots):
        if (taken_up := take_up(database, home, wave_code, today, grace, _table, named)) is not None:
            return taken_up
    if not _begin(database, home, wave_code, today, grace, unfinished, without):
        wave_keys.destroy(home, wave_code, wave_keys.AT_FREEZE)
        with database.reading() as session:
            wave = wave_of(session, wave_code)
            return frozen_snapshot(home, wave, session.get(SnapshotRecord, wave.id))
    with workshop(HomePaths(home).snapshots):
        return _freeze(database, home, wave_code, today, grace, unfinished, progress)


def _freeze(
    database: Database, home: Path, wave_code: str, today: dt.date, grace: int, unfinished: bool, progress: Progress
) -> Snapshot:
    progress(N_("reading the answers"))
    with database.reading() as session:
        wave = wave_of(session, wave_code)
        if wave.stage != "freezing":
            raise WaveState(N_("Wave {wave} is frozen already; nothing was changed."), wave=wave.code)
        instrument = load(wave.instrument, wave.version)
        table = _table(session, wave, instrument, unfinished)
        refuse_lost(session, home, wave, today)
        clusters = clusters_of(session, wave, table, wave_keys.find(home, wave.code, "cluster"), today)
        table = clusters.table
        codebook = replace(
            _codebook(session, wave, instrument, table),
            psus=clusters.psus,
            ways=main_ways(session, home, wave),
            lost_keys=consequences(session, wave, clusters.key),
        )
        if codebook.several:
            codebook = replace(codebook, week_correlation=week_correlation(table, codebook))
    progress(N_("writing the snapshot"))
    aside, path = (HomePaths(home).snapshot(f"{dot}{wave_code}") for dot in (".", ""))
    for left in (aside, aside.with_name(aside.name + ".partial")):
        remove_leftover(left)  # of an earlier attempt that was cut off
    written = write_snapshot(aside, table, codebook)
    stranger = _digest_of_another(path, written.digest)
    with database.writing() as session:
        wave = wave_of(session, wave_code)
        if wave.stage != "freezing":
            raise WaveState(N_("Wave {wave} is frozen already; nothing was changed."), wave=wave.code)
        session.add(
            SnapshotRecord(wave_id=wave.id, file=path.name, digest=written.digest, rows=written.rows, frozen_on=today)
        )
        wave.state, wave.grace_until = "frozen", today + dt.timedelta(days=grace)
        session.execute(delete(ImportedFile).where(ImportedFile.wave == wave.id))  # no import is taken back any more
        session.flush()
        if stranger:
            os.replace(path, path.with_name(f"{wave_code}.{stranger[:8]}.parquet"))
        os.replace(aside, path)
        sync_folder(path.parent)
    keep(home, FROZEN, today, wave=wave_code, digest=written.digest, rows=written.rows)
    wave_keys.destroy(home, wave_code, wave_keys.AT_FREEZE)
    make_anew(home, wave_code, ("id",))  # if it was lost: late answers are still counted once
    return replace(written, path=path)


def _begin(
    database: Database,
    home: Path,
    wave_code: str,
    today: dt.date,
    grace: int,
    unfinished: bool,
    without: Saying | None,
) -> bool:
    """End the wave for those who answer; False where it was frozen and only its key is left to destroy."""
    with database.writing() as session:
        wave = wave_of(session, wave_code)
        hold(session.connection(), wave.id, alone=True)
        session.refresh(wave)
        if wave.state == "open":
            raise WaveState(
                N_("Wave {wave} is still open; close it first with `sipas wave close {wave}`."), wave=wave.code
            )
        if wave.state == "frozen":
            if wave_keys.find(home, wave.code, "cluster"):
                return False
            raise WaveState(N_("Wave {wave} is frozen already; nothing was changed."), wave=wave.code)
        if without is None:
            refuse_lost(session, home, wave, today)
        if not stored(session, wave.id) and not (unfinished and kept_unfinished(session, wave.id)):
            raise NothingToFreeze(N_("Wave {wave} has no answers; there is nothing to freeze."), wave=wave.code)
        if without is not None:
            say_lost(session, home, wave, without, today)
        wave.freezing_on, wave.grace_until = today, today + dt.timedelta(days=grace)
        return True


def _digest_of_another(path: Path, digest: str) -> str | None:
    """The digest of a file that lies where the snapshot belongs and is another, as after the restore of an older
    database: it is kept beside it, for a release may have been made from it."""
    if not path.exists():
        return None
    try:
        found = secrets.token_hex(4) if path.is_dir() else content_digest(path)
    except AnalysisError:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    return found if found != digest else None


def _table(session: Session, wave: Wave, instrument: Instrument, unfinished: bool) -> pa.Table:
    """Every answer of a person in readable form: codes for the small numbers, one column per item."""
    rows = session.execute(
        select(*(getattr(Response, name) for name in COLUMNS))
        .where(Response.wave == wave.id, PEOPLE, *([] if unfinished else [FINISHED]))
        .order_by(Response.key)
    ).all()
    columns = dict(zip(COLUMNS, zip(*rows, strict=True), strict=True))
    places = {place.id: (place.unit, place.code) for place in session.scalars(select(Point))}
    places[0] = SEVERAL, SEVERAL
    units = {unit.id: unit.code for unit in session.scalars(select(Unit))}
    services = {service.id: service.code for service in session.scalars(select(Service))}
    services[0] = NO_FIELD if asks_households(wave) else COARSE
    options = {q.code: {0: None, **{i: o.code for i, o in enumerate(q.options, 1)}} for q in instrument.profile}
    readable: dict[str, list[object]] = {
        "stratum": [places[one][0] for one in columns["point"]],
        "psu": [label.hex() for label in columns["cluster"]],
        "unit": [units[one] for one in columns["unit"]],
        "field": [services[one] for one in columns["field"]],
        "month": [_month(one, field) for one, field in zip(columns["month"], columns["field"], strict=True)],
        "point": [places[one][1] for one in columns["point"]],
    }
    for name, codes in (("channel", CHANNELS), ("language", LANGUAGE_CODES), ("form", FORM_WORDS)):
        words = {0: None, **{number: word for word, number in codes.items()}}
        readable[name] = [words[one] for one in columns[name]]
    for name in ("sex", "age"):
        readable[name] = [options.get(name, {}).get(one) for one in columns[name]]
    table = pa.table({name: pa.array(values, pa.string()).dictionary_encode() for name, values in readable.items()})
    packed = np.frombuffer(b"".join(columns["answers"]), np.uint8).reshape(len(rows), len(instrument.items))
    for place, item in enumerate(instrument.items):
        table = table.append_column(item.code, _levels(packed[:, place]))
    return table


def _month(number: int, field: int) -> str | None:
    """As text; where few people come an answer keeps neither field nor month."""
    if not field:
        return WHOLE_WAVE
    return f"{number // 100}-{number % 100:02}" if number else None


def _levels(packed: np.ndarray) -> pa.Array:
    """One item's bytes as levels: null where there is no answer, -1 for "not applicable", -2 for "not asked"."""
    levels = packed.astype(np.int16)
    levels[packed == NOT_APPLICABLE] = NA_LEVEL
    levels[packed == NOT_ASKED] = NOT_ASKED_LEVEL
    return pa.array(levels, mask=packed == NOT_ANSWERED)


def _codebook(session: Session, wave: Wave, instrument: Instrument, table: pa.Table) -> Codebook:
    forms = {str(word).removesuffix(LEFT) for word in table["form"].unique().to_pylist()}
    on_form = [item for item in instrument.items if forms & set(item.forms)]
    asked = [item for item in on_form if item.satisfied]
    used = {instrument.factor_of(item.code) for item in asked}
    return Codebook(
        instrument=instrument.code,
        version=str(instrument.version),
        wave=wave.code,
        title=wave.title,
        simulated=wave.simulated,
        items=tuple(
            CodebookItem(item.code, item.text, instrument.factor_of(item.code), item.levels, item.satisfied)
            for item in asked
        ),
        factors=tuple((factor.code, factor.text) for factor in instrument.factors.values() if factor.code in used),
        columns={"strata": ("stratum",), "psu": ("psu",)},
        notes=f"{wave.opens_on} – {wave.closes_on}{_about_unfinished(session, wave, table)}",
        detailed=_detailed(session, wave),
        several=_several(table),
        opens_on=wave.opens_on,
        closes_on=wave.closes_on,
        population=HOUSEHOLDS if asks_households(wave) else None,
        series=None if wave.series == SERIES[0] else wave.series,
        not_asked=(NOT_ASKED_LEVEL,),
        asked_if=_asked_if(instrument, on_form),
        questions=tuple(map(_question, (item for item in on_form if not item.satisfied))) or None,
    )


def _asked_if(instrument: Instrument, items: list[Item]) -> tuple[tuple[str, str, tuple[int, ...]], ...] | None:
    """Skip logic in the numbers of the columns: an item, its gate, and what of the gate opens it."""
    return (
        tuple(
            (item.code, one.item, tuple(sorted(instrument.item(one.item).bytes_of(one.answers))))
            for item in items
            for one in item.asked_if
        )
        or None
    )


def _question(item: Item) -> CodebookQuestion:
    """What the numbers mean in the column of an item that is in no index."""
    words = [option.text for option in item.options] or list(item.scale.levels if item.scale else ())
    numbers = [1 << place for place in range(len(words))] if item.kind == "several" else range(1, len(words) + 1)
    labels = tuple(zip(numbers, words, strict=True))
    if item.kind == "count":
        labels = ((item.most + 1, f"{item.most}+"),)
    return CodebookQuestion(item.code, item.kind, item.text, labels)


def _about_unfinished(session: Session, wave: Wave, table: pa.Table) -> str:
    """What the codebook says of a wave that kept unfinished forms: how many, and whether they are in the file."""
    if wave.partial != "keep":
        return ""
    is_in = any(str(word).endswith(LEFT) for word in table["form"].unique().to_pylist())
    where = f"in this file, as form …{LEFT}" if is_in else "left out of this file"
    return f"; {kept_unfinished(session, wave.id)} unfinished forms {where}"


def _several(table: pa.Table) -> tuple[tuple[str, str], ...] | None:
    """The pairs of unit and field whose answers do not say at which point they were given."""
    without = table.filter(pc.equal(table["point"], SEVERAL))
    pairs = set(zip(without["unit"].to_pylist(), without["field"].to_pylist(), strict=True))
    return tuple(sorted(pairs)) or None


def _detailed(session: Session, wave: Wave) -> tuple[tuple[str, str], ...] | None:
    """The pairs of unit and field whose answers keep field and month; the others of a unit are one weighting class."""
    pairs = kept(session, wave)
    if pairs is None:
        return None
    units = {unit.id: unit.code for unit in session.scalars(select(Unit))}
    services = {service.id: service.code for service in session.scalars(select(Service))}
    return tuple(sorted((units[unit], services[field]) for unit, field in pairs))
