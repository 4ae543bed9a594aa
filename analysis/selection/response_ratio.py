"""Bounded selection: what a share may be if satisfied people answer so many times as often as others.

G = P(answers | satisfied) / P(answers | not satisfied) is a ratio of response probabilities. Among those who answer the
odds of being satisfied are G times the odds among all, and nothing in the answers tells G: these are trials, not
corrections. P. M. Aronow and D. K. K. Lee, Interval estimation of population means under unknown but bounded
probabilities of sample selection, Biometrika 100 (2013) 235-240, for an answer of two values.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.errors import N_, BadMethod

Array = NDArray[np.float64]
RATIOS = (1.25, 1.5)


def checked_ratios(ratios: ArrayLike) -> Array:
    """Return response ratios as floats; raises BadMethod unless each is a finite number of 1 or more."""
    found = np.asarray(ratios, dtype=float)
    wrong = ~(np.isfinite(found) & (found >= 1))
    if wrong.any():
        raise BadMethod(
            N_("a response ratio is 1 or more: how many times as likely to answer; {given} is not"),
            given=float(found[wrong].flat[0]),
        )
    return found


def selected_share(share: ArrayLike, ratio: ArrayLike) -> Array:
    """Compute p(G) = p/(p + G (1 - p)), the share among all if p is that of those who answer and G their ratio.

    `share` and `ratio` are any shapes that broadcast; shares lie in [0, 1], ratios above 0 (below 1: those who are not
    satisfied answer more often). NaN stays NaN. 0 and 1 stay: nobody met the others, whatever G is.

    >>> selected_share(0.85, [1, 1.25, 1.5, 1 / 1.5]).round(3).tolist()
    [0.85, 0.819, 0.791, 0.895]
    """
    p, g = np.asarray(share, float), np.asarray(ratio, float)
    return np.asarray(p / (p + g * (1 - p)))


def selection_band(low: ArrayLike, high: ArrayLike, ratio: ArrayLike, *, step: float = 0.0) -> tuple[Array, Array]:
    """Return [L/(L + G (1 - L)), U/(U + (1 - U)/G)]: where the share of all lies if the ratio is G or less, either way.

    `low`, `high` are the limits L, U of any interval, `ratio` is G, in shapes that broadcast. `step` is that to which
    the limits were rounded (0.001 for 84.6%): they are moved out by half of it, so that the band holds the one of the
    unrounded limits, and the one that is made class by class (`analysis.selection.class_bands`). Raises BadMethod for
    a ratio below 1.

    >>> [round(float(limit), 4) for limit in selection_band(0.846, 0.855, 1.5)]
    [0.7855, 0.8984]
    """
    g = checked_ratios(ratio)
    low = np.clip(np.asarray(low, float) - step / 2, 0, 1)
    high = np.clip(np.asarray(high, float) + step / 2, 0, 1)
    return selected_share(low, g), selected_share(high, 1 / g)


def odds_ratio(one: ArrayLike, other: ArrayLike) -> Array:
    """Return the odds of one share over those of another; infinite or 0 where a share is 0 or 1, NaN where unknown.

    >>> odds_ratio([0.9, 0.9, 1.0], [0.8, 0.9, 0.8]).round(2).tolist()
    [2.25, 1.0, inf]
    """
    from scipy.special import logit  # here: pages that show bands of a released table start without SciPy

    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.asarray(np.exp(logit(np.asarray(one, float)) - logit(np.asarray(other, float))))


def tipping_ratio(low: ArrayLike, high: ArrayLike, target: ArrayLike) -> Array:
    """Return the G at which "above the target", or "below it", can no longer be said.

    Above, where the lower limit L lies over the target T: p(G) of L is T at G = odds(L)/odds(T). Below, where the upper
    limit U lies under it: G = odds(T)/odds(U), those who are not satisfied answering G times as often. NaN where the
    interval holds the target, so that nothing is said. `low`, `high`, `target` in shapes that broadcast.

    >>> tipping_ratio([0.846, 0.78, 0.60], [0.855, 0.82, 0.70], 0.8).round(2).tolist()
    [1.37, nan, 1.71]
    """
    low, high, target = (np.asarray(each, float) for each in (low, high, target))
    if ((target <= 0) | (target >= 1)).any():
        raise BadMethod(N_("a target lies between 0 and 1, and {given} does not"), given=float(np.ravel(target)[0]))
    above, below = odds_ratio(low, target), odds_ratio(target, high)
    return np.where(low > target, above, np.where(high < target, below, np.nan))


def reversal_ratio(one: ArrayLike, other: ArrayLike, part: ArrayLike = 0.0) -> Array:
    """Return the G at which the order of two shares turns round, the ratio in the other being 1.

    The higher turns if in it satisfied people are G times as likely to answer as others *while in the lower they are
    not*: G = odds(higher)/odds(lower); one G for both never turns an order, as p(G) rises with p. Where `one` is a part
    of `other` and stands for the share `part` of it (0 <= part < 1), the other moves along: with rest = (other - part
    one)/(1 - part), they are equal where the part equals the rest, at odds(higher)/odds(lower) of one and the rest.

    >>> reversal_ratio([0.90, 0.75], 0.85).round(3).tolist(), round(float(reversal_ratio(0.90, 0.85, part=0.2)), 3)
    ([1.588, 1.889], 1.746)
    """
    found = odds_ratio(one, rest_share(one, other, part))
    with np.errstate(divide="ignore"):
        return np.maximum(found, 1 / found)


def drift_ratio(shares: ArrayLike) -> float:
    """Return the G at which the slope over equally spaced waves is 0 if the ratio moved steadily between 1 and G.

    Steadily is by equal factors from wave to wave, 1 at the end of the series where shares are lower and G where they
    are higher. For two waves it is `reversal_ratio`. `shares` are those of the waves in their order, each above 0 and
    below 1, at least two; NaN where one is not, or where no G up to e^50 does it.

    >>> [round(drift_ratio(shares), 3) for shares in ([0.80, 0.85], [0.80, 0.83, 0.85, 0.85], [0.85, 0.83, 0.80])]
    [1.417, 1.43, 1.417]
    """
    from scipy.optimize import brentq  # a third of all that `sipas estimate` imports, and it asks for no series

    p = np.asarray(shares, float)
    time = np.arange(len(p)) - (len(p) - 1) / 2
    way = time / np.ptp(time) + 0.5 if time @ p >= 0 else 0.5 - time / np.ptp(time)

    def slope(log_ratio: float) -> float:
        return float(time @ selected_share(p, np.exp(log_ratio * way)))

    if not ((p > 0) & (p < 1)).all() or slope(0.0) * slope(50.0) > 0:
        return float("nan")
    return float(np.exp(brentq(slope, 0.0, 50.0)))


def rest_share(one: ArrayLike, whole: ArrayLike, part: ArrayLike) -> Array:
    """Return the share of everybody who is in the whole and not in the part, which stands for `part` of it.

    Kept within [0, 1], where rounding could take it out of; without a part, it is the whole itself.

    >>> round(float(rest_share(0.9, 0.85, 0.2)), 4)
    0.8375
    """
    one, whole, part = (np.asarray(each, float) for each in (one, whole, part))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.clip((whole - part * one) / (1 - part), 0, 1)


def statement_ratio(reversal: ArrayLike, t: ArrayLike, p: ArrayLike, adjusted: ArrayLike, df: ArrayLike,
                    level: float = 0.95) -> Array:  # fmt: skip
    """Return the G at which "differs" can no longer be said of two shares, the ratio in the other being 1.

    `reversal` is the G at which their order turns round, `t`, `p` and `df` those of their difference, `adjusted` the
    p-value with all statements of the table counted. The log odds ratio is taken as |t| standard errors away from 0, as
    the difference is (test-based limits: O. Miettinen, Estimability and estimation in case-referent studies, American
    Journal of Epidemiology 103, 1976), so that its limit on the side of 0 is reversal ** (1 - q/|t|), q the quantile
    that |t| had to pass. It is above 1 exactly where the table says "differs"; NaN where it does not.

    >>> statement_ratio(1.588, [2.0, 4.0], [0.046, 0.0001], [0.09, 0.0002], 300).round(3).tolist()
    [nan, 1.224]
    """
    from scipy.special import stdtrit

    reversal, t, p, adjusted, df = (np.asarray(each, float) for each in (reversal, t, p, adjusted, df))
    with np.errstate(divide="ignore", invalid="ignore"):
        counted = np.where(adjusted > 0, np.maximum(adjusted / p, 1.0), 1.0)  # how many statements Holm counts here
        q = -stdtrit(df, (1 - level) / (2 * counted))
        found = np.asarray(reversal ** (1 - q / np.abs(t)))
    return np.where((adjusted < 1 - level) & (found >= 1), found, np.nan)
