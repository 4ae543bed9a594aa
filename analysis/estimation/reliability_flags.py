"""May this figure be shown? Words on reliability, by the presentation standards of the US health statistics agency.

Proportions: Parker et al. 2017, Vital and Health Statistics 2(175), corrected 2021, in the wording of the agency's R
package `surveytable`. Means have no such standard; ours is named `own`. These words are about precision; withholding
for privacy is another matter (`analysis.disclosure.suppress`).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.estimation.few_clusters import FEW_DF
from analysis.estimation.intervals import capped_n, kg_nchs

SHOWN, NOTE, REVIEW, HIDDEN = "shown", "note", "review", "hidden"
WORDS = (SHOWN, NOTE, REVIEW, HIDDEN)

Array = NDArray[Any]


def proportion_reliability(
    p: Array,
    v: Array,
    n: Array,
    df: Array,
    positive: Array,
    persons: Array | None = None,
    kish: Array | None = None,
) -> NDArray[np.object_]:
    """Return a word per share; None without answers. `persons` gave the n answers of a pooled share (default: n).

    With `kish`, Kish's weighting effect, n answers and their persons count as n/kish, and v is at least
    p (1 - p) kish/n: twelve answers that weigh as much as two hundred others are not two hundred answers.

    hidden   fewer than 30 persons, or effective n = min(n, p (1 - p)/v) below 30; or the 95% Korn-Graubard interval at
             least .30 wide; or wider than .05 and more than 1.3 times p
    review   else, with fewer than 8 degrees of freedom, or when nobody or everybody answered positively
    note     else, wider than .05 and more than 1.3 times 1 - p: the complement is unreliable
    shown    else
    """
    each = np.ones_like(p) if kish is None else np.maximum(kish, 1)
    worth = n / each
    low, high = kg_nchs(p, v, worth, df, 0.975)
    one_sided = (positive == 0) | (positive == n)
    width = np.where(one_sided, 0.0, high - low)
    with np.errstate(divide="ignore", invalid="ignore"):
        few = (capped_n(p, v, worth) < 30) | ((n if persons is None else persons) / each < 30)
        hidden = few | np.isnan(width) | (width >= 0.30)
        wide = (width > 0.05) & (width < 0.30)
        hidden |= wide & (width / p > 1.30)
        note = wide & (width / (1 - p) > 1.30)
    review = (df < FEW_DF) | one_sided
    return _flagged(n > 0, hidden, review, note)


def mean_reliability(value: Array, v: Array, n: Array, df: Array) -> NDArray[np.object_]:
    """Return a word per mean, by our own rule: hidden below 30 answers or above 30% RSE; review below 8 df."""
    with np.errstate(divide="ignore", invalid="ignore"):
        hidden = (n < 30) | ~(np.sqrt(v) / np.abs(value) <= 0.30)
    return _flagged(n > 0, hidden, df < FEW_DF, np.zeros_like(hidden))


def _flagged(some: NDArray, hidden: NDArray, review: NDArray, note: NDArray) -> NDArray[np.object_]:
    words = np.full(np.shape(some), SHOWN, dtype=object)
    words[note] = NOTE
    words[review] = REVIEW
    words[hidden] = HIDDEN
    words[~some] = None
    return words
