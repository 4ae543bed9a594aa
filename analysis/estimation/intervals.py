"""Limits for shares and other estimates: arrays in, arrays out, one method per function.

p share, v its design variance, n answers, df degrees of freedom (PSUs minus strata in the domain), q the two-sided
quantile level (1 + level)/2. R's seven methods are those of `svyciprop` in R `survey` 4.5; they break at 0% and 100%.
`wilson_shared_2`, the default, does not: see its docstring.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, betaincinv, expit, logit, ndtri, stdtrit, xlogy

Array = NDArray[Any]
Limits = tuple[Array, Array]

SHARED, SHARED_1 = "wilson_shared_2", "wilson_shared"  # the default, and its version 1
ENOUGH = 5  # siblings, before a design effect is shared with them


def t_quantile(df: Array, q: float) -> Array:
    """Return Student's t quantile; NaN where df < 1. Computed once per distinct df."""
    distinct, places = np.unique(np.asarray(df, dtype=float), return_inverse=True)
    values = np.where(distinct >= 1, stdtrit(np.maximum(distinct, 1), q), np.nan)
    return values[places].reshape(np.shape(df))


def effective_n(p: Array, v: Array) -> Array:
    """Return p (1 - p) / v: the size of a simple random sample with this variance; infinite where v is zero."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return p * (1 - p) / v


def wilson_score(p: Array, m: Array, q: Array) -> Limits:
    """W(p, m, q) = (p + q^2/2m -+ q sqrt(p (1 - p)/m + q^2/4m^2)) / (1 + q^2/m)  (Wilson 1927), within [0, 1].

    >>> [round(float(limit), 4) for limit in wilson_score(np.array(0.9), np.array(100.0), np.array(1.96))]
    [0.8256, 0.9448]
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        half = q * q / m
        middle, reach = p + half / 2, q * np.sqrt(p * (1 - p) / m + half / (4 * m))
        low, high = (middle - reach) / (1 + half), (middle + reach) / (1 + half)
    low, high = np.where(p == 0, np.where(np.isnan(low), low, 0), low), np.where(p == 1, high * 0 + 1, high)
    return np.clip(low, 0, 1), np.clip(high, 0, 1)


def mean_t(p: Array, v: Array, df: Array, q: float) -> Limits:
    """Return p -+ t(df) sqrt(v)."""
    reach = t_quantile(df, q) * np.sqrt(v)
    return p - reach, p + reach


def logit_t(p: Array, v: Array, df: Array, q: float) -> Limits:
    """Return expit(logit p -+ t(df) sqrt(v) / (p (1 - p)))."""
    with np.errstate(divide="ignore", invalid="ignore"):
        centre, reach = logit(p), t_quantile(df, q) * np.sqrt(v) / (p * (1 - p))
        return expit(centre - reach), expit(centre + reach)


def asin_t(p: Array, v: Array, df: Array, q: float) -> Limits:
    """sin^2(asin sqrt p -+ t(df) sqrt(v) / (2 sqrt(p (1 - p)))), the variance-stabilising transformation."""
    with np.errstate(divide="ignore", invalid="ignore"):
        centre, reach = np.arcsin(np.sqrt(p)), t_quantile(df, q) * np.sqrt(v) / (2 * np.sqrt(p * (1 - p)))
        return np.sin(centre - reach) ** 2, np.sin(centre + reach) ** 2


def adjusted_n(p: Array, v: Array, n: Array, df: Array, q: float) -> Array:
    """Return Korn and Graubard's effective n: p (1 - p)/v times (t(n - 1)/t(df))^2."""
    return effective_n(p, v) * (t_quantile(np.maximum(n - 1, 0), q) / t_quantile(df, q)) ** 2


def clopper_pearson(p: Array, m: Array, q: float) -> Limits:
    """Return the exact binomial limits for p m of m (Clopper and Pearson 1934)."""
    with np.errstate(invalid="ignore"):
        hits = p * m
        low = np.where(p <= 0, 0.0, betaincinv(np.maximum(hits, 1e-300), m - hits + 1, 1 - q))
        high = np.where(p >= 1, 1.0, betaincinv(hits + 1, np.maximum(m - hits, 1e-300), q))
    return np.where(np.isnan(m), np.nan, low), np.where(np.isnan(m), np.nan, high)


def beta_r(p: Array, v: Array, rows: Array, df: Array, q: float) -> Limits:
    """Return R's `beta` limits: Korn and Graubard (1998) without a cap, n = the rows that R keeps."""
    return clopper_pearson(p, adjusted_n(p, v, rows, df, q), q)


def likelihood_t(p: Array, v: Array, n: Array, df: Array, q: float) -> Limits:
    """Find where twice the binomial log-likelihood, scaled as Rao and Scott do, falls t(df)^2 below its maximum.

    The scale is p (1 - p)/v times (n - 1)/n. Solved exactly; R interpolates, see `tests.reference.r_likelihood`.
    """
    target = t_quantile(df, q) ** 2 / (2 * effective_n(p, v) * (n - 1) / n)

    def divergence(theta: Array) -> Array:
        return xlogy(p, p / theta) + xlogy(1 - p, (1 - p) / (1 - theta))

    def solve(inner: Array, outer: Array) -> Array:
        for _ in range(60):
            middle = (inner + outer) / 2
            with np.errstate(divide="ignore", invalid="ignore"):
                near = divergence(middle) < target
            inner, outer = np.where(near, middle, inner), np.where(near, outer, middle)
        return (inner + outer) / 2

    zeros, ones = np.zeros_like(p), np.ones_like(p)
    unknown = np.isnan(target) | ~np.isfinite(target)
    return np.where(unknown, np.nan, solve(p, zeros)), np.where(unknown, np.nan, solve(p, ones))


def capped_n(p: Array, v: Array, n: Array) -> Array:
    """Return min(n, p (1 - p)/v); n at 0% and 100%, where v says nothing."""
    inside = (p > 0) & (p < 1)
    return np.where(inside, np.minimum(n, np.nan_to_num(effective_n(p, v), nan=np.inf, posinf=np.inf)), n)


def wilson_neff(p: Array, v: Array, n: Array, df: Array, q: float) -> Limits:
    """Return W(p, min(n, p (1 - p)/v), t(df))."""
    return wilson_score(p, capped_n(p, v, n), t_quantile(df, q))


def kg_n(p: Array, v: Array, n: Array, df: Array, q: float) -> Array:
    """Return min(n, p (1 - p)/v (t(n - 1)/t(df))^2); n at 0% and 100%; NaN inside where df < 1."""
    inside = (p > 0) & (p < 1)
    with np.errstate(invalid="ignore"):
        adjusted = adjusted_n(p, v, n, df, q)
        adjusted = np.where(np.isnan(adjusted), np.nan, np.minimum(n, adjusted))
    return np.where(inside, adjusted, n)


def wilson_kgneff(p: Array, v: Array, n: Array, df: Array, q: float) -> Limits:
    """Return W(p, kg_n, z)."""
    return wilson_score(p, kg_n(p, v, n, df, q), np.full_like(p, ndtri(q)))


def kg_nchs(p: Array, v: Array, n: Array, df: Array, q: float) -> Limits:
    """Return Clopper-Pearson limits on kg_n: the interval behind the NCHS standards (Parker et al. 2017)."""
    return clopper_pearson(p, kg_n(p, v, n, df, q), q)


@dataclass(frozen=True, eq=False)
class DesignEffects:
    """The design effects that a `wilson_shared` interval chooses from, [domains, figures] each.

    own       the figure's; averaged: the mean over its siblings in the domain, `siblings` in number
    parent    the figure's in the smallest enclosing domain with df >= 8; NaN where there is none
    floor     the smallest that is used: 1, or 1 - n/N with population counts
    """

    own: Array
    averaged: Array
    siblings: Array
    parent: Array
    floor: Array


def wilson_shared(
    p: Array, v: Array, n: Array, df: Array, q: float, deffs: DesignEffects, census: NDArray[np.bool_]
) -> tuple[Array, Array, Array]:
    """Compute Wilson limits whose design effect is shared with the sibling figures; return the design effect used too.

    Inside 0 < p < 1, df >= 1: D = (own + averaged)/2 with at least five siblings, else own, never below `floor`; limits
    W(p, n/D, t(df)). With zero variance D = averaged or 1. At 0% and 100%: D = averaged, else `parent`, else 1; limits
    W(p, n/D, z), the far one exactly p. One PSU (df < 1) inside: none. Census: [p, p].
    For pooled figures `own` and `parent` come shrunken (`design_effects`). Measured coverage and reasons: README,
    "The default interval".
    """
    own, averaged, parent = deffs.own, deffs.averaged, deffs.parent
    inside = (p > 0) & (p < 1)
    enough = deffs.siblings >= ENOUGH
    shared = np.where(enough, np.where(v > 0, (own + averaged) / 2, averaged), np.where(own > 0, own, 1.0))
    edge = np.where(enough, averaged, np.where(np.isnan(parent), 1.0, parent))
    used = np.maximum(deffs.floor, np.where(inside, shared, np.maximum(edge, 1.0)))
    with np.errstate(divide="ignore", invalid="ignore"):
        m = n / used
    quantile = np.where(inside, t_quantile(df, q), ndtri(q))
    low, high = wilson_score(p, m, quantile)
    nothing = inside & (df < 1)
    low, high = np.where(nothing, np.nan, low), np.where(nothing, np.nan, high)
    return np.where(census, p, low), np.where(census, p, high), np.where(census | nothing, np.nan, used)


def outer_limit(m: Array, rarer: Array, tail: Array, below: Array | float = 1.0) -> Array:
    """Return the lower limit of the share of the rarer answers, m x rarer of m, by the binomial with the given tail.

    Wilson's limit on this side misses where one or two of them are all there is (L. D. Brown, T. T. Cai, A. DasGupta,
    Statistical Science 16, 2001, section 4.1.1, who take the Poisson limit with twice the tail). Numbers need not be
    whole. A limit that is not `below` a known one is not worked out (infinite): the binomial tells so at a quarter
    of the cost of its inverse, and as a rule of all figures.

    >>> float(outer_limit(np.array(12.0), np.array(1 / 12), np.array(0.05)).round(4))
    0.0043
    """
    hits = m * rarer
    one, other = np.maximum(hits, 1e-12), np.maximum(m - hits, 0) + 1
    with np.errstate(invalid="ignore"):
        wanted = ~(betainc(one, other, below) < tail * (1 - 1e-9))
        found = betaincinv(one, other, tail, out=np.full(np.shape(wanted), np.inf), where=wanted)
        return np.where(rarer > 0, found, 0.0)


def wilson_shared_2(
    p: Array, n: Array, df: Array, q: float, deff: Array, evenness: Array, census: NDArray[np.bool_]
) -> tuple[Array, Array, Array]:
    """Compute Wilson limits W(p, n/D, t(df)) at the design effect D given; return the design effect used too.

    deff      Kish's weighting effect times the clustering effect, not below what weights alone explain
              (`analysis.estimation.clustering_effects.shared_deff`)
    df        degrees of freedom after what uneven weights take (`analysis.estimation.clustering_effects.interval_df`)
    evenness  1 with equal weights. On the side of the nearer edge the limit moves towards `outer_limit`, where that
              lies further out, by the part |2p - 1|: all the way at the edge, not at all at one half. Its tail is
              (2 + evenness)(1 - q), its effective number that of the quantile, n/D (z/t)^2

    At 0% and 100%: z in place of t, the far limit exactly p. One PSU (df < 1) inside: none. Census: [p, p]. Measured
    coverage and reasons: README, "The default interval".
    """
    inside = (p > 0) & (p < 1)
    quantile = np.where(inside, t_quantile(df, q), ndtri(q))
    with np.errstate(divide="ignore", invalid="ignore"):
        m = n / deff
        low, high = wilson_score(p, m, quantile)
        reached = np.where(p < 0.5, low, 1 - high)
        outer = outer_limit(m * (ndtri(q) / quantile) ** 2, np.minimum(p, 1 - p), (2 + evenness) * (1 - q), reached)
        near = np.where(inside, np.abs(2 * p - 1), 0.0)
        low = np.where(p < 0.5, low - near * np.maximum(low - outer, 0), low)
        high = np.where(p > 0.5, high + near * np.maximum(1 - outer - high, 0), high)
    nothing = inside & (df < 1)
    low, high = np.where(nothing, np.nan, low), np.where(nothing, np.nan, high)
    return np.where(census, p, low), np.where(census, p, high), np.where(census | nothing, np.nan, deff)


@dataclass(frozen=True, eq=False)
class Shares:
    """What the formulas of `FORMULAS` read: arrays of one shape.

    p, v, n, df  as at the head of this module
    rows         n of R's `beta`: the rows that R keeps; df_full: degrees of freedom of the whole design
    """

    p: Array
    v: Array
    n: Array
    df: Array
    rows: Array
    df_full: int


Formula = Callable[[Shares, float], Limits]
R_FORMULAS: dict[str, Formula] = {
    "logit": lambda s, q: logit_t(s.p, s.v, s.df, q),
    "likelihood": lambda s, q: likelihood_t(s.p, s.v, s.n, s.df, q),
    "asin": lambda s, q: asin_t(s.p, s.v, s.df, q),
    "beta": lambda s, q: beta_r(s.p, s.v, s.rows, s.df, q),
    "mean": lambda s, q: mean_t(s.p, s.v, s.df, q),
    "xlogit": lambda s, q: logit_t(s.p, s.v, s.df, q),
    "wilson": lambda s, q: wilson_score(s.p, effective_n(s.p, s.v), t_quantile(s.df, q)),
}
OWN_FORMULAS: dict[str, Formula] = {
    "wilson_neff": lambda s, q: wilson_neff(s.p, s.v, s.n, s.df, q),
    "wilson_kgneff": lambda s, q: wilson_kgneff(s.p, s.v, s.n, s.df, q),
    "kg_nchs": lambda s, q: kg_nchs(s.p, s.v, s.n, s.df, q),
    "logit_dffull": lambda s, q: logit_t(s.p, s.v, np.full_like(s.p, s.df_full), q),
}
# a new method is an entry here, its name in `sipas/cli/analyst/estimate.py` and in the manual `estimate`
FORMULAS = R_FORMULAS | OWN_FORMULAS
INTERVALS = (SHARED, *R_FORMULAS, SHARED_1, *OWN_FORMULAS)


def limits(method: str, p: Array, v: Array, n: Array, df: Array, q: float, rows: Array, df_full: int) -> Limits:
    """Return limits by any method of `FORMULAS`, which are all but the shared ones; the rest as in `Shares`."""
    return FORMULAS[method](Shares(p, v, n, df, rows, df_full), q)
