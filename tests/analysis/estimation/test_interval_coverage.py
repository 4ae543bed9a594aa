"""The default interval holds the truth as often as it says, over designs of every size (see coverage_grid)."""

import numpy as np
import pytest

from tests.analysis import pooled_grid
from tests.analysis.coverage_grid import grid, summary, table


def test_the_default_interval_covers_on_a_few_designs():
    points = grid(replicates=400, thin=True)
    found = summary(points, "wilson_shared_2")
    assert found["worst"] >= 0.91, table(points)
    assert found["mean"] == pytest.approx(0.965, abs=0.02)


@pytest.mark.long
def test_the_default_interval_and_the_jackknife_hold_over_the_whole_grid(capsys):
    points = grid(replicates=4000)
    with capsys.disabled():
        print("\n" + table(points))
    found = summary(points, "wilson_shared_2")
    assert found["above93"] >= 0.97
    assert found["worst"] >= 0.91
    assert found["within"] >= 0.80
    assert summary(points, "logit")["worst"] < 0.5
    before = summary(points, "wilson_shared")
    assert found["mean"] >= before["mean"] - 0.005
    assert found["worst"] >= before["worst"] - 0.005
    ratios = np.array([point.ratio_jackknife for point in points if point.kind == "calibrated"])
    assert 0.95 <= np.median(ratios) <= 1.12
    assert ratios.min() >= 0.9
    assert ratios.max() <= 1.3


def test_pooled_figures_of_few_people_cover_on_a_few_designs():
    points = pooled_grid.grid(replicates=400, thin=True)
    found = pooled_grid.summary(points)
    for figure in ("alone", "lent", "factor"):
        assert found[figure]["worst"] >= 0.91, points
    assert found["before"]["worst"] < 0.9  # answers of few people were taken for those of many


@pytest.mark.long
def test_pooled_figures_of_few_people_cover_over_the_whole_grid(capsys):
    points = pooled_grid.grid(replicates=1000)
    with capsys.disabled():
        print("\n" + pooled_grid.table(points))
    found = pooled_grid.summary(points)
    for figure in ("alone", "lent", "factor"):
        assert found[figure]["worst"] >= 0.91
        assert found[figure]["above93"] >= 0.97
