"""Making the weights reproduce what is known of the population: post-strata, margins, totals of numbers.

All of it works on classes of cells that agree in the calibration columns, never on rows. Totals that disagree, that
nobody answered for, or that the bounds cannot meet are refused before anything is iterated.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.cells import Cells
from analysis.errors import N_, BadMethod, CannotCalibrate, one_of
from analysis.keys import combine, first_rows, rank
from analysis.sums import group_sums
from analysis.weights import Calibration, Weights, describe

Totals = Mapping[str, float] | Mapping[tuple[str, ...], float]
Margins = Mapping[str | tuple[str, ...], Totals]
TOLERANCE, ROUNDS = 1e-12, 500
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
    columns = _columns(by if isinstance(by, str) else tuple(by))
    codes, asked = _categories(weights, columns, invited)
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
    codes, target = _categories(weights, columns, totals)
    calibrated = fit_margins([(codes, target)], weights.final, weights.cells.rows)[0]
    model = Calibration(
        "poststratify",
        codes,
        len(target),
        np.zeros((len(codes), 0)),
        (),
        lambda base: fit_margins([(codes, target)], base, weights.cells.rows)[0],
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
    parts = [_categories(weights, _columns(name), totals) for name, totals in margins.items()]
    _agree(list(margins), [target for _, target in parts])
    calibrated, sweeps, miss = fit_margins(parts, weights.final, weights.cells.rows)
    model = Calibration(
        "raking" if variance == "residual" else "rake_ipf",
        parts[0][0],
        len(parts[0][1]),
        indicators(parts[1:], len(weights.cells)),
        tuple((codes, len(target)) for codes, target in parts),
        lambda base: fit_margins(parts, base, weights.cells.rows)[0],
    )
    about = describe(
        weights.cells,
        weights.final,
        calibrated,
        method=model.method,
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
    parts = [_categories(weights, _columns(name), totals) for name, totals in margins.items()]
    sizes = [target for _, target in parts] + ([np.array([float(total)])] if total is not None else [])
    if not sizes:
        raise CannotCalibrate(N_("calibration needs a margin or the population total"))
    _agree([*margins, *(["total"] if total is not None else [])], sizes)
    if not parts:
        parts = [(np.zeros(len(weights.cells), dtype=np.int64), np.array([float(total or 0)]))]
    columns = np.column_stack(
        [indicators(parts, len(weights.cells), drop=0)] + [_numbers(weights.cells, name) for name in numbers]
    )
    target = np.concatenate([totals for _, totals in parts] + [np.array([float(n)]) for n in numbers.values()])
    calibrated, steps, miss = _fit_newton(columns, target, weights, method, bounds)
    extra = np.column_stack(
        [indicators(parts[1:], len(weights.cells))] + [_numbers(weights.cells, name) for name in numbers]
    )
    model = Calibration(
        method,
        parts[0][0],
        len(parts[0][1]),
        extra,
        (),
        lambda base: _fit_newton(columns, target, weights, method, bounds, base)[0],
    )
    about = describe(
        weights.cells,
        weights.final,
        calibrated,
        method=method,
        iterations=steps,
        miss=miss,
        population=float(parts[0][1].sum()),
    )
    return Weights(weights.cells, weights.final, calibrated, model, diagnostics=about)


def _columns(name: str | tuple[str, ...]) -> tuple[str, ...]:
    return (name,) if isinstance(name, str) else tuple(name)


def _categories(weights: Weights, columns: tuple[str, ...], totals: Totals) -> tuple[NDArray[np.int64], NDArray]:
    """Each cell's category and each category's total; refuses what does not fit together."""
    cells = weights.cells
    own = [cells.code(column) for column in columns]
    wanted = {_key(key, len(columns)): float(value) for key, value in totals.items()}
    name = " x ".join(columns)
    for column, code in zip(columns, own, strict=True):
        empty = int(cells.rows[code < 0].sum())
        if empty:
            raise CannotCalibrate(
                N_(
                    "{count} rows have no {column}; give them a category of their own that the population has too, or "
                    "impute it"
                ),
                count=empty,
                column=column,
            )
    wrong = [key for key, value in wanted.items() if not np.isfinite(value) or value < 0]
    if wrong:
        raise CannotCalibrate(
            N_("the population of {names} ({column}) must be a number that is not negative"),
            names=_list(wrong),
            column=name,
        )
    key, span = combine(own, [len(cells.labels[column]) for column in columns], len(cells))
    codes, size = rank(key, span)
    first = first_rows(codes, size)
    found = [tuple(cells.label(c, code[place]) or "" for c, code in zip(columns, own, strict=True)) for place in first]
    unknown = [key for key in found if key not in wanted]
    if unknown:
        raise CannotCalibrate(
            N_("answers but no population total for {names} ({column}); add the totals"),
            names=_list(unknown),
            column=name,
        )
    nobody = [key for key, value in wanted.items() if value > 0 and key not in set(found)]
    if nobody:
        raise CannotCalibrate(
            N_("population but no answers for {names} ({column}); merge each with a similar category"),
            names=_list(nobody),
            column=name,
        )
    empty_population = [key for key in found if wanted[key] == 0]
    if empty_population:
        raise CannotCalibrate(
            N_("answers but a population of zero for {names} ({column}); correct it, or merge"),
            names=_list(empty_population),
            column=name,
        )
    return codes, np.array([wanted[key] for key in found])


def _key(key: str | tuple[str, ...], width: int) -> tuple[str, ...]:
    parts = (key,) if not isinstance(key, tuple | list) else tuple(key)
    if len(parts) != width:
        raise CannotCalibrate(
            N_("the population total of {name} needs {width} labels"), name=_list([parts]), width=width
        )
    return tuple(str(part) for part in parts)


def _list(names: Sequence[tuple[str, ...]]) -> str:
    shown = ["/".join(map(str, name)) for name in names[:20]]
    return ", ".join(shown) + (f" … (+{len(names) - 20})" if len(names) > 20 else "")


def _agree(names: Sequence[str | tuple[str, ...]], targets: Sequence[NDArray]) -> None:
    """Margins of one population have one total; never rescaled silently."""
    sums = [float(target.sum()) for target in targets]
    for name, total in zip(names[1:], sums[1:], strict=True):
        if abs(total - sums[0]) > 1e-6 * sums[0]:
            raise CannotCalibrate(
                N_("the margins disagree: {one} adds up to {first}, {two} to {second}; they describe one population"),
                one="/".join(_columns(names[0])),
                first=f"{sums[0]:.10g}",
                two="/".join(_columns(name)),
                second=f"{total:.10g}",
            )


def indicators(parts: Sequence[tuple[NDArray[np.int64], NDArray]], length: int, drop: int = 1) -> NDArray[np.float64]:
    """0/1 columns of categories; the first of each margin is dropped, as the block already holds their sum."""
    blocks = [(codes[:, None] == np.arange(drop, len(target))[None, :]).astype(float) for codes, target in parts]
    return np.column_stack([np.zeros((length, 0)), *blocks])


def _numbers(cells: Cells, column: str) -> NDArray[np.float64]:
    values = cells.numbers(column)
    if np.isnan(values).any():
        raise CannotCalibrate(
            N_("{count} rows have no {column}; impute it before calibrating"),
            count=int(cells.rows[np.isnan(values)].sum()),
            column=column,
        )
    return values


def fit_margins(
    parts: Sequence[tuple[NDArray[np.int64], NDArray]],
    base: NDArray,
    rows: NDArray,
    home: NDArray[np.int64] | None = None,
) -> tuple[NDArray[np.float64], int, float]:
    """Proportional fitting to categories of cells: final weights, rounds, and how far the worst category is off.

    A category that has lost all its weight (a replicate without its PSU) leaves its population to those of the same
    home, in proportion; without a home, or where the home is empty, to all.
    """
    if len(parts) == 1:
        codes, target = parts[0]
        reached = np.bincount(codes, base * rows, len(target))
        target = _inherited(target, reached, home)
        return base * np.divide(target, reached, out=np.zeros_like(target), where=reached > 0)[codes], 1, 0.0
    key, span = combine([codes.astype(np.int32) for codes, _ in parts], [len(t) for _, t in parts], len(base))
    ids, size = rank(key, span)
    first = first_rows(ids, size)
    mass = np.bincount(ids, base * rows, size)
    classes = []
    for place, (codes, target) in enumerate(parts):
        own = codes[first]
        reached = np.bincount(own, mass, len(target))
        classes.append((own, _inherited(target, reached, home if place == 0 else None), reached > 0))
    fitted = mass.copy()
    for sweep in range(1, ROUNDS + 1):  # noqa: B007 (the number of rounds is reported)
        for own, target, _ in classes:
            reached = np.bincount(own, fitted, len(target))
            fitted *= np.divide(target, reached, out=np.zeros_like(target), where=reached > 0)[own]
        miss = max(
            float(np.abs(np.bincount(own, fitted, len(target))[some] / target[some] - 1).max())
            for own, target, some in classes
        )
        if miss <= TOLERANCE:
            break
    else:
        raise CannotCalibrate(
            N_(
                "raking does not converge: after {rounds} rounds a margin is still off by {miss}; usually two margins "
                "contradict each other where categories hardly meet; merge categories"
            ),
            rounds=ROUNDS,
            miss=f"{miss:.1e}",
        )
    return base * np.divide(fitted, mass, out=np.zeros_like(mass), where=mass > 0)[ids], sweep, miss


def _inherited(target: NDArray, reached: NDArray, home: NDArray[np.int64] | None) -> NDArray[np.float64]:
    lost = (reached <= 0) & (target > 0)
    if not lost.any():
        return target
    target, left = target.astype(float).copy(), np.where(lost, target, 0.0)
    target[lost] = 0.0
    if home is not None:
        own = np.bincount(home, target)[home]
        share = np.divide(target, own, out=np.zeros_like(target), where=own > 0)
        target = target + share * np.bincount(home, left)[home]
        left = np.where(own > 0, 0.0, left)
    return target * (1 + left.sum() / target.sum()) if left.any() else target


def _fit_newton(
    columns: NDArray,
    target: NDArray,
    weights: Weights,
    method: str,
    bounds: tuple[float, float] | None,
    base: NDArray | None = None,
) -> tuple[NDArray[np.float64], int, float]:
    """Solve sum(w g(x'u) x) = T for u, on the distinct rows x."""
    base = weights.final if base is None else base
    distinct, ids = np.unique(columns, axis=0, return_inverse=True)
    ids = ids.reshape(-1)
    mass = group_sums((base * weights.cells.rows)[:, None], ids, len(distinct))[:, 0]
    scale = np.maximum(np.abs(target), 1.0)
    if bounds is not None:
        _feasible(distinct, mass, target, bounds)
    u = np.zeros(len(target))
    for step in range(1, ROUNDS + 1):
        g, slope = _distance(distinct @ u, method, bounds)
        off = target - (mass * g) @ distinct
        miss = float((np.abs(off) / scale).max())
        if miss <= TOLERANCE * 10:
            break
        slopes = mass * slope
        hessian = (distinct * slopes[:, None]).T @ distinct
        change = np.linalg.lstsq(hessian / scale[:, None], off / scale, rcond=1e-13)[0]
        u = _step(u, change, distinct, mass, target, scale, method, bounds, miss)
        if step > 3 and miss < 1e-10 and np.abs(change).max() <= 1e-14 * max(1.0, np.abs(u).max()):
            break
    else:
        raise CannotCalibrate(
            N_(
                "the calibration does not converge: a total is still off by {miss} of itself; the totals contradict "
                "each other or the answers cannot reach them"
            ),
            miss=f"{miss:.1e}",
        )
    g, _ = _distance(distinct @ u, method, bounds)
    return base * g[ids], step, miss


def _step(
    u: NDArray,
    change: NDArray,
    x: NDArray,
    mass: NDArray,
    target: NDArray,
    scale: NDArray,
    method: str,
    bounds: tuple[float, float] | None,
    miss: float,
) -> NDArray:
    """The Newton step, halved until it does not lead away."""
    for _ in range(30):
        g, _ = _distance(x @ (u + change), method, bounds)
        if np.isfinite(g).all():
            off = float((np.abs(target - (mass * g) @ x) / scale).max())
            if off < max(miss * 1.5, 1e-9):
                break
        change = change / 2
    return u + change


def _distance(u: NDArray, method: str, bounds: tuple[float, float] | None) -> tuple[NDArray, NDArray]:
    """g and its derivative, for the linear predictor u (Deville and Sarndal 1992, table 1)."""
    if method == "raking":
        with np.errstate(over="ignore"):
            g = np.exp(u)
        return g, g
    if method == "linear":
        g = 1 + u
        if bounds is None:
            return g, np.ones_like(g)
        clipped = np.clip(g, *bounds)
        return clipped, (clipped == g).astype(float)
    low, high = bounds or (0.0, np.inf)
    a = (high - low) / ((1 - low) * (high - 1))
    e = np.exp(np.clip(a * u, -500, 500))
    below = (high - 1) + (1 - low) * e
    g = (low * (high - 1) + high * (1 - low) * e) / below
    return g, (high - low) * a * (high - 1) * (1 - low) * e / below**2


def _feasible(x: NDArray, mass: NDArray, target: NDArray, bounds: tuple[float, float]) -> None:
    """Ask a linear programme whether any weights within the bounds meet the totals; if not, name bounds that can."""
    from scipy.optimize import linprog
    from scipy.sparse import eye_array, hstack, vstack

    scale = np.maximum(np.abs(target), 1.0)
    matrix = (x * mass[:, None] / scale).T
    if linprog(np.zeros(len(mass)), A_eq=matrix, b_eq=target / scale, bounds=bounds, method="highs").status != 2:
        return
    reach = np.append(np.zeros(len(mass)), 1.0)
    ones, each = np.ones((len(mass), 1)), eye_array(len(mass))
    sides = vstack([hstack([each, -ones]), hstack([-each, -ones])])
    limits = np.concatenate([np.ones(len(mass)), -np.ones(len(mass))])
    best = linprog(
        reach,
        A_ub=sides,
        b_ub=limits,
        A_eq=np.column_stack([matrix, np.zeros(len(target))]),
        b_eq=target / scale,
        bounds=[(None, None)] * len(mass) + [(0, None)],
        method="highs",
    )
    if best.status != 0:
        raise CannotCalibrate(N_("no weights at all meet these totals: they contradict each other or the answers"))
    spread = float(best.x[-1])
    raise CannotCalibrate(
        N_(
            "no weights within the bounds {low} to {high} meet the totals; the tightest symmetric bounds that can are "
            "{best_low} to {best_high}"
        ),
        low=bounds[0],
        high=bounds[1],
        best_low=f"{1 - spread:.4g}",
        best_high=f"{1 + spread:.4g}",
    )
