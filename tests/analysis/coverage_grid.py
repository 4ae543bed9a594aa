"""How often 95% intervals hold the truth, over a grid of designs: the evidence for the default interval.

Two kinds of samples. `plain`: one stratum, PSUs of uneven size, no weights. `calibrated`: strata of uneven size sampled
alike, response that differs by class, post-stratified to three classes. Each questionnaire has seven items; all share
the PSUs, with latent PSU effects correlated 0.5. The target item has the grid's p and intraclass correlation; its six
siblings have p from .75 to .95 and 0.6 to 1.4 times the correlation.

Run `python -m tests.analysis.coverage_grid` for the whole table.
"""

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
from scipy.special import betaincinv, expit, logit, ndtr

from analysis.estimation.clustering_effects import Lenders, clustering_effects, interval_df, shared_deff
from analysis.estimation.intervals import DesignEffects, limits, wilson_shared, wilson_shared_2

SIBLINGS = np.array([0.75, 0.8, 0.85, 0.88, 0.92, 0.95])
STRETCH = np.array([1.0, 0.6, 1.4, 0.6, 1.4, 0.6, 1.4])
SHARES = (0.5, 0.8, 0.9, 0.95, 0.99)
CLASSES, RESPONSE, SHIFT = np.array([0.3, 0.45, 0.25]), np.array([0.9, 0.6, 0.4]), np.array([-0.3, 0.0, 0.3])
GRID = ndtr(np.linspace(-5, 5, 801))


@dataclass(frozen=True)
class Point:
    """One design of the grid, and what came of it: coverage by method, and the variance against the truth."""

    kind: str
    plan: str
    p: float
    deff: float
    df: int
    n: int
    coverage: dict
    below: float
    above: float
    ratio: float
    ratio_jackknife: float


def beta_effects(rng, p, rho, latent):
    """PSU shares around p with intraclass correlation rho, at latent normal effects."""
    if rho <= 0:
        return np.full(latent.shape, p)
    strength = (1 - rho) / rho
    table = betaincinv(p * strength, (1 - p) * strength, GRID)
    return np.interp(ndtr(latent), GRID, table)


def latent_effects(rng, *shape):
    common = rng.normal(size=shape[:-1])[..., None]
    return np.sqrt(0.5) * common + np.sqrt(0.5) * rng.normal(size=shape)


def version_2(p, v, n, df, uneven=None):
    """Limits of version 2 for items that have nothing but each other; `uneven`: Kish's effect, evenness, df."""
    one = np.ones_like(p)
    kish, evenness, df_weighted = (one, one, one * df) if uneven is None else (one * each for each in uneven)
    found = SimpleNamespace(
        value=p, variance=v, df=one * df, people=n, answers=n, kish=kish, evenness=evenness, df_weighted=df_weighted
    )
    effect, siblings = clustering_effects(found, n, ("item",) * p.shape[1], Lenders(one * np.nan, one * np.nan))
    deff = shared_deff(found, effect)
    return wilson_shared_2(p, n, interval_df(found, siblings), 0.975, deff, evenness, p < -1)


def covered(truth, p, v, n, df, jackknife=None, uneven=None):
    """Coverage of the target item by each method, from arrays [replicates, items]; and the misses of the default."""
    own = np.divide(v * n, p * (1 - p), out=np.zeros_like(p), where=(p > 0) & (p < 1))
    inside = (p > 0) & (p < 1)
    siblings = inside.sum(1, keepdims=True) * np.ones_like(p)
    pooled = np.where(inside, own, 0).sum(1, keepdims=True) / np.maximum(siblings, 1)
    freedom = np.full_like(p, df)
    nothing = np.full_like(p, np.nan)
    found = {}
    deffs = DesignEffects(own, pooled, siblings, nothing, np.ones_like(p))
    found["wilson_shared_2"] = version_2(p, v, n, df, uneven)[:2]
    found["wilson_shared"] = wilson_shared(p, v, n, freedom, 0.975, deffs, p < -1)[:2]
    for method in ("wilson_neff", "wilson_kgneff", "kg_nchs", "logit"):
        found[method] = limits(method, p, v, n, freedom, 0.975, n, df)
    if jackknife is not None:
        found["wilson_shared_2 jackknife"] = version_2(p, jackknife, n, df, uneven)[:2]
    held = {name: float(np.mean((low[:, 0] <= truth) & (truth <= high[:, 0]))) for name, (low, high) in found.items()}
    low, high = found["wilson_shared_2"]
    return held, float(np.mean(high[:, 0] < truth)), float(np.mean(low[:, 0] > truth))


def plain(p, deff, psus, n, replicates, seed):
    """One stratum; None where the grid would need an intraclass correlation above .35."""
    rng = np.random.default_rng(seed)
    size = n / psus
    rho = (deff - 1) / max(size * 1.25 - 1, 1e-9)
    if rho * 1.4 > 0.49 or rho > 0.35:
        return None
    m = np.maximum(rng.gamma(4, size / 4, (replicates, psus)).round(), 1).astype(int)
    latent = latent_effects(rng, replicates, psus, 7)
    shares = np.concatenate([[p], SIBLINGS])
    y = np.stack(
        [rng.binomial(m, beta_effects(rng, q, rho * s, latent[..., k])) for k, (q, s) in
         enumerate(zip(shares, STRETCH, strict=True))], axis=-1)  # fmt: skip
    total = m.sum(1)[:, None].astype(float)
    value = y.sum(1) / total
    z = (y - value[:, None] * m[..., None]) / total[:, None]
    v = psus / (psus - 1) * ((z - z.mean(1, keepdims=True)) ** 2).sum(1)
    held, below, above = covered(p, value, v, total * np.ones_like(value), psus - 1)
    ratio = float(v[:, 0].mean() / value[:, 0].var())
    return Point("plain", f"1x{psus}", p, deff, psus - 1, n, held, below, above, ratio, np.nan)


def calibrated(p, rho, strata, psus, answers, replicates, seed):
    """Several strata, weights, three classes to which the sample is post-stratified."""
    rng = np.random.default_rng(seed)
    population = np.arange(1, strata + 1, dtype=float)
    population /= population.sum()
    mix = CLASSES * RESPONSE
    m = rng.poisson(answers * mix / mix.sum(), (replicates, strata, psus, 3))
    latent = latent_effects(rng, replicates, strata, psus, 7)
    y = np.empty((*m.shape, 7))
    truth = 0.0
    for k, (q, s) in enumerate(zip(np.concatenate([[p], SIBLINGS]), STRETCH, strict=True)):
        for c in range(3):
            share = float(expit(logit(q) + SHIFT[c]))
            truth += CLASSES[c] * share if k == 0 else 0.0
            y[..., c, k] = rng.binomial(m[..., c], beta_effects(rng, share, rho * s, latent[..., k]))
    w0 = (population / np.maximum(m.sum((2, 3)), 1))[:, :, None, None] * np.ones(m.shape)
    reached = (w0 * m).sum((1, 2))
    some = (reached > 0).all(1)
    y, m, w0, reached = y[some], m[some], w0[some], reached[some]
    w = w0 * (CLASSES / reached)[:, None, None]
    value = (w[..., None] * y).sum((1, 2, 3))
    z = y - value[:, None, None, None] * m[..., None]
    means = (w0[..., None] * z).sum((1, 2)) / reached[..., None]
    e = z - m[..., None] * means[:, None, None]
    u = (w[..., None] * e).sum(3)
    v = psus / (psus - 1) * ((u - u.mean(2, keepdims=True)) ** 2).sum((1, 2))
    jack = np.zeros_like(v)
    for h in range(strata):
        for j in range(psus):
            less = w0.copy()
            less[:, h] *= psus / (psus - 1)
            less[:, h, j] = 0
            mass = (less * m).sum((1, 2))
            sums = (less[..., None] * y).sum((1, 2))
            left = CLASSES * (mass > 0)
            share = np.divide(sums, mass[..., None], out=np.zeros_like(sums), where=mass[..., None] > 0)
            theta = (share * left[..., None]).sum(1) / left.sum(1)[:, None]
            jack += (psus - 1) / psus * (theta - value) ** 2
    n = m.sum((1, 2, 3))[:, None] * np.ones_like(value)
    df = strata * (psus - 1)
    held, below, above = covered(truth, value, v, n, df, jack, _uneven(w, m, df))
    true = value[:, 0].var()
    deff = float(np.mean(n) * true / (truth * (1 - truth)))
    return Point("calibrated", f"{strata}x{psus}", p, round(deff, 2), df, int(n.mean()), held, below, above,
                 float(v[:, 0].mean() / true), float(jack[:, 0].mean() / true))  # fmt: skip


def _uneven(w, m, df):
    """Kish's effect, evenness and df [replicates, 1] of m rows [replicates, h, j, class] that weigh w."""
    rows, first, second, fourth = ((m * w**power).sum((1, 2, 3)) for power in (0, 1, 2, 4))
    met, equal = ((m * w**power).sum(3) for power in (2, 0))
    kept = [each.sum((1, 2)) ** 2 / (each**2).sum((1, 2)) for each in (met, equal)]
    evenness = np.minimum(1, second**2 / (rows * fourth))
    return [each[:, None] for each in (rows * second / first**2, evenness, df * np.minimum(1, kept[0] / kept[1]))]


def grid(replicates=1000, thin=False):
    """All points with df >= 4 (thin: a dozen)."""
    points = []
    for p in SHARES[1::2] if thin else SHARES:
        for deff in (2,) if thin else (1, 2, 4):
            for psus in (6, 20) if thin else (5, 10, 20, 60):
                for n in (100,) if thin else (30, 100, 400):
                    points.append(plain(p, deff, psus, n, replicates, seed=int(1e4 * p) + psus * n + deff))
        for rho in (0.05,) if thin else (0.0, 0.05, 0.1):
            for strata, psus in ((2, 3), (6, 5)) if thin else ((1, 5), (2, 3), (5, 2), (1, 12), (10, 2), (6, 5)):
                for answers in (25,) if thin else (8, 25):
                    seed = int(1e4 * p) + 100 * strata + psus + int(1000 * rho) + answers
                    points.append(calibrated(p, rho, strata, psus, answers, replicates, seed))
    return [point for point in points if point is not None and point.df >= 4 and point.deff <= 4.2]


def summary(points, method):
    """Mean, worst, share of points at or above 93, share within 93 to 98 where df >= 8."""
    held = np.array([point.coverage[method] for point in points if method in point.coverage])
    many = np.array([point.coverage[method] for point in points if method in point.coverage and point.df >= 8])
    return {"points": len(held), "mean": held.mean(), "worst": held.min(), "above93": (held >= 0.93).mean(),
            "within": ((many >= 0.93) & (many <= 0.98)).mean()}  # fmt: skip


def table(points):
    """Every point as a line, then the summaries."""
    lines = ["kind plan df n p deff | wilson_shared_2 below above | neff kgneff nchs logit | v/true jackknife/true"]
    for q in points:
        c = q.coverage
        lines.append(
            f"{q.kind} {q.plan} {q.df} {q.n} {q.p} {q.deff} | {c['wilson_shared_2']:.3f} {q.below:.3f} {q.above:.3f} | "
            f"{c['wilson_neff']:.3f} {c['wilson_kgneff']:.3f} {c['kg_nchs']:.3f} {c['logit']:.3f} | {q.ratio:.2f} "
            f"{q.ratio_jackknife:.2f}"
        )
    for name, some in (("all", points), ("p < .99", [q for q in points if q.p < 0.99]),
                       ("p = .99", [q for q in points if q.p == 0.99])):  # fmt: skip
        if not some:
            continue
        for method in points[0].coverage:
            s = summary(some, method)
            lines.append(f"{name:8} {method:14} points {s['points']:3} mean {s['mean']:.3f} worst {s['worst']:.3f} "
                         f">=93 {s['above93']:.2f} 93-98 at df>=8 {s['within']:.2f}")  # fmt: skip
    for kind in ("v", "jackknife"):
        ratios = np.array([q.ratio if kind == "v" else q.ratio_jackknife for q in points if q.kind == "calibrated"])
        lines.append(f"calibrated {kind}/true: median {np.median(ratios):.3f} lowest {ratios.min():.3f} "
                     f"highest {ratios.max():.3f}")  # fmt: skip
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(grid(replicates=4000)))
