"""How often intervals hold where items of one questionnaire are clustered unevenly: one odd item, half of them, all.

One stratum, clusters of uneven size, no weights, 22 items with design effects from 1 to 6; all share the clusters, with
latent effects correlated 0.5. `python -m tests.analysis.odd_grid` prints the table of `analysis/README.md`.
"""

import numpy as np

from analysis.estimation.intervals import DesignEffects, wilson_shared
from tests.analysis.coverage_grid import beta_effects, latent_effects, version_2

ITEMS = 22
KINDS = {
    "one odd item": lambda deff: np.r_[deff, np.ones(ITEMS - 1)],
    "half odd": lambda deff: np.r_[np.full(ITEMS // 2, deff), np.ones(ITEMS // 2)],
    "smooth": lambda deff: np.linspace(deff, 1, ITEMS),
    "all alike": lambda deff: np.full(ITEMS, float(deff)),
}


def samples(rng, p, deffs, clusters, size, replicates):
    """Shares, variances and numbers of answers [replicates, items]; None above an intraclass correlation of .35."""
    m = np.maximum(rng.gamma(4, size / 4, (replicates, clusters)).round(), 1).astype(int)
    rho = (deffs - 1) / (size * 1.25 - 1)
    if rho.max() > 0.35:
        return None
    latent = latent_effects(rng, replicates, clusters, ITEMS)
    y = np.stack([rng.binomial(m, beta_effects(rng, p, rho[k], latent[..., k])) for k in range(ITEMS)], axis=-1)
    total = m.sum(1)[:, None].astype(float)
    value = y.sum(1) / total
    z = (y - value[:, None] * m[..., None]) / total[:, None]
    variance = clusters / (clusters - 1) * ((z - z.mean(1, keepdims=True)) ** 2).sum(1)
    return value, variance, total * np.ones_like(value)


def version_1(value, variance, n, df):
    """The limits of November 2026: half of the design effect from the siblings, whatever the degrees of freedom."""
    inside = (value > 0) & (value < 1)
    own = np.divide(variance * n, value * (1 - value), out=np.zeros_like(value), where=inside)
    siblings = inside.sum(1, keepdims=True) * np.ones_like(value)
    mean = np.where(inside, own, 0).sum(1, keepdims=True) / np.maximum(siblings, 1) * np.ones_like(value)
    deffs = DesignEffects(own, mean, siblings, np.full_like(value, np.nan), np.ones_like(value))
    return wilson_shared(value, variance, n, np.full_like(value, df), 0.975, deffs, value < -1)


def grid(replicates=1000, thin=False):
    """Points (kind, deff, clusters, size, p) -> {version: (coverage of the first and the last item, mean width)}."""
    found = {}
    for kind, effects in KINDS.items():
        for deff in (3,) if thin else (1.5, 3, 6):
            for clusters in (33,) if thin else (5, 9, 17, 33, 101, 401):
                for size in (20,) if thin else (20, 60):
                    for p in (0.8, 0.95) if thin else (0.5, 0.8, 0.95, 0.99):
                        rng = np.random.default_rng([int(100 * p), clusters, int(10 * deff), size])
                        drawn = samples(rng, p, effects(deff), clusters, size, replicates)
                        if drawn is None:
                            continue
                        limits = {"1": version_1(*drawn, clusters - 1), "2": version_2(*drawn, clusters - 1)}
                        found[kind, deff, clusters, size, p] = {
                            version: (*((low <= p) & (p <= high)).mean(0)[[0, -1]], (high - low).mean())
                            for version, (low, high, _) in limits.items()
                        }
    return found


def table(points):
    """By kind and number of clusters: coverage of the most clustered item and of the least, width against version 1."""
    lines = ["| items | clusters | version | most clustered: mean, worst, points ≥ 93% | least: worst | width |",
             "|---|---|---|---|---|---|"]  # fmt: skip
    for kind in KINDS:
        for clusters in sorted({point[2] for point in points}):
            chosen = [told for point, told in points.items() if (point[0], point[2]) == (kind, clusters)]
            for version in ("1", "2"):
                odd, even, width = np.array([told[version] for told in chosen]).T
                before = np.array([told["1"][2] for told in chosen])
                lines.append(
                    f"| {kind} | {clusters} | {version} | {odd.mean():.1%} {odd.min():.1%} {(odd >= 0.93).mean():.0%} "
                    f"| {even.min():.1%} | {(width / before).mean():.2f} |"
                )
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(grid()))
