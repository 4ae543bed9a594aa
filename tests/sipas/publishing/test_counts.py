"""What counts of a release tell: rounded where they are shown, and none that is withheld can be worked out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analysis.disclosure.policy import Policy
from analysis.disclosure.safe_table import SafeTable
from analysis.disclosure.suppress import suppress
from sipas.fieldwork.models import PopulationCount
from sipas.publishing import missing_population
from sipas.publishing.bundle import bundle_digest, check_files
from sipas.publishing.earlier import WouldTellMore, refuse_other_figures
from sipas.publishing.published import PublishedRelease, open_folder
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


def of_units(people=(40, 40, 40), last=0.85):
    shares = (0.8, 0.75, last)
    rows = [a_row("O", n, estimate=share, unit=unit) for unit, n, share in zip("abc", people, shares, strict=False)]
    return suppress([a_row("O", sum(people), estimate=0.8), *rows])


def test_a_second_release_may_show_less_than_the_first_and_no_other_share():
    first = PublishedRelease("w1-r1", Path("w1-r1"), {}, of_units())
    refuse_other_figures([first], of_units((40, 40)))  # the last unit is not there any more
    assert of_units((40, 40, 4)).row("O", unit="c")["withheld"]
    refuse_other_figures([first], of_units((40, 40, 4)))
    refuse_other_figures([first], of_units(last=0.8502))  # the same in the digits that are shown
    with pytest.raises(WouldTellMore, match="dossier counts are not those with which release w1-r1 was made"):
        refuse_other_figures([first], of_units(last=0.852))


def test_of_dossiers_at_wrong_offices_twenty_are_named_and_the_others_counted(monkeypatch):
    def told(number):
        cells = [(PopulationCount(unit=f"u{one}", field="f", month="2026-09", dossiers=1), ()) for one in range(number)]
        monkeypatch.setattr(missing_population, "misplaced", lambda *_: cells)
        with pytest.raises(missing_population.Misplaced) as refused:
            missing_population._refuse_misplaced(None, ())
        return str(refused.value).splitlines()[1:]

    assert [line.split(",")[0].strip() for line in told(20)] == [f"u{one}" for one in range(20)]
    *named, last = told(21)
    assert len(named) == 20
    assert last.strip() == "... and 1 more"


@pytest.mark.parametrize(("home", "code"), [("2026-1-r1", ""), ("home", "releases/w1-r1"), ("home", "drafts/w1-r2")])
def test_releases_of_november_open_as_they_were_written(tmp_path, home, code):
    folder = unpacked(home, tmp_path) / code
    check_files(folder, bundle_digest(folder))
    table = open_folder(folder).table
    assert (table.policy.version, table.policy.own_words, table.policy.least_people) == ("2", False, 0)
    assert any("items=" in (row["method"] or "") for row in table.records())
