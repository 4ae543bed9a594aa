"""Waves over a change of boundaries: merged units are the sum of their parts, divided ones are not compared."""

import random

import pytest

from tests.sipas.estimating.calls import call, rows_of

MERGED = {"A": "X", "B": "X", "D": "D"}
CROSSWALK = "old,new,share\nA,X,\nB,X,\nC,Y,0.4\nC,Z,0.6\n"


@pytest.fixture
def waves(tmp_path):
    """Two waves, the first by old units; also the first as somebody would have merged it by hand."""
    draw = random.Random(3)
    units = {"before": "ABCD", "after": "XYD"}
    for name, here in units.items():
        rows = [
            (unit, f"week {n % 4}", f"{draw.choice((1, 2.5))}", str(min(5, draw.randint(2, 6))))
            for unit in here
            for n in range(40)
        ]
        lines = [",".join(["stratum", "unit", *row[1:]]) for row in [("", "week", "w", "q01")]]
        lines += [",".join([row[0], *row]) for row in rows]
        (tmp_path / f"{name}.csv").write_text("\n".join(lines) + "\n", "utf-8")
        if name == "before":
            by_hand = [line if line.startswith("stratum") else _by_hand(line) for line in lines]
            (tmp_path / "by-hand.csv").write_text("\n".join(by_hand) + "\n", "utf-8")
    (tmp_path / "crosswalk.csv").write_text(CROSSWALK, "utf-8")
    design = "weights: w\nstrata: {}\npsu: week\nitems: [q01]\n"
    for name, column in (("d", "unit"), ("by-hand", "stratum")):
        (tmp_path / f"{name}.yaml").write_text(design.format(column), "utf-8")
    return tmp_path


def _by_hand(line):
    stratum, unit, *rest = line.split(",")
    return ",".join([stratum, MERGED.get(unit, ""), *rest])


def test_merged_units_are_compared_as_the_sum_of_their_parts(waves):
    files = ["--against", waves / "before.csv", "--by", "unit", "--crosswalk", waves / "crosswalk.csv"]
    found = rows_of("compare", waves / "after.csv", *files, "--design", waves / "d.yaml")
    files = ["--against", waves / "by-hand.csv", "--by", "unit", "--design", waves / "by-hand.yaml"]
    expected = rows_of("compare", waves / "after.csv", *files)
    assert [row["domain"] for row in found] == [{}, {"unit": "D"}, {"unit": "X"}]
    for row, by_hand in zip(found, expected, strict=True):
        for key in ("domain", "estimate", "other_estimate", "difference", "se", "low", "high", "df", "p", "finding"):
            assert row[key] == by_hand[key]


def test_what_was_merged_divided_or_is_absent_is_told(waves):
    files = ["--against", waves / "before.csv", "--by", "unit", "--design", waves / "d.yaml"]
    told = call("compare", waves / "after.csv", *files, "--crosswalk", waves / "crosswalk.csv").stderr
    assert "before: compared as the sum of its parts: X (A, B)\n" in told
    assert "before: not compared, for an old unit was divided among them: Y, Z\n" in told
    assert "before lacks 1 domains that another wave has, so that they are not compared: Y\n" in told
    told = call("compare", waves / "after.csv", *files).stderr
    assert "after lacks 3 domains that another wave has, so that they are not compared: A; B; C\n" in told
    assert "before lacks 2 domains that another wave has, so that they are not compared: X; Y\n" in told


def test_a_trend_takes_the_crosswalk_and_gives_the_same_change(waves):
    more = ["--by", "unit", "--design", waves / "d.yaml", "--crosswalk", waves / "crosswalk.csv"]
    compared = rows_of("compare", waves / "after.csv", "--against", waves / "before.csv", *more)
    followed = rows_of("trend", waves / "before.csv", waves / "after.csv", *more)
    changes = {row["domain"]["unit"]: row["estimate"] for row in followed if row["domain"] and row["what"] == "change"}
    assert {unit: change for unit, change in changes.items() if change is not None} == {
        row["domain"]["unit"]: pytest.approx(row["difference"]) for row in compared if row["domain"]
    }


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("old,new,share\nA,X,0.6\nA,Y,0.3\n", "the shares of unit A add up to 0.9, not to 1"),
        ("old,new\nA,X\nA,X\n", "unit A goes to X twice"),
        ("alt,neu\nA,X\n", "has no column old, new"),
    ],
)
def test_a_crosswalk_that_contradicts_itself_is_refused(waves, text, complaint):
    (waves / "bad.csv").write_text(text, "utf-8")
    files = ["--against", waves / "before.csv", "--by", "unit", "--design", waves / "d.yaml"]
    result = call("compare", waves / "after.csv", *files, "--crosswalk", waves / "bad.csv")
    assert result.exit_code == 1
    assert complaint in str(result.exception)
