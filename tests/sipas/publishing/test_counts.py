"""What counts of a release tell: rounded where they are shown, and none that is withheld can be worked out."""

from __future__ import annotations

import json

import pytest

from analysis.disclosure.policy import Policy
from analysis.disclosure.safe_table import SafeTable
from analysis.disclosure.suppress import suppress
from sipas.publishing.bundle import bundle_digest, check_files
from sipas.publishing.published import open_folder
from tests.november_files import unpacked


def a_row(of, n, answers=None, estimate=None, **domain):
    reliability = "shown" if estimate is not None else "hidden"
    return {
        "domain": domain,
        "of": of,
        "n": n,
        "answers": answers or n,
        "estimate": estimate,
        "reliability": reliability,
    }


def test_people_are_told_to_the_nearest_five_and_answers_to_the_nearest_fifty():
    rows = [a_row("B1", 58, 130), a_row("B1.1", 58), a_row("B1.2", 12)]
    table = suppress(rows, parts={"B1": ["B1.1", "B1.2"]})
    assert [(row["n"], row["answers"]) for row in table.records()] == [(60, 150), (60, 60), (10, 10)]


@pytest.mark.parametrize("minimum", [3, 10, 12])
def test_no_rounded_count_lies_below_the_smallest_group_that_is_shown(minimum):
    policy = Policy(minimum=minimum)
    for n in range(minimum, 60):
        shown = policy.rounded({"n": n, "answers": n, "estimate": 0.5})
        assert shown["n"] == shown["answers"] >= minimum
        assert abs(shown["n"] - n) <= 2 or shown["n"] == minimum
        assert policy.rounded(shown) == shown


def test_a_table_of_the_first_version_keeps_its_exact_counts():
    table = json.loads(suppress([a_row("B1", 58)], Policy(rounding=1, spread=1, version="1")).to_json())
    for name in ("rounding", "spread"):
        del table["policy"][name]
    again = SafeTable.from_json(json.dumps(table))
    assert again.row("B1")["n"] == 58
    assert (again.policy.rounding, again.policy.spread) == (1, 1)


@pytest.mark.parametrize(("home", "code"), [("2026-1-r1", ""), ("home", "releases/w1-r1"), ("home", "drafts/w1-r2")])
def test_releases_of_november_open_as_they_were_written(tmp_path, home, code):
    folder = unpacked(home, tmp_path) / code
    check_files(folder, bundle_digest(folder))
    table = open_folder(folder).table
    assert (table.policy.version, table.policy.own_words, table.policy.least_people) == ("2", False, 0)
    assert any("items=" in (row["method"] or "") for row in table.records())
