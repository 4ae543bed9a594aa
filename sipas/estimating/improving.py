"""What to improve first, as rows of a table: each factor's importance for the outcome beside how it performs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import analysis
from analysis import importance_in
from analysis.comparison.differences import figures_of, findings
from analysis.errors import AnalysisError
from sipas.errors import N_, SipasError
from sipas.estimating.comparing import known
from sipas.estimating.questionnaire import inside
from sipas.estimating.survey import Survey

Row = dict[str, Any]
FIRST, KEEP, OPEN = "improve first", "keep up", None
TOO_FEW = N_("too few answers for a model")


def outcome_of(codebook: analysis.Codebook, named: str | None) -> str:
    """The item that says how satisfied a person is on the whole: the named one, or the only one outside all factors."""
    if named is not None:
        if named not in codebook.item_codes:
            raise SipasError(
                N_("there is no item {item}; the items are {known}"), item=named, known=", ".join(codebook.item_codes)
            )
        return named
    members = {item for items in codebook.factor_items.values() for item in items}
    outside = [item for item in codebook.item_codes if item not in members]
    if len(outside) != 1:
        raise SipasError(N_("name the item that asks for satisfaction on the whole with --outcome"))
    return outside[0]


def asked_of_some(codebook: analysis.Codebook) -> list[str]:
    """The factors all of whose items were asked only of those who gave a certain answer, such as feedback."""
    gated = {item for item, _gate, _numbers in codebook.asked_if or ()}
    return [name for name, items in codebook.factor_items.items() if gated.issuperset(items)]


def left_out(codebook: analysis.Codebook) -> list[SipasError]:
    """What is said of the factors that a model of everybody cannot hold."""
    return [
        SipasError(
            N_("{factor} was asked only of some people, so it stands outside the model of everybody"), factor=factor
        )
        for factor in asked_of_some(codebook)
    ]


def without(codebook: analysis.Codebook, outcome: str) -> analysis.Codebook:
    """The questionnaire with the outcome outside its factors, for a factor cannot explain its own item; and without
    factors that were asked only of some, for the model holds those who answered every factor."""
    groups = codebook.factor_items
    shared = [name for name, items in groups.items() if outcome in items and len(items) > 1]
    if shared:
        raise SipasError(
            N_("{item} is one of several items of {factor}, which would explain itself; choose an item of its own"),
            item=outcome,
            factor=shared[0],
        )
    some = asked_of_some(codebook)
    kept = {name: items for name, items in groups.items() if outcome not in items and name not in some}
    return replace(
        codebook,
        groups=tuple(kept.items()),
        factors=tuple((code, text) for code, text in codebook.factors if code in kept),
    )


def improve(survey: Survey, domains: list[dict[str, str]], outcome: str, level: float) -> list[Row]:
    """A row per factor and domain, the most important first.

    importance   Shapley share of the R2 of all factors on the outcome, with a jackknife interval
    performance  share of satisfied answers, judged against the whole of its domain, all lines of the table together
    advice       `improve first`: below the whole, and not surely less important than the average factor; `keep up`:
                 above it, and not surely less important; None where neither can be said
    """
    survey.require(["overall"])
    found = []
    for domain in domains:
        figures = figures_of(survey.cells, survey.weights, ["overall", *survey.cells.codebook.factor_items], [domain])
        try:
            fit = importance_in(survey.cells, outcome, survey.weights, where=inside(survey.cells, domain), level=level)
        except AnalysisError:
            if not domain:
                raise
            fit = None
        found.append((domain, figures, fit))
    gaps = [
        figures.difference(place, 0, level=level)
        for _, figures, fit in found
        if fit is not None
        for place in range(1, len(figures))
    ]
    judged = iter(zip(gaps, findings([gap.p for gap in gaps], level=level), strict=True))
    rows = []
    for domain, figures, fit in found:
        if fit is None:
            rows.append(_refused(domain, outcome, level))
            continue
        average = fit.r2 / len(fit.factors)
        lines = []
        for k, factor in enumerate(fit.factors):
            gap, (adjusted, finding) = next(judged)
            lines.append(
                {
                    "domain": domain,
                    "of": factor,
                    "outcome": outcome,
                    "importance": float(fit.share[k]),
                    "importance_low": known(fit.low[k]),
                    "importance_high": known(fit.high[k]),
                    "performance": known(figures.value[k + 1]),
                    "low": known(figures.low[k + 1]),
                    "high": known(figures.high[k + 1]),
                    "difference": known(gap.value),
                    "adjusted": adjusted,
                    "advice": _advice(finding, gap.value, fit.high[k] < average),
                    "r2": fit.r2,
                    "persons": fit.persons,
                    "df": fit.df,
                    "level": level,
                    "flags": list(fit.flags),
                }
            )
        rows += sorted(lines, key=lambda line: -line["importance"])
    return rows


def _advice(finding: str | None, gap: float, unimportant: bool) -> str | None:
    if finding != "differs" or unimportant:
        return OPEN
    return FIRST if gap < 0 else KEEP


def _refused(domain: dict[str, str], outcome: str, level: float) -> Row:
    """A domain whose answers cannot carry a model: a row that says why."""
    keys = (
        "importance", "importance_low", "importance_high", "performance", "low", "high", "difference", "adjusted",
        "advice", "r2", "persons", "df",
    )  # fmt: skip
    return {"domain": domain, "of": "", "outcome": outcome} | dict.fromkeys(keys) | {"level": level, "flags": [TOO_FEW]}


__all__ = ["improve", "left_out", "outcome_of", "without"]
