"""`sipas sample` as an analyst calls it: sizes, divisions that add up, draws that repeat."""

import csv
import json
from itertools import pairwise

import pytest

from analysis import allocate, detectable_change, sample_size
from sipas.i18n import say
from tests.sipas.estimating.calls import call, rows_of

FRAME = "unit,field,dossiers,spread\na,x,4000,0.36\na,y,2000,0.36\nb,x,3000,0.40\nc,x,8,0.30\n"


@pytest.fixture
def frame(tmp_path):
    path = tmp_path / "frame.csv"
    path.write_text(FRAME, "utf-8")
    return path


def test_size_and_change_are_those_of_the_statistics():
    size = call("sample", "size", "--margin", "0.03", "--share", "0.85", "--deff", "2", "--response", "0.8", "--json")
    assert json.loads(size.stdout)["n"] == sample_size(0.03, p=0.85, deff=2, response=0.8)
    change = call("sample", "change", "--share", "0.85", "--answers", "400", "--next", "900", "--json")
    assert json.loads(change.stdout)["change"] == pytest.approx(float(detectable_change(0.85, 400, n_next=900)))
    told = call("sample", "size", "--margin", "0.05", "--population", "1000").stdout
    assert told == "Ask 278 people: a share near 50.0% is then known to ±5.0 points with 95.0% confidence.\n"


def test_clusters_give_the_design_effect_and_are_counted():
    plan = ["sample", "size", "--margin", "0.03", "--share", "0.85", "--response", "0.8"]
    told = json.loads(call(*plan, "--per-cluster", "15", "--icc", "0.05", "--json").stdout)
    assert (told["deff"], told["n"]) == (pytest.approx(1.7), sample_size(0.03, p=0.85, deff=1.7, response=0.8))
    assert told["clusters"] == -(-told["n"] * 0.8 // 15)
    assert call(*plan, "--per-cluster", "15", "--icc", "0.05").stdout.endswith("clusters of 15; design effect 1.7.\n")
    for wrong in (["--icc", "0.05"], ["--per-cluster", "9"], ["--per-cluster", "9", "--icc", "0.1", "--deff", "2"]):
        assert call(*plan, *wrong).exit_code == 2
    assert json.loads(call(*plan, "--json").stdout)["clusters"] is None


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (["--population", "-5"], "the population counts people, 1 or more"),
        (["--deff", "0"], "deff lies above 0"),
        (["--share", "0.98"], "reaches below 0 or above 1"),
        (["--icc", "2", "--per-cluster", "5"], "an intraclass correlation lies between 0 and 1"),
    ],
)
def test_a_size_that_means_nothing_is_refused(wrong, said):
    result = call("sample", "size", "--margin", "0.03", *wrong)
    assert (result.exit_code, result.stdout) == (1, "")
    assert said in say(result.exception)


def test_each_domain_of_a_frame_gets_its_own_size(frame, tmp_path):
    plan = ["sample", "size", "--margin", "0.05", "--frame", frame]
    rows = rows_of(*plan)
    assert [row["interviews"] for row in rows] == [sample_size(0.05, population=n) for n in (6000, 3000, 8)]
    assert [row["dossiers"] for row in rows] == [6000, 3000, 8]
    assert len(rows_of(*plan, "--by", "unit,field")) == 4
    printed = call(*plan, "--per-cluster", "20", "--icc", "0.1").stdout
    assert "each of 3 domains is known to the margin" in printed
    assert "clusters of 20; design effect 2.9" in printed
    out = tmp_path / "sizes.csv"
    assert call(*plan, "--out", out).exit_code == 0
    assert len(out.read_text("utf-8-sig").splitlines()) == 4
    assert call("sample", "size", "--margin", "0.05", "--out", tmp_path / "other.csv").exit_code == 2


@pytest.mark.parametrize(("method", "more"), [("proportional", []), ("neyman", ["--spread", "spread"]), ("power", [])])
def test_division_adds_up_and_is_that_of_the_statistics(frame, method, more):
    rows = rows_of("sample", "allocate", frame, "--total", "600", "--minimum", "5", "--method", method, *more)
    assert [row["domain"] for row in rows] == [{"unit": unit} for unit in "abc"]
    assert [row["dossiers"] for row in rows] == [6000, 3000, 8]
    spread = [0.36, 0.40, 0.30] if more else 1.0
    assert [row["interviews"] for row in rows] == allocate(
        600, [6000, 3000, 8], method, spread=spread, minimum=5
    ).tolist()
    assert sum(row["interviews"] for row in rows) == 600


def test_division_by_several_columns_and_into_a_workbook(frame, tmp_path):
    rows = rows_of("sample", "allocate", frame, "--total", "60", "--by", "unit,field")
    assert len(rows) == 4
    out = tmp_path / "plan.csv"
    result = call("sample", "allocate", frame, "--total", "60", "--out", out)
    assert (result.exit_code, result.stdout) == (0, "")
    assert [row["unit"] for row in csv.DictReader(out.read_text("utf-8-sig").splitlines())] == ["a", "b", "c"]


def test_same_seed_draws_the_same_lines_and_no_seed_prints_one(tmp_path):
    listed = tmp_path / "villages.csv"
    listed.write_text("village,people\n" + "".join(f"v{n},{10 + n}\n" for n in range(50)), "utf-8")
    first = rows_of("sample", "draw", listed, "-n", "5", "--seed", "2026")
    assert first == rows_of("sample", "draw", listed, "-n", "5", "--seed", "2026")
    assert [row["line"] for row in first] == sorted(row["line"] for row in first)
    gaps = {later["line"] - earlier["line"] for earlier, later in pairwise(first)}
    assert gaps == {10}
    told = call("sample", "draw", listed, "-n", "5").stderr
    seed = told.split("seed ")[1].split(":")[0]
    assert call("sample", "draw", listed, "-n", "5", "--seed", seed).stderr == told


def test_larger_ones_are_drawn_more_often(tmp_path):
    listed = tmp_path / "villages.csv"
    listed.write_text("village,people\nbig,40\n" + "".join(f"v{n},10\n" for n in range(12)), "utf-8")
    with_big = sum(
        rows_of("sample", "draw", listed, "-n", "3", "--seed", str(seed), "--size", "people")[0]["village"] == "big"
        for seed in range(40)
    )
    assert 20 <= with_big <= 38, "40 of 160 people, three draws: three in four"


@pytest.mark.parametrize(
    ("text", "arguments", "complaint"),
    [
        (FRAME, ["--total", "9100"], "9100 interviews do not fit"),
        (FRAME, ["--total", "60", "--by", "district"], "has no column district"),
        (FRAME.replace("3000", "many"), ["--total", "60"], "“many” is not a number"),
        (FRAME.replace("3000", "-3"), ["--total", "60"], "“-3” is no count"),
        (
            FRAME.replace("2000,0.36", "2000,0.5"),
            ["--total", "60", "--spread", "spread"],
            "differs from an earlier line",
        ),
    ],
)
def test_bad_frame_is_refused_with_place_and_remedy(tmp_path, text, arguments, complaint):
    path = tmp_path / "frame.csv"
    path.write_text(text, "utf-8")
    result = call("sample", "allocate", path, *arguments)
    assert (result.exit_code, result.stdout) == (1, "")
    assert complaint in say(result.exception)


@pytest.mark.parametrize(
    ("arguments", "status", "complaint"),
    [
        (["size", "--margin", "3"], 1, "margin lies between 0 and 1"),
        (["size"], 2, "--margin"),
        (["change", "--answers", "0"], 2, "0"),
        (["draw", "nothing.csv", "-n", "3"], 2, "does not exist"),
    ],
)
def test_impossible_plan_is_refused(arguments, status, complaint):
    result = call("sample", *arguments)
    assert result.exit_code == status
    assert complaint in (say(result.exception) if status == 1 else result.stderr)


def test_more_than_the_list_cannot_be_drawn(frame):
    result = call("sample", "draw", frame, "-n", "9")
    assert result.exit_code == 1
    assert "cannot draw 9 of 4" in say(result.exception)


def test_neyman_needs_a_spread(frame):
    result = call("sample", "allocate", frame, "--total", "60", "--method", "neyman")
    assert result.exit_code == 2
    assert "--spread" in result.stderr
