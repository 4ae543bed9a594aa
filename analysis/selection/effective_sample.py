"""What many answers of people who chose to answer are worth.

X.-L. Meng, Statistical paradises and paradoxes in big data (I), Annals of Applied Statistics 12 (2018) 685-726.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.errors import N_, BadMethod
from analysis.selection.response_ratio import checked_ratios, selected_share

Array = NDArray[np.float64]


def defect_correlation(share: ArrayLike, ratio: ArrayLike, rate: ArrayLike) -> Array:
    """Return Meng's rho: the correlation over all visitors of answering with being satisfied.

    `share` p is that of those who answer, `ratio` G their response ratio, `rate` f answers over visitors (0 < f < 1);
    shapes that broadcast. With P = p(G) the covariance of the two is f (p - P). Raises BadMethod for other rates.

    >>> defect_correlation(0.85, 1.5, [0.05, 0.5]).round(3).tolist()
    [0.033, 0.146]
    """
    p, f = np.asarray(share, float), _checked_rate(rate)
    truth = selected_share(p, checked_ratios(ratio))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((p - truth) * np.sqrt(f / ((1 - f) * truth * (1 - truth))))


def meng_bound(rate: ArrayLike, correlation: ArrayLike) -> Array:
    """Return n_eff <= f/(1 - f)/rho^2: the simple random sample whose mean squared error is no larger.

    `rate` f is answers over visitors, `correlation` rho; shapes that broadcast, infinite where rho is 0.

    >>> meng_bound(0.01, 0.005).round().tolist()
    404.0
    """
    f, rho = _checked_rate(rate), np.asarray(correlation, float)
    with np.errstate(divide="ignore"):
        return np.asarray(f / (1 - f) / rho**2)


def worth(share: ArrayLike, ratio: ArrayLike) -> Array:
    """Return how many random answers any number of answers is worth at most, if the response ratio is G.

    Meng's bound with `defect_correlation`, in which the rate falls out: P (1 - P)/(p - P)^2, P = p(G). However many
    more answer, the error p - P stays. Infinite at G = 1, NaN for shares of 0 and 1.

    >>> worth(0.85, [1.05, 1.25, 1.5]).round().tolist()
    [3294.0, 157.0, 47.0]
    """
    p = np.asarray(share, float)
    truth = selected_share(p, checked_ratios(ratio))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(truth * (1 - truth) / (p - truth) ** 2)


def _checked_rate(rate: ArrayLike) -> Array:
    found = np.asarray(rate, float)
    if not ((found > 0) & (found < 1)).all():
        raise BadMethod(
            N_("a response rate lies between 0 and 1, and {given} does not"), given=float(np.ravel(found)[0])
        )
    return found
