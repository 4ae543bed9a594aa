"""The whole chain on provinces whose truth is known: cells, weights from dossiers, estimates, intervals.

Each province has its own truth. Nobody urges anybody in them (`urging=1`): weights cannot repair that.
"""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import pytest

from analysis.comparison.ranking import rank_sets
from analysis.estimation.estimate import estimate
from analysis.weighting.population_counts import frame_weights
from analysis.weighting.weights import design_weights
from tests.analysis.province import a_province, cells_of

HALF_YEAR = [f"2026-0{month}" for month in range(1, 7)]


@dataclass
class Outcome:
    """Whether intervals held the truth, by family of domains and kind of figure; and how far means were off.

    `few` and `enough` part the figures at 8 degrees of freedom.
    """

    few: dict
    enough: dict
    weighted: list
    unweighted: list
    unweighted_held: list


def run(seeds, **changes):
    outcome = Outcome(defaultdict(list), defaultdict(list), [], [], [])
    for seed in seeds:
        province = a_province(seed, months=HALF_YEAR, **{"urging": 1.0, **changes})
        cells = cells_of(province)
        table = estimate(cells, frame_weights(cells, province.frame))
        for row in table.records():
            if row["low"] is None:
                continue
            held = row["low"] <= province.truth.share(row["of"], **row["domain"]) <= row["high"]
            family = tuple(row["domain"]) or ("province",)
            kind = table.kinds[table.of.index(row["of"])]
            (outcome.enough if row["df"] >= 8 else outcome.few)[family, kind].append(held)
        truth = province.truth.share("overall")
        outcome.weighted.append(table.row("overall")["estimate"] - truth)
        plain = estimate(cells, design_weights(cells)).row("overall")
        outcome.unweighted.append(plain["estimate"] - truth)
        outcome.unweighted_held.append(plain["low"] <= truth <= plain["high"])
    return outcome


def rates(found):
    return {key: (round(float(np.mean(held)), 3), len(held)) for key, held in found.items()}


def test_intervals_of_the_whole_chain_hold_the_truth():
    outcome = run(range(20))
    shares = [held for key, held in outcome.enough.items() if key[0] != ("province",)]
    assert 0.93 < np.mean(np.concatenate(shares)) < 0.97, rates(outcome.enough)
    assert np.mean(outcome.enough[("province",), "overall"]) >= 0.85
    assert abs(np.mean(outcome.weighted)) < 0.004


def test_the_unweighted_mean_is_two_points_too_high_and_its_interval_mostly_misses():
    outcome = run(range(20, 40))
    assert 0.015 < np.mean(outcome.unweighted) < 0.03
    assert np.mean(outcome.unweighted_held) < 0.5


@pytest.mark.long
def test_intervals_hold_the_truth_in_every_family_and_kind():
    outcome = run(range(100, 400))
    for key, (share, count) in rates(outcome.enough).items():
        assert 0.93 - 2 * (0.25 / count) ** 0.5 < share < 0.975, (key, rates(outcome.enough))
    for key, held in outcome.few.items():
        assert np.mean(held) > 0.95, (key, "with few clusters an interval may be too wide, never too narrow")
    assert abs(np.mean(outcome.weighted)) < 0.001
    print("\ncoverage, 8 or more degrees of freedom:", rates(outcome.enough))
    print("coverage, fewer:", rates(outcome.few))
    print(f"unweighted mean: {np.mean(outcome.unweighted):+.4f}, held {np.mean(outcome.unweighted_held):.2f}")


@pytest.mark.long
@pytest.mark.parametrize("icc", [0.0, 0.08])
def test_intervals_follow_the_clustering(icc):
    outcome = run(range(60), icc=icc)
    assert 0.93 < np.mean(np.concatenate(list(outcome.enough.values()))) < 0.98, rates(outcome.enough)


def test_true_ranks_of_communes_lie_in_their_sets():
    held = []
    for seed in range(10):
        province = a_province(seed, months=HALF_YEAR, urging=1.0, small=0.0)
        cells = cells_of(province)
        table = estimate(cells, frame_weights(cells, province.frame), interval="wilson_neff")
        rows = [row for row in table.records() if tuple(row["domain"]) == ("unit",) and row["of"] == "O"]
        truth = np.array([province.truth.share("O", **row["domain"]) for row in rows])
        ranks = rank_sets([row["estimate"] for row in rows], [row["se"] ** 2 for row in rows],
                          df=[row["df"] for row in rows])  # fmt: skip
        true = 1 + (truth[None, :] > truth[:, None]).sum(axis=1)
        held.append(((ranks.low <= true) & (true <= ranks.high)).all())
    assert np.mean(held) >= 0.8
