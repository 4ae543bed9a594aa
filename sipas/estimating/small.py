"""Small offices as rows of a table: the direct estimate, what the model expects, and the prediction between the two."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from analysis import estimate
from analysis.errors import AnalysisError
from analysis.small_area.fay_herriot import area_model
from sipas.errors import N_, SipasError
from sipas.estimating.comparing import known
from sipas.estimating.survey import Survey
from sipas.tables import Problems, read_table

Row = dict[str, Any]
ENOUGH = 8  # degrees of freedom from which a domain's own variance is taken
SMOOTHED, ABSENT = N_("smoothed variance"), N_("no answers, expectation only")


@dataclass(frozen=True)
class Features:
    """What is known of every office beforehand: columns of numbers, by the office's labels."""

    names: tuple[str, ...]
    of: dict[tuple[str, ...], list[float]]


def read_features(path: Path, family: tuple[str, ...], names: tuple[str, ...], decimal: str = "") -> Features:
    """A table with the columns of the domains and the named columns of numbers; each domain once."""
    table = read_table(path, decimal=decimal)
    table.require(*family, *names)
    problems = Problems(table)
    columns = [table.numbers(name, problems) for name in names]
    for name, values in zip(names, columns, strict=True):
        problems.add_rows(np.flatnonzero(np.isnan(values)), name, N_("this cell is empty; every office needs a number"))
    found: dict[tuple[str, ...], list[float]] = {}
    for record in table.records(*family):
        key = tuple(record[column] for column in family)
        if key in found:
            problems.add(record.row, family[0], N_("“{value}” stands twice; keep one line"))
        found[key] = [float(values[record.row]) for values in columns]
    problems.refuse()
    return Features(names, found)


def small_areas(
    survey: Survey, family: tuple[str, ...], of: str, method: str, features: Features | None, level: float
) -> tuple[list[Row], dict[str, Any]]:
    """The rows, and what the fit itself says: variance between offices, coefficients, flags."""
    survey.require([of])
    table = estimate(survey.cells, survey.weights, by=[family], level=level)
    domains = [labels for columns, labels in table.domains if columns == family]
    if features is not None:
        lacking = [" + ".join(labels) for labels in domains if labels not in features.of]
        if lacking:
            raise SipasError(
                N_("the features say nothing of {domains}; add a line for each"), domains=", ".join(lacking[:20])
            )
    rows = [table.row(of, **dict(zip(family, labels, strict=True))) for labels in domains]
    deffs = table.deff_wr[:, table.of.index(of)]
    here = [columns == family for columns, _ in table.domains]
    variance, smoothed = _variances(rows, table.row(of), deffs[here], float(deffs[0]))
    absent = sorted(set(features.of) - set(domains)) if features else []
    direct = np.array([row["estimate"] if row["n"] else np.nan for row in rows] + [np.nan] * len(absent))
    variance = np.concatenate([np.where(np.isnan(direct[: len(rows)]), np.nan, variance), [np.nan] * len(absent)])
    names = [*domains, *absent]
    x = np.array([features.of[labels] for labels in names]) if features and features.names else None
    try:
        fit = area_model(direct, variance, x, method=method)
    except AnalysisError as error:
        raise SipasError(N_("no model of these offices: {reason}"), reason=error) from error
    low, high = prediction_limits(fit.predicted, fit.mse, level)
    told = [
        {
            "domain": dict(zip(family, labels, strict=True)),
            "of": of,
            "n": rows[k]["n"] if k < len(rows) else 0,
            "df": rows[k]["df"] if k < len(rows) else None,
            "direct": known(fit.direct[k]),
            "direct_low": rows[k]["low"] if k < len(rows) else None,
            "direct_high": rows[k]["high"] if k < len(rows) else None,
            "sampling_se": known(np.sqrt(variance[k])),
            "expected": float(fit.expected[k]),
            "predicted": float(fit.predicted[k]),
            "predicted_low": float(low[k]),
            "predicted_high": float(high[k]),
            "root_mse": float(np.sqrt(fit.mse[k])),
            "trust": float(fit.trust[k]),
            "method": f"fay-herriot {fit.method}",
            "level": level,
            "flags": _flags(rows[k]["flags"] if k < len(rows) else [ABSENT], k < len(rows) and bool(smoothed[k])),
        }
        for k, labels in enumerate(names)
    ]
    about = {
        "between_sd": float(np.sqrt(fit.between)),
        "coefficients": fit.coefficients.tolist(),
        "flags": list(fit.flags),
    }
    return told, about


def prediction_limits(
    predicted: NDArray[np.float64], mse: NDArray[np.float64], level: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Limits of predicted shares with the given confidence, inside [0, 1] as those of the direct estimates are.

    The normal quantile times the root MSE on each side, as the model is a linear one, cut off at 0 and 1; around 0 or 1
    where features lead beyond. Simulated they hold 94% and 95% of offices around 85% and 96%; Wilson's interval with
    p (1 - p)/MSE answers held 94% and 93%, as it leans away from what the offices are drawn toward.
    """
    centre, reach = np.clip(predicted, 0, 1), ndtri((1 + level) / 2) * np.sqrt(mse)
    return np.clip(centre - reach, 0, 1), np.clip(centre + reach, 0, 1)


def _flags(own: list[str], smoothed: bool) -> list[str]:
    kept = [ABSENT if flag == "no answers" else flag for flag in own if flag != "unweighted"]
    return [*kept, SMOOTHED] if smoothed else kept


def _variances(
    rows: list[Row], whole: Row, deffs: NDArray[np.float64], of_whole: float
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Each office's variance; with few degrees of freedom p(1 - p) deff / n of the whole and of its larger sisters.

    The design effects are those of draws with replacement, V over p(1 - p)/n: another would not give V back.

    A variance from few clusters is mostly noise, and a model that trusts it trusts the office too much or too little
    (generalized variance function: K. M. Wolter, Introduction to Variance Estimation, 2007, chapter 7).
    """
    p = whole["estimate"]
    if p is None or not 0 < p < 1:
        raise SipasError(N_("everybody answered alike, so there is nothing to model"))
    enough = np.array([row["df"] is not None and row["df"] >= ENOUGH for row in rows]) & (deffs > 0)
    deff = max(1.0, float(np.median(deffs[enough])) if enough.any() else float(np.nan_to_num(of_whole, nan=1.0)))
    counted = np.array([max(row["answers"], 1) for row in rows], dtype=float)
    own = np.array([np.nan if row["se"] is None else row["se"] ** 2 for row in rows])
    few = np.array([row["df"] is None or row["df"] < ENOUGH for row in rows]) | ~(own > 0)
    return np.where(few, p * (1 - p) * deff / counted, own), few
