"""Making the weights reproduce what is known of the population: post-strata, margins, totals of numbers.

All of it works on classes of cells that agree in the calibration columns, never on rows. Totals that disagree, that
nobody answered for, or that the bounds cannot meet are refused before anything is iterated.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from analysis.errors import N_, BadMethod, CannotCalibrate, Remark, one_of
from analysis.weighting.control_totals import (
    Margins,
    Totals,
    category_names,
    columns_of,
    equal_totals,
    indicators,
    match_categories,
    numeric_column,
)
from analysis.weighting.distances import fit_newton
from analysis.weighting.feasibility import refuse_contradiction
from analysis.weighting.ipf import fit_ipf
from analysis.weighting.weights import Calibration, Weights, describe

METHODS = ("linear", "raking", "logit")


def adjust_nonresponse(weights: Weights, by: str | Sequence[str], invited: Totals, *, largest: float = 3.0) -> Weights:
    """Let those who answered stand for those of their class who were asked and did not.

    invited  how many were asked in each class of `by`, in the scale of the weights: {("F", "18-34"): 1800, ...}
    largest  a class whose factor is above it gets a warning: merge it with a similar one

    The factor of a class is invited / answered (weighting-class adjustment; Oh and Scheuren 1983). It is taken as
    fixed: calibrate afterwards, and the variance is that of the calibration. Refuses a class that answered more than
    was asked, and classes without answers.

    >>> import pyarrow as pa
    >>> from analysis import Codebook, Design, design_weights, tabulate
    >>> table = pa.table({"sex": list("FFM"), "psu": [1, 2, 2], "q": [5, 4, 1]})
    >>> cells = tabulate(table, codebook=Codebook.plain(["q"]), design=Design(psus="psu"), keep=["sex"])
    >>> adjust_nonresponse(design_weights(cells), "sex", {"F": 6, "M": 2}).final.tolist()
    [3.0, 3.0, 2.0]
    """
    columns = columns_of(by if isinstance(by, str) else tuple(by))
    codes, asked = match_categories(weights, columns, invited)
    answered = np.bincount(codes, weights.final * weights.cells.rows, len(asked))
    if (answered > asked * (1 + 1e-9)).any():
        worst = int(np.argmax(answered / asked))
        raise CannotCalibrate(
            N_("more answered than were asked in a class of {column}: {answered} of {asked}; correct the number asked"),
            column=" x ".join(columns),
            answered=f"{answered[worst]:.10g}",
            asked=f"{asked[worst]:.10g}",
        )
    factor = asked / answered
    final = weights.final * factor[codes]
    warnings = []
    if (factor > largest).any():
        warnings.append(N_("in some classes few of those asked answered; merge each with a similar class"))
    about = describe(
        weights.cells, weights.final, final, method="nonresponse", categories=len(asked), warnings=warnings,
        response_rate=float(answered.sum() / asked.sum()), lowest_response_rate=float(1 / factor.max()),
    )  # fmt: skip
    return Weights(weights.cells, final, final, diagnostics=about)


def poststratify(weights: Weights, by: str | Sequence[str], totals: Totals) -> Weights:
    """Scale the weights so that each category of `by` (crossed, when several) reaches its population total.

    totals: {("F", "18-34"): 1800, ...}, or for a single column {"F": 1800, ...}. Variance as R `postStratify`.

    >>> import pyarrow as pa
    >>> from analysis import Codebook, Design, design_weights, tabulate
    >>> answers = {"psu": [1, 1, 2, 2, 3, 3], "sex": list("FMFMFM"), "q": [5, 2, 4, 1, 2, 4]}
    >>> table = pa.table({**answers, "w": [2, 1, 2, 1, 2, 1]})
    >>> cells = tabulate(table, codebook=Codebook.plain(["q"]), design=Design(psus="psu", weights="w"), keep=["sex"])
    >>> poststratify(design_weights(cells), "sex", {"F": 60, "M": 45}).final.tolist()
    [15.0, 20.0, 15.0, 20.0, 15.0, 20.0]
    """
    columns = (by,) if isinstance(by, str) else tuple(by)
    codes, target = match_categories(weights, columns, totals)
    calibrated = fit_ipf([(codes, target)], weights.final, weights.cells.rows)[0]
    model = Calibration(
        "poststratify",
        codes,
        len(target),
        np.zeros((len(codes), 0)),
        (),
        lambda base: fit_ipf([(codes, target)], base, weights.cells.rows)[0],
    )
    about = describe(
        weights.cells,
        weights.final,
        calibrated,
        method="poststratify",
        categories=len(target),
        population=float(target.sum()),
    )
    return Weights(weights.cells, weights.final, calibrated, model, diagnostics=about)


def rake(weights: Weights, margins: Margins, *, variance: str = "residual") -> Weights:
    """Scale the weights until every margin is met (iterative proportional fitting, Deming and Stephan 1940).

    margins: {"sex": {"F": 5100, "M": 4900}, "age": {...}}; a margin may cross columns: {("unit", "field"): {...}}.
    Totals that differ by less than 0.1% are scaled to that of the first, with a warning in the diagnostics; margins
    that cannot be met are refused, with the categories and numbers that contradict each other.
    variance: `residual` from the regression on all margins (as R `calibrate(calfun="raking")`), or `sweeps`, R's
    `rake` convention of ten sweeps of unweighted means. Converges to 1e-12 or is refused.

    >>> import pyarrow as pa
    >>> from analysis import Codebook, Design, design_weights, tabulate
    >>> table = pa.table({"psu": [1, 2, 3, 4], "sex": list("FFMM"), "age": list("oyoy"), "q": [5, 4, 1, 4]})
    >>> cells = tabulate(table, codebook=Codebook.plain(["q"]), design=Design(psus="psu"), keep=["sex", "age"])
    >>> weights = rake(design_weights(cells), {"sex": {"F": 30, "M": 10}, "age": {"o": 20, "y": 20}})
    >>> weights.final.round(9).tolist()
    [15.0, 15.0, 5.0, 5.0]
    """
    one_of("variance", variance, ("residual", "sweeps"))
    parts, remarks = _matched(weights, margins)
    with _named(weights, margins, parts):
        calibrated, sweeps, miss = fit_ipf(parts, weights.final, weights.cells.rows)
    model = Calibration(
        "raking" if variance == "residual" else "rake_ipf",
        parts[0][0],
        len(parts[0][1]),
        indicators(parts[1:], len(weights.cells)),
        tuple((codes, len(target)) for codes, target in parts),
        lambda base: fit_ipf(parts, base, weights.cells.rows)[0],
    )
    about = describe(
        weights.cells,
        weights.final,
        calibrated,
        method=model.method,
        warnings=remarks,
        iterations=sweeps,
        miss=miss,
        population=float(parts[0][1].sum()),
    )
    return Weights(weights.cells, weights.final, calibrated, model, diagnostics=about)


def calibrate(
    weights: Weights,
    margins: Margins | None = None,
    numbers: Mapping[str, float] | None = None,
    *,
    total: float | None = None,
    method: str = "linear",
    bounds: tuple[float, float] | None = None,
) -> Weights:
    """Calibrate to margins and totals of numeric columns (Deville and Sarndal 1992; R `calibrate`).

    method  linear g = 1 + u (GREG; with bounds truncated), raking g = exp(u), logit (needs bounds)
    bounds  limits (L, U) of g = calibrated / previous weight; found infeasible by linear programming before iterating
    total   the population size; needed when there are no margins

    >>> import pyarrow as pa
    >>> from analysis import Codebook, Design, design_weights, tabulate
    >>> table = pa.table({"psu": [1, 2, 3, 4], "sex": list("FFMM"), "visits": [1, 3, 1, 2], "q": [5, 4, 1, 4]})
    >>> cells = tabulate(
    ...     table, codebook=Codebook.plain(["q"]), design=Design(psus="psu"), keep=["sex"], values=["visits"]
    ... )
    >>> weights = calibrate(design_weights(cells), {"sex": {"F": 30, "M": 20}}, {"visits": 80})
    >>> round(float((weights.final * cells.numbers("visits")).sum()), 9)
    80.0
    """
    one_of("method", method, METHODS)
    if method == "logit" and bounds is None:
        raise BadMethod(N_("method logit needs bounds, such as (0.3, 3)"))
    if bounds is not None and not (0 <= bounds[0] < 1 < bounds[1]):
        raise BadMethod(N_("bounds must enclose 1, and {low} to {high} do not"), low=bounds[0], high=bounds[1])
    if method == "raking" and bounds is not None:
        raise BadMethod(N_("bounds go with the methods linear and logit"))
    margins, numbers = margins or {}, numbers or {}
    if not margins and total is None:
        raise CannotCalibrate(N_("calibration needs a margin or the population total"))
    parts, remarks = _matched(weights, margins, total)
    if not parts:
        parts = [(np.zeros(len(weights.cells), dtype=np.int64), np.array([float(total or 0)]))]
    columns = np.column_stack(
        [indicators(parts, len(weights.cells), drop=0)] + [numeric_column(weights.cells, name) for name in numbers]
    )
    target = np.concatenate([totals for _, totals in parts] + [np.array([float(n)]) for n in numbers.values()])
    with _named(weights, margins, parts):
        calibrated, steps, miss = fit_newton(columns, target, weights, method, bounds)
    extra = np.column_stack(
        [indicators(parts[1:], len(weights.cells))] + [numeric_column(weights.cells, name) for name in numbers]
    )
    model = Calibration(
        method,
        parts[0][0],
        len(parts[0][1]),
        extra,
        (),
        lambda base: fit_newton(columns, target, weights, method, bounds, base)[0],
    )
    about = describe(
        weights.cells,
        weights.final,
        calibrated,
        method=method,
        warnings=remarks,
        iterations=steps,
        miss=miss,
        population=float(parts[0][1].sum()),
    )
    return Weights(weights.cells, weights.final, calibrated, model, diagnostics=about)


def _matched(
    weights: Weights, margins: Margins, total: float | None = None
) -> tuple[list[tuple[NDArray[np.int64], NDArray]], list[Remark]]:
    """Each margin's category of every cell and totals, brought to the population total, else to the first margin's."""
    parts = [match_categories(weights, columns_of(name), totals) for name, totals in margins.items()]
    known = [] if total is None else [np.array([float(total)])]
    names = [*(["total"] if known else []), *margins]
    targets, remarks = equal_totals(names, [*known, *(target for _, target in parts)])
    return [(codes, target) for (codes, _), target in zip(parts, targets[len(known) :], strict=True)], remarks


@contextmanager
def _named(weights: Weights, margins: Margins, parts: list[tuple[NDArray[np.int64], NDArray]]) -> Iterator[None]:
    """Say of margins that cannot be met which categories contradict each other."""
    try:
        yield
    except CannotCalibrate:
        cells, columns = weights.cells, [columns_of(name) for name in margins]
        names = [
            category_names(cells, each, codes, len(target))
            for each, (codes, target) in zip(columns, parts, strict=True)
        ]
        refuse_contradiction([" x ".join(each) for each in columns], names, parts, weights.final != 0)
        raise
