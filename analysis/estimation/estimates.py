"""The table of estimates: arrays of figures, and the words that follow from them, made when they are asked for."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analysis.errors import N_, NotInCells, nearest
from analysis.estimands.estimands import ITEM
from analysis.estimation.few_clusters import FEW_DF
from analysis.estimation.intervals import SHARED, SHARED_1, Array
from analysis.estimation.reliability_flags import mean_reliability, proportion_reliability

FLAGS = {
    "no answers": N_("no answers"),
    "unweighted": N_("unweighted"),
    "census": N_("census"),
    "not all answered": N_("not all answered"),
    "zero variance": N_("zero variance"),
    "one cluster only": N_("one cluster only"),
    "edge": N_("edge"),
    "no standard error": N_("no standard error"),
    "review": N_("review"),
}


HTML_ROWS = 50  # that a notebook shows


def domain_name(domain: Mapping[str, str]) -> str:
    """Return a domain as it is written in a call: `unit=03646, field=land`; everybody has no name."""
    return ", ".join(f"{column}={label}" for column, label in domain.items())


def _html_line(tag: str, cells: Iterable[str]) -> str:
    return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"


@dataclass(frozen=True, eq=False, repr=False)
class Estimates:
    """A table of estimates: arrays [domains, figures], and the words that follow from them.

    domains   for each domain its columns and labels; the first is the whole: ((), ())
    of, kinds the figures, and whether each is an item, a factor or the whole
    value     share between 0 and 1 (or score); variance its design variance; NaN where it does not exist
    n         people who gave at least one answer that counts; answers: item answers
    rows      for an item those who answered it, else all rows of the domain (R's n)
    df        PSUs minus strata among the domain's respondents
    deff      variance over that of a simple random sample of n out of N = sum of weights, s^2 (1 - n/N)/n; n counts
              answers, so that a factor of one item has its item's; without the factor 1 - n/N where N is not known:
              without weights, and where they add up to less than 2 n (`Weights.relative`)
    low, high the interval; used: the design effect inside it, siblings: over how many figures
    kish      Kish's weighting effect; df_weighted: degrees of freedom after what uneven weights take
    census    everybody was counted, and (of shares) all of them answered; partial: counted all, not all answered
    tested    the variance that tests of equality use: design effect of `wilson_shared_2`, share of the enclosing domain
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
    kish: Array
    df_weighted: Array
    tested: Array
    census: NDArray[np.bool_]
    partial: NDArray[np.bool_]
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
        """shown, note, review or hidden (`analysis.estimation.reliability_flags`); None without answers."""
        if self.share:
            counted = self.counted.astype(float)
            kish = None if self.interval == SHARED_1 else self.kish
            words = proportion_reliability(self.value, self.variance, counted, self.df, self.positive, self.n, kish)
        else:
            words = mean_reliability(self.value, self.variance, self.counted.astype(float), self.df)
        words[self.census & (self.counted > 0)] = "shown"
        words[self.partial & (words == "shown")] = "note"
        return words

    def row(self, of: str, **domain: str) -> dict[str, Any]:
        """Return one record: `row("overall")`, `row("q01", unit="03646")`."""
        if of not in self.of:
            raise NotInCells(
                N_("there is no item or factor {names}; known are {known}"), names=of, known=", ".join(self.of)
            )
        wanted = {column: str(label) for column, label in domain.items()}
        for place, (columns, labels) in enumerate(self.domains):
            if dict(zip(columns, labels, strict=True)) == wanted:
                return self._record(place, self.of.index(of))
        raise NotInCells(
            N_("there is no domain {domain} among the estimates; the nearest are {known}"),
            domain=domain_name(wanted),
            known=nearest(
                domain_name(wanted), (domain_name(dict(zip(*each, strict=True))) for each in self.domains if each[0])
            ),
        )

    def __repr__(self) -> str:
        return f"Estimates({len(self.of)} figures in {len(self.domains)} domains, {self.scoring}, {self.interval})"

    def _repr_html_(self) -> str:
        """Return the first rows as a table, for a notebook: figures with their interval and what to beware of."""
        head = ("domain", "of", "estimate", f"{100 * self.level:g}% interval", "n", "deff", "reliability", "flags")
        places = [(d, m) for d in range(len(self.domains)) for m in range(len(self.of))]
        lines = [_html_line("th", head)] + [
            _html_line("td", self._html_cells(self._record(*each))) for each in places[:HTML_ROWS]
        ]
        left = len(places) - HTML_ROWS
        more = f"<p>{left} more rows: records() or to_arrow()</p>" if left > 0 else ""
        return f"<table>{''.join(lines)}</table>{more}"

    def _html_cells(self, row: dict[str, Any]) -> list[str]:
        def shown(value: float | None) -> str:
            return "–" if value is None else f"{100 * value:.1f}%" if self.share else f"{value:.4g}"

        return [
            domain_name(row["domain"]), row["of"], shown(row["estimate"]),
            f"{shown(row['low'])} – {shown(row['high'])}", str(row["n"]),
            "–" if row["deff"] is None else f"{row['deff']:.2f}", row["reliability"] or "–", "; ".join(row["flags"]),
        ]  # fmt: skip

    def records(self) -> list[dict[str, Any]]:
        """Return all rows as plain dictionaries, domain by domain; what does not exist is None."""
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
            "kish": _known(self.kish[d, m]) if self.counted[d, m] else None,
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
        if self.interval not in (SHARED, SHARED_1) or np.isnan(self.used[d, m]):
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
            flags += ["no standard error"] if np.isnan(self.variance[d, m]) else []
        if self.partial[d, m]:
            flags.append("not all answered")
        if self.df[d, m] < FEW_DF and not self.census[d, m]:
            flags.append("review")
        return flags + (["unweighted"] if self.unweighted else [])

    def to_arrow(self) -> pa.Table:
        """Return the same rows as an Arrow table; domain columns first, empty where a domain does not use them."""
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
            ("kish", np.where(empty, np.nan, self.kish)),
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
            "kish",
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
