"""Who was not asked is in no denominator, and is not missing; whatever the partition, the bytes are the same."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import (
    NOT_ASKED,
    Cells,
    Codebook,
    CodebookQuestion,
    Design,
    design_weights,
    estimate,
    item_response,
    read_snapshot,
    tabulate,
    write_snapshot,
)
from analysis.data.snapshot import content_digest, verified
from analysis.errors import BadData

PLAIN = Codebook.plain({"speed": ["q1", "q2"], "place": ["q2", "q3"]}, not_applicable=[-1])
KNOWING = replace(PLAIN, not_asked=(NOT_ASKED,), asked_if=(("q3", "q1", (4, 5)),))
DESIGN = Design(strata="stratum", psus="psu")
ALL_SUMS = {
    "person_means": True,
    "cross_products": ["speed", "overall"],
    "complete": ["place"],
    "straight_lines": 2,
    "importance": "q1",
}


def a_table(seed=1, rows=120):
    rng = np.random.default_rng(seed)
    answers = {
        code: pa.array(rng.choice([-2, -1, 1, 2, 3, 4, 5], rows), pa.int8(), mask=rng.random(rows) < 0.2)
        for code in KNOWING.item_codes
    }
    return pa.table({"stratum": rng.choice(["a", "b"], rows), "psu": rng.integers(1, 5, rows), **answers})


def as_empty(table):
    """The same where nobody tells "not asked" from "not answered"."""
    for code in KNOWING.item_codes:
        values = [None if one == NOT_ASKED else one for one in table[code].to_pylist()]
        table = table.set_column(table.column_names.index(code), code, pa.array(values, pa.int8()))
    return table


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 999), st.integers(1, 119), st.booleans(), st.booleans())
def test_any_partition_and_any_order_of_rows_give_the_same_bytes(seed, cut, elements, all_sums):
    table = a_table(seed)
    shuffled = table.take(np.random.default_rng(seed).permutation(len(table)))
    asked = {"codebook": KNOWING, "design": DESIGN, "elements": elements, **(ALL_SUMS if all_sums else {})}
    whole = tabulate(table, **asked)
    parts = [tabulate(part, **asked) for part in (shuffled.slice(0, cut), shuffled.slice(cut))]
    assert (parts[0] + parts[1]).to_bytes() == (parts[1] + parts[0]).to_bytes() == whole.to_bytes()
    again = Cells.from_bytes(whole.to_bytes())
    assert again == whole
    assert again.codebook == KNOWING


@pytest.mark.parametrize("elements", [False, True])
def test_counts_are_those_of_a_plain_loop_over_rows(elements):
    table = a_table()
    cells = tabulate(table, codebook=KNOWING, design=DESIGN, elements=elements)
    for code in KNOWING.item_codes:
        values = table[code].to_pylist()
        states = [values.count(None), *(values.count(level) for level in range(1, 6)), values.count(-1)]
        assert cells.item(code).sum(axis=0).tolist() == states
        assert cells.asked(code).sum() == 120 - values.count(NOT_ASKED) == sum(states)
        assert cells.answered(code).sum() == sum(states[1:6])
        (told,) = (one for one in item_response(cells) if one.item == code)
        assert (told.missing, told.not_applicable, told.not_asked) == (states[0], states[6], values.count(NOT_ASKED))
        assert told.nonresponse == states[0] / (states[0] + sum(states[1:6]))


@pytest.mark.parametrize("elements", [False, True])
def test_every_estimate_is_that_of_rows_in_which_nobody_tells_it_from_missing(elements):
    asked = {"design": DESIGN, "elements": elements}
    known = tabulate(a_table(), codebook=KNOWING, **asked)
    unknown = tabulate(as_empty(a_table()), codebook=PLAIN, **asked)
    assert list(estimate(known, design_weights(known)).records()) == list(
        estimate(unknown, design_weights(unknown)).records()
    )


def test_a_value_that_the_codebook_does_not_know_is_refused_by_its_row():
    with pytest.raises(BadData, match="row"):
        tabulate(a_table(), codebook=PLAIN, design=DESIGN)


def test_a_snapshot_explains_itself_and_comes_back_equal(tmp_path):
    questions = (CodebookQuestion("how", "choice", "How?", ((1, "by post"), (2, "online"))),)
    codebook = replace(KNOWING, questions=questions)
    table = a_table().append_column("how", pa.array([1, 2, None, NOT_ASKED] * 30))
    written = write_snapshot(tmp_path / "x.parquet", table, codebook)
    found = verified(read_snapshot(written.path))
    assert found.codebook == codebook
    assert found.codebook.questions == questions
    assert content_digest(written.path) == written.digest
    assert tabulate(found, design=DESIGN) == tabulate(table, codebook=codebook, design=DESIGN)


def test_not_asked_is_refused_in_a_snapshot_whose_codebook_does_not_know_it(tmp_path):
    with pytest.raises(BadData, match="-2 for not asked where the codebook says so"):
        write_snapshot(tmp_path / "x.parquet", a_table(), PLAIN)


def test_a_codebook_that_knows_of_none_is_written_as_in_november():
    for name in ("not_asked", "asked_if", "questions"):
        assert name not in PLAIN.to_json()
        assert f'"{name}"' in replace(KNOWING, questions=(CodebookQuestion("how", "choice"),)).to_json()
