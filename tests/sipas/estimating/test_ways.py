"""`sipas quality` on open points: what it compares, what it cannot, and what it says where a file knows nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from analysis import Codebook, read_snapshot, write_snapshot
from analysis.simulation.simulate import Field, Place, Province, Question
from analysis.simulation.snapshot import freeze_simulated
from tests.sipas.estimating.calls import call, rows_of

UNITS = ("a", "b", "c", "d")


@pytest.fixture(scope="module")
def honest(tmp_path_factory):
    """A quarter of four communes with a screen and a link each."""
    places = [Place(f"{kind}-{unit}", unit, size=1.0) for unit in UNITS for kind in ("screen", "link")]
    fields = [Field("land", effect=-0.3), Field("civil-status")]
    province = Province(
        seed=5, places=places, fields=fields, responsible={(u, f.code): u for u in UNITS for f in fields},
        questions=[Question(f"q{n}", "F") for n in range(4)], forms={"full": [f"q{n}" for n in range(4)]},
        months=["2026-01", "2026-02", "2026-03"], dossiers=40_000, answers=2_000, eager=0.0,
    )  # fmt: skip
    return freeze_simulated(province, tmp_path_factory.mktemp("quarter") / "honest.parquet")


def with_ways(snapshot, folder, **ways):
    codebook = replace(snapshot.codebook, ways=tuple((point.replace("_", "-"), way) for point, way in ways.items()))
    return write_snapshot(folder / "told.parquet", snapshot.table(), codebook).path


def of_ways(*arguments):
    return {row["domain"]["unit"]: row for row in rows_of("quality", *arguments) if row["what"] == "ways"}


def test_each_office_is_compared_with_itself_and_what_cannot_be_compared_says_why(honest, tmp_path):
    file = with_ways(honest, tmp_path, screen_a="screen", link_a="open", screen_b="mixed", link_b="open",
                     screen_c="screen", link_c="code", link_d="open", screen_d="mixed")  # fmt: skip
    rows = of_ways(file)
    assert set(rows) == {"a", "b", "d"}, "an office without open points has no row"
    assert rows["a"]["flags"] == []
    assert rows["a"]["low"] < 0 < rows["a"]["high"]
    assert rows["a"]["p"] == rows["a"]["adjusted"] > 0.05, "one test alone needs no adjustment"
    assert rows["b"]["flags"] == ["mixed", "no screens"]
    assert rows["b"]["p"] is rows["b"]["adjusted"] is None
    text = call("quality", file).stdout
    assert "no point with screens to compare with" in text
    assert "many answers by the open address of a point with screens" in text


def test_points_that_are_named_open_are_compared_with_all_others(honest):
    links = ",".join(f"link-{unit}" for unit in UNITS)
    rows = of_ways(honest.path, "--open-points", links)
    assert set(rows) == set(UNITS)
    table = honest.table()
    for unit, row in rows.items():
        at = np.array(table["point"].to_pylist())
        assert (row["open"], row["screen"]) == ((at == f"link-{unit}").sum(), (at == f"screen-{unit}").sum())
        assert row["adjusted"] >= row["p"]


def test_a_file_that_knows_nothing_of_ways_is_as_before(honest):
    assert of_ways(honest.path) == {}
    assert "open address" not in call("quality", honest.path).stdout


def test_points_without_answers_and_files_without_points_are_refused_in_a_sentence(honest, office):
    done = call("quality", honest.path, "--open-points", "link-a, nowhere-1")
    assert done.exit_code == 1
    assert "No answer was given at nowhere-1" in str(done.exception)
    office.write()
    done = call("quality", office.data, "--design", office.folder / "design.yaml", "--open-points", "link-a")
    assert done.exit_code == 1
    assert "--open-points needs a snapshot" in str(done.exception)


def test_a_codebook_without_ways_is_written_as_it_always_was_and_with_them_comes_back(honest):
    before = honest.codebook.to_json()
    assert '"ways"' not in before
    told = replace(honest.codebook, ways=(("p-1", "open"), ("p-2", "mixed")))
    assert Codebook.from_json(told.to_json()) == told
    assert Codebook.from_json(before).ways is None
    assert read_snapshot(honest.path).codebook == honest.codebook
