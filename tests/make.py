"""Things for tests, made by plain functions with good defaults."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from sipas import clock
from sipas.config.settings import Settings
from sipas.fieldwork.models import PopulationCount
from sipas.fieldwork.points import add_point, points
from sipas.fieldwork.waves import open_wave
from sipas.intake import Answers, Outcome, Visit, VisitCodes, anonymise, comment_of, receive
from sipas.intake.comment_spool import flush_comments
from sipas.intake.models import ResponseRow, StoredComment
from sipas.intake.submission_keys import submission_key
from sipas.keyring import wave_keys
from sipas.migrations import create
from sipas.registry.importing import load_registry
from sipas.registry.models import Service, Unit
from sipas.storage.database import Database
from surveys import load
from tests.asked import asked
from tests.repeated import once

OPENING = dt.date(2026, 9, 1)
A_MORNING = dt.datetime(2026, 9, 16, 2, 30, tzinfo=dt.timezone.utc)  # half past nine in Sơn La
PACKED = Answers.of(load("service-2024"), "short", {"O": "4"})


def a_point(database: Database, code: str = "to-hieu-1", unit: str = "03646", form: str = "full", **more) -> str:
    """A receiving point in Tô Hiệu ward."""

    def adding() -> None:
        with database.writing() as session:
            add_point(session, code, unit, form=form, **more)

    once(database, adding, code, unit, form, more)
    return code


def a_wave(database: Database, settings: Settings, code: str = "w1", instrument: str = "service-2024", **more) -> str:
    """An open wave with its keys; a point is made where there is none, and dossiers of last year where none are."""
    questionnaire = load(instrument, more.pop("version", None))
    if len(questionnaire.populations) > 1:
        more = {"population": questionnaire.populations[0], **more}

    def opening() -> None:
        with database.reading() as session:
            empty = not points(session)
        if empty:
            a_point(database)
        if not more.get("coarsest"):
            with database.writing() as session:
                if session.scalar(select(PopulationCount)) is None:
                    a_frame(session)
        with database.writing() as session:
            open_wave(session, code, questionnaire.code, questionnaire.version, **{"opens_on": OPENING, **more})

    once(database, opening, code, questionnaire.code, questionnaire.version, more)
    wave_keys.make(settings.home, code)
    return code


def a_kiosk_at_work(home: Path) -> tuple[Settings, Database]:
    """An installation with its registry, one kiosk with the full form, and a wave that is open today."""
    settings = Settings(home=home)
    database = create(settings)
    with database.writing() as session:
        load_registry(session)
    a_point(database, "to-hieu-1", "03646", form="full", channel="kiosk")
    a_wave(database, settings, opens_on=clock.today())
    return settings, database


def a_frame(session: Session, dossiers: int = 100, month: str = "2025-12", **fewer: int) -> None:
    """That many dossiers of every unit and field in a month; `fewer` says it for a field, with _ for -."""
    cells = [
        {"unit": unit, "field": field, "month": month, "source": "made up", "dossiers": dossiers}
        for unit in session.scalars(select(Unit.code))
        for field in session.scalars(select(Service.code))
    ]
    for cell in cells:
        cell["dossiers"] = fewer.get(cell["field"].replace("-", "_"), dossiers)
    session.execute(insert(PopulationCount), cells)


def some_dossiers(session: Session, units: Iterable[str], month: str, dossiers: int = 100) -> None:
    """That many dossiers of the fields that every ward handles itself, at some wards in a month."""
    for unit in units:
        for field in ("ho-tich", "dat-dai", "chung-thuc"):
            session.add(PopulationCount(unit=unit, field=field, month=month, dossiers=dossiers, source="made up"))


def a_response(
    database: Database,
    settings: Settings,
    point: str = "to-hieu-1",
    service: str = "ho-tich",
    moment: dt.datetime = A_MORNING,
    submission: str = "",
    answers: dict[str, object] | None = None,
    wave: str = "",
    **more,
) -> Outcome:
    """One visit's answers through the first door; every item 4 unless `answers` says otherwise.

    `wave` names the wave of a page that was opened before the wave ended.
    """
    day = (moment + dt.timedelta(hours=7)).date()
    asking = asked(database, point, day, wave)
    instrument = load(asking.wave.instrument, asking.wave.version)
    form, codes = asking.point.form, asking.codes(service)
    said = {code: "4" for code in instrument.forms[form] if instrument.item(code).kind == "rating"}
    given = Answers.of(instrument, form, said if answers is None else answers)
    if more.pop("unfinished", False):
        codes = codes.left_unfinished()
    profile = {name: more.pop(name) for name in ("sex", "age") if name in more}
    visit = Visit(asking.wave.code, codes, given, moment, more.pop("language", "vi"), **profile)
    if wave:
        more["still_open"] = asking.still_open
    return receive(database, settings.home, visit, submission=submission, **more)


def a_visit(
    answers: Answers = PACKED,
    moment: dt.datetime = A_MORNING,
    language: str = "vi",
    sex: int = 0,
    age: int = 0,
    **codes: int,
) -> Visit:
    """A visit without an installation around it: every small number is 1 unless `codes` say otherwise."""
    one = dict.fromkeys(("wave", "point", "unit", "field", "channel", "form"), 1) | {"coarse": 0, "several": 0}
    return Visit("w1", VisitCodes(**{**one, **codes}), answers, moment, language, sex, age)


def a_row(submission: str, visit: Visit | None = None) -> ResponseRow:
    """What the first door makes of a visit, under keys of nobody's."""
    key = submission_key(b"i" * 32, submission)
    return anonymise(visit or a_visit(), key=key, cluster_key=b"c" * 32)


def a_comment(words: str, submission: str) -> StoredComment:
    """What the first door makes of a comment, under the same keys."""
    return comment_of(words, a_visit().codes, moment=A_MORNING, submission=submission, id_key=b"i" * 32)


def some_codes(
    database: Database, settings: Settings, point: str = "to-hieu-phone", count: int = 1, **more
) -> list[str]:
    """Invitation codes for a phone point, which is made where there is none, in the wave that is open there."""
    from sipas import clock
    from sipas.fieldwork.points import set_invitation
    from sipas.inviting import issue

    with database.reading() as session:
        known = {one.code for one in points(session)}
    if point not in known:
        a_point(database, point, form="short", channel="phone")
    with database.writing() as session:
        set_invitation(session, point, more.pop("invitation", "required"))
        return list(issue(session, settings.home, point, count, more.pop("today", clock.today()), **more).codes)


def all_comments(database: Database, settings: Settings) -> list[StoredComment]:
    """Every comment, as the night leaves them in their table."""
    flush_comments(database, settings.home)
    with database.reading() as session:
        return list(session.scalars(select(StoredComment)))


def a_csv(folder: Path, text: str, name: str = "file.csv") -> Path:
    """A file of that text, as UTF-8."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path
