"""`sipas selection`: how much self-selection figures and statements bear, and what two ways of asking tell of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

import analysis
from analysis.comparison.differences import findings
from analysis.estimands.estimands import pooled
from analysis.selection.class_bands import class_bands
from analysis.selection.effective_sample import worth
from analysis.selection.mode_effects import mode_effect
from analysis.selection.reference_sample import estimated_ratio
from sipas.errors import N_, SipasError, first_few
from sipas.estimating.comparing import Asked, against_the_whole, known
from sipas.estimating.self_selection import band_columns, trial
from sipas.estimating.survey import DataSource, Families, Survey
from sipas.estimating.trial_words import trial_name

Row = dict[str, Any]
REST: Row = {
    **dict.fromkeys(("n", "estimate", "low", "high", "target", "tipping", "reversal", "other_n", "other_estimate")),
    **dict.fromkeys(("difference", "adjusted", "finding", "column", "mode", "other_mode", "response")),
    **dict.fromkeys(("ratio", "ratio_low", "ratio_high", "strata")),
    "flags": [],
}
FLAG = N_("too few weeks or no common field")


@dataclass(frozen=True)
class Chance:
    """The sample that was drawn: the label of a column that marks it, and which share of those drawn answered."""

    column: str
    label: str
    response: float


@dataclass(frozen=True)
class Trials:
    """What is asked: figures, ratios that are tried, a target, a reference sample, and a column of ways of asking."""

    of: tuple[str, ...] = ("overall",)
    ratios: tuple[float, ...] = (1.25, 1.5)
    target: float | None = None
    level: float = 0.95
    chance: Chance | None = None
    modes: str | None = None
    within: tuple[str, ...] = ()


def families_for(by: Families, asked: Trials) -> list[tuple[str, ...]]:
    """The families that the cells need: those asked for, and each with the column that marks the reference sample."""
    column = asked.chance.column if asked.chance else None
    crossed = [(*family, column) for family in ((), *by) if column and column not in family]
    return list(dict.fromkeys([*map(tuple, by), *crossed]))


def kept_for(source: DataSource, asked: Trials) -> tuple[Trials, tuple[str, ...]]:
    """What is asked, ways of asking compared within offices and fields where a snapshot says them; columns to keep."""
    if asked.modes and not asked.within and source.design is None:
        asked = replace(asked, within=("unit", "field"))
    return asked, (asked.modes, *asked.within) if asked.modes else ()


def tried(survey: Survey, by: Families, asked: Trials) -> tuple[list[Row], list[SipasError]]:
    """All rows, each with `what`: figure, statement, reference or mode; and the sentence for the head of the table."""
    survey.require(asked.of)
    table = analysis.estimate(survey.cells, survey.weights, of=asked.of, by=by, level=asked.level)
    bands = class_bands(survey.cells, survey.weights, table, asked.ratios, target=asked.target)
    rows = []
    for place, record in enumerate(table.records()):
        d, m = divmod(place, len(table.of))
        row = {key: record[key] for key in ("domain", "of", "n", "estimate", "low", "high", "flags")}
        row |= {"target": asked.target, "tipping": None if bands.tipping is None else known(bands.tipping[d, m])}
        for ratio in asked.ratios if record["estimate"] is not None else ():
            row[trial_name("worth", ratio)] = known(float(worth(record["estimate"], ratio)))
        rows.append({"what": "figure"} | row | band_columns(bands, d, m))
    if by:
        rows += [{"what": "statement"} | row for row in against_the_whole(survey, by, Asked(asked.of, asked.level))]
    if asked.chance:
        rows += [{"what": "reference"} | row for row in _by_chance(survey, by, asked, asked.chance)]
    if asked.modes:
        rows += [{"what": "mode"} | row for row in _by_mode(survey, asked, asked.modes)]
    names = ["what", "domain", "of", *REST, *(name for name in rows[0] if name not in REST and name != "what")]
    names += [trial_name("worth", ratio) for ratio in asked.ratios]
    complete = [
        {name: row.get(name, REST.get(name)) for name in dict.fromkeys(names)} | {"level": asked.level} for row in rows
    ]
    return complete, trial(bands, 0)


def _by_chance(survey: Survey, by: Families, asked: Trials, chance: Chance) -> list[Row]:
    """Those who answered by themselves beside those asked by chance, for everybody and each domain that has both."""
    families = [(*family, chance.column) for family in ((), *by) if chance.column not in family]
    table = analysis.estimate(survey.cells, survey.weights, of=asked.of, by=families, level=asked.level)
    found: dict[tuple[Any, ...], dict[str, Row]] = {}
    for record in table.records():
        label = record["domain"].pop(chance.column, None)
        if label is not None and record["low"] is not None:
            found.setdefault((record["of"], *record["domain"].items()), {})[label] = record
    codes = np.unique(survey.cells.code(chance.column))
    labels = [label for code in codes if (label := survey.cells.label(chance.column, code))]
    if chance.label not in labels:
        raise SipasError(
            N_("no answer has {label} in the column {column}; there are {known}"),
            label=chance.label, column=chance.column, known=first_few(labels, 8),
        )  # fmt: skip
    if len(labels) != 2:
        raise SipasError(
            N_("the column {column} has {count} labels, and two are compared: who answered by themselves, and who was "
               "asked by chance ({known})"),
            column=chance.column, count=len(labels), known=first_few(labels, 8),
        )  # fmt: skip
    (own,) = (label for label in labels if label != chance.label)
    return [_reference(sides[own], sides[chance.label], own, chance) for sides in found.values() if len(sides) == 2]


def _reference(ours: Row, drawn: Row, own: str, chance: Chance) -> Row:
    ratio = estimated_ratio(*((each["estimate"], each["low"], each["high"]) for each in (ours, drawn)))
    return {
        "domain": ours["domain"], "of": ours["of"], "n": ours["n"], "estimate": ours["estimate"],
        "other_n": drawn["n"], "other_estimate": drawn["estimate"],
        "column": chance.column, "mode": own, "other_mode": chance.label, "response": chance.response,
        "ratio": known(ratio.ratio), "ratio_low": known(ratio.low), "ratio_high": known(ratio.high),
        "flags": list(dict.fromkeys([*ours["flags"], *drawn["flags"]])),
    }  # fmt: skip


def _by_mode(survey: Survey, asked: Trials, column: str) -> list[Row]:
    """Each way of asking against the one most used, within the strata asked for; all of them judged together (Holm)."""
    cells, codes = survey.cells, survey.cells.code(column)
    sizes = np.bincount(codes + 1, cells.rows, len(cells.labels[column]) + 1)[1:]
    if (sizes > 0).sum() < 2:
        raise SipasError(N_("all answers have the same {column}, so that there is nothing to compare"), column=column)
    base = int(sizes.argmax())
    rows = []
    for of in asked.of:
        for code in np.flatnonzero((sizes > 0) & (np.arange(len(sizes)) != base)):
            group = np.where(codes == code, 1, np.where(codes == base, 0, -1))
            found = mode_effect(cells, survey.weights, pooled(cells, [of]), group, asked.within, asked.level)
            row: Row = {"domain": {}, "of": of, "column": column, "mode": cells.label(column, int(code)),
                        "other_mode": cells.label(column, base), "n": int(sizes[code]), "other_n": int(sizes[base]),
                        "p": None, "flags": [FLAG] if found is None or found.df < 1 else []}  # fmt: skip
            if found:
                row |= {"ratio": known(found.ratio), "ratio_low": known(found.low), "ratio_high": known(found.high),
                        "strata": found.strata, "p": known(found.p)}  # fmt: skip
            rows.append(row)
    for row, (adjusted, finding) in zip(rows, findings([row.pop("p") for row in rows], level=asked.level), strict=True):
        row |= {"adjusted": adjusted, "finding": finding}
    return rows


def of_kind(rows: Sequence[Mapping[str, Any]], what: str) -> list[Mapping[str, Any]]:
    """The rows of one kind."""
    return [row for row in rows if row["what"] == what]
