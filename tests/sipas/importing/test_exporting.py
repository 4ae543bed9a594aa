"""import(export(x)) = x: what is written to a file and imported where the wave's keys lie is the same, row by row."""

from __future__ import annotations

import csv
import datetime as dt
import shutil
import stat
import unicodedata
from dataclasses import replace

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given
from hypothesis import settings as how_often
from hypothesis import strategies as st
from sqlalchemy import delete, func, select

from sipas.cli import group
from sipas.errors import BadFile, WaveState
from sipas.fieldwork.asking import asking_at
from sipas.fieldwork.models import CHANNELS, Wave
from sipas.fieldwork.small_cells.fields import kept
from sipas.fieldwork.waves import close_wave
from sipas.importing import export_responses, import_responses
from sipas.intake import LANGUAGE_CODES, Visit, receive
from sipas.intake.answers import Answers, as_written
from sipas.intake.models import Response
from sipas.keyring import wave_keys
from sipas.migrations import create
from sipas.publishing.freeze import freeze
from sipas.registry.importing import load_registry
from surveys import catalogue, load
from tests import postgres
from tests.make import a_frame, a_point, a_response, a_wave

TODAY = dt.date(2026, 10, 5)
FIRST = dt.datetime(2026, 9, 1, tzinfo=dt.timezone.utc)
POSTGRES = pytest.mark.skipif(postgres.programs() is None, reason="PostgreSQL's programs are not installed")
FIELDS = ["ho-tich", "chung-thuc", "dat-dai", "giao-thong"]  # the last, for a department, keeps no point


def open_the_wave(database, settings, instrument="service-2024"):
    """Two points of one unit; few people come for one field, so its answers are stored coarser."""
    a_point(database, "to-hieu-1", "03646")
    a_point(database, "to-hieu-2", "03646", form="short")
    with database.writing() as session:
        a_frame(session, dossiers=100, chung_thuc=2)
    a_wave(database, settings, instrument=instrument)


@pytest.fixture(scope="module")
def address():
    with postgres.cluster() as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=[pytest.mark.postgres, POSTGRES])])
def there(request, database, settings, tmp_path):
    """Another installation, on either database: the same registry, points and wave, and a copy of the keys."""
    open_the_wave(database, settings)
    url = "" if request.param == "sqlite" else request.getfixturevalue("address")
    other = replace(settings, home=tmp_path / "there", database_url=url)
    made = postgres.installed(other) if url else create(other)
    if not url:
        with made.writing() as session:
            load_registry(session)
    for path in (settings.home / "keys").iterdir():
        shutil.copy(path, other.home / "keys")
    open_the_wave(made, other)
    yield other, made
    made.engine.dispose()


def rows(database):
    """Every stored column but the random key."""
    with database.reading() as session:
        found = session.scalars(select(Response))
        return sorted(tuple(getattr(row, c.key) for c in Response.__table__.columns if c.key != "key") for row in found)


def emptied(*databases):
    for database in databases:
        with database.writing() as session:
            session.execute(delete(Response))


def a_visit():
    """What one person says; passed over, not applicable and every level among it."""
    instrument = load("service-2024")
    answers = {}
    for item in instrument.items:
        levels = st.integers(1, item.levels).map(str)
        answers[item.code] = st.one_of(st.none(), levels, *([st.just("na")] if item.allows_not_applicable else []))
    return st.fixed_dictionaries(
        {
            "service": st.sampled_from(FIELDS),
            "moment": st.integers(0, 34 * 24).map(lambda hours: FIRST + dt.timedelta(hours=hours)),
            "channel": st.sampled_from(list(CHANNELS)),
            "language": st.sampled_from(list(LANGUAGE_CODES)),
            "sex": st.integers(0, 2),
            "age": st.integers(0, 4),
            "answers": st.fixed_dictionaries(answers | {"O": st.integers(1, 5).map(str)}),
        }
    )


def respelt(path, form):
    """The levels of one item in the words of the scale, their marks composed or apart, as another program writes it."""
    words = load("service-2024").item("O").scale.levels
    with path.open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    spelt = path.with_name(f"{form}-{path.name}")
    with spelt.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, lines[0])
        writer.writeheader()
        writer.writerows(one | {"O": unicodedata.normalize(form, words[int(one["O"]) - 1])} for one in lines)
    return spelt


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@given(visits=st.lists(a_visit(), min_size=1, max_size=8), spelling=st.sampled_from([None, "NFC", "NFD"]))
@how_often(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_exported_and_imported_is_the_same_row_by_row(
    database, settings, there, tmp_path, kind, visits, spelling
):
    other, anew = there
    emptied(database, anew)
    for visit in visits:
        a_visitor(database, settings, **visit)
    file = tmp_path / f"answers.{kind}"
    file.unlink(missing_ok=True)
    assert export_responses(database, file, "w1") == (len(visits), "full")
    if kind == "csv" and spelling:
        file = respelt(file, spelling)
    assert import_responses(anew, other.home, file, "w1", "full", TODAY) == (len(visits), 0)
    assert rows(anew) == rows(database)
    assert import_responses(anew, other.home, file, "w1", "full", TODAY) == (0, len(visits))


def a_visitor(database, settings, service, channel, answers, moment, language="vi", comment="", **profile):
    """An answer to the full form, by any channel."""
    with database.reading() as session:
        codes = asking_at(session, "to-hieu-1", TODAY).codes(service, channel, "full")
    given = Answers.of(load("service-2024"), "full", answers)
    visit = Visit("w1", codes, given, moment, language, **profile)
    receive(database, settings.home, visit, submission="", comment=comment)


def test_answers_without_their_field_come_back_without_it(database, settings, there, tmp_path):
    other, anew = there
    with database.reading() as session:
        assert kept(session, session.get(Wave, 1)) is not None
    for number in range(6):
        moment = dt.datetime(2026, 9, 2 + 5 * number, 3, tzinfo=dt.timezone.utc)
        a_response(database, settings, service=FIELDS[number % 3], moment=moment)
    export_responses(database, tmp_path / "answers.csv", "w1")
    with (tmp_path / "answers.csv").open(encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    coarse = [line for line in lines if line["field"] == "coarse"]
    assert (
        sorted((line["field"] for line in lines if line["field"] != "coarse"), reverse=True)
        == ["ho-tich"] * 2 + ["dat-dai"] * 2
    )
    assert {(line["unit"], line["month"], line["sex"], line["language"]) for line in coarse} == {("03646", "", "", "")}
    assert not {"date", "id", "key"} & set(lines[0])
    assert import_responses(anew, other.home, tmp_path / "answers.csv", "w1", None, TODAY) == (6, 0)
    assert rows(anew) == rows(database)


def test_a_file_of_each_form_and_neither_without_a_word(database, settings, there, tmp_path):
    other, anew = there
    a_response(database, settings)
    a_response(database, settings, point="to-hieu-2")
    with pytest.raises(BadFile, match="both forms"):
        export_responses(database, tmp_path / "all.parquet", "w1")
    for form in ("short", "full"):
        file = tmp_path / f"{form}.parquet"
        assert export_responses(database, file, "w1", form) == (1, form)
        assert import_responses(anew, other.home, file, "w1", form, TODAY) == (1, 0)
    assert rows(anew) == rows(database)
    assert "B5.1" not in pq.read_schema(tmp_path / "short.parquet").names


def test_under_other_keys_a_file_is_refused_with_the_next_step(database, settings, there, tmp_path):
    other, anew = there
    a_response(database, settings)
    export_responses(database, tmp_path / "answers.csv", "w1")
    (other.home / "keys" / "w1.cluster.key").unlink()
    wave_keys.make(other.home, "w1")
    with pytest.raises(Exception, match="folder `keys` along"):
        import_responses(anew, other.home, tmp_path / "answers.csv", "w1", None, TODAY)
    assert rows(anew) == []


CHANGES = [
    ("point", "to-hieu-2", "a week at another point"),
    ("month", "2026-10", "not the month"),
    ("unit", "03664", "not the unit that is responsible"),
    ("field", "coarse", None),
    ("cluster", "00" * 8, "the label of no week"),
]


@pytest.mark.parametrize(("column", "value", "word"), CHANGES)
def test_a_line_that_contradicts_itself_is_told(database, settings, there, tmp_path, column, value, word):
    other, anew = there
    a_response(database, settings)
    export_responses(database, tmp_path / "answers.csv", "w1")
    with (tmp_path / "answers.csv").open(encoding="utf-8") as file:
        (line,) = csv.DictReader(file)
    changed = tmp_path / "changed.csv"
    changed.write_text(",".join(line) + "\n" + ",".join((line | {column: value}).values()) + "\n", encoding="utf-8")
    if word is None:  # coarser than it might be is no contradiction where the unit has such fields
        assert import_responses(anew, other.home, changed, "w1", "full", TODAY) == (1, 0)
        assert [(row[3], row[4]) for row in rows(anew)] == [(0, 0)]
        return
    with pytest.raises(Exception, match=word):
        import_responses(anew, other.home, changed, "w1", "full", TODAY)
    assert rows(anew) == []


def test_a_frozen_wave_or_one_without_answers_or_a_name_that_is_taken_is_refused(database, settings, tmp_path):
    open_the_wave(database, settings)
    file = tmp_path / "answers.csv"
    with pytest.raises(WaveState, match="no such answers"):
        export_responses(database, file, "w1")
    a_response(database, settings)
    with pytest.raises(BadFile, match=r"\.csv or \.parquet"):
        export_responses(database, tmp_path / "answers.xlsx", "w1")
    with pytest.raises(BadFile, match="cannot be written"):
        export_responses(database, tmp_path / "nowhere" / "answers.csv", "w1")
    export_responses(database, file, "w1")
    before = file.read_bytes()
    with pytest.raises(BadFile, match="exists already"):
        export_responses(database, file, "w1")
    assert file.read_bytes() == before
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with database.writing() as session:
        close_wave(session, "w1", TODAY)
    export_responses(database, tmp_path / "closed.csv", "w1")
    freeze(database, settings.home, "w1", TODAY)
    with pytest.raises(WaveState, match="snapshot holds the answers"):
        export_responses(database, tmp_path / "frozen.csv", "w1")


def test_the_same_answers_are_the_same_file_whatever_their_keys(database, settings, tmp_path):
    open_the_wave(database, settings)
    files = []
    for number in range(2):
        emptied(database)
        for level in (5, 1, 3, 3, 2):
            a_response(database, settings, answers={"O": str(level)})
        files.append(tmp_path / f"{number}.csv")
        export_responses(database, files[-1], "w1")
    assert files[0].read_bytes() == files[1].read_bytes()


def test_the_command_says_what_the_file_is_for(database, settings, tmp_path, monkeypatch):
    open_the_wave(database, settings)
    a_response(database, settings)
    monkeypatch.setenv("SIPAS_HOME", str(settings.home))
    monkeypatch.setenv("SIPAS_LANGUAGE", "en")
    done = CliRunner().invoke(group, ["responses", "export", "w1", "--out", str(tmp_path / "answers.parquet")])
    assert done.exit_code == 0, done.output
    assert "1 answers were written" in done.output
    assert "keep it inside" in done.output
    assert "sipas responses import answers.parquet --wave w1 --form full" in done.output
    with database.reading() as session:
        assert (
            session.scalar(select(func.count()).select_from(Response))
            == pq.read_metadata(tmp_path / "answers.parquet").num_rows
        )


@pytest.mark.parametrize("code", catalogue())
def test_every_stored_byte_of_every_question_is_written_as_it_is_read(code):
    instrument = load(code)
    for form, asked in instrument.forms.items():
        for place, item in enumerate(instrument.items):
            if item.code in asked:
                for byte in filter(item.accepts, range(256)):
                    word = as_written(item, byte)
                    if item.kind == "several" and byte == 1:
                        continue  # "none of them chosen" is never stored
                    gates = {one.item: one.answers[0] for one in item.asked_if}
                    assert Answers.of(instrument, form, {**gates, item.code: word}).packed[place] == byte, (
                        item.code,
                        byte,
                        word,
                    )
