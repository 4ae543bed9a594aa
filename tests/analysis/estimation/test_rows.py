"""Rows of the table of estimates: those that are not there, families without domains, and totals."""

import numpy as np
import pytest
from scipy.special import stdtrit

from analysis import estimate
from analysis.errors import NotInCells
from analysis.estimands.estimands import categories
from analysis.estimation.estimate import figures
from tests.analysis import by_hand
from tests.analysis.estimation.test_estimate import cells_of


def test_a_row_or_domain_that_is_not_there_is_named():
    table = estimate(cells_of(by_hand.a_sample()))
    with pytest.raises(NotInCells, match="no item or factor q9; known are q1, q2"):
        table.row("q9")
    with pytest.raises(NotInCells, match=r"no domain unit=south among the estimates"):
        table.row("q1", unit="south")


def test_where_no_row_has_a_label_there_are_no_domains():
    sample = by_hand.a_sample()
    sample["unit"] = np.full(400, "")
    table = estimate(cells_of(sample), by=["unit"])
    assert table.domains == (((), ()),)
    assert table.row("q1")["n"] == int((sample["q1"] > 0).sum())


def test_totals_have_no_design_effect_and_t_limits():
    cells = cells_of(by_hand.a_sample())
    row = figures(cells, None, categories(cells, "field").as_total(), by=[]).row("land")
    assert row["deff"] is None
    assert row["method"] == "t"
    assert row["high"] - row["estimate"] == pytest.approx(row["se"] * stdtrit(row["df"], 0.975))
