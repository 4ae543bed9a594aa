"""What a design effect is made of: what weights do, what clusters do, and who lends to whom."""

from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from analysis import Codebook, Design, estimate, tabulate
from analysis.estimation.clustering_effects import Lenders, clustering_effects, interval_df, own_effect, shared_deff
from analysis.estimation.intervals import outer_limit, wilson_score, wilson_shared_2

NAN = np.nan


def figures(value, own, *, n=100.0, people=None, df=20.0, kish=1.0, evenness=1.0, df_weighted=None):
    """RatioEstimates of one domain: shares with these clustering effects."""
    value, own = np.array([value]), np.array([own], dtype=float)
    one = np.ones(value.shape)
    variance = np.nan_to_num(own) * kish * value * (1 - value) / n
    return SimpleNamespace(
        value=value, variance=variance, answers=one * n, people=one * (people or n), df=one * df, kish=one * kish,
        evenness=one * evenness, df_weighted=one * (df if df_weighted is None else df_weighted),
    )  # fmt: skip


def effects(found, kinds, parent=NAN, unweighted=NAN):
    shape = found.value.shape
    lenders = Lenders(np.full(shape, parent), np.full(shape, unweighted))
    return clustering_effects(found, found.answers, kinds, lenders)


def test_the_own_effect_is_the_design_effect_over_what_weights_do():
    found = figures([0.8, 1.0], [1.5, NAN], kish=3.0)
    np.testing.assert_allclose(own_effect(found, found.answers), [[1.5, NAN]])


def test_an_item_above_its_siblings_keeps_more_of_its_own_than_one_below():
    found = figures([0.5] * 5, [6.0, 1.0, 1.0, 1.0, 1.0], df=12.0)
    effect, siblings = effects(found, ("item",) * 5)
    assert siblings.tolist() == [[5] * 5]
    assert effect[0, 0] == pytest.approx((12 * 6 + 4 * 2) / 16)
    assert effect[0, 1] == pytest.approx((12 * 1 + 8 * 2) / 20)


def test_below_its_siblings_an_item_counts_for_no_more_than_its_rarer_answers():
    found = figures([0.98] * 5, [0.2, 3.0, 3.0, 3.0, 3.0], n=100.0, df=400.0)
    effect, _ = effects(found, ("item",) * 5)
    assert effect[0, 0] == pytest.approx((2 * 0.2 + 8 * 2.44) / 10)  # two dissatisfied answers


def test_twelve_heavy_answers_of_which_none_is_dissatisfied_take_what_their_siblings_show():
    found = figures([1.0, 0.9, 0.9, 0.9, 0.9, 0.9], [NAN, 2.0, 2.0, 2.0, 2.0, 2.0])
    assert effects(found, ("item",) * 6)[0][0, 0] == 2.0


def test_a_whole_alone_counts_as_people_and_borrows_as_half_a_person():
    found = figures([0.9], [4.0], n=440.0, people=20)
    k = 20 * 0.1
    assert effects(found, ("overall",), parent=6.0)[0][0, 0] == pytest.approx((k * 4 + 0.5 * 6) / (k + 0.5))
    assert effects(found, ("overall",))[0][0, 0] == pytest.approx((k * 4 + 0.5 * 22) / (k + 0.5))


def test_uneven_weights_leave_fewer_people_and_borrow_as_two_persons_more():
    found = figures([0.9], [4.0], n=440.0, people=20, evenness=0.25)
    k = 20 * 0.25 * 0.1
    expected = (k * 4 + 0.5 * 22 + 1.5 * 3) / (k + 0.5 + 1.5)
    assert effects(found, ("overall",), unweighted=3.0)[0][0, 0] == pytest.approx(expected)


def test_the_floor_is_kishs_effect_where_few_answers_carry_the_variance_and_one_where_all_do():
    low = np.array([[0.1]])
    assert shared_deff(figures([0.9], [1.0], kish=14.6, evenness=0.06), low)[0, 0] == pytest.approx(0.94 * 14.6 + 0.06)
    assert shared_deff(figures([0.9], [1.0], kish=1.3), low)[0, 0] == 1.0
    assert shared_deff(figures([0.9], [1.0], kish=0.4), low)[0, 0] == 0.4  # population counts
    assert shared_deff(figures([0.9], [1.0], kish=2.0), np.array([[1.7]]))[0, 0] == 3.4


def test_siblings_give_back_four_of_the_degrees_of_freedom_that_weights_took():
    found = figures([0.9, 0.9], [1.0, 1.0], df=26.0, df_weighted=9.0)
    assert interval_df(found, np.array([[5, 4]])).tolist() == [[13.0, 9.0]]
    assert interval_df(figures([0.9], [1.0], df=10.0, df_weighted=9.0), np.array([[5]])).tolist() == [[10.0]]


def limits(p, n, df=1e9, deff=1.0, evenness=1.0, census=False):
    values = [np.array([float(each)]) for each in (p, n, df)]
    found = wilson_shared_2(*values, 0.975, np.array([deff]), np.array([evenness]), np.array([census]))
    return tuple(float(each[0]) for each in found)


def test_one_dissatisfied_answer_of_twelve_leaves_ninety_nine_percent_possible():
    low, high, used = limits(11 / 12, 12, evenness=0.0)
    wilson = wilson_score(np.array(11 / 12), np.array(12.0), np.array(1.959963984540054))
    assert (low, used) == (pytest.approx(float(wilson[0])), 1.0)
    assert float(wilson[1]) < 0.99 < high < 1
    outer = 1 - float(outer_limit(np.array(12.0), np.array(1 / 12), np.array(0.05)))
    assert high == pytest.approx(float(wilson[1]) + 10 / 12 * (outer - float(wilson[1])))


def test_limits_at_p_and_at_one_minus_p_mirror_each_other():
    low, high, _ = limits(0.03, 40, df=12, deff=1.7, evenness=0.4)
    again = limits(0.97, 40, df=12, deff=1.7, evenness=0.4)
    assert (1 - high, 1 - low) == pytest.approx(again[:2])


def test_edges_census_and_a_single_cluster():
    assert limits(1.0, 40, df=3)[1] == 1.0
    assert limits(0.9, 40, census=True)[:2] == (0.9, 0.9)
    assert np.isnan(limits(0.9, 40, df=0.0)[:2]).all()


def weighted(ratio, **design):
    """Twelve heavy answers beside forty light ones in thirteen weeks, three items."""
    week = np.arange(52) % 13
    table = {"week": week, "w": np.where(np.arange(52) < 12, float(ratio), 1.0)}
    table |= {f"q{k}": np.where((np.arange(52) * (k + 3)) % 7 < 5, 5, 2) for k in range(3)}
    codebook = Codebook.plain([f"q{k}" for k in range(3)])
    return estimate(tabulate(pa.table(table), codebook=codebook, design=Design(psus="week", weights="w", **design)))


def test_kishs_effect_evenness_and_degrees_of_freedom_are_those_of_the_weights():
    table = weighted(10)
    first, second = (12 * 10.0**k + 40 for k in (1, 2))
    assert table.kish[0, 0] == pytest.approx(52 * second / first**2)
    week = np.arange(52) % 13
    met = np.bincount(week, np.where(np.arange(52) < 12, 100.0, 1.0))
    effective = (met.sum() ** 2 / (met**2).sum()) / 13
    assert table.df_weighted[0, 0] == pytest.approx(12 * effective)
    assert table.row("q0")["kish"] == table.kish[0, 0]
    assert table.row("q0")["df"] == 12  # of the design, as R counts


def test_equal_weights_do_nothing():
    table = weighted(1)
    assert (table.kish == 1).all()
    assert (table.df_weighted == 12).all()


def test_coarse_limits_are_never_narrower():
    week = np.arange(52) % 13
    table = {"week": week, "w": np.where(np.arange(52) < 12, 10.0, 1.0), "q": np.where(np.arange(52) % 7 < 5, 5, 2)}
    cells = tabulate(pa.table(table), codebook=Codebook.plain(["q"]), design=Design(psus="week", weights="w"))
    fine, coarse = estimate(cells), estimate(cells, coarse=True)
    assert (coarse.low <= fine.low).all()
    assert (coarse.high >= fine.high).all()
    assert float(coarse.used[0, 0]) % 0.25 == 0


def test_coarse_limits_are_the_fine_ones_where_every_step_is_met():
    """Weeks that are all alike: a design effect of 1, 12 degrees of freedom, and all answers carry the variance."""
    table = {"week": np.arange(52) % 13, "w": np.full(52, 10.0), "q": np.where(np.arange(52) < 39, 5, 2)}
    cells = tabulate(pa.table(table), codebook=Codebook.plain(["q"]), design=Design(psus="week", weights="w"))
    fine, coarse = (estimate(cells, coarse=each) for each in (False, True))
    assert (coarse.used[0, 0], coarse.df_weighted[0, 0], coarse.row("q")["estimate"]) == (1.0, 12.0, 0.75)
    assert (coarse.low == fine.low).all()
    assert (coarse.high == fine.high).all()
