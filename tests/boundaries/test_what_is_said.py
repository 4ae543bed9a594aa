"""What is said about published figures tells nothing of withheld ones: no word, no flag, no count beside them."""

from __future__ import annotations

import csv
import datetime as dt
import json
import random
import re
import shutil

import pytest

from analysis.disclosure.policy import Policy
from sipas.accounts.decisions import typed
from sipas.config.settings import Settings
from sipas.fieldwork.models import PopulationCount
from sipas.fieldwork.waves import close_wave
from sipas.publishing import build as building
from sipas.publishing.build import build
from sipas.publishing.freeze import freeze
from sipas.publishing.page import render
from sipas.publishing.published import open_folder
from sipas.storage.database import Database
from surveys import load
from tests.make import a_point, a_response, a_wave
from tests.november_files import truth, unpacked

WEEKS = [dt.datetime(2026, 9, day, 3, tzinfo=dt.timezone.utc) for day in (2, 9, 16, 23, 29)]
FEW = ("B4.2", "B4.3")  # hardly anybody answers these


def test_a_release_of_november_told_how_many_withheld_items_were_unanimous(tmp_path):
    """By the number of siblings in `method`: those in which people disagree, of which the shown ones are known."""
    table = open_folder(unpacked("2026-1-r1", tmp_path)).table
    hidden = truth("2026-1-r1")
    items = [of for of in table.measures if re.match(r"O|B\d\.", of)]
    right, of_all, unanimous = 0, 0, 0
    for domain in [{}, *table.domains("unit"), *table.domains("field"), *table.domains("unit", "field")]:
        rows = [table.row(of, **domain) for of in items]
        told = {int(found[1]) for row in rows if (found := re.search(r"items=(\d+)", row["method"] or ""))}
        withheld = [row["of"] for row in rows if row["withheld"]]
        if not told or not withheld:
            continue
        shown = sum(bool(row["n"]) and not {"edge", "one cluster only"} & set(row["flags"]) for row in rows)
        guess = len(withheld) - (told.pop() - shown)
        true = sum(hidden[of, tuple(sorted(domain.items()))]["estimate"] in (0, 1) for of in withheld)
        right, of_all, unanimous = right + (guess == true), of_all + 1, unanimous + (guess == true > 0)
    assert (right, of_all, unanimous) == (203, 205, 134)


def test_a_release_of_november_told_by_a_flag_that_all_agreed_where_no_share_was_shown(tmp_path):
    rows = list(open_folder(unpacked("2026-1-r1", tmp_path)).table.records())
    assert sum(row["estimate"] is None and "edge" in row["flags"] for row in rows) == 50


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.long) for seed in (1, 2))])
def test_nothing_that_is_said_changes_when_only_withheld_answers_do(tmp_path, template, monkeypatch, weighted, seed):
    """Two answers change places, so that withheld items become unanimous and every figure that is shown stays."""
    one, other = (released(tmp_path / name, template, weighted, seed, swapped) for name, swapped in
                  (("one", False), ("other", True)))  # fmt: skip
    assert withheld(one) == withheld(other)
    assert {(of, domain) for of in FEW for domain in ("dat-dai", "ho-tich")} <= withheld(one)
    assert figures(one) == nearly(other)
    assert said(one) == said(other)
    assert pages(one, one) == pages(other, one)

    monkeypatch.setattr(building, "Policy", lambda: Policy(own_words=False, version="2"))
    one, other = (released(tmp_path / f"{name} before", template, weighted, seed, swapped) for name, swapped in
                  (("one", False), ("other", True)))  # fmt: skip
    assert figures(one) == nearly(other)
    assert said(one) != said(other), "the pair must be one that the protection of November 2026 told apart"


@pytest.mark.parametrize("weighted", [False, True])
def test_every_count_of_people_in_a_release_is_rounded(tmp_path, template, weighted):
    """128 people answered; no number that counts people is other than a multiple of five."""
    folder = released(tmp_path / "home", template, weighted, 1, False)
    manifest = json.loads((folder / "release.json").read_text(encoding="utf-8"))
    assert manifest["responses"] == 130
    assert set(manifest["method"]["weights"]) <= {
        "method",
        "margins",
        "uncovered",
        "population",
        "population_uncovered",
    }
    for row in open_folder(folder).table.records():
        assert (row["n"] or 0) % 5 == 0
        assert row["df"] is None or row["df"] % 5 == 0 or row["df"] == 1
    for name in ("index.html", "index.en.html", "release.json", "estimates.csv", "estimates.json"):
        assert not re.search(r"(?<![\d.,\w])128(?![\d.,\w])", (folder / name).read_text(encoding="utf-8")), name


def test_the_pages_of_an_older_release_round_its_people_as_its_table_does(settings, client):
    folder = unpacked("2026-1-r1", settings.home / "releases")
    assert json.loads((folder / "release.json").read_text(encoding="utf-8"))["responses"] == 59_928
    for address in ("/results", "/results/2026-1-r1/method"):
        page = client.get(address).text
        assert "59.930" in page
        assert "59.928" not in page


@pytest.fixture
def template(_template):
    """An installation to copy."""
    return _template


def released(home, template, weighted, seed, swapped):
    """The folder of a draft: two fields of one ward, in which few answer two of the questions, and another ward."""
    shutil.copytree(template, home)
    settings = Settings(home=home)
    database = Database.of(settings)
    a_point(database, "one", "03646")
    a_point(database, "two", "03664")
    a_wave(database, settings)
    if weighted:
        with database.writing() as session:
            session.add_all(
                PopulationCount(unit=unit, field=field, month="2026-09", dossiers=400, source="made up")
                for unit, field in (("03646", "dat-dai"), ("03646", "ho-tich"), ("03664", "chung-thuc"))
            )
    for point, service, week, answers in visits(random.Random(seed), swapped):
        a_response(database, settings, point, service, WEEKS[week], answers=answers)
    with database.writing() as session:
        close_wave(session, "w1", dt.date(2026, 9, 30))
    freeze(database, home, "w1", dt.date(2026, 9, 30))
    code = build(database, settings, "w1", typed("Hoa"), dt.date(2026, 10, 1))
    database.engine.dispose()
    return home / "drafts" / code


def visits(rng, swapped):
    """Everybody's answers; in one week somebody of each field says 5 to one of the two questions and 2 to the other.

    Swapped, both say it the other way round: nothing changes in the week, the ward or the whole, and in each field one
    of the two questions has two who disagree with the others and one has none, or each has one.
    """
    asked = [item.code for item in load("service-2024").items if item.kind == "rating" and not item.asked_if]
    for point, service, people in (("one", "dat-dai", 40), ("one", "ho-tich", 40), ("two", "chung-thuc", 48)):
        for number in range(people):
            levels = {code: str(rng.choice((2, 3, 4, 4, 5, 5, 5))) for code in asked}
            if point == "one":
                levels |= dict.fromkeys(FEW, "5" if number < 9 else "na")
                if number == 0:
                    both = ("5", "2") if swapped == (service == "dat-dai") else ("2", "5")
                    levels |= dict(zip(FEW, both, strict=True))
                if number == 5:
                    levels |= dict(zip(FEW, ("5", "2") if service == "dat-dai" else ("2", "5"), strict=True))
            yield point, service, number % 5, levels


def withheld(folder):
    """Figures and fields of the rows that are withheld in fields."""
    return {
        (row["of"], row["domain"]["field"])
        for row in open_folder(folder).table.records()
        if row["withheld"] and "field" in row["domain"]
    }


SHARES = ("estimate", "se", "deff")
# they rest on the design effects of all siblings, and are figures themselves; bands follow from them
LIMITS = ("low", "high", "at_1_25_low", "at_1_25_high", "at_1_5_low", "at_1_5_high")


def figures(folder):
    """What is shown of each figure but its limits."""
    rows = list(open_folder(folder).table.records())
    assert all(row["estimate"] is None or 0 < row["estimate"] < 1 for row in rows)
    return [row[name] or 0 for row in rows for name in SHARES]


def nearly(folder):
    """The same, as computed from rows in another order: a digit in the middle may fall either way."""
    return pytest.approx(figures(folder), abs=0.0011, rel=0.1)


def said(folder):
    """All else in the folder's data: the manifest, the table, the CSV; without the digest of the answers."""
    issue = open_folder(folder)
    text = json.dumps(issue.manifest, sort_keys=True).replace(issue.manifest["snapshot"], "digest")
    with (folder / "estimates.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = [*issue.table.records(), *csv.DictReader(file)]
    shown = {*SHARES, *LIMITS}
    return text, [{name: value for name, value in row.items() if name not in shown} for row in rows]


def pages(folder, other):
    """The folder's pages, drawn with the table of the `other` release, from which they differ in limits alone."""
    manifest = {**open_folder(folder).manifest, "snapshot": ""}
    return [render(manifest, open_folder(other).table, language) for language in ("vi", "en")]
