"""What uneven weights alone do to a figure: known before anybody has answered, whatever the answers are.

Where 12 answers of one field stand for most dossiers beside 200 of another, 212 answers are worth 15, and their
variance rests on twelve people, however many weeks were counted.
"""

from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.estimands.estimands import Estimands
from analysis.tabulation.grouped_sums import run_matrix, sum_runs
from analysis.variance.domains import DomainFamily
from analysis.variance.weighted_sample import WeightedSample

Matrix = NDArray[np.float64]


class WeightingEffects(NamedTuple):
    """Arrays [domains, figures].

    kish      n sum(w^2 x)/(sum w x)^2 over the answers (L. Kish, Survey Sampling, 1965, section 11.7); with population
              counts w (w - 1) in place of w^2, which leaves 1 - n/N of equal weights; 1 without answers
    evenness  (sum w^2)^2/(n sum w^4) over people: the share of them that the variance rests on; 1 with equal weights
    df        degrees of freedom times the effective number of PSUs, (sum g)^2/sum g^2 with g the sum of w^2 in a PSU,
              over the same number with equal weights: what F. E. Satterthwaite (Biometrics Bulletin 2, 1946) gives for
              answers that are alike in variance; never above the design's, nor below 1 where that is at least 1
    """

    kish: Matrix
    evenness: Matrix
    df: Matrix


def weighting_effects(
    sample: WeightedSample, family: DomainFamily, m: Estimands, answers: Matrix, total: Matrix, df: NDArray[np.int64]
) -> WeightingEffects:
    """Compute the effects of the final weights in each domain, from its answers and sum(w x) [domains, figures]."""
    cells, w = sample.cells, sample.weights.final
    if not len(w) or w.min() == w.max():
        ones = np.ones(answers.shape)
        finite = np.maximum(1 - 1 / w[0], 0) if cells.design.fpc and len(w) else 1.0
        return WeightingEffects(ones * finite, ones, df.astype(float))
    square = w * w
    second = np.maximum(square - w, 0.0) if cells.design.fpc else square
    people = m.rows if m.people is None else m.people
    in_domain, in_psus = (
        partial(run_matrix, starts, family.order, len(m.y)) for starts in (family.domain_cells, family.clusters)
    )
    weighted, plain = in_psus(square) @ people, in_psus() @ people
    rows, count = (sum_runs(each, family.domain_clusters) for each in (weighted, plain))
    with np.errstate(divide="ignore", invalid="ignore"):
        kish = answers * (in_domain(second) @ m.x) / total**2
        evenness = rows**2 / (count * (in_domain(square * square) @ people))
        share = evenness  # where each row is a PSU of its own
        if not cells.grouped:
            of_squares = (sum_runs(each * each, family.domain_clusters) for each in (weighted, plain))
            met, equal = (each**2 / squares for each, squares in zip((rows, count), of_squares, strict=True))
            share = met / equal
    limited = np.where(df >= 1, np.maximum(df * _at_most_one(share), 1.0), df)
    return WeightingEffects(np.where(np.isfinite(kish), kish, 1.0), _at_most_one(evenness), limited)


def _at_most_one(share: Matrix) -> Matrix:
    """One where weights are equal but for rounding, or where nobody answered."""
    return np.where(share < 1 - 1e-9, share, 1.0)
