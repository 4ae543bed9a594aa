"""From a frozen wave to a draft release: weights, estimates, protection, pages. Only protected figures are written."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from analysis import COARSE, Cells, Snapshot, design_weights, estimate, frame_weights, tabulate
from analysis.disclosure.policy import Policy
from analysis.disclosure.safe_table import SafeTable
from analysis.disclosure.suppress import suppress
from sipas import i18n
from sipas.accounts.decisions import Decider
from sipas.config.settings import Settings
from sipas.errors import N_, SipasError, WaveState
from sipas.estimating import key_words, single_psus
from sipas.fieldwork.counted import frame_between, quarters_across
from sipas.fieldwork.households import asks_households
from sipas.fieldwork.models import PopulationCount, Wave
from sipas.fieldwork.waves import wave_of
from sipas.files.disk_space import remove_leftover, workshop
from sipas.logs import EVENTS
from sipas.publishing import key_losses, ways
from sipas.publishing.asked import asked_counts
from sipas.publishing.bundle import bundle_digest, finish, move, sync
from sipas.publishing.described import coarse_field, figures_csv, province_names, questionnaire
from sipas.publishing.disorder import refuse_disorder
from sipas.publishing.earlier import frame_digest, refuse_other_data, refuse_other_figures
from sipas.publishing.enough import refuse_too_few
from sipas.publishing.frozen import file_identity, frozen_snapshot
from sipas.publishing.missing_population import refuse_quarters_across, refuse_uncounted
from sipas.publishing.models import Release, SnapshotRecord
from sipas.publishing.people import person
from sipas.publishing.progress import Progress, silent
from sipas.publishing.published import TABLE, PublishedRelease, published_release, published_releases
from sipas.publishing.release_codes import next_code, remember
from sipas.publishing.stops import notes
from sipas.registry.models import Service, Unit
from sipas.registry.province import ProvinceName, province
from sipas.storage.database import Database
from sipas.tables.periods import for_weighting, is_quarter, months_in
from surveys import load

METHOD = "sipas-method 2"
FAMILIES = ("unit", "field", ("unit", "field"))
LEVEL, INTERVAL = 0.95, "wilson_shared_2"
PUBLISHED_DIAGNOSTICS = ("method", "margins", "uncovered", "population", "population_uncovered")


@dataclass(frozen=True)
class _Plan:
    """What a draft is made from, read in one go: nothing of it may have moved when the draft is written down."""

    code: str
    wave: Wave
    record: SnapshotRecord
    frame: tuple[PopulationCount, ...]
    units: tuple[Unit, ...]
    services: tuple[Service, ...]
    published: tuple[PublishedRelease, ...]
    ways: ways.ByUnit
    notes: tuple[dict[str, Any], ...]
    province: ProvinceName

    @property
    def state(self) -> tuple[object, ...]:
        """What must be the same in the end as it was in the beginning."""
        published = tuple(one.code for one in self.published)
        return (
            self.code,
            self.wave.state,
            self.record.digest,
            frame_digest(self.frame),
            published,
            self.notes,
            self.province,
        )


def build(
    database: Database, settings: Settings, wave_code: str, by: Decider, today: dt.date, progress: Progress = silent
) -> str:
    """Build a draft of a frozen wave and return its code.

    Reads, computes outside of any transaction, and writes the draft down in a short one, once nothing has moved. Raises
    WaveState where the wave is not frozen or something moved, ChangedSnapshot, Uncounted, WouldTellMore, and Disordered
    where shelf and database say different things; NoProvince where the registry does not say whose release it would be.
    """
    with workshop(settings.paths.drafts):
        return _build(database, settings, wave_code, replace(by, name=person(by.name)), today, progress)


def _build(
    database: Database, settings: Settings, wave_code: str, by: Decider, today: dt.date, progress: Progress
) -> str:
    progress(N_("checking the snapshot"))
    with database.reading() as session:
        wave = wave_of(session, wave_code)
        if asks_households(wave):
            raise WaveState(
                N_(
                    "Wave {wave} asked households. A release speaks of visitors and stands for their dossiers, so none "
                    "is built; `sipas estimate` gives its figures, which are never added to those of visitors."
                ),
                wave=wave.code,
            )
        record = session.get(SnapshotRecord, wave.id)
        file = settings.paths.snapshots / (record.file if record else "")
        checked = file_identity(file)
        snapshot = frozen_snapshot(settings.home, wave, record)
        refuse_disorder(session, settings.home, wave.code)
        plan = _plan(session, settings.home, wave, today)
        refuse_other_data(plan.published, snapshot, plan.frame)
        refuse_quarters_across(quarters_across(session, *_months(plan.wave)), *_months(plan.wave))
        if plan.frame:
            refuse_uncounted(session, snapshot, plan.frame, is_first=not plan.published)
        session.expunge_all()
    progress(N_("weighting, estimating, protecting"))
    table, weighting = release_figures(snapshot, plan.frame, [one.table for one in plan.published])
    refuse_other_figures(plan.published, table)
    progress(N_("writing the pages"))
    manifest = _manifest(plan, snapshot, table, weighting) | {
        "built_by": by.name,
        "built_on": str(today),
        "approved_by": None,
        "approved_on": None,
        "published_on": None,
    }
    aside = settings.paths.draft(f".{plan.code}")
    remove_leftover(aside)
    aside.mkdir()
    (aside / TABLE).write_text(table.to_json(), encoding="utf-8")
    (aside / "estimates.csv").write_bytes(figures_csv(table, manifest))
    finish(aside, manifest)
    sync(aside)
    place = settings.paths.draft(plan.code)
    try:
        with database.writing() as session:
            now = _plan(session, settings.home, wave_of(session, wave_code), today)
            if now.state != plan.state or file_identity(file) != checked:
                raise WaveState(
                    N_("While the draft of wave {wave} was built, something it rests on was changed; build it again."),
                    wave=wave_code,
                )
            remember(settings.home, plan.code)
            draft = Release(code=plan.code, wave_id=plan.wave.id, state="draft", built_by=by.name, built_on=today)
            draft.built_by_account, draft.emergency = by.account or None, by.emergency or None
            draft.digest = bundle_digest(aside)
            session.add(draft)
            session.flush()
            move(aside, place)
    except Exception:
        _take_back(database, place)
        raise
    return plan.code


def _take_back(database: Database, draft: Path) -> None:
    """Remove the folder of a draft whose row could not be stored, if the database can say that it does not know it."""
    with contextlib.suppress(SQLAlchemyError, OSError, SipasError):
        with database.reading() as session:
            known = session.scalar(select(Release.id).where(Release.code == draft.name))
        if known is None:
            remove_leftover(draft)


def _plan(session: Session, home: Path, wave: Wave, today: dt.date) -> _Plan:
    record = session.get(SnapshotRecord, wave.id)
    if record is None:
        raise WaveState(N_("Wave {wave} has no snapshot; freeze it first with `sipas freeze {wave}`."), wave=wave.code)
    return _Plan(
        code=next_code(session, home, wave.code),
        wave=wave,
        record=record,
        frame=tuple(frame_between(session, *_months(wave))),
        units=tuple(session.scalars(select(Unit).order_by(Unit.id))),
        services=tuple(session.scalars(select(Service).order_by(Service.rank))),
        published=tuple(published_release(home, one.code) for one in published_releases(home) if one.wave == wave.code),
        ways=ways.by_unit(session, home, wave),
        notes=(*notes(session, wave.id), *key_losses.notes(session, wave.id)),
        province=province(session, today),
    )


def release_figures(
    snapshot: Snapshot, frame: Sequence[PopulationCount], earlier: Sequence[SafeTable] = ()
) -> tuple[SafeTable, dict[str, Any]]:
    """Cells, weights, estimates, protection: the whole computation of a release, and what the weights report.

    What `earlier` releases of the wave withheld stays withheld, and what they showed counts as known. Raises TooFew
    where the whole stands on fewer people, or fewer weeks, than a release needs.
    """
    cells: Cells = tabulate(snapshot, by=FAMILIES, keep=("month",) if frame else ()).with_lonely(single_psus.RULE)
    if frame:
        counts, columns = for_weighting({(cell.unit, cell.field, cell.month): cell.dossiers for cell in frame})
        weights = frame_weights(cells, counts, columns=columns, classes=("unit", "field"))
    else:
        weights = design_weights(cells)
    estimates = estimate(cells, weights, level=LEVEL, interval=INTERVAL, coarse=True)
    for warning in weights.diagnostics["warnings"]:
        EVENTS.warning(i18n._(warning))  # for whoever builds; it speaks of small classes too, so it is not published
    policy = Policy()
    refuse_too_few(snapshot.codebook.wave, estimates.row("overall"), policy)
    safe = suppress(
        estimates,
        policy,
        earlier,
        source=snapshot.digest,
        parts=snapshot.codebook.factor_items,
        about={"wave": snapshot.codebook.wave, "simulated": snapshot.codebook.simulated}
        | ({"lost_keys": told} if (told := key_words.for_readers(snapshot.codebook.lost_keys, policy)) else {}),
    )
    if asked := asked_counts(cells, safe):
        safe = safe.saying(asked=asked)
    return safe, _publishable(weights.diagnostics)


def _publishable(diagnostics: Mapping[str, Any]) -> dict[str, Any]:
    """What the weights report, as far as it follows from the dossiers and from which units nobody answered for.

    All else counts answers of small classes too: the largest weight is N/n of one class, and N is known to many; merged
    classes are those with few answers; Kish's n is the sum of N^2/n turned over, and without weights n itself.
    """
    return {name: diagnostics[name] for name in PUBLISHED_DIAGNOSTICS if name in diagnostics}


def _months(wave: Wave) -> tuple[str, str]:
    last = wave.closes_on or wave.opens_on
    return f"{wave.opens_on:%Y-%m}", f"{last:%Y-%m}"


def _manifest(plan: _Plan, snapshot: Snapshot, table: SafeTable, weighting: dict[str, Any]) -> dict[str, Any]:
    wave, frame = plan.wave, plan.frame
    instrument = load(wave.instrument, wave.version)
    with_answers = {unit["unit"] for unit in table.domains("unit")}
    quarters = sorted({cell.month for cell in frame if is_quarter(cell.month)})
    listed = with_answers | {cell.unit for cell in frame if cell.dossiers}  # whoever nobody answered for is named too
    return {
        "format": "sipas-release 1",
        "release": plan.code,
        **province_names(plan.province),
        "wave": {
            "code": wave.code,
            "title": wave.title,
            "opens_on": str(wave.opens_on),
            "closes_on": str(wave.closes_on),
            "simulated": wave.simulated,
            "series": wave.series,
        },
        "instrument": questionnaire(instrument, snapshot),
        "units": [
            {"code": unit.code, "name": unit.name, "name_en": unit.name_en, "kind": unit.kind}
            for unit in plan.units
            if unit.code in listed
        ],
        "services": [{"code": one.code, "name": one.name, "name_en": one.name_en} for one in plan.services]
        + ([coarse_field()] if {"field": COARSE} in table.domains("field") else []),
        "responses": table.policy.people(snapshot.rows),
        "weighted": bool(frame),
        "frame": {
            "dossiers": sum(cell.dossiers for cell in frame),
            "months": sorted({month for cell in frame for month in months_in(cell.month)}),
            "sources": sorted({cell.source for cell in frame}),
            "digest": frame_digest(frame),
        }
        | ({"quarters": quarters} if quarters else {}),
        "earlier": [one.code for one in plan.published],
        "rule": {"name": "sipas-top2", "version": "1"},
        "method": {
            "version": METHOD,
            "interval": INTERVAL,
            "level": LEVEL,
            "variance": "linearised",
            "lonely": single_psus.RULE,
            "weights": weighting,
        },
        "policy": {"name": table.policy.name, "version": table.policy.version, "minimum": table.policy.minimum},
        "snapshot": snapshot.digest,
        "ways": ways.shares(plan.ways, table),
        "notes": list(plan.notes),
    } | {name: table.about[name] for name in ("lost_keys", "asked") if name in table.about}
