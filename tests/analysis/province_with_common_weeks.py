"""A simulated province in which counters take in for a department and for themselves, and have good and bad weeks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa

from analysis import SEVERAL, Codebook, estimate, frame_weights, tabulate
from analysis.variance.shared_weeks import week_correlation

KINDS = ("dept", "both", "own")  # a department's field; a field of ward 0 that all take in; what each ward does itself
TIMES = {"dept": 3.0, "both": 0.6, "own": 3.0}  # answers a point and week
BOOK = Codebook.plain(["q"])
FAMILIES = ("unit",)


def code_of(kind: str, point: int) -> tuple[str, str]:
    """Responsible unit and field."""
    return {"dept": ("d", "f"), "both": ("w0", "h"), "own": (f"w{point}", "g")}[kind]


class Province:
    """Counters of uneven size and level; a week's shock is the counter's (`together`), or one for each kind of rows."""

    def __init__(self, rng: np.random.Generator, weeks: int, together: bool, shock: float = 0.12, points: int = 10):
        self.rng, self.weeks, self.together, self.shock, self.points = rng, weeks, together, shock, points
        size = rng.lognormal(0, 0.4, points)
        self.size = size / size.mean()
        self.level = {kind: 0.75 + rng.normal(0, 0.05, points) for kind in KINDS}
        self.frame = {}
        for kind in KINDS:
            for point in range(points):
                for week in range(weeks):
                    key = (*code_of(kind, point), self.month(week))
                    dossiers = 20 * TIMES[kind] * self.size[point] * self.own_part(kind, point)
                    self.frame[key] = self.frame.get(key, 0.0) + dossiers
        self.frame = {key: float(round(dossiers)) for key, dossiers in self.frame.items() if round(dossiers)}

    @staticmethod
    def month(week: int) -> str:
        return f"2026-{1 + week // 4:02}"

    @staticmethod
    def own_part(kind: str, point: int) -> float:
        """Ward 0, the office with both kinds, does most of its work at its own counter."""
        return 2.0 if kind == "own" and point == 0 else 1.0

    def a_wave(self) -> tuple[pa.Table, dict[str, tuple[float, float]]]:
        """Rows of one wave, and the truths of the whole, the department and ward 0: (long run, those who came)."""
        shape = (self.points, self.weeks)
        common = self.rng.normal(0, self.shock, shape)
        columns: dict[str, list] = {name: [] for name in ("unit", "field", "month", "stratum", "psu", "point", "q")}
        sums = {name: np.zeros(3) for name in ("whole", "d", "w0")}
        for kind in KINDS:
            shock = common if self.together else self.rng.normal(0, self.shock, shape)
            share = np.clip(self.level[kind][:, None] + shock, 0.01, 0.99)
            people = TIMES[kind] * self.size * [self.own_part(kind, point) for point in range(self.points)]
            n = self.rng.poisson(np.repeat(people[:, None], self.weeks, 1))
            satisfied = self.rng.binomial(n, share)
            for point in range(self.points):
                unit, field = code_of(kind, point)
                for name in ("whole", *({unit} & sums.keys())):
                    weight = people[point]
                    sums[name] += weight * np.array([self.weeks, self.mean(kind, point), share[point].sum()])
                for week in range(self.weeks):
                    many, place = n[point, week], f"w{point}"
                    apart = kind != "own"
                    values = (unit, field, self.month(week), SEVERAL if apart else place,
                              f"{week}" if apart else f"{place}.{week}", place)  # fmt: skip
                    for column, value in zip(columns, values, strict=False):
                        columns[column] += [value] * many
                    columns["q"] += [5] * satisfied[point, week] + [1] * (many - satisfied[point, week])
        return pa.table(columns), {name: (all_ / w, came / w) for name, (w, all_, came) in sums.items()}

    def mean(self, kind: str, point: int) -> float:
        """The long run's sum over the weeks: shocks are clipped at 0.01 and 0.99, so by numerical integration."""
        z = np.linspace(-5, 5, 2001)
        density = np.exp(-z * z / 2)
        share = np.clip(self.level[kind][point] + self.shock * z, 0.01, 0.99)
        return self.weeks * float((share * density).sum() / density.sum())

    def book(self, correlation: float | None = None) -> Codebook:
        points = [(f"w{point}", f"w{point}.{week}") for point in range(self.points) for week in range(self.weeks)]
        psus = tuple(sorted([*points, *((SEVERAL, f"{week}") for week in range(self.weeks))]))
        columns = {"strata": ("stratum",), "psu": ("psu",)}
        return replace(BOOK, psus=psus, columns=columns, several=(("d", "f"), ("w0", "h")),
                       week_correlation=correlation)  # fmt: skip

    def correlation(self, table: pa.Table) -> float:
        """What `freeze` would write."""
        return week_correlation(table, self.book())

    def figures(self, table: pa.Table, correlation: float | None, **how) -> dict[str, dict]:
        """The rows of the whole, the department and ward 0, weighted to dossiers."""
        cells = tabulate(table, FAMILIES, keep=["field", "month"], codebook=self.book(correlation))
        found = estimate(cells, frame_weights(cells, self.frame), **how)
        return {"whole": found.row("overall"), **{unit: found.row("overall", unit=unit) for unit in ("d", "w0")}}


def measured(weeks: int, together: bool, shock: float, rounds: int, seed: int = 5) -> dict[tuple[str, bool], dict]:
    """Coverage in percent and SE over the root mean square of the errors, by figure and by whether weeks are common.

    Of both truths: the long run over weeks, and those who came in the weeks of this wave.
    """
    province, found = Province(np.random.default_rng(seed), weeks, together, shock), {}
    for _ in range(rounds):
        table, truth = province.a_wave()
        known = province.correlation(table)
        for common in (False, True):
            for name, row in province.figures(table, known if common else None).items():
                numbers = (row["estimate"], row["se"], row["low"], row["high"], *truth[name], known)
                found.setdefault((name, common), []).append(numbers)
    return {key: _summary(np.array(numbers).T) for key, numbers in found.items()}


def _summary(numbers: np.ndarray) -> dict[str, float]:
    value, se, low, high, long_run, came, known = numbers
    summary = {"correlation": known.mean(), "width": (high - low).mean()}
    for name, truth in (("long run", long_run), ("those who came", came)):
        summary[f"covered {name}"] = 100 * ((low <= truth) & (truth <= high)).mean()
        summary[f"se {name}"] = se.mean() / np.sqrt(((value - truth) ** 2).mean())
    return summary
