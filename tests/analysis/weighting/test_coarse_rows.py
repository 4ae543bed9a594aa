"""Rows without field and month, where few people come: weights still add up, and an office's figure stays right."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from analysis import COARSE, WHOLE_WAVE, Codebook, Design, estimate, frame_weights, tabulate

MONTHS = ("2026-01", "2026-02", "2026-03")
DOSSIERS = {  # (unit, field) -> dossiers a month, satisfied, who answers
    ("a", "land"): (400, 0.55, 0.05),
    ("a", "civil"): (900, 0.90, 0.20),
    ("a", "sport"): (30, 0.30, 0.50),
    ("a", "trade"): (40, 0.70, 0.50),
    ("b", "civil"): (300, 0.85, 0.10),
    ("b", "sport"): (24, 0.20, 0.40),
    ("c", "sport"): (60, 0.40, 0.30),
    ("c", "trade"): (60, 0.80, 0.30),
}
DETAILED = (("a", "land"), ("a", "civil"), ("b", "civil"))
FRAME = {(*pair, month): float(n) for pair, (n, _, _) in DOSSIERS.items() for month in MONTHS}
BOOK = Codebook.plain(["q"])


def a_wave(rng, detailed=DETAILED, dossiers=DOSSIERS):
    """One wave's answers; fields outside `detailed` are stored coarser."""
    columns = {name: [] for name in ("unit", "field", "month", "psu", "q")}
    for (unit, field), (handled, satisfied, answers) in dossiers.items():
        for month in MONTHS:
            n = rng.binomial(handled, answers)
            few = detailed is not None and (unit, field) not in detailed
            columns["unit"] += [unit] * n
            columns["field"] += [COARSE if few else field] * n
            columns["month"] += [WHOLE_WAVE if few else month] * n
            columns["psu"] += (rng.integers(4, size=n) + 10 * MONTHS.index(month) + 100 * few).tolist()
            columns["q"] += np.where(rng.random(n) < satisfied, 5, 1).tolist()
    table = pa.table(columns)
    return tabulate(
        table,
        ["unit", "field"],
        keep=["month"],
        codebook=replace(BOOK, detailed=detailed),
        design=Design("unit", "psu"),
    )


def truth(unit=None):
    cells = [(n, p) for (one, _), (n, p, _) in DOSSIERS.items() if unit in (None, one)]
    return sum(n * p for n, p in cells) / sum(n for n, _ in cells)


def test_weights_add_up_to_the_dossiers_of_every_office_and_class():
    weights = frame_weights(a_wave(np.random.default_rng(1)), FRAME)
    cells = weights.cells
    assert weights.total == pytest.approx(sum(FRAME.values()))
    reached: dict[tuple[str, str], float] = {}
    for code in range(len(cells)):
        key = cells.label("unit", cells.code("unit")[code]), cells.label("field", cells.code("field")[code])
        reached[key] = reached.get(key, 0.0) + float(weights.final[code] * cells.rows[code])
    assert reached == pytest.approx(
        {
            ("a", "land"): 1200,
            ("a", "civil"): 2700,
            ("a", COARSE): 210,
            ("b", "civil"): 900,
            ("b", COARSE): 72,
            ("c", COARSE): 360,
        }
    )
    assert weights.diagnostics["margins"] == ["month"]


def test_a_pool_with_too_few_answers_is_merged_and_the_months_can_still_be_met():
    dossiers = dict(DOSSIERS) | {("a", "sport"): (30, 0.3, 0.01), ("a", "trade"): (40, 0.7, 0.01)}
    weights = frame_weights(a_wave(np.random.default_rng(3), dossiers=dossiers), FRAME)
    assert [group for group in weights.diagnostics["merged"] if ("a", COARSE) in group]
    assert weights.diagnostics["margins"] == ["month"]
    assert not weights.diagnostics["warnings"]
    assert weights.total == pytest.approx(sum(FRAME.values()))


def test_rows_without_month_in_a_merged_class_are_given_what_the_class_gives_them():
    """40 answers of two months and four without: 200 + 64 dossiers are six for each, 24 without month, 240 with."""
    columns = {
        "unit": ["a"] * 44,
        "field": ["land"] * 40 + [COARSE] * 4,
        "month": ["2026-01"] * 10 + ["2026-02"] * 30 + [WHOLE_WAVE] * 4,
        "psu": [number % 4 for number in range(44)],
        "q": [5] * 44,
    }
    book = replace(BOOK, detailed=(("a", "land"),))
    cells = tabulate(pa.table(columns), ["unit"], keep=["field", "month"], codebook=book, design=Design("unit", "psu"))
    frame = {("a", "land", "2026-01"): 50.0, ("a", "land", "2026-02"): 150.0, ("a", "sport", "2026-01"): 64.0}
    weights = frame_weights(cells, frame, smallest=1)
    assert weights.diagnostics["merged"] == []
    weights = frame_weights(cells, frame, smallest=5)
    assert weights.diagnostics["merged"] == [[("a", COARSE), ("a", "land")]]
    found = {}
    for place in range(len(cells)):
        month = cells.label("month", cells.code("month")[place])
        found[month] = found.get(month, 0.0) + float(weights.final[place] * cells.rows[place])
    assert found == pytest.approx({"2026-01": 60, "2026-02": 180, WHOLE_WAVE: 24})


def test_figures_by_office_are_unbiased_and_their_intervals_cover():
    rng, rounds = np.random.default_rng(2), 300
    units = (None, "a", "b", "c")
    found = {unit: [] for unit in units}
    covered = dict.fromkeys(units, 0)
    for _ in range(rounds):
        cells = a_wave(rng)
        table = estimate(cells, frame_weights(cells, FRAME))
        for unit in units:
            row = table.row("overall", **({"unit": unit} if unit else {}))
            found[unit].append(row["estimate"])
            covered[unit] += row["low"] <= truth(unit) <= row["high"]
    for unit in units:
        values = np.array(found[unit])
        off = values.mean() - truth(unit)
        print(
            f"{unit or 'all'}: truth {truth(unit):.3f}, mean {values.mean():.4f}, covered {covered[unit] / rounds:.3f}"
        )
        assert abs(off) < 4 * values.std() / np.sqrt(rounds), unit
        assert covered[unit] / rounds > 0.90, unit  # with every detail 0.94 to 0.98: twelve clusters, not twenty-four


def test_a_codebook_without_the_rule_reads_as_before_and_with_it_comes_back_equal():
    assert "detailed" not in BOOK.to_json()
    with_rule = replace(BOOK, detailed=DETAILED)
    assert Codebook.from_json(with_rule.to_json()) == with_rule
    assert Codebook.from_json(BOOK.to_json()).detailed is None
