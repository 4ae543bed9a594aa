"""Clusters joined where nobody knows which of them are one, so that intervals still cover what they promise.

Joining independent clusters leaves a variance unbiased and takes degrees of freedom; joining halves of one cluster
brings back what they have in common. But where one joined cluster holds much of a domain, the domain's own share
follows it: the variance becomes too small, and has fewer degrees of freedom than clusters less one. Joining small
clusters too evens the sizes out.
"""

import heapq
from collections.abc import Sequence

from scipy.special import stdtr, stdtrit

LEAST_COVERAGE = 0.945  # coverage of a 95% interval below which small clusters are joined


def interval_coverage(sizes: Sequence[int], clusters: int | None = None) -> float:
    """Return how often a 95% interval covers the share of a domain that stands on one stratum.

    With shares p of the answers and totals whose variances are as the p, the residual totals have the covariance
    diag(p) - pp'; their sum of squares is matched to a chi-square by two moments (Satterthwaite, 1946).

    sizes     answers of each cluster that has any
    clusters  how many clusters the stratum has, with those in which nobody answered; default: those of `sizes`

    >>> [round(interval_coverage(sizes), 2) for sizes in ([10] * 20, [200] + [10] * 20, [160, 10, 10, 10, 10])]
    [0.95, 0.89, 0.82]
    """
    n, total = len(sizes), sum(sizes)
    k = max(clusters or 0, n)
    if n < 2 or total == 0:
        return 0.0
    second, third = (sum((size / total) ** power for size in sizes) for power in (2, 3))
    df = (1 - second) ** 2 / (second - 2 * third + second**2)
    bias = k / (k - 1) * (1 - second)
    return float(2 * stdtr(df, stdtrit(n - 1, 0.975) * bias**0.5) - 1)


def join_small_clusters(sizes: Sequence[int], empty: int = 0, least: float = LEAST_COVERAGE) -> list[list[int]]:
    """Return the clusters, by their places in `sizes`, the smallest joined until intervals cover often enough.

    `empty` more clusters have no answers. At least two clusters with answers are left, if there are two; where even
    then intervals would cover less often than `least`, the best of all steps.

    >>> join_small_clusters([40, 10, 10, 10, 10])
    [[0], [1, 2, 3, 4]]
    >>> join_small_clusters([10, 10, 10])
    [[0], [1], [2]]
    """
    groups = [(size, [place]) for place, size in enumerate(sizes)]
    heapq.heapify(groups)
    best, reached = list(groups), interval_coverage(sizes, len(sizes) + empty)
    while len(groups) > 2 and reached < least:
        (one, first), (other, second) = heapq.heappop(groups), heapq.heappop(groups)
        heapq.heappush(groups, (one + other, sorted(first + second)))
        now = interval_coverage([size for size, _ in groups], len(groups) + empty)
        if now > reached:
            best, reached = list(groups), now
    return sorted((places for _, places in best), key=lambda places: (len(places), places))
