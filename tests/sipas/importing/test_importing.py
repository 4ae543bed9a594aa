"""Collected answers from a file go through the same door, all or nothing."""

from __future__ import annotations

import datetime as dt

import openpyxl
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as how_often
from hypothesis import strategies as st
from sqlalchemy import delete, func, select

from sipas import i18n
from sipas.errors import BadFile, ManyErrors, SipasError, WaveState
from sipas.fieldwork.asking import asking_at
from sipas.fieldwork.models import CHANNELS, Wave
from sipas.fieldwork.waves import close_wave
from sipas.importing import import_responses, spool
from sipas.intake import LANGUAGE_CODES, Answers, Visit, anonymise, stored
from sipas.intake.models import Response
from sipas.keyring import wave_keys
from sipas.tables import BadTable, pieces
from surveys import NOT_APPLICABLE, load, translated
from tests.make import a_csv, a_response, a_wave

HEAD = "point,field,date,sex,O,B1.1,B4.1\n"
LINE = "to-hieu-1,ho-tich,2026-09-16,f,5,4,na\n"
TODAY = dt.date(2026, 9, 30)


def bring(database, settings, path, form=None):
    return import_responses(database, settings.home, path, "w1", form, TODAY)


def test_a_line_leaves_the_same_row_as_a_visit(database, settings, tmp_path):
    a_wave(database, settings)
    bring(database, settings, a_csv(tmp_path, HEAD + LINE))
    a_response(database, settings, answers={"O": "5", "B1.1": "4", "B4.1": "na"}, sex=1)
    with database.reading() as session:
        one, two = session.scalars(select(Response))
    differing = {c.key for c in Response.__table__.columns if getattr(one, c.key) != getattr(two, c.key)}
    assert differing == {"key", "channel"}
    assert NOT_APPLICABLE in one.answers


def test_the_same_file_counts_once_and_a_numbered_form_too(database, settings, tmp_path):
    a_wave(database, settings)
    path = a_csv(tmp_path, HEAD + LINE + LINE)
    assert bring(database, settings, path) == (2, 0)
    assert bring(database, settings, path) == (0, 2)
    numbered = a_csv(tmp_path, "id," + HEAD + "P-7," + LINE, "numbered.csv")
    assert bring(database, settings, numbered) == (1, 0)
    corrected = a_csv(tmp_path, "id," + HEAD + "P-7," + LINE.replace("5,4", "5,5") + "P-8," + LINE, "again.csv")
    assert bring(database, settings, corrected) == (1, 1)


def test_words_of_the_scale_and_days_as_people_write_them_are_understood(database, settings, tmp_path):
    a_wave(database, settings)
    scale = load("service-2024").item("O").scale
    text = f"point;field;date;O;B1.1\r\nto-hieu-1;ho-tich;16/09/2026;{scale.levels[4]};2\r\n"
    path = tmp_path / "excel.csv"
    path.write_bytes(text.encode("utf-8-sig"))
    assert bring(database, settings, path) == (1, 0)
    with database.reading() as session:
        (row,) = session.scalars(select(Response))
    codes = [item.code for item in load("service-2024").items]
    assert (row.answers[codes.index("O")], row.answers[codes.index("B1.1")]) == (5, 2)


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_words_of_either_language_are_understood(database, settings, tmp_path, language):
    a_wave(database, settings, instrument="demo")
    with i18n.speaking(language):
        shown = translated(load("demo"), i18n.instrument_text)
    rating, how = (next(item for item in shown.items if item.kind == kind) for kind in ("rating", "choice"))
    line = ["to-hieu-1", "ho-tich", "2026-09-16", rating.scale.levels[3].upper(), how.options[1].text]
    line += [shown.profile[0].options[1].text, language]
    head = f"point,field,date,{rating.code},{how.code},sex,language\n"
    assert bring(database, settings, a_csv(tmp_path, head + ",".join(line) + "\n")) == (1, 0)
    with database.reading() as session:
        (row,) = session.scalars(select(Response))
    codes = [item.code for item in shown.items]
    assert (row.answers[codes.index(rating.code)], row.answers[codes.index(how.code)], row.sex) == (4, 2, 2)


@pytest.mark.parametrize("kind", ["csv", "parquet", "xlsx"])
def test_a_long_file_of_any_kind_goes_in_by_pieces_and_leaves_what_single_visits_leave(
    database, settings, tmp_path, monkeypatch, kind
):
    for module, name in ((pieces, "ROWS"), (pieces, "BLOCK"), (spool, "ROWS")):
        monkeypatch.setattr(module, name, 300 if name == "BLOCK" else 7)
    a_wave(database, settings)
    days = [dt.date(2026, 9, 1 + n % 28) for n in range(100)]
    columns = {
        "point": ["to-hieu-1"] * 100,
        "field": ["ho-tich"] * 100,
        "date": [str(day) for day in days],
        "sex": [("f", "m", None)[n % 3] for n in range(100)],
        "O": [1 + n % 5 for n in range(100)],
        "B4.1": [("na", "3", None)[n % 3] for n in range(100)],
    }
    path = a_table(tmp_path / f"long.{kind}", columns)
    seen = []
    done = import_responses(database, settings.home, path, "w1", None, TODAY, lambda *one: seen.append(one))
    assert done == (100, 0)
    stages = [stage for stage, *_ in seen]
    assert stages == sorted(stages)
    assert stages.count("check") > 5
    assert seen[-1] == ("store", 100, 100)
    assert bring(database, settings, path) == (0, 100)
    with database.reading() as session:
        wide = sorted(map(traces, session.scalars(select(Response))))
        session.execute(delete(Response))
        session.commit()
    for n, day in enumerate(days):
        a_response(
            database,
            settings,
            moment=dt.datetime(day.year, day.month, day.day, 3, tzinfo=dt.timezone.utc),
            answers={"O": columns["O"][n], "B4.1": columns["B4.1"][n]},
            sex=(1, 2, 0)[n % 3],
        )
    with database.reading() as session:
        assert wide == sorted(map(traces, session.scalars(select(Response))))


def traces(row):
    return tuple(getattr(row, c.key) for c in Response.__table__.columns if c.key not in ("key", "channel"))


def a_table(path, columns):
    table = pa.table(columns)
    if path.suffix == ".parquet":
        pq.write_table(table, path)
    elif path.suffix == ".csv":
        pacsv.write_csv(table, path)
    else:
        book = openpyxl.Workbook()
        for line in [table.column_names, *map(list, zip(*table.to_pydict().values(), strict=True))]:
            book.active.append(line)
        book.save(path)
    return path


A_LINE = st.fixed_dictionaries(
    {
        "field": st.sampled_from(["ho-tich", "chung-thuc", "dat-dai"]),
        "date": st.dates(dt.date(2026, 9, 1), TODAY).map(str),
        "channel": st.sampled_from([None, *CHANNELS]),
        "language": st.sampled_from([None, *LANGUAGE_CODES]),
        "sex": st.sampled_from([None, "f", "m"]),
        "age": st.sampled_from([None, "18-24", "over-60"]),
        "O": st.sampled_from(["1", "5"]),
        "B1.1": st.sampled_from([None, "1", "2", "3", "4", "5"]),
        "B4.1": st.sampled_from([None, "na", "3"]),
    }
)


@pytest.mark.parametrize("kind", ["csv", "parquet", "xlsx"])
@given(lines=st.lists(A_LINE, min_size=1, max_size=12))
@how_often(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_written_to_a_file_and_imported_is_what_single_visits_leave(database, settings, tmp_path, kind, lines):
    with database.reading() as session:
        first = session.scalar(select(func.count()).select_from(Wave)) == 0
    if first:
        a_wave(database, settings)
    columns = {name: [line[name] for line in lines] for name in lines[0]} | {"point": ["to-hieu-1"] * len(lines)}
    path = a_table(tmp_path / f"any.{kind}", columns)
    with database.reading() as session:
        session.execute(delete(Response))
        session.commit()
        asking = asking_at(session, "to-hieu-1", TODAY)
    assert bring(database, settings, path, "full") == (len(lines), 0)
    with database.reading() as session:
        stored_rows = sorted(everything(row) for row in session.scalars(select(Response)))
    secret = wave_keys.load(settings.home, "w1", "cluster")
    profile = {"sex": [None, "f", "m"], "age": [None, "18-24", "25-34", "35-49", "50-60", "over-60"]}
    assert stored_rows == sorted(
        everything(
            anonymise(
                Visit(
                    "w1",
                    asking.codes(line["field"], line["channel"] or "paper", "full"),
                    Answers.of(load("service-2024"), "full", {code: line[code] for code in ("O", "B1.1", "B4.1")}),
                    dt.datetime.fromisoformat(line["date"] + "T03:00:00+00:00"),
                    line["language"] or "vi",
                    **{name: profile[name].index(line[name]) for name in profile},
                ),
                key=b"",
                cluster_key=secret,
            )
        )
        for line in lines
    )


def everything(row):
    return tuple(getattr(row, c.key) for c in Response.__table__.columns if c.key != "key")


def test_complaints_come_in_the_order_of_the_file_from_any_piece_and_all_are_counted(
    database, settings, tmp_path, monkeypatch
):
    monkeypatch.setattr(pieces, "BLOCK", 400)
    a_wave(database, settings)
    lines = ["to-hieu-1,ho-tich,2026-09-16,f,9,4,\n" if n % 3 else "x,ho-tich,2026-09-16,q,5,4,\n" for n in range(3000)]
    with pytest.raises(BadTable) as refused:
        bring(database, settings, a_csv(tmp_path, HEAD + "".join(lines)))
    assert refused.value.count == 2000 + 2 * 1000
    told = [(problem.line, problem.column) for problem in refused.value.problems]
    assert len(told) == 1000
    assert told[:4] == [(2, "point"), (2, "sex"), (3, "O"), (4, "O")]
    assert [line for line, _ in told] == sorted(line for line, _ in told)


def test_a_number_that_stands_twice_is_told_with_the_line_of_the_first(database, settings, tmp_path, monkeypatch):
    monkeypatch.setattr(pieces, "BLOCK", 400)
    a_wave(database, settings)
    numbers = [*range(60), 7]
    path = a_csv(tmp_path, "id," + HEAD + "".join(f"P-{n},{LINE}" for n in numbers))
    with pytest.raises(BadTable, match=r"line 62, column id: “P-7” stands in line 9 already"):
        bring(database, settings, path)
    with database.reading() as session:
        assert stored(session, 1) == 0


def test_while_a_long_file_is_checked_people_answer_and_a_wave_closed_meanwhile_takes_none_of_it(
    database, settings, tmp_path
):
    a_wave(database, settings)

    def meanwhile(stage, _done, _about):
        assert stage == "check"
        assert a_response(database, settings)
        with database.writing() as session:
            close_wave(session, "w1", TODAY)

    with pytest.raises(WaveState, match="closed"):
        import_responses(database, settings.home, a_csv(tmp_path, HEAD + LINE), "w1", None, TODAY, meanwhile)
    with database.reading() as session:
        assert stored(session, 1) == 1
    assert not list(settings.home.glob("tmp*"))


def test_every_bad_line_is_told_by_number_column_and_reason_and_nothing_is_stored(database, settings, tmp_path):
    a_wave(database, settings)
    a_response(database, settings)
    lines = [
        LINE,
        "nowhere,ho-tich,2026-09-16,f,5,4,\n",
        "to-hieu-1,hotich,2026-09-16,f,5,4,\n",
        "to-hieu-1,ho-tich,2026-99-16,f,5,4,\n",
        "to-hieu-1,ho-tich,2026-10-16,f,5,4,\n",
        "to-hieu-1,ho-tich,2026-08-16,f,5,4,\n",
        "to-hieu-1,ho-tich,2026-09-16,x,5,4,\n",
        "to-hieu-1,ho-tich,2026-09-16,f,6,4,\n",
        "to-hieu-1,ho-tich,2026-09-16,f,5,na,\n",
        "to-hieu-1,ho-tich,2026-09-16,f,,,\n",
    ]
    with pytest.raises(ManyErrors) as refused:
        bring(database, settings, a_csv(tmp_path, HEAD + "".join(lines)))
    told = str(refused.value)
    for line, column, word in (
        (3, "point", "nowhere"),
        (4, "field", "hotich"),
        (5, "date", "2026-99-16"),
        (6, "date", "future"),
        (7, "date", "w1"),
        (8, "sex", "x"),
        (9, "O", "6"),
        (10, "B1.1", "na"),
        (11, "line 11", "No question"),
    ):
        assert any(f"line {line}" in one and column in one and word in one for one in told.splitlines()), (line, told)
    with database.reading() as session:
        assert stored(session, 1) == 1


@pytest.mark.parametrize(
    ("head", "word"),
    [
        ("point,field,O\n", "date"),
        ("point,field,date\n", "item"),
        ("point,field,date,O,B9.9\n", r"B9\.9"),
        ("point,field,date,B1.2,B1.1\n", r"B1\.2"),
    ],
)
def test_a_file_with_the_wrong_columns_is_refused(database, settings, tmp_path, head, word):
    a_wave(database, settings)
    with pytest.raises(BadFile, match=word):
        bring(database, settings, a_csv(tmp_path, head + ",".join(["to-hieu-1"] * head.count(",") + ["5"]) + "\n"))


def test_a_closed_wave_takes_nothing(database, settings, tmp_path):
    a_wave(database, settings)
    with database.writing() as session:
        close_wave(session, "w1", TODAY)
    with pytest.raises(WaveState, match="closed"):
        bring(database, settings, a_csv(tmp_path, HEAD + LINE))


def test_an_unknown_wave_is_named(database, settings, tmp_path):
    with pytest.raises(SipasError, match="w1"):
        bring(database, settings, a_csv(tmp_path, HEAD + LINE))
