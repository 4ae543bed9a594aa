"""Two ways of asking within fields and offices: by hand, by leaving out clusters, and where nothing differs."""

import numpy as np
import pyarrow as pa
import pytest

from analysis import Codebook, Design, design_weights, tabulate
from analysis.errors import BadMethod
from analysis.estimands.estimands import pooled
from analysis.selection.mode_effects import mode_effect


def made(seed, psus=60, effect=0.0, size=8, confound=0.0):
    """Clusters of one field and one way each; ways differ by `effect` (log odds), and prefer fields by `confound`."""
    rng = np.random.default_rng(seed)
    field = rng.integers(0, 3, psus)
    way = (rng.random(psus) < 0.5 + confound * (field - 1)).astype(int)
    mood = rng.normal(0, 0.4, psus)
    log = np.array([0.5, 1.2, 2.0])[field] + effect * way + mood
    answers = rng.random((psus, size)) < 1 / (1 + np.exp(-log))[:, None]
    table = pa.table({
        "psu": np.repeat(np.arange(psus), size), "way": np.repeat(way, size),
        "field": np.repeat(field, size).astype(str),
        "w": np.repeat(rng.uniform(1, 3, psus).round(1), size), "q": np.where(answers.ravel(), 5, 2),
    })  # fmt: skip
    return tabulate(
        table, codebook=Codebook.plain(["q"]), design=Design(psus="psu", weights="w"), keep=["way", "field"]
    )


def effect_of(cells, **asked):
    group = np.array([int(cells.label("way", code)) for code in cells.code("way")])
    return mode_effect(cells, None, pooled(cells, ["q"]), group, ["field"], **asked)


def by_hand(cells, w):
    y, x = pooled(cells, ["q"]).y[:, 0], pooled(cells, ["q"]).x[:, 0]
    way, field = cells.numbers("way"), cells.numbers("field")
    over = under = 0.0
    for each in range(3):
        a, b = (w[(way == side) & (field == each)] for side in (1, 0))
        ya, yb, xa, xb = (v[(way == side) & (field == each)] for v in (y, x) for side in (1, 0))
        total = (a * xa).sum() + (b * xb).sum()
        over += (a * ya).sum() * (b * (xb - yb)).sum() / total
        under += (b * yb).sum() * (a * (xa - ya)).sum() / total
    return np.log(over / under)


def test_the_ratio_is_that_of_mantel_and_haenszel_and_its_error_that_of_the_jackknife():
    cells = made(1)
    found, w = effect_of(cells), design_weights(cells).final
    assert np.log(found.ratio) == pytest.approx(by_hand(cells, w), rel=1e-12)
    psu, n = cells.numbers("psu"), 60
    left = [by_hand(cells, np.where(psu == out, 0, w * n / (n - 1))) for out in range(n)]
    jackknife = np.sqrt((n - 1) / n * ((np.array(left) - by_hand(cells, w)) ** 2).sum())
    assert found.se == pytest.approx(jackknife, rel=0.1)
    step = 1e-6  # the influence is the derivative by each cluster's weight
    slope = [(by_hand(cells, w * (1 + step * (psu == out))) - by_hand(cells, w)) / step for out in range(n)]
    spread = np.array(slope) - np.mean(slope)
    assert found.se == pytest.approx(np.sqrt(n / (n - 1) * (spread**2).sum()), rel=1e-4)


def test_fields_that_one_way_prefers_are_no_effect_of_it():
    found = [effect_of(made(seed, effect=0.0, confound=0.2)) for seed in range(300)]
    covered = np.mean([each.low <= 1 <= each.high for each in found])
    assert covered >= 0.93
    assert abs(np.mean([np.log(each.ratio) for each in found])) < 0.05


def test_an_effect_is_found():
    found = [effect_of(made(seed, psus=100, effect=0.8, confound=0.2)) for seed in range(100)]
    assert np.mean([each.low > 1 for each in found]) > 0.8
    assert np.median([each.ratio for each in found]) == pytest.approx(np.exp(0.8), rel=0.15)


def test_without_a_stratum_that_has_both_ways_there_is_none():
    cells = made(3)
    field = cells.numbers("field")
    group = np.where(field == 0, 1, 0)
    assert mode_effect(cells, None, pooled(cells, ["q"]), group, ["field"]) is None
    with pytest.raises(BadMethod, match="one figure"):
        mode_effect(cells, None, pooled(cells, ["q", "overall"]), group, ["field"])
