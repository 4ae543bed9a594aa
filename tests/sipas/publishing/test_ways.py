"""What a release and a snapshot say of how answers came: tenths that tell of nobody, nothing where nobody counted."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from sipas import i18n
from sipas.accounts.decisions import typed
from sipas.fieldwork.waves import close_wave
from sipas.intake.ways import Held, Way
from sipas.publishing.build import build
from sipas.publishing.freeze import freeze
from sipas.publishing.way_words import ways_in_words
from tests.make import a_point, a_response, a_wave
from tests.make_release import a_release

TODAY = dt.date(2026, 9, 30)
DAYS = [dt.datetime(2026, 9, day, 3, tzinfo=dt.timezone.utc) for day in (2, 9, 16, 23)]
WARDS = ("03646", "03664", "03670", "03679")


def released(database, settings, counts):
    """The manifest of a wave with so many answers by (screen, code, open) at a point of each ward, and its snapshot."""
    for number in range(len(counts)):
        a_point(database, f"p-{number}", WARDS[number], form="short")
    a_wave(database, settings)
    for place, ways in enumerate(counts):
        for way, count in zip(Way, ways, strict=True):
            for number in range(count):
                level = "5" if number % 3 else "2"
                a_response(database, settings, f"p-{place}", moment=DAYS[number % 4], way=way,
                           answers=dict.fromkeys(("O", "B1.2", "B2.2", "B3.2", "B4.1"), level))  # fmt: skip
    with database.writing() as session:
        close_wave(session, "w1", TODAY)
    snapshot = freeze(database, settings.home, "w1", TODAY)
    code = build(database, settings, "w1", typed("Lò Thị Hoa"), TODAY)
    folder = settings.home / "drafts" / code
    return (
        json.loads((folder / "release.json").read_text("utf-8")),
        snapshot,
        (folder / "index.en.html").read_text("utf-8"),
    )


def test_the_whole_and_each_unit_are_told_in_tenths(database, settings):
    manifest, snapshot, page = released(database, settings, [(80, 0, 20), (0, 90, 0), (0, 30, 60), (50, 0, 0)])
    assert manifest["ways"] == {
        "all": {"screen": 4, "code": 4, "open": 2},
        "units": {
            "03646": {"screen": 8, "open": 2},
            "03664": {"code": 10},
            "03670": {"code": 3, "open": 7},
            "03679": {"screen": 10},
        },
    }
    assert dict(snapshot.codebook.ways) == {"p-0": "screen", "p-1": "code", "p-2": "mixed", "p-3": "screen"}
    assert "How these answers came: 4/10 from screens" in page


def test_a_unit_with_a_few_by_some_way_says_nothing_and_neither_does_one_that_would_tell_it(database, settings):
    """Three came with a code at one ward: from the whole and the others nobody works out how many."""
    manifest, _, _ = released(database, settings, [(80, 3, 20), (60, 40, 0), (60, 50, 0), (50, 0, 0)])
    units = manifest["ways"]["units"]
    assert "03646" not in units
    assert len({"03664", "03670"} & set(units)) == 1, "one of the others with codes goes with it"
    assert units["03679"] == {"screen": 10}


def test_a_unit_whose_people_are_withheld_says_nothing(database, settings):
    manifest, snapshot, _ = released(database, settings, [(80, 0, 0), (60, 0, 0), (9, 0, 0), (50, 0, 0)])
    assert "03670" not in manifest["ways"]["units"]
    assert "p-2" not in dict(snapshot.codebook.ways)


def test_answers_that_were_not_counted_are_a_part_of_their_own(database, settings, monkeypatch):
    real, calls = Held.add, iter(range(1000))
    monkeypatch.setattr(Held, "add", lambda self, *what: real(self, *what) if next(calls) % 2 else None)
    manifest, _, _ = released(database, settings, [(100, 0, 0)] * 3)
    assert manifest["ways"]["all"] == {"screen": 5, "other": 5}


def test_where_nothing_was_counted_nothing_is_said_and_the_codebook_is_as_before(database, settings, monkeypatch):
    monkeypatch.setattr(Held, "add", lambda *_: None)
    manifest, snapshot, page = released(database, settings, [(40, 0, 0)] * 3)
    assert manifest["ways"] == {}
    assert "ways" not in json.loads(snapshot.codebook.to_json())
    assert "How these answers came" not in page


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_public_pages_say_it_in_one_line(client, settings, language):
    told = {"all": {"screen": 8, "open": 2}, "units": {"03646": {"code": 10}}}
    a_release(settings.home, ways=told)
    query = f"?lang={language}" if language != "vi" else ""
    with i18n.speaking(language):
        whole, ward = ways_in_words({"ways": told}), ways_in_words({"ways": told}, "03646")
        assert whole != ward != ways_in_words({"ways": told}, "03664") == ""
    assert whole in client.get(f"/results{query}").text
    assert ward in client.get(f"/results/2026-1-r1/unit/03646{query}").text
    assert "8/10" not in client.get(f"/results/2026-1-r1/unit/03664{query}").text


def test_releases_of_before_say_nothing_of_it(client, settings):
    a_release(settings.home)
    reply = client.get("/results?lang=en")
    assert reply.status_code == 200
    assert "How these answers came" not in reply.text
