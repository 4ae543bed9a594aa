"""The response ratio measured: answers of those who came by themselves beside a sample that was asked by chance.

What is found is the difference between the two ways of asking. It is self-selection only as far as everybody who was
drawn answered, and answered alike by another mode; those who stay silent there are missed here too.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import logit, ndtri

from analysis.errors import N_, BadMethod

Array = NDArray[np.float64]


@dataclass(frozen=True)
class RatioEstimate:
    """A response ratio estimated from two samples, with its limits; `low` 0 or `high` infinite where there is none."""

    ratio: float
    low: float
    high: float


def estimated_ratio(answers: Sequence[float], reference: Sequence[float]) -> RatioEstimate:
    """Estimate G = odds(answers)/odds(reference) from the share and limits (p, L, U) of each of two samples.

    The limits are those of any interval by the design of its sample, both at the level that the ratio's shall have. On
    the log odds, where Wilson's limits lie evenly around the share (R. G. Newcombe, The American Statistician 55,
    2001), the distances of the limits are joined as roots of sums of squares (MOVER: G. Y. Zou and A. Donner,
    Statistics in Medicine 27, 2008); at a share of 0 or 1 that tends to the finite limit against
    the other's share. Two samples of one file are taken as independent. Raises BadMethod unless 0 <= L <= p <= U <= 1.

    >>> found = estimated_ratio((0.85, 0.846, 0.855), (0.79, 0.747, 0.827))
    >>> round(found.ratio, 2), round(found.low, 2), round(found.high, 2)
    (1.51, 1.18, 1.93)
    """
    for share, low, high in (answers, reference):
        if not 0 <= low <= share <= high <= 1:
            raise BadMethod(N_("a share needs limits around it, within 0 and 1, to be compared with another"))
    (p, *around), (q, *about) = (logit(np.asarray(each, float)) for each in (answers, reference))
    with np.errstate(invalid="ignore", over="ignore"):
        low = _moved(p, around[0], q, about[1])
        high = -_moved(-p, -around[1], -q, -about[0])
        return RatioEstimate(float(np.exp(p - q)), float(np.exp(low)), float(np.exp(high)))


def _moved(p: float, p_low: float, q: float, q_high: float) -> float:
    """p - q less the root of (p - p_low)^2 + (q_high - q)^2, also where a share or a limit is infinite."""
    one, other = p - p_low, q_high - q
    if np.isinf(q):  # a share of 0: what the other's limit lies above it swallows the rest
        return p - q_high if q < 0 else -np.inf
    if np.isinf(p):
        return p_low - q if p > 0 else -np.inf
    return float(p - q - np.hypot(one, other))


def ratio_margin(n: ArrayLike, share: ArrayLike, *, deff: float = 1.0, level: float = 0.95) -> Array:
    """Return by which factor, less one, a ratio from a reference sample of n may be off: 0.32 is plus or minus 32%.

    exp(z sqrt(deff/(n p (1 - p)))) - 1, the variance of a log odds; that of the answers of the wave, which are many
    more, is left out.

    >>> ratio_margin(400, 0.85).round(2).tolist(), ratio_margin(400, 0.85, deff=2).round(2).tolist()
    (0.32, 0.47)
    """
    n, p = np.asarray(n, float), np.asarray(share, float)
    _between(p, level, deff)
    return np.asarray(np.expm1(float(ndtri((1 + level) / 2)) * np.sqrt(deff / (n * p * (1 - p)))))


def reference_size(
    share: float,
    *,
    margin: float | None = None,
    ratio: float | None = None,
    deff: float = 1.0,
    response: float = 1.0,
    level: float = 0.95,
    power: float = 0.8,
) -> int:
    """Compute how many to draw by chance, to know the ratio to plus or minus `margin` or to tell `ratio` from 1.

    z^2 deff/(p (1 - p) log(1 + margin)^2); or (z of the level + z of the power)^2 deff/(p (1 - p) log(G)^2), so that
    with probability `power` the limits at G exclude 1: a two-sided test of a log odds, the answers of the wave being
    many more. Divided by the share `response` of those drawn that answers. Raises BadMethod unless exactly one of
    margin and ratio is given, margin above 0, ratio above 1.

    >>> reference_size(0.85, ratio=1.25), reference_size(0.85, margin=0.32), reference_size(0.85, margin=0.47, deff=2)
    (1237, 391, 406)
    """
    if (margin is None) == (ratio is None):
        raise BadMethod(N_("give a margin or a ratio, one of the two"))
    _between(np.asarray(share, float), level, deff)
    if not 0 < response <= 1 or not 0 < power < 1:
        raise BadMethod(N_("a response rate lies above 0 and is at most 1, a power lies between 0 and 1"))
    if not (margin or 0) >= 0 or not np.isfinite(far := 1 + margin if margin is not None else ratio or 0) or far <= 1:
        raise BadMethod(N_("a margin lies above 0, a response ratio above 1"))
    z = float(ndtri((1 + level) / 2)) + (0.0 if margin is not None else float(ndtri(power)))
    n = z**2 * deff / (share * (1 - share) * np.log(far) ** 2)
    return int(np.ceil(n / response - 1e-9))


def _between(share: Array, level: float, deff: float) -> None:
    if not ((share > 0) & (share < 1)).all() or not 0 < level < 1 or not deff > 0:
        raise BadMethod(N_("a share and a level lie between 0 and 1, and a design effect above 0"))
