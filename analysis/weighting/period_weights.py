"""Weights of a period: each wave keeps its own, and each wave's calibration is its own.

A period's population is that of its waves added: dossiers of unit x field x wave. So the ratio over the period is the
mean of the waves' ratios with their populations as weights, and its calibration columns are those of the waves, zero in
the rows of all others.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import block_diag

from analysis.errors import N_, BadWeights
from analysis.tabulation.cells import Cells
from analysis.weighting.weights import Calibration, Weights, describe


def weights_of_period(cells: Cells, parts: Mapping[str, Weights]) -> Weights:
    """Put the weights of waves side by side for the cells of their period (`cells_of_period`).

    parts  the weights of each wave by its name, made from the cells that went into the period

    Raises BadWeights where some waves are weighted (or calibrated) and some are not, where `rake` used the sweeps of
    R's convention, and where the weights are of other cells.

    >>> import pyarrow as pa
    >>> from analysis import Codebook, Design, cells_of_period, design_weights, estimate, poststratify, tabulate
    >>> asked = {"codebook": Codebook.plain(["q"]), "design": Design(psus="psu"), "keep": ["unit"]}
    >>> early = tabulate(pa.table({"psu": ["1", "2"], "unit": ["a", "a"], "q": [5, 4]}), **asked)
    >>> late = tabulate(pa.table({"psu": ["1", "2"], "unit": ["a", "a"], "q": [1, 2]}), **asked)
    >>> parts = {"Q1": poststratify(design_weights(early), "unit", {"a": 300}),
    ...          "Q2": poststratify(design_weights(late), "unit", {"a": 100})}
    >>> period = weights_of_period(cells_of_period({"Q1": early, "Q2": late}), parts)
    >>> estimate(period.cells, period).row("overall")["estimate"]
    0.75
    """
    ordered = [parts[wave] for wave in sorted(parts)]
    ends = np.cumsum([len(part.final) for part in ordered])
    if ends[-1] != len(cells) or not np.array_equal(np.concatenate([p.cells.rows for p in ordered]), cells.rows):
        raise BadWeights(N_("these are not the weights of the cells that went into this period"))
    kinds = {(part.unweighted, part.calibration is None) for part in ordered}
    if len(kinds) > 1:
        raise BadWeights(N_("some waves are weighted and some are not, so that they cannot be added to one period"))
    base = np.concatenate([part.base for part in ordered])
    final = np.concatenate([part.final for part in ordered])
    ((unweighted, fixed),) = kinds
    model = None if fixed else _calibration([part.calibration for part in ordered if part.calibration], ends[:-1])
    population = float((final * cells.rows).sum())
    about = describe(
        cells, base, final, unweighted=unweighted, method=model.method if model else "as given", population=population
    )
    return Weights(cells, base, final, model, unweighted, about)


def _calibration(models: Sequence[Calibration], ends: NDArray[np.int64]) -> Calibration:
    """One regression in which each wave has categories and columns of its own."""
    if any(model.method == "rake_ipf" for model in models):
        raise BadWeights(N_("waves that were raked with sweeps cannot be added to one period; use residuals"))
    before = np.cumsum([0, *(model.blocks for model in models)])

    def refit(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.concatenate([m.refit(own) for m, own in zip(models, np.split(values, ends), strict=True)])

    methods = {model.method for model in models}
    return Calibration(
        methods.pop() if len(methods) == 1 else "raking",
        np.concatenate([model.block + start for model, start in zip(models, before[:-1], strict=True)]),
        int(before[-1]),
        block_diag(*(model.extra for model in models)),
        (),
        refit,
    )
