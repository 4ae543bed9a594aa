"""From a frozen wave to a draft release: weights, estimates, protection, pages. Only protected figures are written."""

from __future__ import annotations

import csv
import datetime as dt
import io
import shutil
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from analysis import COARSE, Cells, Snapshot, design_weights, estimate, frame_weights, read_snapshot, tabulate
from analysis.disclosure import suppress
from analysis.policy import Policy
from analysis.safe_table import SafeTable
from sipas import i18n
from sipas.database import Database
from sipas.errors import N_, WaveState
from sipas.fieldwork.frame import frame_between
from sipas.fieldwork.models import FrameCell, Wave
from sipas.fieldwork.waves import wave_of
from sipas.publishing.folder import digest_of, finish
from sipas.publishing.models import Release, SnapshotRecord
from sipas.publishing.review import person
from sipas.publishing.shelf import TABLE, issues
from sipas.publishing.uncounted import refuse_uncounted
from sipas.registry.models import Service, Unit
from sipas.settings import Settings
from surveys import Instrument, load, translated

METHOD = "sipas-method 1"
FAMILIES = ("unit", "field", ("unit", "field"))
LEVEL, INTERVAL = 0.95, "wilson_shared"
PUBLISHED_DIAGNOSTICS = (
    "method", "n", "total", "kish", "deff_kish", "iterations", "categories", "margins", "uncovered", "population",
    "population_uncovered", "warnings",
)  # fmt: skip
LONELY = "centre"  # an office that asked in a single week deviates from the mean of all: never too small a variance


def build(database: Database, settings: Settings, wave_code: str, by: str, today: dt.date) -> str:
    """Builds a draft of a frozen wave and gives its code. Raises WaveState where the wave is not frozen."""
    builder = person(by)
    with database.writing() as session:
        wave = wave_of(session, wave_code)
        record = session.get(SnapshotRecord, wave.id)
        if wave.state != "frozen" or record is None:
            raise WaveState(
                N_("Wave {wave} is {state}; freeze it first with `sipas freeze {wave}`."),
                wave=wave.code,
                state=wave.state,
            )
        snapshot = read_snapshot(settings.home / "snapshots" / record.file)
        if snapshot.digest != record.digest:
            raise WaveState(
                N_("The snapshot of wave {wave} is not the one that was frozen; restore it from a backup."),
                wave=wave.code,
            )
        frame = frame_between(session, *_months(snapshot))
        if frame:
            refuse_uncounted(session, snapshot, frame)
        earlier = [one.table for one in issues(settings.home) if one.manifest["wave"]["code"] == wave.code]
        table, weighting = figures(snapshot, frame, earlier)
        number = 1 + session.scalar(select(func.count()).select_from(Release).where(Release.wave_id == wave.id))
        code = f"{wave.code}-r{number}"
        manifest = _manifest(session, settings, code, wave, snapshot, frame, table, weighting)
        manifest |= {
            "built_by": builder,
            "built_on": str(today),
            "approved_by": None,
            "approved_on": None,
            "published_on": None,
        }
        folder = settings.home / "drafts" / code
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / TABLE).write_text(table.to_json(), encoding="utf-8")
        (folder / "estimates.csv").write_bytes(_csv(table, manifest))
        finish(folder, manifest)
        session.add(
            Release(
                code=code, wave_id=wave.id, state="draft", built_by=builder, built_on=today, digest=digest_of(folder)
            )
        )
    return code


def figures(
    snapshot: Snapshot, frame: list[FrameCell], earlier: Sequence[SafeTable] = ()
) -> tuple[SafeTable, dict[str, Any]]:
    """Cells, weights, estimates, protection: the whole computation of a release, and what the weights report.

    What `earlier` releases of the wave withheld stays withheld, and what they showed counts as known.
    """
    cells: Cells = tabulate(snapshot, by=FAMILIES, keep=("month",) if frame else ()).with_lonely(LONELY)
    if frame:
        counts = {(cell.unit, cell.field, cell.month): cell.dossiers for cell in frame if cell.dossiers}
        weights = frame_weights(cells, counts, columns=("unit", "field", "month"), classes=("unit", "field"))
    else:
        weights = design_weights(cells)
    estimates = estimate(cells, weights, level=LEVEL, interval=INTERVAL)
    safe = suppress(
        estimates,
        Policy(),
        earlier,
        source=snapshot.digest,
        parts=snapshot.codebook.factor_items,
        about={"wave": snapshot.codebook.wave, "simulated": snapshot.codebook.simulated},
    )
    return safe, _publishable(weights.diagnostics)


def _publishable(diagnostics: Mapping[str, Any]) -> dict[str, Any]:
    """What the weights report, without what could tell how many answered in one small class.

    The largest weight is N/n of one class, and N is known to many; merged classes are those with few answers.
    """
    told = {name: diagnostics[name] for name in PUBLISHED_DIAGNOSTICS if name in diagnostics}
    told |= {name: float(f"{told[name]:.3g}") for name in ("kish", "deff_kish") if name in told}
    return told | {"merged_classes": len(diagnostics.get("merged", ()))}


def _months(snapshot: Snapshot) -> tuple[str, str]:
    first, last = snapshot.codebook.notes.split(" – ")
    return first[:7], last[:7]


def _manifest(
    session: Session,
    settings: Settings,
    code: str,
    wave: Wave,
    snapshot: Snapshot,
    frame: list[FrameCell],
    table: SafeTable,
    weighting: dict[str, Any],
) -> dict[str, Any]:
    instrument = load(wave.instrument, wave.version)
    with_answers = {unit["unit"] for unit in table.domains("unit")}
    listed = with_answers | {cell.unit for cell in frame if cell.dossiers}  # whoever nobody answered for is named too
    return {
        "format": "sipas-release 1",
        "release": code,
        "province": settings.province,
        "wave": {
            "code": wave.code,
            "title": wave.title,
            "opens_on": str(wave.opens_on),
            "closes_on": str(wave.closes_on),
            "simulated": wave.simulated,
        },
        "instrument": _asked(instrument, snapshot),
        "units": [
            {"code": unit.code, "name": unit.name, "name_en": unit.name_en, "kind": unit.kind}
            for unit in session.scalars(select(Unit).order_by(Unit.id))
            if unit.code in listed
        ],
        "services": [
            {"code": one.code, "name": one.name, "name_en": one.name_en}
            for one in session.scalars(select(Service).order_by(Service.rank))
        ]
        + ([_coarse()] if {"field": COARSE} in table.domains("field") else []),
        "responses": snapshot.rows,
        "weighted": bool(frame),
        "frame": {
            "dossiers": sum(cell.dossiers for cell in frame),
            "months": sorted({cell.month for cell in frame}),
            "sources": sorted({cell.source for cell in frame}),
        },
        "rule": {"name": "sipas-top2", "version": "1"},
        "method": {
            "version": METHOD,
            "interval": INTERVAL,
            "level": LEVEL,
            "variance": "linearised",
            "lonely": LONELY,
            "weights": weighting,
        },
        "policy": {"name": table.policy.name, "version": table.policy.version, "minimum": table.policy.minimum},
        "snapshot": snapshot.digest,
        "notes": [],
    }


def _asked(instrument: Instrument, snapshot: Snapshot) -> dict[str, Any]:
    """The questionnaire as far as it was asked, in both languages."""
    with i18n.speaking("en"):
        english = translated(instrument, i18n.instrument_text)
    asked = set(snapshot.codebook.item_codes)
    factors = dict(snapshot.codebook.factors)
    return {
        "code": instrument.code,
        "version": instrument.version,
        "title": instrument.title,
        "title_en": english.title,
        "basis": instrument.basis,
        "factors": [
            {"code": one.code, "text": one.text, "text_en": english.factors[one.code].text}
            for one in instrument.factors.values()
            if one.code in factors
        ],
        "items": [
            {
                "code": one.code,
                "text": one.text,
                "text_en": english.item(one.code).text,
                "factor": instrument.factor_of(one.code),
                "wording": one.wording,
            }
            for one in instrument.items
            if one.code in asked
        ],
    }


def _coarse() -> dict[str, str]:
    """What the answers are called that were stored without their field."""
    said = N_("Fields with few dossiers at their office, together")
    names = {}
    for language in ("vi", "en"):
        with i18n.speaking(language):
            names[language] = i18n._(said)
    return {"code": COARSE, "name": names["vi"], "name_en": names["en"]}


def _csv(table: SafeTable, manifest: dict[str, Any]) -> bytes:
    """One row per figure, in UTF-8 with a mark that Excel understands; withheld figures are empty and say so."""
    columns = ("n", "answers", "estimate", "se", "df", "deff", "low", "high", "method", "level", "reliability")
    memory = io.StringIO()
    writer = csv.writer(memory, lineterminator="\r\n")
    writer.writerow(["release", "wave", "simulated", "unit", "field", "of", "withheld", *columns, "flags"])
    wave = manifest["wave"]
    for row in table.records():
        values = ["" if row[column] is None else row[column] for column in columns]
        writer.writerow(
            [
                manifest["release"],
                wave["code"],
                int(wave["simulated"]),
                row["domain"].get("unit", ""),
                row["domain"].get("field", ""),
                row["of"],
                int(row["withheld"]),
                *values,
                "; ".join(row["flags"]),
            ]
        )
    return memory.getvalue().encode("utf-8-sig")
