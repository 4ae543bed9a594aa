"""Bounded selection class by class: bands of all figures from their cells, without a second pass over the data.

If the ratio holds within every class (post-stratum, or stratum where nothing was calibrated), the share of all is
sum W_c p_c/(p_c + G (1 - p_c)), W_c a class's part of the figure's denominator. p(G) is convex in p for G > 1, so this
lies above p(G) of the whole share, and the band lies inside the one from share and limits alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.errors import N_, BadMethod
from analysis.estimands.estimands import pooled
from analysis.estimands.scoring import SHARE, Scoring
from analysis.estimation.estimates import Estimates
from analysis.selection.response_ratio import RATIOS, checked_ratios, odds_ratio, selected_share, selection_band
from analysis.tabulation.cells import Cells
from analysis.tabulation.grouped_sums import group_matrix, sum_runs
from analysis.tabulation.key_encoding import combine_keys, dense_rank, first_of_each
from analysis.variance.linearization import BLOCK
from analysis.variance.weighted_sample import WeightedSample
from analysis.weighting.weights import Weights

Array = NDArray[np.float64]
STEPS, DIGITS = 100, 1e-13  # the curve is nearly straight in the log odds: 3 or 4 steps give all digits as a rule


@dataclass(frozen=True, eq=False)
class SelectionBands:
    """What each figure would be at the ratios asked for, arrays [ratios, domains, figures]; NaN where there is none.

    ratios     the response ratios G, 1 or more
    value      the share if satisfied people answer G times as often as others
    low, high  the interval at G: the lower limit if they do, the upper one if the others do
    tipping    [domains, figures]: the G at which a figure's statement about `target` turns; NaN where it says nothing
    """

    ratios: tuple[float, ...]
    value: Array
    low: Array
    high: Array
    target: float | None = None
    tipping: Array | None = None


def class_bands(
    cells: Cells,
    weights: Weights | None,
    estimates: Estimates,
    ratios: Sequence[float] = RATIOS,
    *,
    target: float | None = None,
    scoring: Scoring = SHARE,
) -> SelectionBands:
    """Compute the bands of a table of shares from the cells and weights that it was made of, class by class.

    A limit is met by one ratio t in all classes, F(t) = sum W_c p_c(t) = L, and F(t G) is the limit at G; so at G = 1
    the band is the interval, by whichever method it was made. The class shares are drawn together around the figure
    until they vary as much as they would without chance (T. A. Louis, Estimating a population of parameter values using
    Bayes and empirical Bayes methods, Journal of the American Statistical Association 79, 1984): shares of ten answers
    each would make the band too narrow. `target` adds the tipping ratios against it. Raises BadMethod for figures that
    are no pooled shares, and for ratios below 1.

    >>> import pyarrow as pa
    >>> from analysis import Codebook, Design, estimate, tabulate
    >>> table = pa.table({"psu": [1, 1, 2, 2, 3, 3], "q": [5, 4, 2, 5, 3, 4]})
    >>> cells = tabulate(table, codebook=Codebook.plain(["q"]), design=Design(psus="psu"))
    >>> bands = class_bands(cells, None, estimate(cells), [1, 1.5])
    >>> bands.value[:, 0, 0].round(3).tolist(), bands.low[:, 0, 0].round(3).tolist()
    ([0.667, 0.571], [0.112, 0.078])
    """
    known = checked_ratios(ratios)
    if not estimates.share:
        raise BadMethod(N_("self-selection is tried on shares; {scoring} is none"), scoring=estimates.scoring)
    sample = WeightedSample.of(cells, weights)
    bands = np.full((3, len(known), *estimates.value.shape), np.nan)
    tipping = None if target is None else np.full(estimates.value.shape, np.nan)
    width = max(1, BLOCK // max(1, len(cells)))
    for start in range(0, len(estimates.of), width):
        columns = slice(start, start + width)
        for rows, curve in _curves(sample, estimates, columns, scoring):
            limits = estimates.low[rows, columns], estimates.high[rows, columns]
            bands[:, :, rows, columns] = _bands(curve, limits, known)
            if tipping is not None and target is not None:
                tipping[rows, columns] = _tipping(curve, limits, target)
    value, low, high = bands
    return SelectionBands(tuple(known.tolist()), value, low, high, target, tipping)


@dataclass(frozen=True, eq=False)
class ClassCurve:
    """The share of a family's figures as a function of one ratio in all classes.

    part     [classes of domains, figures]: the class's part of the figure's denominator in its domain
    against  the odds of not being satisfied in the class; share: the figures [domains, figures]
    starts   where each domain's classes start; domain: whose each class is
    """

    part: Array
    against: Array
    share: Array
    starts: NDArray[np.int64]
    domain: NDArray[np.int64]

    def at(self, ratio: Array) -> Array:
        """Return F(ratio) [domains, figures]."""
        return np.clip(sum_runs(self.part / (1 + self.against * ratio[self.domain]), self.starts), 0, 1)

    def ratio_of(self, limit: Array) -> Array:
        """Find t with F(t) = limit; NaN where a share or the limit is 0, 1 or unknown.

        Newton's method, log odds of F against log t, begun where all classes are alike; what leaves the bracket is
        halved. Each figure stops by itself, so that it does not depend on its company.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            log = np.log(odds_ratio(self.share, limit))
            inside = np.isfinite(log)
            whole = log + np.log((1 - self.share) / self.share)
            least = whole - np.log(np.maximum.reduceat(self.against, self.starts))
            most = whole - np.log(np.minimum.reduceat(self.against, self.starts))
            wanted = np.log(limit / (1 - limit))
            moving = inside.copy()
            for _ in range(STEPS):
                shares = 1 / (1 + self.against * np.exp(log)[self.domain])
                f = sum_runs(self.part * shares, self.starts)
                slope = sum_runs(self.part * shares * (1 - shares), self.starts) / (f * (1 - f))
                apart = np.log(f / (1 - f)) - wanted
                least, most = np.where(apart >= 0, log, least), np.where(apart <= 0, log, most)
                new = log + apart / slope
                new = np.where((new >= least) & (new <= most), new, (least + most) / 2)
                log, moving = np.where(moving, new, log), moving & (np.abs(new - log) > DIGITS)
                if not moving.any():
                    break
            return np.where(inside, np.exp(log), np.nan)


def _bands(curve: ClassCurve, limits: tuple[Array, Array], ratios: Array) -> Array:
    """Value, low and high [3, ratios, domains, figures], never outside the band from share and limits alone."""
    below, above = (curve.ratio_of(limit) for limit in limits)
    ones = np.ones_like(curve.share)
    found = []
    for g in ratios:
        least, most = selection_band(*limits, g)
        low, high = curve.at(below * g), curve.at(above / g)
        found.append((
            np.where(np.isnan(curve.share), np.nan, np.maximum(curve.at(ones * g), selected_share(curve.share, g))),
            np.where(np.isnan(low), least, np.maximum(low, least)),
            np.where(np.isnan(high), most, np.minimum(high, most)),
        ))  # fmt: skip
    return np.array(found).swapaxes(0, 1)


def _tipping(curve: ClassCurve, limits: tuple[Array, Array], target: float) -> Array:
    """The G at which the limit that clears the target comes to lie on it."""
    at = curve.ratio_of(np.full_like(curve.share, target))
    low, high = limits
    above = np.where(np.isfinite(at), at / curve.ratio_of(low), odds_ratio(low, target))
    below = np.where(np.isfinite(at), curve.ratio_of(high) / at, odds_ratio(target, high))
    return np.where(low > target, above, np.where(high < target, below, np.nan))


def _curves(
    sample: WeightedSample, estimates: Estimates, columns: slice, scoring: Scoring
) -> Iterator[tuple[slice, ClassCurve]]:
    """The curve of each family of domains, and its rows in the table; cells are summed to classes once for all."""
    cells = sample.cells
    figures = sample.weighted(pooled(cells, estimates.of[columns], scoring))
    keys = tuple(dict.fromkeys(column for names, _ in estimates.domains for column in names))
    group, size, first = _grouped([_classes(sample), *(cells.code(key) for key in keys)], len(cells))
    weighted = group_matrix(group, size, sample.weights.final)
    y, x, n = weighted @ figures.y, weighted @ figures.x, group_matrix(group, size) @ figures.x
    names = [domain for domain, _ in estimates.domains]
    for family in dict.fromkeys(names):
        rows = slice(names.index(family), len(names) - names[::-1].index(family))
        codes = [cells.code(key)[first] for key in family]
        inside = np.flatnonzero(np.all([code >= 0 for code in codes], axis=0)) if codes else np.arange(size)
        domain, domains, _ = _grouped([code[inside] for code in codes], len(inside))
        klass, classes, one = _grouped([domain, _classes(sample)[first][inside]], len(inside))
        summed = group_matrix(klass, classes)
        if domains != rows.stop - rows.start:
            raise BadMethod(N_("these estimates were made from other cells"))
        y_, x_, n_ = (summed @ each[inside] for each in (y, x, n))
        yield rows, _curve(y_, x_, n_, domain[one], _of(estimates, rows, columns))


def _of(estimates: Estimates, rows: slice, columns: slice) -> tuple[Array, Array]:
    """The shares, and the variance of a single answer's worth of them: p (1 - p) times a design effect of 1 or more."""
    share, counted = estimates.value[rows, columns], estimates.counted[rows, columns]
    return share, np.maximum(share * (1 - share), estimates.variance[rows, columns] * counted)


def _curve(y: Array, x: Array, n: Array, domain: NDArray[np.int64], figures: tuple[Array, Array]) -> ClassCurve:
    """Class shares drawn together: what their spread owes to chance is taken out."""
    share, noise = figures
    starts = np.searchsorted(domain, np.arange(len(share)))
    with np.errstate(divide="ignore", invalid="ignore"):
        part = x / sum_runs(x, starts)[domain]
        mean = share[domain]
        apart = np.where(x > 0, y / x - mean, 0.0)
        spread = sum_runs(part * apart**2, starts)
        chance = noise * sum_runs(np.where(n > 0, part * (1 - part) / n, 0.0), starts)
        kept = np.sqrt(np.where(spread > 0, np.maximum(1 - chance / spread, 0), 0))
        if (np.abs(sum_runs(part * apart, starts)) > 1e-6).any():
            raise BadMethod(N_("class by class needs figures that are pooled over answers, with the weights they have"))
        inner = np.clip(mean + kept[domain] * apart, 0, 1)
        return ClassCurve(part, (1 - inner) / inner, share, starts, domain)


def _classes(sample: WeightedSample) -> NDArray[np.int64]:
    """The class of each cell: its category of the calibration, or its stratum."""
    calibration = sample.weights.calibration
    return sample.counts.stratum if calibration is None else calibration.block


def _grouped(codes: Sequence[NDArray[Any]], rows: int) -> tuple[NDArray[np.int64], int, NDArray[np.int64]]:
    """Number the combinations of codes (-1 = empty) in their order: of each row, how many, and a row of each."""
    if not codes:
        return np.zeros(rows, dtype=np.int64), 1, np.zeros(1, dtype=np.int64)
    key, span = combine_keys(codes, [int(code.max(initial=0)) + 1 for code in codes], rows)
    ids, size = dense_rank(key, span) if rows else (key, 0)
    return ids, size, first_of_each(ids, size)
