"""The demo province: Sơn La's units with simulated dossiers and answers, a released wave and an open one.

Everything that people would have said is made up from SEED by `analysis.simulation`, with a truth that the estimates
can be held against (`province`); `visits.py` adds a few visits by every other way, and what people wrote. Each step
looks at what is there already, so that a second start keeps the data and an interrupted one goes on.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from analysis.simulation.simulate import Field, Place, Province, Question
from sipas.accounts.roles import APPROVER, BUILDER
from sipas.config.settings import Settings
from sipas.demo.officers import demo_officer, make_officers
from sipas.demo.visits import add_ways, answer_by_every_way, write_comments
from sipas.errors import N_, NotReady
from sipas.fieldwork.models import CHANNELS, FORMS, Point, PopulationCount, Wave
from sipas.fieldwork.points import add_point, points
from sipas.fieldwork.small_cells.fields import kept
from sipas.fieldwork.small_cells.points import kept_in
from sipas.fieldwork.waves import close_wave, open_wave, wave_of
from sipas.intake import LANGUAGE_CODES, VisitCodes, Visits, anonymise_many, keys_of_submissions, record_many, stored
from sipas.keyring import wave_keys
from sipas.migrations import create
from sipas.publishing.build import build
from sipas.publishing.freeze import freeze
from sipas.publishing.models import Release
from sipas.publishing.review import approve, publish
from sipas.registry.importing import load_registry
from sipas.registry.models import Service, Unit
from sipas.registry.units import services_of
from sipas.storage.database import Database
from surveys import Instrument, load

SEED = 2026
INSTRUMENT = "service-2024"
FINISHED, OPEN = "2026-1", "2026-2"
FIRST, LAST = dt.date(2026, 1, 1), dt.date(2026, 6, 30)
MONTHS = ("2026-01", "2026-02", "2026-03", "2026-04", "2026-05", "2026-06")
SOURCE = "Mô phỏng / simulated"
FIELDS = (  # share of dossiers, effect on satisfaction (normal scale): land is lowest, as in most provinces
    Field("ho-tich", 0.24, 0.10),
    Field("chung-thuc", 0.25, 0.15),
    Field("dat-dai", 0.14, -0.40),
    Field("bao-tro-xa-hoi", 0.10, 0.00),
    Field("dang-ky-kinh-doanh", 0.06, 0.05),
    Field("xay-dung", 0.04, -0.20),
    Field("nguoi-co-cong", 0.04, 0.00),
    Field("giao-thong", 0.04, 0.05),
    Field("ly-lich-tu-phap", 0.03, 0.10),
    Field("y-te-giao-duc", 0.02, 0.05),
    Field("van-hoa", 0.01, 0.10),
    Field("khac", 0.03, 0.00),
)

Progress = Callable[[int, int, str], None]
STEPS = (
    N_("preparing the database and the registry"),
    N_("making receiving points"),
    N_("simulating a half-year of dossiers and answers"),
    N_("taking the answers through the first door"),
    N_("freezing the wave"),
    N_("weighting, estimating, protecting"),
    N_("approving and publishing"),
    N_("opening the next wave at every kiosk"),
)


def prepare(settings: Settings, today: dt.date, progress: Progress) -> Database:
    """Brings the demo to its end state, whatever of it is there already.

    Raises NotReady where SIPAS_HOME holds a real installation.
    """

    def step(number: int) -> None:
        progress(number + 1, len(STEPS), STEPS[number])

    database = Database.of(settings)
    if database.exists():
        database.check()
        _refuse_real(settings, database)
    step(0)
    if not database.exists():
        database = create(settings)
        settings.paths.demo.touch()
    with database.writing() as session:
        if not session.scalar(select(func.count()).select_from(Unit)):
            load_registry(session)
        step(1)
        if not points(session):
            _make_points(session)
    make_officers(settings, today)
    _ask_a_half_year(database, settings, step)
    _finish_wave(database, settings, today, step)
    with database.writing() as session:
        if not session.scalar(select(Wave.id).where(Wave.code == OPEN)):
            step(7)
            add_ways(session)  # not before: the finished wave was simulated at kiosks alone
            questionnaire = load(INSTRUMENT)
            open_wave(
                session,
                OPEN,
                questionnaire.code,
                questionnaire.version,
                title="Đợt 2 năm 2026 (dùng thử)",
                opens_on=min(today, LAST + dt.timedelta(days=1)),
                simulated=True,
            )
            wave_keys.make(settings.home, OPEN)
            answer_by_every_way(session, settings.home, SEED, today)
        add_ways(session)
    return database


def simulated_province(session: Session) -> Province:
    """The simulated province over the points of the database; its `truth` is what the estimates should find."""
    instrument = load(INSTRUMENT)
    places = [place for place in points(session) if place.channel == "kiosk"]
    handled = {
        (place.code, service.code): who
        for place in places
        for service, who in services_of(session, place.code, place.unit, LAST)
    }
    departments = session.scalars(select(Unit.code).where(Unit.kind == "department"))
    return Province(
        seed=SEED,
        places=[Place(place.code, place.code, place.channel, "full") for place in places],
        fields=FIELDS,
        responsible=handled,
        questions=questions(instrument),
        forms=instrument.forms,
        months=MONTHS,
        lift=dict.fromkeys(departments, 0.15),
        sexes=_profile(instrument, "sex"),
        ages=_profile(instrument, "age"),
    )


def questions(instrument: Instrument) -> list[Question]:
    """The instrument as the simulation takes it, skip logic included; some who gave feedback have no reply
    yet."""
    return [
        Question(
            item.code,
            instrument.factor_of(item.code),
            len(item.options) or item.levels,
            item.satisfied or (item.levels,),
            not_applicable=(0.1 if item.asked_if else 0.04) if item.allows_not_applicable else 0.0,
            kind=item.kind,
            asked_if=tuple(
                (one.item, tuple(sorted(instrument.item(one.item).bytes_of(one.answers)))) for one in item.asked_if
            ),
        )
        for item in instrument.items
    ]


def _profile(instrument: Instrument, code: str) -> list[str]:
    return [option.code for question in instrument.profile if question.code == code for option in question.options]


def _refuse_real(settings: Settings, database: Database) -> None:
    if settings.paths.demo.exists():
        return
    with database.reading() as session:
        if points(session) or session.scalar(select(Wave.id)):
            raise NotReady(
                N_(
                    "SIPAS_HOME holds a real installation; the demo would mix made-up answers into it. "
                    "Give the demo a folder of its own: SIPAS_HOME=~/sipas-demo sipas demo"
                )
            )


def _make_points(session: Session) -> None:
    for unit in session.scalars(select(Unit).where(Unit.kind.in_(("ward", "commune"))).order_by(Unit.id)):
        name = unit.name[0].lower() + unit.name[1:]
        add_point(
            session,
            f"kiosk-{unit.code}",
            unit.code,
            name=f"Trung tâm Phục vụ hành chính công {name}",
            name_en=f"Public Administration Service Centre, {unit.name_en}",
        )
    for unit in session.scalars(select(Unit).where(Unit.kind == "department").order_by(Unit.id)):
        add_point(
            session,
            f"tthcc-{unit.code}",
            "tthcc",
            form="full",
            name=f"Trung tâm Phục vụ hành chính công tỉnh, quầy {unit.name}",
            name_en=f"Provincial Public Administration Service Centre, counter of the {unit.name_en}",
        )


def _ask_a_half_year(database: Database, settings: Settings, step: Callable[[int], None]) -> None:
    """The finished wave with its dossiers and answers; nothing is computed while the database is held."""
    with database.reading() as session:
        wave = session.scalar(select(Wave).where(Wave.code == FINISHED))
        if wave is not None and (wave.state != "open" or stored(session, wave.id)):
            return
        step(2)
        made = simulated_province(session)
    frame, answers = made.frame.to_pylist(), made.responses
    step(3)
    if wave is None:
        with database.writing() as session:
            session.execute(insert(PopulationCount), [{**row, "source": SOURCE} for row in frame])
            instrument = load(INSTRUMENT)
            open_wave(
                session,
                FINISHED,
                instrument.code,
                instrument.version,
                title="Đợt 1 năm 2026 (mô phỏng)",
                opens_on=FIRST,
                closes_on=LAST,
                simulated=True,
            )
    wave_keys.make(settings.home, FINISHED)
    with database.reading() as session:
        rows = _anonymous(session, settings, answers)
    with database.writing() as session:
        record_many(session, rows)
        write_comments(session, settings.home, FINISHED, FIRST)


def _anonymous(session: Session, settings: Settings, answers: pa.Table) -> NDArray[np.void]:
    """Every simulated visit through the wide first door."""
    instrument, wave = load(INSTRUMENT), wave_of(session, FINISHED)
    place_ids = list(session.scalars(select(Point.id).order_by(Point.id)))
    unit_ids = dict(session.execute(select(Unit.code, Unit.id)).all())
    service_ids = dict(session.execute(select(Service.code, Service.id)).all())
    sexes, ages = (dict(zip(_profile(instrument, name), range(1, 9), strict=False)) for name in ("sex", "age"))
    columns = {name: answers[name].to_pylist() for name in answers.column_names}
    detail = kept(session, wave) or frozenset()
    told = kept_in(session, wave)
    point = [place_ids[i] for i in columns["place"]]
    unit = [unit_ids[code] for code in columns["unit"]]
    field = [service_ids[code] for code in columns["field"]]
    days = [_day(week, month) for week, month in zip(columns["week"], columns["month"], strict=True)]
    codes = VisitCodes(
        wave=wave.id,
        point=np.array(point),
        unit=np.array(unit),
        field=np.array(field),
        channel=np.array([CHANNELS[word] for word in columns["channel"]]),
        form=np.array([FORMS[word] for word in columns["form"]]),
        coarse=np.array([int(pair not in detail) for pair in zip(unit, field, strict=True)]),
        several=np.array([int(one not in told) for one in zip(point, unit, field, strict=True)]),
    )
    came = Visits(
        codes,
        answers=np.frombuffer(b"".join(columns["packed"]), np.uint8).reshape(answers.num_rows, -1),
        day=np.array(days, "datetime64[D]"),
        language=np.array([LANGUAGE_CODES[word] for word in columns["language"]]),
        sex=np.array([sexes.get(word, 0) for word in columns["sex"]]),
        age=np.array([ages.get(word, 0) for word in columns["age"]]),
    )
    return anonymise_many(
        came,
        key=keys_of_submissions(wave_keys.load(settings.home, wave.code, "id"), [""] * answers.num_rows),
        cluster_key=wave_keys.load(settings.home, wave.code, "cluster"),
    )


def _day(week: str, month: str) -> dt.date:
    """A day of that week which lies in that month."""
    monday = dt.date.fromisocalendar(int(week[:4]), int(week[6:]), 1)
    return next(day for day in (monday + dt.timedelta(i) for i in range(7)) if f"{day:%Y-%m}" == month)


def _finish_wave(database: Database, settings: Settings, today: dt.date, step: Callable[[int], None]) -> None:
    with database.reading() as session:
        wave = wave_of(session, FINISHED)
        release = session.scalar(select(Release).join(Wave).where(Wave.code == FINISHED))
        state, code, stage = wave.state, release.code if release else None, release.state if release else None
    if state == "open":
        with database.writing() as session:
            close_wave(session, FINISHED, LAST)
        state = "closed"
    if state == "closed":  # or freezing, where that was interrupted
        step(4)
        freeze(database, settings.home, FINISHED, today)
    if code is None:
        step(5)
        code, stage = build(database, settings, FINISHED, demo_officer(BUILDER).decides, today), "draft"
    if stage == "draft":
        step(6)
        approve(database, settings.home, code, demo_officer(APPROVER).decides, today)
        stage = "approved"
    if stage == "approved":
        publish(database, settings.home, code, today)
