"""Waves of households: no service field, no dossiers, and never one figure with visitors."""

from __future__ import annotations

import datetime as dt
import hashlib

import pyarrow as pa
import pytest
from sqlalchemy import select

import surveys
from analysis import Codebook, tabulate, write_snapshot
from analysis.errors import BadData
from sipas.accounts.decisions import typed
from sipas.fieldwork.households import BadPopulation
from sipas.fieldwork.waves import close_wave, open_wave
from sipas.i18n import say, speaking
from sipas.intake.models import Response
from sipas.publishing.build import build
from sipas.publishing.freeze import freeze
from surveys.load import INSTRUMENTS
from tests.make import A_MORNING, OPENING, a_point, a_response
from tests.sipas.estimating.calls import call, rows_of

END = dt.date(2026, 12, 1)
BOTH = 1001  # the demo questionnaire, asked of visitors or of households


@pytest.fixture(autouse=True)
def of_both(settings):
    folder = settings.paths.instruments
    folder.mkdir(exist_ok=True)
    text = (INSTRUMENTS / "demo.v1.yaml").read_text("utf-8")
    text = text.replace("version: 1\n", f"version: {BOTH}\npopulations: [visitors, households]\n", 1)
    path = folder / f"demo.v{BOTH}.yaml"
    path.write_text(text, "utf-8")
    (folder / "DIGESTS").write_text(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n")
    surveys.also_from(folder)


def households(database, settings, code="w1", **more):
    with database.writing() as session:
        a = {"opens_on": OPENING, "population": "households", "series": "other", **more}
        open_wave(session, code, "demo", BOTH, **a)
    from sipas.keyring import wave_keys

    wave_keys.make(settings.home, code)


def refusal(*arguments):
    refused = call(*arguments)
    assert refused.exit_code
    with speaking("en"):
        return say(refused.exception)


def test_a_wave_says_whom_it_asks_where_there_is_a_choice(database):
    a_point(database)
    with database.writing() as session:
        with pytest.raises(BadPopulation, match="say with --population whom this wave asks"):
            open_wave(session, "w1", "demo", BOTH, opens_on=OPENING)
        with pytest.raises(BadPopulation, match="does not ask households; it asks visitors"):
            open_wave(session, "w1", "service-2024", 2, opens_on=OPENING, population="households", series="other")
        with pytest.raises(BadPopulation, match="cannot belong to the main figures"):
            open_wave(session, "w1", "demo", BOTH, opens_on=OPENING, population="households")


def test_a_household_is_asked_no_service_field_and_its_answer_names_none(app, database, settings):
    a_point(database, form="full")
    households(database, settings)  # without dossier counts
    client = app.test_client()
    page = client.get("/k/to-hieu-1/vi").text
    assert 'id="q-service"' not in page
    assert '<input type="hidden" name="service" value="household">' in page
    assert "Hôm nay Ông/Bà được phục vụ thế nào" not in client.get("/k/to-hieu-1").text
    sent = client.post("/k/to-hieu-1/vi", data={"id": "a" * 32, "service": "household", "O": "4", "sex": "f"})
    assert sent.status_code == 303
    with database.reading() as session:
        row = session.scalars(select(Response)).one()
    assert (row.field, row.sex, row.point) == (0, 1, 1)


@pytest.fixture
def snapshot(database, settings):
    a_point(database, form="full")
    households(database, settings)
    for number in range(24):
        said = {"O": "4" if number % 3 else "2", "A2": "5"}
        a_response(database, settings, service="household", answers=said, sex=1 + number % 2, age=1 + number % 3,
                   moment=A_MORNING + dt.timedelta(days=7 * (number % 4)))  # fmt: skip
    with database.writing() as session:
        close_wave(session, "w1", END)
    return freeze(database, settings.home, "w1", END)


def test_the_snapshot_says_households_and_names_neither_field_nor_month(snapshot):
    table = snapshot.table()
    assert snapshot.codebook.population == "households"
    assert set(table["field"].to_pylist()) == {"household"}
    assert set(table["month"].to_pylist()) == {"wave"}
    assert set(table["sex"].to_pylist()) == {"f", "m"}
    assert Codebook.from_json(snapshot.codebook.to_json()) == snapshot.codebook


def test_households_stand_for_no_dossiers(snapshot, tmp_path):
    (tmp_path / "dossiers.csv").write_text("unit,field,month,dossiers\n03646,ho-tich,2026-09,40\n")
    assert "has no column people" in refusal("estimate", snapshot.path, "--frame", tmp_path / "dossiers.csv")
    said = call("estimate", snapshot.path)
    assert "every household that answered counts as much as any other" in said.stderr
    assert "--frame" not in said.stderr
    (row,) = [row for row in rows_of("estimate", snapshot.path) if row["of"] == "O" and row["domain"] == {}]
    assert row["estimate"] == pytest.approx(16 / 24)


def test_households_are_raked_to_the_margins_of_a_census_and_the_silent_keep_their_share(snapshot, tmp_path):
    file = tmp_path / "census.csv"
    ages = ("under-30", "30-44", "45-59")
    people = {
        ("f", ages[0]): 100,
        ("f", ages[1]): 50,
        ("f", ages[2]): 50,
        ("m", ages[0]): 20,
        ("m", ages[1]): 40,
        ("m", ages[2]): 40,
    }
    file.write_text("sex,age,people\n" + "".join(f"{sex},{age},{n}\n" for (sex, age), n in people.items()))
    rows = rows_of("estimate", snapshot.path, "--frame", file, "--by", "sex")
    (whole,) = [row for row in rows if row["of"] == "O" and row["domain"] == {}]
    # sex and age go round as 2 and 3 do, so levels (every third is dissatisfied) follow age: the first group alone
    assert whole["estimate"] == pytest.approx(1 - 120 / 300)
    table = snapshot.table()
    silent = pa.array([None if place < 6 else sex for place, sex in enumerate(table["sex"].to_pylist())])
    table = table.set_column(table.column_names.index("sex"), "sex", silent)
    other = write_snapshot(tmp_path / "silent.parquet", table, snapshot.codebook)
    told = call("estimate", other.path, "--frame", file, "--json")
    assert "25.0% of the answers do not say sex; they keep that share of the people" in told.stderr
    file.write_text("unit,people\n03646,9000\n03664,8000\n03646,1\n03670,1.000\n,5\n")
    said = refusal("estimate", snapshot.path, "--frame", file)
    for complaint in (
        "line 4: the same people stand in line 2",
        "line 5, column people: “1.000” is no count",
        "line 6, column unit",
    ):
        assert complaint in said
    file.write_text("unit,people\n03646,9000\n03664,8000\n")
    assert (
        "no household answered in 1 units (03664); their 8000 people"
        in call("estimate", snapshot.path, "--frame", file).stderr
    )


def test_no_release_is_built_of_them(snapshot, database, settings):
    with pytest.raises(Exception, match="A release speaks of visitors and stands for their dossiers"):
        build(database, settings, "w1", typed("Người Một"), END)


def test_households_and_visitors_never_pool(snapshot, database, settings):
    with database.writing() as session:
        open_wave(session, "w2", "demo", BOTH, opens_on=OPENING, population="visitors", coarsest=True)
    from sipas.keyring import wave_keys

    wave_keys.make(settings.home, "w2")
    for number in range(24):
        a_response(database, settings, answers={"O": "4", "A2": "5"}, wave="w2",
                   moment=A_MORNING + dt.timedelta(days=7 * (number % 4)))  # fmt: skip
    with database.writing() as session:
        close_wave(session, "w2", END)
    visitors = freeze(database, settings.home, "w2", END)
    assert visitors.codebook.population is None
    assert "population" not in visitors.codebook.to_json()
    with pytest.raises(BadData, match="the two are never added"):
        tabulate([snapshot.path, visitors.path])
    (change,) = [row for row in rows_of("trend", snapshot.path, visitors.path, "--of", "O") if row["what"] == "change"]
    assert change["broken"] == ["population"]
    assert change["estimate"] is None
    assert "another population" in refusal("compare", snapshot.path, "--against", visitors.path, "--of", "O")


def test_a_file_of_paper_forms_names_the_household_in_place_of_a_field(database, settings, tmp_path):
    from sipas.importing import import_responses

    a_point(database, form="full")
    households(database, settings)
    path = tmp_path / "paper.csv"
    path.write_text(
        "point,field,date,O,sex\nto-hieu-1,household,2026-09-16,4,Nữ\nto-hieu-1,household,2026-09-16,2,\n", "utf-8"
    )
    assert import_responses(database, settings.home, path, "w1", None, END) == (2, 0)
    path.write_text("point,date,O,id\nto-hieu-1,2026-09-17,5,1\n")
    assert import_responses(database, settings.home, path, "w1", None, END) == (1, 0)
    path.write_text("point,field,date,O\nto-hieu-1,ho-tich,2026-09-16,4\n")
    with pytest.raises(Exception, match="takes no service field"):
        import_responses(database, settings.home, path, "w1", None, END)


def test_an_export_of_households_comes_back(database, settings, tmp_path):
    from sipas.importing import import_responses
    from sipas.importing.export import export_responses

    a_point(database, form="full")
    households(database, settings)
    a_response(database, settings, service="household", answers={"O": "4"}, sex=1)
    file = tmp_path / "out.csv"
    export_responses(database, file, "w1")
    assert "household" in file.read_text("utf-8-sig")
    assert import_responses(database, settings.home, file, "w1", None, END, other_people=True) == (1, 0)


def test_quality_takes_a_census_without_taking_people_for_dossiers(snapshot, tmp_path):
    (tmp_path / "census.csv").write_text("unit,people\n03646,9000\n")
    assert rows_of("quality", snapshot.path, "--frame", tmp_path / "census.csv", "--by", "unit")
