"""R's variance after raking, and ours, held against what raked shares vary by."""

import pytest

from tests.analysis.rake_variance import PLANS, compared


@pytest.mark.long
def test_the_variance_from_all_margins_misses_by_less_than_the_one_of_sweeps():
    *_, error, others, median, most = compared(PLANS["very uneven weights, 40 PSUs"], 200)
    assert error < 0.92 * others
    assert 0.02 < median < 0.1
    assert most > 0.1


def test_with_equal_weights_both_are_nearly_the_same():
    ours, theirs, *_, most = compared(PLANS["equal weights, 40 PSUs"], 8)
    assert ours == pytest.approx(theirs, rel=0.05)
    assert 0 < most < 0.1
