"""What goes with overall satisfaction."""

from dataclasses import replace
from itertools import permutations

import numpy as np
import pyarrow as pa
import pytest

from analysis import Codebook, Design, tabulate
from analysis.errors import AnalysisError
from analysis.quality.key_drivers import importance_in, importance_of

NAMES = ["access", "procedures", "staff", "result"]


def a_survey(seed=0, n=600, clusters=30):
    rng = np.random.default_rng(seed)
    cluster = rng.integers(0, clusters, n)
    liking = rng.standard_normal(n) + 0.5 * rng.standard_normal(clusters)[cluster]
    x = 3 + liking[:, None] * [0.5, 0.5, 0.7, 0.3] + rng.standard_normal((n, 4))
    y = x @ [0.2, 0.0, 0.6, 0.1] + rng.standard_normal(n)
    return {"factors": x, "outcome": y, "names": NAMES, "strata": cluster % 5, "psus": cluster}


def r_squared(x, y, w):
    design = np.column_stack([np.ones(len(y)), x])
    b = np.linalg.lstsq(design * np.sqrt(w)[:, None], y * np.sqrt(w), rcond=None)[0]
    return 1 - (w * (y - design @ b) ** 2).sum() / (w * (y - np.average(y, weights=w)) ** 2).sum()


def test_shares_are_mean_gains_over_all_orders():
    survey = a_survey()
    w = np.random.default_rng(1).uniform(1, 5, 600)
    gains = np.zeros(4)
    for order in permutations(range(4)):
        for place, j in enumerate(order):
            x = survey["factors"]
            with_j = r_squared(x[:, order[: place + 1]], survey["outcome"], w)
            gains[j] += with_j - (r_squared(x[:, order[:place]], survey["outcome"], w) if place else 0)
    found = importance_of(**survey, weights=w)
    np.testing.assert_allclose(found.share, gains / 24, rtol=1e-9)
    assert found.r2 == pytest.approx(r_squared(survey["factors"], survey["outcome"], w))
    np.testing.assert_allclose(found.performance, np.average(survey["factors"], axis=0, weights=w))


def test_the_jackknife_leaves_out_one_cluster_at_a_time():
    survey = a_survey(clusters=10, n=120)
    found = importance_of(**survey)
    total = np.zeros(4)
    for psu in range(10):
        same = survey["strata"] == psu % 5
        w = np.where(survey["psus"] == psu, 0.0, np.where(same, 2.0, 1.0))
        kept = w > 0
        part = {key: value if key == "names" else value[kept] for key, value in survey.items()}
        part |= {"strata": np.arange(kept.sum()) * 0, "psus": np.arange(kept.sum())}
        total += 0.5 * (importance_of(**part, weights=w[kept]).share - found.share) ** 2
    np.testing.assert_allclose(found.se, np.sqrt(total))
    assert found.df == 5
    assert found.flags == ("association, not cause", "review")


@pytest.mark.parametrize(
    ("psus", "flags"), [(8, ("association, not cause", "review")), (9, ("association, not cause",))]
)
def test_with_fewer_than_eight_degrees_of_freedom_a_reader_is_warned(psus, flags):
    rng = np.random.default_rng(1)
    x = rng.normal(3, 1, (90, 2))
    y = x.sum(1) + rng.normal(0, 1, 90)
    found = importance_of(x, y, ["a", "b"], strata=np.zeros(90), psus=np.arange(90) % psus)
    assert (found.df, found.flags) == (psus - 1, flags)
    t = {8: 2.364624, 9: 2.306004}[psus]
    assert found.high == pytest.approx(found.share + t * found.se, rel=1e-6)
    assert found.low == pytest.approx(found.share - t * found.se, rel=1e-6)


def test_intervals_hold_the_share_of_a_large_population():
    truth = importance_of(**a_survey(99, n=200_000, clusters=4000)).share
    held = [(found.low <= truth) & (truth <= found.high) for found in (importance_of(**a_survey(s)) for s in range(60))]
    assert np.mean(held) > 0.88


def test_whoever_lacks_an_answer_is_left_out():
    survey = a_survey()
    survey["factors"][:50, 1] = np.nan
    found = importance_of(**survey)
    assert found.persons == 550
    whole = {key: value if key == "names" else value[50:] for key, value in survey.items()}
    np.testing.assert_allclose(found.share, importance_of(**whole).share)


def test_a_factor_that_repeats_another_shares_with_it():
    survey = a_survey()
    survey["factors"][:, 1] = survey["factors"][:, 2]
    found = importance_of(**survey)
    assert found.share[1] == pytest.approx(found.share[2])
    assert np.isfinite(found.se).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"names": ["one"]}, "2 to 12 factors"),
        ({"outcome": np.ones(600)}, "the same for everybody"),
        ({"strata": np.arange(600), "psus": np.arange(600)}, "single PSU"),
    ],
)
def test_what_cannot_be_computed_is_refused(change, message):
    with pytest.raises(AnalysisError, match=message):
        importance_of(**{**a_survey(), **change})


def cells_with_single_psus(lonely):
    """Ten clusters in two strata, and two strata of a single cluster each."""
    rng = np.random.default_rng(4)
    cluster = np.repeat(np.arange(12), 25)
    liking = rng.standard_normal(300) + 0.6 * rng.standard_normal(12)[cluster]
    answers = {
        code: np.clip(np.round(3 + share * liking + rng.standard_normal(300)), 1, 5).astype(int)
        for code, share in (("q1", 0.5), ("q2", 0.8), ("O", 1.0))
    }
    codebook = Codebook.plain({"speed": ["q1"], "place": ["q2"], "whole": ["O"]})
    codebook = replace(codebook, groups=codebook.groups[:2], factors=codebook.factors[:2])
    table = pa.table({"psu": cluster, "stratum": np.where(cluster < 10, cluster % 2, cluster), **answers})
    design = Design(strata="stratum", psus="psu", lonely=lonely)
    return tabulate(table, codebook=codebook, design=design, importance="O"), answers, cluster


def test_a_single_psu_is_refused_left_out_or_held_against_the_mean_of_all():
    with pytest.raises(AnalysisError, match="single PSU"):
        importance_in(cells_with_single_psus("fail")[0], "O")
    found = {rule: importance_in(cells_with_single_psus(rule)[0], "O") for rule in ("remove", "centre", "average")}
    assert (found["remove"].se < found["centre"].se).all()
    np.testing.assert_allclose(found["average"].se, found["remove"].se * np.sqrt(4 / 2))
    for each in found.values():
        np.testing.assert_array_equal(each.share, found["remove"].share)


def test_held_against_the_mean_is_one_replicate_with_the_mean_cluster_in_its_place():
    cells, answers, cluster = cells_with_single_psus("centre")
    x, y = np.column_stack([answers["q1"], answers["q2"]]).astype(float), answers["O"].astype(float)
    whole = importance_in(cells, "O")
    extra = np.zeros(2)
    for psu in (10, 11):  # every cluster weighs 1 + 1/12, the single one 1/12: the mean of all in its place
        weights = np.where(cluster == psu, 1 / 12, 1 + 1 / 12)
        part = importance_of(x, y, ["speed", "place"], strata=np.zeros(300), psus=cluster, weights=weights)
        extra += (part.share - whole.share) ** 2
    left_out = importance_in(cells_with_single_psus("remove")[0], "O")
    np.testing.assert_allclose(whole.se**2, left_out.se**2 + extra, rtol=1e-9)
