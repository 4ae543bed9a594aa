"""The cells of quarters add up to those of the year: the same bytes in any order, and nothing is taken for the same."""

from dataclasses import replace
from itertools import permutations

import numpy as np
import pyarrow as pa
import pytest

from analysis import (
    SEVERAL,
    Cells,
    Codebook,
    Design,
    cells_of_period,
    design_weights,
    estimate,
    poststratify,
    tabulate,
    together,
    weights_of_period,
)
from analysis.errors import BadWeights, DifferentCells
from analysis.estimands.estimands import pooled
from analysis.estimation.estimate import figures
from analysis.tabulation.period import codebook_of_period
from analysis.variance.jackknife import jackknife_variance

CODEBOOK = Codebook.plain({"speed": ["q1", "q2"], "place": ["q3"]}, not_applicable=[9], missing=[0])
DESIGN = Design(strata="stratum", psus="psu")
SUMS = {"person_means": True, "cross_products": ["speed", "overall"], "straight_lines": 2}


def a_quarter(seed: int, rows: int = 150) -> pa.Table:
    rng = np.random.default_rng(seed)
    answers = {
        code: pa.array(rng.choice([0, 1, 2, 3, 4, 5, 9], rows), mask=rng.random(rows) < 0.2)
        for code in CODEBOOK.item_codes
    }
    units = ["03646", "00007", f"only {seed}"]
    return pa.table(
        {
            "stratum": rng.choice(["a", "b"], rows),
            "psu": rng.integers(1, 5, rows),
            "unit": pa.array(rng.choice(units, rows), mask=rng.random(rows) < 0.1),
            **answers,
        }
    )


QUARTERS = {f"2026-{quarter}": a_quarter(quarter) for quarter in range(1, 5)}


def cells_of(table: pa.Table, **more) -> Cells:
    return tabulate(table, ["unit"], **{"codebook": CODEBOOK, "design": DESIGN, **SUMS, **more})


def test_cells_of_quarters_are_those_of_one_pass_over_the_year_byte_for_byte_in_any_order():
    marked = [table.append_column("wave", pa.array([name] * len(table))) for name, table in QUARTERS.items()]
    whole = cells_of(pa.concat_tables(marked), design=Design(strata=("wave", "stratum"), psus="psu"))
    books = dict.fromkeys(QUARTERS, CODEBOOK)
    whole = replace(whole, codebook=codebook_of_period(books, "2026"))
    parts = {name: cells_of(table) for name, table in QUARTERS.items()}
    for order in permutations(parts):
        year = cells_of_period({name: parts[name] for name in order}, name="2026")
        assert year.to_bytes() == whole.to_bytes()
    assert year.size == 600
    assert Cells.from_bytes(year.to_bytes()) == year


def test_equal_labels_of_psus_in_two_quarters_are_two_psus():
    parts = {name: cells_of(table) for name, table in QUARTERS.items()}
    row = estimate(cells_of_period(parts)).row("overall")
    quarters = [estimate(cells).row("overall") for cells in parts.values()]
    assert row["df"] == sum(quarter["df"] for quarter in quarters)


def test_sampled_psus_without_answers_count_in_their_own_quarter():
    listed = {"2026-1": (("a", "9"),), "2026-2": ()}
    parts = {}
    for name, more in listed.items():
        own = sorted({(row["stratum"], str(row["psu"])) for row in QUARTERS[name].to_pylist()})
        parts[name] = cells_of(QUARTERS[name], design=replace(DESIGN, sampled=(*own, *more)))
    sampled = cells_of_period(parts).design.sampled
    assert ("2026-1", "a", "9") in sampled
    assert ("2026-2", "a", "9") not in sampled
    unlisted = cells_of_period({"2026-1": parts["2026-1"], "2026-2": cells_of(QUARTERS["2026-2"])})
    assert unlisted.design.sampled == sampled


def test_the_variance_of_a_year_is_that_of_independent_quarters():
    """Without calibration the total's variance is the sum of the quarters' (strata are independent)."""
    parts = {name: cells_of(table) for name, table in QUARTERS.items()}

    def variance(cells: Cells) -> float:
        return figures(cells, None, pooled(cells, ["overall"]).as_total()).row("overall")["se"] ** 2

    assert variance(cells_of_period(parts)) == pytest.approx(sum(map(variance, parts.values())), rel=1e-12)


def test_weeks_in_common_are_those_of_each_quarter():
    """A year's variance is the sum of its quarters', each widened by its own correlation, however it is computed."""
    parts = {}
    for (name, table), correlation in zip(QUARTERS.items(), (0.8, None, 0.3, 0.0), strict=True):
        place = table.column_names.index("stratum")
        strata = [SEVERAL if label == "b" else label for label in table["stratum"].to_pylist()]
        book = replace(CODEBOOK, week_correlation=correlation)
        parts[name] = cells_of(table.set_column(place, "stratum", pa.array(strata)), codebook=book)
    year = cells_of_period(parts)
    assert Cells.from_bytes(year.to_bytes()) == year
    assert year.codebook.week_correlations == (("2026-1", 0.8), ("2026-3", 0.3), ("2026-4", 0.0))

    def total(cells):
        return pooled(cells, ["overall"]).as_total()

    def linearised(cells):
        return figures(cells, None, total(cells)).row("overall")["se"] ** 2

    def jackknifed(cells):
        return jackknife_variance(cells, design_weights(cells), total(cells), centre="estimate")[0][1][0, 0]

    for variance in (linearised, jackknifed):
        wide = sum(variance(cells) for cells in parts.values())
        assert variance(year) == pytest.approx(wide, rel=1e-12)
        assert variance(replace(year, codebook=replace(year.codebook, week_correlations=None))) < 0.98 * wide
    covariance = together(year, design_weights(year), total(year), [{}]).covariance
    assert covariance[0, 0] == pytest.approx(linearised(year), rel=1e-12)


def test_quarters_with_other_items_are_refused():
    other = Codebook.plain({"speed": ["q1"], "place": ["q3"]}, not_applicable=[9], missing=[0])
    parts = {"2026-1": cells_of(QUARTERS["2026-1"]), "2026-2": cells_of(QUARTERS["2026-2"], codebook=other)}
    with pytest.raises(DifferentCells, match="items"):
        cells_of_period(parts)


def test_weights_of_some_quarters_only_are_refused():
    cells = {name: cells_of(table, keep=["stratum"]) for name, table in QUARTERS.items()}
    weights = {name: design_weights(each) for name, each in cells.items()}
    weights["2026-3"] = poststratify(weights["2026-3"], "stratum", {"a": 900, "b": 100})
    with pytest.raises(BadWeights, match="some waves are weighted and some are not"):
        weights_of_period(cells_of_period(cells), weights)


def test_weights_of_other_quarters_are_refused():
    cells = {name: cells_of(table) for name, table in QUARTERS.items()}
    weights = {name: design_weights(each) for name, each in cells.items()}
    with pytest.raises(BadWeights, match="not the weights of the cells"):
        weights_of_period(cells_of_period(cells), weights | {"2026-1": weights["2026-2"]})
