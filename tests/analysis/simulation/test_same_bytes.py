"""Same arguments, same bytes: what a small province of fixed seed was in November 2026, kept literally.

A demo, a test or a paper that names its seed can be made again only while this holds. Counts and levels are whole
numbers and do not depend on the last digits of a machine; true shares are compared to twelve digits.
"""

import hashlib
import json

import pytest

from analysis.simulation.simulate import Field, Place, Province, Question
from analysis.simulation.snapshot import freeze_simulated


@pytest.fixture(scope="module")
def province():
    """Three places of two units, one of them over-eager; questions of every kind; a field that one unit hands on."""
    return Province(
        seed=20261130,
        places=[Place("k1", "a", size=3.0), Place("k2", "b", "web", "short"), Place("k3", "b", size=1.0),
                Place("k4", "c")],
        fields=[Field("land", 2.0, -0.3), Field("birth"), Field("tax", 0.5, 0.1)],
        responsible={
            ("a", "land"): "a", ("a", "birth"): "a", ("b", "land"): "c", ("b", "birth"): "b", ("b", "tax"): "b",
            ("c", "tax"): "c",
        },
        questions=[
            Question("O"), Question("q1", "F"), Question("q2", "F", not_applicable=0.2),
            Question("q3", "G", effect=-0.2),
            Question("q4", "G", levels=3, satisfied=(1,)), Question("c", kind="choice", levels=4),
            Question("s", kind="several", levels=5), Question("n", kind="count"),
        ],
        forms={"full": ["O", "q1", "q2", "q3", "q4", "c", "s", "n"], "short": ["O", "q1"]},
        months=["2026-01", "2026-02"], lift={"b": 0.1}, level=0.8, dossiers=9000, answers=900, eager=0.3, urging=1.5,
        small=0.25, down=0.1, item_missing=0.1,
    )  # fmt: skip


TRUTH = {
    ("overall",): (0.7999999999999994, 8746),
    ("overall", ("unit", "a")): (0.7961125966237648, 5050),
    ("overall", ("unit", "b")): (0.8796760500585006, 1741),
    ("overall", ("unit", "c")): (0.7316249958852612, 1955),
    ("overall", ("field", "birth")): (0.8455341092515145, 2175),
    ("overall", ("field", "land")): (0.7731031506389368, 5780),
    ("overall", ("field", "tax")): (0.8902213804227955, 791),
    ("overall", ("field", "birth"), ("unit", "a")): (0.8308236217959123, 1127),
    ("overall", ("field", "birth"), ("unit", "b")): (0.8671209834213889, 1048),
    ("overall", ("field", "land"), ("unit", "a")): (0.7861408083573845, 3923),
    ("overall", ("field", "land"), ("unit", "c")): (0.7212716986489671, 1857),
    ("overall", ("field", "tax"), ("unit", "b")): (0.9032331456440393, 693),
    ("overall", ("field", "tax"), ("unit", "c")): (0.8358752482393297, 98),
    ("q4",): (0.8255881623787473, 8746),
    ("F",): (0.7937341764563096, 8746),
}


def digest(rows):
    return hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()


def test_the_frame_the_weeks_and_the_answers_are_as_they_were(province):
    assert province.frame.num_rows == 12
    assert sum(province.frame["dossiers"].to_pylist()) == 8746
    assert digest(province.frame.to_pylist()) == "f20029380944ef062f038b150180d82054bb5f39a734aaf3a275d87c4b41a77a"
    assert digest(province.open_weeks.to_pylist()) == "f3c3bcdd5ae0a21d3696a018fac6a6b193f1e1775b8e0c09a690ce22d41cebca"
    rows = [{**row, "packed": row["packed"].hex()} for row in province.responses.to_pylist()]
    assert len(rows) == 893
    assert digest(rows) == "a96c1b73293ecaa7e8b89686801846fecc4a1d14874034f3b4f83b227c186057"
    assert province.eager_units == frozenset(["b"])


def test_the_truth_is_as_it_was(province):
    truth = {
        (row["of"], *sorted(row["domain"].items())): (row["share"], row["dossiers"])
        for row in province.truth.records()
        if row["of"] in ("overall", "F", "q4")
    }
    assert len(truth) == 39
    for key, (share, dossiers) in TRUTH.items():
        assert truth[key] == (pytest.approx(share, rel=1e-10), dossiers)


def test_ratings_after_other_questions_are_in_the_snapshot_too(tmp_path):
    province = Province(
        seed=1, places=[Place("k1", "a")], fields=[Field("land")], responsible={("a", "land"): "a"},
        questions=[Question("c", kind="choice"), Question("q1", "F"), Question("n", kind="count"), Question("q2", "F")],
        forms={"full": ["c", "q1", "n", "q2"]}, months=["2026-01"], dossiers=900, answers=80,
    )  # fmt: skip
    snapshot = freeze_simulated(province, tmp_path / "x.parquet")
    assert snapshot.codebook.item_codes == ("q1", "q2")
    assert snapshot.table().column_names[-2:] == ["q1", "q2"]


def test_its_snapshot_is_as_it_was(province, tmp_path):
    snapshot = freeze_simulated(province, tmp_path / "x.parquet", wave="2026-1")
    assert snapshot.digest == "f7782af8d4e854040e929d22eabc13759456dd23be60820630efa4f4964e25a3"
