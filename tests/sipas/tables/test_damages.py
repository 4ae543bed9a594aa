"""Whatever offices do to a table: the right figure, a refusal, or a note; never another figure in silence."""

import random
from collections import Counter

import pytest

from analysis.errors import AnalysisError
from sipas.errors import SipasError
from sipas.estimating.design_file import read_design
from sipas.estimating.planning import allocation, drawn
from sipas.estimating.run import estimate_source
from sipas.estimating.small import read_features
from sipas.estimating.survey import Source
from sipas.tables import Problems, read_table
from sipas.tables.account import gathered_readings
from sipas.tables.archive import INSIDE
from sipas.tables.population_rows import population_table, read_population_rows
from tests.sipas.tables.damages import CODE, CODES, COUNT, DAMAGES, LABEL, LEVEL, MONTH, NAMES, NUMBER, Sheet, damaged

FEW, MANY, CLEAN = 50, 2000, 500


def answers(draw):
    place = [draw.randrange(4) for _ in range(40)]
    whole = draw.random() < 0.5
    weight = [str(draw.randint(500, 3000)) if whole else f"{draw.uniform(1, 30):.2f}" for _ in place]
    rows = [
        [CODES[p], NAMES[p], w, *(str(draw.randint(1, 5)) for _ in "ab")] for p, w in zip(place, weight, strict=True)
    ]
    for row in rows[:5]:  # every level occurs
        row[3] = str(rows.index(row) + 1)
    return ["code", "unit", "w", "q01", "q02"], [CODE, LABEL, NUMBER if not whole else COUNT, LEVEL, LEVEL], rows


def estimated(path):
    design = path.parent / "design.yaml"
    design.write_text("weights: w\nitems: [q01, q02]\nsatisfied: 4\n", "utf-8")
    result = estimate_source(Source(path, read_design(design)), [("code",), ("unit",)])
    figures = [(row["n"], row["estimate"]) for row in result.estimates.records()]
    return sorted(figures, key=str), result.notes


def dossiers(draw):
    rows = [
        [code, field, f"2026-{month:02}", str(draw.randint(0, 4000))]
        for code in CODES
        for field in ("land", "civil")
        for month in (1, 2, 3)
    ]
    return ["unit", "field", "month", "dossiers"], [CODE, "other", MONTH, COUNT], rows


def counted(path):
    table = population_table(read_table(path))
    problems = Problems(table)
    rows = read_population_rows(table, problems)
    problems.refuse()
    return sorted((key[1:], count) for key, (_, count) in rows.items()), ()


def listed(draw):
    rows = [
        [f"{n:03}", NAMES[n % 4] + f" {n}", str(draw.randint(200, 2500)), f"{draw.uniform(0.1, 9):.1f}"]
        for n in range(30)
    ]
    return ["no", "village", "people", "spread"], [CODE, LABEL, COUNT, NUMBER], rows


def sampled(path):
    rows, _ = drawn(path, 5, 2026, "people")
    return [row["people"] for row in rows], ()


def divided(path):
    rows = allocation(path, ("no",), "people", 300, "neyman", "spread")
    return sorted((row["people"], row["interviews"]) for row in rows), ()


def features(path):
    found = read_features(path, ("no",), ("people", "spread"))
    return sorted(found.of.values()), ()


def totals(path):
    design = path.parent / "totals.yaml"
    design.write_text(f"items: [q01]\npoststratify: {{by: [no], file: {path.name}}}\n", "utf-8")
    return sorted(read_design(design).poststratify.cells.values()), ()


def listed_totals(draw):
    names, kinds, rows = listed(draw)
    return ["total" if name == "people" else name for name in names], kinds, rows


DOORS = {
    "estimate": (answers, estimated),
    "frame": (dossiers, counted),
    "sample draw": (listed, sampled),
    "sample allocate": (listed, divided),
    "small-areas": (listed, features),
    "totals": (listed_totals, totals),
}


def outcome(door, seed, folder, damages):
    """The kinds of damage, and whether the figure is right, refused, noted, or wrong in silence."""
    make, read = DOORS[door]
    draw = random.Random(f"{door} {seed}")
    names, kinds, rows = make(draw)
    plain = Sheet(names, kinds, [list(row) for row in rows], draw.random() < 0.5, draw)
    expected, _ = read(plain.write(folder))
    sheet = damaged(Sheet(names, kinds, rows, plain.workbook, draw), damages)
    with gathered_readings() as readings:
        try:
            found, notes = read(sheet.write(folder))
        except (SipasError, AnalysisError):
            return sheet.done, "refused"
    told = [*notes, *(doubt for reading in readings for doubt in reading.doubts)]
    doubts = [note for note in told if note.template != INSIDE]  # which file was opened excuses no other figure
    if _same(found, expected):
        return sheet.done, "noted" if doubts else "right"
    return sheet.done, "noted" if doubts else "silent"


def _same(found, expected):
    return found == expected or (
        len(found) == len(expected)
        and all(
            str(one) == str(other) or one == pytest.approx(other) for one, other in zip(found, expected, strict=True)
        )
    )


def tried(door, folder, count):
    table = Counter()
    for seed in range(count):
        kinds, told = outcome(door, seed, folder, 1 + seed % 3)
        assert told != "silent", (door, seed, kinds)
        for kind in kinds:
            table[kind, told] += 1
    return table


@pytest.mark.parametrize("door", DOORS)
def test_damaged_tables_never_give_another_figure_in_silence(door, tmp_path):
    tried(door, tmp_path, FEW)


@pytest.mark.long
@pytest.mark.parametrize("door", DOORS)
def test_two_thousand_damaged_tables_a_door(door, tmp_path, capsys):
    table = tried(door, tmp_path, MANY)
    with capsys.disabled():
        print(f"\n{door}: kind of damage, then how often right / refused / noted")
        for kind in sorted(DAMAGES):
            print(f"  {kind:28}", *(f"{table[kind, told]:5}" for told in ("right", "refused", "noted")))


@pytest.mark.parametrize("door", DOORS)
def test_tables_that_are_as_they_should_be_are_neither_refused_nor_doubted(door, tmp_path):
    for seed in range(CLEAN // 10):
        assert outcome(door, seed, tmp_path, 0) == ([], "right")


@pytest.mark.long
@pytest.mark.parametrize("door", DOORS)
def test_five_hundred_clean_tables_a_door(door, tmp_path):
    for seed in range(CLEAN):
        assert outcome(door, seed, tmp_path, 0) == ([], "right")


def test_there_are_twenty_five_kinds_of_damage_and_more():
    assert len(DAMAGES) >= 25
