"""A mistaken import is taken back whole or not at all: by its very bytes, by two people, before the freeze."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from click.testing import CliRunner
from sqlalchemy import delete, event, select

from sipas import clock
from sipas.cli import group
from sipas.corrections.taking_back import NotWhole, take_back
from sipas.errors import NotReady, SamePerson, WaveState
from sipas.fieldwork.waves import close_wave
from sipas.importing import import_responses
from sipas.intake.maintenance import maintain
from sipas.intake.models import ImportedFile, Response
from sipas.publishing.freeze import freeze
from tests.make import a_response, a_wave
from tests.sipas.importing.test_doubts import HEAD, a_file, people

TODAY = dt.date(2026, 9, 30)
TWO = ("Lò Thị Hoa", "Cầm Văn An")


@pytest.fixture
def home(database, settings):
    a_wave(database, settings)
    for number in range(5):
        a_response(database, settings, submission=f"{number:032x}")
    return settings.home


@pytest.fixture
def bring(database, home):
    return lambda path: import_responses(database, home, path, "w1", None, TODAY)


@pytest.fixture
def back(database, home):
    return lambda path, by=TWO: take_back(database, home, path, "w1", by, TODAY)


@pytest.fixture
def rows(database):
    def now():
        with database.reading() as session:
            return {row.key for row in session.scalars(select(Response))}

    return now


def test_the_whole_import_goes_and_nothing_else_and_the_deed_is_logged(bring, back, rows, home, tmp_path):
    before = rows()
    other = a_file(tmp_path, people(12, 1, monday=14), "other.csv")
    bring(other)
    kept = rows()
    path = a_file(tmp_path, people(40, 2))
    assert bring(path) == (40, 0)
    assert back(path) == 40
    assert rows() == kept
    assert before < kept
    told = [json.loads(line) for line in (home / "deeds.log").read_text(encoding="utf-8").splitlines()][-1]
    assert told == {
        "day": "2026-09-30", "event": "import taken back", "wave": "w1", "answers": 40, "by": list(TWO)
    }  # fmt: skip
    with pytest.raises(NotReady, match="very bytes"):
        back(path)


def test_ids_are_free_again_and_the_mended_file_is_taken(bring, back, rows, tmp_path):
    lines = [(f"P-{number}", *line) for number, line in enumerate(people(20, 3))]
    path = a_file(tmp_path, lines, head=("id", *HEAD))
    bring(path)
    back(path)
    assert bring(a_file(tmp_path, lines, "mended.csv", ("id", *HEAD))) == (20, 0)
    assert len(rows()) == 25


@pytest.mark.parametrize("change", [lambda text: text + "\n", lambda text: text.replace("2026-09-07", "07/09/2026")])
def test_only_the_very_bytes_take_it_back(bring, back, rows, tmp_path, change):
    path = a_file(tmp_path, people(40, 4))
    bring(path)
    saved = tmp_path / "saved.csv"
    saved.write_text(change(path.read_text("utf-8")), encoding="utf-8")
    with pytest.raises(NotReady, match="saved again"):
        back(saved)
    assert len(rows()) == 45


@pytest.mark.parametrize(("lines", "goes"), [(9, False), (10, True)])
def test_fewer_than_ten_lines_stay(bring, back, rows, tmp_path, lines, goes):
    path = a_file(tmp_path, people(lines, 5))
    bring(path)
    if goes:
        assert back(path) == lines
    else:
        with pytest.raises(NotWhole, match="at least 10"):
            back(path)
        assert len(rows()) == 5 + lines


def test_two_people_say_it(bring, back, rows, tmp_path):
    path = a_file(tmp_path, people(12, 6))
    bring(path)
    with pytest.raises(SamePerson):
        back(path, ("Lò Thị Hoa", "lo thi hoa"))
    with pytest.raises(NotReady):
        back(path, ("Lò Thị Hoa", " "))
    assert len(rows()) == 17


def test_a_file_of_which_some_lines_came_with_another_is_not_taken_back(bring, back, rows, tmp_path):
    lines = [(f"P-{number}", *line) for number, line in enumerate(people(30, 7))]
    first = a_file(tmp_path, lines[:12], "first.csv", ("id", *HEAD))
    both = a_file(tmp_path, lines, "both.csv", ("id", *HEAD))
    bring(first)
    assert bring(both) == (18, 12)
    with pytest.raises(NotWhole, match="Of the 30 lines of the file 18 came with it"):
        back(both)
    assert len(rows()) == 35
    assert back(first) == 12
    assert bring(first) == (12, 0)


def test_what_no_longer_matches_whole_is_not_undone(bring, back, rows, database, tmp_path):
    path = a_file(tmp_path, people(20, 8))
    bring(path)
    with database.writing() as session:  # no line of the product does this
        one = session.scalars(select(Response.key).where(Response.channel != 1)).first()
        session.execute(delete(Response).where(Response.key == one))
    with pytest.raises(NotWhole, match="Of the 20 lines of the file 19 are stored"):
        back(path)
    assert len(rows()) == 24


def test_a_closed_wave_gives_back_and_a_frozen_one_does_not(bring, back, rows, database, home, tmp_path):
    first, second = a_file(tmp_path, people(20, 9)), a_file(tmp_path, people(20, 10, monday=14), "second.csv")
    bring(first)
    bring(second)
    with database.writing() as session:
        close_wave(session, "w1", TODAY)
    assert back(first) == 20
    freeze(database, home, "w1", TODAY)
    with pytest.raises(WaveState, match="before the freeze"):
        back(second)
    assert len(rows()) == 25


def test_of_an_import_a_keyed_digest_and_a_number_are_kept_until_the_freeze(bring, database, home, tmp_path):
    import hashlib

    path = a_file(tmp_path, people(20, 11))
    bring(path)
    bring(path)  # which brings nothing
    columns = [column.key for column in ImportedFile.__table__.columns]
    assert columns == ["key", "wave", "lines"]
    with database.reading() as session:
        (kept,) = session.scalars(select(ImportedFile))
    assert kept.lines == 20
    assert hashlib.sha256(path.read_bytes()).digest()[:16] != kept.key
    with database.writing() as session:
        close_wave(session, "w1", TODAY)
    freeze(database, home, "w1", TODAY)
    with database.reading() as session:
        assert session.scalars(select(ImportedFile)).all() == []


def test_answers_leave_in_the_order_of_their_keys(bring, back, database, tmp_path):
    path = a_file(tmp_path, people(600, 12))
    bring(path)
    seen: list[tuple] = []
    event.listen(
        database.engine,
        "before_cursor_execute",
        lambda _c, _k, words, values, *_r: seen.append(values) if words.lower().startswith("delete from resp") else 0,
    )
    back(path)
    keys = [bytes(value) for values in seen for value in values if not isinstance(value, int)]
    assert (len(keys), keys) == (600, sorted(keys))


def test_the_night_after_it_is_due_although_as_many_answers_came(bring, back, database, settings, home, tmp_path):
    path = a_file(tmp_path, people(20, 14))
    bring(path)
    assert maintain(database, home)
    assert not maintain(database, home)
    back(path)
    for number in range(20):
        a_response(database, settings, submission=f"{number:031x}b")
    assert maintain(database, home), "the order in which the twenty came would stay"


def test_the_command_wants_two_people_and_says_what_it_did(bring, home, tmp_path, monkeypatch):
    monkeypatch.setenv("SIPAS_HOME", str(home))
    monkeypatch.setattr(clock, "today", lambda: TODAY)
    path = a_file(tmp_path, people(20, 13))
    bring(path)
    words = ["responses", "take-back", str(path), "--wave", "w1", "--emergency", "Thử", "--by", TWO[0]]
    assert CliRunner().invoke(group, words).exit_code == 2
    run = CliRunner().invoke(group, [*words, "--by", TWO[1]])
    assert (run.exit_code, "20 answers of week.csv" in run.output) == (0, True), run.output
