"""No withheld count follows from the published ones: an auditor with linear programs against released tables."""

from __future__ import annotations

import pytest

from analysis.disclosure.policy import Policy
from analysis.disclosure.suppress import suppress
from analysis.estimation.estimate import estimate
from analysis.weighting.population_counts import frame_weights
from analysis.weighting.weights import design_weights
from tests.analysis.province import a_province, cells_of
from tests.auditor import Auditor, key_of

FACTORS = {f"B{f}": [f"B{f}.{k}" for k in (0, 1, 2)] for f in (1, 2, 3)}


def figures(seed, weighted=True, answers=3_500):
    """All figures of a small province in which many an office's field has few answers."""
    province = a_province(seed, answers=answers)
    cells = cells_of(province, by=("unit", "field", ("unit", "field")))
    weights = frame_weights(cells, province.frame) if weighted else design_weights(cells)
    return list(estimate(cells, weights).records())


@pytest.mark.parametrize(("seed", "weighted"), [(2, False), pytest.param(1, True, marks=pytest.mark.long)])
def test_no_withheld_count_follows_from_what_is_shown(seed, weighted, capsys):
    rows = figures(seed, weighted)
    small = {key_of(row) for row in rows if 0 < row["n"] < Policy().minimum}
    exact = suppress(rows, Policy(rounding=1, spread=1), parts=FACTORS)
    before = Auditor(exact, FACTORS, rows).audit(Policy().spread)
    safe = suppress(rows, parts=FACTORS)
    after = Auditor(safe, FACTORS, rows).audit(Policy().spread)
    with capsys.disabled():
        print(f"\nexact counts: {before}\n  as released: {after}")
    assert len(before.pinned) > 20, "the auditor must find what exact counts betray"
    assert not after.pinned, after.pinned
    assert not small & set(after.narrow), "a count below the minimum could be any of five numbers"
    assert min(map(after.values, after.between)) >= 3


def test_what_is_withheld_for_the_sake_of_counts_showed_no_share():
    rows = figures(1)
    shares = {key_of(row) for row in rows if row["n"] and row["reliability"] != "hidden"}
    exact, safe = (
        {key_of(row) for row in suppress(rows, policy, parts=FACTORS).records() if row["withheld"]}
        for policy in (Policy(rounding=1, spread=1), Policy())
    )
    assert exact <= safe
    assert not (safe - exact) & shares


def test_a_second_release_of_the_same_answers_tells_no_more():
    """Counts are rounded alike each time, and what the first one withheld the second withholds."""
    rows = figures(3)
    first = suppress(rows, parts=FACTORS, source="x")
    coarse = [row for row in rows if len(row["domain"]) < 2]
    again = suppress(rows, parts=FACTORS, earlier=[first], source="x")
    assert list(again.records()) == list(first.records())
    later = suppress(rows, parts=FACTORS, earlier=[suppress(coarse, parts=FACTORS, source="x")], source="x")
    for unit in ("03600", "03612", "03657"):
        assert not Auditor(later, FACTORS, rows, inside={"unit": unit}).audit(3).narrow
