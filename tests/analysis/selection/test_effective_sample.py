"""Meng's bound against a finite population whose answering is known person by person."""

import numpy as np
import pytest

from analysis.errors import BadMethod
from analysis.selection.effective_sample import defect_correlation, meng_bound, worth


@pytest.mark.parametrize("ratio", [1.2, 1.5, 3.0])
@pytest.mark.parametrize("rate", [0.05, 0.4])
def test_the_correlation_is_that_of_answering_and_being_satisfied_over_all_visitors(ratio, rate):
    visitors, satisfied = 100_000, 80_000
    silent = rate * visitors / (satisfied * ratio + visitors - satisfied)  # P(answers) of who is not satisfied
    answering = np.array([silent * ratio * satisfied, silent * (visitors - satisfied)])
    share, total = answering[0] / answering.sum(), answering.sum()
    y = np.repeat([1, 1, 0, 0], np.array([answering[0], satisfied - answering[0], answering[1],
                                          visitors - satisfied - answering[1]]).round().astype(int))  # fmt: skip
    r = np.repeat([1, 0, 1, 0], np.array([answering[0], satisfied - answering[0], answering[1],
                                          visitors - satisfied - answering[1]]).round().astype(int))  # fmt: skip
    rho = defect_correlation(share, ratio, total / visitors)
    assert float(rho) == pytest.approx(np.corrcoef(y, r)[0, 1], abs=2e-4)
    # a simple random sample of that size misses as much on average as these answers do
    n = float(worth(share, ratio))
    assert n == pytest.approx(float(meng_bound(total / visitors, rho)), rel=1e-9)
    assert 0.8 * 0.2 / n == pytest.approx((share - 0.8) ** 2, rel=1e-9)


def test_sixty_thousand_answers_are_worth_forty_seven():
    assert round(float(worth(0.85, 1.5))) == 47
    assert np.isinf(worth(0.85, 1.0))


@pytest.mark.parametrize("rate", [0, 1, -0.1, np.nan])
def test_a_rate_outside_is_refused(rate):
    with pytest.raises(BadMethod, match="response rate"):
        meng_bound(rate, 0.1)
