"""A first wave of one week: the analyst's commands take its snapshot by the rule of the release built from it."""

import datetime as dt
import json

import openpyxl
import pyarrow.parquet as pq
import pytest

from analysis.disclosure.policy import Policy
from analysis.disclosure.safe_table import SafeTable
from sipas.accounts.decisions import typed
from sipas.fieldwork.waves import close_wave
from sipas.publishing.build import build
from sipas.publishing.freeze import freeze
from sipas.publishing.published import TABLE
from tests.make import a_point, a_response, a_wave, some_dossiers
from tests.repeated import home_once
from tests.sipas.estimating.calls import call, rows_of

MONDAY = dt.date(2026, 9, 7)
LAST = dt.date(2026, 9, 13)
FIGURES = ("n", "estimate", "se", "df", "low", "high")


@pytest.fixture
def one_week(database, settings, tmp_path, monkeypatch):
    """A snapshot of one week: six points of each of two wards and one of three more; dossiers; the draft's figures."""
    monkeypatch.setenv("SIPAS_HOME", str(settings.home))

    def building():
        points = [f"p-{number}" for number in range(12)]
        for number, point in enumerate(points):
            a_point(database, point, ("03646", "03664")[number % 2], form="short")
        for number, unit in enumerate(("03670", "03679", "03688")):
            a_point(database, f"q-{number}", unit, form="short")
        with database.writing() as session:
            some_dossiers(session, ("03646", "03664", "03670", "03679", "03688"), "2026-09")
        a_wave(database, settings, opens_on=MONDAY)
        for number in range(300):
            levels = zip(("O", "B1.2", "B2.2", "B3.2", "B4.1", "B5.2"), (1, 2, 3, 5, 7, 11), strict=True)
            a_response(
                database,
                settings,
                (*points, "q-0", "q-1", "q-2")[number % 15],
                service="ho-tich" if number % 2 else "dat-dai",
                moment=dt.datetime(2026, 9, 7 + number % 5, 3, tzinfo=dt.timezone.utc),
                answers={code: str(1 + number // times % 5) for code, times in levels},
            )
        with database.writing() as session:
            close_wave(session, "w1", LAST)
        freeze(database, settings.home, "w1", dt.date(2026, 9, 30))
        return build(database, settings, "w1", typed("Lò Thị Hoa"), dt.date(2026, 9, 30))

    code = home_once(database, settings, building)
    counts = tmp_path / "dossiers.csv"
    assert call("frame", "save", counts).exit_code == 0
    released = SafeTable.from_json((settings.home / "drafts" / code / TABLE).read_text("utf-8")).records()
    return settings.home / "snapshots" / "w1.parquet", counts, released


def test_estimate_gives_the_digits_of_the_release_without_being_told_how(one_week):
    snapshot, counts, released = one_week
    rows = rows_of(
        "estimate", snapshot, "--frame", counts, "--by", "unit", "--by", "field", "--by", "unit,field", "--as-released"
    )
    ours = {(tuple(row["domain"].items()), row["of"]): Policy().rounded(row) for row in rows}
    shown = [row for row in released if not row["withheld"]]
    assert {"03646", "03664"} <= {row["domain"].get("unit") for row in shown}
    for row in shown:
        mine = ours[tuple(row["domain"].items()), row["of"]]
        assert {name: mine[name] for name in FIGURES} == {name: row[name] for name in FIGURES}


@pytest.mark.parametrize(
    "arguments",
    [
        ("estimate",),
        ("compare", "--by", "unit", "--of", "O"),
        ("rank", "--by", "unit", "--of", "O"),
        ("small-areas", "--by", "unit"),
        ("quality", "--by", "unit"),
        ("improve", "--by", "unit"),
    ],
)
def test_every_command_takes_the_snapshot(one_week, arguments):
    result = call(arguments[0], one_week[0], *arguments[1:])
    assert result.exit_code == 0, (result.output, result.exception)


def test_the_rule_is_said_in_one_line_and_goes_along_with_the_file(one_week, tmp_path):
    result = call("rank", one_week[0], "--by", "unit", "--of", "O", "--out", tmp_path / "ranks.xlsx")
    (line,) = [line for line in result.stderr.splitlines() if "one point and one week only" in line]
    assert "there: 03670, 03679, 03688." in line
    assert "as in a release (lonely: centre)" in line
    told = [row[0] for row in openpyxl.load_workbook(tmp_path / "ranks.xlsx")["notes"].iter_rows(values_only=True)]
    assert line in told
    call("estimate", one_week[0], "--out", tmp_path / "estimates.parquet")
    assert line in json.loads(pq.read_schema(tmp_path / "estimates.parquet").metadata[b"notes"])


def test_whoever_chooses_a_rule_gets_it_and_no_word_about_another(one_week):
    result = call("estimate", one_week[0], "--lonely", "fail")
    assert "single PSU" in str(result.exception)
    result = call("estimate", one_week[0], "--lonely", "remove")
    assert "one point and one week only" not in result.stderr


def test_the_jackknife_which_could_only_leave_such_an_office_out_asks_first(one_week):
    assert "single PSU" in str(call("estimate", one_week[0], "--variance", "jackknife").exception)
    assert call("estimate", one_week[0], "--variance", "jackknife", "--lonely", "remove").exit_code == 0


def test_a_file_from_elsewhere_still_has_to_say_what_to_do(one_week, tmp_path):
    data, design = tmp_path / "answers.csv", tmp_path / "design.yaml"
    data.write_text("unit,week,q\na,1,4\na,2,3\nb,1,5\n", "utf-8")
    design.write_text("strata: unit\npsu: week\nitems: [q]\n", "utf-8")
    assert "single PSU" in str(call("estimate", data, "--design", design).exception)
