"""Comparisons adjusted for what was asked about: offices as if each had everybody's service fields.

A logistic model with one effect per domain and one per category; the sentences say what it supposes, which categories
a domain does not have, and whose figures have no adjusted share, and why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from analysis import adjusted_figures, adjusted_shares
from analysis.comparison.differences import JointEstimates
from analysis.comparison.estimable_groups import APART, EVERYBODY, NOBODY
from analysis.comparison.predictive_margins import AdjustedShares
from analysis.errors import NotEstimable
from analysis.estimands.estimands import pooled
from sipas.errors import N_, SipasError, first_few
from sipas.estimating.reading import columns_words, domain_words, figure_words, rounded_percent
from sipas.estimating.survey import Survey

SHOWN = 4  # names in a sentence
MOST = 0.95  # of all answers, below which it is said for how many adjusted shares stand
SUPPOSES = N_(
    "Adjusted: the share of satisfied answers that a logistic model predicts for each if it had everybody's mix of "
    "{columns}. The model supposes that categories differ alike everywhere; it takes out nothing else."
)
WHY = {
    EVERYBODY: N_("{of}: everybody is satisfied in {names}, so that a logistic model has no adjusted share for it"),
    NOBODY: N_("{of}: nobody is satisfied in {names}, so that a logistic model has no adjusted share for it"),
    APART: N_("{of}: {names} has no category of {columns} in common with the others, so that nothing can be adjusted"),
}
CERTAIN = {
    EVERYBODY: N_("{of}: everybody is satisfied in {names}, and the adjusted shares take it so for all"),
    NOBODY: N_("{of}: nobody is satisfied in {names}, and the adjusted shares take it so for all"),
}
LACKING = N_("not all have every category of {columns}; the model fills in: {names}")
UNKNOWN = N_("{of}: {count} answers have no {columns}; adjusted shares are without them")
FLAGS = (N_("little overlap"),)
COVERED = N_(
    "{of}: adjusted shares stand for {share} of all answers; the rest has categories of {columns} that only those have "
    "who cannot be compared"
)
FAILED = N_("{of} is not adjusted: {reason}")


@dataclass
class Adjustment:
    """Adjusted figures of one survey, a model for each figure and family; `notes` gathers what is to be told."""

    survey: Survey
    columns: tuple[str, ...]
    level: float = 0.95
    notes: list[SipasError] = field(default_factory=list)
    models: dict[tuple[str, tuple[str, ...]], AdjustedShares | None] = field(default_factory=dict)
    failures: list[NotEstimable] = field(default_factory=list)

    def __call__(self, plain: JointEstimates) -> JointEstimates:
        """Adjusted shares of a block of one figure and one family; NaN where a model cannot be had."""
        family = next(tuple(domain) for domain in plain.domains if domain)
        name = (plain.of[0], family)
        if name not in self.models:
            self.models[name] = self._fitted(*name)
        found = self.models[name]
        return _nothing(plain) if found is None else adjusted_figures(found, plain, self.level)

    def overlap(self, row: Mapping[str, Any]) -> float | None:
        """Which part of everybody's answers has categories that the first domain of a row has, too."""
        found = self.models[row["of"], tuple(row["domain"])]
        if found is None:
            return None
        parts = dict(zip(found.group.labels, found.overlap().tolist(), strict=True))
        return parts.get(tuple(map(str, row["domain"].values())))

    def told(self) -> tuple[SipasError, ...]:
        """What a careful reader should be told; raises the first failure where no model could be fitted."""
        if self.failures and not any(self.models.values()):
            raise self.failures[0]
        return tuple({str(note): note for note in self.notes}.values())

    def _fitted(self, of: str, family: tuple[str, ...]) -> AdjustedShares | None:
        cells, weights = self.survey.cells, self.survey.weights
        try:
            found = adjusted_shares(cells, weights, pooled(cells, [of]), family, self.columns)
        except NotEstimable as problem:
            self.failures.append(problem)
            reason = SipasError(problem.template, **problem.values)
            self.notes.append(SipasError(FAILED, of=figure_words(of), reason=reason))
            return None
        self.notes += _notes(found, figure_words(of), family, self.columns)
        return found


def supposed(columns: Sequence[str]) -> SipasError:
    """What adjusted figures mean, for the end of a table."""
    return SipasError(SUPPOSES, columns=columns_words(columns))


def _notes(found: AdjustedShares, of: str, family: Sequence[str], columns: Sequence[str]) -> list[SipasError]:
    def named(labels: Sequence[tuple[str, ...]]) -> str:
        return first_few([domain_words(dict(zip(family, each, strict=True))) for each in labels], SHOWN)

    words = columns_words(columns)
    notes = [
        SipasError(
            WHY[why],
            of=of,
            names=named([labels for labels, its in found.of.left_out.items() if its == why]),
            columns=words,
        )
        for why in dict.fromkeys(found.of.left_out.values())
    ]
    for why in dict.fromkeys(found.of.certain.values()):
        sure = [domain_words(dict([each])) for each, its in found.of.certain.items() if its == why]
        notes.append(SipasError(CERTAIN[why], of=of, names=first_few(sure, SHOWN)))
    if found.lacking:
        notes.append(SipasError(LACKING, columns=words, names=_lacking(found.lacking, family)))
    if found.covered < MOST:
        notes.append(SipasError(COVERED, of=of, share=rounded_percent(found.covered), columns=words))
    if found.unknown:
        notes.append(SipasError(UNKNOWN, of=of, count=found.unknown, columns=words))
    return notes


def _lacking(lacking: Mapping[tuple[str, ...], Sequence[tuple[str, str]]], family: Sequence[str]) -> str:
    """`unit 03646 (field land), unit 03664 (field welfare), …`"""
    return first_few(
        [
            f"{domain_words(dict(zip(family, labels, strict=True)))} "
            f"({first_few([domain_words(dict([each])) for each in categories], SHOWN)})"
            for labels, categories in lacking.items()
        ],
        SHOWN,
    )


def _nothing(plain: JointEstimates) -> JointEstimates:
    """The same figures without any number."""
    none, many = np.full(len(plain), np.nan), np.full((len(plain), len(plain)), np.nan)
    return replace(plain, value=none, covariance=many, estimated=many, low=none, high=none)
