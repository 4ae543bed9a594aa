"""What looks at several answers of one person comes from cells as it comes from rows, or says what to ask for."""

import numpy as np
import pyarrow as pa
import pytest

from analysis import Codebook, CodebookItem, Design, design_weights, estimate, tabulate
from analysis.comparison.contrasts import answered_all
from analysis.errors import BadCodebook, NotInCells
from analysis.estimands.estimands import complete_cases, person_means, pooled, select, straight_lined
from analysis.estimands.scoring import scoring_named
from analysis.estimation.estimate import figures
from analysis.quality.key_drivers import importance_in, importance_of
from analysis.quality.response_quality import straight_lines
from analysis.quality.scale_reliability import products_in, reliability_of, sum_products
from tests.analysis import by_hand

CODEBOOK = Codebook.plain(by_hand.ITEMS, missing=[0])


@pytest.fixture(scope="module")
def sample():
    return by_hand.a_sample(rows=900, missing=0.25)


def cells_of(sample, **asked):
    table = pa.table({name: pa.array(values) for name, values in sample.items()})
    return tabulate(table, ["unit"], codebook=CODEBOOK, design=Design("stratum", "psu", weights="w"), **asked)


def levels_of(sample, items):
    return np.column_stack([sample[item] for item in items])


@pytest.mark.parametrize("whole_forms", [False, True])
@pytest.mark.parametrize("name", ["A", "B", "overall"])
def test_alpha_omega_and_item_rest_come_from_cells_as_from_rows(sample, name, whole_forms):
    items = by_hand.ITEMS.get(name, by_hand.CODES)
    cells = cells_of(sample, cross_products=["A", "B", "overall"], complete=["A", "B", "overall"])
    for weights, w in ((None, None), (design_weights(cells), sample["w"])):
        rows = sum_products(levels_of(sample, items), items, weights=w, complete=whole_forms)
        found = products_in(cells, name, weights, complete=whole_forms)
        np.testing.assert_allclose(found.products, rows.products, rtol=1e-12)
        one, other = reliability_of(found), reliability_of(rows)
        assert one.alpha == pytest.approx(other.alpha, rel=1e-10)
        assert one.omega == pytest.approx(other.omega, rel=1e-5)
        assert one.item_rest == pytest.approx(other.item_rest, rel=1e-10)


def test_alpha_of_one_unit_is_that_of_its_rows(sample):
    cells = cells_of(sample, cross_products=True)
    where = np.array([cells.label("unit", code) == "north" for code in cells.code("unit")])
    rows = levels_of(sample, by_hand.ITEMS["B"])[sample["unit"] == "north"]
    found = products_in(cells, "B", where=where)
    assert (found.products == sum_products(rows, by_hand.ITEMS["B"]).products).all()


def test_straight_lines_are_those_of_the_rows_with_an_interval_for_each_unit(sample):
    cells = cells_of(sample, straight_lines=3)
    rows = levels_of(sample, by_hand.CODES)
    straight, enough = straight_lines(rows, least=3), (rows > 0).sum(1) >= 3
    table = figures(cells, None, straight_lined(cells, 3))
    for place, (_, labels) in enumerate(table.domains):
        inside = enough & ((sample["unit"] == labels[0]) if labels else True)
        expected = np.average(straight[inside], weights=sample["w"][inside])
        assert table.value[place, 0] == pytest.approx(expected)
        assert table.n[place, 0] == inside.sum()
    assert 0 < table.low[0, 0] < table.value[0, 0] < table.high[0, 0]


@pytest.mark.parametrize("rule", ["sipas-top2", "govuk-100"])
def test_those_who_answered_all_of_a_factor_are_counted_as_from_rows(sample, rule):
    cells, rows = cells_of(sample, complete=["B"]), cells_of(sample, elements=True)
    scoring = scoring_named(rule)
    one = figures(cells, None, complete_cases(cells, "B", scoring))
    measured = select(pooled(rows, by_hand.ITEMS["B"], scoring), answered_all(rows, by_hand.ITEMS["B"]))
    other = figures(rows, None, measured)
    for name in ("value", "variance", "deff", "n", "df"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-9, err_msg=name)


@pytest.mark.parametrize("weighted", [False, True])
def test_importance_comes_from_cells_as_from_rows(weighted):
    sample = by_hand.a_sample(rows=900, missing=0.1, seed=4)
    codebook = Codebook.plain({**by_hand.ITEMS, "C": ["q6"]}, missing=[0])
    table = pa.table({name: pa.array(values) for name, values in sample.items()})
    design = Design("stratum", "psu", weights="w" if weighted else None)
    cells = tabulate(table, ["unit"], codebook=codebook, design=design, importance="q6")
    means = []
    for items in codebook.factor_items.values():
        scores = np.where(levels_of(sample, items) > 0, levels_of(sample, items), np.nan)
        enough = (~np.isnan(scores)).sum(1) >= max(1, (len(items) + 1) // 2)
        means.append(np.where(enough, np.nanmean(np.where(enough[:, None], scores, 0), axis=1), np.nan))
    outcome = np.where(sample["q6"] > 0, sample["q6"], np.nan)
    w = sample["w"] if weighted else None
    rows = importance_of(
        np.column_stack(means), outcome, ["A", "B", "C"], strata=sample["stratum"], psus=sample["psu"], weights=w
    )
    found = importance_in(cells, "q6")
    for name in ("share", "se", "low", "high", "performance"):
        np.testing.assert_allclose(getattr(found, name), getattr(rows, name), rtol=1e-8, atol=1e-10, err_msg=name)
    assert (found.persons, found.df, found.r2) == (rows.persons, rows.df, pytest.approx(rows.r2))


def test_importance_in_one_unit_leaves_out_every_cluster_of_its_strata():
    sample = by_hand.a_sample(rows=700, missing=0.1, seed=6)
    table = pa.table({name: pa.array(values) for name, values in sample.items()})
    cells = tabulate(table, ["unit"], codebook=CODEBOOK, design=Design("stratum", "psu"), importance="q1")
    here = np.array([cells.label("unit", code) == "a" for code in cells.code("unit")])
    found = importance_in(cells, "q1", where=here)
    total = 0.0
    stratum, psu = (np.array([cells.label(key, code) for code in cells.code(key)]) for key in ("stratum", "psu"))
    for left_out in np.unique(psu[stratum == "a"]):  # unit a lies in stratum a, and n is that of the design
        n = len(np.unique(psu[stratum == "a"]))
        weights = np.where(psu == left_out, 0.0, n / (n - 1))
        whole = design_weights(cells)
        again = importance_in(cells, "q1", type(whole)(cells, weights, weights), where=here)
        total += (n - 1) / n * (again.share - found.share) ** 2
    np.testing.assert_allclose(found.se, np.sqrt(total), rtol=1e-8)


def test_people_beside_a_factor_gave_an_answer_that_counts():
    table = pa.table({"psu": [1, 2, 3, 4], "q1": [5, -1, -1, None], "q2": [None, 4, -1, None], "q3": [3, 3, 3, None]})
    codebook = Codebook.plain({"A": ["q1", "q2"], "B": ["q3"]}, not_applicable=[-1])
    table = estimate(tabulate(table, codebook=codebook, design=Design(psus="psu")))
    assert [table.row(of)["n"] for of in ("q1", "A", "B", "overall")] == [1, 2, 3, 3]
    assert table.rows[0].tolist()[table.of.index("A")] == 4  # R's n of a ratio: all rows of the domain
    assert table.row("A")["df"] == 3


@pytest.mark.parametrize(
    ("deed", "words"),
    [
        (lambda cells: products_in(cells, "A"), r"cross_products=\['A'\]"),
        (lambda cells: products_in(cells, "A", complete=True), r"complete=\['A'\]"),
        (lambda cells: complete_cases(cells, "overall"), r"complete=\['overall'\]"),
        (lambda cells: straight_lined(cells, 4), "straight_lines=4"),
        (lambda cells: importance_in(cells, "q1"), "importance='q1'"),
        (person_means, "person_means=True"),
    ],
)
def test_a_method_without_its_sums_names_what_to_ask_for(sample, deed, words):
    with pytest.raises(NotInCells, match=words):
        deed(cells_of(sample))


def test_sums_of_a_factor_that_does_not_exist_are_refused(sample):
    with pytest.raises(BadCodebook, match="no factor Z; known are A, B, overall"):
        cells_of(sample, cross_products=["Z"])
    with pytest.raises(NotInCells, match="no item q9"):
        cells_of(sample, importance="q9")
    many = Codebook(items=tuple(CodebookItem(f"i{k}", factor="F") for k in range(22)), factors=(("F", ""),))
    with pytest.raises(BadCodebook, match="too many items"):
        tabulate(pa.table({f"i{k}": [1] for k in range(22)}), codebook=many, design=Design(), importance="i0")
