"""Where every row is a PSU, cells of many rows give what the rows give: R's elements of one stratum or several."""

import numpy as np
import pyarrow as pa
import pytest

from analysis import Codebook, CodebookItem, Design, design_weights, estimate, poststratify, rake, tabulate
from analysis.comparison.contrasts import across
from analysis.errors import NotInCells
from analysis.estimands.estimands import categories, distribution, numeric, person_means, pooled
from analysis.estimation.estimate import figures
from tests.analysis import by_hand

CODEBOOK = Codebook.plain(by_hand.ITEMS, missing=[0])
MARGINS = {"sex": {"F": 5000.0, "M": 4000.0}, "field": {"land": 2000.0, "civil": 4000.0, "tax": 3000.0}}


@pytest.fixture(scope="module")
def both():
    """Cells of many rows, and the same with every row a cell of its own."""
    return tuple(cells_of(by_hand.a_sample(rows=500, seed=9), elements=elements) for elements in (False, True))


def cells_of(sample, **more):
    table = pa.table({name: pa.array(values) for name, values in sample.items()})
    asked = {"codebook": CODEBOOK, "design": Design("stratum", weights="w"), "person_means": True, **more}
    return tabulate(table, ["unit", ("unit", "field")], keep=["sex", "field"], values=["visits"], **asked)


def agree(one, other):
    for name in ("value", "variance", "n", "rows", "df", "deff", "low", "high", "used"):
        np.testing.assert_allclose(
            getattr(one, name), getattr(other, name), rtol=1e-8, atol=1e-12, equal_nan=True, err_msg=name
        )


def test_rows_are_summed_up_unless_asked_for(both):
    few, rows = both
    assert len(few) < len(rows) == few.size == 500


@pytest.mark.parametrize("rule", ["sipas-top2", "govuk-100", "mean-level"])
@pytest.mark.parametrize("weighting", ["design", "poststratify", "rake", "sweeps"])
def test_every_figure_has_the_variance_of_the_rows(both, rule, weighting):
    def table(cells):
        weights = design_weights(cells)
        if weighting == "poststratify":
            weights = poststratify(weights, "sex", MARGINS["sex"])
        elif weighting != "design":
            weights = rake(weights, MARGINS, variance="residual" if weighting == "rake" else "sweeps")
        return estimate(cells, weights, scoring=rule)

    agree(*map(table, both))


@pytest.mark.parametrize(
    "measured",
    [
        person_means,
        lambda cells: distribution(cells, "q1"),
        lambda cells: categories(cells, "field"),
        lambda cells: numeric(cells, "visits"),
        lambda cells: pooled(cells).as_total(),
    ],
)
def test_other_measures_have_it_too(both, measured):
    agree(*(figures(cells, None, measured(cells)) for cells in both))


@pytest.mark.parametrize("lonely", ["centre", "average", "remove"])
def test_a_stratum_of_one_row_is_treated_by_the_same_rule(lonely):
    sample = by_hand.a_sample(rows=120, seed=3)
    keep = (sample["stratum"] != "a") | (np.cumsum(sample["stratum"] == "a") == 1)
    sample = {name: values[keep] for name, values in sample.items()}
    design = Design("stratum", weights="w", lonely=lonely, lonely_in_domain=lonely != "remove")
    agree(*(estimate(cells_of(sample, design=design, elements=elements)) for elements in (False, True)))


def test_population_counts_are_kept_in_mind():
    sample = {**by_hand.a_sample(rows=300, seed=5), "N": np.full(300, 400.0)}
    design = Design("stratum", weights="w", fpc="N")
    agree(*(estimate(cells_of(sample, design=design, elements=elements)) for elements in (False, True)))


def test_what_needs_the_rows_says_so(both):
    few, _ = both
    for deed in (
        lambda: across(few, None, pooled(few, ["q1"]), "unit"),
        lambda: estimate(few, variance="jackknife"),
        lambda: estimate(few, rollup="mean-of-items"),
        lambda: figures(few, None, numeric(few, "visits", over="visits")),
    ):
        with pytest.raises(NotInCells, match="elements=True"):
            deed()


def test_a_factor_of_scales_of_different_lengths_needs_the_rows():
    items = (CodebookItem("q1", factor="F"), CodebookItem("q2", factor="F", levels=3, satisfied=(3,)))
    codebook = Codebook(items=items, factors=(("F", ""),))
    table = pa.table({"q1": [5, 4, 2, 1], "q2": [3, 2, 1, 3]})
    few, rows = (tabulate(table, codebook=codebook, design=Design(), elements=rows) for rows in (False, True))
    agree(estimate(few), estimate(rows))
    agree(estimate(few, scoring="mean-level"), estimate(rows, scoring="mean-level"))
    with pytest.raises(NotInCells, match="elements=True"):
        estimate(few, scoring="govuk-100")
