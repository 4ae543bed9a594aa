"""Files and skip logic: what was not to be asked is dropped and counted, "not asked" is said, and comes back."""

from __future__ import annotations

import csv
import datetime as dt
import shutil
from dataclasses import replace

import openpyxl
import pytest
from click.testing import CliRunner
from sqlalchemy import select

from sipas import clock, i18n
from sipas.cli import group
from sipas.importing import export_responses, import_responses, look_at_responses
from sipas.importing.template import responses_template
from sipas.intake.models import Response
from sipas.migrations import create
from sipas.registry.importing import load_registry
from sipas.tables import BadTable
from sipas.tables.template import write_template
from surveys import NOT_ANSWERED, NOT_ASKED, load
from tests.make import a_csv, a_point, a_response, a_wave

TODAY = dt.date(2026, 9, 30)
HEAD = "point,field,date,O,gave,heard\n"
PLACE = "to-hieu-1,ho-tich,2026-09-16,"
DEMO = load("demo")


@pytest.fixture(autouse=True)
def wave(database, settings):
    a_point(database, "to-hieu-1", form="short")
    a_wave(database, settings, "w1", "demo")


def lines(tmp_path, *said, name="file.csv"):
    return a_csv(tmp_path, HEAD + "".join(f"{PLACE}{one}\n" for one in said), name)


def stored(database):
    """The bytes of gate and gated item in each row, in no order."""
    places = [[item.code for item in DEMO.items].index(code) for code in ("gave", "heard")]
    with database.reading() as session:
        return sorted(tuple(row.answers[k] for k in places) for row in session.scalars(select(Response)))


def test_answers_that_were_not_to_be_asked_are_dropped_and_counted(database, settings, tmp_path):
    path, told = lines(tmp_path, "5,no,5", "5,,4", "5,yes,3", "5,yes,", "5,no,", "5,no,not-asked"), []
    seen = look_at_responses(database, settings.home, path, "w1", "short", TODAY)
    assert (seen.lines, seen.dropped) == (6, {"heard": 2})
    assert import_responses(database, settings.home, path, "w1", "short", TODAY, dropped=told.append) == (6, 0)
    assert told == [{"heard": 2}]
    no, yes = 1, 2
    assert stored(database) == [(NOT_ANSWERED, NOT_ASKED), *[(no, NOT_ASKED)] * 3, (yes, NOT_ANSWERED), (yes, 3)]


@pytest.mark.parametrize("dry_run", [True, False])
def test_the_command_says_in_one_line_what_was_dropped(settings, tmp_path, monkeypatch, dry_run):
    monkeypatch.setenv("SIPAS_HOME", str(settings.home))
    monkeypatch.setattr(clock, "today", lambda: TODAY)
    path = lines(tmp_path, "5,no,5", "5,no,4", "5,yes,3")
    words = ["responses", "import", str(path), "--wave", "w1", "--form", "short", *["--dry-run"] * dry_run]
    done = CliRunner().invoke(group, words)
    assert done.exit_code == 0, done.output
    assert [line for line in done.stderr.splitlines() if "left out" in line] == [
        "2 answers were left out and count as not asked, because other answers of their lines pass over the question: "
        "heard 2."
    ]


def test_a_file_without_the_gate_brings_no_answer_behind_it(database, settings, tmp_path):
    path = a_csv(tmp_path, f"point,field,date,O,heard\n{PLACE}5,4\n")
    assert look_at_responses(database, settings.home, path, "w1", "short", TODAY).dropped == {"heard": 1}
    import_responses(database, settings.home, path, "w1", "short", TODAY)
    assert stored(database) == [(NOT_ANSWERED, NOT_ASKED)]


@pytest.mark.parametrize("word", ["not-asked", "not asked", "Không hỏi"])
def test_a_line_may_not_say_not_asked_where_its_gate_is_open(database, settings, tmp_path, word):
    with pytest.raises(BadTable) as refused:
        import_responses(
            database, settings.home, lines(tmp_path, f"5,no,{word}", f"5,yes,{word}"), "w1", "short", TODAY
        )
    told = i18n.say(refused.value)
    assert f"“{word}” does not go with the answer to gave, after which heard is asked." in told
    assert told.count("does not go with") == 1
    assert stored(database) == []


def test_an_item_that_everybody_is_asked_cannot_be_not_asked(database, settings, tmp_path):
    with pytest.raises(BadTable, match="O"):
        import_responses(database, settings.home, lines(tmp_path, "not-asked,no,"), "w1", "short", TODAY)


def test_a_line_of_which_nothing_is_left_is_refused(database, settings, tmp_path):
    with pytest.raises(BadTable, match="leave the line out"):
        import_responses(database, settings.home, lines(tmp_path, ",,4"), "w1", "short", TODAY)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_what_is_exported_says_not_asked_and_comes_back_row_by_row(database, settings, tmp_path, kind):
    for said in ({"gave": "no"}, {"gave": "yes"}, {"gave": "yes", "heard": "2"}, {}):
        a_response(database, settings, answers={"O": "5", **said})
    file = tmp_path / f"answers.{kind}"
    assert export_responses(database, file, "w1") == (4, "short")
    if kind == "csv":
        with file.open(encoding="utf-8") as opened:
            told = sorted((one["gave"], one["heard"]) for one in csv.DictReader(opened))
        assert told == [("", "not-asked"), ("no", "not-asked"), ("yes", ""), ("yes", "2")]
    other = replace(settings, home=tmp_path / "there")
    anew = create(other)
    with anew.writing() as session:
        load_registry(session)
    for path in (settings.home / "keys").iterdir():
        shutil.copy(path, other.home / "keys")
    a_point(anew, "to-hieu-1", form="short")
    a_wave(anew, other, "w1", "demo")
    dropped = []
    done = import_responses(anew, other.home, file, "w1", "short", TODAY, dropped=dropped.append)
    assert (done, dropped) == ((4, 0), [])
    assert stored(anew) == stored(database)
    anew.engine.dispose()


def test_the_workbook_for_paper_says_whom_a_question_is_for_and_what_it_offers_is_taken(database, settings, tmp_path):
    with database.reading() as session, i18n.speaking("en"):
        made = responses_template(session, DEMO, "short", TODAY)
    (column,) = (one for one in made.columns if one.head.startswith("heard"))
    assert "Asked only of those who answered “Yes” to “Did you give the office any feedback" in column.meaning
    assert column.words[-1] == "not-asked"
    file = tmp_path / "answers.xlsx"
    write_template(file, made)
    book = openpyxl.load_workbook(file)
    sheet = book.worksheets[0]
    heads = [cell.value for cell in sheet[1]]
    said = {"O": 5, "gave": "No", "heard": "not-asked"}
    for place, head in enumerate(heads, 1):
        code = str(head).split(":")[0]
        values = {"point": "to-hieu-1", "service field": "ho-tich", "date": "2026-09-16", **said}
        value = values.get(code, values.get(code.lower(), {"field": "ho-tich"}.get(code.lower())))
        if value is not None:
            sheet.cell(2, place, value)
    book.save(file)
    import_responses(database, settings.home, file, "w1", "short", TODAY)
    assert stored(database) == [(1, NOT_ASKED)]
