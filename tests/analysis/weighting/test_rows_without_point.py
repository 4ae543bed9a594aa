"""Rows without their point, where several places receive for an office: weeks are PSUs, its interval stays right."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from analysis import SEVERAL, Codebook, estimate, frame_weights, tabulate

WEEKS, POINTS, SHARE_OF_WEEK = 12, 25, 0.4  # answers a point and week, on average
BOOK = Codebook.plain(["q"])


class Department:
    """An office for which many wards take in dossiers: some much, some little, some well, some badly.

    Beside it each ward has dossiers of its own. A ward has good and bad weeks, and so has the department.
    """

    def __init__(self, rng, shock):
        self.rng, self.shock = rng, shock
        size = rng.lognormal(0, 0.8, POINTS)
        self.size = size / size.mean()
        self.level = {"d": 0.78 + rng.normal(0, 0.06, POINTS), "own": 0.75 + rng.normal(0, 0.06, POINTS)}
        dossiers = np.maximum(np.round(20 * self.size), 1)
        self.frame = {("d", "f", self.month(w)): float(dossiers.sum() * 4) for w in range(WEEKS)}
        self.frame |= {
            (f"w{p}", "g", self.month(w)): float(dossiers[p] * 16) for p in range(POINTS) for w in range(WEEKS)
        }
        self.truth = float((self.level["d"] * self.size).sum() / self.size.sum())

    @staticmethod
    def month(week):
        return f"2026-{1 + week // 4:02}"

    def a_wave(self):
        """One wave's answers as rows: unit, field, month, ward, week, q."""
        bad = {"d": self.rng.normal(0, self.shock, WEEKS), "own": np.zeros(WEEKS)}
        of_ward = self.rng.normal(0, 0.06, (POINTS, WEEKS))
        for whose, times in (("d", 1), ("own", 4)):
            for p in range(POINTS):
                for w, n in enumerate(self.rng.poisson(SHARE_OF_WEEK * times * self.size[p], WEEKS)):
                    share = np.clip(self.level[whose][p] + of_ward[p, w] + bad[whose][w], 0.02, 0.98)
                    for satisfied in self.rng.random(n) < share:
                        unit, field = ("d", "f") if whose == "d" else (f"w{p}", "g")
                        yield unit, field, self.month(w), p, w, 5 if satisfied else 1


def cells_of(rows, week_alone):
    """Cells in which the department's PSUs are the weeks, or each ward's weeks, as if the label told the ward."""
    strata, psus = [], []
    for unit, _, _, ward, week, _ in rows:
        strata.append(SEVERAL if unit == "d" else f"w{ward}")
        psus.append(f"{week}" if unit == "d" and week_alone else f"{ward}.{week}")
    units, fields, months, _, _, q = zip(*rows, strict=True)
    opened = {(f"w{p}", f"{p}.{w}") for p in range(POINTS) for w in range(WEEKS)} | set(zip(strata, psus, strict=True))
    table = pa.table({"unit": units, "field": fields, "month": months, "stratum": strata, "psu": psus, "q": q})
    book = replace(BOOK, psus=tuple(sorted(opened)), columns={"strata": ("stratum",), "psu": ("psu",)})
    return tabulate(table, ["unit"], keep=["field", "month"], codebook=book)


@pytest.mark.parametrize("shock", [0.0, 0.06])
def test_figures_of_an_office_are_unbiased_and_its_intervals_cover(shock):
    rounds = 60
    department = Department(np.random.default_rng(11), shock)
    found, covered, width = [], {True: 0, False: 0}, {True: [], False: []}
    for _ in range(rounds):
        rows = list(department.a_wave())
        for week_alone in (True, False):
            cells = cells_of(rows, week_alone)
            row = estimate(cells, frame_weights(cells, department.frame)).row("overall", unit="d")
            covered[week_alone] += row["low"] <= department.truth <= row["high"]
            width[week_alone].append(row["high"] - row["low"])
            if week_alone:
                found.append(row["estimate"])
                assert row["df"] == WEEKS - 1
    wider = np.mean(width[True]) / np.mean(width[False])
    print(
        f"shock {shock}: covered {covered[True] / rounds:.3f} by weeks, {covered[False] / rounds:.3f} by wards' weeks;"
        f" {wider:.2f} times as wide"
    )
    assert abs(np.mean(found) - department.truth) < 4 * np.std(found) / np.sqrt(rounds)
    assert covered[True] / rounds > 0.88  # 0.95 in the long run: five standard errors below would be 0.81
    assert covered[True] >= covered[False] - 2  # never less sure than with the ward's label
    assert wider < 1.35  # the price: eleven degrees of freedom


def test_a_codebook_says_of_which_pairs_the_point_is_not_known_and_one_without_them_reads_as_before():
    assert "several" not in BOOK.to_json()
    without = replace(BOOK, several=(("d", "f"),))
    assert Codebook.from_json(without.to_json()) == without
    assert Codebook.from_json(BOOK.to_json()).several is None
