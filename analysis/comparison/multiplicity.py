"""Many comparisons at once: p-values adjusted so that the whole table, not only each line of it, can be believed."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.errors import N_, AnalysisError


def holm(p: ArrayLike) -> NDArray[np.float64]:
    """Return Holm's adjusted p-values: the chance of any false claim among all (FWER) stays below the level.

    Sound under every dependence. S. Holm, A simple sequentially rejective multiple test procedure, Scandinavian Journal
    of Statistics 6 (1979). Missing p-values stay missing and do not count.

    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    return _adjusted(p, lambda ordered, m: np.maximum.accumulate(ordered * np.arange(m, 0, -1)))


def benjamini_hochberg(p: ArrayLike) -> NDArray[np.float64]:
    """Return Benjamini and Hochberg's adjusted p-values: the expected share of false claims among those made (FDR).

    For lists to look into, not for single public claims; sound for independent or positively dependent tests.
    Y. Benjamini and Y. Hochberg, Controlling the false discovery rate, Journal of the Royal Statistical Society B 57
    (1995). Missing p-values stay missing and do not count.

    >>> benjamini_hochberg([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.04, 0.04]
    """
    return _adjusted(
        p, lambda ordered, m: np.minimum.accumulate((ordered * m / np.arange(1, m + 1))[::-1])[::-1]
    )  # fmt: skip


def _adjusted(p: ArrayLike, adjust) -> NDArray[np.float64]:  # type: ignore[no-untyped-def]
    p = np.asarray(p, float)
    if ((p < 0) | (p > 1)).any():
        raise AnalysisError(N_("a p-value lies between 0 and 1; {value} does not"),
                            value=float(p[(p < 0) | (p > 1)][0]))  # fmt: skip
    flat, adjusted = p.ravel(), np.full(p.size, np.nan)
    known = np.flatnonzero(~np.isnan(flat))
    order = known[np.argsort(flat[known], kind="stable")]
    adjusted[order] = np.minimum(adjust(flat[order], len(order)), 1.0)
    return adjusted.reshape(p.shape)
