"""Limits: each method by its formula, and the default by its rules."""

import numpy as np
import pyarrow as pa
import pytest
from scipy.special import ndtri, stdtrit

from analysis import Codebook, Design, estimate, tabulate
from analysis.estimation.intervals import (
    INTERVALS,
    DesignEffects,
    effective_n,
    kg_nchs,
    limits,
    t_quantile,
    wilson_neff,
    wilson_score,
    wilson_shared,
)
from tests.analysis import by_hand
from tests.analysis.estimation.test_estimate import DESIGN, a_table, cells_of
from tests.reference.r_likelihood import likelihood_as_r

BY_FORMULA = [method for method in INTERVALS if not method.startswith("wilson_shared")]
P, V, N, DF = (np.array([value]) for value in (0.87, 0.0009, 240.0, 11.0))
T, Z = stdtrit(11, 0.975), ndtri(0.975)


def shared(
    p=0.87, v=0.0009, n=240.0, df=11.0, own=1.9, averaged=1.2, siblings=6, parent=np.nan, floor=1.0, census=False
):
    values = [np.array([float(value)]) for value in (p, v, n, df)]
    deffs = DesignEffects(*(np.array([float(value)]) for value in (own, averaged, siblings, parent, floor)))
    low, high, used = wilson_shared(*values, 0.975, deffs, np.array([census]))
    return float(low[0]), float(high[0]), float(used[0])


def score(p, m, q):
    return tuple(float(x) for x in wilson_score(np.array(p), np.array(m), np.array(q)))


def test_every_method_encloses_the_estimate_and_narrows_with_less_variance():
    for method in BY_FORMULA:
        wide, narrow = (limits(method, P, v, N, DF, 0.975, N, 20) for v in (V, V / 4))
        assert wide[0] < narrow[0] < P < narrow[1] < wide[1], method


def test_an_effective_n_above_n_is_capped():
    assert wilson_neff(P, V / 100, N, DF, 0.975) == wilson_score(P, N, t_quantile(DF, 0.975))
    assert effective_n(P, V / 100) > N


def test_r_wilson_has_no_cap_and_so_can_be_narrower_than_with_all_answers_independent():
    lucky = limits("wilson", P, V / 100, N, DF, 0.975, N, 20)
    capped = limits("wilson_neff", P, V / 100, N, DF, 0.975, N, 20)
    assert lucky[1] - lucky[0] < capped[1] - capped[0]


def test_no_interval_without_degrees_of_freedom():
    for method in BY_FORMULA:
        low, high = limits(method, P, V, N, np.array([0.0]), 0.975, N, 0)
        assert np.isnan(low).all(), method
        assert np.isnan(high).all(), method


def test_nobody_satisfied_gives_the_exact_one_sided_limits_of_korn_and_graubard():
    low, high = kg_nchs(np.array([0.0]), np.array([0.0]), np.array([40.0]), np.array([3.0]), 0.975)
    assert low[0] == 0
    assert high[0] == pytest.approx(1 - 0.025 ** (1 / 40))


def test_inside_the_design_effect_is_the_mean_of_own_and_siblings():
    assert shared() == pytest.approx((*score(0.87, 240 / 1.55, T), 1.55))


def test_fewer_than_five_siblings_leave_the_figure_its_own_design_effect():
    assert shared(siblings=4) == (*score(0.87, 240 / 1.9, T), 1.9)
    assert shared(siblings=4, own=0.5)[2] == 1.0


def test_zero_variance_inside_borrows_the_siblings_design_effect_or_one():
    assert shared(v=0.0, own=0.0) == (*score(0.87, 240 / 1.2, T), 1.2)
    assert shared(v=0.0, own=0.0, siblings=2)[2] == 1.0


def test_at_the_edges_the_far_limit_is_the_estimate_and_the_quantile_is_normal():
    low, high, used = shared(p=1.0, v=0.0, own=np.nan)
    assert (high, used) == (1.0, 1.2)
    assert low == score(1.0, 240 / 1.2, Z)[0]
    assert shared(p=0.0, v=0.0, own=np.nan)[0] == 0.0


def test_at_the_edges_without_siblings_an_enclosing_domain_lends_its_design_effect():
    assert shared(p=1.0, v=0.0, own=np.nan, siblings=1, parent=1.7)[2] == 1.7
    assert shared(p=1.0, v=0.0, own=np.nan, siblings=1, parent=0.6)[2] == 1.0
    assert shared(p=1.0, v=0.0, own=np.nan, siblings=1)[2] == 1.0


def test_one_cluster_gives_none_inside_but_the_edge_rule_at_the_edge():
    assert np.isnan(shared(df=0.0)).all()
    assert shared(p=1.0, v=0.0, own=np.nan, df=0.0)[:2] == score(1.0, 240 / 1.2, Z)


def test_a_census_has_no_width_and_population_counts_lower_the_floor():
    assert shared(census=True)[:2] == (0.87, 0.87)
    assert shared(own=0.3, averaged=0.5, floor=0.35)[2] == 0.4
    assert shared(own=0.3, averaged=0.3, floor=0.35)[2] == 0.35


def test_the_table_shares_design_effects_within_a_domain_and_kind_and_says_over_how_many():
    sample = by_hand.a_sample()
    table = estimate(cells_of(sample), interval="wilson_shared")
    place = next(d for d, (_, labels) in enumerate(table.domains) if labels == ("north",))
    items = [table.of.index(code) for code in by_hand.CODES]
    p, v, n = (values[place, items] for values in (table.value, table.variance, table.n))
    own = v / (p * (1 - p) / n)
    row = table.row("q2", unit="north")
    assert row["method"] == f"wilson_shared deff={max(1, (own[1] + own.mean()) / 2):.3g} items=6"
    used = max(1, (own[1] + own.mean()) / 2)
    assert (row["low"], row["high"]) == pytest.approx(score(p[1], n[1] / used, stdtrit(row["df"], 0.975)))
    factor = table.row("A", unit="north")
    own, lent = (own_deff(table.row("A", **domain)) for domain in ({"unit": "north"}, {}))
    k = factor["n"] * min(factor["estimate"], 1 - factor["estimate"])
    assert factor["method"] == f"wilson_shared deff={max(1, (k * own + lent / 2) / (k + 0.5)):.3g}"
    mass = sum(((sample["unit"] == "north") & (sample[code] > 0)) @ sample["w"] for code in by_hand.ITEMS["A"])
    answers = factor["answers"]
    assert factor["deff"] == pytest.approx(own * (answers - 1) / answers / (1 - answers / mass))


def own_deff(row):
    return row["se"] ** 2 / (row["estimate"] * (1 - row["estimate"]) / row["answers"])


def test_where_few_people_give_many_answers_they_count_as_people():
    """Ten people, three answers each, all satisfied but one: 29 of 30 answers are not thirty people's."""
    table = pa.table({"psu": range(10), "q1": [5] * 10, "q2": [5] * 10, "q3": [1] + [5] * 9})
    cells = tabulate(table, codebook=Codebook.plain(["q1", "q2", "q3"]), design=Design(psus="psu"))
    row = estimate(cells, interval="wilson_shared").row("overall")
    k, own = 10 / 30, own_deff(row)
    used = (k * own + 3 / 2) / (k + 0.5)  # nothing larger to borrow from: answers per person, as half a person
    assert (row["low"], row["high"]) == pytest.approx(score(29 / 30, 30 / used, stdtrit(9, 0.975)))
    everybody = tabulate(table.drop(["q3"]), codebook=Codebook.plain(["q1", "q2"]), design=Design(psus="psu"))
    row = estimate(everybody, interval="wilson_shared").row("overall")
    assert (row["low"], row["high"]) == pytest.approx(score(1.0, 10, Z))
    assert row["method"] == "wilson_shared deff=2 edge"


def test_a_factor_of_one_item_is_that_item():
    sample = by_hand.a_sample()
    table = tabulate(a_table(sample), codebook=Codebook.plain({"F": ["q1"]}, missing=[0]), design=DESIGN)
    rows = [estimate(table).row(of) for of in ("q1", "F")]
    names = ("estimate", "se", "deff", "low", "high", "answers")
    assert [rows[0][name] for name in names] == [rows[1][name] for name in names]


def test_an_item_everybody_likes_in_a_small_domain_borrows_from_the_smallest_enclosing_one():
    sample = by_hand.a_sample()
    few = (sample["unit"] == "north") & (sample["field"] == "tax")
    sample["q1"] = np.where(few & (sample["q1"] > 0), 5, sample["q1"])
    table = estimate(cells_of(sample), of=["q1"], interval="wilson_shared")
    row, whole = (
        table.row("q1", unit="north", field="tax"),
        [table.row("q1", unit="north"), table.row("q1", field="tax")],
    )
    smallest = min(whole, key=lambda r: r["n"])
    own = smallest["se"] ** 2 / (smallest["estimate"] * (1 - smallest["estimate"]) / smallest["n"])
    assert row["method"] == f"wilson_shared deff={max(1, own):.3g} edge"
    assert row["high"] == 1
    assert "edge" in row["flags"]


def test_the_exact_likelihood_limits_are_near_those_that_r_interpolates():
    exact = limits("likelihood", P, V, N, DF, 0.975, N, 11)
    assert likelihood_as_r(0.87, 0.0009, 240, 240, 11) == pytest.approx([x[0] for x in exact], rel=1e-3)
