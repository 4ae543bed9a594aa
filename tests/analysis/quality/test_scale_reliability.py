"""Alpha, omega and item-rest correlations."""

import numpy as np
import pytest

from analysis.errors import AnalysisError
from analysis.quality.scale_reliability import intraclass, reliability_of, sum_products
from tests.analysis.province import a_province, levels

ITEMS = ["q1", "q2", "q3", "q4"]


def answers(n=400, missing=0.0, loadings=(0.9, 0.8, 0.7, 0.6), seed=5):
    rng = np.random.default_rng(seed)
    common = rng.standard_normal(n)[:, None]
    latent = common * loadings + rng.standard_normal((n, 4)) * np.sqrt(1 - np.square(loadings))
    found = np.clip(np.round(3 + latent * 1.2), 1, 5)
    return np.where(rng.random((n, 4)) < missing, 0, found)


def test_alpha_and_item_rest_are_those_of_the_rows():
    rows = answers()
    found = reliability_of(sum_products(rows, ITEMS))
    total = rows.sum(axis=1)
    assert found.alpha == pytest.approx(4 / 3 * (1 - rows.var(axis=0, ddof=1).sum() / total.var(ddof=1)))
    for k, item_rest in enumerate(found.item_rest):
        assert item_rest == pytest.approx(np.corrcoef(rows[:, k], total - rows[:, k])[0, 1])
    assert found.alpha_without[0] == pytest.approx(reliability_of(sum_products(rows[:, 1:], ITEMS[1:])).alpha)


def test_omega_finds_the_loadings_that_made_the_answers():
    loadings = np.array([0.9, 0.8, 0.7, 0.6])
    covariance = np.outer(loadings, loadings) + np.diag(1 - loadings**2)
    rng = np.random.default_rng(2)
    z = rng.standard_normal((4000, 4))
    z = (z - z.mean(0)) @ np.linalg.inv(np.linalg.cholesky(np.cov(z.T))).T @ np.linalg.cholesky(covariance).T
    found = reliability_of(sum_products(z + 100, ITEMS))
    np.testing.assert_allclose(found.loadings, loadings, atol=1e-6)
    assert found.omega == pytest.approx(loadings.sum() ** 2 / covariance.sum(), abs=1e-8)
    assert found.omega > found.alpha
    assert found.flags == ()


@pytest.mark.parametrize("loadings", [(0.45, 0.35, 0.3, 0.3), (0.05, 0.04, 0.03, 0.06)])
def test_weak_or_narrow_items_have_their_loadings_too(loadings):
    """Once items that hardly hang together, once scales so narrow that all loadings are small."""
    loadings = np.array(loadings)
    unique = np.full(4, 0.9) if loadings[0] > 0.1 else np.full(4, 0.002)
    covariance = np.outer(loadings, loadings) + np.diag(unique)
    rng = np.random.default_rng(2)
    z = rng.standard_normal((4000, 4))
    z = (z - z.mean(0)) @ np.linalg.inv(np.linalg.cholesky(np.cov(z.T))).T @ np.linalg.cholesky(covariance).T
    found = reliability_of(sum_products(z + 100, ITEMS))
    np.testing.assert_allclose(found.loadings, loadings, atol=1e-5)
    assert found.omega == pytest.approx(loadings.sum() ** 2 / covariance.sum(), abs=1e-5)


def test_with_equal_loadings_omega_is_alpha():
    found = reliability_of(sum_products(answers(40_000, loadings=(0.7,) * 4), ITEMS))
    assert found.omega == pytest.approx(found.alpha, abs=0.002)


def test_parts_add_to_the_whole_exactly():
    rows = answers(missing=0.1)
    whole = sum_products(rows, ITEMS)
    parts = sum_products(rows[:123], ITEMS) + sum_products(rows[123:], ITEMS)
    assert (whole.products == parts.products).all()
    assert reliability_of(whole) == reliability_of(parts)


def test_missing_answers_are_left_out_by_a_named_rule():
    rows = answers(missing=0.2)
    complete = rows[(rows > 0).all(axis=1)]
    by_pairs, whole_rows = sum_products(rows, ITEMS), sum_products(rows, ITEMS, complete=True)
    assert reliability_of(whole_rows).alpha == pytest.approx(reliability_of(sum_products(complete, ITEMS)).alpha)
    assert reliability_of(by_pairs).alpha != pytest.approx(reliability_of(whole_rows).alpha, abs=1e-6)
    both = (rows[:, 0] > 0) & (rows[:, 1] > 0)
    assert by_pairs.covariance()[0, 1] == pytest.approx(np.cov(rows[both, 0], rows[both, 1])[0, 1])
    with pytest.raises(AnalysisError, match="rule for missing answers"):
        _ = by_pairs + whole_rows


def test_a_weight_of_two_is_two_persons():
    rows = answers(50)
    weighted = sum_products(rows, ITEMS, weights=np.full(50, 2.0))
    assert reliability_of(weighted).alpha == pytest.approx(
        reliability_of(sum_products(np.repeat(rows, 2, 0), ITEMS)).alpha
    )


def test_two_items_have_no_omega_and_one_has_nothing():
    found = reliability_of(sum_products(answers(), ITEMS).of(["q1", "q2"]))
    assert (found.omega, found.loadings, found.flags) == (None, (), ())
    assert len(found.item_rest) == 2
    assert found.alpha_without == (None, None)
    with pytest.raises(AnalysisError, match="two items or more"):
        reliability_of(sum_products(answers(), ITEMS).of(["q1"]))
    with pytest.raises(AnalysisError, match="no sums were made for q9"):
        sum_products(answers(), ITEMS).of(["q9"])
    with pytest.raises(AnalysisError, match="not answered together"):
        reliability_of(sum_products([[1, 0], [0, 2]], ["q1", "q2"]))
    with pytest.raises(AnalysisError, match="q1 and q2 were not answered together by two"):
        reliability_of(sum_products([[1, 2], [3, 0], [0, 4]], ["q1", "q2"]))


def test_a_fit_at_its_bound_is_flagged():
    rng = np.random.default_rng(4)
    a = rng.standard_normal(300)
    rows = np.column_stack([a, a + 0.01 * rng.standard_normal(300), rng.standard_normal(300)]) + 10
    assert reliability_of(sum_products(rows, ["a", "b", "c"])).flags == ("improper",)


def test_the_simulated_questionnaire_hangs_together():
    province = a_province()
    full = np.array(province.responses["form"].to_pylist()) == "full"
    codes = [question.code for question in province.questions]
    chosen = [code for code in codes if code[0] == "B" and not code.endswith(".0")]
    found = levels(province)[full][:, [codes.index(code) for code in chosen]]
    alpha = reliability_of(sum_products(np.where(found > 5, 0, found), chosen)).alpha
    assert 0.7 < alpha < 0.9


def test_the_intraclass_correlation_of_clusters_is_found_again():
    rng = np.random.default_rng(4)
    clusters, size, rho = 3000, 12, 0.15
    shared = rng.standard_normal((clusters, 1)) * np.sqrt(rho)
    own = rng.standard_normal((clusters, size)) * np.sqrt(1 - rho)
    means = (shared + own).mean(1)
    deff = means.var(ddof=1) / (1 / size)
    assert intraclass(deff, clusters * size, clusters) == pytest.approx(rho, abs=0.01)
    assert np.isnan(intraclass(1.0, 10, 10))
