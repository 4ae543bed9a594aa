"""A year of four quarters has the digits of R: `own/make_period.R` (R survey 4.1.1) made `own/period.json`.

Strata are quarter x unit, weights N/n of quarter x unit x field, and in the odd quarters the months are a margin.
"""

import csv
import json
from collections import defaultdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from analysis import (
    Codebook,
    Design,
    cells_of_period,
    design_weights,
    estimate,
    frame_weights,
    tabulate,
    together,
    weights_of_period,
)
from analysis.estimands.estimands import pooled
from analysis.estimation.estimate import figures

OWN = Path(__file__).parent / "own"
FOUND = json.loads((OWN / "period.json").read_text("utf-8"))
CODEBOOK = Codebook.plain({"A": ["q01", "q02"], "B": ["q03", "q04"]})
DESIGN = Design(strata="stratum", psus="psu")
COLUMNS = ("unit", "field", "month")
FAMILIES = [("unit",), ("field",), ("unit", "field"), ("wave",), ("wave", "unit")]
CASES = FOUND["figures"]


def read(name):
    with (OWN / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def rows_of_quarters():
    found = defaultdict(list)
    for row in read("quarters.csv"):
        found[row["quarter"]].append(row)
    return found


def dossiers_of(quarter, by_month=True):
    """Of one quarter by unit, field and month; without `by_month` all in its first month, which then is no margin."""
    first = 3 * int(quarter[-1]) - 2
    months = [f"2026-{month:02}" for month in range(first, first + 3)]
    found = defaultdict(float)
    for row in read("quarters_dossiers.csv"):
        if row["month"] in months:
            found[row["unit"], row["field"], row["month"] if by_month else months[0]] += float(row["dossiers"])
    return found


def the_year(design):
    """Cells and weights of all four quarters, each tabulated and weighted by itself."""
    cells, weights = {}, {}
    for quarter, rows in rows_of_quarters().items():
        table = pa.table({name: [row[name] or None for row in rows] for name in rows[0]})
        cells[quarter] = tabulate(
            table, ["unit", "field", ("unit", "field")], codebook=CODEBOOK, design=DESIGN, keep=COLUMNS
        )
        if design == "wr":
            weights[quarter] = design_weights(cells[quarter])
        else:
            weights[quarter] = frame_weights(cells[quarter], dossiers_of(quarter, by_month=design == "raking"))
    whole = cells_of_period(cells, by=FAMILIES)
    return whole, weights_of_period(whole, weights), cells, weights


@pytest.fixture(scope="module")
def years():
    return {design: the_year(design)[:2] for design in ("wr", "post", "raking")}


def exactly(value):
    return pytest.approx(value, rel=1e-10, abs=1e-12)


@pytest.fixture(scope="module")
def tables(years):
    """Shares and totals of every figure in every domain, by design."""
    return {
        design: (
            estimate(cells, weights, by=FAMILIES),
            figures(cells, weights, pooled(cells).as_total(), by=FAMILIES),
        )
        for design, (cells, weights) in years.items()
    }


@pytest.mark.parametrize("case", CASES, ids=[f"{c['design']}-{c['of']}-{c['domain']}" for c in CASES])
def test_shares_and_totals_of_a_year_have_the_digits_of_r(case, tables):
    shares, totals = (table.row(case["of"], **(case["domain"] or {})) for table in tables[case["design"]])
    assert (shares["estimate"], shares["se"], shares["df"]) == (exactly(case["est"]), exactly(case["se"]), case["df"])
    assert shares["n"] == case["n"]
    assert (totals["estimate"], totals["se"]) == (exactly(case["total"]), exactly(case["total_se"]))


def test_units_covary_as_in_r(years):
    cells, weights = years["wr"]
    by = FOUND["by"]
    joint = together(cells, weights, pooled(cells, ["q01"]), [{"unit": unit} for unit in by["levels"]])
    assert joint.value.tolist() == exactly(by["est"])
    assert np.asarray(joint.covariance) == pytest.approx(np.array(by["vcov"]), rel=1e-10, abs=1e-15)


@pytest.mark.parametrize("design", ["post", "raking"])
def test_the_year_is_the_mean_of_its_quarters_by_their_dossiers(design):
    """Everybody answered q01; of others the quarters count by the dossiers of those who did."""
    whole, weights, cells, own = the_year(design)
    dossiers = {quarter: sum(dossiers_of(quarter).values()) for quarter in cells}
    assert sum(dossiers.values()) == FOUND["population"] == pytest.approx(weights.total, rel=1e-12)
    for of in ("q01", "q03", "A", "overall"):
        size = {q: float((own[q].final * pooled(cells[q], [of]).x[:, 0]).sum()) for q in cells}
        if of == "q01":
            assert size == {quarter: exactly(count) for quarter, count in dossiers.items()}
        quarters = [estimate(cells[q], own[q]).row(of)["estimate"] * size[q] for q in cells]
        assert estimate(whole, weights).row(of)["estimate"] == exactly(sum(quarters) / sum(size.values()))
