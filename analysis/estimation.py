"""Estimates: every item, factor and the whole, in every domain asked for, with what a reader needs to doubt them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from operator import add
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analysis.cells import Cells
from analysis.errors import N_, BadMethod, NotInCells, one_of
from analysis.intervals import INTERVALS, Array, limits, mean_t, wilson_shared
from analysis.layout import layout_of
from analysis.measures import ITEM, WHOLE, Measures, Titles, names, pooled
from analysis.moments import BLOCK, Moments, joined, moments
from analysis.residuals import projection
from analysis.rollup import averaged, parts_of
from analysis.scoring import SHARE, Scoring, scoring_named
from analysis.standards import FEW_DF, words_for_means, words_for_shares
from analysis.variance import Runs, runs_of
from analysis.weights import Weights, design_weights

VARIANCES = ("linearised", "jackknife")
SIDES = ("both", "lower", "upper")
FLAGS = {
    "no answers": N_("no answers"),
    "unweighted": N_("unweighted"),
    "census": N_("census"),
    "zero variance": N_("zero variance"),
    "one cluster only": N_("one cluster only"),
    "edge": N_("edge"),
    "review": N_("review"),
}


@dataclass(frozen=True, eq=False)
class Estimates:
    """A table of estimates: arrays [domains, figures], and the words that follow from them.

    domains   for each domain its columns and labels; the first is the whole: ((), ())
    of, kinds the figures, and whether each is an item, a factor or the whole
    value     share between 0 and 1 (or score); variance its design variance; NaN where it does not exist
    n         people who gave at least one answer that counts; answers: item answers
    rows      for an item those who answered it, else all rows of the domain (R's n)
    df        PSUs minus strata among the domain's respondents
    deff      variance over that of a simple random sample of n out of N = sum of weights, s^2 (1 - n/N)/n; n counts
              answers, so that a factor of one item has its item's; without weights, without the factor 1 - n/N
    low, high the interval; used: the design effect inside it, siblings: over how many figures
    """

    domains: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]
    of: tuple[str, ...]
    kinds: tuple[str, ...]
    value: Array
    variance: Array
    n: NDArray[np.int64]
    rows: NDArray[np.int64]
    answers: NDArray[np.int64]
    positive: Array
    df: NDArray[np.int64]
    deff: Array
    deff_wr: Array
    low: Array
    high: Array
    used: Array
    siblings: NDArray[np.int64]
    census: NDArray[np.bool_]
    level: float
    interval: str
    side: str
    scoring: str
    share: bool
    unweighted: bool

    def __len__(self) -> int:
        return self.value.size

    @property
    def se(self) -> Array:
        """Standard errors."""
        return np.sqrt(self.variance)

    @cached_property
    def counted(self) -> NDArray[np.int64]:
        """The number of answers behind each share: respondents for items, item answers when pooled."""
        return np.where(np.array([kind == ITEM for kind in self.kinds]), self.n, self.answers)

    @cached_property
    def reliability(self) -> NDArray[np.object_]:
        """shown, note, review or hidden (`analysis.standards`); None without answers."""
        if self.share:
            counted = self.counted.astype(float)
            words = words_for_shares(self.value, self.variance, counted, self.df, self.positive, self.n)
        else:
            words = words_for_means(self.value, self.variance, self.counted.astype(float), self.df)
        words[self.census & (self.counted > 0)] = "shown"
        return words

    def row(self, of: str, **domain: str) -> dict[str, Any]:
        """One record: `row("overall")`, `row("q01", unit="03646")`."""
        if of not in self.of:
            raise NotInCells(
                N_("there is no item or factor {names}; known are {known}"), names=of, known=", ".join(self.of)
            )
        for place, (columns, labels) in enumerate(self.domains):
            if dict(zip(columns, labels, strict=True)) == domain:
                return self._record(place, self.of.index(of))
        raise NotInCells(N_("there is no domain {domain} among the estimates"), domain=str(domain))

    def records(self) -> list[dict[str, Any]]:
        """All rows as plain dictionaries, domain by domain; what does not exist is None."""
        return list(self._records())

    def _records(self) -> Iterator[dict[str, Any]]:
        for place in range(len(self.domains)):
            for figure in range(len(self.of)):
                yield self._record(place, figure)

    def _record(self, d: int, m: int) -> dict[str, Any]:
        columns, labels = self.domains[d]
        se = float(self.variance[d, m]) ** 0.5
        return {
            "domain": dict(zip(columns, labels, strict=True)),
            "of": self.of[m],
            "n": int(self.n[d, m]),
            "answers": int(self.answers[d, m]),
            "estimate": _known(self.value[d, m]),
            "se": _known(se),
            "df": int(self.df[d, m]) if self.counted[d, m] else None,
            "deff": _known(self.deff[d, m]),
            "low": _known(self.low[d, m]),
            "high": _known(self.high[d, m]),
            "method": self._method(d, m),
            "level": self.level,
            "reliability": self.reliability[d, m],
            "flags": self._flags(d, m),
        }

    def _method(self, d: int, m: int) -> str | None:
        if not self.counted[d, m]:
            return None
        if self.census[d, m]:
            return "census"
        if self.interval != "wilson_shared" or np.isnan(self.used[d, m]):
            return self.interval
        words = [self.interval, f"deff={self.used[d, m]:.3g}"]
        if self.siblings[d, m] >= 5:
            words.append(f"{self.kinds[m]}s={self.siblings[d, m]}")
        return " ".join(words + (["edge"] if self.value[d, m] in (0, 1) else []))

    def _flags(self, d: int, m: int) -> list[str]:
        if not self.counted[d, m]:
            return ["no answers"] + (["unweighted"] if self.unweighted else [])
        inside = not self.share or 0 < self.value[d, m] < 1
        if self.census[d, m]:
            flags = ["census"]
        elif self.df[d, m] < 1:
            flags = ["one cluster only"] + ([] if inside else ["edge"])
        elif not inside:
            flags = ["edge"]
        else:
            flags = ["zero variance"] if self.variance[d, m] == 0 else []
        if self.df[d, m] < FEW_DF and not self.census[d, m]:
            flags.append("review")
        return flags + (["unweighted"] if self.unweighted else [])

    def to_arrow(self) -> pa.Table:
        """The same rows as an Arrow table; domain columns first, empty where a domain does not use them."""
        columns = tuple(dict.fromkeys(column for names, _ in self.domains for column in names))
        many = len(self.of)
        table: dict[str, pa.Array] = {}
        for column in columns:
            labels = [dict(zip(names, values, strict=True)).get(column) for names, values in self.domains]
            table[_free(column, table)] = pa.array(labels, pa.string()).take(np.repeat(np.arange(len(labels)), many))
        table["of"] = pa.array(list(self.of) * len(self.domains))
        empty = self.counted == 0
        for name, values in (
            ("n", self.n),
            ("answers", self.answers),
            ("estimate", self.value),
            ("se", self.se),
            ("df", self.df),
            ("deff", self.deff),
            ("low", self.low),
            ("high", self.high),
        ):
            mask = empty if name == "df" else np.isnan(values) if values.dtype.kind == "f" else np.zeros_like(empty)
            table[name] = pa.array(np.ascontiguousarray(values).reshape(-1), mask=mask.reshape(-1))
        places = [(d, m) for d in range(len(self.domains)) for m in range(many)]
        table["method"] = pa.array([self._method(d, m) for d, m in places], pa.string())
        table["level"] = pa.array(np.full(len(self), self.level))
        table["reliability"] = pa.array(list(self.reliability.reshape(-1)), pa.string())
        table["flags"] = pa.array(["; ".join(self._flags(d, m)) for d, m in places], pa.string())
        return pa.table(table)


def _free(name: str, table: dict[str, pa.Array]) -> str:
    return (
        f"domain.{name}"
        if name in table
        or name
        in {
            "of",
            "n",
            "answers",
            "estimate",
            "se",
            "df",
            "deff",
            "low",
            "high",
            "method",
            "level",
            "reliability",
            "flags",
        }
        else name
    )


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def estimate(
    cells: Cells,
    weights: Weights | None = None,
    *,
    of: Sequence[str] | None = None,
    by: Sequence[str | Sequence[str]] | None = None,
    scoring: str | Scoring = SHARE,
    rollup: str = "pooled",
    level: float = 0.95,
    interval: str = "wilson_shared",
    variance: str = "linearised",
    side: str = "both",
) -> Estimates:
    """Estimate every item, factor and the whole in every family of domains.

    weights   made from the same cells; None = the design's own weights
    of        some figures only: item codes, factors, "overall"
    by        families of domains; None = those the cells were tabulated for. The whole is always there
    scoring   what an answer is worth: a rule or its name (`analysis.scoring`); the default is the share of satisfied
    rollup    how factors and the whole come from items: `pooled`, `mean-of-items`, `mean-of-factors`
    interval  for shares one of INTERVALS; other scores always have t(df) limits
    variance  `linearised`, or `jackknife`: leave out one PSU at a time and calibrate again; to be preferred with
              calibrated weights and few degrees of freedom, where the linearised variance is too small
    side      `both`, or a one-sided limit: `lower`, `upper`

    Pooled, factors and the whole are sum(w y)/sum(w x) over the answers to their items, a ratio.

    >>> import pyarrow as pa
    >>> from analysis import Codebook, Design, tabulate
    >>> table = pa.table({"psu": [1, 1, 2, 2, 3, 3], "w": [1.0, 2, 1, 2, 1, 2], "q": [5, 4, 2, 5, 3, 4]})
    >>> cells = tabulate(table, codebook=Codebook.plain(["q"]), design=Design(psus="psu", weights="w"))
    >>> row = estimate(cells).row("q")
    >>> round(row["estimate"], 6), round(row["se"], 6), row["df"]
    (0.777778, 0.111111, 2)
    """
    rule = scoring_named(scoring) if isinstance(scoring, str) else scoring
    chosen = names(cells)[0] if of is None else tuple(of)
    width = len(chosen)
    if variance == "linearised" and rollup == "pooled":  # where rows are cells, a few figures at a time
        width = max(1, BLOCK // max(1, len(cells)))
    return _figures(
        cells,
        weights,
        (pooled(cells, chosen[start : start + width], rule) for start in range(0, max(1, len(chosen)), width)),
        by=by,
        level=level,
        interval=interval,
        variance=variance,
        side=side,
        means=parts_of(cells.codebook, rollup),
        scoring=rule,
    )


def figures(
    cells: Cells,
    weights: Weights | None,
    measures: Measures,
    *,
    by: Sequence[str | Sequence[str]] | None = None,
    level: float = 0.95,
    interval: str = "wilson_shared",
    variance: str = "linearised",
    side: str = "both",
    means: Mapping[str, Sequence[str]] | None = None,
    scoring: Scoring = SHARE,
) -> Estimates:
    """The same for any measures (`analysis.measures`): numbers, ratios, totals, persons' own means, categories.

    means  figures that are the plain mean of others, scored by `scoring` (`analysis.rollup`)
    """
    return _figures(
        cells, weights, [measures], by=by, level=level, interval=interval, variance=variance, side=side,
        means=means or {}, scoring=scoring,
    )  # fmt: skip


def _figures(
    cells: Cells,
    weights: Weights | None,
    parts: Iterable[Measures],
    *,
    by: Sequence[str | Sequence[str]] | None,
    level: float,
    interval: str,
    variance: str,
    side: str,
    means: Mapping[str, Sequence[str]],
    scoring: Scoring,
) -> Estimates:
    """Figures in parts, each made only when its turn comes; means and the jackknife want a single part."""
    one_of("interval", interval, INTERVALS)
    one_of("variance", variance, VARIANCES)
    one_of("side", side, SIDES)
    if not 0 < level < 1:
        raise BadMethod(N_("the level must lie between 0 and 1, and {level} does not"), level=level)
    weights = design_weights(cells) if weights is None else weights
    if weights.cells is not cells and len(weights.final) != len(cells):
        raise BadMethod(N_("these weights were made for other cells"))
    layout = layout_of(cells)
    families = (
        cells.by
        if by is None
        else tuple(dict.fromkeys([(), *((family,) if isinstance(family, str) else tuple(family) for family in by)]))
    )
    runs = [runs_of(cells, layout, family) for family in families]
    linearised = variance == "linearised"
    project = projection(weights) if linearised else None
    if means and not linearised:
        raise BadMethod(N_("means of figures have the linearised variance only"))
    titles: list[Titles] = []
    blocks: list[Moments] = []
    for measures in parts:
        found = moments(cells, weights, layout, runs, measures, project, linearised)
        if means:
            found = averaged(cells, weights, layout, runs, measures, found, means, scoring, project)
        block = joined(found, axis=0)
        if not linearised:
            from analysis.replicates import jackknife

            block = replace(block, variance=np.concatenate(jackknife(cells, weights, layout, runs, measures)))
        titles.append(measures.titles)
        blocks.append(block)
    whole = reduce(add, titles)
    return _assemble(whole, joined(blocks, axis=1), runs, layout.df, weights, level, interval, side)


def _assemble(
    titles: Titles,
    found: Moments,
    runs: list[Runs],
    df_full: int,
    weights: Weights,
    level: float,
    interval: str,
    side: str,
) -> Estimates:
    cells, kinds, v = weights.cells, titles.kinds, found.variance
    item = np.array([kind == ITEM for kind in kinds])
    counted = np.where(item, found.n, found.answers).astype(float)
    value = np.where(counted > 0, found.value, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        simple = found.spread / counted
        v = np.where(counted > 0, np.where(v < 1e-18 * simple, 0.0, v), np.nan)
        v = np.where(found.census & (counted > 0), 0.0, v)
        if titles.share:
            v = np.where((found.positive == 0) | (found.positive == counted), v * 0, v)
        own = v / simple
        sample = found.spread / (counted - 1)
        finite = np.ones_like(value) if weights.unweighted else 1 - counted / found.answered
        deff_wr = np.where(sample > 0, v / sample, np.nan)
        deff = np.where(finite > 1e-12, deff_wr / finite, np.nan)
    q = level if side != "both" else (1 + level) / 2
    used, siblings = np.full_like(value, np.nan), np.zeros(value.shape, dtype=np.int64)
    if not titles.share:
        interval = "t"
        low, high = mean_t(value, v, found.df, q)
        if titles.total:  # nobody counted: [0, 0] would say that there is nobody; the share at 0 has a limit
            nobody = (found.positive == 0) & (v == 0)
            low, high = np.where(nobody, np.nan, low), np.where(nobody, np.nan, high)
    elif interval == "wilson_shared":
        shared, siblings = _shared(own, value, found.df, kinds)
        borrowed = _borrowed(own, value, found, runs)
        floor = np.ones_like(value)
        if cells.design.fpc:
            with np.errstate(divide="ignore", invalid="ignore"):
                floor = np.clip(np.nan_to_num(1 - found.n / found.mass, nan=1.0), 0, 1)
        low, high, used = wilson_shared(
            value, v, counted, found.df, q, own, shared, siblings, borrowed, floor, found.census & (counted > 0)
        )
    else:
        rows = found.n.astype(float) if weights.calibration is None else np.full(value.shape, float(cells.size))
        low, high = limits(interval, value, v, counted, found.df, q, rows, df_full)
    low, high = np.where(counted > 0, low, np.nan), np.where(counted > 0, high, np.nan)
    if side == "lower":
        high = np.full_like(high, 1.0 if titles.share else np.nan)
    elif side == "upper":
        low = np.full_like(low, 0.0 if titles.share else np.nan)
    return Estimates(
        domains=tuple((run.columns, labels) for run in runs for labels in run.labels),
        of=titles.of,
        kinds=kinds,
        value=value,
        variance=v,
        n=np.where(counted > 0, found.people, 0),  # nobody stands behind a figure without answers
        rows=np.where(counted > 0, found.n, 0),
        answers=found.answers,
        positive=found.positive,
        df=found.df,
        deff=deff,
        deff_wr=deff_wr,
        low=low,
        high=high,
        used=used,
        siblings=siblings,
        census=found.census,
        level=level,
        interval=interval,
        side=side,
        scoring=titles.scoring,
        share=titles.share,
        unweighted=weights.unweighted,
    )


def _shared(own: Array, value: Array, df: NDArray, kinds: tuple[str, ...]) -> tuple[Array, NDArray[np.int64]]:
    """Mean design effect of the figures of the same kind in the domain with 0 < p < 1 and df >= 1, and their number."""
    pooled_deff, number = np.full_like(own, np.nan), np.zeros(own.shape, dtype=np.int64)
    usable = (value > 0) & (value < 1) & (df >= 1) & np.isfinite(own)
    for kind in set(kinds) - {WHOLE}:
        columns = np.flatnonzero([k == kind for k in kinds])
        good = usable[:, columns]
        count = good.sum(1)
        total = np.where(good, own[:, columns], 0.0).sum(1)
        pooled_deff[:, columns] = (total / np.maximum(count, 1))[:, None]
        number[:, columns] = count[:, None]
    return pooled_deff, number


def _borrowed(own: Array, value: Array, found: Moments, runs: list[Runs]) -> Array:
    """The same figure's own design effect in the smallest enclosing domain with df >= 8 and 0 < p < 1; else NaN."""
    borrowed = np.full_like(own, np.nan)
    size = np.full(own.shape, np.inf)
    offsets = np.cumsum([0] + [len(run) for run in runs])
    good = (found.df >= FEW_DF) & (value > 0) & (value < 1) & np.isfinite(own)
    for inner, run in enumerate(runs):
        here = slice(offsets[inner], offsets[inner + 1])
        for outer, wide in enumerate(runs):
            if not set(wide.columns) < set(run.columns):
                continue
            keep = [run.columns.index(column) for column in wide.columns]
            place = {labels: offsets[outer] + d for d, labels in enumerate(wide.labels)}
            home = np.array([place[tuple(labels[k] for k in keep)] for labels in run.labels], dtype=np.int64)
            better = good[home] & (found.n[home] < size[here])
            borrowed[here] = np.where(better, own[home], borrowed[here])
            size[here] = np.where(better, found.n[home], size[here])
    return borrowed
