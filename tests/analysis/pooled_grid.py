"""How often intervals of pooled figures hold the truth where few people give many answers: the whole and its factors.

One stratum, 3 to 20 clusters, 10 to 100 people with 22 answers each; the answers of one person are alike (probit, with
effects of cluster, person, person and factor). The estimates are those of the product: all samples are tabulated in one
pass, each as a unit and a stratum of its own. `python -m tests.analysis.pooled_grid` prints the table.
"""

from dataclasses import dataclass
from unittest import mock

import numpy as np
import pyarrow as pa
from scipy.special import ndtr, ndtri

from analysis import Codebook, Design, estimate, tabulate

ITEMS, FACTORS, EFFECT = 22, 5, 0.1
LIMITS = "analysis.estimation.confidence_limits"
CODES = [f"q{k:02}" for k in range(ITEMS)]
NAMES = {
    "before": "the whole, by its own design effect alone",
    "alone": "the whole, nothing larger to borrow from",
    "lent": "the whole of a unit in a province",
    "factor": "a factor among five",
}
CODEBOOK = Codebook.plain({f"F{f}": CODES[f::FACTORS] for f in range(FACTORS)}, not_applicable=[-1])


@dataclass(frozen=True)
class Point:
    """A design, how alike a person's answers are, and by rule how often intervals held and how wide they were."""

    clusters: int
    people: int
    p: float
    person: float
    held: dict[str, tuple[float, float]]


def samples(rng, clusters, people, p, person, replicates):
    """Rows of many samples under one name each, and the true shares of the whole and of the first factor."""
    thresholds = ndtri(p) + np.linspace(-0.3, 0.3, ITEMS)
    cluster = np.concatenate([np.arange(clusters), rng.integers(0, clusters, people - clusters)])
    latent = (
        rng.normal(size=(replicates, clusters))[:, cluster, None] * np.sqrt(0.05)
        + rng.normal(size=(replicates, people, 1)) * np.sqrt(person)
        + (rng.normal(size=(replicates, people, FACTORS)) * np.sqrt(EFFECT))[:, :, np.arange(ITEMS) % FACTORS]
        + rng.normal(size=(replicates, people, ITEMS)) * np.sqrt(1 - 0.05 - person - EFFECT)
    )
    levels = np.where(thresholds + latent > 0, 5, 2)
    levels[rng.random(levels.shape) < 0.05] = -1
    rows = levels.reshape(-1, ITEMS).astype(np.int8)
    table = {"unit": np.repeat(np.arange(replicates), people), "psu": np.tile(cluster, replicates)}
    table |= {code: rows[:, k] for k, code in enumerate(CODES)}
    true = ndtr(thresholds)
    return pa.table(table), float(true.mean()), float(true[::FACTORS].mean())


def point(clusters, people, p, person, replicates, seed=1):
    """Coverage over samples, each a unit and a stratum of its own, with and without the province that lends to it."""
    table, whole, factor = samples(np.random.default_rng(seed), clusters, people, p, person, replicates)
    cells = tabulate(table, ["unit"], codebook=CODEBOOK, design=Design("unit", "psu"))
    of = ["overall", *CODEBOOK.factor_items]
    lent = estimate(cells, of=of)
    with mock.patch(f"{LIMITS}.of_parent", lambda values, parent: values * np.nan):
        alone = estimate(cells, of=of)
        with mock.patch(f"{LIMITS}.shrunken_deff", lambda own, found, parent, *rest: (own, parent)):
            before = estimate(cells, of=of, interval="wilson_shared")

    def held(table, column, truth):
        low, high = table.low[1:, column], table.high[1:, column]
        return float(np.mean((low <= truth) & (truth <= high))), float(np.mean(high - low))

    found = {"lent": held(lent, 0, whole), "alone": held(alone, 0, whole), "before": held(before, 0, whole)}
    return Point(clusters, people, p, person, {**found, "factor": held(alone, 1, factor)})


def grid(replicates=400, thin=False):
    """All points; `thin` a few."""
    designs = [(c, n) for c in (3, 5, 10, 20) for n in (10, 20, 40, 100) if n >= c]
    shares, persons = (0.8, 0.9, 0.95, 0.99), (0.0, 0.2, 0.5)
    if thin:
        designs, shares, persons = [(5, 20), (10, 10), (20, 40)], (0.95, 0.99), (0.5,)
    return [point(c, n, p, rho, replicates) for c, n in designs for p in shares for rho in persons]


def summary(points):
    """Mean, worst, share of points at 93% or more, and mean width, by rule."""
    found = {}
    for name in NAMES:
        values, widths = np.array([one.held[name] for one in points]).T
        found[name] = {
            "mean": values.mean(),
            "worst": values.min(),
            "above93": (values >= 0.93).mean(),
            "width": widths.mean(),
        }
    return found


def table(points):
    """The summary as lines of a table."""
    lines = ["| figures | points | mean | worst | points ≥ 93% | width |", "|---|---|---|---|---|---|"]
    for name, one in summary(points).items():
        numbers = " | ".join(f"{one[key]:.1%}" for key in ("mean", "worst", "above93"))
        lines.append(f"| {NAMES[name]} | {len(points)} | {numbers} | {one['width']:.3f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(grid(1000)))
