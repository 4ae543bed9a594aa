"""Small offices that borrow strength."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from analysis.errors import AnalysisError
from analysis.small_area.fay_herriot import METHODS, area_model


def offices(seed=0, m=60, between=0.03, few=0.5):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=m)
    truth = 0.85 + 0.03 * x + between * rng.standard_normal(m)
    psi = np.where(rng.random(m) < few, 0.06, 0.015) ** 2
    return truth, truth + np.sqrt(psi) * rng.standard_normal(m), psi, x


def likelihood(a, y, psi, x, restricted):
    v = a + psi
    design = np.column_stack([np.ones(len(y)), x])
    information = (design / v[:, None]).T @ design
    b = np.linalg.solve(information, (design / v[:, None]).T @ y)
    value = np.log(v).sum() + ((y - design @ b) ** 2 / v).sum()
    return value + restricted * np.linalg.slogdet(information)[1]


@pytest.mark.parametrize(("method", "restricted"), [("ml", 0), ("reml", 1)])
def test_the_variance_between_offices_maximises_its_likelihood(method, restricted):
    _, y, psi, x = offices()
    best = minimize_scalar(likelihood, bounds=(0, 0.01), args=(y, psi, x, restricted), method="bounded",
                           options={"xatol": 1e-10})  # fmt: skip
    assert area_model(y, psi, x, method=method).between == pytest.approx(best.x, rel=1e-4)


def test_the_moment_equation_is_met():
    _, y, psi, x = offices()
    fit = area_model(y, psi, x, method="moment")
    assert ((y - fit.expected) ** 2 / (fit.between + psi)).sum() == pytest.approx(58)


@pytest.mark.parametrize("method", METHODS)
def test_predictions_are_nearer_to_the_truth_and_the_mse_says_by_how_much(method):
    errors, direct, promised = [], [], []
    for seed in range(120):
        truth, y, psi, x = offices(seed)
        fit = area_model(y, psi, x, method=method)
        errors.append((fit.predicted - truth) ** 2)
        direct.append((y - truth) ** 2)
        promised.append(fit.mse)
    assert np.mean(errors) < 0.55 * np.mean(direct)
    assert np.mean(promised) == pytest.approx(np.mean(errors), rel=0.05)


@pytest.mark.parametrize("d", [0.001, 1e-6])
def test_of_equally_sure_offices_the_mse_is_its_closed_form(d):
    """With one sampling variance D, A between offices and m of them: B = D/(A + D), g1 = A B, g2 = B^2 (A + D)/m,
    g3 = 2 B^2 (A + D)/m; `ml` underestimates A by (A + D)/m."""
    y, m = np.array([0.70, 0.80, 0.86, 0.91, 0.95, 0.78, np.nan]), 6
    for method, bias in (("reml", 0.0), ("ml", -1.0), ("moment", 0.0)):
        fit = area_model(y, np.where(np.isnan(y), np.nan, d), method=method)
        squares = np.var(y[:6]) * (6 if method == "ml" else 6 * 6 / 5)
        assert fit.between == pytest.approx(squares / 6 - d, rel=1e-6)
        both = fit.between + d
        shrunk = d / both
        g = fit.between * shrunk + shrunk**2 * both / m + 2 * (2 * shrunk**2 * both / m) - bias * both / m * shrunk**2
        assert fit.mse[:6] == pytest.approx(np.full(6, g))
        assert fit.mse[6] == pytest.approx(fit.between + both / m)
        assert fit.trust[:6] == pytest.approx(np.full(6, 1 - shrunk))
        assert fit.predicted[:6] == pytest.approx((1 - shrunk) * y[:6] + shrunk * np.mean(y[:6]))
        assert fit.coefficients.tolist() == pytest.approx([np.mean(y[:6])])


def test_of_unequally_sure_offices_the_moment_estimate_has_the_bias_of_its_paper():
    _, y, psi, x = offices(m=12)
    fit = area_model(y, psi, x, method="moment")
    w = 1 / (fit.between + psi)
    design = np.column_stack([np.ones(12), x])
    spread = np.linalg.inv((design * w[:, None]).T @ design)
    for k in range(12):
        shrunk = psi[k] * w[k]
        g3 = shrunk**2 * w[k] * 2 * 12 / w.sum() ** 2
        bias = 2 * (12 * (w**2).sum() - w.sum() ** 2) / w.sum() ** 3
        mse = fit.between * shrunk + shrunk**2 * design[k] @ spread @ design[k] + 2 * g3 - bias * shrunk**2
        assert fit.mse[k] == pytest.approx(mse)


def test_a_sure_office_keeps_its_estimate_and_a_weak_one_leans_on_the_model():
    _, y, psi, x = offices()
    fit = area_model(y, psi, x)
    sure, weak = psi.argmin(), psi.argmax()
    assert fit.trust[sure] > 0.7 > 0.4 > fit.trust[weak]
    assert fit.flags == ()
    inside = (fit.predicted - fit.direct) * (fit.predicted - fit.expected)
    assert (inside <= 1e-15).all()


def test_an_office_without_answers_gets_the_expectation_and_a_wider_error():
    _, y, psi, x = offices()
    y[3], psi[3] = np.nan, np.nan
    fit = area_model(y, psi, x)
    assert fit.predicted[3] == fit.expected[3]
    assert fit.trust[3] == 0
    assert fit.mse[3] >= fit.between
    assert np.isfinite(fit.predicted).all()
    others = np.arange(60) != 3
    assert area_model(y[others], psi[others], x[others]).between == pytest.approx(fit.between)


def test_three_offices_are_enough_for_a_mean():
    assert len(area_model([0.8, 0.9, 0.7], [0.001] * 3).predicted) == 3


def test_offices_that_differ_by_chance_only_are_flagged():
    y = np.array([0.85, 0.851, 0.849, 0.85, 0.85])
    fit = area_model(y, np.full(5, 0.01))
    assert (fit.between, fit.flags) == (0.0, ("no variation between offices",))
    assert fit.predicted == pytest.approx(np.full(5, y.mean()))


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        (lambda: area_model([0.8, 1.0, 0.9, 0.7], [0.01, 0.0, 0.01, 0.01]), "office 2 has no sampling variance"),
        (lambda: area_model([0.8, 0.9], [0.01, 0.01]), "2 offices with answers cannot carry 1"),
        (lambda: area_model([0.8, 0.9, 0.7], [0.01] * 3, [1.0, 2.0, 4.0]), "3 offices with answers cannot carry 2"),
        (lambda: area_model([np.nan, 0.9, 0.7, 0.8], [np.nan, 0.1, -0.1, 0.1]), "office 3 has no sampling variance"),
        (lambda: area_model([0.8] * 9, [0.01] * 9, [1.0] * 8 + [np.nan]), "all its features"),
        (lambda: area_model([0.8] * 9, [0.01] * 9, [1.0] * 9), "repeat each other"),
        (lambda: area_model([0.8] * 9, [0.01] * 8), "each office needs"),
        (lambda: area_model([0.8] * 9, [0.01] * 9, method="bayes"), "reml, ml, moment"),
    ],
)
def test_a_model_that_cannot_be_fitted_is_refused(plan, message):
    with pytest.raises(AnalysisError, match=message):
        plan()
