"""A simulated province follows skip logic: nobody answers behind a closed gate, and the truth knows who passes."""

from dataclasses import replace

import numpy as np
import pytest

from analysis import estimate, frame_weights, tabulate
from analysis.simulation.answers import NOT_ASKED, OPENS
from analysis.simulation.simulate import Field, ImpossibleProvince, Place, Province, Question
from analysis.simulation.snapshot import freeze_simulated

QUESTIONS = [
    Question("q1", "F"),
    Question("gate", kind="choice", levels=2),
    Question("q2", "F", effect=-2.0, asked_if=(("gate", (2,)),)),
    Question("inner", kind="choice", levels=3, asked_if=(("gate", (2,)),)),
    Question("q3", "G", asked_if=(("gate", (2,)), ("inner", (1,)))),
]


def province(questions=QUESTIONS, **more):
    return Province(**{
        "seed": 7, "places": [Place(f"k{n}", "ab"[n % 2]) for n in range(8)], "fields": [Field("land")],
        "responsible": {("a", "land"): "a", ("b", "land"): "b"}, "questions": questions,
        "forms": {"full": [one.code for one in questions]}, "months": ["2026-01", "2026-02"], "dossiers": 90_000,
        "answers": 20_000, "eager": 0.0, **more,
    })  # fmt: skip


def test_nobody_answers_behind_a_gate_that_did_not_open_and_a_gate_opens_for_few():
    made = province()
    packed = np.frombuffer(made.responses["packed"].combine_chunks().buffers()[1], np.uint8).reshape(-1, 5)
    q1, gate, q2, inner, q3 = packed.T
    assert ((q2 == NOT_ASKED) == (gate != 2)).all()
    assert ((inner == NOT_ASKED) == (gate != 2)).all()
    assert ((q3 == NOT_ASKED) == ((gate != 2) | (inner != 1))).all()
    assert (gate[gate > 0] == 2).mean() == pytest.approx(OPENS, abs=0.01)
    assert 0.1 <= OPENS <= 0.2
    assert not (q1 == NOT_ASKED).any()


def test_a_pooled_figure_finds_the_truth_that_counts_those_alone_who_were_asked(tmp_path):
    made = province()
    snapshot = freeze_simulated(made, tmp_path / "x.parquet")
    assert snapshot.codebook.asked_if == (("q2", "gate", (2,)), ("q3", "gate", (2,)), ("q3", "inner", (1,)))
    cells = tabulate(snapshot, by=["unit"], keep=["field"])
    frame = made.frame.to_pylist()
    dossiers = {}
    for row in frame:
        dossiers[row["unit"], row["field"]] = dossiers.get((row["unit"], row["field"]), 0) + row["dossiers"]
    found = estimate(cells, frame_weights(cells, dossiers, columns=("unit", "field")))
    for of in ("q2", "F", "overall"):
        row = found.row(of)
        assert abs(row["estimate"] - made.truth.share(of)) < 4 * row["se"], of
    everybody = province([replace(one, asked_if=()) for one in QUESTIONS]).truth.share("F")
    assert abs(everybody - found.row("F")["estimate"]) > 4 * found.row("F")["se"]  # q2 is far lower, and asked of few


@pytest.mark.parametrize(
    "questions",
    [
        [Question("q1"), Question("q2", asked_if=(("q1", (5,)),))],  # no choice
        [Question("q1", asked_if=(("gate", (2,)),)), Question("gate", kind="choice", levels=2)],  # stands after it
        [Question("gate", kind="choice", levels=2), Question("q1", asked_if=(("gate", (1, 2)),))],  # never closes
        [Question("q1", asked_if=(("nowhere", (1,)),))],
    ],
)
def test_a_gate_that_the_simulation_cannot_follow_is_refused(questions):
    with pytest.raises(ImpossibleProvince, match="no choice before it that can also close it"):
        province(questions)
