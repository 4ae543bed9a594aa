"""The officer's way through a change of competence in the middle of a wave: from the decision to the release."""

from __future__ import annotations

import csv
import datetime as dt
import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from sipas import clock
from sipas.cli import group
from sipas.fieldwork.models import KeptPoint, Point, PopulationCount
from sipas.fieldwork.small_cells.fields import kept
from sipas.fieldwork.waves import wave_of
from sipas.intake.models import Response
from sipas.registry.importing import OURS
from sipas.registry.models import Competence, Service, Unit
from surveys import load

WARD, DEPARTMENT, FIELD = "03646", "so-noi-vu", "dat-dai"
FIELDS = ("ho-tich", "chung-thuc", FIELD)
ITS_OWN = [f"{WARD},{field},@receiver,," for field in FIELDS]
COUNTED = [
    *((WARD, field) for field in ("ho-tich", "chung-thuc", FIELD, "bao-tro-xa-hoi", "dang-ky-kinh-doanh", "xay-dung")),
    *((WARD, field) for field in ("nguoi-co-cong", "khac")),
    *((DEPARTMENT, field) for field in ("nguoi-co-cong", "khac")),
]  # sixty cells of 36 dossiers in half a year: 2,160
ITEMS = [item.code for item in load("service-2024").items if item.kind == "rating" and "short" in item.forms]
SINCE_OCTOBER = f"{WARD},{FIELD},{DEPARTMENT},2026-10-01,"


@pytest.fixture
def office(settings, database, tmp_path, monkeypatch):
    """An officer with commands at hand, a point, and a registry in which the ward has rules of its own."""
    made = Office(settings.home, tmp_path / "registry", monkeypatch)
    made.on("2026-06-30")
    made.registry(*ITS_OWN)
    made.does("registry", "load", made.folder)
    made.does("point", "add", "to-hieu-1", "--unit", WARD)
    made.does("point", "add", "tthcc-so-noi-vu", "--unit", "tthcc")
    made.counts([(*pair, f"2026-0{month}", 36) for pair in COUNTED for month in range(1, 7)])
    made.on("2026-07-01")
    made.does("wave", "open", "w1", "--instrument", "service-2024", "--until", "2026-12-31")
    return made


def stored(database, **said):
    with database.reading() as session:
        units = {one.id: one.code for one in session.scalars(select(Unit))}
        rows = session.execute(
            select(Response.unit, Response.month, func.count()).group_by(Response.unit, Response.month)
        ).all()
    return {(units[unit], month): count for unit, month, count in rows}


@pytest.mark.parametrize("responsible", [DEPARTMENT, "so-xay-dung"])
def test_overwriting_who_was_responsible_is_refused_with_the_wave_and_the_first_day_that_can_be(
    office, database, responsible
):
    office.on("2026-09-16")
    office.registry(*ITS_OWN[:2], f"{WARD},{FIELD},{responsible},,")
    told = office.is_refused("registry", "load", office.folder)
    for part in ("w1", "2026-07-01", "2026-10-01", "to-hieu-1", FIELD, WARD, responsible, "Nothing was changed"):
        assert part in told
    with database.reading() as session:
        assert {one.responsible for one in session.scalars(select(Competence).where(Competence.receiver == WARD))} == {
            "@receiver"
        }


@pytest.mark.parametrize(
    ("today", "since", "is_accepted"),
    [
        ("2026-09-16", "2026-09-01", False),  # people answered this month
        ("2026-09-16", "2026-10-01", True),
        ("2026-10-01", "2026-10-01", False),  # and today
        ("2027-01-05", "2026-12-01", False),  # the wave is over; its past stays
        ("2027-01-05", "2027-01-01", True),  # nobody was asked in this month
    ],
)
def test_a_change_may_begin_where_nobody_has_answered_yet(office, today, since, is_accepted):
    office.on(today)
    office.registry(*ITS_OWN, f"{WARD},{FIELD},{DEPARTMENT},{since},")
    done = office.runs("registry", "load", office.folder)
    assert (done.exit_code == 0) is is_accepted, done.output


def test_the_past_of_a_frozen_wave_stays_too(office, database):
    office.answers("2026-07-20", FIELD, 3)
    office.on("2026-08-03")
    office.does("wave", "close", "w1")
    office.freezes()
    office.registry(*ITS_OWN[:2], f"{WARD},{FIELD},{DEPARTMENT},,")
    told = office.is_refused("registry", "load", office.folder)
    assert "w1" in told


def test_an_answer_belongs_to_whoever_was_responsible_on_its_day(office, database):
    office.registry(*ITS_OWN, SINCE_OCTOBER)
    office.on("2026-09-16")
    office.does("registry", "load", office.folder)
    office.answers("2026-10-20", FIELD, 2, given_on="2026-09-30")
    office.answers("2026-10-20", FIELD, 3, given_on="2026-10-01", first=100)
    assert sum(n for (unit, _), n in stored(database).items() if unit == WARD) == 2
    assert sum(n for (unit, _), n in stored(database).items() if unit == DEPARTMENT) == 3


def test_the_counts_of_each_month_go_to_whoever_was_responsible_then(office):
    office.registry(*ITS_OWN, SINCE_OCTOBER)
    office.on("2026-09-16")
    office.does("registry", "load", office.folder)
    office.on("2026-11-02")
    told = office.is_refused(*office.frame([(DEPARTMENT, FIELD, "2026-09", 120), (WARD, FIELD, "2026-10", 120)]))
    assert f"line 2, column unit: {FIELD} at {DEPARTMENT} is handled by" in told
    assert f"line 3, column unit: {FIELD} at {WARD} is handled by {DEPARTMENT}" in told
    office.does(*office.frame([(WARD, FIELD, "2026-09", 120), (DEPARTMENT, FIELD, "2026-10", 120)]))


def test_from_the_decision_to_the_release_without_a_circle_and_with_the_right_number_of_dossiers(office, database):
    """2,160 dossiers, where the overwritten rule ended in two refusals and then in 2,280."""
    office.on("2026-09-16")
    office.registry(*ITS_OWN, SINCE_OCTOBER)
    office.does("registry", "load", office.folder)
    for month in (7, 8, 9, 10, 11, 12):
        for week, day in enumerate((6, 14, 21, 28)):
            for place, field in enumerate(FIELDS):
                office.answers(f"2026-{month:02}-{day:02}", field, 12, first=10_000 * month + 1000 * week + 100 * place)
    office.on("2027-01-04")
    office.does("wave", "close", "w1")
    office.does(
        *office.frame(
            [
                (DEPARTMENT if field == FIELD and month > 9 else unit, field, f"2026-{month:02}", 36)
                for unit, field in COUNTED
                for month in range(7, 13)
            ]
        )
    )
    office.freezes()
    office.does("release", "build", "w1", "--by", "Lò Thị Hoa", "--emergency", "Thử")
    manifest = json.loads((office.home / "drafts" / "w1-r1" / "release.json").read_text(encoding="utf-8"))
    assert manifest["frame"]["dossiers"] == 2160
    assert {one["code"] for one in manifest["units"]} == {WARD, DEPARTMENT}
    assert manifest["method"]["weights"]["population"] == 2160

    # and the next wave keeps the detail of both offices: months in which another was responsible count for nothing
    office.does("wave", "open", "w2", "--instrument", "service-2024")
    with database.reading() as session:
        units = {one.id: one.code for one in session.scalars(select(Unit))}
        fields = {one.id: one.code for one in session.scalars(select(Service))}
        fine = {(units[unit], fields[field]) for unit, field in kept(session, wave_of(session, "w2"))}
    assert fine == {*COUNTED, (DEPARTMENT, FIELD)} - {(WARD, FIELD)}


def test_dossiers_that_stand_at_two_offices_are_not_counted_twice_in_a_release(office, database):
    """As a home of November may hold them, from before a rule could have a first day."""
    office.answers("2026-07-20", "ho-tich", 3)
    with database.writing() as session:
        for month in ("2026-07", "2026-08"):
            for field in FIELDS:
                session.add(PopulationCount(unit=WARD, field=field, month=month, dossiers=120, source=""))
        session.add(PopulationCount(unit=DEPARTMENT, field="chung-thuc", month="2026-07", dossiers=120, source=""))
    office.on("2026-09-01")
    office.does("wave", "close", "w1")
    office.freezes()
    told = office.is_refused("release", "build", "w1", "--by", "Lò Thị Hoa", "--emergency", "Thử")
    for part in (DEPARTMENT, "chung-thuc", "2026-07", "120", WARD):
        assert part in told


def test_a_past_that_an_earlier_program_overwrote_can_be_put_right(office, database):
    office.answers("2026-07-20", FIELD, 2)
    with database.writing() as session:  # as that program did
        for row in session.scalars(select(Competence).where(Competence.receiver == WARD, Competence.service == FIELD)):
            row.responsible = DEPARTMENT
    office.on("2026-09-16")
    office.registry(*ITS_OWN, SINCE_OCTOBER)
    office.does("registry", "load", office.folder)
    office.does(*office.frame([(WARD, FIELD, "2026-07", 120)]))


def test_rules_begin_with_a_month_for_answers_know_no_day(office):
    office.registry(*ITS_OWN, f"{WARD},{FIELD},{DEPARTMENT},2027-02-20,", "ward,khac,so-noi-vu,2027-03-01,2027-04-15")
    told = office.is_refused("registry", "load", office.folder)
    assert "column valid_from: “2027-02-20” lies within a month" in told
    assert "column valid_to: “2027-04-15” lies within a month" in told


def test_a_later_change_takes_the_point_from_whoever_is_no_longer_alone(office, database):
    def kept_at(point):
        with database.reading() as session:
            found = select(Unit.code, Service.code).select_from(KeptPoint)
            found = found.join(Point, Point.id == KeptPoint.point_id).where(Point.code == point)
            found = found.join(Unit, Unit.id == KeptPoint.unit_id).join(Service, Service.id == KeptPoint.field_id)
            return {tuple(row) for row in session.execute(found)}

    assert (WARD, "ho-tich") in kept_at("to-hieu-1")
    office.on("2026-09-16")
    office.registry(*ITS_OWN, f"03664,ho-tich,{WARD},2026-10-01,")  # another ward's civil status comes to this one
    office.does("registry", "load", office.folder)
    assert (WARD, "ho-tich") not in kept_at("to-hieu-1")
    assert (WARD, "chung-thuc") in kept_at("to-hieu-1")


class Office:
    """Commands of an officer on a day."""

    def __init__(self, home: Path, folder: Path, monkeypatch) -> None:
        self.home, self.folder, self._patch = home, folder, monkeypatch
        shutil.copytree(OURS, folder)
        monkeypatch.setenv("SIPAS_HOME", str(home))

    def on(self, day: str) -> None:
        """The day it is now."""
        noon = dt.datetime.combine(dt.date.fromisoformat(day), dt.time(5), dt.timezone.utc)
        self._patch.setattr(clock, "now", lambda: noon)

    def registry(self, *rules: str) -> None:
        """The files, with these rules beside those of Sơn La."""
        text = (OURS / "competence.csv").read_text(encoding="utf-8")
        (self.folder / "competence.csv").write_text(text + "\n".join(rules) + "\n", encoding="utf-8")

    def runs(self, *words):
        return CliRunner().invoke(group, [str(word) for word in words])

    def does(self, *words) -> str:
        done = self.runs(*words)
        assert done.exit_code == 0, (words, done.output, str(done.exception))
        return done.output

    def is_refused(self, *words) -> str:
        done = self.runs(*words)
        assert done.exit_code == 1, (words, done.output)
        return str(done.exception)

    def freezes(self) -> None:
        self.does("maintain", "--date-is-right")  # the tests' nights are far apart
        self.does("freeze", "w1")

    def frame(self, rows) -> tuple[str, ...]:
        path = self.folder.parent / "dossiers.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("unit", "field", "month", "dossiers"), *rows])
        return "frame", "load", str(path)

    def counts(self, rows) -> None:
        self.does(*self.frame(rows))

    def answers(self, today: str, field: str, people: int, given_on: str = "", first: int = 1) -> None:
        """Paper forms of a day, brought in `today`."""
        self.on(today)
        path = self.folder.parent / "forms.csv"
        lines = [
            f"{number},to-hieu-1,{field},{given_on or today}" + len(ITEMS) * f",{4 if number % 4 else 2}"
            for number in range(first, first + people)
        ]
        path.write_text(
            ",".join(["id", "point", "field", "date", *ITEMS]) + "\n" + "\n".join(lines) + "\n", encoding="utf-8"
        )
        self.does("responses", "import", str(path), "--wave", "w1", "--form", "short")
