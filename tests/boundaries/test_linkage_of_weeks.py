"""The number by which weeks of rows without their point count as the points' weeks places nobody.

The attacker holds the snapshot and knows of every point and week, also of those who came there for other offices, how
many people came, by kind. Labels with the same counts are alike to him. He tries ways to lay labels on weeks, keeps
those under which the snapshot's number would be what it is, and guesses for each kind of person and week the label that
most of these give it.
"""

from __future__ import annotations

import datetime as dt
import shutil
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from analysis import SEVERAL, Codebook, read_snapshot
from analysis.variance.shared_weeks import week_correlation
from sipas import clock
from sipas.fieldwork.waves import close_wave
from sipas.keyring import wave_keys
from sipas.publishing.freeze import freeze
from sipas.publishing.key_losses import Saying
from sipas.storage.database import Database
from tests.make import a_point, a_response, a_wave

FIRST, END, WEEKS = dt.date(2026, 9, 1), dt.date(2026, 11, 30), 12
WARDS = {"w0-1": "03646", "w1-1": "03664"}


def asked(database, settings):
    """Good and bad weeks of two wards, in what they do themselves and in what they take in for departments."""
    for point, unit in WARDS.items():
        a_point(database, point, unit, form="short")
    a_wave(database, settings)
    rng = np.random.default_rng(2)
    for week in range(WEEKS):
        for point in WARDS:
            bad = rng.random() < 0.4
            for number in range(6):
                day = FIRST + dt.timedelta(7 * week + int(rng.integers(3)))
                level = "1" if rng.random() < (0.95 if bad else 0.05) else "5"
                moment = dt.datetime.combine(day, dt.time(9), clock.ZONE)
                service = ("ho-tich", "giao-thong")[number % 2]
                a_response(database, settings, point, service, moment, answers={"O": level, "B1.2": level})
    with database.writing() as session:
        close_wave(session, "w1", END)


def test_the_number_is_said_by_the_file_itself_with_the_key_of_the_weeks_and_without(database, settings):
    """Red while `freeze` wrote nothing."""
    asked(database, settings)
    other = replace(settings, home=settings.home.with_name("twin"))
    shutil.copytree(settings.home, other.home)
    wave_keys.destroy(other.home, "w1")
    twin = Database.of(other)
    without = freeze(twin, other.home, "w1", END, without=Saying(("An", "Hoa"), "lost"))
    twin.engine.dispose()
    frozen = read_snapshot(freeze(database, settings.home, "w1", END).path)
    assert frozen.codebook.several
    assert 0.3 < frozen.codebook.week_correlation < 1
    assert frozen.codebook.week_correlation == without.codebook.week_correlation
    assert week_correlation(frozen.table(), frozen.codebook) == frozen.codebook.week_correlation


def test_a_wave_all_of_whose_answers_tell_their_point_says_nothing_of_it(database, settings):
    a_point(database, "w0-1", "03646", form="short")
    a_wave(database, settings)
    a_response(database, settings, "w0-1", "ho-tich", dt.datetime.combine(FIRST, dt.time(9), clock.ZONE))
    with database.writing() as session:
        close_wave(session, "w1", END)
    assert freeze(database, settings.home, "w1", END).codebook.week_correlation is None


KINDS = 2  # of people, by what the rows say of them
TRIES = 8_000


class Seen:
    """What he saw: the counts by kind of each label's week [labels, kinds], at each point and of `several`; and what he
    reads in the snapshot: the residual sum of each label."""

    def __init__(self, rng: np.random.Generator, points: int, mean: float, of_several: float):
        shock = rng.normal(0, 0.12, (points, WEEKS))
        self.counts = [rng.poisson(mean / KINDS, (WEEKS, KINDS)) for _ in range(points)]
        self.counts.append(rng.poisson(of_several / KINDS, (WEEKS, KINDS)))
        shares = np.clip([*(0.75 + shock), 0.75 + shock.mean(0)], 0.02, 0.98)
        n = np.array([counts.sum(1) for counts in self.counts])
        self.n, self.satisfied = n, rng.binomial(n, shares)
        sums = self.satisfied - n * (self.satisfied.sum(1) / n.sum(1))[:, None]
        self.sums = sums - sums.mean(1, keepdims=True)

    def ways(self, rng: np.random.Generator) -> np.ndarray:
        """The week of each label [strata, tries, labels], in ways that agree with what he saw, all as likely."""
        found = np.tile(np.arange(WEEKS), (len(self.counts), TRIES, 1))
        for stratum, counts in enumerate(self.counts):
            for alike in self.alike(counts):
                order = np.argsort(rng.random((TRIES, len(alike))), axis=1)
                found[stratum][:, alike] = alike[order]
        return found

    @staticmethod
    def alike(counts: np.ndarray) -> list[np.ndarray]:
        _, group = np.unique(counts, axis=0, return_inverse=True)
        return [np.flatnonzero(group.ravel() == each) for each in range(group.max() + 1)]

    def correlations(self, ways: np.ndarray) -> np.ndarray:
        """Of the sums of `several` and of all points, week by week, in tenths: the number that was not taken."""
        place, weekly = np.arange(TRIES)[:, None], np.zeros((2, TRIES, WEEKS))
        for stratum, way in enumerate(ways):
            weekly[int(stratum == len(ways) - 1)][place, way] += self.sums[stratum]
        size = np.sqrt((self.sums[:-1] ** 2).sum() * (self.sums[-1] ** 2).sum())
        return np.ceil(np.clip((weekly[0] * weekly[1]).sum(1) / size, 0, 1) * 10 - 1e-9)

    def taken(self, way: np.ndarray) -> float:
        """The number of the snapshot, were its labels laid on weeks in this way (one try)."""
        columns: dict[str, list] = {name: [] for name in ("stratum", "psu", "unit", "field", "q")}
        last = len(self.counts) - 1
        for stratum, week_of in enumerate(way):
            name = SEVERAL if stratum == last else f"w{stratum}"
            for label, week in enumerate(week_of):
                n, good = int(self.n[stratum, label]), int(self.satisfied[stratum, label])
                for column, value in zip(columns, (name, f"{name}.{week}", name, "f"), strict=False):
                    columns[column] += [value] * n
                columns["q"] += [5] * good + [1] * (n - good)
        psus = tuple(sorted({*zip(columns["stratum"], columns["psu"], strict=True)}))
        book = replace(Codebook.plain(["q"]), columns={"strata": ("stratum",), "psu": ("psu",)}, psus=psus)
        return week_correlation(pa.table(columns), book)

    def hits(self, ways: np.ndarray, possible: np.ndarray) -> float:
        """How many he names, one guess for each kind of person and week: by half of the tries, counted by the other."""
        found, left = 0.0, np.flatnonzero(possible)
        for counts, way in zip(self.counts, ways, strict=True):
            for alike in self.alike(counts):
                kinds = int((counts[alike[0]] > 0).sum())
                for week in alike:
                    chosen = (way[np.ix_(left[::2], alike)] == week).mean(0).argmax()
                    found += kinds * (way[left[1::2], alike[chosen]] == week).mean()
        return found


@pytest.mark.parametrize(("points", "mean", "of_several"), [(1, 16, 16), (10, 3, 20), (25, 2, 30)])
def test_who_knows_how_many_came_when_names_nobody_more_by_it(points, mean, of_several, capsys):
    """Beside it what the correlation itself would have given him, which is why it is not in the file."""
    rng, told = np.random.default_rng(3), []
    for _ in range(5):
        seen = Seen(rng, points, mean, of_several)
        ways = seen.ways(rng)
        assert len({seen.taken(ways[:, one]) for one in range(0, TRIES, TRIES // 8)}) == 1
        correlations = seen.correlations(ways)
        everything = np.ones(TRIES, dtype=bool)
        told.append((seen.hits(ways, everything), seen.hits(ways, correlations == correlations[0])))
    plain, by_correlation = np.mean(told, axis=0)
    with capsys.disabled():
        print(f"\n{points} points, {mean} people a week: names {plain:.1f}; with the number as many, for it is the same"
              f" in all ways; with the correlation in tenths {by_correlation:.1f}")  # fmt: skip
    if points > 1:
        assert by_correlation > plain + 1
