"""How often intervals hold, and equal offices are called different, where a few answers carry most of the weight.

One office: a small class of heavy answers beside a large one of light ones, post-stratified to both, 22 items in five
factors, answers of one person and of one week alike (probit). Weights of a class are fixed, its answers drawn. The
limits are those of the product, from arrays [samples, figures]; what an office borrows from its province is the
clustering effect that it truly has. `python -m tests.analysis.heavy_grid` prints the tables of `analysis/README.md`.
"""

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from analysis.comparison.multiplicity import holm
from analysis.estimation.clustering_effects import Lenders, clustering_effects, interval_df, shared_deff
from analysis.estimation.confidence_limits import SharedDesignEffects, equality_variance
from analysis.estimation.design_effects import averaged_deff, shrunken_deff
from analysis.estimation.intervals import DesignEffects, wilson_score, wilson_shared, wilson_shared_2
from analysis.estimation.reliability_flags import proportion_reliability

ITEMS, FACTORS = 22, 5
FACTOR_OF = np.arange(ITEMS) % FACTORS
KINDS = ("item",) * ITEMS + ("factor",) * FACTORS + ("overall",)
MEMBERS = np.zeros((ITEMS, len(KINDS)), np.float32)
MEMBERS[np.arange(ITEMS), np.arange(ITEMS)] = MEMBERS[np.arange(ITEMS), ITEMS + FACTOR_OF] = MEMBERS[:, -1] = 1
ANSWERS = MEMBERS.sum(0)
FIGURES = {"items": slice(0, ITEMS), "factors": slice(ITEMS, ITEMS + FACTORS), "whole": slice(-1, None)}
PERSON, FACTOR, WEEK = 0.3, 0.1, 0.03  # parts of the latent variance
RATIOS, CLASSES = (1, 3, 10, 30, 100, 167), ((12, 200), (20, 200), (12, 300), (50, 200))
SHARES, WEEKS = (0.5, 0.8, 0.9, 0.95, 0.98, 0.99), (5, 9, 27, 61)


@dataclass(frozen=True)
class Office:
    """A design: answers in the heavy and the light class, how many light ones a heavy one weighs, share, weeks.

    apart  by how much the latent means of the classes differ; week: the part of the latent variance that weeks have
    """

    sizes: tuple[int, int]
    ratio: float
    p: float
    weeks: int
    apart: float = 0.0
    week: float = WEEK


def answers(rng, office, samples):
    """Satisfied answers [samples, people, figures], the week of each person, and the true shares [figures]."""
    people, heavy = sum(office.sizes), np.arange(sum(office.sizes)) < office.sizes[0]
    centre = ndtri(office.p) + np.linspace(-0.1, 0.1, ITEMS)
    centre[0] = ndtri(office.p)
    threshold = np.where(heavy[:, None], centre + office.apart / 2, centre - office.apart / 2).astype(np.float32)
    heavies = office.sizes[0] * office.ratio / (office.sizes[0] * office.ratio + office.sizes[1])
    true = heavies * ndtr(centre + office.apart / 2) + (1 - heavies) * ndtr(centre - office.apart / 2)
    first = np.tile(np.arange(min(office.weeks, people)), (samples, 1))
    rest = rng.integers(0, office.weeks, (samples, people - first.shape[1]))
    week = rng.permuted(np.concatenate([first, rest], 1), axis=1)

    def normal(part, *shape):
        return rng.standard_normal((samples, *shape), dtype=np.float32) * np.float32(np.sqrt(part))

    latent = normal(office.week / 2, office.weeks, 1) + normal(office.week / 2, office.weeks, ITEMS)
    latent = np.take_along_axis(latent, week[:, :, None], 1) + normal(PERSON, people, 1)
    latent += normal(FACTOR, people, FACTORS)[:, :, FACTOR_OF]
    latent += normal(1 - PERSON - FACTOR - office.week, people, ITEMS)
    return (latent + threshold > 0).astype(np.float32) @ MEMBERS, week, (true @ MEMBERS) / ANSWERS


def estimated(rng, office, samples):
    """What the product would know of each sample, as its RatioEstimates; and the true shares."""
    y, week, true = answers(rng, office, samples)
    heavy = np.arange(sum(office.sizes)) < office.sizes[0]
    weight = np.where(heavy, float(office.ratio), 1.0)
    share, people, total = y / ANSWERS, len(weight), weight.sum()
    value = (weight[:, None] * share).sum(1) / total
    of_class = np.where(heavy[:, None], share[:, heavy].mean(1)[:, None], share[:, ~heavy].mean(1)[:, None])
    in_week = (week[:, None, :] == np.arange(office.weeks)[:, None]).astype(np.float32)
    variance = _between(in_week @ (weight[:, None] * (share - of_class) / total), office.weeks)
    alone = share.mean(1, keepdims=True)
    unweighted = _between(in_week @ ((share - alone) / people), office.weeks)
    positive, count = y.sum(1), people * ANSWERS
    variance = np.where((positive == 0) | (positive == count), 0.0, variance)
    squares = weight**2
    met, equal = (in_week @ each for each in (squares.astype(np.float32), np.ones(people, np.float32)))
    effective = (met.sum(1) ** 2 / (met**2).sum(1)) / (equal.sum(1) ** 2 / (equal**2).sum(1))
    one = np.ones(value.shape)
    found = SimpleNamespace(
        value=value, variance=variance, people=one * people, answers=one * count, positive=positive,
        n=one * people, df=one * (office.weeks - 1), kish=one * (people * squares.sum() / total**2),
        evenness=one * min(1.0, squares.sum() ** 2 / (people * (squares**2).sum())),
        df_weighted=one * np.maximum(1, np.minimum(1, effective) * (office.weeks - 1))[:, None],
        census=np.zeros(value.shape, bool), element_variance=value * (1 - value),
    )  # fmt: skip
    alone = alone[:, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        found.unweighted = np.where((alone > 0) & (alone < 1), unweighted * count / (alone * (1 - alone)), np.nan)
    return found, true


def _between(totals, weeks):
    return weeks / (weeks - 1) * ((totals - totals.mean(1, keepdims=True)) ** 2).sum(1)


def several(office, samples, seed, at_once=250):
    """The same in parts that fit the memory."""
    rng = np.random.default_rng(seed)
    parts = [estimated(rng, office, min(at_once, samples - start)) for start in range(0, samples, at_once)]
    joined = {name: np.concatenate([vars(part)[name] for part, _ in parts]) for name in vars(parts[0][0])}
    return SimpleNamespace(**joined), parts[0][1]


def true_effect(found, true):
    """The clustering effect [figures] that the samples show among themselves."""
    return found.value.var(0) * found.answers[0] / (true * (1 - true)) / found.kish[0]


def version_2(found, effect):
    """Limits, design effects and variances for tests; `effect` None: nothing encloses the office."""
    parent = np.full(found.value.shape, np.nan) if effect is None else effect * np.ones(found.value.shape)
    clustering, siblings = clustering_effects(found, found.answers, KINDS, Lenders(parent, found.unweighted))
    deff = shared_deff(found, clustering)
    df = interval_df(found, siblings)
    limits = wilson_shared_2(found.value, found.answers, df, 0.975, deff, found.evenness, found.census)
    return limits[:2], SharedDesignEffects(deff, siblings, parent)


def version_1(found, effect):
    """The limits of November 2026."""
    own = found.variance / np.where(found.element_variance > 0, found.element_variance / found.answers, np.nan)
    averaged, siblings = averaged_deff(own, found.value, found.df, KINDS)
    parent = np.full(own.shape, np.nan) if effect is None else effect * found.kish
    own, parent = shrunken_deff(own, found, parent, siblings, KINDS)
    deffs = DesignEffects(own, averaged, siblings, parent, np.ones(own.shape))
    return wilson_shared(found.value, found.variance, found.answers, found.df, 0.975, deffs, found.census)[:2]


def with_true_variance(found, true):
    """Wilson's limits at the variance that the samples show among themselves, and t of the design's df."""
    size = true * (1 - true) / found.value.var(0)
    return wilson_score(found.value, size * np.ones(found.value.shape), stdtrit(found.df, 0.975))


def point(office, samples, seed=1, enclosed=True):
    """Coverage and width [figures] of both versions, and coverage among figures called reliable with their share."""
    found, true = several(office, samples, seed)
    effect = true_effect(found, true) if enclosed else None
    both = {"1": version_1(found, effect), "2": version_2(found, effect)[0], "true": with_true_variance(found, true)}
    told = {
        "1": _reliable(found, None),
        "2": _reliable(found, found.kish),
        "true": np.ones(found.value.shape, bool),
    }
    result = {}
    for name, (low, high) in both.items():
        held = (low <= true) & (true <= high)
        with np.errstate(invalid="ignore"):
            among = np.where(told[name].any(0), (held & told[name]).sum(0) / told[name].sum(0), np.nan)
        result[name] = (held.mean(0), (high - low).mean(0), told[name].mean(0), among)
    return result


def _reliable(found, kish):
    """Where the word is "reliable", its complement or not: leaving "note" out would choose by the share itself."""
    df, n = found.df, found.answers
    words = proportion_reliability(found.value, found.variance, n, df, found.positive, found.people, kish)
    return np.isin(words, ("shown", "note"))


def upper_limit(share, samples, level=0.99):
    """One-sided upper limit of a simulated share (Wilson): whether a miss is more than chance."""
    return float(wilson_score(np.array(share), np.array(float(samples)), np.array(ndtri(level)))[1])


def tables(office, number, offices=12, delta=0.0, seed=1):
    """How often a table of equal offices says "differs" of any, [figures]; with delta, how often of the first."""
    found, true = several(office, number * offices, seed)
    if delta:
        low, _ = several(Office(**{**vars(office), "p": office.p - delta}), number, seed + 1)
        for name, values in vars(found).items():
            values[::offices] = vars(low)[name]
    effect = true_effect(several(office, 400, seed + 2)[0], true)
    _, shared = version_2(found, effect)
    whole = found.value.reshape(number, offices, -1).mean(1)
    home = np.repeat(whole, offices, axis=0)
    today = np.where(found.variance > 0, found.variance, _edge(found, version_1(found, effect)))
    now = equality_variance(found, found.answers, SharedDesignEffects(shared.deff, shared.siblings, home))
    said = {}
    for name, variance, df in (("1", today, found.df), ("2", now, np.floor(found.df_weighted))):
        each = variance.reshape(number, offices, -1)
        gap = np.abs(found.value.reshape(number, offices, -1) - whole[:, None])
        se = np.sqrt(each * (1 - 2 / offices) + each.sum(1, keepdims=True) / offices**2)
        p = 2 * stdtr(df.reshape(number, offices, -1), -gap / se)
        differs = np.stack([[holm(table[:, figure]) < 0.05 for figure in range(p.shape[2])] for table in p])
        said[name] = differs[:, :, 0].mean(0) if delta else differs.any(2).mean(0)
    return said


def _edge(found, limits):
    low, high = limits
    return (np.maximum(found.value - low, high - found.value) / ndtri(0.975)) ** 2


def grid(samples=4000, thin=False):
    """All points as (office, enclosed, what `point` tells)."""
    if thin:
        offices = [
            Office((12, 200), ratio, p, weeks) for ratio, p, weeks in ((1, 0.9, 9), (30, 0.95, 27), (167, 0.99, 27))
        ]
    else:
        offices = [Office(c, r, p, w) for c in CLASSES for r in RATIOS for p in SHARES for w in WEEKS]
        offices += [Office((12, 200), r, p, 27, apart, week) for r in RATIOS for p in SHARES
                    for apart, week in ((0.6, WEEK), (0.0, 0.1))]  # fmt: skip
    return [(office, point(office, samples, seed=number)) for number, office in enumerate(offices)]


def table(points):
    """By ratio and figure: mean, worst and share of points at 93% or more, widths against both rivals."""
    lines = ["| ratio | figures | version | mean | worst | points ≥ 93% | width / version 1 | / true variance |",
             "|---|---|---|---|---|---|---|---|"]  # fmt: skip
    for ratio in sorted({office.ratio for office, _ in points}):
        chosen = [told for office, told in points if office.ratio == ratio]
        for name, part in FIGURES.items():
            width = {v: np.array([told[v][1][part].mean() for told in chosen]) for v in ("1", "2", "true")}
            for version in ("1", "2"):
                held = np.concatenate([told[version][0][part] for told in chosen])
                lines.append(
                    f"| {ratio} | {name} | {version} | {held.mean():.1%} | {held.min():.1%} "
                    f"| {(held >= 0.93).mean():.1%} | {width[version].sum() / width['1'].sum():.2f} "
                    f"| {(width[version] / width['true']).mean():.2f} |"
                )
    return "\n".join(lines)


NAMED = [Office((12, 200), 1, 0.9, 27), Office((12, 200), 3, 0.85, 27), Office((12, 200), 10, 0.9, 27),
         Office((12, 200), 30, 0.9, 27), Office((12, 200), 30, 0.95, 27), Office((12, 200), 30, 0.95, 13),
         Office((12, 200), 167, 0.8, 27), Office((50, 200), 30, 0.95, 27), Office((50, 200), 167, 0.98, 61),
         Office((12, 300), 100, 0.97, 13), Office((20, 200), 10, 0.98, 61), Office((12, 200), 30, 0.9, 5)]  # fmt: skip


def tables_of_equals(number=1000):
    """False "differs" at the named points, by version and figure: the first item, the first factor, the whole."""
    head = ("classes", "ratio", "share", "weeks", "version", "item", "factor", "whole")
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for seed, office in enumerate(NAMED):
        for version, rate in tables(office, number, seed=seed).items():
            item, factor, whole = rate[[0, ITEMS, -1]]
            lines.append(f"| {office.sizes[0]} + {office.sizes[1]} | {office.ratio} | {office.p} | {office.weeks} "
                         f"| {version} | {item:.1%} | {factor:.1%} | {whole:.1%} |")  # fmt: skip
    return "\n".join(lines)


if __name__ == "__main__":
    import sys

    print(table(grid(int(sys.argv[1]) if len(sys.argv) > 1 else 4000)))
    print(tables_of_equals(int(sys.argv[2]) if len(sys.argv) > 2 else 1000))
