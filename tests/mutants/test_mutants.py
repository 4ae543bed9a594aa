"""The tool that makes mutants, and the list of those that may live."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

from tests.mutants.__main__ import ROOT, rooms
from tests.mutants.accepted import named_in
from tests.mutants.copies import Copy
from tests.mutants.covering import Covering
from tests.mutants.operators import mutants_of
from tests.mutants.trials import tried

SOURCE = '''"""A room."""

FEWEST = 5


def enough(people, fewest=FEWEST, *, strictly=False):
    """Say whether."""
    if strictly and people:
        return people > fewest
    return max(people, 0) - 1 >= fewest
'''


@pytest.fixture
def room(tmp_path):
    """A folder with one module and its tests, in a tree of its own."""
    (tmp_path / "room").mkdir()
    (tmp_path / "room" / "__init__.py").write_text("")
    (tmp_path / "room" / "few.py").write_text(SOURCE)
    return tmp_path


def test_the_changes_of_a_small_module(room):
    found = {mutant.name: mutant.text for mutant in mutants_of(room, "room")}
    assert found == {
        " | 5 to 6 | FEWEST = 5": "(6)",
        "enough | False to True | def enough(people, fewest=FEWEST, *, strictly=False):": "(True)",
        "enough | condition always True | if strictly and people:": "(True)",
        "enough | condition always False | if strictly and people:": "(False)",
        "enough | and to or | if strictly and people:": "(strictly or people)",
        "enough | operand 1 dropped | if strictly and people:": "(people)",
        "enough | operand 2 dropped | if strictly and people:": "(strictly)",
        "enough | returns None | return people > fewest": "return None",
        "enough | > to >= | return people > fewest": "(people >= fewest)",
        "enough | > to <= | return people > fewest": "(people <= fewest)",
        "enough | returns None | return max(people, 0) - 1 >= fewest": "return None",
        "enough | >= to > | return max(people, 0) - 1 >= fewest": "(max(people, 0) - 1 > fewest)",
        "enough | >= to < | return max(people, 0) - 1 >= fewest": "(max(people, 0) - 1 < fewest)",
        "enough | - to + | return max(people, 0) - 1 >= fewest": "(max(people, 0) + 1)",
        "enough | max to min | return max(people, 0) - 1 >= fewest": "(min(people, 0))",
        "enough | 0 to 1 | return max(people, 0) - 1 >= fewest": "(1)",
        "enough | 1 to 2 | return max(people, 0) - 1 >= fewest": "(2)",
    }


def test_a_name_stays_when_other_lines_come_and_the_module_moves(room):
    before = {mutant.name for mutant in mutants_of(room, "room")}
    (room / "room" / "few.py").rename(room / "room" / "many.py")
    (room / "room" / "many.py").write_text(f"from math import pi\n\n\ndef other():\n    return pi\n\n\n{SOURCE}")
    assert before < {mutant.name for mutant in mutants_of(room, "room")}


def test_the_sample_of_a_seed_is_the_same_whatever_else_there_is(room):
    def first(count):
        return [mutant.name for mutant in sorted(mutants_of(room, "room"), key=lambda mutant: mutant.rank(1))][:count]

    before = first(5)
    (room / "room" / "more.py").write_text("def other(x):\n    return x + 1\n")
    assert [name for name in first(7) if not name.startswith("other")][:5] == before


def test_a_trial_runs_the_covering_tests_in_a_copy_and_leaves_the_tree_alone(room, tmp_path_factory):
    (room / "tests").mkdir()
    (room / "tests" / "test_few.py").write_text(
        "from room.few import enough\n\ndef test_five_are_enough():\n    assert not enough(5, strictly=True)\n"
    )
    test, place = "tests/test_few.py::test_five_are_enough", tmp_path_factory.mktemp("copies")
    covering = Covering({test: 0.1}, {"room/few.py": {8: [test], 9: [test]}})
    mutants = {mutant.name: mutant for mutant in mutants_of(room, "room")}
    asked = [
        mutants["enough | > to >= | return people > fewest"],
        mutants["enough | operand 2 dropped | if strictly and people:"],
        mutants["enough | - to + | return max(people, 0) - 1 >= fewest"],
    ]
    verdicts = {
        mutant.change: (verdict.killed, verdict.by)
        for mutant, verdict in tried("room", asked, covering, [Copy.of(room, place / "one")], place)
    }
    assert verdicts == {
        "> to >=": (True, test),
        "operand 2 dropped": (False, "1 tests stayed green"),
        "- to +": (False, "no test runs this line"),
    }
    assert (room / "room" / "few.py").read_text() == (place / "one" / "room" / "few.py").read_text() == SOURCE


def test_the_fastest_tests_of_each_file_are_asked_first_and_the_plan_has_an_end(room):
    (mutant,) = (one for one in mutants_of(room, "room") if one.change == "- to +")
    covering = Covering({"a": 3.0, "b": 1.0, "c": 2.0, "d": 9.0}, {"room/few.py": {10: ["a", "b", "c", "d"]}})
    assert covering.tests_of(mutant, "tests/room", budget=7) == ["b", "c", "a"]
    assert covering.tests_of(mutant, "tests/room", budget=0.5) == ["b"]
    seconds = {"x::1": 1.0, "x::2": 2.0, "y::1": 5.0, "y::2": 6.0}
    two = Covering(seconds, {"room/few.py": {10: ["x::2", "x::1", "y::2", "y::1"]}})
    assert two.tests_of(mutant, "tests/room", budget=100) == ["x::1", "y::1", "x::2", "y::2"]


def test_every_mutant_that_may_live_is_still_there_and_has_a_reason():
    named = named_in()
    assert max(Counter((one.room, one.name) for one in named).values(), default=1) == 1
    for room in {one.room for one in named}:
        known = {mutant.name for mutant in mutants_of(ROOT, room)}
        own = [one for one in named if one.room == room]
        assert [one.name for one in own if one.name not in known] == []
        assert all(len(one.reason) > 15 for one in own)


def test_every_change_of_every_room_can_be_compiled():
    for room in rooms():
        mutants = mutants_of(ROOT, room)
        for path in sorted((ROOT / room).glob("*.py")):
            source = path.read_bytes()
            own = [mutant for mutant in mutants if ROOT / mutant.path == path]
            for mutant in own[:: max(1, len(own) // 5)]:
                ast.parse(mutant.applied(source), filename=str(Path(mutant.path)))
