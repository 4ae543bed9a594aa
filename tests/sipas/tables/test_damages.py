"""Whatever offices do to a table: the right figure, a refusal, or a note; never another figure in silence."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from analysis.errors import AnalysisError
from sipas.errors import SipasError
from sipas.tables.account import gathered_readings
from sipas.tables.archive import INSIDE
from tests.make import OPENING, a_wave
from tests.sipas.tables.damages import DAMAGES, Sheet, damaged
from tests.sipas.tables.doors import DOORS, Here
from tests.sipas.tables.doors.platform import PLATFORM

FEW, MANY, CLEAN, SOME = 10, 2000, 500, 4
OF_THE_ISSUE = (
    *("estimate", "compare", "rank", "trend", "quality", "improve", "small-areas", "sample draw", "sample allocate"),
    *("frame load", "--frame", "registry load", "responses import", "totals in YAML", "totals in a file"),
)


@pytest.fixture
def here(request, tmp_path):
    """An installation, for the doors that need one."""
    if request.node.callspec.params["door"] not in PLATFORM:
        return None
    found = Here(request.getfixturevalue("database"), request.getfixturevalue("settings"))
    a_wave(found.database, found.settings, opens_on=OPENING)
    return found


def outcome(door, seed, folder, damages, here):
    """The kinds of damage, and whether the figure is right, refused, noted, or wrong in silence."""
    chosen = DOORS[door]
    draw = random.Random(f"{door} {seed}")
    names, kinds, rows = chosen.make(draw)
    plain = Sheet(names, kinds, [list(row) for row in rows], draw.random() < 0.5, draw)
    with gathered_readings() as readings:
        expected, _ = chosen.read(chosen.write(plain, folder), here)
    if not damages:
        return [], "noted" if _doubts(readings) else "right"
    sheet = damaged(Sheet(names, kinds, rows, plain.workbook, draw), damages)
    with gathered_readings() as readings:
        try:
            found, notes = chosen.read(chosen.write(sheet, folder), here)
        except (SipasError, AnalysisError):
            return sheet.done, "refused"
    doubts = [*notes, *_doubts(readings)]
    if _same(found, expected):
        return sheet.done, "noted" if doubts else "right"
    return sheet.done, "noted" if doubts else "silent"


def _doubts(readings):
    """What was doubtful of the reading; which file of an archive was opened excuses no other figure."""
    return [doubt for reading in readings for doubt in reading.doubts if doubt.template != INSIDE]


def _same(found, expected):
    return found == expected or (
        len(found) == len(expected)
        and all(one == pytest.approx(other, nan_ok=True) for one, other in zip(found, expected, strict=True))
    )


def tried(door, folder, count, here):
    table = Counter()
    for seed in range(count):
        kinds, told = outcome(door, seed, folder, 1 + seed % 3, here)
        assert told != "silent", (door, seed, kinds)
        for kind in kinds:
            table[kind, told] += 1
    return table


@pytest.mark.parametrize("door", DOORS)
def test_damaged_tables_never_give_another_figure_in_silence(door, tmp_path, here):
    tried(door, tmp_path, FEW, here)


@pytest.mark.long
@pytest.mark.parametrize("door", DOORS)
def test_two_thousand_damaged_tables_a_door(door, tmp_path, here, capsys):
    table = tried(door, tmp_path, MANY, here)
    with capsys.disabled():
        print(f"\n{door}: kind of damage, then how often right / refused / noted")
        for kind in sorted(DAMAGES):
            print(f"  {kind:28}", *(f"{table[kind, told]:5}" for told in ("right", "refused", "noted")))


@pytest.mark.parametrize("door", DOORS)
def test_tables_that_are_as_they_should_be_are_neither_refused_nor_doubted(door, tmp_path, here):
    for seed in range(SOME):
        assert outcome(door, seed, tmp_path, 0, here) == ([], "right")


@pytest.mark.long
@pytest.mark.parametrize("door", DOORS)
def test_five_hundred_clean_tables_a_door(door, tmp_path, here):
    for seed in range(CLEAN):
        assert outcome(door, seed, tmp_path, 0, here) == ([], "right")


def test_there_are_twenty_five_kinds_of_damage_and_more():
    assert len(DAMAGES) >= 25


def test_every_door_through_which_tables_enter_is_tried():
    assert set(OF_THE_ISSUE) <= set(DOORS)
