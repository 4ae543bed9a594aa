"""Several snapshots opened as one survey: each wave tabulated and weighted by itself, then put side by side.

So a wave has the weights in a period that it has alone, and what is said of its weights is said with its name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

import analysis
from analysis import cells_of_period, weights_of_period
from analysis.tabulation.key_encoding import combine_keys, dense_rank, first_of_each
from analysis.tabulation.period import WAVE, codebook_of_period
from sipas.errors import N_, SipasError, first_few
from sipas.estimating import key_words
from sipas.estimating.adding import SHOWN, figures_alike, notes_on, reduced
from sipas.estimating.frame import dossiers_of_waves, read_dossiers, weights_to_dossiers
from sipas.estimating.periods import Period
from sipas.estimating.single_psus import of_a_release
from sipas.estimating.survey import (
    WEEKS_UNKNOWN,
    WITHOUT_POINT,
    DataSource,
    Families,
    Progress,
    Survey,
    cells_of_snapshot,
    warnings_of,
)
from sipas.estimating.understanding import doubts, head

OF_WAVE = N_("{file}: {reason}")
SIMULATED = N_("the answers in these files are simulated")
UNWEIGHTED = N_(
    "without dossiers a wave counts by its number of answers: this is the share of these answers, and not the index of "
    "the period"
)
IN_SOME_WAVES = N_(
    "domains with answers in some waves only, whose figures speak of these waves alone: {count} ({domains})"
)
Tabulated = Callable[[DataSource, analysis.Codebook], analysis.Cells]


def period_survey(
    source: DataSource,
    by: Families,
    *,
    keep: Sequence[str] = (),
    ask: Mapping[str, Any] | None = None,
    questionnaire: Callable[[analysis.Codebook], analysis.Codebook] = lambda codebook: codebook,
    progress: Progress | None = None,
) -> Survey:
    """The survey of a period; families may name the column `wave`."""
    read = 0

    def told(rows: int) -> None:
        if progress:
            progress(read + rows)

    families = list(dict.fromkeys(tuple(column for column in family if column != WAVE) for family in by))
    kept = [column for column in keep if column != WAVE]
    books, parts = books_of(source), {}
    for part, wave in zip(source.parts, _names(source), strict=True):
        snapshot = analysis.read_snapshot(part.path)
        snapshot = replace(snapshot, codebook=questionnaire(reduced(snapshot.codebook, books)))
        parts[wave] = cells_of_snapshot(snapshot, part, [own for own in families if own], kept, ask or {}, told)
        read += snapshot.rows
    return survey_of_period(source, parts, by, figures_alike(books))


def survey_of_period(
    source: DataSource, parts: Mapping[str, analysis.Cells], by: Families, figures: Sequence[str] | None = None
) -> Survey:
    """The survey of the waves' cells: weighted wave by wave, with what a careful reader should be told of it.

    figures  those that all waves asked alike
    """
    period = _period(source)
    weights, about_weights = _weights(source, parts)
    cells = cells_of_period(parts, by=by, name=period.name)
    cells, notes = (cells.with_lonely(source.lonely), []) if source.lonely else of_a_release(cells)
    whole = weights_of_period(cells, weights)
    books = books_of(source)
    told = [*(SipasError(SIMULATED) for _ in range(cells.codebook.simulated)), *notes_on(period, books)]
    told += [*_of_waves(books, period, by), *notes, *about_weights]
    told += [SipasError(UNWEIGHTED)] if whole.unweighted else []
    names = (*cells.codebook.item_codes, *cells.codebook.factor_items, "overall")
    alike = None if figures is None or set(names) <= set(figures) else tuple(name for name in names if name in figures)
    survey = Survey(period.name, cells, whole, (), (*period.head(), *head(cells)), period, alike)
    if source.boundaries is not None:
        survey, carried = source.boundaries.carried(survey, by)
        told += carried
    survey = replace(survey, waves=waves_answered(survey.cells))
    told += [*_in_some_waves(survey, len(period.parts)), *doubts(survey.cells), *warnings_of(whole)]
    return replace(survey, notes=tuple(told))


def codebook_over(source: DataSource) -> analysis.Codebook:
    """The questionnaire of a period, before any row is read."""
    books = books_of(source)
    names = _names(source)
    whole = codebook_of_period({name: reduced(b, books) for name, b in zip(names, books, strict=True)}, source.name)
    return whole


def books_of(source: DataSource) -> list[analysis.Codebook]:
    """The codebook of each wave, in their order."""
    return [analysis.read_snapshot(part.path).codebook for part in source.parts]


def months_of_waves(source: DataSource) -> list[tuple[analysis.Codebook, str, str]]:
    """Each wave's codebook, and its first and last month; nothing where there is one wave."""
    if source.period is None:
        return []
    books = books_of(source)
    return [(book, part.months[0], part.months[-1]) for part, book in zip(source.period.parts, books, strict=True)]


def waves_answered(cells: analysis.Cells) -> dict[tuple[tuple[str, str], ...], int]:
    """For each domain of the cells of a period, in how many of its waves it has answers."""
    waves = len(cells.labels[WAVE])
    found: dict[tuple[tuple[str, str], ...], int] = {}
    for family in cells.by:
        codes = [cells.code(column) for column in family]
        places = np.flatnonzero(np.all([code >= 0 for code in codes], axis=0)) if codes else np.arange(len(cells))
        inside = [code[places] for code in codes]
        ids, size = dense_rank(*combine_keys(inside, [len(cells.labels[c]) for c in family], len(places)))
        present = np.zeros((size, waves), dtype=bool)
        present[ids, cells.code(WAVE)[places]] = True
        for place, count in zip(first_of_each(ids, size).tolist(), present.sum(axis=1).tolist(), strict=True):
            labels = [cells.label(c, code[place]) or "" for c, code in zip(family, inside, strict=True)]
            found[tuple(zip(family, labels, strict=True))] = count
    return found


def counts_of_waves(rows: Sequence[Mapping[str, Any]], survey: Survey) -> list[dict[str, int]]:
    """For each row of a period the columns `waves` and, where it has two domains, `other_waves`, in how many waves they
    have answers, and `of_waves`; nothing where the survey is of one wave."""
    if survey.period is None:
        return []
    known = survey.waves
    found = []
    for row in rows:
        sides = {"waves": row.get("domain"), "other_waves": row.get("other_domain")}
        counts = {name: known.get(tuple(domain.items()), 0) for name, domain in sides.items() if domain is not None}
        found.append(counts | {"of_waves": len(survey.period.parts)})
    return found


def with_waves(rows: Sequence[Mapping[str, Any]], survey: Survey) -> list[dict[str, Any]]:
    """Rows with these columns; as they are where the survey is of one wave."""
    counts = counts_of_waves(rows, survey) or [{}] * len(rows)
    return [dict(row) | own for row, own in zip(rows, counts, strict=True)]


def _weights(
    source: DataSource, parts: Mapping[str, analysis.Cells]
) -> tuple[dict[str, analysis.Weights], list[SipasError]]:
    """The weights of each wave, and what is said of them."""
    if source.frame is None:
        return {wave: analysis.design_weights(cells) for wave, cells in parts.items()}, []
    name, rows = read_dossiers(source.frame, source.sheet)
    dossiers, notes = dossiers_of_waves(name, rows, parts)
    weights = {}
    for wave, cells in parts.items():
        weights[wave], told = weights_to_dossiers(cells, dossiers[wave])
        notes += [SipasError(OF_WAVE, file=wave, reason=note) for note in (*told, *warnings_of(weights[wave]))]
    return weights, notes


def _of_waves(books: Sequence[analysis.Codebook], period: Period, by: Families) -> list[SipasError]:
    """What the codebook of each wave gives reason to say."""
    notes = []
    for part, book in zip(period.parts, books, strict=True):
        own = key_words.key_sentences(book.lost_keys)
        if book.several and any("point" in family for family in by):
            own.append(SipasError(WITHOUT_POINT, pairs=len(book.several)))
        if book.several and book.week_correlation is None:
            own.append(SipasError(WEEKS_UNKNOWN))
        notes += [SipasError(OF_WAVE, file=part.wave, reason=note) for note in own]
    return notes


def _in_some_waves(survey: Survey, waves: int) -> list[SipasError]:
    """One sentence for the domains of single columns that do not have answers in every wave."""
    counts = {key[0][1]: count for key, count in survey.waves.items() if len(key) == 1 and key[0][0] != WAVE}
    lacking = [f"{name} ({count}/{waves})" for name, count in counts.items() if count < waves]
    return [SipasError(IN_SOME_WAVES, count=len(lacking), domains=first_few(lacking, SHOWN))] if lacking else []


def _names(source: DataSource) -> list[str]:
    return [part.wave for part in _period(source).parts]


def _period(source: DataSource) -> Period:
    if source.period is None:
        raise ValueError(f"{source.path} is a single file")
    return source.period
