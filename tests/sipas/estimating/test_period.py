"""Several snapshots as one period, as an analyst asks for it: the figure, its name, and what is refused."""

import csv
import datetime as dt
import json
from dataclasses import replace

import pyarrow as pa
import pytest

from analysis import Codebook, CodebookItem, read_snapshot, write_snapshot
from analysis.data.codebook import OVERALL
from sipas.errors import SipasError
from sipas.estimating.periods import quarter_of
from tests.reference.test_period import CASES, dossiers_of, rows_of_quarters
from tests.sipas.estimating.calls import call, rows_of

DAYS = {
    "2026-1": (dt.date(2026, 1, 5), dt.date(2026, 3, 27)),
    "2026-2": (dt.date(2026, 4, 1), dt.date(2026, 6, 30)),
    "2026-3": (dt.date(2026, 7, 1), dt.date(2026, 9, 30)),
    "2026-4": (dt.date(2026, 10, 1), dt.date(2026, 12, 20)),
}
ITEMS = tuple(
    CodebookItem(code, f"text of {code}", "A" if code < "q03" else "B") for code in ("q01", "q02", "q03", "q04")
)
BOOK = Codebook(
    instrument="service-2024",
    version="2",
    items=ITEMS,
    factors=(("A", ""), ("B", "")),
    columns={"strata": ("stratum",), "psu": ("psu",)},
)


def a_snapshot(folder, quarter, file="", table=None, **book):
    """A quarter of the reference year as the platform freezes it."""
    rows = rows_of_quarters()[quarter]
    if table is None:
        table = pa.table(
            {
                name: [int(row[name]) if row[name] else None for row in rows]
                if name[0] == "q" and name[1].isdigit()
                else [row[name] for row in rows]
                for name in rows[0]
                if name not in ("id", "quarter")
            }
        )
    opens, closes = DAYS[quarter]
    named = {"wave": quarter, "opens_on": opens, "closes_on": closes, **book}
    return write_snapshot(folder / f"{file or 'Q' + quarter[-1]}.parquet", table, replace(BOOK, **named)).path


@pytest.fixture(scope="session")
def year(tmp_path_factory):
    """Four snapshots and the dossiers of the reference year."""
    folder = tmp_path_factory.mktemp("year")
    for quarter in DAYS:
        a_snapshot(folder, quarter)
    with (folder / "dossiers.csv").open("w", encoding="utf-8", newline="") as file:
        rows = [(*key, int(n)) for quarter in DAYS for key, n in dossiers_of(quarter).items()]
        csv.writer(file).writerows([("unit", "field", "month", "dossiers"), *rows])
    return folder


def files(year, quarters="1234"):
    return [year / f"Q{quarter}.parquet" for quarter in quarters]


def asked(*arguments):
    """What a command prints as JSON of a period, and its rows by figure and domain."""
    result = call(*arguments, "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    return found, {(row["of"], tuple(row["domain"].items())): row for row in found["rows"]}


def refused(*arguments):
    """The sentence with which a command refuses, exit status 1."""
    result = call(*arguments)
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, SipasError), result.exception
    return str(result.exception)


def test_the_year_has_the_digits_of_r_at_the_command_line(year):
    by = ["--by", "unit", "--by", "field", "--by", "unit,field", "--by", "wave", "--by", "unit,wave"]
    _, plain = asked("estimate", *files(year), *by)
    found, raked = asked("estimate", *files(year, "3142"), "--frame", year / "dossiers.csv", *by)
    assert found["period"]["name"] == "2026"
    for case in CASES:
        if case["design"] == "post":  # their dossiers are another table
            continue
        rows = plain if case["design"] == "wr" else raked
        row = rows[case["of"], tuple((case["domain"] or {}).items())]
        assert row["estimate"] == pytest.approx(case["est"], rel=1e-10)
        assert row["se"] == pytest.approx(case["se"], rel=1e-10)
        assert (row["n"], row["df"]) == (case["n"], case["df"])


def test_any_order_of_files_gives_the_same_output(year):
    one, other = (
        call("estimate", *files(year, order), "--frame", year / "dossiers.csv", "--by", "unit").stdout
        for order in ("1234", "4231")
    )
    assert one == other
    assert "overall" in one


def test_one_snapshot_is_no_period(year):
    alone = call("estimate", *files(year, "1"), "--json")
    assert isinstance(json.loads(alone.stdout), list)
    assert "waves" not in json.loads(alone.stdout)[0]
    assert alone.stdout == call("estimate", *files(year), "--period", "2026-Q1", "--json").stdout


@pytest.mark.parametrize(
    ("quarters", "name", "english", "vietnamese"),
    [
        ("12", "2026-H1", "first half of 2026", "6 tháng đầu năm 2026"),
        ("34", "2026-H2", "second half of 2026", "6 tháng cuối năm 2026"),
        ("123", "2026-9M", "nine months of 2026", "9 tháng năm 2026"),
        ("1234", "2026", "the whole of 2026", "cả năm 2026"),
    ],
)
def test_a_period_is_named_after_its_quarters(year, quarters, name, english, vietnamese):
    from click.testing import CliRunner

    from sipas.cli import group
    from sipas.i18n import speaking

    assert (
        f"Period {name} ({english}), made of {len(quarters)} waves" in call("estimate", *files(year, quarters)).stdout
    )
    with speaking("vi"):
        said = CliRunner().invoke(group, ["estimate", *map(str, files(year, quarters))]).stdout
    assert f"{name} ({vietnamese})" in said
    chosen = call("estimate", *files(year), "--period", name.lower(), "--json")
    assert json.loads(chosen.stdout)["period"]["name"] == name
    left = [quarter for quarter in "1234" if quarter not in quarters]
    assert all(f"Q{quarter}.parquet" in chosen.stderr.partition("left out")[2] for quarter in left)


def test_the_head_names_every_snapshot_with_its_digest(year, tmp_path):
    said = call("estimate", *files(year, "12"), "--out", tmp_path / "half.parquet", "--explain")
    printed = call("estimate", *files(year, "12")).stdout
    notes = json.loads(pa.parquet.read_schema(tmp_path / "half.parquet").metadata[b"notes"])
    record = asked("estimate", *files(year, "12"))[0]["period"]
    assert record["quarters"] == ["2026-Q1", "2026-Q2"]
    for file, wave in zip(files(year, "12"), record["waves"], strict=True):
        digest = read_snapshot(file).digest
        line = f"wave {wave['wave']} ({file.name}): {wave['opens_on']} to {wave['closes_on']}, {wave['rows']} rows"
        assert f"{line}, snapshot {digest}" in printed
        assert f"{line}, snapshot {digest}" in notes
        assert wave["digest"] == digest
        assert f"{file.name}: read as Parquet, {wave['rows']} rows" in said.stderr


def test_a_gap_is_refused_as_a_preset_and_told_when_given_by_hand(year):
    missing = refused("estimate", *files(year, "13"), "--period", "2026-9M")
    assert missing == "2026-9M lacks 2026-Q2; give the snapshots of these quarters too, or name no period"
    by_hand = call("estimate", *files(year, "13"))
    assert "Period 2026-Q1 + 2026-Q3, made of 2 waves" in by_hand.stdout
    assert (
        "in 2026-04, 2026-05, 2026-06 nobody was asked; the figures of this period say nothing of them"
        in by_hand.stderr
    )


def test_a_period_without_dossiers_is_no_index(year):
    result = call("estimate", *files(year))
    assert "this is the share of these answers, and not the index of the period" in result.stderr
    assert "not the index" not in call("estimate", *files(year), "--frame", year / "dossiers.csv").stderr


def test_a_quarter_without_dossiers_refuses_the_whole_period(year, tmp_path):
    lines = (year / "dossiers.csv").read_text("utf-8").splitlines()
    (tmp_path / "half.csv").write_text("\n".join(line for line in lines if ",2026-1" not in line), "utf-8")
    said = refused("estimate", *files(year), "--frame", tmp_path / "half.csv")
    assert said == "half.csv has no dossiers of the months 2026-10 to 2026-12, in which the answers were given"


def test_months_without_dossiers_and_outside_all_waves_are_told(year, tmp_path):
    lines = (year / "dossiers.csv").read_text("utf-8").splitlines()
    (tmp_path / "some.csv").write_text("\n".join(line for line in lines if ",2026-09," not in line), "utf-8")
    said = call("estimate", *files(year, "34"), "--frame", tmp_path / "some.csv").stderr
    assert "some.csv has no dossiers of 2026-09, in which wave 2026-3 asked" in said
    assert "rows of months in which no wave of this period asked are left out" in said


def test_units_that_were_not_asked_all_year_say_so_beside_their_figure(year):
    _, rows = asked("estimate", *files(year), "--by", "unit")
    assert {unit: rows["overall", (("unit", unit),)]["waves"] for unit in "abcd"} == {"a": 3, "b": 4, "c": 3, "d": 4}
    assert rows["overall", ()]["of_waves"] == 4
    result = call("estimate", *files(year), "--by", "unit")
    blocks = result.stdout.split("\n\n")
    assert ["answers in 3 of 4 waves" in block for block in blocks[1:]] == [False, True, False, True, False]
    assert (
        "domains with answers in some waves only, whose figures speak of these waves alone: 2 (a (3/4), c (3/4))"
        in (result.stderr)
    )
    for command in (["rank", "--by", "unit"], ["compare", "--by", "unit"], ["small-areas", "--by", "unit"]):
        said = call(command[0], *files(year), *command[1:]).stdout
        assert said.count("answers in 3 of 4 waves") == 2


def test_a_unit_that_was_merged_within_the_year_is_one_by_the_crosswalk(year, tmp_path):
    (tmp_path / "crosswalk.csv").write_text("old,new\na,c\n", "utf-8")
    _, rows = asked("estimate", *files(year), "--by", "unit", "--crosswalk", tmp_path / "crosswalk.csv")
    _, apart = asked("estimate", *files(year), "--by", "unit")
    merged = rows["q01", (("unit", "c"),)]
    assert ("q01", (("unit", "a"),)) not in rows
    assert merged["waves"] == 4
    assert merged["n"] == sum(apart["q01", (("unit", unit),)]["n"] for unit in "ac")


def test_the_same_snapshot_or_wave_twice_is_refused(year, tmp_path):
    again = tmp_path / "again.parquet"
    again.write_bytes((year / "Q1.parquet").read_bytes())
    assert refused("estimate", year / "Q1.parquet", again) == (
        "Q1.parquet and again.parquet are the same snapshot; give it once"
    )
    other = a_snapshot(tmp_path, "2026-1", "other", title="frozen again")
    assert refused("estimate", year / "Q1.parquet", other) == (
        "Q1.parquet and other.parquet are both of wave 2026-1; give one of them"
    )


def other_levels():
    return {"items": tuple(replace(item, satisfied=(5,)) if item.code == "q02" else item for item in ITEMS)}


REFUSED = {
    "households": (
        {"population": "households"},
        "wave 2026-2 asked households; such waves stand alone and are never added to others",
    ),
    "trial": ({"series": "trial"}, "wave 2026-2 was a trial; its answers are added to no others"),
    "other series": (
        {"series": "other"},
        "waves 2026-1 and 2026-2 are of different series, so they are not added",
    ),
    "simulated": (
        {"simulated": True},
        "the answers of wave 2026-2 are simulated and those of 2026-1 are not, so they are not added",
    ),
    "instrument": (
        {"instrument": "onestop-2018"},
        "wave 2026-1 asked service-2024 and wave 2026-2 asked onestop-2018; one period has one questionnaire",
    ),
    "levels": (
        other_levels(),
        "q02 counts the levels 4, 5 of 1–5 as satisfied in wave 2026-1, and 5 of 1–5 in wave 2026-2, so the waves are "
        "not added",
    ),
    "design": (
        {"columns": {"strata": ("stratum",), "psu": ("month",)}},
        "waves 2026-1 and 2026-2 were drawn by different designs, so they are not added",
    ),
    "overlap": (
        {"opens_on": dt.date(2026, 3, 20)},
        "waves 2026-1 (2026-03-27) and 2026-2 (from 2026-03-20) overlap; one period asks each day once",
    ),
    "nothing alike": (
        {"items": tuple(replace(item, text="another question") for item in ITEMS)},
        "waves 2026-1, 2026-2 have no question in common that was asked alike, so there is nothing to add",
    ),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_what_cannot_be_added_is_refused_in_one_sentence(year, tmp_path, reason):
    book, sentence = REFUSED[reason]
    other = a_snapshot(tmp_path, "2026-2", **book)
    for order in ([year / "Q1.parquet", other], [other, year / "Q1.parquet"]):
        assert refused("estimate", *order) == sentence


def test_a_month_of_two_waves_is_refused_with_dossiers_alone(year, tmp_path):
    early = a_snapshot(tmp_path, "2026-2", opens_on=dt.date(2026, 3, 28))
    both = [year / "Q1.parquet", early]
    said = refused("estimate", *both, "--frame", year / "dossiers.csv")
    assert said.startswith("waves 2026-1 and 2026-2 both asked in 2026-03, so that its dossiers would count twice")
    assert call("estimate", *both).exit_code == 0


def test_questions_of_another_version_have_no_figure_and_the_others_have_theirs(year, tmp_path):
    items = tuple(replace(item, text="asked otherwise") if item.code == "q03" else item for item in ITEMS)
    other = a_snapshot(tmp_path, "2026-2", version="3", items=items)
    _, rows = asked("estimate", year / "Q1.parquet", other)
    _, alike = asked("estimate", *files(year, "12"))
    assert [of for of, _ in rows] == ["q01", "q02", "q04", "A"]
    for of in ("q01", "q02", "q04", "A"):
        assert (rows[of, ()]["estimate"], rows[of, ()]["se"]) == (alike[of, ()]["estimate"], alike[of, ()]["se"])
    told = call("estimate", year / "Q1.parquet", other).stderr
    assert "questions that not all waves asked, or asked alike, have no figure over this period: q03." in told
    for command in (
        ["rank", "--by", "unit"],
        ["compare", "--by", "unit"],
        ["selection"],
        ["small-areas", "--by", "unit"],
    ):
        said = refused(command[0], year / "Q1.parquet", other, *command[1:])
        assert said == (
            "overall was not asked alike in all waves of this period, so there is no figure of it; asked alike were "
            "q01, q02, q04, A"
        )
        assert call(command[0], year / "Q1.parquet", other, *command[1:], "--of", "A").exit_code == 0


def test_what_one_wave_asked_of_some_people_is_outside_the_model_of_all(province, tmp_path):
    files = []
    for name in ("first", "second"):
        snapshot = read_snapshot(province / f"{name}.parquet")
        gates = (("B3.0", "O", (1, 2)), ("B3.1", "O", (1, 2)), ("B3.2", "O", (1, 2))) if name == "second" else None
        book = replace(snapshot.codebook, asked_if=gates)
        files.append(write_snapshot(tmp_path / f"{name}.parquet", snapshot.table(), book).path)
    result = call("improve", *files, "--outcome", "O", "--json")
    assert [row["of"] for row in json.loads(result.stdout)["rows"]].count("B3") == 0
    assert "B3 was asked only of some people, so it stands outside the model of everybody" in result.stderr


@pytest.mark.parametrize("variance", ["linearised", "jackknife"])
def test_the_variance_of_the_year_is_that_of_a_sum_of_independent_quarters(year, variance):
    """Of q01, which everybody answered: the figure is the sum over quarters of (dossiers/all) p, each p by itself."""
    how = ["--frame", year / "dossiers.csv", "--variance", variance]
    _, whole = asked("estimate", *files(year), *how)
    counts = {quarter: sum(dossiers_of(quarter).values()) for quarter in DAYS}
    p, se = 0.0, 0.0
    for quarter, count in counts.items():
        (row,) = (row for row in rows_of("estimate", *files(year, quarter[-1]), *how) if row["of"] == "q01")
        part = count / sum(counts.values())
        p, se = p + part * row["estimate"], (se**2 + (part * row["se"]) ** 2) ** 0.5
    assert (whole["q01", ()]["estimate"], whole["q01", ()]["se"]) == (pytest.approx(p), pytest.approx(se, rel=1e-10))


def test_a_period_is_compared_with_another(year):
    halves = [*files(year, "34"), "--against", year / "Q1.parquet", "--against", year / "Q2.parquet"]
    found = json.loads(call("compare", *halves, "--frame", year / "dossiers.csv", "--json").stdout)
    (row,) = found["rows"]
    assert [period["name"] for period in found["periods"]] == [row["wave"], row["other_wave"]] == ["2026-H2", "2026-H1"]
    sides = [
        asked("estimate", *files(year, half), "--frame", year / "dossiers.csv")[1]["overall", ()]
        for half in ("34", "12")
    ]
    assert row["difference"] == pytest.approx(sides[0]["estimate"] - sides[1]["estimate"], abs=1e-12)
    assert (row["estimate"], row["other_estimate"]) == pytest.approx([side["estimate"] for side in sides], rel=1e-12)
    shared = refused("compare", *files(year, "12"), "--against", year / "Q2.parquet")
    assert shared == "wave 2026-2 is in 2026-H1 and in 2026-2, so that they are no independent samples"
    panel = refused("compare", *files(year, "34"), "--against", year / "Q1.parquet", "--reading", "panel")
    assert panel == "the waves of a period are independent samples; leave out --reading panel"


def test_a_trend_follows_halves_or_refuses_the_incomplete_one(year):
    found = json.loads(call("trend", *files(year, "4213"), "--each", "half-year", "--json").stdout)
    assert [row["end"] for row in found["rows"] if row["what"] == "wave"] == ["2026-H1", "2026-H2"]
    halves = [asked("estimate", *files(year, half))[1]["overall", ()]["estimate"] for half in ("12", "34")]
    assert [row["estimate"] for row in found["rows"] if row["what"] == "wave"] == halves
    assert refused("trend", *files(year, "124"), "--each", "half-year").startswith("2026-H2 lacks 2026-Q3;")


def test_quality_counts_the_dossiers_of_all_waves(year):
    found = json.loads(call("quality", *files(year), "--frame", year / "dossiers.csv", "--by", "unit", "--json").stdout)
    whole = next(row for row in found["rows"] if row["what"] == "domain" and not row["domain"])
    assert whole["dossiers"] == sum(n for quarter in DAYS for n in dossiers_of(quarter).values())
    assert whole["forms"] == sum(read_snapshot(file).rows for file in files(year))


def test_every_command_that_takes_a_snapshot_takes_a_period(province):
    both = [province / "first.parquet", province / "second.parquet", "--frame", province / "dossiers.csv"]
    commands = (
        ["estimate"],
        ["selection"],
        ["quality"],
        ["improve", "--outcome", "O"],
        ["small-areas", "--by", "unit"],
        ["rank", "--by", "unit"],
        ["compare", "--by", "field", "--adjust", "channel"],
    )
    for command, *more in commands:
        found, _ = asked(command, *both, *more)
        assert found["period"]["name"] == "2025-Q4 + 2026-Q1"
        assert found["rows"]


def test_a_plain_table_is_no_part_of_a_period(year, office):
    office.write()
    result = call("estimate", year / "Q1.parquet", office.data, "--design", office.folder / "design.yaml")
    assert "only snapshots of the platform are added to one period" in result.stderr
    assert result.exit_code == 2


def test_days_of_older_snapshots_are_those_of_their_notes_or_their_answers(year, tmp_path):
    noted = a_snapshot(tmp_path, "2026-2", "noted", opens_on=None, closes_on=None, notes="2026-04-01 – 2026-06-30")
    silent = a_snapshot(tmp_path, "2026-2", "silent", opens_on=None, closes_on=None)
    for file in (noted, silent):
        assert asked("estimate", year / "Q1.parquet", file)[0]["period"]["name"] == "2026-H1"
    table = pa.parquet.read_table(silent).drop_columns(["month"])
    nothing = a_snapshot(tmp_path, "2026-2", "nothing", table=table, opens_on=None, closes_on=None)
    assert refused("estimate", year / "Q1.parquet", nothing) == (
        "nothing.parquet does not say when it was asked, so that it cannot be part of a period"
    )


def test_a_wave_that_is_no_quarter_is_in_no_preset(year, tmp_path):
    half = a_snapshot(tmp_path, "2026-3", opens_on=dt.date(2026, 4, 1), closes_on=dt.date(2026, 9, 30))
    said = refused("estimate", year / "Q1.parquet", half, "--period", "2026-9M")
    assert said.startswith("wave 2026-3 (2026-04-01 to 2026-09-30) is no quarter")
    assert "Period 2026-01-05 – 2026-09-30, made of 2 waves" in call("estimate", year / "Q1.parquet", half).stdout
    assert quarter_of((dt.date(2025, 12, 15), dt.date(2026, 3, 14))) == (2026, 1)
    assert quarter_of((dt.date(2026, 2, 15), dt.date(2026, 5, 14))) is None
    assert refused("estimate", *files(year), "--period", "2026-H3").startswith(
        "“2026-H3” is no period; write a quarter"
    )


def test_rows_of_a_period_keep_the_columns_of_a_single_wave(year):
    single = rows_of("estimate", year / "Q1.parquet")
    found, _ = asked("estimate", *files(year, "12"))
    assert list(found["rows"][0]) == [*single[0], "waves", "of_waves"]
    assert OVERALL in {row["of"] for row in found["rows"]}
