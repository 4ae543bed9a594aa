"""Simulated provinces in which satisfied visitors answer more often, and the ratio that follows for every figure.

A visitor's mood is a week's part and her own; she is content where it and her office's level are above 0, and one who
is not answers 1/g as often. Which g it is: everywhere alike with every second person urged (`persons`), in every second
office (`offices`), or in every second month (`months`). A figure's G is expected, not drawn: the odds among visitors
weighted by their probability of answering and the figure's weights, over the odds among all visitors.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from scipy.special import ndtr

from analysis import Codebook, Design, tabulate

UNITS, FIELDS, WEEKS, ITEMS = 10, 3, 26, 3
WEEK, PERSON = 0.15, 0.75  # standard deviations of the mood; the rest of each item's variance is noise
NOISE = np.sqrt(1 - WEEK**2 - PERSON**2)
EFFECT = np.array([-0.1, 0.0, 0.15])
MOODS = np.linspace(-5, 5, 401) * np.hypot(WEEK, PERSON)
DENSITY = np.exp(-0.5 * (MOODS / np.hypot(WEEK, PERSON)) ** 2)
DENSITY /= DENSITY.sum()
SCHEMES = ("persons", "offices", "months")


@dataclass(frozen=True)
class Urged:
    """A province: level of each unit x field, dossiers, the rate of answering, and by how much who is urged."""

    scheme: str
    urging: float
    seed: int
    answers: int = 4000

    def plan(self):
        rng = np.random.default_rng(self.seed)
        level = 1.04 + rng.normal(0, 0.2, UNITS)[:, None] + np.array([0.15, -0.3, 0.1])
        dossiers = (rng.gamma(4, 1500, (UNITS, FIELDS))).round() + 200
        liking = np.exp(rng.normal(0, 0.5, (UNITS, FIELDS)))
        return level, dossiers, self.answers * liking / (liking * dossiers).sum()

    def ratio(self, week, unit, person):
        """g of each visitor."""
        urged = {"persons": person, "offices": unit % 2 == 0, "months": week // 4 % 2 == 0}[self.scheme]
        return np.where(urged, self.urging, 1.0)

    def expected(self):
        """P(y) and E[r y]/E[r] of each unit x field x item."""
        level = self.plan()[0]
        week, unit, person = np.meshgrid(np.arange(WEEKS), np.arange(UNITS), np.array([False, True]), indexing="ij")
        silent = (1 / self.ratio(week, unit, person)).mean((0, 2))  # [unit]: P(answers) of who is not content
        content = level[:, :, None] + MOODS > 0
        r = np.where(content, 1.0, silent[:, None, None]) * DENSITY
        y = ndtr((level[:, :, None, None] + EFFECT[:, None] + MOODS) / NOISE)
        return (y * DENSITY).sum(-1), (y * r[:, :, None]).sum(-1) / r.sum(-1)[:, :, None]

    def truth(self):
        """For each domain of unit (None: the province) and figure: the true share, G, and the largest G of a class."""
        dossiers = self.plan()[1]
        all_, answering = self.expected()
        found = {}
        for unit in (None, *range(UNITS)):
            w = dossiers if unit is None else np.where(np.arange(UNITS)[:, None] == unit, dossiers, 0)
            w = w / w.sum()
            for name, items in (*((f"q{k}", [k]) for k in range(ITEMS)), ("overall", range(ITEMS))):
                p, q = (each[:, :, list(items)].mean(2) for each in (all_, answering))
                share, seen = (w * p).sum(), (w * q).sum()
                largest = (odds(q) / odds(p))[w > 0].max()
                found[unit, name] = share, odds(seen) / odds(share), largest
        return found

    def frame(self):
        dossiers = self.plan()[1]
        return {(f"u{u}", f"f{f}"): int(dossiers[u, f]) for u in range(UNITS) for f in range(FIELDS)}

    def cells(self):
        """The answers, tabulated: strata are units, PSUs weeks."""
        level, dossiers, rate = self.plan()
        rng = np.random.default_rng([self.seed, 1])
        near = rng.poisson(np.repeat((dossiers * rate)[:, :, None] / WEEKS, WEEKS, axis=2))
        unit, field, week = (np.repeat(each.ravel(), near.ravel()) for each in np.indices(near.shape))
        mood = rng.normal(0, WEEK, (UNITS, WEEKS))[unit, week] + rng.normal(0, PERSON, len(unit))
        g = self.ratio(week, unit, rng.random(len(unit)) < 0.5)
        kept = (level[unit, field] + mood > 0) | (rng.random(len(unit)) < 1 / g)
        unit, field, week, mood = (each[kept] for each in (unit, field, week, mood))
        y = (level[unit, field] + mood)[:, None] + EFFECT + NOISE * rng.standard_normal((len(unit), ITEMS)) > 0
        table = pa.table({
            "unit": np.char.add("u", unit.astype(str)), "field": np.char.add("f", field.astype(str)), "week": week,
            **{f"q{k}": np.where(y[:, k], 5, 2) for k in range(ITEMS)},
        })  # fmt: skip
        codebook = Codebook.plain({"A": [f"q{k}" for k in range(ITEMS)]})
        return tabulate(table, ["unit"], codebook=codebook, design=Design(strata="unit", psus="week"), keep=["field"])


def odds(share):
    return share / (1 - share)
